"""Running a graph over values: one loop for one point and for blocks of points."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain, repeat
from math import isinf, isnan
from typing import Any

from autodiffcli.chain import Edge, Slots, pull
from autodiffcli.errors import MathError, RequestError
from autodiffcli.graph import INPUT, Graph
from autodiffcli.primitive import ARITHMETIC_ERRORS, Primitive

__all__ = ["Step", "execute", "infinite", "last_uses", "run", "run_blocks", "undefined", "undefined_derivative"]

Step = tuple[int, Primitive, tuple[int, ...], Iterable[int]]
"""A node, its primitive, its arguments, and the nodes whose values may go after it."""


def run(graph: Graph, point: Sequence[float]) -> list[float]:
    """Return the value of every node at one point, which gives a float for each input in order of appearance.

    >>> from autodiffcli.graph import Node
    >>> g = Graph()
    >>> x = Node(g, g.input("x"))
    >>> _ = x * x + 1
    >>> run(g, [3.0])
    [3.0, 9.0, 1.0, 10.0]
    """
    return _interpret(graph, point, {op: op.scalar for op in set(graph.ops)})


def run_blocks(graph: Graph, columns: Sequence[Any], drops: Sequence[Iterable[int]] | None = None) -> list[Any]:
    """Return the values of nodes over a block of points: one float64 array for each input.

    drops: for each node, the nodes whose values may go once it is computed (see `last_uses`): None in the result.
    """
    import numpy as np

    with np.errstate(all="ignore"):
        return _interpret(graph, columns, _array_kernels(set(graph.ops)), drops)


def execute(
    steps: Iterable[Step],
    values: Slots,
    kernels: Mapping[Primitive, Callable[..., Any]],
    forget: Callable[[int], object],
) -> None:
    """Evaluate steps in turn, each from the values before it: the one loop that does.

    A step is a node, its primitive and arguments (a leaf has none, its value is there), and the nodes to forget then.
    """
    for node, op, args, dead in steps:
        try:
            if len(args) == 2:
                a, b = args
                values[node] = kernels[op](values[a], values[b])
            elif len(args) == 1:
                values[node] = kernels[op](values[args[0]])
            elif args:
                values[node] = kernels[op](*[values[a] for a in args])
        except ARITHMETIC_ERRORS:
            values[node] = op.edge(*[values[a] for a in args])
        for a in dead:
            forget(a)


def last_uses(graph: Graph, keep: Iterable[int]) -> list[list[int]]:
    """Return for each node the nodes that nothing after it needs, so that a block's work arrays are reused."""
    drops: list[list[int]] = [[] for _ in graph.args]
    seen = bytearray(len(graph))
    for i in keep:
        seen[i] = 1
    for j in range(len(graph) - 1, -1, -1):
        for a in graph.args[j]:
            if not seen[a]:
                seen[a] = 1
                drops[j].append(a)
    return drops


def undefined(graph: Graph, values: Sequence[float], node: int) -> MathError:
    """Return the error that says where a nan began."""
    node = _origin(graph, values, node, isnan)
    op, span = graph.ops[node], graph.span(node)
    if op is INPUT:
        return MathError(f"the result is undefined: {graph.names[node]} is nan", source=graph.source, span=span)
    if not graph.args[node]:
        return MathError("the result is undefined: this is nan", source=graph.source, span=span)
    domain = f"the domain of {op.symbol} is {op.domain}" if op.domain else ""
    return MathError(
        f"{op.symbol} is undefined at {_at(graph, values, node)}", source=graph.source, span=span, hint=domain
    )


def infinite(graph: Graph, values: Sequence[float], node: int) -> str:
    """Return the sentence that says where an infinite value began."""
    value, node = values[node], _origin(graph, values, node, isinf)
    if not graph.args[node]:
        return f"the value is {value}, as {graph.names.get(node) or 'a constant'} is"
    return f"the value is {value}: {graph.ops[node].symbol} at {_at(graph, values, node)} is {values[node]}"


def undefined_derivative(graph: Graph, values: Sequence[float], name: str) -> MathError:
    """Return the error for a derivative that is nan though the value is a number: where in the sweep it began."""
    edges: list[Edge] = []
    pull(graph, values, graph.outputs[0], graph.depends([graph.inputs[name]]), edges=edges)
    edge = next((e for e in edges if isnan(e.term)), None)
    message = f"the derivative by {name} is undefined (nan)"
    if edge is None:
        return MathError(message)
    at = f"{graph.ops[edge.user].symbol} at {_at(graph, values, edge.user)}"
    return MathError(
        f"{message}: in the sweep back, {at} has the partial derivative {edge.partial:.6g}",
        source=graph.source,
        span=graph.span(edge.user),
    )


def _origin(graph: Graph, values: Sequence[float], node: int, bad: Callable[[float], bool]) -> int:
    """Return the node, on the way back from a bad value along the sides taken, whose own arguments are good."""
    while True:
        args = graph.args[node]
        if graph.ops[node].name == "where":
            args = args[1:2] if values[args[0]] else args[2:3]
        behind = next((a for a in args if bad(values[a])), None)
        if behind is None:
            return node
        node = behind


def _at(graph: Graph, values: Sequence[float], node: int) -> str:
    return ", ".join(f"{values[a]:.6g}" for a in graph.args[node])


def _array_kernels(ops: Collection[Primitive]) -> dict[Primitive, Callable[..., Any]]:
    kernels = {op: op.array for op in ops}
    for op in ops:
        if op.joint is not None and all(other in kernels for other in op.joint.ops):
            kernels |= op.joint.kernels()
    return kernels


def _interpret(
    graph: Graph,
    inputs: Sequence[Any],
    kernels: Mapping[Primitive, Callable[..., Any]],
    drops: Sequence[Iterable[int]] | None = None,
) -> list[Any]:
    if len(inputs) != len(graph.inputs):
        raise RequestError(f"{len(graph.inputs)} inputs need as many values, not {len(inputs)}")
    values: list[Any] = [None] * len(graph)
    for i, x in chain(graph.constants.items(), zip(graph.inputs.values(), inputs, strict=True)):
        values[i] = x
    steps = zip(range(len(graph)), graph.ops, graph.args, repeat(()) if drops is None else drops)  # noqa: B905
    execute(steps, values, kernels, lambda node: values.__setitem__(node, None))
    return values
