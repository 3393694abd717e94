"""Derivatives as nodes: the graph grows by its own derivative, which can be differentiated again, and again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from autodiffcli.chain import Edge, pull, push
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph, Node, growing
from autodiffcli.primitive import Shape

__all__ = ["Extension", "extend", "pullback", "pushforward", "scalar_output"]


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

    Raises RequestError where a derivative is refused, and where the output is an array.

    >>> from autodiffcli.language.parser import parse
    >>> from autodiffcli.interpreter import run
    >>> extension = extend(parse("x1*x2"), ["x1", "x2"])
    >>> run(extension.graph, [2.0, 5.0]), extension.graph.outputs
    ([2.0, 5.0, 10.0, 1.0], [2, 1, 0])
    """
    longer, size, output = graph.copy(), len(graph), scalar_output(graph)
    inputs = [graph.inputs[name] for name in wrt]
    edges: list[Edge] = []
    nodes = [Node(longer, i) for i in range(output + 1)]
    active = longer.depends([i for i in inputs if i <= output], output + 1)
    with growing():
        adjoints = pull(longer, nodes, output, active, _node(longer, 1.0), edges if trace else None)
    adjoints += [None] * (size - len(adjoints))
    longer.outputs = [output, *[_id(longer, adjoints[i], longer.shape(i)) for i in inputs]]
    return Extension(longer, size, adjoints, edges)


def pushforward(graph: Graph, outputs: Sequence[int], seeds: Mapping[int, Any]) -> list[int]:
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
    return [_id(graph, tangents[i], graph.shape(i)) for i in outputs]


def pullback(graph: Graph, output: int, variables: Sequence[int]) -> list[int]:
    """Append the adjoints that the output, a number, causes to the graph; return those of the variables (a VJP).

    >>> from autodiffcli.language.parser import parse
    >>> g = parse("sum(x*x)", shapes={"x": (3,)})
    >>> [g.shape(i) for i in pullback(g, g.outputs[0], [g.inputs["x"]])]
    [(3,)]
    """
    nodes = [Node(graph, i) for i in range(output + 1)]
    active = graph.depends([i for i in variables if i <= output], output + 1)
    with growing():
        bars = pull(graph, nodes, output, active, _node(graph, 1.0))
    return [_id(graph, bars[i] if i <= output else None, graph.shape(i)) for i in variables]


def scalar_output(graph: Graph, wanted: str = "a gradient is that of a number") -> int:
    """Return the output of a graph. Raises RequestError where it is an array; `wanted` says who asks for a number."""
    output = graph.outputs[0]
    shape = graph.shape(output)
    if shape:
        raise RequestError(
            f"{wanted}, and this is an array of shape {shape}",
            source=graph.source,
            span=graph.span(output),
            hint="make it a number, with sum(...) or by an index; jacobian takes arrays",
        )
    return output


def _node(graph: Graph, operand: Any) -> Node:
    return operand if isinstance(operand, Node) else Node(graph, graph.number(operand))


def _id(graph: Graph, node: Node | None, shape: Shape) -> int:
    if node is not None:
        return node.id
    if not shape:
        return graph.constant(0.0)
    import numpy as np

    return graph.constant(np.zeros(shape), f"zeros({', '.join(map(str, shape))})")
