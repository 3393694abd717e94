"""Functions of machine learning, elementwise or of several scalars."""

from __future__ import annotations

import math
from functools import reduce
from operator import add
from typing import Any

from autodiffcli.primitive import Exact, Operand, Partial, Primitive, primitive
from autodiffcli.primitives.hyperbolic import atanh
from autodiffcli.primitives.powers import exp, expm1, expsq, horner, ln, log1p, two_product
from autodiffcli.primitives.selection import absolute, less, maximum, minimum, relu, where
from autodiffcli.primitives.special import erfc, erfcx

__all__ = [
    "gelu",
    "gelu_slope",
    "logit",
    "logsumexp",
    "sigmoid",
    "silu",
    "silu_slope",
    "softmax_first",
    "softplus",
]

SQRT_HALF = Exact(math.sqrt(0.5), "sqrt(0.5)")
FAR = Exact(1e308, "inf")  # -inf·0 is nan, -FAR·0 is 0
NORMAL_0 = Exact(0.3989422804014327, "1/sqrt(2*pi)")  # the normal density at 0
NORMAL_0_LOW = -2.49232720227773e-17  # and what its rounding lost


def _sigmoid(x: Operand) -> Operand:
    e = exp(-absolute(x))  # exp(-x) would overflow where the result is still above 0
    return where(less(x, 0.0), e, 1.0) / (1.0 + e)


def _silu(x: Operand) -> Operand:
    h = exp(-0.5 * absolute(x))
    # h twice, not its square: e^x is subnormal or 0 for x below -708, and x would magnify its error
    return where(less(x, 0.0), maximum(x, -FAR) * h * h, x) / (1.0 + h * h)


# where silu is least: the zero of 1 + x + e^x, in two parts, and its e^x
LEAST_SILU, LEAST_SILU_LOW, LEAST_SILU_EXP = -1.2784645427610737, -1.0946994183093437e-16, 0.2784645427610738


def _silu_slope(x: Operand) -> Operand:
    h = exp(-0.5 * absolute(x))
    d = (x - LEAST_SILU) - LEAST_SILU_LOW
    t = exp(-absolute(x))
    near = d + LEAST_SILU_EXP * expm1(minimum(d, 2.0))  # 1 + x + e^x, with the digits near its zero
    close = less(absolute(d), 0.5)
    rise, rest = where(close, near, 1.0 + maximum(x, -FAR)), where(close, 0.0, t)  # the first is exact below -1/2
    below = where(less(x, -700.0), rise * h * h, rise * t + rest * t)  # h twice as in silu
    return where(less(x, 0.0), below, 1.0 + t + minimum(x, FAR) * h * h) / (1.0 + t * (2.0 + t))


def _gelu(x: Operand) -> Operand:
    # in the tail the rounding of x/sqrt(2) would be magnified by erfc, not by erfcx
    tail = maximum(x, -FAR) * (0.5 * erfcx(-SQRT_HALF * x)) * expsq(-0.5, x)
    return where(less(x, -1.0), tail, x * (0.5 * erfc(-SQRT_HALF * x)))


LEAST_GELU, LEAST_GELU_LOW = -0.7517915246935645, 1.4956759177009883e-17  # where gelu is least, in two parts
# its derivative about there
GELU_SLOPE_SERIES = (
    0.4314939923140469, 0.388284982990552, -0.018199676398671087, -0.1140082332972217, -0.014771522148244337,
    0.019421679838189067, 0.004539228379125415, -0.002239538068073497, -0.0007448268386746817,
    0.00018633974623233514, 8.615947861116571e-05, -1.121438018842664e-05, -7.74846130700372e-06,
    4.3284506257392273e-07, 5.702764979242107e-07, -1.6044265494246427e-09, -3.5459866461783865e-08,
    -1.396942086426202e-09, 1.90319840501314e-09, 1.4506418938779426e-10, -8.950037692726255e-11,
    -9.950340824808053e-12, 3.725967039270119e-12, 5.482292964742324e-13, -1.3820118240601056e-13,
    -2.5871508475507507e-14, 4.578167824271334e-15, 1.0789662518230159e-15, -1.3507094681149317e-16,
    -4.0514385281601486e-17,
)  # fmt: skip


