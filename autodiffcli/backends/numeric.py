"""Numeric mode: difference quotients of the function alone, with an estimate of their error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from autodiffcli.backends.protocol import Backend, Gradient, refuse_endless
from autodiffcli.differences import SCHEMES, check_request, complex_step, estimate
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.primitive import ARITHMETIC_ERRORS, NotAnalytic

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

    def gradient(self, graph: Graph, point: Sequence[float], wrt: Sequence[str], trace: bool) -> Gradient:
        """Return value and estimated gradient; see `Backend`."""
        refuse_endless("numeric", graph, (30 if self.scheme == "extrapolated" else 4) * len(wrt))
        values = run(graph, point)
        result = Gradient("numeric", graph, len(graph), values[graph.outputs[0]], {}, values, scheme=self.scheme)
        places = {name: place for place, name in enumerate(graph.inputs)}
        for name in wrt:
            if self.scheme == "complex-step":
                found = complex_step(_beside(graph, values, name), point[places[name]], epsilon=self.epsilon)
            else:
                f = _along(graph, point, places[name])
                x = point[places[name]]
                found = estimate(f, x, value=result.value, scheme=self.scheme, epsilon=self.epsilon)
            result.gradient[name], result.errors[name], result.steps[name] = found[:3]
            result.evaluations += found.evaluations
            if found.side != "both":
                result.sides[name] = found.side
        return result


def _along(graph: Graph, point: Sequence[float], place: int) -> Callable[[float], tuple[float, float]]:
    """Return the function of one input: its value, and the magnitude of the largest intermediate one."""
    at = list(point)

    def f(x: float) -> tuple[float, float]:
        at[place] = x
        found = run(graph, at)
        return found[graph.outputs[0]], max((abs(v) for v in found if math.isfinite(v)), default=0.0)

    return f


def _beside(graph: Graph, values: Sequence[float], name: str) -> Callable[[complex], tuple[complex, float]]:
    """Return the function of one complex input: its value, and the largest imaginary part among intermediate ones.

    Only nodes that depend on the input are evaluated again. Raises RequestError for one that has no complex value.
    """
    source = graph.inputs[name]
    active = [i for i, depends in enumerate(graph.depends([source])) if depends and graph.args[i]]
    output = graph.outputs[0]

    def f(z: complex) -> tuple[complex, float]:
        found: list[complex] = [*values]
        found[source] = z
        for i in active:
            op = graph.ops[i]
            try:
                found[i] = op.analytic(*[complex(found[a]) for a in graph.args[i]])
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
        return y, max((abs(complex(found[i]).imag) for i in (source, *active)), default=0.0)

    return f


BACKEND: Backend = Numeric()
