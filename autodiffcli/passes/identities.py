"""Identities between functions, as rows."""

from __future__ import annotations

from autodiffcli.primitive import Primitive
from autodiffcli.primitives import (
    absolute,
    asin,
    asinh,
    atan,
    atanh,
    cbrt,
    cos,
    cosh,
    cot,
    coth,
    csc,
    csch,
    erf,
    sec,
    sech,
    sign,
    sin,
    sinh,
    tan,
    tanh,
)

__all__ = ["DOUBLED", "EVEN", "ODD", "PYTHAGOREAN", "RATIOS"]

ODD = frozenset({sin, tan, asin, atan, sinh, tanh, asinh, atanh, cbrt, sign, erf, csc, cot, csch, coth})
"""f(-u) = -f(u)"""
EVEN = frozenset({cos, cosh, absolute, sec, sech})
"""f(-u) = f(u)"""

RATIOS: dict[Primitive, tuple[tuple[Primitive, Primitive], ...]] = {
    sin: ((cos, tan),),
    cos: ((sin, cot),),
    sinh: ((cosh, tanh),),
    cosh: ((sinh, coth),),
}
"""f: (g, h) where f(u)/g(u) = h(u)"""

PYTHAGOREAN: tuple[tuple[Primitive, Primitive, int], ...] = (
    (sin, cos, -1),
    (cos, sin, -1),
    (sec, tan, 1),
    (csc, cot, 1),
    (cosh, sinh, 1),
    (sech, tanh, -1),
    (coth, csch, 1),
)
"""(f, g, s) where f(u)^2 = 1 + s*g(u)^2"""

DOUBLED: tuple[tuple[Primitive, Primitive, int], ...] = ((cos, sin, -1), (cosh, sinh, 1))
"""(f, g, s) where f(u)^2 + s*g(u)^2 = f(2*u)"""