def _gelu_slope(x: Operand) -> Operand:
    d = (x - LEAST_GELU) - LEAST_GELU_LOW
    near = d * horner(d, GELU_SLOPE_SERIES)
    far = maximum(minimum(x, 100.0), -100.0)  # e^(-x^2/2) is 0 beyond 39
    # in the left tail Φ(x) is Φ'(x) times a part that the rounding of x/sqrt(2) does not move far;
    # its two terms cancel partly, so that the first is taken with the digits beyond its last
    p, rest = two_product(NORMAL_0, far)
    factor = p + (0.5 * erfcx(-SQRT_HALF * x) + (rest + NORMAL_0_LOW * far))
    e = expsq(-0.25, x)  # e twice: e^(-x^2/2) is subnormal or 0 for x below -37
    left = where(less(x, -37.0), factor * e * e, factor * expsq(-0.5, x))
    right = 0.5 * erfc(-SQRT_HALF * x) + NORMAL_0 * far * e * e
    far = where(less(x, -1.0), left, right)
    return where(less(absolute(d), 0.7), near, far)


def _logit(x: Operand) -> Operand:
    near = 2.0 * atanh(2.0 * x - 1.0)  # 2x - 1 is exact here, so that the zero at 1/2 is right
    return where(less(absolute(x - 0.5), 0.25), near, ln(x) - log1p(-x))


sigmoid: Primitive = primitive(
    "sigmoid",
    formula=_sigmoid,
    partials=(lambda y, x: y * sigmoid(-x),),  # not y*(1 - y), which cancels for large x
    ball=lambda x: 1 / (1 + (-x).exp()),
    latex=r"\sigma\left({0}\right)",
    meaning="1/(1 + e^(-x))",
    samples=(-740.0, -1.25, 0.7, 40.0),
)
softplus = primitive(
    "softplus",
    formula=lambda x: relu(x) + log1p(exp(-absolute(x))),
    partials=(lambda y, x: sigmoid(x),),
    ball=lambda x: x.exp().log1p(),
    latex=r"\ln\left(1 + e^{{0}}\right)",
    meaning="ln(1 + e^x)",
    samples=(-740.0, -1.25, 0.7, 800.0),
)
silu = primitive(
    "silu",
    formula=_silu,
    partials=(lambda y, x: silu_slope(x),),
    ball=lambda x: x / (1 + (-x).exp()),
    latex=r"\operatorname{silu}\left({0}\right)",
    meaning="x·sigmoid(x)",
    synonyms=("swish",),
    samples=(-740.0, 0.7, 40.0),
)
silu_slope: Primitive = primitive(
    "silu_slope",
    formula=_silu_slope,
    partials=(lambda y, x: sigmoid(x) * sigmoid(-x) * (2.0 + x * (sigmoid(-x) - sigmoid(x))),),
    function=False,
    ball=lambda x: (1 + x.exp() + x) / (1 + x.exp()) / (1 + (-x).exp()),
    latex=r"\operatorname{silu}'\left({0}\right)",
    meaning="the derivative of silu, sigmoid(x) + silu(x)·sigmoid(-x), accurate at its zero",
)
gelu = primitive(
    "gelu",
    formula=_gelu,
    partials=(lambda y, x: gelu_slope(x),),
    ball=lambda x: x / 2 * (-x / (x * 0 + 2).sqrt()).erfc(),
    latex=r"\operatorname{gelu}\left({0}\right)",
    meaning="x·Φ(x), with Φ the normal distribution",
    extra="special",
    samples=(-37.0, -3.3, 0.7, 12.0),
)
gelu_slope: Primitive = primitive(
    "gelu_slope",
    formula=_gelu_slope,
    partials=(lambda y, x: NORMAL_0 * (2.0 - x * x) * expsq(-0.5, x),),
    function=False,
    ball=lambda x: (-x / (x * 0 + 2).sqrt()).erfc() / 2 + x * (-x * x / 2).exp() / (2 * x.pi()).sqrt(),
    latex=r"\operatorname{gelu}'\left({0}\right)",
    meaning="the derivative of gelu, Φ(x) + x·Φ'(x), accurate at its zero",
    extra="special",
)
logit = primitive(
    "logit",
    formula=_logit,
    partials=(lambda y, x: 1.0 / x / (1.0 - x),),
    ball=lambda x: (x / (1 - x)).log(),
    latex=r"\operatorname{logit}\left({0}\right)",
    meaning="ln(x/(1 - x)), the inverse of sigmoid",
    domain="0 < x < 1",
    samples=(1e-310, 0.5000000001, 0.7, 0.999999999),
)


