"""Whether a difference quotient bears a derivative out: an estimate with its error, and a second look before an alarm.

An alarm is raised only where quotients of ever smaller steps settle on another number, and none of a still smaller step
speaks for the derivative: a step may be too large to see what the function does near the point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from autodiffcli.checking.rounding import EPS
from autodiffcli.differences import estimate

__all__ = ["FAILED", "PASSED", "UNDECIDED", "Finding", "Slice", "judge"]

PASSED, FAILED, UNDECIDED = "passed", "failed", "undecided"

_GOOD = 1e-9
"""An error, relative to the terms of the derivative, that no smaller unit of the step need improve on."""
_COARSE = 0.01
"""An error, relative to the same, from which on a quotient tells nothing."""
_FLAT = 1e-6
"""An error, relative to the value, below which a quotient shows that a derivative is none."""
_SAFETY = 4.0


class Slice(NamedTuple):
    """A function of one variable t, around t = 0.

    f:     its value at t. noise: how far rounding may have moved a value.
    units: lengths of t to measure with, the largest first. grain: the length that rounding makes of a step of 0.
    reach: the length of the smallest coordinate. Beyond it the function may do other things, x^y at 1e-30 among them.
    """

    f: Callable[[float], float]
    value: float
    noise: float
    units: Sequence[float]
    grain: float
    reach: float

    def measured(self, t: float) -> tuple[float, float]:
        """Return a value with the magnitude that bounds its rounding."""
        y = self.f(t)
        return y, max(abs(y), self.noise / (4 * EPS))

    def variation(self) -> float:
        """Return how steep the function is on the whole, over the largest of the units."""
        unit = self.units[0]
        changes = [abs(self.f(t) - self.value) / unit for t in (unit, -unit, unit / 16, -unit / 16)]
        return max((change for change in changes if math.isfinite(change)), default=0.0)


class Finding(NamedTuple):
    """A quotient, its estimated error, its smallest step, what it cost, its side, and what it says of the derivative.

    tolerance: how far the derivative may be from the quotient: the errors of both.
    """

    quotient: float
    error: float
    step: float
    evaluations: int
    side: str
    tolerance: float
    verdict: str


def judge(part: Slice, derivative: float, rounding: float, terms: float, epsilon: float | None = None) -> Finding:
    """Return what difference quotients say of the derivative of a function at 0.

    rounding: how far rounding may have moved the derivative. terms: the size of what it was added up from.
    epsilon:  the step of the plain central quotient; by default quotients are extrapolated.
    """
    found: list[Finding] = []
    for unit in (1.0,) if epsilon is not None else part.units:
        f = part.measured if unit == 1.0 else lambda t, unit=unit: part.measured(t * unit)
        if epsilon is None:
            e = estimate(f, 0.0, value=part.value)
        else:
            e = estimate(f, 0.0, value=part.value, scheme="central", epsilon=epsilon)
        slope, error = e.derivative / unit, e.error / unit
        tolerance = _SAFETY * (error + rounding)
        verdict = PASSED if abs(slope - derivative) <= tolerance else FAILED
        found.append(Finding(slope, error, e.step * unit, e.evaluations, e.side, tolerance, verdict))
        if error <= _GOOD * terms and verdict is PASSED:
            break
    return _weighed(part, derivative, rounding, terms, found)


def _weighed(part: Slice, derivative: float, rounding: float, terms: float, found: list[Finding]) -> Finding:
    """Return the most exact finding; an alarm has to stand a second look."""
    evaluations = sum(one.evaluations for one in found)
    best = min(found, key=lambda one: math.inf if math.isnan(one.error) else one.error)
    if best.verdict is FAILED:
        # a smaller step, exact enough to tell, overrules
        closer = [one for one in found if one.step < best.step and one.verdict is PASSED]
        closer = [one for one in closer if one.tolerance < abs(best.quotient - derivative) / 2]
        best = closer[-1] if closer else best
    if best.verdict is FAILED and math.isfinite(best.tolerance):
        look = _Ladder(part, derivative, rounding)
        evaluations += look.evaluations
        if not look.contradicts:
            best = best._replace(verdict=UNDECIDED)
    size = max(terms, abs(best.quotient))
    if terms <= part.noise:  # no function of this size could be seen to vary so little
        size = max(size, _FLAT * abs(part.value), _FLAT / EPS * part.noise, _FLAT * part.variation())
        evaluations += 4
    if not math.isfinite(best.tolerance) or best.tolerance > _COARSE * size > 0 or not math.isfinite(part.value):
        best = best._replace(verdict=UNDECIDED)
    return best._replace(evaluations=evaluations)


class _Rung(NamedTuple):
    step: float
    slope: float
    error: float
    settled: bool


class _Ladder:
    """Plain quotients whose steps halve from the largest unit down to where rounding swallows them."""

    rungs = 4
    """Quotients in a row that have to settle on another number."""

    def __init__(self, part: Slice, derivative: float, rounding: float) -> None:
        self.part, self.evaluations = part, 0
        steps = self._climb(part.units[0])
        self.contradicts = self._contradicts(steps, derivative, rounding)

    def _climb(self, step: float) -> list[_Rung]:
        found: list[_Rung] = []
        settled = False
        changes: list[float] = []
        last = math.nan
        for _ in range(60):
            if step < 64 * self.part.grain:
                break
            slope, width = self._quotient(step)
            noise = 2 * (self.part.noise + EPS * abs(self.part.value)) / width
            change = abs(slope - last)
            # not from rounding alone: a quotient that never settled, ln h, seems to where its changes drown
            by_noise = change <= 4 * noise and (settled or len(changes) < 3)
            settled = bool(changes) and (change <= 0.7 * changes[-1] or by_noise)
            grain = max(abs(slope), abs(last) if changes else 0.0) * self.part.grain / step
            found.append(_Rung(step, slope, 2 * change + noise + grain, settled))
            changes.append(change)
            last = slope
            step /= 2
        return found

    def _quotient(self, step: float) -> tuple[float, float]:
        """Return the quotient of the sides that are in the domain, and its width."""
        right, left = self.part.f(step), self.part.f(-step)
        self.evaluations += 2
        here = self.part.value
        if not math.isfinite(left):
            return (right - here) / step, step
        if not math.isfinite(right):
            return (here - left) / step, step
        return (right - left) / (2 * step), 2 * step

    def _contradicts(self, ladder: list[_Rung], derivative: float, rounding: float) -> bool:
        run = 0
        gap = math.inf  # of the finest rungs that speak against the derivative
        against = False
        for rung in ladder:
            away = abs(rung.slope - derivative)
            bound = 2 * _SAFETY * (rung.error + rounding)
            if away > bound and rung.settled and rung.step <= self.part.reach:
                run += 1
                if run >= self.rungs:
                    against, gap = True, away
            else:
                run = 0
                if against and away <= bound and bound < gap / 2:
                    against = False
        return against
