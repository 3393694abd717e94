"""Identities between functions, as rows."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from autodiffcli.passes.maps import NONE, ONE, ZERO, Terms
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

if TYPE_CHECKING:
    from autodiffcli.passes.normal import Normal

__all__ = ["EVEN", "ODD", "RATIOS", "squares"]

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

TWO = Fraction(2)


def squares(normal: Normal, terms: Terms) -> Terms:
    """Return a sum without squares that cancel: m*sin(u)^2 + m*cos(u)^2 is m, m + m*tan(u)^2 is m*sec(u)^2.

    Each use takes one term away, so it ends.
    """
    while 2 <= len(terms) <= 16:
        shorter = next(filter(None, (_squared(normal, terms, mono) for mono in terms)), None)
        if shorter is None:
            break
        terms = shorter
    return terms


def _squared(normal: Normal, terms: Terms, mono: int) -> Terms | None:
    """Return the sum with the square in one term met by another term, or None if none does."""
    graph, c = normal.graph, terms[mono]
    for base, number, rest in normal.product_of(mono).factors:
        if rest != NONE or number < 2 or number.denominator != 1:
            continue
        op, args = graph.ops[base], graph.args[base]
        one = NONE

        def times(call: int, power: Fraction = TWO) -> int:
            return normal.product([(one, ONE), (call, power)])  # noqa: B023  # called in this turn of the loop

        rows = [(*row, False) for row in PYTHAGOREAN] + [(*row, True) for row in DOUBLED]
        for f, g, s, doubled in rows:
            if op not in (f, g):
                continue
            if one == NONE:
                one = normal.product([(mono, ONE), (base, -TWO)])  # m, of the term m·f(u)² or m·g(u)²
            other = times(graph.apply(g if op is f else f, args))
            if doubled:
                if op is f and terms.get(other) == s * c:
                    twice = normal.apply(f, (normal.product([(args[0], ONE), (normal.number(TWO), ONE)]),))
                    return _replaced(normal, terms, (mono, other), times(twice, ONE), c)
            elif op is f and terms.get(other) == -s * c:  # m·f² - s·m·g² = m
                return _replaced(normal, terms, (mono, other), one, c)
            elif (op is f and terms.get(one) == -c) or (op is g and terms.get(one) == s * c):
                return _replaced(normal, terms, (mono, one), other, s * c)  # m·f² - m = s·m·g², m + s·m·g² = m·f²
    return None


def _replaced(normal: Normal, terms: Terms, gone: tuple[int, int], come: int, c: Fraction) -> Terms:
    new = {mono: k for mono, k in terms.items() if mono not in gone}
    for mono, k in normal.terms_of(come).items():
        new[mono] = new.get(mono, ZERO) + c * k
    return {mono: k for mono, k in new.items() if k}