def _logsumexp(*xs: float) -> float:
    rest = sorted(xs)
    top = rest.pop()
    if any(map(math.isnan, xs)):
        return math.nan
    if math.isinf(top):
        return top
    y = top + math.log1p(math.fsum([math.exp(x - top) for x in rest]))
    if abs(y) < -0.5 * top:  # the two terms cancel
        from autodiffcli.primitives import decimals

        return decimals.logsumexp(*xs)
    return y


def _logsumexp_arrays(*xs: Any) -> Any:
    import numpy as np

    rows = np.sort(np.stack(np.broadcast_arrays(*xs)), axis=0)  # nan goes to the top, and from there into the result
    top = rows[-1]
    y = np.where(np.isinf(top), top, top + np.log1p(np.exp(rows[:-1] - top).sum(axis=0)))
    cancels = np.abs(y) < -0.5 * top
    if not cancels.any():
        return y
    from autodiffcli.primitives import decimals
    from autodiffcli.primitives.fixed import mended

    return mended(y, cancels, decimals.logsumexp, *xs)


def _first_of(k: int, xs: tuple[Operand, ...]) -> Operand:
    return softmax_first(xs[k], *xs[:k], *xs[k + 1 :])


def _softmax_first(*xs: Operand) -> Operand:
    top = maximum(*xs)
    powers = [_exp_difference(x, top) for x in xs]
    return powers[0] / reduce(add, powers)


def _exp_difference(a: Operand, b: Operand) -> Operand:
    """Return e^(a - b); the rounding of a large difference is measured and put back."""
    d = a - b
    lost = (a - (d - (d - a))) - (b + (d - a))
    e = exp(d)
    return where(less(absolute(lost), 1.0), e + e * lost, e)


def _softmax_rule(k: int, count: int) -> Partial:
    if k:
        return lambda y, *xs: -y * _first_of(k, xs)
    return lambda y, *xs: y * reduce(add, [_first_of(i, xs) for i in range(1, count)], 0.0)


softmax_first: Primitive = primitive(
    "softmax_first",
    formula=_softmax_first,
    partials=_softmax_rule,
    ball=lambda *xs: 1 / sum([(x - xs[0]).exp() for x in xs[1:]], xs[0] * 0 + 1),
    latex=r"\operatorname{softmax}_1\left({*}\right)",
    meaning="the share of the first exponential in the sum of the exponentials of all arguments",
    samples=((0.7, -1.25), (-700.3, 1.7, 0.3), (0.3, -2.1, 1.7, 5.0)),
)
logsumexp = primitive(
    "logsumexp",
    _logsumexp,
    _logsumexp_arrays,
    analytic="autodiffcli.primitives.analytic:logsumexp",
    partials=lambda k, count: 1.0 if count == 1 else lambda y, *xs: _first_of(k, xs),
    ball=lambda *xs: reduce(add, [x.exp() for x in xs]).log(),
    latex=r"\operatorname{logsumexp}\left({*}\right)",
    meaning="the logarithm of the sum of the exponentials of its arguments",
    samples=((0.7, -1.25), (1000.0, 1001.0, 999.0), (0.0, -40.0)),
)
