"""The operations of each way to differentiate expressions with arrays, in operations on entries."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from autodiffcli.costing.kinds import Kinds, of_node, total
from autodiffcli.derivatives import pushforward
from autodiffcli.graph import Graph

__all__ = ["entries", "forward", "stored"]


def entries(graph: Graph, names: Sequence[str]) -> int:
    """Return how many entries some inputs have together; a number is one."""
    return sum(prod(graph.shape(graph.inputs[name])) for name in names)


def stored(graph: Graph) -> int:
    """Return how many entries the values of all operations have together."""
    return sum(prod(graph.shape(i)) for i, args in enumerate(graph.args) if args)


def forward(graph: Graph, names: Sequence[str]) -> Kinds:
    """Return the operations of a pass for each entry of some inputs, the evaluation not among them."""
    found = []
    for name in names:
        longer, i = graph.copy(), graph.inputs[name]
        (seed,) = [longer.input(f"{name}\u0307", shape=graph.shape(i))]
        longer.outputs = pushforward(longer, graph.outputs, {i: longer.node(seed)})
        live = longer.live(longer.outputs)
        work = total([(of_node(longer, k), 1) for k in range(len(graph), len(longer)) if live[k] and longer.args[k]])
        found.append((work, entries(graph, [name])))
    return total(found)
