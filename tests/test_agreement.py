"""The exact modes agree with each other on random expressions, and with an independent system."""

from __future__ import annotations

import math

from hypothesis import example, given, settings

from autodiffcli import MathError, gradient, parse
from autodiffcli.backends import EXACT, Gradient
from tests.strategies import expressions, points


def contribution(results: list[Gradient]) -> float:
    """Return the size of the largest term that any sweep added up; with one that overflowed nothing can be said."""
    terms = [abs(edge.term) for result in results for sweep in result.sweeps for edge in sweep.edges]
    return max((math.inf if math.isnan(t) else t for t in terms), default=0.0)


@settings(max_examples=10_000, deadline=None)
@given(expressions, points)
@example("where(x>0, sqrt(x), 0)", {"x": 0.0, "y": 0.0, "z": 0.0})
@example("max(sqrt(x), 1)", {"x": 0.0, "y": 0.0, "z": 0.0})
def test_exact_modes_agree(text: str, at: dict[str, float]) -> None:
    graph = parse(text)
    point = {name: at[name] for name in graph.inputs}
    found: list[Gradient] = []
    failures: list[str] = []
    for mode in EXACT:
        try:
            found.append(gradient(graph, point, mode=mode, trace=True))
        except MathError as error:
            failures.append(str(error))
    if failures:
        assert failures == [failures[0]] * len(EXACT)
        return
    tolerance = 1e-12 * contribution(found)
    for result in found[1:]:
        assert result.value == found[0].value
        for name, derivative in result.gradient.items():
            other = found[0].gradient[name]
            same = derivative == other or (math.isnan(derivative) and math.isnan(other))
            assert same or abs(derivative - other) <= tolerance or tolerance in (math.inf,), (result.mode, name)
