"""Difference quotients of a function of one real variable, each with a bound of its error and what it cost.

Sources: Nocedal & Wright, Numerical Optimization (2006), 8.1, for the steps that balance truncation and rounding;
Ridders, Accurate computation of F'(x) and F'(x)F''(x), Adv. Eng. Software 4 (1982), for extrapolation that stops where
rounding takes over; Squire & Trapp, Using complex variables to estimate derivatives, SIAM Review 40 (1998).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from autodiffcli.errors import RequestError

__all__ = ["SCHEMES", "Estimate", "complex_step", "estimate"]

SCHEMES = ("central", "one-sided", "complex-step", "extrapolated")

Measured = tuple[float, float]
"""A value of the function, and the magnitude of the largest intermediate value behind it, which bounds its rounding."""

_EPS = 2.0**-52
_EDGE = 3.0  # times the change that the error may be on one side, where f is often like a fractional power
# Of extrapolation:
_RATIO = 1.93  # of a step to the next; not 2, lest all of them be multiples of a period of f
_LARGEST = 0.3 * math.sqrt(5.0)  # of the scale of x
_COARSE = 4  # indices between the steps that look for the scale of f
_SMALLEST = 48  # the index of the smallest of those
_SQUARES = 20.0  # times less, at least, that quotients change from one of those to the next where they converge
_MOST = 30  # evaluations
_LEAST = 2.0**-1022  # steps below it are rounded, and their ratio with them


class Estimate(NamedTuple):
    """A derivative, how far it may be from the true one, and how it was found.

    step: the smallest ε in it. evaluations: of f, a value that was given not counted. side: "both", or where the other
    side is outside of the domain or not asked for, "right" or "left".
    """

    derivative: float
    error: float
    step: float
    evaluations: int
    side: str


def estimate(
    f: Callable[[float], Measured],
    x: float,
    *,
    value: float | None = None,
    scheme: str = "extrapolated",
    epsilon: float | None = None,
) -> Estimate:
    """Return the derivative of f at x by a scheme of real differences.

    f:       returns its value and the magnitude of its largest intermediate value.
    value:   f(x), if it is known; else it is evaluated where it is needed.
    epsilon: the step; of extrapolation the largest. By default it is chosen from the scales of x and f.

    Raises RequestError for an unknown scheme, and for an epsilon that is no step: not above 0, not finite, or lost when
    it is added to x.

    >>> found = estimate(lambda x: (x**3, abs(x**3)), 2.0)
    >>> abs(found.derivative - 12) <= found.error < 1e-11
    True
    """
    check_request(scheme, epsilon)
    if scheme == "complex-step":
        raise RequestError("the complex step needs a function of complex numbers", hint="call complex_step")
    around = _Around(f, x, value)
    if epsilon is not None and x + epsilon == x and math.isfinite(x):
        lost = f"a step of {epsilon:g} is lost in the rounding of {x:g}"
        raise RequestError(lost, hint="give a larger epsilon, or leave it out")
    way = {"central": _central, "one-sided": _one_sided, "extrapolated": _extrapolated}[scheme]
    return way(around, epsilon)


def check_request(scheme: str, epsilon: float | None) -> None:
    """Raise RequestError for an unknown scheme and for an epsilon that is no step."""
    if scheme not in SCHEMES:
        raise RequestError(f"there is no scheme '{scheme}'", hint=f"choose one of {', '.join(SCHEMES)}")
    if epsilon is not None and not 0 < epsilon < math.inf:
        raise RequestError(f"a step of {epsilon:g} is none", hint="give a finite epsilon above 0, or leave it out")


def complex_step(f: Callable[[complex], tuple[complex, float]], x: float, *, epsilon: float | None = None) -> Estimate:
    """Return the derivative of f at x as Im f(x + iε)/ε, in which nothing cancels.

    f: returns its value and the largest imaginary part among its intermediate values, which bounds the rounding.

    >>> import cmath
    >>> complex_step(lambda z: (cmath.exp(z), abs(cmath.exp(z).imag)), 0.0).derivative
    1.0
    """
    check_request("complex-step", epsilon)
    step = epsilon or _imaginary_step(abs(x))
    found = []
    for h in (step, 0.75 * step):  # two steps that round in different ways
        y, largest = f(complex(x, h))
        found.append((y.imag / h, largest / h))
    (near, noise), (other, _) = found
    error = 4 * _EPS * noise + 2 * abs(near - other)
    return Estimate(near, error if math.isfinite(error) else math.inf, step, 2, "both")


def _imaginary_step(size: float) -> float:
    """Return a step so small that its square is lost, and no smaller than that its quotients by x do not underflow."""
    if size > 1:
        return 2.0**-100 * math.sqrt(size)
    if size > 2.0**-900:
        return 2.0**-100 * size
    return 2.0**-30 * size or 2.0**-200


class _Quotient(NamedTuple):
    slope: float
    rounding: float


class _Around:
    """A function around a point: each place is evaluated once, and counted."""

    def __init__(self, f: Callable[[float], Measured], x: float, value: float | None) -> None:
        self.f, self.x = f, x
        self.evaluations = 0
        self._known: dict[float, Measured] = {} if value is None else {x: (value, abs(value))}

    def at(self, place: float) -> Measured:
        found = self._known.get(place)
        if found is None:
            self.evaluations += 1
            found = self._known[place] = self.f(place) if math.isfinite(place) else (math.nan, math.nan)
        return found

    def quotient(self, side: str, step: float) -> _Quotient:
        """Return the difference quotient of both sides or of one, and what rounding may have made of it."""
        right = self.x if side == "left" else self.x + step
        left = self.x if side == "right" else self.x - step
        (y_right, m_right), (y_left, m_left) = self.at(right), self.at(left)
        width = right - left  # the step that was taken: x + step is rounded
        if not width:
            return _Quotient(math.nan, math.inf)
        return _Quotient((y_right - y_left) / width, 4 * _EPS * max(m_right, m_left) / width)

    def inside(self, side: str, step: float) -> bool:
        """Return whether the function has a value one step to the right or left."""
        return math.isfinite(self.at(self.x + step if side == "right" else self.x - step)[0])

    def bend(self, step: float) -> float:
        """Return the difference of the quotients on the right and on the left: it vanishes with the step, or jumps."""
        y_right, y_left, y = self.at(self.x + step)[0], self.at(self.x - step)[0], self.at(self.x)[0]
        return ((y_right - y) - (y - y_left)) / step if step else math.nan

    def result(self, slope: float, error: float, step: float, side: str) -> Estimate:
        return Estimate(slope, error if math.isfinite(error) else math.inf, step, self.evaluations, side)


def _central(around: _Around, epsilon: float | None) -> Estimate:
    """Return (f(x+ε) - f(x-ε))/2ε; beside an edge (-3f(x) + 4f(x+ε) - f(x+2ε))/2ε, whose error is O(ε²) too."""
    return _first_inside(around, ("both", "right", "left"), 2, epsilon)


def _one_sided(around: _Around, epsilon: float | None) -> Estimate:
    """Return (f(x+ε) - f(x))/ε, or where there is no f(x+ε), (f(x) - f(x-ε))/ε."""
    return _first_inside(around, ("right", "left"), 1, epsilon)


def _first_inside(around: _Around, sides: tuple[str, ...], order: int, epsilon: float | None) -> Estimate:
    """Return the quotient of the first side on which f has values, by a step of the scale of x."""
    unit, size = _EPS ** (1 / (order + 1)), abs(around.x)
    steps = [epsilon] if epsilon is not None else [unit * max(1.0, size), *([unit * size] if 0 < size < 1 else [])]
    for side in sides:
        for step in steps:
            found = _quotient(around, side, order, step)
            if math.isfinite(found.derivative):
                return _balanced(around, order, found) if epsilon is None else found
    return found


def _balanced(around: _Around, order: int, found: Estimate) -> Estimate:
    """Return a better estimate, if the error is large, by steps at which truncation and rounding would be equal."""
    best = found
    for _ in range(3):
        if found.error <= 1e-6 * abs(found.derivative):
            break
        rounding = around.quotient(found.side, found.step).rounding
        truncation = max(found.error - rounding, 1e-3 * rounding)
        step = found.step * (rounding / truncation) ** (1 / (order + 1))
        if not 0 < step < math.inf or around.x + step == around.x or 0.25 < step / found.step < 4:
            break
        found = _quotient(around, found.side, order, step)
        best = min(best, found, key=lambda estimate: estimate.error)
    size = abs(around.x)
    if 0 < size < 1 and not best.error <= 1e-6 * abs(best.derivative):
        found = _quotient(around, found.side, order, _EPS ** (1 / (order + 1)) * size)
        best = min(best, found, key=lambda estimate: estimate.error)
    return best._replace(evaluations=around.evaluations)


def _quotient(around: _Around, side: str, order: int, step: float) -> Estimate:
    """Return a quotient of an order, with the one at twice the step to tell its error."""
    near, far = around.quotient(side, step), around.quotient(side, 2 * step)
    slope, rounding = near.slope, near.rounding
    if side != "both" and order == 2:
        farther = around.quotient(side, 4 * step)
        slope, beside, rounding = 2 * near.slope - far.slope, 2 * far.slope - farther.slope, 3 * near.rounding
    else:
        beside = far.slope
    # The change is three times the error that is left; of one side it is less, and where f is like x^1.5 not even half.
    error = abs(beside - slope) * (1 if side == "both" else _EDGE) + rounding
    if side == "both":  # one side's derivative may differ from the other's: at a corner half of it is the error
        error += abs(around.bend(step) - around.bend(2 * step) / 2)
    return around.result(slope, error, step, side)


def _extrapolated(around: _Around, epsilon: float | None) -> Estimate:
    """Return quotients of shrinking steps extrapolated to step 0, from the largest step at which f is smooth."""
    if epsilon is not None:
        return _shrinking(around, "both", _Steps(epsilon), 0)
    side, steps, k = _inside(around)
    if side != "both":
        return _shrinking(around, side, steps, k)
    best = around.result(math.nan, math.inf, steps[k], side)
    while around.evaluations < _MOST - 4:
        # what looks smooth at large steps may be the mean of an oscillation: without convergence, look further down
        k = _resolved(around, steps, k)
        found = _shrinking(around, side, steps, k)
        best = min(best, found, key=lambda e: e.error)
        if best.error <= 1e4 * around.quotient(side, best.step).rounding or k >= _SMALLEST:
            break
        k += _COARSE
    return best._replace(evaluations=around.evaluations)


class _Steps:
    """Steps that shrink by a ratio: equal indices are equal places, which are evaluated once."""

    def __init__(self, first: float) -> None:
        self.first = first

    def __getitem__(self, k: int) -> float:
        return self.first * _RATIO**-k


def _inside(around: _Around) -> tuple[str, _Steps, int]:
    """Return the sides on which f has values, steps of x's scale, and from which on they stay inside of the domain."""
    size = abs(around.x)
    steps = _Steps(_LARGEST * max(1.0, size))
    if 0 < size < 1 and not (around.inside("right", steps[0]) and around.inside("left", steps[0])):
        steps = _Steps(_LARGEST * size)
    starts = {}
    for side in ("right", "left"):
        k = 0
        while k <= _SMALLEST and not around.inside(side, steps[k]):
            k += _COARSE
        starts[side] = k
    both = max(starts.values())
    if both <= _SMALLEST or min(starts.values()) > _SMALLEST:
        return "both", steps, both
    side = min(starts, key=lambda side: starts[side])
    return side, steps, starts[side]


