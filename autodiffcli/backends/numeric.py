"""Numeric mode: difference quotients, one-sided (error O(ε)) or central (O(ε²)), with an estimate of their error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from autodiffcli.backends.protocol import Backend, Gradient, refuse_endless
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run

__all__ = ["BACKEND", "SCHEMES", "Numeric"]

SCHEMES = ("central", "one-sided")
_EPS = 2.0**-52


class _Estimate(NamedTuple):
    derivative: float
    error: float
    step: float


class Numeric:
    """Differences f(x+ε) - f(x-ε) or f(x+ε) - f(x).

    scheme:  one of SCHEMES. epsilon: the step, or None to choose it for each input: ε = ∛2⁻⁵² (one-sided √2⁻⁵²) times
    the scale of x balances the two errors, truncation and rounding (Nocedal & Wright, Numerical Optimization, 8.1).

    The quotient at 2ε, beside that at ε, estimates the truncation error; the largest intermediate value bounds the
    rounding error. Evaluations: 4 for each input and 1, half of them for the estimate.

    Raises RequestError for an unknown scheme and for an epsilon that is no step: not above 0, not finite, or lost when
    it is added to x.
    """

    summary = "difference quotients: two evaluations per input, and two for the error estimate"

    def __init__(self, scheme: str = "central", epsilon: float | None = None) -> None:
        if scheme not in SCHEMES:
            raise RequestError(f"there is no scheme '{scheme}'", hint=f"choose one of {', '.join(SCHEMES)}")
        if epsilon is not None and not 0 < epsilon < math.inf:
            raise RequestError(f"a step of {epsilon:g} is none", hint="give a finite epsilon above 0, or leave it out")
        self.scheme, self.epsilon = scheme, epsilon

    def gradient(self, graph: Graph, point: Sequence[float], wrt: Sequence[str], trace: bool) -> Gradient:
        """Return value and estimated gradient; see `Backend`."""
        refuse_endless("numeric", graph, 4 * len(wrt))
        values = run(graph, point)
        output = graph.outputs[0]
        result = Gradient("numeric", graph, len(graph), values[output], {}, values)
        magnitude = [max((abs(v) for v in values if math.isfinite(v)), default=0.0)]
        places = {name: place for place, name in enumerate(graph.inputs)}

        for name in wrt:
            index = places[name]

            def f(moved: float, index: int = index) -> float:
                result.evaluations += 1
                at = list(point)
                at[index] = moved
                found = run(graph, at)
                magnitude[0] = max([magnitude[0], *[abs(v) for v in found if math.isfinite(v)]])
                return found[output]

            best = self._estimate(f, point[index], result.value, magnitude)
            result.gradient[name], result.errors[name], result.steps[name] = best
        return result

    def _estimate(self, f: Callable[[float], float], x: float, y: float, magnitude: list[float]) -> _Estimate:
        """Return the best estimate over the steps in question: a step below |x| too where x is small against 1."""
        if self.epsilon is not None:
            if x + self.epsilon == x and math.isfinite(x):
                lost = f"a step of {self.epsilon:g} is lost in the rounding of {x:g}"
                raise RequestError(lost, hint="give a larger epsilon, or leave it out")
            return self._difference(f, x, y, self.epsilon, magnitude)
        unit = _EPS ** (1 / 3) if self.scheme == "central" else math.sqrt(_EPS)
        best = self._difference(f, x, y, unit * max(1.0, abs(x)), magnitude)
        small = unit * abs(x)
        if small > 0 and abs(x) < 1 and not best.error <= 1e-6 * abs(best.derivative):
            other = self._difference(f, x, y, small, magnitude)
            if not other.error >= best.error:
                best = other
        return best

    def _difference(
        self, f: Callable[[float], float], x: float, y: float, step: float, magnitude: list[float]
    ) -> _Estimate:
        near, far = self._quotient(f, x, y, step), self._quotient(f, x, y, 2 * step)
        rounding = 4 * _EPS * magnitude[0] / step
        error = abs(far - near) + rounding
        return _Estimate(near, error if math.isfinite(error) else math.inf, step)

    def _quotient(self, f: Callable[[float], float], x: float, y: float, step: float) -> float:
        right = x + step
        left = x - step if self.scheme == "central" else x
        y_right = f(right)
        y_left = f(left) if self.scheme == "central" else y
        if not math.isfinite(y_left) and math.isfinite(
            y_right
        ):  # x is at the edge of the domain: the side that is in it
            left, y_left = x, y
        elif not math.isfinite(y_right) and math.isfinite(y_left):
            right, y_right = x, y
        # the step that was taken: x + step is rounded
        return (y_right - y_left) / (right - left) if right != left else math.nan


BACKEND: Backend = Numeric()
