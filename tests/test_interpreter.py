"""A point where some inputs have moved: the same values, and only what depends on those inputs evaluated again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiffcli import interpreter, parse
from autodiffcli.backends.numeric import Numeric
from autodiffcli.interpreter import Step, execute, rerun, run
from tests.strategies import expressions

START, END = [0.3, 1.0, 4.0], [2.0, -0.5, 0.0]


@settings(max_examples=300, deadline=None)
@given(expressions, st.sets(st.integers(0, 2)))
def test_moved_inputs_give_what_a_run_gives(text: str, places: set[int]) -> None:
    graph = parse(text)
    ids = list(graph.inputs.values())
    moved = {i: END[place] for place, i in enumerate(ids) if place in places}
    start = START[: len(ids)]
    there = [moved.get(i, x) for i, x in zip(ids, start, strict=True)]
    evaluate = rerun(graph, run(graph, start), moved)
    for _ in range(2):  # what one call leaves behind would show in the next
        np.testing.assert_array_equal(evaluate(moved), run(graph, there))


@pytest.mark.parametrize("text", ["x*sin(sin(sin(y)))", "sum(x*[1, 2])*sin(sin(sin(y)))"])
def test_a_quotient_evaluates_what_its_input_reaches(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []

    def counted(steps: Iterable[Step], *rest: Any) -> None:
        steps = list(steps)
        counts.append(sum(bool(args) for _, _, args, _ in steps))
        execute(steps, *rest)

    graph = parse(text)
    below = sum(bool(args) for args in graph.args) - 3  # of the sines of y
    monkeypatch.setattr(interpreter, "execute", counted)
    Numeric().gradient(graph, [2.0, 1.0], ["x"], False)
    assert counts[0] == below + 3
    assert set(counts[1:]) == {below}
    assert len(counts) > 4
