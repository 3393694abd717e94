"""What a backend is given and what it answers with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from autodiffcli.chain import Edge
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.limits import PASSES
from autodiffcli.structures import regrouped

if TYPE_CHECKING:
    from autodiffcli.checkpoint import Counts

__all__ = ["Backend", "Gradient", "Sweep", "as_number", "refuse_endless"]


@dataclass(slots=True)
class Sweep:
    """One pass of the chain rule, with numbers: a tangent or an adjoint per node, and the terms it is the sum of.

    variable: the input that was seeded (forward), or "" (backward: all inputs in one pass).
    numbers:  v̇ᵢ or v̄ᵢ by node id, None where structurally zero.
    edges:    each term of each sum, its `partial` and `term` being floats, in the order of the sweep.
    """

    variable: str
    numbers: Sequence[Any]
    edges: list[Edge]


@dataclass(slots=True)
class Gradient:
    """Value and gradient at a point, what it cost, and the numbers a trace is made of.

    graph, size: the first `size` nodes are the expression's own; those after it were added by a transformation.
    values:      one number or float64 array per node. sweeps: forward one per input, backward one, else none.
    errors:      estimated error of each partial derivative, steps: the ε of each, sides: "right" or "left" for those
                 whose other side is outside of the domain, or not asked for, scheme: how (numeric mode only).
    formulas:    ∂y/∂xᵢ as nodes of `graph` (symbolic mode only).
    passes, evaluations: sweeps over the graph, evaluations of the function. operations: where modes are
                 compared, as `api.costs.cost` counts them.
    counts:      what a gradient with checkpoints kept and computed again.
    """

    mode: str
    graph: Graph
    size: int
    value: Any
    gradient: dict[str, Any]
    values: Sequence[Any]
    sweeps: list[Sweep] = field(default_factory=list)
    errors: dict[str, Any] = field(default_factory=dict)
    formulas: dict[str, int] = field(default_factory=dict)
    steps: dict[str, Any] = field(default_factory=dict)
    sides: dict[str, str] = field(default_factory=dict)
    scheme: str = ""
    passes: int = 0
    evaluations: int = 1
    operations: int = 0
    counts: Counts | None = None

    def structured(self) -> dict[str, Any]:
        """Return the gradient with the leaves of each structure put together: in the input's own structure."""
        return regrouped(self.gradient, self.graph.structures)


class Backend(Protocol):
    """A way to differentiate, with what it does in words."""

    summary: str

    def gradient(self, graph: Graph, point: Sequence[Any], wrt: Sequence[str], trace: bool) -> Gradient:
        """Return value and gradient of the graph's output with respect to the named inputs.

        point: one float or array per input, in order of appearance; the partial derivatives by an array are an array of
        its shape. trace: keep the sweeps. Raises RequestError (an output that is an array among others), MathError.
        """
        ...


def as_number(graph: Graph, node: int, adjoint: Any) -> Any:
    """Return what a sweep found for a node as a float, or as an array of the node's shape; None is 0."""
    shape = graph.shape(node)
    if not shape:
        return float(adjoint or 0.0)
    import numpy as np

    return np.array(np.broadcast_to(0.0 if adjoint is None else adjoint, shape))


def refuse_endless(mode: str, graph: Graph, passes: int) -> None:
    """Refuse what would take hours, naming the mode that would not."""
    size = len(graph) + sum(map(prod, graph.shapes.values()))
    if passes * size > PASSES:
        raise RequestError(
            f"{mode} mode would pass {passes:,} times over {size:,} {'nodes and entries' if graph.shapes else 'nodes'}",
            hint="--mode reverse takes one pass back for all inputs; --wrt x asks for fewer",
        )
