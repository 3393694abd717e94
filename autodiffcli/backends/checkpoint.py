"""Backpropagation that keeps few of the forward values and computes the others again: an option, not a mode.

The adjoints are those of backprop to the last bit: the same terms are added in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from autodiffcli.backends.protocol import Gradient, as_number
from autodiffcli.checkpoint import Plan, leaves, pull_in_parts
from autodiffcli.derivatives import scalar_output
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import fitted, kernel, run
from autodiffcli.memory import planned

__all__ = ["Checkpointed"]


class Checkpointed:
    """Backpropagation within a budget: "sqrt", "binomial", how many stored values (see `checkpoint.plan`), or "512MB".

    >>> from autodiffcli.language.parser import parse
    >>> result = Checkpointed("sqrt").gradient(parse("sin(sin(sin(sin(x))))"), [1.0], ["x"], False)
    >>> result.gradient, result.counts
    ({'x': 0.20593520601205578}, Counts(forward=5, stored=3, checkpoints=1, kept=1))
    """

    summary = "one sweep back in parts, each recomputed from the checkpoint before it"

    def __init__(self, budget: str | int) -> None:
        self.budget = budget

    def gradient(self, graph: Graph, point: Sequence[Any], wrt: Sequence[str], trace: bool) -> Gradient:
        """Return value and gradient; see `Backend`. Raises RequestError for a budget too small, and for a trace."""
        if trace:
            raise RequestError(
                "a trace shows every value, and checkpoints keep few", hint="leave out --checkpoint, or give --no-trace"
            )
        scalar_output(graph)
        return self.follow(planned(graph, self.budget), point, wrt)

    @staticmethod
    def follow(made: Plan, point: Sequence[Any], wrt: Sequence[str]) -> Gradient:
        """Return value and gradient by a plan that was made before, which serves every point."""
        graph = made.graph
        active = graph.depends([graph.inputs[name] for name in wrt])
        kernels = kernel if graph.shapes else lambda op: op.scalar
        value, bars, counts = pull_in_parts(made, leaves(graph, fitted(graph, point)), kernels, active)
        gradient = {name: as_number(graph, graph.inputs[name], bars[graph.inputs[name]]) for name in wrt}
        result = Gradient("checkpoint", graph, len(graph), value, gradient, _Recomputed(graph, point), passes=1)
        result.counts = counts
        return result


class _Recomputed(Sequence[Any]):
    """The value of every node, computed when one is asked for: to say where an undefined value began."""

    def __init__(self, graph: Graph, point: Sequence[Any]) -> None:
        self._graph, self._point = graph, point

    def __len__(self) -> int:
        return len(self._graph)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return run(self._graph, self._point)[index]
