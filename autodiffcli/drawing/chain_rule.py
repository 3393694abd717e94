"""The backward graph as the lecture draws it: one node for each adjoint and each partial adjoint, nothing folded.

`derivatives.extend` folds while it grows, so that v̄3 and v̄2→3, which are equal, are one node from the start. Here each
is a node of its own, and `passes.simplify` merges them: before and after can both be drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from autodiffcli import chain
from autodiffcli.derivatives import extend
from autodiffcli.graph import Graph, Node
from autodiffcli.primitive import Gated
from autodiffcli.primitives import add, mul, neg, where
from autodiffcli.tracing.quantities import numbering

__all__ = ["Quantity", "Unfolded", "adjoints", "values"]


class Quantity(NamedTuple):
    """What a node of a graph is: v_i (user 0), v̄_i (bar), or v̄_i→j (bar, and user j), by the numbers of the trace."""

    node: int
    number: int
    bar: bool = False
    user: int = 0


class Unfolded(NamedTuple):
    """A graph, its quantities in the order in which they are computed, and the copies among its nodes.

    copies: the nodes that are their first argument and nothing more: v̄2→3 = v̄3·1.
    seed:   the node that is v̄ of the output; -1 where there is no backward half.
    """

    graph: Graph
    quantities: list[Quantity]
    copies: set[int]
    seed: int = -1


def values(graph: Graph) -> Unfolded:
    """Return the graph as it is, its numbered nodes being the quantities."""
    return Unfolded(graph, [Quantity(i, n) for n, i in enumerate(numbering(graph), 1)], set())


def adjoints(graph: Graph, wrt: Iterable[str], seed: str) -> Unfolded:
    """Return the graph extended by the adjoints of its output, whose own adjoint is written `seed`.

    The outputs of the new graph are the value, then the adjoint of each input of `wrt`. Raises RequestError where a
    derivative is refused.

    >>> from autodiffcli.language.parser import parse
    >>> unfolded = adjoints(parse("exp(x)*(exp(x)+1)"), ["x"], "seed")
    >>> [(q.number, q.user) for q in unfolded.quantities if q.bar]
    [(4, 0), (3, 0), (2, 4), (2, 3), (2, 0), (1, 0)]
    """
    names = list(wrt)
    extension = extend(graph, names, trace=True)
    longer = extension.graph  # the partial derivatives are nodes of it, and it is ours to grow
    longer.share = False
    output = graph.outputs[0]
    quantities = values(graph).quantities
    number_of = {q.node: q.number for q in quantities}
    first = longer.constant(1.0, seed)
    sweep = _Sweep(longer, quantities, number_of, {output: first}, set())
    if output in number_of:
        quantities.append(Quantity(first, number_of[output], bar=True))
    flows: dict[int, list[chain.Edge]] = {}
    for edge in extension.edges:
        flows.setdefault(edge.node, []).append(edge)
    for i in sorted(flows, reverse=True):
        sweep.adjoint(i, flows[i])
    zero = longer.constant(0.0)
    inputs = [graph.inputs[name] for name in names]
    quantities += [Quantity(zero, number_of[i], bar=True) for i in inputs if i not in sweep.bars]
    longer.outputs = [output, *[sweep.bars.get(i, zero) for i in inputs]]
    return Unfolded(longer, quantities, sweep.copies, first)


class _Sweep(NamedTuple):
    graph: Graph
    quantities: list[Quantity]
    number_of: dict[int, int]
    bars: dict[int, int]
    copies: set[int]

    def adjoint(self, i: int, edges: list[chain.Edge]) -> None:
        """Append v̄ᵢ, the sum of the partial adjoints over its users; those of one user, as in x*x, are one."""
        by_user: dict[int, list[chain.Edge]] = {}
        for edge in edges:
            by_user.setdefault(edge.user, []).append(edge)
        terms: list[int] = []
        for user, same in by_user.items():
            term = self.sum([self.product(edge) for edge in same])
            if len(by_user) > 1:
                self.quantities.append(Quantity(term, self.number_of[i], bar=True, user=self.number_of[user]))
            terms.append(term)
        self.bars[i] = self.sum(terms)
        self.quantities.append(Quantity(self.bars[i], self.number_of[i], bar=True))

    def sum(self, terms: list[int]) -> int:
        total = terms[0]
        for term in terms[1:]:
            total = self.graph.apply(add, (total, term))
        return total

    def product(self, edge: chain.Edge) -> int:
        """Return v̄ⱼ·∂vⱼ/∂vᵢ; a term behind a gate stays behind it."""
        graph, bar = self.graph, self.bars[edge.user]
        if edge.partial is None:
            return self.of_array(edge, bar)
        partial: int = edge.partial.id if isinstance(edge.partial, Node) else graph.number(edge.partial)
        slope = None if graph.shape(partial) else graph.constants.get(partial)
        node = graph.apply(neg, (bar,)) if slope == -1.0 else graph.apply(mul, (bar, partial))
        if slope == 1.0:
            self.copies.add(node)
        term = edge.term
        # A term is a selection where a gate made it one, or where it is the partial itself: 1·where(x > 0, 1, 0.01).
        if isinstance(term, Node) and graph.ops[term.id] is where and term.id != partial:
            node = graph.apply(where, (graph.args[term.id][0], node, graph.constant(0.0)))
        if graph.shape(node) != graph.shape(edge.node):
            from autodiffcli.primitives.tensor import unbroadcast

            node = unbroadcast(Node(graph, node), graph.shape(edge.node)).id
        return node

    def of_array(self, edge: chain.Edge, bar: int) -> int:
        """Return the term of an operation on whole arrays, which has no partial to multiply by."""
        graph, j = self.graph, edge.user
        op, args = graph.ops[j], graph.args[j]
        assert op.vjp is not None
        rule: Any = op.terms(op.vjp, len(args))[edge.position]
        term = rule(Node(graph, bar), Node(graph, j), *[Node(graph, a) for a in args])
        if isinstance(term, Gated):
            term = where(term.condition, term.term, 0.0)
        return term.id if isinstance(term, Node) else graph.number(term)
