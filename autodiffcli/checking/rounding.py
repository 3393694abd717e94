"""How far rounding may have moved each value of a run, and where a run stands at a corner.

Running error analysis: an operation adds its own rounding to that of its arguments, which its partial derivatives
carry on. Run over the graph of a gradient it bounds the rounding of every derivative, by the size of what was added up.
Source: Higham, Accuracy and Stability of Numerical Algorithms (2002), 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf, isfinite, isinf, isnan, prod
from typing import Any

from autodiffcli.chain import slope_of
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.primitive import Primitive

__all__ = ["EPS", "corners", "neighbourhood", "numbers", "rounding", "slope_at"]

EPS = 2.0**-52
_TINIEST = 2.0**-1074
_OPERATOR, _FUNCTION = EPS / 2, 4 * EPS  # correctly rounded; within 4 ulp
_NEAR = 2.0**-40


def rounding(graph: Graph, values: Sequence[float], inputs: Mapping[int, float] | None = None) -> list[float]:
    """Return a bound of the error of every node's value, inf where there is none.

    values: one per node. inputs: errors of the inputs by id; by default they are exact.

    >>> from autodiffcli.interpreter import run
    >>> from autodiffcli.language.parser import parse
    >>> graph = parse("(x + 1e16) - 1e16")
    >>> 1 < rounding(graph, run(graph, [0.7]))[-1] < 2
    True
    """
    if graph.shapes:
        return _of_arrays(graph, values, inputs or {})
    errors = [0.0] * len(graph)
    for i, error in (inputs or {}).items():
        errors[i] = error
    for j, args in enumerate(graph.args):
        if args:
            op = graph.ops[j]
            unit = _OPERATOR if op.operator is not None and op.operator[0] in "+-*/" else _FUNCTION
            total = unit * abs(values[j]) + _TINIEST
            for k, a in enumerate(args):
                slope = slope_at(graph, values, j, k) if errors[a] else 0.0
                if slope:  # no 0·inf behind a closed gate
                    total += abs(slope) * errors[a]
            errors[j] = inf if isnan(total) else total
    return errors


def _of_arrays(graph: Graph, values: Sequence[Any], inputs: Mapping[int, float]) -> list[float]:
    """Return one bound for every node of a graph of arrays: by the largest number there is, and the longest sum."""
    finite = [abs(x) for x in numbers(values) if isfinite(x)]
    terms = 16 + max((prod(shape) for shape in graph.shapes.values()), default=1)
    return [terms * EPS * max(finite, default=0.0) + max(inputs.values(), default=0.0)] * len(graph)


def numbers(values: Iterable[Any]) -> Iterator[float]:
    """Yield the numbers among values, of arrays their entries."""
    for value in values:
        if getattr(value, "shape", ()):
            yield from value.ravel().tolist()
        else:
            yield float(value)


def slope_at(graph: Graph, values: Sequence[float], j: int, k: int) -> float:
    """Return ∂vⱼ/∂(argument k), nan where it is refused."""
    args = graph.args[j]
    rule: Any = graph.ops[j].rules(len(args))[k]
    if isinstance(rule, float):
        return rule
    try:
        slope, _ = slope_of(graph, j, k, rule, [values[j], *[values[a] for a in args]])
    except RequestError:
        return inf
    return 0.0 if slope is None else float(slope)


def neighbourhood(graph: Graph, point: Sequence[float]) -> dict[int, float]:
    """Return how far each input may be from a corner and still be at it: far below every step, far above rounding."""
    return {i: _NEAR * (abs(x) or 1.0) for i, x in zip(graph.inputs.values(), point, strict=True)}


def corners(graph: Graph, values: Sequence[float], radii: Sequence[float]) -> Iterator[tuple[int, str]]:
    """Yield the nodes behind the output that are at a corner or at a jump, each with what is to be said of it.

    radii: how far the value of each node may be from a corner and still be at it.
    """
    live = graph.live(graph.outputs[:1])
    for j, args in enumerate(graph.args):
        op = graph.ops[j]
        if not live[j] or not (op.corners or op.condition) or not any(radii[a] for a in args):
            continue
        operands = [values[a] for a in args]
        at = ", ".join(f"{x:.6g}" for x in operands)
        if _breaks(op, operands, [radii[a] for a in args]):
            at = ", ".join(f"{x:.6g}" for x in operands)
            yield (
                j,
                f"{op.symbol} at {at}: " + ("a condition changes" if op.condition else "a corner or a jump is near"),
            )


def _breaks(op: Primitive, operands: list[float], radii: list[float]) -> bool:
    """Return whether the value or a slope of an operation jumps within the radii of its arguments."""
    here = _behaviour(op, operands)
    for k, radius in enumerate(radii):
        if radius == inf and op.condition and not isinf(operands[k]):
            return True  # rounding decides it, or it is nan at this very point
        if not 0 < radius < inf:
            continue
        for moved in (operands[k] - radius, operands[k] + radius):
            there = _behaviour(op, [*operands[:k], moved, *operands[k + 1 :]])
            if any(_differ(a, b) for a, b in zip(here, there, strict=True)):
                return True
    return False


def _differ(a: float, b: float) -> bool:
    return isfinite(a) and abs(a - b) > 1e-3 * max(1e-3, abs(a), abs(b))


def _behaviour(op: Primitive, operands: list[float]) -> list[float]:
    """Return the value of an operation and its partial derivatives."""
    y = op.evaluate(*operands)
    small = Graph(share=False)
    ids = tuple(small.input(f"x{k}") for k in range(len(operands)))
    node = small.apply(op, ids)
    return [y, *[slope_at(small, [*operands, y], node, k) for k in range(len(operands))]]
