"""Checking gradients, as `import autodiffcli` offers it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isnan
from typing import Any

from autodiffcli.api.diagnoses import of_gradient, of_value
from autodiffcli.api.expressions import Point, chosen, entrywise, graph_of, of_one_output, point_of
from autodiffcli.api.gradients import coordinates, gradient
from autodiffcli.backends import EXACT, Gradient
from autodiffcli.checking.compare import Checker, conclude, run_check
from autodiffcli.checking.results import Check
from autodiffcli.checking.sweep import Sweep, run_sweep
from autodiffcli.errors import MathError, RequestError
from autodiffcli.graph import Graph
from autodiffcli.language.point import forms
from autodiffcli.language.values import from_python
from autodiffcli.value_text import text

__all__ = ["check", "sweep"]


def check(
    expression: str | Graph,
    at: Point = "",
    *,
    seed: int = 0,
    modes: Iterable[str] = EXACT,
    wrt: Iterable[str] | None = None,
    per_input: bool = False,
    epsilon: float | None = None,
    against: str | Mapping[str, Any] | None = None,
) -> Check:
    """Check the gradient of an expression at a point by the formula δᵀ∇f(θ) ≈ (f(θ + εδ) - f(θ - εδ)) / 2ε.

    seed:      of the random direction δ, uniform in the unit ball.
    modes:     the modes that are checked, against the quotient and against each other.
    per_input: compare the derivative by each input with its own quotient too.
    epsilon:   the step of the plain formula; by default quotients of shrinking steps are extrapolated.
    against:   a gradient that a person found: formulas or numbers, "x1=1/x1+x2, x2=1.716", or formulas in the order of
               the inputs, "(1/x1+x2, x1-cos(x2))"; or by name, {"x1": "1/x1+x2", "x2": 1.716}. A number is judged by
               the digits it is given with.

    The tolerance is derived from the estimated error of the quotient and a bound of the rounding of the gradient. A
    result does not raise: see its `verdict`. Raises RequestError (syntax, names, a refused derivative) and MathError
    (the value or a derivative is undefined).

    >>> found = check("ln(x1)+x1*x2-sin(x2)", "x1=2,x2=5")
    >>> found.verdict
    'passed'
    >>> found.why
    'reverse, forward, backprop and symbolic agree with each other and with the difference quotient along δ'
    """
    asked = [modes] if isinstance(modes, str) else list(modes)
    checker, first, notes = _ready(expression, at, asked[0], wrt)
    found = run_check(checker, first, asked, seed, per_input, epsilon)
    found.notes[:0] = notes
    conclude(found)
    if against is not None:
        from autodiffcli.checking.claims import judge_claims

        if not isinstance(against, str):
            texts = {name: x if isinstance(x, str) else text(from_python(name, x)) for name, x in against.items()}
            against = ", ".join([f"{name}={x}" for name, x in texts.items()])
        judge_claims(found, against, forms(point_of(at)))
    return found


def sweep(expression: str | Graph, at: Point = "", *, seed: int = 0, wrt: Iterable[str] | None = None) -> Sweep:
    """Return how the error of one-sided and of central quotients depends on ε, from 1 to 1e-16.

    seed: of the random direction δ, uniform in the unit ball. The error is the distance to δᵀ∇f, ∇f by reverse mode.

    Raises what `check` raises, and MathError where a derivative is infinite.

    >>> found = sweep("ln(x1)+x1*x2-sin(x2)", "x1=2,x2=5")
    >>> [round(curve.slope or 0, 1) for curve in found.curves]
    [1.0, 2.0]
    """
    checker, first, notes = _ready(expression, at, "reverse", wrt)
    if notes:
        raise MathError(notes[0], hint="a sweep needs a point at which every derivative is finite")
    return run_sweep(checker, first.gradient, seed)


def _ready(
    expression: str | Graph, at: Point, mode: str, wrt: Iterable[str] | None
) -> tuple[Checker, Gradient, list[str]]:
    """Return the function at the point, its gradient by a mode, and what of them is infinite."""
    given = point_of(at)
    graph, at, names = entrywise(graph_of(expression, given), given, wrt)
    of_one_output(graph, "a gradient has one output")
    names = chosen(graph, names)
    if not names:
        raise RequestError("the expression has no inputs, so there is no gradient to check", source=graph.source)
    point = dict(zip(graph.inputs, coordinates(graph, at), strict=True))
    first = gradient(graph, point, mode=mode, wrt=names)
    findings = [*of_value(first), *of_gradient(graph, point, first)]
    for finding in findings:
        if isnan(finding.found):
            raise finding.explain()
    return Checker(graph, point, names), first, [finding.explain().message for finding in findings]
