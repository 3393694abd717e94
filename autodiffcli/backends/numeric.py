"""Numeric mode: difference quotients of the function alone, with an estimate of their error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autodiffcli.backends.protocol import Backend, Gradient, refuse_endless
from autodiffcli.derivatives import scalar_output
from autodiffcli.differences import SCHEMES, Estimate, check_request, complex_step, estimate
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import check_size, rerun, run
from autodiffcli.primitive import ARITHMETIC_ERRORS, NotAnalytic, Primitive, Shape

__all__ = ["BACKEND", "SCHEMES", "Numeric"]


class Numeric:
    """Differences of the function by one input at a time, as `differences.estimate` makes them.

    scheme:  one of SCHEMES. epsilon: the step, or None to choose it for each input. Beside one evaluation at the point,
    each input costs 4 (central, one-sided) and more where these are poor, 2 of complex numbers, or at most 30.

    Raises RequestError for an unknown scheme, for an epsilon that is no step, and for the complex step where a
    primitive on the path from an input has no value at complex numbers.
    """

    summary = "difference quotients: two evaluations per input, and two for the error estimate"

    def __init__(self, scheme: str = "central", epsilon: float | None = None) -> None:
        check_request(scheme, epsilon)
        self.scheme, self.epsilon = scheme, epsilon

    def gradient(self, graph: Graph, point: Sequence[Any], wrt: Sequence[str], trace: bool) -> Gradient:
        """Return value and estimated gradient; see `Backend`."""
        entries = sum(math.prod(graph.shape(graph.inputs[name])) for name in wrt)
        evaluations = (30 if self.scheme == "extrapolated" else 4) * entries
        refuse_endless("numeric", graph, evaluations)
        check_size(graph, evaluations)
        values = run(graph, point)
        result = Gradient("numeric", graph, len(graph), values[scalar_output(graph)], {}, values, scheme=self.scheme)
        for name in wrt:
            if graph.shape(graph.inputs[name]):
                self._by_entry(result, name)
                continue
            found = self._estimate(_along(result, name), values[graph.inputs[name]], result, name)
            result.gradient[name], result.errors[name], result.steps[name] = found[:3]
            result.evaluations += found.evaluations
            if found.side != "both":
                result.sides[name] = found.side
        return result

    def _by_entry(self, result: Gradient, name: str) -> None:
        """Estimate the derivatives by the entries of an array, one after the other."""
        import numpy as np

        at = result.values[result.graph.inputs[name]]
        columns = np.empty((3, *at.shape))
        for entry in np.ndindex(at.shape):
            x = float(at[entry])
            found = self._estimate(_along(result, name, entry), x, result, name, entry)
            columns[(slice(None), *entry)] = found[:3]
            result.evaluations += found.evaluations
            if found.side != "both":
                result.sides[f"{name}{list(entry)}"] = found.side
        result.gradient[name], result.errors[name], result.steps[name] = columns

    def _estimate(
        self,
        f: Callable[[float], tuple[float, float]],
        x: float,
        result: Gradient,
        name: str,
        entry: tuple[int, ...] = (),
    ) -> Estimate:
        if self.scheme == "complex-step":
            return complex_step(_beside(result.graph, result.values, name, entry), x, epsilon=self.epsilon)
        return estimate(f, x, value=result.value, scheme=self.scheme, epsilon=self.epsilon)


def _along(result: Gradient, name: str, entry: tuple[int, ...] = ()) -> Callable[[float], tuple[float, float]]:
    """Return the function of one input, or entry of one: its value, and the magnitude of the largest intermediate."""
    graph, source = result.graph, result.graph.inputs[name]
    evaluate = rerun(graph, result.values, [source])

    def f(x: float) -> tuple[float, float]:
        moved: Any = x
        if entry:
            moved = result.values[source].copy()
            moved[entry] = x
        found = evaluate({source: moved})
        if graph.shapes:
            return found[graph.outputs[0]], _largest(found)
        return found[graph.outputs[0]], max((abs(v) for v in found if math.isfinite(v)), default=0.0)

    return f


def _largest(values: Sequence[Any]) -> float:
    """Return the magnitude of the largest finite entry."""
    import numpy as np

    sizes = (np.abs(v) for v in values if v is not None)
    return max((float(np.max(s, where=np.isfinite(s), initial=0.0)) for s in sizes), default=0.0)


def _beside(
    graph: Graph, values: Sequence[Any], name: str, entry: tuple[int, ...] = ()
) -> Callable[[complex], tuple[complex, float]]:
    """Return the function of one complex input, or entry of one: its value, and the largest imaginary part on the way.

    Only nodes that depend on the input are evaluated again. Raises RequestError for one that has no complex value.
    """
    source = graph.inputs[name]
    active = [i for i, depends in enumerate(graph.depends([source])) if depends and graph.args[i]]
    output = graph.outputs[0]

    def f(z: complex) -> tuple[complex, float]:
        found: list[Any] = [*values]
        found[source] = z
        if entry:
            found[source] = values[source].astype(complex)
            found[source][entry] = z
        for i in active:
            op = graph.ops[i]
            try:
                found[i] = _complex(op, [found[a] for a in graph.args[i]], graph.shape(i))
            except NotAnalytic:
                raise RequestError(
                    f"{op.symbol} has no value at complex numbers here, which --scheme complex-step needs",
                    source=graph.source,
                    span=graph.span(i),
                    hint="--scheme extrapolated does without",
                ) from None
            except ARITHMETIC_ERRORS:
                found[i] = complex(math.nan, math.nan)
        y = complex(found[output])
        return y, max((_imaginary(found[i]) for i in (source, *active)), default=0.0)

    return f


def _complex(op: Primitive, xs: Sequence[Any], shape: Shape) -> Any:
    """Return an operation at complex numbers, or at arrays of them entry by entry."""
    if op.shape is None and not shape:
        return op.analytic(*map(complex, xs))
    import numpy as np

    arrays = [np.asarray(x, dtype=complex) for x in xs]
    with np.errstate(all="ignore"):
        if op.shape is not None:
            return np.asarray(op.analytic(*arrays)) if shape else complex(op.analytic(*arrays))
        columns = [x.ravel().tolist() for x in np.broadcast_arrays(*arrays)]
        return np.array([_entry(op, zs) for zs in zip(*columns, strict=True)], dtype=complex).reshape(shape)


def _entry(op: Primitive, zs: Sequence[complex]) -> complex:
    try:
        return op.analytic(*zs)
    except ARITHMETIC_ERRORS:
        return complex(math.nan, math.nan)


def _imaginary(found: Any) -> float:
    """Return the largest imaginary part of a number or an array."""
    return abs(complex(found).imag) if not getattr(found, "shape", ()) else float(abs(found.imag).max(initial=0.0))


BACKEND: Backend = Numeric()
