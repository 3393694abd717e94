"""The rows of a run over arrays: each tangent and adjoint as the matrix formula that it is, X̄ = Z̄·Wᵀ."""

from __future__ import annotations

from typing import Any, NamedTuple

from autodiffcli.backends.protocol import Sweep
from autodiffcli.chain import pull, push
from autodiffcli.graph import INPUT, Graph, Node
from autodiffcli.language.write import LATEX, PLAIN, UNICODE, array_text, write
from autodiffcli.passes.simplify import has_hidden, in_words, simplify
from autodiffcli.tracing.rows import AdjointRow, FormulaRow, PartialRow, TangentRow
from autodiffcli.tracing.run import Trace

__all__ = ["ArrayTrace", "traced"]

_LENGTH = {PLAIN: 2000, UNICODE: 200, LATEX: 2000}
"""Characters of a rule."""

_CONSTANT = 12
"""Entries of a constant array that a rule writes out."""

_TERM = 5  # a term of a sum is parenthesised where it is one itself


class _Step(NamedTuple):
    """An operation by itself: a graph of its arguments, which are inputs there, and of what it makes of them."""

    graph: Graph
    ids: dict[int, int]
    output: int
    names: dict[int, str]

    def nodes(self) -> list[Node]:
        return [Node(self.graph, i) for i in range(self.output + 1)]


def traced(result: Any, *style: Any) -> Trace:
    """Return the trace of a run, of arrays or of numbers."""
    return (ArrayTrace if result.graph.shapes else Trace)(result, *style)


class ArrayTrace(Trace):
    """The rows of a run in which some values are arrays; a rule is a formula of whole arrays."""

    def adjoint_row(self, i: int) -> AdjointRow:
        """Return how an adjoint came about: a sum over the nodes that use this one."""
        assert self.backward is not None
        value, name = self._found(self.backward, i), self.say.adjoint(self.number_of[i])
        terms = [text for j in self._user_ids(i) if (text := self._pulled(j, i))]
        if not terms:
            return AdjointRow(name, "1" if i == self.graph.outputs[0] else "0", "", value)
        return AdjointRow(name, self._sum(terms), "", value)

    def partial_rows(self, i: int) -> list[PartialRow]:
        """Return the partial adjoints whose sum is the adjoint of a node, one for each of its users."""
        rows = []
        for j, edges in self._users(i):
            value: Any = None
            for edge in edges:
                value = edge.term if value is None else value + edge.term
            name = self.say.partial_adjoint(self.number_of[i], self.number_of[j])
            rule = self._pulled(j, i)
            rows.append(PartialRow(name, self.name(j), self.name(i), rule, "", None, value))  # type: ignore[arg-type]
        return rows

    def tangent_row(self, sweep: Sweep, i: int) -> TangentRow:
        """Return how a tangent came about."""
        name, value = self.say.tangent(self.number_of[i]), self._found(sweep, i)
        if self.graph.ops[i] is INPUT:
            return TangentRow(sweep.variable, name, "", "", value)
        return TangentRow(sweep.variable, name, self._pushed(i) or "0", "", value)

    def formula_row(self, name: str, limit: int = 1_000_000) -> FormulaRow:
        """Return a partial derivative as on paper, which is not to the last bit what was evaluated."""
        graph = self.graph.copy()
        graph.outputs = [self.result.formulas[name]]
        graph = simplify(graph, readable=True)
        return FormulaRow(name, write(graph, graph.outputs[0], self.style, limit=limit), self.result.gradient[name])

    def _user_ids(self, i: int) -> list[int]:
        return [j for j, _ in self._users(i)]

    def _found(self, sweep: Sweep, i: int) -> Any:
        """Return what a sweep found for a node, in the node's shape."""
        found = sweep.numbers[i] if i < len(sweep.numbers) else None
        shape = self.graph.shape(i)
        if not shape:
            return float(found or 0.0)
        import numpy as np

        return np.broadcast_to(0.0 if found is None else found, shape)

    def _step(self, j: int) -> _Step:
        graph, step = self.graph, Graph()
        ids: dict[int, int] = {}
        names: dict[int, str] = {}
        for a in dict.fromkeys(graph.args[j]):
            if a in graph.constants:
                ids[a] = step.constant(graph.constants[a], graph.constant_names.get(a, ""))
                if graph.shape(a) and graph.constants[a].size > _CONSTANT:
                    names[ids[a]] = f"c{a}"
            else:
                ids[a] = step.input(f"x{a}", shape=graph.shape(a))
                names[ids[a]] = self.name(a) if a in self.number_of else f"x{a}"
        output = step.apply(graph.ops[j], tuple(ids[a] for a in graph.args[j]))
        names[output] = self.name(j)
        return _Step(step, ids, output, names)

    def _pulled(self, j: int, i: int) -> str:
        """Return the partial adjoint that flows from node j to its argument i as a formula, "" where none does."""
        step = self._step(j)
        bar = step.graph.input("bar", shape=self.graph.shape(j))
        step.names[bar] = self.say.adjoint(self.number_of[j])
        active = bytearray(step.output + 1)
        active[step.ids[i]] = active[step.output] = 1
        found = pull(step.graph, step.nodes(), step.output, active, Node(step.graph, bar))[step.ids[i]]
        return self._written(step, found)

    def _pushed(self, j: int) -> str:
        """Return the tangent of node j as a formula."""
        step, seeds = self._step(j), {}
        nodes = step.nodes()
        for a, own in step.ids.items():
            if self._varies[a] and a in self.number_of:
                dot = step.graph.input(f"d{a}", shape=self.graph.shape(a))
                step.names[dot] = self.say.tangent(self.number_of[a])
                seeds[own] = Node(step.graph, dot)
        return self._written(step, push(step.graph, nodes, seeds)[step.output]) if seeds else ""

    def _written(self, step: _Step, found: Any) -> str:
        if found is None:
            return ""
        if not isinstance(found, Node):
            return self._number(float(found)) if not getattr(found, "shape", ()) else array_text(found, self.style)
        limit, graph, node, names = _LENGTH[self.style], step.graph, found.id, step.names
        if has_hidden(graph, [node]):
            graph.outputs = [node]
            graph = in_words(graph)
            names = {i: names[step.graph.inputs[name]] for name, i in graph.inputs.items()}
            node = graph.outputs[0]
        return write(graph, node, self.style, names.get, limit, within=_TERM, after=False)

    def _sum(self, terms: list[str]) -> str:
        minus = self.say.minus
        signed = [(n > 0 and t.startswith(minus), t.removeprefix(minus) if n else t) for n, t in enumerate(terms)]
        return self.say.sum(signed)
