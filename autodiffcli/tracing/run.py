"""From a run's result to its rows."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from autodiffcli.backends.protocol import Gradient, Sweep
from autodiffcli.chain import Edge
from autodiffcli.diagnosis import corners
from autodiffcli.graph import INPUT, Graph
from autodiffcli.language.write import LATEX, PLAIN, UNICODE, Style, number, write
from autodiffcli.passes.simplify import has_hidden, simplify
from autodiffcli.tracing.quantities import Quantities, numbering
from autodiffcli.tracing.rows import AdjointRow, DifferenceRow, FormulaRow, PartialRow, Row, TangentRow, ValueRow
from autodiffcli.tracing.rules import MANY, Rule, known, open_gate, rule

__all__ = ["Trace"]


_SOURCE = 200
"""Characters of its source that a row quotes."""

_SHORT = {PLAIN: 30, UNICODE: 30, LATEX: 120}
"""Characters of a partial derivative that is written as a formula; a longer one is put in as a number."""


class Trace:
    """The rows of a run, made when asked for, from the numbers that it kept; nothing is evaluated again.

    style, precision: how the formulas are written and the numbers in them (None: in full).
    terms: cut sums and formulas to so many terms (None: never).

    nodes:  the ids that have a number, in its order. swept: those with an adjoint, in the order of the sweep.
    """

    def __init__(
        self, result: Gradient, style: Style = UNICODE, precision: int | None = 6, terms: int | None = None
    ) -> None:
        graph = self.graph = result.graph
        self.result, self.style, self.precision, self.terms = result, style, precision, terms
        self.say = Quantities(graph, style)
        inputs = list(graph.inputs.values())
        self.nodes = numbering(graph, result.size)
        self.number_of = {i: n for n, i in enumerate(self.nodes, 1)}
        self.forward = [sweep for sweep in result.sweeps if sweep.variable]
        self.backward = next((sweep for sweep in result.sweeps if not sweep.variable), None)
        self._varies = graph.depends(inputs)
        self._edges: dict[int, list[Edge]] | None = None
        self._formulas: tuple[Graph, dict[str, int]] | None = None
        self._chosen: dict[int, str] | None = None
        self._slopes: dict[int, dict[tuple[int, int], float]] = {}
        self.swept: list[int] = []
        if self.backward is not None:
            active = graph.depends([graph.inputs[name] for name in result.gradient if name in graph.inputs])
            self.swept = [i for i in reversed(self.nodes) if active[i]]

    def rows(self) -> Iterator[Row]:
        """Return every row: the evaluation, then what the mode did."""
        for i in self.nodes:
            yield self.value_row(i)
        for sweep in self.forward:
            for i in self.nodes:
                yield self.tangent_row(sweep, i)
        for i in self.swept:
            yield from self.partial_rows(i)
            yield self.adjoint_row(i)
        for name in self.result.steps:
            yield self.difference_row(name)
        for name in self.result.formulas:
            yield self.formula_row(name)

    def name(self, i: int) -> str:
        """Return what a node is called."""
        return self.say.value(self.number_of[i])

    def corners(self) -> Iterator[ValueRow]:
        """Return the nodes at which the derivative is a documented choice, of those that a derivative flows through."""
        for i in self.nodes:
            if self.note(i):
                yield self.value_row(i)

    def formula(self, i: int, limit: int | None = None) -> str:
        """Return a node as a formula of the inputs."""
        return write(self.graph, i, self.style, limit=limit)

    def value_row(self, i: int) -> ValueRow:
        """Return how a node was evaluated."""
        graph = self.graph
        limit = None if self.terms is None else 24 * self.terms

        def atom(a: int) -> str | None:
            return self.say.value(self.number_of[a]) if a != i and a in self.number_of else None

        text = write(graph, i, self.style, atom, limit)
        return ValueRow(self.name(i), text, self.result.values[i], self._source(i), self.note(i))

    def note(self, i: int) -> str:
        """Return the choice that the derivative of a node is at these numbers, or "", as behind a closed gate."""
        if not self.graph.ops[i].corners:
            return ""
        if self._chosen is None:
            names = [name for name in self.result.gradient if name in self.graph.inputs] or list(self.graph.inputs)
            found = corners(self.graph, self.result.values, names, self.graph.outputs[:1])
            self._chosen = {corner.node: corner.choice for corner in found}
        return self._chosen.get(i, "")

    def tangent_row(self, sweep: Sweep, i: int) -> TangentRow:
        """Return how a tangent came about."""
        op, args = self.graph.ops[i], self.graph.args[i]
        value = _entry(sweep, i) or 0.0
        n = self.number_of[i]
        if op is INPUT:
            return TangentRow(sweep.variable, self.say.tangent(n), self._number(value), "", value)
        rules: list[tuple[bool, str]] = []
        numbers: list[tuple[bool, str]] = []
        operands = self._operands(i)
        many = len(args) > MANY
        constants = () if many else known(self.graph, args)
        for k, a in enumerate(args):
            if not self._varies[a] or a not in self.number_of:
                continue
            if not (self._slope(sweep, i, k) if many else open_gate(op, k, operands)):
                continue
            if self.terms is not None and len(rules) >= self.terms:
                rules.append((False, "…"))
                numbers.append((False, "…"))
                break
            slope = None if many else rule(op, len(args), k, constants)
            subtracted = slope == -1.0
            dot, name = _entry(sweep, a), self.say.tangent(self.number_of[a])
            amount = self._number(dot or 0.0, after=bool(numbers) or subtracted)
            if slope in (1.0, -1.0):
                rules.append((subtracted, name))
                numbers.append((subtracted, amount))
                continue
            by_name = self._factor(i, k, by_name=True) or self.say.derivative(n, self.number_of[a])
            rules.append((False, f"{name}{self.say.times}{by_name}"))
            factor = self._factor(i, k) or self._slope(sweep, i, k)
            numbers.append((False, f"{amount}{self.say.times}{factor}" if factor else "0"))
        put_in = self.say.sum(numbers) if numbers else ""
        return TangentRow(sweep.variable, self.say.tangent(n), self.say.sum(rules), put_in, value)

    def adjoint_row(self, i: int) -> AdjointRow:
        """Return how an adjoint came about: a sum over the edges, in the order of the sweep."""
        assert self.backward is not None
        value = _entry(self.backward, i)
        name = self.say.adjoint(self.number_of[i])
        groups = self._users(i)
        if not groups:
            return AdjointRow(name, self._number(value or 0.0), "", value or 0.0)
        rules: list[tuple[bool, str]] = []
        closed = False
        numbers: list[tuple[bool, str]] = []
        for j, edges in groups:
            if self.terms is not None and len(rules) >= self.terms:
                rules.append((False, "…"))
                numbers.append((False, "…"))
                break
            n = self.number_of[j]
            derivative = self.say.derivative(n, self.number_of[i])
            rules.append((False, f"{self.say.adjoint(n)}{self.say.times}{derivative}"))
            if _closed(edges):  # 0·inf would say that it is nan
                numbers.append((False, "0"))
                closed = True
                continue
            amount = self._number(_entry(self.backward, j) or 0.0, after=bool(numbers))
            numbers.append((False, f"{amount}{self.say.times}{self._total(edges)}"))
        remark = self.say.remark("closed gate") if closed else ""
        return AdjointRow(name, self.say.sum(rules), self.say.sum(numbers) + remark, value or 0.0)

    def partial_rows(self, i: int) -> list[PartialRow]:
        """Return the partial adjoints whose sum is the adjoint of a node, one for each of its users."""
        return [
            PartialRow(
                self.say.partial_adjoint(self.number_of[i], self.number_of[j]),
                self.name(j),
                self.name(i),
                self._total(edges, by_name=True, alone=True),
                self._total(edges, alone=True) + (self.say.remark("closed gate") if _closed(edges) else ""),
                sum(float(edge.partial) for edge in edges),
                sum(float(edge.term) for edge in edges),
            )
            for j, edges in self._users(i)
        ]

    def difference_row(self, name: str) -> DifferenceRow:
        """Return a difference quotient."""
        result = self.result
        error, side = result.errors.get(name, float("nan")), result.sides.get(name, "both")
        return DifferenceRow(name, result.steps[name], result.gradient[name], error, side)

    def formula_row(self, name: str, limit: int = 1_000_000) -> FormulaRow:
        """Return a partial derivative as a formula, cut where it is too long to be of use."""
        if self._formulas is None:
            self._formulas = self._written_formulas()
        graph, nodes = self._formulas
        return FormulaRow(name, write(graph, nodes[name], self.style, limit=limit), self.result.gradient[name])

    def _written_formulas(self) -> tuple[Graph, dict[str, int]]:
        """Return the formulas, as on paper if there are operations in them that have no name in the language."""
        graph, nodes = self.graph, self.result.formulas
        if not has_hidden(graph, nodes.values()):
            return graph, nodes
        graph = graph.copy()
        graph.outputs = list(nodes.values())
        graph = simplify(graph, readable=True)
        return graph, dict(zip(nodes, graph.outputs, strict=True))

    def _source(self, i: int) -> str:
        """Return the source text of a node, of a long one its beginning: nested sources add up to n² characters."""
        span = self.graph.span(i)
        if span is None:
            return ""
        start, end = span
        return (
            self.graph.source[start:end] if end - start <= _SOURCE else f"{self.graph.source[start : start + _SOURCE]}…"
        )

    def _operands(self, i: int) -> list[float]:
        values = self.result.values
        return [values[i], *[values[a] for a in self.graph.args[i]]]

    def _number(self, x: float, after: bool = False) -> str:
        text = number(x, self.precision, self.style)
        if after and text.startswith(("-", "−")):
            return f"\\left({text}\\right)" if self.style is LATEX else f"({text})"
        return text

    def _users(self, i: int) -> list[tuple[int, list[Edge]]]:
        """Return the edges from a node to its users, those to the same user together: x*x has one partial, x + x."""
        if self._edges is None:
            self._edges = {}
            for edge in self.backward.edges if self.backward is not None else ():
                if edge.user in self.number_of:
                    self._edges.setdefault(edge.node, []).append(edge)
        groups: dict[int, list[Edge]] = {}
        for edge in self._edges.get(i, ()):
            groups.setdefault(edge.user, []).append(edge)
        return list(groups.items())

    def _total(self, edges: list[Edge], by_name: bool = False, alone: bool = False) -> str:
        """Return the sum of the partials of one user, to stand behind a product sign, or alone."""
        single = len(edges) == 1
        parts: list[tuple[bool, str]] = []
        for edge in edges:
            leading = not parts and (alone or not single)
            text = self._factor(
                edge.user, edge.position, by_name, within=6 if single and not alone else 5, after=not leading
            )
            if text is None:
                text = self._number(float(edge.partial), after=not leading)
            parts.append((False, text))
        total = self.say.sum(parts)
        if single or alone:
            return total
        return f"\\left({total}\\right)" if self.style is LATEX else f"({total})"

    def _factor(self, j: int, k: int, by_name: bool = False, within: int = 6, after: bool = True) -> str | None:
        """Return ∂vⱼ/∂(its argument k) as a formula of names or of numbers; None where that is too long.

        It stands behind a product sign, where a quotient stays bare: 1·1/2 is (1·1)/2 and 1·(1/2) alike.
        """
        graph = self.graph
        op, args = graph.ops[j], graph.args[j]
        if len(args) > MANY:
            return None
        operands = self._operands(j)
        if not open_gate(op, k, operands):
            return "0"
        slope = rule(op, len(args), k, known(graph, args))
        if slope is None:
            return None
        if not isinstance(slope, Rule):
            return self._number(slope, after)
        if not slope.tells(operands):
            return None
        nodes = (j, *args)

        def atom(a: int) -> str | None:
            role = slope.roles.get(a)
            if role is None:
                constant = slope.graph.constants.get(a)
                named = constant is None or a in slope.graph.constant_names
                return None if named else self._number(constant)  # type: ignore[arg-type]
            if by_name and nodes[role] in self.number_of:
                return self.name(nodes[role])
            return self._number(operands[role])

        limit = _SHORT[self.style]
        text = write(slope.graph, slope.node, self.style, atom, limit, within=within, after=after)
        return None if text.endswith("…") else text

    def _slope(self, sweep: Sweep, j: int, k: int) -> str:
        """Return the number that a forward sweep found for a partial derivative, "" where nothing flowed."""
        slopes = self._slopes.get(id(sweep))
        if slopes is None:
            slopes = {(edge.user, edge.position): float(edge.partial) for edge in sweep.edges}
            self._slopes[id(sweep)] = slopes
        slope = slopes.get((j, k))
        return "" if slope is None else self._number(slope, after=True)


def _closed(edges: list[Edge]) -> bool:
    """Tell whether nothing flows along edges whose partials are not finite: they stand behind a gate that is closed."""
    return any(edge.term == 0 and not isfinite(edge.partial) for edge in edges)


def _entry(sweep: Sweep, i: int) -> float | None:
    return sweep.numbers[i] if i < len(sweep.numbers) else None
