"""No alarm where nothing is wrong: random expressions at random points, those at corners and edges among them."""

from __future__ import annotations

import os

from hypothesis import example, given, settings

from autodiffcli import MathError, check, parse
from tests.strategies import expressions, points

CASES = int(os.environ.get("ADCALC_CHECK_CASES", "150"))
"""Random cases; 10,000 take some minutes."""


@settings(max_examples=CASES, deadline=None)
@example("-(15.0*rad(x*3))", {"x": 0.0})  # constants are multiplied in another order in each mode
@example("where(x/-x < x, x, y)", {"x": 0.0, "y": 0.0})  # the condition is one on nan, at 0 alone
@given(expressions.filter(lambda text: any(name in parse(text).inputs for name in "xyz")), points)
def test_no_alarm_where_nothing_is_wrong(text: str, at: dict[str, float]) -> None:
    graph = parse(text)
    try:
        found = check(graph, {name: at[name] for name in graph.inputs})
    except MathError:
        return
    assert found.verdict != "failed", (found.why, at)
