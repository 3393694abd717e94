"""The hyperbolic functions and their inverses."""

from __future__ import annotations

import math

from autodiffcli.primitive import Operand, Primitive, primitive
from autodiffcli.primitives.powers import LN_2, exp, expm1, hypot, ln, log1p, sqrt
from autodiffcli.primitives.selection import absolute, less, sign, where

__all__ = ["acosh", "acoth", "acsch", "asech", "asinh", "atanh", "cosh", "coth", "csch", "sech", "sinh", "tanh"]

sinh = primitive(
    "sinh",
    math.sinh,
    "sinh",
    edge=lambda x: math.copysign(math.inf, x),
    partials=(lambda y, x: cosh(x),),
    latex=r"\sinh\left({0}\right)",
    meaning="the hyperbolic sine",
    samples=(-1.25, 1e-9, 700.0),
)
cosh: Primitive = primitive(
    "cosh",
    math.cosh,
    "cosh",
    partials=(lambda y, x: sinh(x),),
    latex=r"\cosh\left({0}\right)",
    meaning="the hyperbolic cosine",
    samples=(-1.25, 1e-9, 700.0),
)
tanh = primitive(
    "tanh",
    math.tanh,
    "tanh",
    partials=(lambda y, x: sech(x) * sech(x),),  # not 1 - y^2, which is 0 for x above 19
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
    partials=(lambda y, x: -y * tanh(x),),
    latex=r"\operatorname{sech}\left({0}\right)",
    meaning="the hyperbolic secant 1/cosh(x)",
    samples=(-1.25, 1e-9, 740.0),
)
csch: Primitive = primitive(
    "csch",
    formula=_csch,
    partials=(lambda y, x: -y * coth(x),),
    latex=r"\operatorname{csch}\left({0}\right)",
    meaning="the hyperbolic cosecant 1/sinh(x)",
    domain="x != 0",
    samples=(-1.25, 1e-9, 740.0),
)
coth: Primitive = primitive(
    "coth",
    formula=lambda x: 1.0 / tanh(x),
    partials=(lambda y, x: -(csch(x) * csch(x)),),
    latex=r"\coth\left({0}\right)",
    meaning="the hyperbolic cotangent 1/tanh(x)",
    domain="x != 0",
    samples=(-1.25, 1e-9, 40.0),
)
asinh: Primitive = primitive(
    "asinh",
    math.asinh,
    "arcsinh",
    partials=(lambda y, x: 1.0 / hypot(1.0, x),),
    latex=r"\operatorname{arsinh}\left({0}\right)",
    meaning="the inverse of the hyperbolic sine",
    synonyms=("arcsinh",),
    samples=(-1.25, 1e-9, 1e300),
)
acosh = primitive(
    "acosh",
    math.acosh,
    "arccosh",
    partials=(lambda y, x: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0)),),  # two roots: the product may overflow
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
    partials=(lambda y, x: 1.0 / (1.0 - x) / (1.0 + x),),
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
    latex=r"\operatorname{arcsch}\left({0}\right)",
    meaning="asinh(1/x)",
    domain="x != 0",
    synonyms=("arccsch",),
    samples=(-1.25, 1e-310, 1e160),
)
