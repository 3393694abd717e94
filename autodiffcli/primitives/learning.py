"""Functions of machine learning, elementwise or of several scalars."""

from __future__ import annotations

import math
from functools import reduce
from operator import add
from typing import Any

from autodiffcli.primitive import Operand, Partial, Primitive, primitive
from autodiffcli.primitives.hyperbolic import atanh
from autodiffcli.primitives.powers import exp, expsq, ln, log1p
from autodiffcli.primitives.selection import absolute, less, maximum, relu, where
from autodiffcli.primitives.special import erfc, erfcx

__all__ = ["gelu", "logit", "logsumexp", "sigmoid", "silu", "softplus"]

SQRT_HALF = math.sqrt(0.5)
FAR = 1e308  # -inf·0 is nan, -FAR·0 is 0
NORMAL_0 = 0.3989422804014327  # 1/sqrt(2·pi): the normal density at 0


def _sigmoid(x: Operand) -> Operand:
    e = exp(-absolute(x))  # exp(-x) would overflow where the result is still above 0
    return where(less(x, 0.0), e, 1.0) / (1.0 + e)


def _silu(x: Operand) -> Operand:
    h = exp(-0.5 * absolute(x))
    # h twice, not its square: e^x is subnormal or 0 for x below -708, and x would magnify its error
    return where(less(x, 0.0), maximum(x, -FAR) * h * h, x) / (1.0 + h * h)


def _gelu(x: Operand) -> Operand:
    # in the tail the rounding of x/sqrt(2) would be magnified by erfc, not by erfcx
    tail = maximum(x, -FAR) * (0.5 * erfcx(-SQRT_HALF * x)) * expsq(-0.5, x)
    return where(less(x, -1.0), tail, x * (0.5 * erfc(-SQRT_HALF * x)))


def _logit(x: Operand) -> Operand:
    near = 2.0 * atanh(2.0 * x - 1.0)  # 2x - 1 is exact here, so that the zero at 1/2 is right
    return where(less(absolute(x - 0.5), 0.25), near, ln(x) - log1p(-x))


sigmoid: Primitive = primitive(
    "sigmoid",
    formula=_sigmoid,
    partials=(lambda y, x: y * sigmoid(-x),),  # not y*(1 - y), which cancels for large x
    latex=r"\sigma\left({0}\right)",
    meaning="1/(1 + e^(-x))",
    samples=(-740.0, -1.25, 0.7, 40.0),
)
softplus = primitive(
    "softplus",
    formula=lambda x: relu(x) + log1p(exp(-absolute(x))),
    partials=(lambda y, x: sigmoid(x),),
    latex=r"\ln\left(1 + e^{{0}}\right)",
    meaning="ln(1 + e^x)",
    samples=(-740.0, -1.25, 0.7, 800.0),
)
silu = primitive(
    "silu",
    formula=_silu,
    partials=(lambda y, x: sigmoid(x) + y * sigmoid(-x),),
    latex=r"\operatorname{silu}\left({0}\right)",
    meaning="x·sigmoid(x)",
    synonyms=("swish",),
    samples=(-740.0, 0.7, 40.0),
)
gelu = primitive(
    "gelu",
    formula=_gelu,
    # here the plain erfc will do: in the tail its term is 1/x^2 of the other, and its relative error about x^2 ulp
    partials=(lambda y, x: 0.5 * erfc(-SQRT_HALF * x) + NORMAL_0 * x * expsq(-0.5, x),),
    latex=r"\operatorname{gelu}\left({0}\right)",
    meaning="x·Φ(x), with Φ the normal distribution",
    extra="special",
    samples=(-37.0, -3.3, 0.7, 12.0),
)
logit = primitive(
    "logit",
    formula=_logit,
    partials=(lambda y, x: 1.0 / x / (1.0 - x),),
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
    return top + math.log1p(math.fsum([math.exp(x - top) for x in rest]))


def _logsumexp_arrays(*xs: Any) -> Any:
    import numpy as np

    rows = np.sort(np.stack(np.broadcast_arrays(*xs)), axis=0)  # nan goes to the top, and from there into the result
    top = rows[-1]
    return np.where(np.isinf(top), top, top + np.log1p(np.exp(rows[:-1] - top).sum(axis=0)))


def _share(k: int, count: int) -> Partial:
    """Return exp(x_k)/Σ exp(x_i) without its overflows; exp(x_k - y) would lose the digits of a large y."""
    if count == 1:
        return 1.0
    if count == 2:
        return lambda y, *xs: sigmoid(xs[k] - xs[1 - k])
    return lambda y, *xs: 1.0 / (1.0 + reduce(add, [exp(x - xs[k]) for i, x in enumerate(xs) if i != k]))


logsumexp = primitive(
    "logsumexp",
    _logsumexp,
    _logsumexp_arrays,
    partials=_share,
    latex=r"\operatorname{logsumexp}\left({*}\right)",
    meaning="the logarithm of the sum of the exponentials of its arguments",
    samples=((0.7, -1.25), (1000.0, 1001.0, 999.0), (0.0, -40.0)),
)