def _resolved(around: _Around, steps: _Steps, start: int) -> int:
    """Return the step from which on quotients converge as those of a smooth function do: as the square of the step.

    So must the second differences: those of a corner do not, nor of a bump that is narrower than the step.
    """
    k = start
    first, second = _changes(around, steps, k), _changes(around, steps, k + _COARSE)
    while around.evaluations < _MOST - 12 and k < _SMALLEST:
        if all(late <= early / _SQUARES for early, late in zip(first, second, strict=True)):
            return k
        k += _COARSE
        first, second = second, _changes(around, steps, k + _COARSE)
    return k


def _changes(around: _Around, steps: _Steps, k: int) -> tuple[float, float]:
    """Return by how much more than rounding the quotients of first and second order change from one step to another."""
    far, near = steps[k], steps[k + _COARSE]
    quotient = around.quotient("both", near)
    slopes = abs(around.quotient("both", far).slope - quotient.slope)
    bends = abs(around.bend(far) * _RATIO**-_COARSE - around.bend(near))
    return max(0.0, slopes - 2 * quotient.rounding), max(0.0, bends - 4 * quotient.rounding)


def _shrinking(around: _Around, side: str, steps: _Steps, start: int) -> Estimate:
    """Return the best entry of Neville's table of the quotients from a step on, as polynomials in the step."""
    power = 2 if side == "both" else 1
    slopes, bends = _Table(power), _Table(2)
    best = around.result(math.nan, math.inf, steps[start], side)
    k, since = start, 0
    patience = 3 if side == "both" else 6
    while since < patience and around.evaluations + power <= _MOST:
        step = steps[k]
        k, since = k + 1, since + 1
        quotient = around.quotient(side, step)
        if not math.isfinite(quotient.slope) or step < _LEAST:
            continue
        row = slopes.add(step, quotient.slope)
        if side == "both":
            bends.add(step, around.bend(step) * (steps.first / step))
        for m in range(1, len(row)):
            if side == "both":
                error = slopes.spread(m) + step / steps.first * bends.spread(m) + quotient.rounding
            else:
                error = _EDGE * slopes.spread(m) + quotient.rounding
            if error < best.error:
                best, since = around.result(row[m], error, step, side), 0
        if len(row) > 2 and best.error <= 2 * quotient.rounding:
            break
    return best._replace(evaluations=around.evaluations)


class _Table:
    """Neville's table: entry m of a row is a polynomial of degree m in step^power through m + 1 values, taken at 0."""

    def __init__(self, power: int) -> None:
        self.power = power
        self.steps: list[float] = []
        self.row: list[float] = []
        self.before: list[float] = []

    def add(self, step: float, value: float) -> list[float]:
        self.steps.append(step)
        self.before, self.row = self.row, [value]
        for m in range(1, len(self.steps)):
            ratio = (self.steps[-1 - m] / step) ** self.power
            last = self.row[-1]
            self.row.append(last + (last - self.before[m - 1]) / (ratio - 1))
        return self.row

    def spread(self, m: int) -> float:
        """Return how far entry m is from the two that it was made of, and from the one of its degree before it."""
        beside = [self.row[m - 1], *self.before[m - 1 : m + 1]]
        return max(abs(self.row[m] - entry) for entry in beside)
