"""Taylor coefficients along a direction, of every function, from its first partial derivatives alone.

A primitive y of x has y' = Σᵢ ∂y/∂xᵢ·xᵢ' along the direction, and its declaration gives the partials as arithmetic on
operands. Run on graph nodes they append to the graph, in which equal nodes are one: sin brings cos and cos finds sin
again, so that most functions close after a step or two. Those that never do (x^2.5 brings x^1.5, and so on) are cut
off, since a partial needs one coefficient less than its function. The coefficients are then filled in order by order,
each a loop over ids: k·y_k takes those of the partials below k. (Differentiating the whole graph N times would let it
grow exponentially in N.) Products and quotients alone are known to the arithmetic of series; whatever else is there
comes from its declaration. Griewank & Walther, Evaluating Derivatives, chapter 13.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import mul as times
from typing import NamedTuple

from autodiffcli.chain import slope_of
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph, Node, growing
from autodiffcli.interpreter import run
from autodiffcli.limits import SERIES
from autodiffcli.primitive import Operand
from autodiffcli.primitives import div, mul

__all__ = ["coefficients"]

PLANNED = 900
"""Products that take as long as it takes to make an operation."""


class _Term(NamedTuple):
    """One ∂y/∂xᵢ·xᵢ': a node's argument, the slope beside it, and the condition that the slope is behind."""

    argument: int
    slope: Node | float
    condition: Operand | None


class _Plan(NamedTuple):
    """The graph with the partials that the coefficients need.

    orders: up to which order each node's coefficients are needed. active: whether they depend on the direction.
    terms:  what y' is the sum of, for each node that is not known to series arithmetic.
    """

    graph: Graph
    orders: list[int]
    active: bytearray
    terms: dict[int, list[_Term]]


def coefficients(graph: Graph, point: Sequence[float], along: Mapping[int, float], order: int) -> list[list[float]]:
    """Return the coefficients c_0 ... c_order of each output: f(point + t·along) = Σ c_k·t^k + O(t^(order + 1)).

    along: the direction, by input node. Raises RequestError where a derivative is refused or the cost is beyond reason.

    >>> from autodiffcli.language.parser import parse
    >>> g = parse("exp(x)/(1 - x)")
    >>> coefficients(g, [0.0], {0: 1.0}, 3)
    [[1.0, 2.0, 2.5, 2.6666666666666665]]
    """
    plan = _planned(graph, along, order)
    longer, orders, active = plan.graph, plan.orders, plan.active
    _check_cost(longer, order, order)
    values = run(longer, point)
    series = [[value] for value in values]
    rates: list[list[float]] = [[] for _ in values]  # of y': its coefficients are k·y_k
    terms = {j: _settled(found, values, active) for j, found in plan.terms.items()}
    nodes = [j for j in range(len(longer)) if active[j]]
    ops, arguments = longer.ops, longer.args
    for k in range(1, order + 1):
        for j in nodes:
            if orders[j] < k:
                continue
            op, y = ops[j], series[j]
            if j in along:
                new = along[j] if k == 1 else 0.0
            elif op is mul:
                a, b = arguments[j]
                if active[a] and active[b]:
                    new = sum(map(times, series[a], series[b][k::-1]))
                else:
                    new = series[a][k] * series[b][0] if active[a] else series[a][0] * series[b][k]
            elif op is div:
                a, b = arguments[j]
                new = series[a][k] if active[a] else 0.0
                if active[b]:
                    new -= sum(map(times, series[b][1:], reversed(y)))
                new = div.evaluate(new, series[b][0])
            else:
                constant, varying = terms[j]
                new = sum([slope * series[a][k] for a, slope in constant], 0.0)
                if varying:
                    new += sum([sum(map(times, rates[a], series[p][k - 1 :: -1])) for a, p in varying]) / k
            y.append(new)
            rates[j].append(k * new)
    return [series[i] + [0.0] * (order + 1 - len(series[i])) for i in graph.outputs]


def _planned(graph: Graph, along: Mapping[int, float], order: int) -> _Plan:
    """Append the partials of every node, then those of the partials to one order less, while there are new ones."""
    longer = graph.copy()
    longer.share = True  # or sin would bring a cos, that another sin, and so on
    active, orders = longer.depends(along), [order] * len(longer)
    terms: dict[int, list[_Term]] = {}
    start = 0
    with growing():
        for needed in range(order, 0, -1):
            end = len(longer)
            for j in range(start, end):
                if active[j] and longer.ops[j] not in (mul, div):
                    terms[j] = _terms(longer, j, active)
                    _check_cost(longer, order, needed)
            for j in range(end, len(longer)):
                active.append(any(map(active.__getitem__, longer.args[j])))
                orders.append(needed - 1)
            if start == end:
                break
            start = end
    active += bytearray(len(longer) - len(active))
    return _Plan(longer, orders, active, terms)


def _check_cost(graph: Graph, order: int, needed: int) -> None:
    if len(graph) * (needed * needed + PLANNED) > SERIES:
        raise RequestError(
            f"order {order:,} of {len(graph):,} nodes and more takes more than {SERIES:,} products",
            hint="ask for a lower --order",
        )


def _terms(graph: Graph, j: int, active: Sequence[int]) -> list[_Term]:
    op, args = graph.ops[j], graph.args[j]
    rules = op.rules(len(args)) if args else ()
    operands = [Node(graph, i) for i in (j, *args)]
    found = []
    for k, i in enumerate(args):
        rule = rules[k]
        if not active[i] or rule == 0.0:
            continue
        slope, condition = (rule, None) if isinstance(rule, float) else slope_of(graph, j, k, rule, operands)
        if slope is not None:
            found.append(_Term(i, slope, condition))
    return found


def _settled(
    terms: Sequence[_Term], values: Sequence[float], active: Sequence[int]
) -> tuple[list[tuple[int, float]], list[tuple[int, int]]]:
    """Return the terms of slopes that are constant, then of those that are series; none behind a closed gate."""
    constant, varying = [], []
    for argument, slope, condition in terms:
        if condition is not None and not values[condition.id]:
            continue
        if not isinstance(slope, Node):
            constant.append((argument, slope))
        elif active[slope.id]:
            varying.append((argument, slope.id))
        else:
            constant.append((argument, values[slope.id]))
    return constant, varying
