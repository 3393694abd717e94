"""Reverse mode by extending the graph: the adjoint of every node is itself a node, and the longer graph is run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiffcli.backends.protocol import Backend, Gradient, Sweep
from autodiffcli.derivatives import extend
from autodiffcli.graph import Graph, Node
from autodiffcli.interpreter import run

__all__ = ["BACKEND"]


class _Reverse:
    summary = "one sweep back for all inputs: adjoints as nodes of a longer graph, which is then run"

    def gradient(self, graph: Graph, point: Sequence[Any], wrt: Sequence[str], trace: bool) -> Gradient:
        longer, size, adjoints, edges = extend(graph, wrt, trace)
        values = run(longer, point)
        output, *bars = longer.outputs
        gradient = {name: values[bar] for name, bar in zip(wrt, bars, strict=True)}
        result = Gradient("reverse", longer, size, values[output], gradient, values, passes=1)
        if trace:
            number = [None if bar is None else values[bar.id] for bar in adjoints]
            told = [e._replace(partial=_number(e.partial, values), term=_number(e.term, values)) for e in edges]
            result.sweeps.append(Sweep("", number, told))
        return result


def _number(operand: Any, values: Sequence[Any]) -> Any:
    if isinstance(operand, Node):
        return values[operand.id]
    return float(operand) if isinstance(operand, int | float) else operand  # an array, or none at all


BACKEND: Backend = _Reverse()
