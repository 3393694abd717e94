"""Reverse mode by extending the graph: the adjoint of every node is itself a node, and the longer graph is run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from autodiffcli.backends.protocol import Backend, Gradient, Sweep
from autodiffcli.chain import Edge, pull
from autodiffcli.graph import Graph, Node, growing
from autodiffcli.interpreter import run

__all__ = ["BACKEND", "Extension", "extend"]


class Extension(NamedTuple):
    """A graph with the adjoints of its output appended.

    graph:    the forward nodes, `size` of them, and after them the backward nodes; its outputs are the value and then
              the adjoint of each input asked for.
    adjoints: the node that is v̄ᵢ, by id of a forward node; None where structurally zero.
    edges:    the partial adjoints, whose `partial` and `term` are nodes or numbers.
    """

    graph: Graph
    size: int
    adjoints: list[Node | None]
    edges: list[Edge]


def extend(graph: Graph, wrt: Iterable[str], trace: bool = False) -> Extension:
    """Return the graph extended by the adjoints of its output: value and gradient of any point by one run.

    >>> from autodiffcli.language.parser import parse
    >>> extension = extend(parse("x1*x2"), ["x1", "x2"])
    >>> run(extension.graph, [2.0, 5.0]), extension.graph.outputs
    ([2.0, 5.0, 10.0, 1.0], [2, 1, 0])
    """
    longer, size, output = graph.copy(), len(graph), graph.outputs[0]
    names = list(wrt)
    nodes = [Node(longer, i) for i in range(size)]
    edges: list[Edge] = []
    seed = Node(longer, longer.constant(1.0))
    active = graph.depends(graph.inputs[name] for name in names)
    with growing():
        adjoints = pull(longer, nodes, output, active, seed, edges if trace else None)
    adjoints += [None] * (size - len(adjoints))
    bars = [adjoints[graph.inputs[name]] for name in names]
    longer.outputs = [output, *[longer.constant(0.0) if bar is None else bar.id for bar in bars]]
    return Extension(longer, size, adjoints, edges)


class _Reverse:
    summary = "one sweep back for all inputs: adjoints as nodes of a longer graph, which is then run"

    def gradient(self, graph: Graph, point: Sequence[float], wrt: Sequence[str], trace: bool) -> Gradient:
        longer, size, adjoints, edges = extend(graph, wrt, trace)
        values = run(longer, point)
        output, *bars = longer.outputs
        gradient = {name: values[bar] for name, bar in zip(wrt, bars, strict=True)}
        result = Gradient("reverse", longer, size, values[output], gradient, values, passes=1)
        result.operations = longer.operations()
        if trace:
            number = [None if bar is None else values[bar.id] for bar in adjoints]
            told = [e._replace(partial=_number(e.partial, values), term=_number(e.term, values)) for e in edges]
            result.sweeps.append(Sweep("", number, told))
        return result


def _number(operand: Node | float, values: Sequence[float]) -> float:
    return values[operand.id] if isinstance(operand, Node) else float(operand)


BACKEND: Backend = _Reverse()
