"""The trigonometric functions, their inverses, sinc, and the units of angles."""

from __future__ import annotations

import math
from typing import Any

from autodiffcli.primitive import Corner, Exact, Operand, Primitive, evaluate_together, primitive
from autodiffcli.primitives.fixed import LARGE, SMALL, cosine, mended, mended_far, sinc_derivative, sine, tangent
from autodiffcli.primitives.powers import hypot, sqrt, turn
from autodiffcli.primitives.selection import absolute, equal, sign, where

__all__ = [
    "acos",
    "acot",
    "acsc",
    "asec",
    "asin",
    "atan",
    "atan2",
    "cos",
    "cot",
    "csc",
    "deg",
    "dsinc",
    "rad",
    "sec",
    "sin",
    "sinc",
    "tan",
]


def _sin(x: float) -> float:
    y = math.sin(x)
    return y if -LARGE < x < LARGE or abs(y) > SMALL else sine(x)


def _cos(x: float) -> float:
    y = math.cos(x)
    return y if -LARGE < x < LARGE or abs(y) > SMALL else cosine(x)


def _sin_arrays(x: Any) -> Any:
    import numpy as np

    return mended_far(np.sin(x), x, sine)


def _cos_arrays(x: Any) -> Any:
    import numpy as np

    return mended_far(np.cos(x), x, cosine)


def _tan(x: float) -> float:
    y = math.tan(x)
    return y if -LARGE < x < LARGE or 1e-3 < abs(y) < 1e3 else tangent(x)


def _tan_arrays(x: Any) -> Any:
    import numpy as np

    y = np.tan(x)
    extreme = (np.abs(y) < 1e-3) | (np.abs(y) > 1e3)
    return mended(y, extreme & (np.abs(x) > LARGE), tangent, x)


