"""Checking a gradient: the lecture's formula along a random direction, input by input, and modes against each other.

δᵀ∇f(θ) ≈ (f(θ + εδ) - f(θ - εδ)) / 2ε for a random δ in the unit ball.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random

from autodiffcli import diagnosis
from autodiffcli.backends import Gradient, backend
from autodiffcli.checking.evidence import FAILED, PASSED, UNDECIDED, Finding, Slice, judge
from autodiffcli.checking.faults import find_fault
from autodiffcli.checking.results import Check, Claim, Comparison, Mode
from autodiffcli.checking.rounding import EPS, corners, neighbourhood, numbers, rounding
from autodiffcli.derivatives import extend
from autodiffcli.graph import Graph
from autodiffcli.interpreter import check_size, rerun, run
from autodiffcli.language.notation import counted
from autodiffcli.language.write import number

__all__ = ["Checker", "ball", "conclude", "run_check"]

_EVALUATIONS = 40
"""About how many a check takes."""

_LOCATED = 100
"""Inputs up to which those at fault are looked for one by one without being asked to."""


def ball(count: int, seed: int) -> list[float]:
    """Return a random point in the unit ball, uniformly: a direction of the normal distribution, and its length.

    >>> round(sum(d * d for d in ball(3, 0)), 3) <= 1
    True
    """
    random = Random(seed)
    normal = [random.gauss(0.0, 1.0) for _ in range(count)]
    length = random.random() ** (1 / count) / math.hypot(*normal)
    return [length * x for x in normal]


_TINY = 2.0**-800
"""Coordinates below it are no length to move by: its fractions must not underflow."""


class Checker:
    """A function at a point, with what is needed to judge its gradient by quotients.

    wrt: the inputs to differentiate by. errors: how far rounding may have moved each of the derivatives.
    """

    def __init__(self, graph: Graph, point: Mapping[str, float], wrt: Sequence[str]) -> None:
        check_size(graph, _EVALUATIONS)
        self.graph, self.point, self.wrt = graph, dict(point), wrt
        self.coordinates = list(point.values())
        self.output = graph.outputs[0]
        self.values = run(graph, self.coordinates)
        self.value = self.values[self.output]
        unfolded = graph.copy()
        unfolded.exact = True  # of a constant that is computed while the graph grows the rounding would not be seen
        extension = extend(unfolded, wrt)
        longer = rounding(extension.graph, run(extension.graph, self.coordinates))
        self.errors = dict(zip(wrt, [longer[i] for i in extension.graph.outputs[1:]], strict=True))
        inputs = {i: EPS / 2 * abs(self.point[name]) for name, i in graph.inputs.items()}
        noise = rounding(graph, self.values, inputs)[self.output]
        largest = max((abs(v) for v in numbers(self.values) if math.isfinite(v)), default=0.0)
        self.noise = noise if math.isfinite(noise) else EPS * largest

    def along(self, direction: Mapping[str, float]) -> Slice:
        """Return the function along a direction."""
        moves = {self.graph.inputs[name]: (self.point[name], d) for name, d in direction.items() if d}
        evaluate = rerun(self.graph, self.values, moves)

        def f(t: float) -> float:
            return float(evaluate({i: x + t * d for i, (x, d) in moves.items()})[self.output])

        length = math.hypot(*[d for _, d in moves.values()])
        sizes = self._sizes([x for x, _ in moves.values()])
        reach = min((abs(x / d) for x, d in moves.values() if x), default=math.inf)
        grain = EPS * max((abs(x) for x, _ in moves.values()), default=0.0) / length
        return Slice(f, self.value, self.noise, [size / length for size in sizes], grain, reach)

    def compare(
        self, name: str, direction: Mapping[str, float], gradient: Mapping[str, float], epsilon: float | None = None
    ) -> Comparison:
        """Return the derivative along a direction beside its difference quotient."""
        moved = {name: d for name, d in direction.items() if d}
        products = [d * gradient[name] for name, d in moved.items()]
        terms = sum(map(abs, products))
        errors = sum(abs(d) * self.errors[name] for name, d in moved.items()) + EPS * terms
        exact = sum(products)
        return Comparison(name, exact, judge(self.along(direction), exact, errors, terms, epsilon))

    def corners(self) -> list[str]:
        """Return what is to be said of corners and jumps at the point."""
        exact = list(diagnosis.corners(self.graph, self.values, self.wrt))
        radii = rounding(self.graph, self.values, neighbourhood(self.graph, self.coordinates))
        near = {} if self.graph.shapes else dict(corners(self.graph, self.values, radii))
        return list(map(str, exact)) + [near[j] for j in near.keys() - {corner.node for corner in exact}]

    def _sizes(self, coordinates: Sequence[float]) -> list[float]:
        """Return lengths to move by: those of the coordinates, and smaller ones for what varies faster."""
        sizes = [abs(x) for x in coordinates if abs(x) > _TINY] or [1.0]
        low, high = min(sizes), max(sizes)
        found = [1.0] if high < 1 / 8 else []
        found += [high, low] if low < high / 8 else [high]
        return [*found, low * 2.0**-10, low * 2.0**-20]


def run_check(
    checker: Checker, first: Gradient, modes: Sequence[str], seed: int, per_input: bool, epsilon: float | None
) -> Check:
    """Return what the check of a gradient finds, that of the first mode; see `api.checks.check`."""
    wrt, gradient = checker.wrt, first.gradient
    finite = [name for name in wrt if math.isfinite(gradient[name])]
    delta = dict.fromkeys(wrt, 0.0)
    if finite:
        delta |= zip(finite, ball(len(finite), seed), strict=True)
    check = Check(checker.graph, checker.point, checker.value, seed, epsilon, delta)
    if finite:
        check.comparisons.append(checker.compare("", delta, gradient, epsilon))
    others = [backend(mode).gradient(checker.graph, checker.coordinates, wrt, False) for mode in modes]
    check.modes = [_mode(result, first, checker, check) for result in others]
    passed = bool(finite) and check.comparisons[0].finding.verdict == PASSED
    if per_input or (not passed and epsilon is None and len(finite) <= _LOCATED):
        check.comparisons += [checker.compare(name, {name: 1.0}, gradient, epsilon) for name in finite]
    at = checker.corners()
    check.notes += at
    if at:  # the derivative is a choice there, whatever quotients say
        check.comparisons = [_undecided(one) for one in check.comparisons]
    if any(one.finding.verdict == FAILED for one in check.comparisons):
        check.fault = find_fault(check.graph, checker.values) if not check.graph.shapes else None
    return check


def _mode(result: Gradient, first: Gradient, checker: Checker, check: Check) -> Mode:
    """Return a mode beside the first: derivatives may differ by what rounding explains."""
    errors = checker.errors
    if result.formulas:
        own = rounding(result.graph, result.values)
        errors = {name: errors[name] + own[node] for name, node in result.formulas.items()}
    differs = []
    for name, derivative in result.gradient.items():
        other = first.gradient[name]
        same = derivative == other or (math.isnan(derivative) and math.isnan(other))
        if not same and not abs(derivative - other) <= 4 * errors[name] and math.isfinite(errors[name]):
            differs.append(name)
    along = sum(d * result.gradient[name] for name, d in check.direction.items() if d)
    verdict = check.comparisons[0].finding.verdict if check.comparisons else UNDECIDED
    if verdict == PASSED and differs:
        finding = check.comparisons[0].finding
        verdict = PASSED if abs(along - finding.quotient) <= finding.tolerance else FAILED
    return Mode(result.mode, dict(result.gradient), along, differs, verdict)


def conclude(check: Check) -> None:
    """Set the verdict, and say why."""
    failed = [one for one in check.comparisons if one.finding.verdict == FAILED]
    if failed or any(mode.differs for mode in check.modes):
        check.verdict = FAILED
        check.why = _failure(check, failed)
        return
    names = [mode.name for mode in check.modes]
    modes = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    together = "agrees" if len(names) == 1 else "agree with each other and"
    along = [one for one in check.comparisons if not one.name]
    inputs = [one for one in check.comparisons if one.name]
    settled = [bool(part) and all(one.finding.verdict == PASSED for one in part) for part in (along, inputs)]
    finite = all(map(math.isfinite, check.gradient.values()))
    if finite and (settled[1] or (settled[0] and not inputs)):
        where = [text for text, passed in zip(("along δ", "by each input"), settled, strict=True) if passed]
        check.verdict = PASSED
        check.why = f"{modes} {together} with the difference quotient {' and '.join(where)}"
    else:
        check.verdict = UNDECIDED
        alone = "" if len(names) == 1 else f"{modes} agree with each other, but "
        check.why = f"{alone}difference quotients decide nothing here: {_reason(check)}"


def _undecided(one: Comparison) -> Comparison:
    if one.finding.verdict != FAILED:
        return one
    return one._replace(finding=one.finding._replace(verdict=UNDECIDED))


def _failure(check: Check, failed: Sequence[Comparison]) -> str:
    """Return what disagrees with what."""
    first = check.modes[0]
    for mode in check.modes:
        for name in mode.differs[:1]:
            a, b = (number(found.gradient[name], None) for found in (mode, first))
            return f"the derivative by {name} is {a} in {mode.name} mode and {b} in {first.name} mode"
    one = failed[-1] if len(failed) == 1 or not failed[0].name else failed[0]
    inputs = [one for one in failed if one.name]
    if inputs:
        one = max(inputs, key=lambda one: abs(one.derivative - one.finding.quotient))
    what = f"the derivative by {one.name}" if one.name else "δᵀ∇f"
    more = f", and so with {counted(len(inputs) - 1, 'other input')}" if len(inputs) > 1 else ""
    return f"{what} is {number(one.derivative)}, but the difference quotient is {_with_error(one.finding)}{more}"


def _reason(check: Check) -> str:
    """Return why quotients decide nothing."""
    if check.notes:
        return check.notes[0]
    for one in check.comparisons:
        if one.finding.verdict == UNDECIDED:
            what = f"by {one.name}" if one.name else "along δ"
            return f"that {what} is {_with_error(one.finding)}"
    return "no derivative is finite"


def _with_error(finding: Finding) -> str:
    """Return a quotient with its error, to the digits that it has."""
    return f"{number(finding.quotient, 10)} ± {number(finding.error, 2)}"


def describe_failure(wrong: Sequence[Claim], count: int) -> str:
    """Return which of the derivatives that a person gave are wrong, and what the first should be."""
    first = wrong[0]
    should = number(first.derivative, 10) + (f" = {first.formula}" if first.formula else "")
    remark = f" ({first.remark})" if first.remark else ""
    more = f"; {len(wrong)} of {count} are wrong" if len(wrong) > 1 else ""
    return f"the derivative by {first.name} is not {first.text} but {should}{remark}{more}"
