"""Roots, exponentials, logarithms, powers, and the length of a vector in the plane."""

from __future__ import annotations

import math
from typing import Any

from autodiffcli.primitive import FUNCTIONS, Corner, Operand, Primitive, primitive
from autodiffcli.primitives.selection import absolute, equal, greater, less, logical_and, round_even, trunc, where

__all__ = [
    "cbrt",
    "direction",
    "exp",
    "exp2",
    "expm1",
    "expsq",
    "hypot",
    "ln",
    "log",
    "log1p",
    "log2",
    "log10",
    "pow",
    "sqrt",
]

LN_2 = math.log(2.0)
LOG2_E = 1.4426950408889634
LOG10_E = 0.4342944819032518
LEAST = 5e-324  # the least number above 0
SCALE_UP, SCALE_DOWN = 2.0**60, 0.5


def _log_edge(x: float) -> float:
    return -math.inf if x == 0 else math.nan


def _pow_edge(x: float, y: float) -> float:
    odd = math.isfinite(y) and y % 2 == 1
    if x == 0:  # and y < 0
        return math.copysign(math.inf, x) if odd else math.inf
    if math.isfinite(x) and x < 0 and y % 1 != 0:
        return math.nan
    return -math.inf if x < 0 and odd else math.inf


def _cbrt(x: float) -> float:
    y = math.cbrt(x)
    # a step of Newton's, since the C library may be off by 4 ulp
    return y - (y - x / (y * y)) / 3.0 if y and math.isfinite(y) else y


def _cbrt_arrays(x: Any) -> Any:
    import numpy as np

    y = np.cbrt(x)
    return np.where((y != 0) & np.isfinite(y), y - (y - x / (y * y)) / 3.0, y)


def _sqrt(x: float) -> float:
    return math.sqrt(x) + 0.0  # not -0 at -0: sqrt(-x) at 0 would have a derivative of the wrong sign


def _sqrt_arrays(x: Any) -> Any:
    import numpy as np

    return np.sqrt(x) + 0.0


sqrt = primitive(
    "sqrt",
    _sqrt,
    _sqrt_arrays,
    partials=(lambda y, x: 0.5 / y,),
    corners=(Corner(lambda y, x: x == 0, "sqrt'(0) = inf"),),
    latex=r"\sqrt{{0}}",
    meaning="the square root",
    domain="x >= 0",
    samples=(0.3, 2.3, 1e-310, 1e300),
)
cbrt = primitive(
    "cbrt",
    _cbrt,
    _cbrt_arrays,
    partials=(lambda y, x: 1.0 / (3.0 * (y * y)),),
    corners=(Corner(lambda y, x: x == 0, "cbrt'(0) = inf"),),
    latex=r"\sqrt[3]{{0}}",
    meaning="the cube root, also of negative numbers",
    samples=(-1.25, 0.7, 1e-300),
)
exp = primitive(
    "exp",
    math.exp,
    "exp",
    partials=(lambda y, x: y,),
    latex="e^{{0}}",
    meaning="e to the power x",
    samples=(-1.25, 0.7, 2.3, -700.0),
)
exp2 = primitive(
    "exp2",
    math.exp2,
    "exp2",
    partials=(lambda y, x: LN_2 * y,),
    latex="2^{{0}}",
    meaning="2 to the power x",
    samples=(-1.25, 0.7, 1000.5),
)
expm1 = primitive(
    "expm1",
    math.expm1,
    "expm1",
    partials=(lambda y, x: exp(x),),  # not y + 1, which is 0 for x below -37
    latex="e^{{0}} - 1",
    meaning="e^x - 1, accurate near 0",
    samples=(-40.0, 1e-9, 0.7),
)
ln = primitive(
    "ln",
    math.log,
    "log",
    edge=_log_edge,
    partials=(lambda y, x: 1.0 / x,),
    latex=r"\ln\left({0}\right)",
    meaning="the natural logarithm",
    domain="x > 0",
    synonyms=("log",),
    samples=(0.3, 0.7, 2.3, 1e-300),
)
log2 = primitive(
    "log2",
    math.log2,
    "log2",
    edge=_log_edge,
    partials=(lambda y, x: LOG2_E / x,),  # not 1/(x·ln 2), whose product loses digits where x is subnormal
    latex=r"\log_2\left({0}\right)",
    meaning="the logarithm to base 2",
    domain="x > 0",
    samples=(0.7, 8.0, 1e-300),
)
log10 = primitive(
    "log10",
    math.log10,
    "log10",
    edge=_log_edge,
    partials=(lambda y, x: LOG10_E / x,),
    latex=r"\log_{10}\left({0}\right)",
    meaning="the logarithm to base 10",
    domain="x > 0",
    samples=(0.7, 1000.0, 1e-300),
)
log1p = primitive(
    "log1p",
    math.log1p,
    "log1p",
    edge=lambda x: -math.inf if x == -1 else math.nan,
    partials=(lambda y, x: 1.0 / (1.0 + x),),
    latex=r"\ln\left(1 + {0}\right)",
    meaning="ln(1 + x), accurate near 0",
    domain="x > -1",
    samples=(-0.999, 1e-9, 0.7, 1e300),
)


