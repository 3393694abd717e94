"""Error functions, and the functions of Bessel and Lambert.

The standard library serves error functions at floats; the rest, and arrays, take SciPy, imported when used.
"""

from __future__ import annotations

import math

from autodiffcli.primitive import Exact, Operand, Primitive, primitive
from autodiffcli.primitives.powers import LEAST, exp, expsq, horner, ln, log1p, sqrt
from autodiffcli.primitives.selection import equal, less, maximum, where

__all__ = [
    "besselj",
    "besselj_slope",
    "bessely",
    "bessely_slope",
    "erf",
    "erfc",
    "erfcx",
    "erfcx_slope",
    "erfinv",
    "lambertw",
    "lambertw_slope",
]

SCIPY = "special"
ERF_SLOPE = Exact(2.0 / math.sqrt(math.pi), "2/sqrt(pi)")
BACKED = "autodiffcli.primitives.scipy_backed:"

erf = primitive(
    "erf",
    math.erf,
    "scipy.special:erf",
    partials=(lambda y, x: ERF_SLOPE * expsq(-1.0, x),),
    ball="erf",
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
    ball="erfc",
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


erfcx: Primitive = primitive(
    "erfcx",
    _erfcx,
    BACKED + "erfcx",
    partials=(lambda y, x: erfcx_slope(x),),
    ball=lambda x: (x * x).exp() * x.erfc(),
    latex=r"\operatorname{erfcx}\left({0}\right)",
    meaning="e^(x^2)·erfc(x), which does not underflow",
    extra=SCIPY,
    samples=(-3.3, 0.7, 2.3),
)
# (1 + 2x)·erfcx(x), and -(1 + x)^2 times its derivative, as series of Chebyshev polynomials of (x - 3.75)/(x + 3.75)
# (Shepherd and Laframboise 1981)
ERFCX_SERIES = (
    1.1775789345674017, -0.004590054580646478, -0.08424913336651792, 0.05920993999819189, -0.026658668435305753,
    0.009074997670705265, -0.002413163540417608, 0.0004907758365258086, -6.916973302501207e-05,
    4.13902798607301e-06, 7.74038306619849e-07, -2.1886401049234397e-07, 1.076499946567091e-08,
    4.521959811218287e-09, -7.754400208831351e-10, -6.318088340886684e-11, 2.86879501093067e-11,
    1.9455868545777347e-13, -9.65469674843344e-13, 3.25254814814874e-14, 3.3478119482868056e-14,
    -1.864562880419313e-15, -1.2507950530688648e-15, 7.418235256624044e-17, 5.068148904796111e-17,
)  # fmt: skip
ERFCX_SLOPE_SERIES = (
    0.8557647043824091, -0.32632672095704013, 0.01275684697634798, 0.0380019748114657, -0.021480323541835815,
    0.006428595880069251, -0.0008921819392065622, -0.0001614253645907213, 0.0001301426971477412,
    -3.728955597058229e-05, 5.364629230835643e-06, 4.8675651924893906e-08, -1.8060216165088602e-07,
    2.5892159826832114e-08, 2.7067662026954518e-09, -1.1967642870412639e-09, 1.6104032126466887e-11,
    4.256109838214367e-11, -3.3496819495547186e-12, -1.4725558162771486e-12, 1.906971152201855e-13,
    5.450456257827747e-14, -8.878070921527253e-15, -2.2560121145857476e-15, 3.8106540964569765e-16,
    1.0460014229855104e-16, -1.518267124685124e-17, -5.267616039112987e-18,
)  # fmt: skip


def chebyshev(t: Operand, coefficients: tuple[float, ...]) -> Operand:
    """Return Σ c_k·T_k(t), by Clenshaw's recurrence."""
    b: Operand = 0.0
    before: Operand = 0.0
    for c in coefficients[:0:-1]:
        b, before = 2.0 * t * b - before + c, b
    return t * b - before + coefficients[0]


def _erfcx_slope(x: Operand) -> Operand:
    far = chebyshev(1.0 - 7.5 / (maximum(x, 0.0) + 3.75), ERFCX_SLOPE_SERIES)
    return where(less(x, 0.5), 2.0 * x * erfcx(x) - ERF_SLOPE, -far / (1.0 + x) / (1.0 + x))


erfcx_slope: Primitive = primitive(
    "erfcx_slope",
    formula=_erfcx_slope,
    partials=(lambda y, x: 2.0 * (erfcx(x) + x * y),),
    function=False,
    ball=lambda x: 2 * x * (x * x).exp() * x.erfc() - 2 / x.pi().sqrt(),
    latex=r"\operatorname{erfcx}'\left({0}\right)",
    meaning="the derivative of erfcx, 2x·erfcx(x) - 2/sqrt(pi), accurate where it cancels",
    extra=SCIPY,
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
    ball="erfinv",
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
    partials=(None, lambda y, n, x: besselj_slope(n, x)),
    ball=lambda n, x: x.bessel_j(n),
    latex=r"J_{{0}}\left({1}\right)",
    meaning="the Bessel function of the first kind, of order n",
    domain="x >= 0, or n an integer",
    extra=SCIPY,
    samples=((0.0, 0.7), (1.0, 2.3), (2.5, 10.0), (3.0, -1.25)),
)
besselj_slope: Primitive = primitive(
    "besselj_slope",
    BACKED + "besselj_slope",
    BACKED + "besselj_slope",
    partials=(None, lambda y, n, x: 0.5 * (besselj_slope(n - 1.0, x) - besselj_slope(n + 1.0, x))),
    function=False,
    ball=lambda n, x: (x.bessel_j(n - 1) - x.bessel_j(n + 1)) / 2,
    latex=r"J_{0}'\left({1}\right)",
    meaning="the derivative of besselj in x, (besselj(n - 1, x) - besselj(n + 1, x))/2, accurate at its zeros",
    extra=SCIPY,
)
bessely: Primitive = primitive(
    "bessely",
    BACKED + "bessely",
    BACKED + "bessely",
    partials=(None, lambda y, n, x: bessely_slope(n, x)),
    ball=lambda n, x: x.bessel_y(n),
    latex=r"Y_{{0}}\left({1}\right)",
    meaning="the Bessel function of the second kind, of order n",
    domain="x > 0",
    extra=SCIPY,
    samples=((0.0, 0.7), (1.0, 2.3), (2.5, 10.0)),
)
bessely_slope: Primitive = primitive(
    "bessely_slope",
    BACKED + "bessely_slope",
    BACKED + "bessely_slope",
    partials=(None, lambda y, n, x: 0.5 * (bessely_slope(n - 1.0, x) - bessely_slope(n + 1.0, x))),
    function=False,
    ball=lambda n, x: (x.bessel_y(n - 1) - x.bessel_y(n + 1)) / 2,
    latex=r"Y_{0}'\left({1}\right)",
    meaning="the derivative of bessely in x, (bessely(n - 1, x) - bessely(n + 1, x))/2, accurate at its zeros",
    extra=SCIPY,
)

# W(x) = -1 + p - p^2/3 + 11·p^3/72 - ... with p = sqrt(2·(e·x + 1)), near its branch point -1/e
BRANCH_SERIES = (
    -1.0, 1.0, -0.3333333333333333, 0.1527777777777778, -0.07962962962962963, 0.044502314814814814,
    -0.02598471487360376, 0.01563563253233392, -0.009616892024299432, 0.006014543252956118, -0.0038112980348919993,
    0.0024408779911439826, -0.0015769303446867841, 0.0010262633205076071, -0.0006720616311561362,
    0.0004424730618146209, -0.00029267722472962746, 0.00019438727605453933,
)  # fmt: skip


INVERSE_E, INVERSE_E_LOW = 0.36787944117144233, 1.2428753672788363e-17  # 1/e is their difference


def _branch(x: Operand) -> Operand:
    past = (x + INVERSE_E) - INVERSE_E_LOW  # x + 1/e; the number next to -1/e, just below it, stands for it
    return sqrt(2.0 * math.e * where(equal(x, -INVERSE_E), 0.0, past))


def _lambertw(x: Operand) -> Operand:
    near = horner(_branch(x), BRANCH_SERIES)
    log = ln(maximum(x, 2.0))
    w = where(less(x, 2.0), where(less(x, -0.25), near, log1p(maximum(x, -0.5))), log - ln(log))
    for _ in range(3):  # Halley's method on w - x·e^(-w), which overflows nowhere
        t = x * exp(-w)
        w = w - 2.0 * (w - t) * (1.0 + t) / (2.0 * ((1.0 + t) * (1.0 + t)) + (w - t) * t)
    return where(less(x, -0.36), near, where(equal(x, math.inf), x, w))


def _lambertw_slope(x: Operand) -> Operand:
    y, p = lambertw(x), _branch(x)
    past = where(less(x, -0.36), p * horner(p, BRANCH_SERIES[1:]), 1.0 + y)
    # two forms: e^(-y) would lose digits for large y, y/x at 0
    return where(less(y, 1.0), exp(-y), y / x) / past


lambertw: Primitive = primitive(
    "lambertw",
    formula=_lambertw,
    partials=(lambda y, x: lambertw_slope(x),),
    ball="lambertw",
    latex=r"W\left({0}\right)",
    meaning="Lambert's function, principal branch: the w with w·e^w = x",
    domain="x >= -1/e",
    samples=(-0.3678, -0.25, 0.0, 1e-9, 2.3, 1e300),
)
lambertw_slope: Primitive = primitive(
    "lambertw_slope",
    formula=_lambertw_slope,
    # y^2·e^W would overflow where the result does not: W is ln(x/W)
    partials=(lambda y, x: -y * (y + y * (y * exp(lambertw(x)))),),
    function=False,
    ball=lambda x: (-x.lambertw()).exp() / (1 + x.lambertw()),
    latex=r"W'\left({0}\right)",
    meaning="the derivative of lambertw, 1/(x + e^W(x)), accurate next to -1/e",
)
