"""What primitives are in terms of others, for languages whose libraries lack them: formulas that run on graph nodes.

A primitive that is declared by a formula has it there. These are for the ones that are declared by a function.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import factorial, nan
from operator import mul

from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph, Node
from autodiffcli.primitive import Operand, Primitive
from autodiffcli.primitives import (
    absolute,
    besselj,
    bessely,
    cos,
    equal,
    erfc,
    exp,
    expsq,
    greater,
    less,
    less_equal,
    ln,
    log1p,
    maximum,
    pow,
    round_even,
    sin,
    tan,
    where,
)
from autodiffcli.primitives.gamma_family import lbeta_formula
from autodiffcli.primitives.powers import LN_2, horner, plain_slope_formula, power_log_formula, power_slope_formula
from autodiffcli.primitives.trigonometric import _dsinc_far, _dsinc_near

__all__ = ["FOLDED", "ORDERS", "SPECIAL_ORDERS", "check_orders", "formula_of", "helper_graph"]

FOLDED = ("max", "min", "logsumexp")
"""Functions of any number of arguments that take them two at a time."""

SPECIAL_ORDERS = ("dsinc", "polygamma")
"""Functions whose first argument is an order: each order is a function of its own."""

ORDERS = range(101)
"""Those that they have."""

RADIAN = 57.29577951308232
PI = 3.141592653589793


def check_orders(graph: Graph) -> None:
    """Raise RequestError, with the place, at an order that is a number and that no function has."""
    live = graph.live(graph.outputs)
    for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        if live[i] and op.name in SPECIAL_ORDERS and graph.constants.get(args[0], 0.0) not in ORDERS:
            raise RequestError(
                f"{op.name} is undefined at the order {graph.constants[args[0]]:g}",
                source=graph.source,
                span=graph.span(i),
                hint=f"{op.name}(n, x) is defined for {op.domain}",
            )


def helper_graph(op: Primitive, count: int, order: int | None) -> Graph | None:
    """Return the graph of a primitive's formula, its inputs the arguments; None where there is no formula.

    order: what the first argument is, for SPECIAL_ORDERS; the inputs are the others.
    """
    formula = formula_of(op)
    if formula is None:
        return None
    graph = Graph()
    first: list[Operand] = [] if order is None else [order]
    parameters = [Node(graph, graph.input(name)) for name in [f"a{k}" for k in range(count - len(first))]]
    result = formula(*first, *parameters)
    graph.outputs = [result.id if isinstance(result, Node) else graph.constant(float(result))]
    return graph


def formula_of(op: Primitive) -> Callable[..., Operand] | None:
    """Return how a primitive is computed by others, or None."""
    return op.formula or _FORMULAS.get(op.name)


def _logsumexp(a: Operand, b: Operand) -> Operand:
    far = maximum(a, b) + log1p(exp(-absolute(a - b)))
    return where(equal(a, b), a + LN_2, far)  # inf - inf is nan


def _erfcx(x: Operand) -> Operand:
    r = 0.5 / x / x
    far = horner(r, (1.0, -1.0, 3.0, -15.0, 105.0, -945.0, 10395.0)) / x * 0.5641895835477563
    return where(less(x, 25.0), erfc(x) * expsq(1.0, x), far)


class _Library:
    """The functions that `_dsinc_far` takes from a module."""

    sin, cos = sin, cos


def _dsinc(n: int, x: Operand) -> Operand:
    return where(greater(absolute(x), n + 0.5), _dsinc_far(n, x, _Library), _dsinc_near(n, x))


# B(2k)/(2k)! for k = 1, 2, ...: the asymptotic series of ψ and its derivatives
_BERNOULLI = tuple(
    b / factorial(2 * k)
    for k, b in enumerate(
        (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330), 1
    )
)


def _polygamma(n: int, x: Operand) -> Operand:
    """Return the n-th derivative of ψ, below 0 by that of the reflection ψ(x) = ψ(1 - x) - π·cot(πx)."""
    below = less(x, 0.0)
    value = _polygamma_above(n, where(below, 1.0 - x, x))
    slopes = [0.0, 1.0]  # of the n-th derivative of cot as a polynomial of cot: cot' = -(1 + cot²)
    for _ in range(n):
        once = [k * c for k, c in enumerate(slopes)][1:]
        slopes = [-(a + b) for a, b in zip([*once, 0.0, 0.0], [0.0, 0.0, *once], strict=True)]
    rest = x - round_even(x)  # exact, as πx would not be
    cot = 1.0 / tan(PI * rest)
    if n % 2 == 0:  # beside its poles there are both signs
        cot = where(equal(rest, 0.0), nan, cot)
    reflected = (-1.0) ** n * value - PI ** (n + 1) * horner(cot, tuple(slopes))
    return where(below, reflected, value)


def _polygamma_above(n: int, x: Operand) -> Operand:
    """Step up to where the asymptotic series holds (Abramowitz & Stegun 6.4.6, 6.4.11)."""
    sign = (-1.0) ** (n + 1)
    total: Operand = 0.0
    for _ in range(10 + 2 * n):
        total = total + _power(1.0 / x, n + 1)
        x = x + 1.0
    r = 1.0 / x
    series = horner(r * r, tuple(b * factorial(2 * k + n - 1) for k, b in enumerate(_BERNOULLI, 1)))
    rest = _power(r, n + 1) * (0.5 * factorial(n) + r * series)
    if n == 0:
        return ln(x) - (rest + total)
    return sign * (factorial(n - 1) * _power(r, n) + rest + factorial(n) * total)


def _power(x: Operand, n: int) -> Operand:
    return reduce(mul, [x] * n)


_FORMULAS: dict[str, Callable[..., Operand]] = {
    "besselj_slope": lambda n, x: 0.5 * (besselj(n - 1.0, x) - besselj(n + 1.0, x)),
    "bessely_slope": lambda n, x: 0.5 * (bessely(n - 1.0, x) - bessely(n + 1.0, x)),
    "digamma": lambda x: _polygamma(0, x),
    "dsinc": _dsinc,
    "erfcx": _erfcx,
    "lbeta": lbeta_formula,
    "logsumexp": _logsumexp,
    "polygamma": _polygamma,
    "relu": lambda x: where(less_equal(x, 0.0), 0.0, x),
    "sign": lambda x: where(greater(x, 0.0), 1.0, where(less(x, 0.0), -1.0, x + 0.0)),
    "deg": lambda x: x * RADIAN,
    "rad": lambda x: x * (PI / 180.0),
    "exp2": lambda x: pow(2.0, x),
    "_plain_slope": plain_slope_formula,
    "_power_log": power_log_formula,
    "_power_slope": power_slope_formula,
}