def _log(x: Operand, b: Operand) -> Operand:
    y = ln(x) / ln(b)
    n = round_even(y)
    # exact where x is a power of b: log(125, 5) is 3. Near 1 many powers round to one x, as do subnormal ones.
    telling = logical_and(less(0.5, absolute(ln(x))), less(1e-300, x))
    y = where(logical_and(telling, equal(pow(b, n), x)), n, y)
    return where(equal(b, 2.0), log2(x), where(equal(b, 10.0), log10(x), y))


log = primitive(
    "log",
    formula=_log,
    partials=(
        lambda y, x, b: 1.0 / ln(b) / x,  # not 1/(x·ln b), which may overflow
        lambda y, x, b: -y / ln(b) / b,
    ),
    function=False,
    latex=r"\log_{{1}}\left({0}\right)",
    meaning="the logarithm of x to base b",
    domain="x > 0, b > 0, b != 1",
    samples=((8.0, 2.0), (0.3, 10.0), (2.3, 0.7), (125.0, 5.0)),
)
FUNCTIONS["log"] = {1: ln, 2: log}

pow: Primitive = primitive(
    "pow",
    math.pow,
    "power",
    edge=_pow_edge,
    partials=(
        # n*x^(n-1), not y*n/x: the latter is nan at x = 0; x^0 is constant, also at 0 where x^(-1) is not finite
        lambda y, x, n: where(equal(n, 0.0), 0.0, n * pow(x, n - 1.0)),
        lambda y, x, n: where(logical_and(equal(x, 0.0), greater(n, 0.0)), 0.0, y * ln(x)),
    ),
    operator=("^", 8),
    units=(None, 1.0),
    latex="{0}^{{1}}",
    meaning="x to the power n",
    domain="x > 0, or x < 0 and n an integer, or x = 0 and n >= 0",
    samples=((2.5, -1.5), (-2.0, 3.0), (0.0, 2.0)),
)


def _expsq(a: Operand, x: Operand) -> Operand:
    # x^2 rounded would cost |a·x^2|/2 ulp. The head of x has few digits, so that its square is exact; beyond 64 the
    # result is 0 or inf for every a that matters, and the head would overflow for huge x.
    head = where(less(absolute(x), 64.0), trunc(x * 1024.0) / 1024.0, 0.0)
    return exp(a * (head * head)) * exp(a * ((x - head) * (x + head)))


expsq = primitive(
    "expsq",
    formula=_expsq,
    partials=(lambda y, a, x: x * x * y, lambda y, a, x: 2.0 * a * x * y),
    latex=r"e^{{0} \cdot {1}^2}",
    meaning="e to the power a·x^2, without the rounding of x^2",
    samples=((-1.0, 0.7), (-1.0, 26.3), (-0.5, -37.1), (1.0, 3.3)),
)
hypot = primitive(
    "hypot",
    math.hypot,
    "hypot",
    partials=(lambda y, a, b: direction(a, b), lambda y, a, b: direction(b, a)),
    corners=(Corner(lambda y, a, b: y == 0, "hypot'(0, 0) = (0, 0)"),),
    latex=r"\sqrt{{0}^2 + {1}^2}",
    meaning="sqrt(a^2 + b^2), without overflow",
    samples=((3.0, -4.0), (1e300, 1e300), (3e-320, 4e-320)),
)


def _direction(a: Operand, b: Operand) -> Operand:
    # a/hypot(a, b) is wrong where hypot overflows or is subnormal, hence the scale; adding the least number changes
    # no length but 0, where it makes 0 of 0/0
    scale = where(less(hypot(a, b), 1.0), SCALE_UP, SCALE_DOWN)
    return a * scale / (hypot(a * scale, b * scale) + LEAST)


direction: Primitive = primitive(
    "direction",
    formula=_direction,
    partials=(
        lambda y, a, b: direction(b, a) / hypot(a, b) * direction(b, a),  # its square may underflow
        lambda y, a, b: -y * direction(b, a) / hypot(a, b),
    ),
    latex=r"\frac{{0}}{\sqrt{{0}^2 + {1}^2}}",
    meaning="a/hypot(a, b): the cosine of the angle from (1, 0) to (a, b); 0 at the origin",
    samples=((3.0, -4.0), (1e-200, 1e-200), (1.0, 1e300)),
)


def horner(x: Any, coefficients: tuple[float, ...]) -> Any:
    """Return the polynomial of x with these coefficients, the constant one first."""
    total: Any = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total
