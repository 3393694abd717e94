"""A loss over rows, cut in two: what each row gives, and what is made of the sums over them.

The rows' part is a graph of columns and of scalars, numbers that the parameters alone decide: w, w[0], or exp(-k). Its
terms and their derivatives by the scalars are all that is to be summed over a table; the rest needs no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autodiffcli.derivatives import extend, pullback
from autodiffcli.errors import RequestError
from autodiffcli.fitting.steps import Layout, written
from autodiffcli.graph import Graph, Node
from autodiffcli.passes.simplify import simplify

__all__ = ["NUMPY", "Cut", "cut"]

NUMPY = "--engine numpy, which computes every loss, over CSV, TSV and JSON Lines"
"""The remedy for what no query computes."""


class Cut(NamedTuple):
    """The parts of a loss.

    scalars: the graph of parameters -> scalars. names: what these are called in the other two.
    rows:    that of columns i0, i1, ... and scalars -> terms, each followed by its derivatives by scalars.
    whole:   that of parameters, scalars, and the sums "0", "1", ... of what `rows` gives -> loss and gradient.
    """

    scalars: Graph
    names: list[str]
    rows: Graph
    whole: Graph


def cut(text: str, layout: Layout, columns: Sequence[str], count: int) -> Cut:
    """Cut a loss over so many rows. Raises RequestError where it is not made of sums and means of what each row gives.

    >>> parts = cut("sum((w*x - y)^2) + w^2", Layout({"w": 1.0}), ["x", "y"], 9)
    >>> parts.names, list(parts.rows.inputs), list(parts.whole.inputs)
    (['p0'], ['i0', 'i1', 'p0'], ['w', '0', 'p0', '1'])
    """
    graph = written(text, layout, dict.fromkeys(columns, (count,)))
    cutter = _Cutter(graph, layout, columns)
    scalars = cutter.whole.copy()
    for i in range(len(graph)):
        cutter.take(i)
    scalars.outputs = [cutter.ids[i] for i in cutter.scalars.values()]
    cutter.whole.outputs = [cutter.ids[graph.outputs[0]]]
    whole = simplify(extend(cutter.whole, layout.shapes).graph, exact=True)
    return Cut(scalars, list(cutter.scalars), simplify(cutter.rows, exact=True), whole)


class _Cutter:
    """Takes the nodes of a loss in order, each into the part that it belongs to: at first those that need no row."""

    def __init__(self, graph: Graph, layout: Layout, columns: Sequence[str]) -> None:
        self.graph = graph
        self.live = graph.live(graph.outputs)
        self.of_rows = graph.depends([graph.inputs[name] for name in columns])
        self.moving = graph.depends([graph.inputs[name] for name in layout.shapes])
        self.rows, self.whole = Graph(graph.source), Graph(graph.source)
        self.places = {graph.inputs[name]: self.rows.input(f"i{k}") for k, name in enumerate(columns)}
        self.ids: dict[int, int] = {}
        self.scalars: dict[str, int] = {}
        for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
            if self.of_rows[i]:
                continue
            if i in graph.names:
                self.ids[i] = self.whole.input(graph.names[i], shape=graph.shape(i))
            elif i in graph.constants:
                self.ids[i] = self.whole.constant(graph.constants[i])
            else:
                self.ids[i] = self.whole.apply(op, tuple([self.ids[a] for a in args]))

    def take(self, i: int) -> None:
        """Take a node that rows decide. Raises RequestError for one that is no sum of theirs, nor made of such."""
        graph, op, args = self.graph, self.graph.ops[i], self.graph.args[i]
        if not (self.live[i] and self.of_rows[i]) or i in self.places:
            return
        if all(a in self.ids for a in args):
            self.ids[i] = self.whole.apply(op, tuple([self.ids[a] for a in args]))
        elif op.name in ("sum", "mean") and not graph.shape(i):
            total = self._total(self.places[args[0]])
            self.ids[i] = (total if op.name == "sum" else total / float(graph.shape(args[0])[0])).id
        else:
            self._check(i)
            self.places[i] = self.rows.apply(op, tuple([self._of_row(a) for a in args]))

    def _of_row(self, i: int) -> int:
        """Return the node of `rows` that a node is."""
        if i not in self.places and i in self.graph.constants:
            self.places[i] = self.rows.constant(self.graph.constants[i])
        elif i not in self.places:
            name = f"p{len(self.scalars)}"
            self.scalars[name] = i
            self.places[i] = self.rows.input(name)
        return self.places[i]

    def _total(self, term: int) -> Node:
        """Return the sum S of a term over the rows, as S + Σ D·(p − q): its value and its gradient are those of S.

        D are its derivatives by the scalars p, which were q when they were taken.
        """
        rows, whole, scalars = self.rows, self.whole, self.scalars
        moved = [
            name
            for name, i in scalars.items()
            if self.moving[i] and (p := rows.inputs[name]) < term and rows.depends([p], term + 1)[term]
        ]
        first = len(rows.outputs)
        rows.outputs += [term, *pullback(rows, term, [rows.inputs[name] for name in moved])]
        total = Node(whole, whole.input(str(first)))
        for k, name in enumerate(moved, first + 1):
            step = Node(whole, self.ids[scalars[name]]) - Node(whole, whole.input(name))
            total += Node(whole, whole.input(str(k))) * step
        return total

    def _check(self, i: int) -> None:
        """Raise RequestError for what is no number of each row."""
        graph, op = self.graph, self.graph.ops[i]
        at, said = i, f"{op.symbol} of columns is no number of each row, nor a sum of such over them"
        hint = "write the loss as sums or means of what each row gives"
        for a in graph.args[i]:
            if self.of_rows[a] and a in self.ids:
                at, said = a, "what all rows decide is used in each of them, which takes a query before the query"
                hint = "compute it before, as a column or as a parameter"
            elif a in self.ids and graph.shape(a):
                at, said = a, f"an array of shape {graph.shape(a)} meets columns, which are numbers in a query"
                hint = "take its entries one by one: w[0]*x1 + w[1]*x2"
        if at != i or op.shape is not None:
            span = graph.span(at) or graph.span(i)
            raise RequestError(said, source=graph.source, span=span, hint=f"{hint}; or take {NUMPY}")
