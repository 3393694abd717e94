"""The operations of each way to differentiate, counted on the graph by one loop over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autodiffcli.costing.inputs import Dependence, TooMuch
from autodiffcli.costing.kinds import NONE, Kinds, Number, Slope, evaluated, kind, slope, total
from autodiffcli.graph import Graph, growing

__all__ = ["ByInput", "backprop", "by_input"]


class ByInput(NamedTuple):
    """What is done for each input anew, of all inputs together.

    naive:   every partial derivative written out on its own by the sum, product and chain rules, nothing shared.
    forward: the passes of forward mode, the evaluation not among them.
    """

    naive: Kinds
    forward: Kinds


def by_input(graph: Graph, wrt: Sequence[int]) -> ByInput | None:
    """Return the operations of the naive symbolic gradient and of forward mode; None where counting them is too much.

    The formula of ∂v/∂x is Σₖ pₖ·∂aₖ/∂x, where the partial derivative pₖ is written out with the formulas of v and of
    its arguments in it. Terms that are 0 and factors that are 1 are left out, a factor of -1 is a sign; nothing else is
    simplified. Summed over all x that is Σₖ (size of pₖ and a product) · (number of x that aₖ depends on), so one loop
    over the nodes counts what the lecture counts: n(n-2) products for the gradient of a product of n factors.

    >>> from autodiffcli.language.parser import parse
    >>> g = parse("x1*x2*x3*x4*x5")
    >>> by_input(g, list(g.inputs.values())).naive
    Kinds(products=15, sums=0, others=0)
    """
    try:
        with growing():
            return _by_input(graph, wrt)
    except TooMuch:
        return None


def _by_input(graph: Graph, wrt: Sequence[int]) -> ByInput:
    output = graph.outputs[0]
    last = _last_users(graph, output)
    sizes: dict[int, Kinds] = {}  # of each node as a formula, while it is in use
    slopes: dict[int, Kinds] = {}  # of its derivatives by every input
    dependence = Dependence(wrt)
    pushed: dict[Kinds, int] = {}
    pushed_sums = 0
    for j, args in enumerate(graph.args):
        if not args:
            continue
        op = graph.ops[j]
        sizes[j] = total([(kind(op), 1), *[(sizes[a], 1) for a in args if a in sizes]])
        terms = []
        for k, a in enumerate(args):
            depends = dependence.count(a)
            cost = evaluated(op, len(args), k) if depends else None
            if cost is not None:
                terms.append(_Term(a, slope(graph, j, k), depends, dependence.ones(a)))
                pushed[cost] = pushed.get(cost, 0) + depends
        dying = {a for a in args if last[a] == j}
        if terms:
            nodes = [term.node for term in terms]
            units = [t.node for t in terms if t.slope.number == 1.0 and nodes.count(t.node) == 1]
            dependence.enter(j, list(dict.fromkeys(nodes)), units if len(terms) <= 2 else (), dying)
            depends = dependence.count(j)
            pushed_sums += sum([term.depends for term in terms]) - depends
            slopes[j] = _derived((j, *args), terms, depends, sizes, slopes)
        dependence.leave(dying)
        for a in dying:
            sizes.pop(a, None)
            slopes.pop(a, None)
    return ByInput(slopes.get(output, NONE), total([*pushed.items(), (Kinds(sums=pushed_sums), 1)]))


class _Term(NamedTuple):
    """An argument through which derivatives flow: of so many inputs, of some of which its own derivative is 1."""

    node: int
    slope: Slope
    depends: int
    ones: int


def _derived(
    roles: tuple[int, ...], terms: list[_Term], depends: int, sizes: dict[int, Kinds], slopes: dict[int, Kinds]
) -> Kinds:
    """Return the size of ∂v/∂x as a formula, summed over the inputs x; roles: v and its arguments."""
    products = 0
    sums = sum([term.depends for term in terms]) - depends
    parts: list[tuple[Kinds, Number]] = []
    rest = 0
    for node, partial, count, ones in terms:
        if node in slopes:
            parts.append((slopes[node], 1))
        if partial.number is None:
            parts.append((partial.kinds, count))
            parts += [(sizes[i], n * count) for i, n in zip(roles, partial.roles, strict=True) if n and i in sizes]
        if partial.number == -1.0:
            sums += depends
        else:
            rest = max(rest, count)
            products += 0 if partial.number == 1.0 else count - ones
    # a - b has one minus where b depends on x, behind a term or as a sign
    sums -= rest if any(term.slope.number == -1.0 for term in terms) else 0
    return total([(Kinds(products, sums), 1), *parts])


def backprop(graph: Graph, wrt: Sequence[int]) -> Kinds:
    """Return the operations of a sweep back over the graph, the evaluation not among them.

    >>> from autodiffcli.language.parser import parse
    >>> g = parse("x1*x2*x3*x4*x5")
    >>> backprop(g, list(g.inputs.values()))
    Kinds(products=8, sums=0, others=0)
    """
    output = graph.outputs[0]
    active = graph.depends(wrt)
    reached = bytearray(len(graph))
    reached[output] = 1
    edges: dict[Kinds, int] = {}
    sums = 0
    for j in range(output, -1, -1):
        args = graph.args[j]
        if not reached[j] or not args:
            continue
        for k, a in enumerate(args):
            cost = evaluated(graph.ops[j], len(args), k) if active[a] else None
            if cost is not None:
                edges[cost] = edges.get(cost, 0) + 1
                sums += reached[a]
                reached[a] = 1
    return total([*edges.items(), (Kinds(sums=sums), 1)])


def _last_users(graph: Graph, output: int) -> list[int]:
    last = [-1] * len(graph)
    for j, args in enumerate(graph.args):
        for a in args:
            last[a] = j
    last[output] = len(graph)
    return last