sin = primitive(
    "sin",
    _sin,
    _sin_arrays,
    analytic="sin",
    partials=(lambda y, x: cos(x),),
    ball="sin",
    latex=r"\sin\left({0}\right)",
    meaning="the sine",
    samples=(-1.25, 0.7, 1e-9, 1e22),
)
cos: Primitive = primitive(
    "cos",
    _cos,
    _cos_arrays,
    analytic="cos",
    partials=(lambda y, x: -sin(x),),
    ball="cos",
    latex=r"\cos\left({0}\right)",
    meaning="the cosine",
    samples=(-1.25, 0.7, 1.5707963267948966, 1e22),
)
evaluate_together((sin, cos), "autodiffcli.primitives.sincos:sin_and_cos")
tan = primitive(
    "tan",
    _tan,
    _tan_arrays,
    analytic="tan",
    partials=(lambda y, x: 1.0 + y * y,),
    ball="tan",
    latex=r"\tan\left({0}\right)",
    meaning="the tangent",
    domain="cos(x) != 0",
    samples=(-1.25, 0.7, 1.5707963267948966),
)
sec = primitive(
    "sec",
    formula=lambda x: 1.0 / cos(x),
    partials=(lambda y, x: y * tan(x),),
    ball="sec",
    latex=r"\sec\left({0}\right)",
    meaning="the secant 1/cos(x)",
    domain="cos(x) != 0",
    samples=(-1.25, 0.7, 1.57),
)
csc = primitive(
    "csc",
    formula=lambda x: 1.0 / sin(x),
    partials=(lambda y, x: -y * cot(x),),
    ball="csc",
    latex=r"\csc\left({0}\right)",
    meaning="the cosecant 1/sin(x)",
    domain="sin(x) != 0",
    samples=(-1.25, 0.7, 1e-9),
)
cot: Primitive = primitive(
    "cot",
    formula=lambda x: 1.0 / tan(x),
    partials=(lambda y, x: -(1.0 + y * y),),
    ball="cot",
    latex=r"\cot\left({0}\right)",
    meaning="the cotangent 1/tan(x)",
    domain="sin(x) != 0",
    samples=(-1.25, 0.7, 1e-9),
)
asin = primitive(
    "asin",
    math.asin,
    "arcsin",
    analytic="asin",
    partials=(lambda y, x: 1.0 / sqrt((1.0 - x) * (1.0 + x)),),  # not 1 - x^2, which cancels near 1
    ball="asin",
    latex=r"\arcsin\left({0}\right)",
    meaning="the inverse of the sine, from -pi/2 to pi/2",
    domain="-1 <= x <= 1",
    synonyms=("arcsin",),
    samples=(-0.999999999, 0.7, 1e-9),
)
acos = primitive(
    "acos",
    math.acos,
    "arccos",
    analytic="acos",
    partials=(lambda y, x: -1.0 / sqrt((1.0 - x) * (1.0 + x)),),
    ball="acos",
    latex=r"\arccos\left({0}\right)",
    meaning="the inverse of the cosine, from 0 to pi",
    domain="-1 <= x <= 1",
    synonyms=("arccos",),
    samples=(-0.5, 0.7, 0.999999999),
)
atan = primitive(
    "atan",
    math.atan,
    "arctan",
    analytic="atan",
    partials=(lambda y, x: 1.0 / hypot(1.0, x) / hypot(1.0, x),),  # not 1/(1 + x^2): x^2 may overflow
    ball="atan",
    latex=r"\arctan\left({0}\right)",
    meaning="the inverse of the tangent, from -pi/2 to pi/2",
    synonyms=("arctan",),
    samples=(-1.25, 0.7, 1e160),
)
atan2 = primitive(
    "atan2",
    math.atan2,
    "arctan2",
    analytic="autodiffcli.primitives.analytic:atan2",
    partials=(lambda y, a, b: turn(1.0, b, a), lambda y, a, b: -turn(1.0, a, b)),
    ball=lambda a, b: a.atan2(a, b),
    latex=r"\operatorname{atan2}\left({0}, {1}\right)",
    meaning="the angle of the point (b, a), from -pi to pi",
    domain="a != 0 or b != 0",
    synonyms=("arctan2",),
    samples=((2.0, -1.0), (-1e-300, 1e-300), (1e200, -1e200)),
)
acot = primitive(
    "acot",
    formula=lambda x: atan(1.0 / x),
    partials=(lambda y, x: -1.0 / hypot(1.0, x) / hypot(1.0, x),),
    corners=(Corner(lambda y, x: x == 0, "acot jumps at 0; acot'(0) = -1 is that of both sides"),),
    latex=r"\operatorname{arccot}\left({0}\right)",
    meaning="atan(1/x), from -pi/2 to pi/2",
    synonyms=("arccot",),
    samples=(-1.25, 0.7, 1e160),
)
# The inverses of 1/cos and 1/sin are not acos(1/x) and asin(1/x): near 1 the rounding of 1/x would be magnified.
asec = primitive(
    "asec",
    formula=lambda x: atan2(_leg(absolute(x)), sign(x)),
    partials=(lambda y, x: 1.0 / absolute(x) / _leg(absolute(x)),),
    ball=lambda x: (1 / x).acos(),
    latex=r"\operatorname{arcsec}\left({0}\right)",
    meaning="acos(1/x), from 0 to pi",
    domain="x <= -1 or x >= 1",
    synonyms=("arcsec",),
    samples=(-1.25, 1.000000001, 2.3),
)
acsc = primitive(
    "acsc",
    formula=lambda x: atan2(sign(x), _leg(absolute(x))),
    partials=(lambda y, x: -1.0 / absolute(x) / _leg(absolute(x)),),
    ball=lambda x: (1 / x).asin(),
    latex=r"\operatorname{arccsc}\left({0}\right)",
    meaning="asin(1/x), from -pi/2 to pi/2",
    domain="x <= -1 or x >= 1",
    synonyms=("arccsc",),
    samples=(-1.25, 1.000000001, 2.3),
)


def _leg(x: Operand) -> Operand:
    return sqrt(x - 1.0) * sqrt(x + 1.0)  # sqrt(x^2 - 1), without cancellation or overflow


sinc = primitive(
    "sinc",
    formula=lambda x: where(equal(x, 0.0), 1.0, sin(x) / x),
    analytic="autodiffcli.primitives.analytic:sinc",
    partials=(lambda y, x: dsinc(1.0, x),),  # (cos(x) - y)/x cancels near 0
    ball="sinc",
    latex=r"\operatorname{sinc}\left({0}\right)",
    meaning="sin(x)/x, 1 at 0",
    samples=(-1.25, 0.0, 1e-9, 40.0),
)


