"""Derivatives as nodes: the graph grows by its own derivative, which can be differentiated again, and again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from autodiffcli.chain import Edge, pull, push
from autodiffcli.graph import Graph, Node, growing

__all__ = ["Extension", "extend", "pushforward"]


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
    >>> from autodiffcli.interpreter import run
    >>> extension = extend(parse("x1*x2"), ["x1", "x2"])
    >>> run(extension.graph, [2.0, 5.0]), extension.graph.outputs
    ([2.0, 5.0, 10.0, 1.0], [2, 1, 0])
    """
    longer, size, output = graph.copy(), len(graph), graph.outputs[0]
    inputs = [graph.inputs[name] for name in wrt]
    edges: list[Edge] = []
    nodes = [Node(longer, i) for i in range(output + 1)]
    active = longer.depends([i for i in inputs if i <= output], output + 1)
    with growing():
        adjoints = pull(longer, nodes, output, active, _node(longer, 1.0), edges if trace else None)
    adjoints += [None] * (size - len(adjoints))
    longer.outputs = [output, *[_id(longer, adjoints[i]) for i in inputs]]
    return Extension(longer, size, adjoints, edges)


def pushforward(graph: Graph, outputs: Sequence[int], seeds: Mapping[int, Node | float]) -> list[int]:
    """Append the tangents that the seeds (by node) cause to the graph; return those of the outputs (a JVP).

    >>> from autodiffcli.language.parser import parse
    >>> g = parse("x*x")
    >>> [g.ops[i].name for i in pushforward(g, g.outputs, {g.inputs["x"]: 1.0})]
    ['add']
    """
    nodes = [Node(graph, i) for i in range(max(outputs, default=-1) + 1)]
    lifted = {i: _node(graph, seed) for i, seed in seeds.items() if i < len(nodes)}
    with growing():
        tangents = push(graph, nodes, lifted)
    return [_id(graph, tangents[i]) for i in outputs]


def _node(graph: Graph, operand: Node | float) -> Node:
    return operand if isinstance(operand, Node) else Node(graph, graph.constant(float(operand)))


def _id(graph: Graph, node: Node | None) -> int:
    return graph.constant(0.0) if node is None else node.id
