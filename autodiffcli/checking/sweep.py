"""The error of difference quotients as ε shrinks: truncation first, O(ε) or O(ε²), then rounding, O(u/ε).

Source: Nocedal & Wright, Numerical Optimization (2006), 8.1: the least error is near √u for one-sided quotients and
near ∛u for central ones, times the scale of the point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from autodiffcli.checking.compare import Checker, ball

__all__ = ["SCHEMES", "Curve", "Sweep", "run_sweep"]

SCHEMES = {"one-sided": 2.0 ** (-53 / 2), "central": 2.0 ** (-53 / 3)}
"""Schemes, each with the ε that theory gives to a function and a point of size 1: √u and ∛u, u = 2⁻⁵³."""

_PER_DECADE = 4
_DECADES = 16


class Curve(NamedTuple):
    """The errors of a scheme by ε, nan where it has none. slope: fitted where truncation rules, or None.

    best: the ε of the least error. least: that error. theory: the ε that theory gives.
    """

    scheme: str
    errors: list[float]
    slope: float | None
    best: float
    least: float
    theory: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """|(quotient - δᵀ∇f)| for steps ε along a random direction δ. floor: the rounding of f, which stands over ε."""

    direction: dict[str, float]
    derivative: float
    steps: list[float]
    curves: list[Curve]
    floor: float


def run_sweep(checker: Checker, gradient: dict[str, float], seed: int) -> Sweep:
    """Return the errors of one-sided and central quotients for steps from 1 to 1e-16, against an exact gradient."""
    delta = dict(zip(gradient, ball(len(gradient), seed), strict=True))
    derivative = sum(d * gradient[name] for name, d in delta.items())
    part = checker.along(delta)
    steps = [10.0 ** (-k / _PER_DECADE) for k in range(_DECADES * _PER_DECADE + 1)]
    errors: dict[str, list[float]] = {scheme: [] for scheme in SCHEMES}
    for step in steps:
        right, left = part.f(step), part.f(-step)
        quotients = {"one-sided": (right - part.value) / step, "central": (right - left) / (2 * step)}
        for scheme, quotient in quotients.items():
            error = abs(quotient - derivative)
            errors[scheme].append(error if math.isfinite(error) else math.nan)
    floor = part.noise
    curves = [_curve(scheme, steps, found, floor) for scheme, found in errors.items()]
    return Sweep(delta, derivative, steps, curves, floor)


def _curve(scheme: str, steps: Sequence[float], errors: list[float], floor: float) -> Curve:
    least, best = min(((e, s) for e, s in zip(errors, steps, strict=True) if e > 0), default=(math.nan, math.nan))
    order = {"one-sided": 1, "central": 2}[scheme]
    points = [
        (math.log10(s), math.log10(e))
        for s, e in zip(steps, errors, strict=True)
        if s > best and e > 30 * floor / s and s <= 0.1
    ]
    slope = _slope(points) if len(points) >= order + 3 else None
    return Curve(scheme, errors, slope, best, least, SCHEMES[scheme])


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the line that least squares fit."""
    x_mean, y_mean = (sum(values) / len(points) for values in zip(*points, strict=True))
    return float(sum((x - x_mean) * (y - y_mean) for x, y in points) / sum((x - x_mean) ** 2 for x, _ in points))
