"""Forward mode: v̇ⱼ = Σᵢ ∂vⱼ/∂vᵢ·v̇ᵢ, one pass for each input."""

from __future__ import annotations

from collections.abc import Sequence

from autodiffcli.backends.protocol import Backend, Gradient, Sweep, refuse_endless
from autodiffcli.chain import Edge, push
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run

__all__ = ["BACKEND"]


class _Forward:
    summary = "one pass per input: tangents beside values"

    def gradient(self, graph: Graph, point: Sequence[float], wrt: Sequence[str], trace: bool) -> Gradient:
        refuse_endless("forward", graph, len(wrt))
        output = graph.outputs[0]
        values = run(graph, point)
        result = Gradient("forward", graph, len(graph), values[output], {}, values)
        for name in wrt:
            edges: list[Edge] | None = [] if trace else None
            tangents = push(graph, values, {graph.inputs[name]: 1.0}, edges)
            result.gradient[name] = float(tangents[output] or 0.0)
            result.passes += 1
            if edges is not None:
                result.sweeps.append(Sweep(name, tangents, edges))
        return result


BACKEND: Backend = _Forward()
