"""The hyperbolic functions and their inverses."""

from __future__ import annotations

import math
from collections.abc import Callable

from autodiffcli.primitive import Operand, Primitive, primitive
from autodiffcli.primitives.powers import LN_2, exp, expm1, horner, hypot, ln, log1p, sqrt
from autodiffcli.primitives.selection import absolute, less, sign, where

__all__ = ["acosh", "acoth", "acsch", "asech", "asinh", "atanh", "cosh", "coth", "csch", "sech", "sinh", "tanh"]

sinh = primitive(
    "sinh",
    math.sinh,
    "sinh",
    edge=lambda x: math.copysign(math.inf, x),
    analytic="sinh",
    partials=(lambda y, x: cosh(x),),
    ball="sinh",
    latex=r"\sinh\left({0}\right)",
    meaning="the hyperbolic sine",
    samples=(-1.25, 1e-9, 700.0),
)
cosh: Primitive = primitive(
    "cosh",
    math.cosh,
    "cosh",
    analytic="cosh",
    partials=(lambda y, x: sinh(x),),
    ball="cosh",
    latex=r"\cosh\left({0}\right)",
    meaning="the hyperbolic cosine",
    samples=(-1.25, 1e-9, 700.0),
)
tanh = primitive(
    "tanh",
    math.tanh,
    "tanh",
    analytic="tanh",
    partials=(lambda y, x: sech_squared(x),),  # not 1 - y^2, which is 0 for x above 19
    ball="tanh",
    latex=r"\tanh\left({0}\right)",
    meaning="the hyperbolic tangent",
    samples=(-1.25, 1e-9, 40.0),
)


def _sech(x: Operand) -> Operand:
    e = exp(-absolute(x))  # not 1/cosh(x), whose overflow would hide the last values above 0
    return 2.0 * e / (1.0 + e * e)


def _csch(x: Operand) -> Operand:
    r = absolute(x)
    far = sign(x) * (-2.0 * exp(-r) / expm1(-2.0 * r))  # likewise: 1/sinh(x) is 0 where sinh overflows
    return where(less(r, 0.25), 1.0 / sinh(x), far)


sech: Primitive = primitive(
    "sech",
    formula=_sech,
    analytic="autodiffcli.primitives.analytic:sech",
    partials=(lambda y, x: -sech_tanh(x),),
    ball="sech",
    latex=r"\operatorname{sech}\left({0}\right)",
    meaning="the hyperbolic secant 1/cosh(x)",
    samples=(-1.25, 1e-9, 740.0),
)
csch: Primitive = primitive(
    "csch",
    formula=_csch,
    partials=(lambda y, x: -csch_coth(x),),
    ball="csch",
    latex=r"\operatorname{csch}\left({0}\right)",
    meaning="the hyperbolic cosecant 1/sinh(x)",
    domain="x != 0",
    samples=(-1.25, 1e-9, 740.0),
)
coth: Primitive = primitive(
    "coth",
    formula=lambda x: 1.0 / tanh(x),
    partials=(lambda y, x: -csch_squared(x),),
    ball="coth",
    latex=r"\coth\left({0}\right)",
    meaning="the hyperbolic cotangent 1/tanh(x)",
    domain="x != 0",
    samples=(-1.25, 1e-9, 40.0),
)

# The derivatives of these four are products of two of them, whose errors would add up to more than 4 ulp. They are
# computed at once: up to 1 by the series of sinh(x) - x, beyond by powers of t = e^(-2x), so that few
# roundings count in full.
SINH_SERIES = tuple(1.0 / math.factorial(k) for k in range(3, 23, 2))


def _near_far(
    near: Callable[[Operand, Operand, Operand], Operand], far: Callable[[Operand], Operand], x: Operand
) -> Operand:
    """Return near(r, sinh(r) - r, sinh(r)^2) for r = |x| <= 1, else far(r)."""
    close = less(absolute(x), 1.0)
    r = where(close, absolute(x), 1.0)
    q = r * (r * r) * horner(r * r, SINH_SERIES)
    return where(close, near(r, q, (r + q) * (r + q)), far(where(close, 1.0, absolute(x))))


def _squared_inverse(r: Operand, q: Operand) -> Operand:
    return 1.0 / (r + q) / (r + q)  # the square would underflow


def _near_sech_tanh(r: Operand, q: Operand, v: Operand) -> Operand:
    return (r + q) / (1.0 + v)


def _near_csch_coth(r: Operand, q: Operand, v: Operand) -> Operand:
    y = _squared_inverse(r, q)
    return where(less(v, 1e-30), y, y + y * (v / (1.0 + sqrt(1.0 + v))))  # inf + inf*0 is nan


def _far_sech_squared(r: Operand) -> Operand:
    t = exp(-2.0 * r)
    return 4.0 * t - 4.0 * t * (t * (2.0 + t) / ((1.0 + t) * (1.0 + t)))


def _far_csch_squared(r: Operand) -> Operand:
    t = exp(-2.0 * r)
    return 4.0 * t + 4.0 * t * (t * (2.0 - t) / ((1.0 - t) * (1.0 - t)))


def _far_sech_tanh(r: Operand) -> Operand:
    e, t = 2.0 * exp(-r), exp(-2.0 * r)
    return e - e * (t * (3.0 + t) / ((1.0 + t) * (1.0 + t)))


def _far_csch_coth(r: Operand) -> Operand:
    e, t = 2.0 * exp(-r), exp(-2.0 * r)
    return e + e * (t * (3.0 - t) / ((1.0 - t) * (1.0 - t)))


