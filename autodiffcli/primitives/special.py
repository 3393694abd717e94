"""Error functions, and the functions of Bessel and Lambert.

The standard library serves error functions at floats; the rest, and arrays, take SciPy, imported when used.
"""

from __future__ import annotations

import math

from autodiffcli.primitive import Operand, Primitive, primitive
from autodiffcli.primitives.powers import LEAST, exp, expsq, horner, ln, log1p, sqrt
from autodiffcli.primitives.selection import equal, less, maximum, where

__all__ = [
    "besselj",
    "bessely",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "lambertw",
]

SCIPY = "special"
ERF_SLOPE = 2.0 / math.sqrt(math.pi)
BACKED = "autodiffcli.primitives.scipy_backed:"

erf = primitive(
    "erf",
    math.erf,
    "scipy.special:erf",
    partials=(lambda y, x: ERF_SLOPE * expsq(-1.0, x),),
    latex=r"\operatorname{erf}\left({0}\right)",
    meaning="the error function",
    extra=SCIPY,
    samples=(-1.25, 1e-9, 0.7, 26.3),
)
erfc = primitive(
    "erfc",
    math.erfc,
    BACKED + "erfc",
    partials=(lambda y, x: -ERF_SLOPE * expsq(-1.0, x),),
    latex=r"\operatorname{erfc}\left({0}\right)",
    meaning="1 - erf(x), accurate in its tail",
    extra=SCIPY,
    samples=(-1.25, 0.7, 26.3),
)


def _erfcx(x: float) -> float:
    if x < 25.0:
        return math.erfc(x) * expsq.evaluate(1.0, x)
    r = 0.5 / x / x
    return float(horner(r, (1.0, -1.0, 3.0, -15.0, 105.0, -945.0, 10395.0))) / x * (0.5 * ERF_SLOPE)


erfcx = primitive(
    "erfcx",
    _erfcx,
    BACKED + "erfcx",
    partials=(lambda y, x: 2.0 * x * y - ERF_SLOPE,),
    latex=r"\operatorname{erfcx}\left({0}\right)",
    meaning="e^(x^2)·erfc(x), which does not underflow",
    extra=SCIPY,
    samples=(-3.3, 0.7, 2.3),
)
erfinv = primitive(
    "erfinv",
    "scipy.special:erfinv",
    "scipy.special:erfinv",
    # e^(y^2) is erfcx(y)/erfc(y) with erfc(y) = 1 - x known exactly; squaring y would lose digits in the tails.
    # LEAST changes nothing but the 0/0 at the ends, where the derivative is inf.
    partials=(
        lambda y, x: where(less(x, 0.0), (erfcx(-y) + LEAST) / (1.0 + x), (erfcx(y) + LEAST) / (1.0 - x)) / ERF_SLOPE,
    ),
    latex=r"\operatorname{erf}^{-1}\left({0}\right)",
    meaning="the inverse of erf",
    domain="-1 < x < 1",
    extra=SCIPY,
    samples=(-0.7, 1e-9, 0.3, 0.999999999),
)


besselj: Primitive = primitive(
    "besselj",
    BACKED + "besselj",
    BACKED + "besselj",
    partials=(None, lambda y, n, x: 0.5 * (besselj(n - 1.0, x) - besselj(n + 1.0, x))),
    latex=r"J_{{0}}\left({1}\right)",
    meaning="the Bessel function of the first kind, of order n",
    domain="x >= 0, or n an integer",
    extra=SCIPY,
    samples=((0.0, 0.7), (1.0, 2.3), (2.5, 10.0), (3.0, -1.25)),
)
bessely: Primitive = primitive(
    "bessely",
    BACKED + "bessely",
    BACKED + "bessely",
    partials=(None, lambda y, n, x: 0.5 * (bessely(n - 1.0, x) - bessely(n + 1.0, x))),
    latex=r"Y_{{0}}\left({1}\right)",
    meaning="the Bessel function of the second kind, of order n",
    domain="x > 0",
    extra=SCIPY,
    samples=((0.0, 0.7), (1.0, 2.3), (2.5, 10.0)),
)

# W(x) = -1 + p - p^2/3 + 11·p^3/72 - ... with p = sqrt(2·(e·x + 1)), near its branch point -1/e
BRANCH_SERIES = (
    -1.0, 1.0, -0.3333333333333333, 0.1527777777777778, -0.07962962962962963, 0.044502314814814814,
    -0.02598471487360376, 0.01563563253233392, -0.009616892024299432, 0.006014543252956118, -0.0038112980348919993,
    0.0024408779911439826, -0.0015769303446867841, 0.0010262633205076071, -0.0006720616311561362,
    0.0004424730618146209, -0.00029267722472962746, 0.00019438727605453933,
)  # fmt: skip


INVERSE_E, INVERSE_E_LOW = 0.36787944117144233, 1.2428753672788363e-17  # 1/e is their difference


def _lambertw(x: Operand) -> Operand:
    past = (x + INVERSE_E) - INVERSE_E_LOW  # x + 1/e; the number next to -1/e, just below it, stands for it
    past = where(equal(x, -INVERSE_E), 0.0, past)
    near = horner(sqrt(2.0 * math.e * past), BRANCH_SERIES)
    log = ln(maximum(x, 2.0))
    w = where(less(x, 2.0), where(less(x, -0.25), near, log1p(maximum(x, -0.5))), log - ln(log))
    for _ in range(4):  # Halley's method on w - x·e^(-w), which overflows nowhere
        t = x * exp(-w)
        w = w - 2.0 * (w - t) * (1.0 + t) / (2.0 * ((1.0 + t) * (1.0 + t)) + (w - t) * t)
    return where(less(x, -0.36), near, where(equal(x, math.inf), x, w))


lambertw = primitive(
    "lambertw",
    formula=_lambertw,
    # two forms: e^(-y) would lose digits for large y, y/x at 0
    partials=(lambda y, x: where(less(y, 1.0), exp(-y), y / x) / (1.0 + y),),
    latex=r"W\left({0}\right)",
    meaning="Lambert's function, principal branch: the w with w·e^w = x",
    domain="x >= -1/e",
    samples=(-0.3678, -0.25, 0.0, 1e-9, 2.3, 1e300),
)
