"""Backpropagation that keeps few of the forward values and computes the others again: an option, not a mode.

The adjoints are those of backprop to the last bit: the same terms are added in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from autodiffcli.backends.protocol import Gradient
from autodiffcli.checkpoint import Plan, leaves, plan, pull_in_parts
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run

__all__ = ["Checkpointed"]


class Checkpointed:
    """Backpropagation within a budget of stored values: "sqrt", "binomial", or how many (see `checkpoint.plan`).

    >>> from autodiffcli.language.parser import parse
    >>> result = Checkpointed("sqrt").gradient(parse("sin(sin(sin(sin(x))))"), [1.0], ["x"], False)
    >>> result.gradient, result.counts
    ({'x': 0.20593520601205578}, Counts(forward=5, stored=3, checkpoints=1, kept=1))
    """

    summary = "one sweep back in parts, each recomputed from the checkpoint before it"

    def __init__(self, budget: str | int) -> None:
        self.budget = budget

    def gradient(self, graph: Graph, point: Sequence[float], wrt: Sequence[str], trace: bool) -> Gradient:
        """Return value and gradient; see `Backend`. Raises RequestError for a budget too small, and for a trace."""
        if trace:
            raise RequestError(
                "a trace shows every value, and checkpoints keep few", hint="leave out --checkpoint, or give --no-trace"
            )
        return self.follow(plan(graph, self.budget), point, wrt)

    @staticmethod
    def follow(made: Plan, point: Sequence[float], wrt: Sequence[str]) -> Gradient:
        """Return value and gradient by a plan that was made before, which serves every point."""
        graph = made.graph
        active = graph.depends([graph.inputs[name] for name in wrt])
        value, bars, counts = pull_in_parts(made, leaves(graph, point), lambda op: op.scalar, active)
        gradient = {name: float(bars[graph.inputs[name]] or 0.0) for name in wrt}
        result = Gradient("checkpoint", graph, len(graph), value, gradient, _Recomputed(graph, point), passes=1)
        result.counts = counts
        return result


class _Recomputed(Sequence[float]):
    """The value of every node, computed when one is asked for: to say where an undefined value began."""

    def __init__(self, graph: Graph, point: Sequence[float]) -> None:
        self._graph, self._point = graph, point

    def __len__(self) -> int:
        return len(self._graph)

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> list[float]: ...
    def __getitem__(self, index: int | slice) -> float | list[float]:
        return run(self._graph, self._point)[index]
