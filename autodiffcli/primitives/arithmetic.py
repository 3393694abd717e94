"""The operations that are written with operators."""

from __future__ import annotations

import math
import operator

from autodiffcli.primitive import primitive

__all__ = ["add", "div", "mod", "mul", "neg", "sub"]


def _divide_by_zero(a: float, b: float) -> float:
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


add = primitive(
    "add",
    operator.add,
    "add",
    analytic=operator.add,
    partials=(1.0, 1.0),
    operator=("+", 5),
    units=(-0.0, -0.0),  # not 0: -0 + 0 is 0
    function=False,
    ball=operator.add,
    fractions=True,
    latex="{0} + {1}",
    meaning="the sum",
)
sub = primitive(
    "sub",
    operator.sub,
    "subtract",
    analytic=operator.sub,
    partials=(1.0, -1.0),
    operator=("-", 5),
    units=(None, 0.0),
    function=False,
    ball=operator.sub,
    fractions=True,
    latex="{0} - {1}",
    meaning="the difference",
)
mul = primitive(
    "mul",
    operator.mul,
    "multiply",
    analytic=operator.mul,
    partials=(lambda y, a, b: b, lambda y, a, b: a),
    operator=("*", 6),
    units=(1.0, 1.0),
    function=False,
    ball=operator.mul,
    fractions=True,
    latex=r"{0} \cdot {1}",
    meaning="the product",
)
div = primitive(
    "div",
    operator.truediv,
    "divide",
    edge=_divide_by_zero,
    analytic=operator.truediv,
    partials=(lambda y, a, b: 1.0 / b, lambda y, a, b: -y / b),
    operator=("/", 6),
    units=(None, 1.0),
    function=False,
    ball=operator.truediv,
    fractions=True,
    latex=r"\frac{{0}}{{1}}",
    meaning="the quotient",
    domain="b != 0",
)
mod = primitive(
    "mod",
    operator.mod,
    "mod",
    analytic="autodiffcli.primitives.analytic:mod",
    partials=(1.0, lambda y, a, b: (y - a) / b),  # -floor(a/b), which a = b·floor(a/b) + y gives without its rounding
    operator=("%", 6),
    function=False,
    ball=lambda a, b: a - b * (a / b).floor(),
    fractions=True,
    latex=r"{0} \bmod {1}",
    meaning="a - b·floor(a/b): the remainder, with the sign of b",
    domain="b != 0",
)
neg = primitive(
    "neg",
    operator.neg,
    "negative",
    analytic=operator.neg,
    partials=(-1.0,),
    operator=("-", 7),
    function=False,
    ball=operator.neg,
    fractions=True,
    latex="-{0}",
    meaning="the negative",
)