sech_squared: Primitive = primitive(
    "_sech_squared",
    formula=lambda x: _near_far(lambda r, q, v: 1.0 / (1.0 + v), _far_sech_squared, x),
    partials=(lambda y, x: -2.0 * y * tanh(x),),
    function=False,
    ball=lambda x: x.sech() ** 2,
    latex=r"\operatorname{sech}^2\left({0}\right)",
    meaning="1/cosh(x)^2, the derivative of tanh",
)
csch_squared: Primitive = primitive(
    "_csch_squared",
    formula=lambda x: _near_far(lambda r, q, v: _squared_inverse(r, q), _far_csch_squared, x),
    partials=(lambda y, x: -2.0 * y * coth(x),),
    function=False,
    ball=lambda x: x.csch() ** 2,
    latex=r"\operatorname{csch}^2\left({0}\right)",
    meaning="1/sinh(x)^2, the derivative of -coth",
)
sech_tanh: Primitive = primitive(
    "_sech_tanh",
    formula=lambda x: where(less(x, 0.0), -1.0, 1.0) * _near_far(_near_sech_tanh, _far_sech_tanh, x),
    partials=(lambda y, x: sech(x) * (sech_squared(x) - tanh(x) * tanh(x)),),
    function=False,
    ball=lambda x: x.sech() * x.tanh(),
    latex=r"\operatorname{sech}\left({0}\right) \tanh\left({0}\right)",
    meaning="sech(x)·tanh(x), the derivative of -sech",
)
csch_coth: Primitive = primitive(
    "_csch_coth",
    formula=lambda x: _near_far(_near_csch_coth, _far_csch_coth, x),
    partials=(lambda y, x: -csch(x) * (csch_squared(x) + coth(x) * coth(x)),),
    function=False,
    ball=lambda x: x.csch() * x.coth(),
    latex=r"\operatorname{csch}\left({0}\right) \coth\left({0}\right)",
    meaning="csch(x)·coth(x), the derivative of -csch",
)
asinh: Primitive = primitive(
    "asinh",
    math.asinh,
    "arcsinh",
    analytic="asinh",
    partials=(lambda y, x: 1.0 / hypot(1.0, x),),
    ball="asinh",
    latex=r"\operatorname{arsinh}\left({0}\right)",
    meaning="the inverse of the hyperbolic sine",
    synonyms=("arcsinh",),
    samples=(-1.25, 1e-9, 1e300),
)
acosh = primitive(
    "acosh",
    math.acosh,
    "arccosh",
    analytic="acosh",
    partials=(lambda y, x: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0)),),  # two roots: the product may overflow
    ball="acosh",
    latex=r"\operatorname{arcosh}\left({0}\right)",
    meaning="the inverse of the hyperbolic cosine, from 0 up",
    domain="x >= 1",
    synonyms=("arccosh",),
    samples=(1.000000001, 2.3, 1e300),
)
atanh = primitive(
    "atanh",
    math.atanh,
    "arctanh",
    edge=lambda x: math.copysign(math.inf, x) if abs(x) == 1 else math.nan,
    analytic="atanh",
    partials=(lambda y, x: 1.0 / (1.0 - x) / (1.0 + x),),
    ball="atanh",
    latex=r"\operatorname{artanh}\left({0}\right)",
    meaning="the inverse of the hyperbolic tangent",
    domain="-1 < x < 1",
    synonyms=("arctanh",),
    samples=(-0.999999999, 1e-9, 0.7),
)
acoth = primitive(
    "acoth",
    # not atanh(1/x): the rounding of 1/x would be magnified near 1
    formula=lambda x: sign(x) * (0.5 * log1p(2.0 / (absolute(x) - 1.0))),
    partials=(lambda y, x: 1.0 / (1.0 - x) / (1.0 + x),),
    ball=lambda x: (1 / x).atanh(),
    latex=r"\operatorname{arcoth}\left({0}\right)",
    meaning="atanh(1/x)",
    domain="x < -1 or x > 1",
    synonyms=("arccoth",),
    samples=(-1.000000001, 2.3, 1e160),
)
asech = primitive(
    "asech",
    # not acosh(1/x), for the same reason; neither term is negative, so nothing cancels
    formula=lambda x: log1p(sqrt((1.0 - x) * (1.0 + x))) - ln(x),
    partials=(lambda y, x: -1.0 / x / sqrt((1.0 - x) * (1.0 + x)),),
    ball=lambda x: (1 / x).acosh(),
    latex=r"\operatorname{arsech}\left({0}\right)",
    meaning="acosh(1/x), from 0 up",
    domain="0 < x <= 1",
    synonyms=("arcsech",),
    samples=(1e-310, 0.7, 0.999999999),
)


def _acsch(x: Operand) -> Operand:
    # where 1/x overflows, x is scaled by 2^60: asinh(1/x) grows as ln(2/x)
    tiny = asinh(1.0 / (x * 2.0**60)) + sign(x) * (60.0 * LN_2)
    return where(less(absolute(x), 1e-290), tiny, asinh(1.0 / x))


acsch = primitive(
    "acsch",
    formula=_acsch,
    partials=(lambda y, x: -1.0 / absolute(x) / hypot(1.0, x),),
    ball=lambda x: (1 / x).asinh(),
    latex=r"\operatorname{arcsch}\left({0}\right)",
    meaning="asinh(1/x)",
    domain="x != 0",
    synonyms=("arccsch",),
    samples=(-1.25, 1e-310, 1e160),
)
