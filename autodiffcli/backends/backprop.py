"""Backpropagation: adjoints by a sweep back over the same graph, as the first generation of frameworks did.

The adjoints are numbers, not nodes, so they cannot be differentiated again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiffcli.backends.protocol import Backend, Gradient, Sweep, as_number
from autodiffcli.chain import Edge, pull
from autodiffcli.derivatives import scalar_output
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run

__all__ = ["BACKEND"]


class _Backprop:
    summary = "one sweep back over the same graph: adjoints as numbers"

    def gradient(self, graph: Graph, point: Sequence[Any], wrt: Sequence[str], trace: bool) -> Gradient:
        output = scalar_output(graph)
        values = run(graph, point)
        edges: list[Edge] | None = [] if trace else None
        bars = pull(graph, values, output, graph.depends(graph.inputs[name] for name in wrt), edges=edges)
        bars += [None] * (len(graph) - len(bars))
        gradient = {name: as_number(graph, graph.inputs[name], bars[graph.inputs[name]]) for name in wrt}
        result = Gradient("backprop", graph, len(graph), values[output], gradient, values, passes=1)
        if edges is not None:
            result.sweeps.append(Sweep("", bars, edges))
        return result


BACKEND: Backend = _Backprop()