def _dsinc(n: float, x: float) -> float:
    if not 0 <= n <= 100 or n % 1:
        return math.nan
    y = float(_dsinc_far(int(n), x, math) if abs(x) > n + 0.5 else _dsinc_near(int(n), x))
    return sinc_derivative(int(n), x) if _cancels(n, abs(x), abs(y)) else y


def _cancels(n: float, r: Any, y: Any) -> Any:
    """Whether the n-th derivative y is near a zero other than x = 0, or its series alternates, for r = |x|."""
    zero = (r > 1.0) & (y * r < 0.25) & ((y * r * r < 0.5 * n) | ((r > LARGE) & (y * r < 1e-3)))
    return zero | ((r > 2.0) & (r <= n + 0.5))


def _dsinc_arrays(n: Any, x: Any) -> Any:
    import numpy as np

    if np.ndim(n):  # orders that differ from point to point
        return np.vectorize(dsinc.evaluate, otypes=[float])(n, x)
    if not 0 <= n <= 100 or n % 1:
        return np.full_like(x, np.nan)
    with np.errstate(all="ignore"):
        y = np.where(np.abs(x) > n + 0.5, _dsinc_far(int(n), x, np), _dsinc_near(int(n), x))
        return mended(y, _cancels(n, np.abs(x), np.abs(y)), lambda v: sinc_derivative(int(n), v), x)


def _dsinc_far(n: int, x: Any, lib: Any) -> Any:
    """Differentiate x·sinc(x) = sin(x) n times; near 0 that cancels."""
    sines = (lib.sin(x), lib.cos(x))
    y = sines[0] / x
    for k in range(1, n + 1):
        y = ((-1.0) ** (k // 2) * sines[k % 2] - k * y) / x
    return y


def _dsinc_near(n: int, x: Any) -> Any:
    """Differentiate the power series of sinc n times, term by term."""
    first = (n + 1) // 2  # the terms before it are gone
    total = term = (-1.0) ** first * x ** (2 * first - n) / (2 * first + 1)
    for k in range(first + 1, first + 12 + 2 * n):
        term = term * (x * x) * (-(2 * k - 1) / ((2 * k - n) * (2 * k - n - 1) * (2 * k + 1)))
        total = total + term
    return total


def _dsinc_ball(n: Any, x: Any) -> Any:
    order = n.unique_fmpz()
    if order is None or not 0 <= order <= 100:
        return None
    if x == 0:
        return 0 if order % 2 else (-1) ** int(order // 2) / (x + order + 1)
    y = x.sin() / x
    for k in range(1, int(order) + 1):  # cancels near 0, which makes the precision rise
        y = ((-1) ** (k // 2) * (x.cos() if k % 2 else x.sin()) - k * y) / x
    return y


dsinc: Primitive = primitive(
    "dsinc",
    _dsinc,
    _dsinc_arrays,
    partials=(None, lambda y, n, x: dsinc(n + 1.0, x)),
    ball=_dsinc_ball,
    latex=r"\operatorname{sinc}^{({0})}\left({1}\right)",
    meaning="the n-th derivative of sinc",
    domain="n = 0, 1, ..., 100",
    samples=((1.0, 1e-9), (1.0, 2.3), (2.0, 0.7), (3.0, -1.25)),
)
deg = primitive(
    "deg",
    math.degrees,
    "degrees",
    analytic=lambda z: z * (180.0 / math.pi),
    partials=(Exact(180.0 / math.pi, "180/pi"),),
    ball=lambda x: x * 180 / x.pi(),
    latex=r"\frac{180}{\pi} {0}",
    meaning="an angle in radians, in degrees",
    synonyms=("degrees",),
    samples=(-1.25, 0.7, 1e-300),
)
rad = primitive(
    "rad",
    math.radians,
    "radians",
    analytic=lambda z: z * (math.pi / 180.0),
    partials=(Exact(math.pi / 180.0, "pi/180"),),
    ball=lambda x: x * x.pi() / 180,
    latex=r"\frac{\pi}{180} {0}",
    meaning="an angle in degrees, in radians",
    synonyms=("radians",),
    samples=(-1.25, 45.0, 1e300),
)
