"""Forward mode: v̇ⱼ = Σᵢ ∂vⱼ/∂vᵢ·v̇ᵢ, one pass for each input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from autodiffcli.backends.protocol import Backend, Gradient, Sweep, refuse_endless
from autodiffcli.chain import Edge, push
from autodiffcli.derivatives import scalar_output
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.primitive import Shape

__all__ = ["BACKEND"]


class _Forward:
    summary = "one pass per input: tangents beside values"

    def gradient(self, graph: Graph, point: Sequence[Any], wrt: Sequence[str], trace: bool) -> Gradient:
        refuse_endless("forward", graph, sum(prod(graph.shape(graph.inputs[name])) for name in wrt))
        output = scalar_output(graph)
        values = run(graph, point)
        result = Gradient("forward", graph, len(graph), values[output], {}, values)
        for name in wrt:
            found: list[float] = []
            for entry, seed in _directions(graph.shape(graph.inputs[name])):
                edges: list[Edge] | None = [] if trace else None
                tangents = push(graph, values, {graph.inputs[name]: seed}, edges)
                found.append(float(tangents[output] or 0.0))
                result.passes += 1
                if edges is not None:
                    result.sweeps.append(Sweep(name + entry, tangents, edges))
            result.gradient[name] = _shaped(found, graph.shape(graph.inputs[name]))
        return result


def _directions(shape: Shape) -> Iterator[tuple[str, Any]]:
    """Yield each entry of an input, as it is written after its name, and the tangent that is 1 there."""
    if not shape:
        yield "", 1.0
        return
    import numpy as np

    for place in np.ndindex(shape):
        seed = np.zeros(shape)
        seed[place] = 1.0
        yield str(list(place)), seed


def _shaped(entries: list[float], shape: Shape) -> Any:
    if not shape:
        return entries[0]
    import numpy as np

    return np.reshape(np.array(entries, dtype=float), shape)


BACKEND: Backend = _Forward()
