"""Graphs that are run again and again: arrays that are used again change no result and no column."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings

from autodiffcli import RequestError, compile, parse
from autodiffcli.derivatives import extend
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run, run_blocks
from autodiffcli.passes.simplify import simplify
from autodiffcli.primitive import PRIMITIVES, Exact
from autodiffcli.primitives.tensor_reductions import greatest
from autodiffcli.program import Blocks, Program, laid_out
from tests.arrays.test_programs import program
from tests.strategies import expressions

COLUMNS = np.array([[0.3, 2.0, 0.0, -1.0, np.inf], [1.0, 0.5, -2.0, 3.0, np.nan], [4.0, -0.0, 7.0, 1e300, 0.1]])


def extended(graph: Graph) -> Graph:
    return simplify(extend(graph, list(graph.inputs)).graph, exact=True)


@settings(max_examples=1000, deadline=None)
@given(expressions)
@example("where((x + y) < 0, -(x + y), x*y) + (x + y)")
@example("x^2")
@example("max(x + 1) * exp(x + 1)")
@example("sqrt(x*y) + relu(x*y)")
@example("x + 0*y")
def test_reuse_changes_nothing(text: str) -> None:
    graph = parse(text)
    for longer in (simplify(graph, exact=True), extended(graph)):
        compare(longer)


def compare(graph: Graph) -> None:
    given = list(COLUMNS[: len(graph.inputs)].copy())
    blocks, results = Blocks(graph), [np.empty(COLUMNS.shape[1]) for _ in graph.outputs]
    for rows in (slice(2, 5), slice(0, 2)):  # the second block is a shorter one, in the arrays of the first
        columns = {i: column[rows] for i, column in zip(graph.inputs.values(), given, strict=True)}
        blocks.run(blocks.begin({}), columns, [result[rows] for result in results])
    for mine, theirs in zip(given, COLUMNS, strict=False):
        np.testing.assert_array_equal(mine, theirs)
    plain = run_blocks(graph, given)
    for result, i in zip(results, graph.outputs, strict=True):
        np.testing.assert_array_equal(result, np.broadcast_to(plain[i], result.shape))


@pytest.mark.parametrize("name", [op.name for op in PRIMITIVES.values() if op.arity[0] > 1 and op.samples])
def test_a_number_is_a_column_of_equal_entries(name: str) -> None:
    op = PRIMITIVES[name]
    for sample in op.samples:
        graph = Graph()
        graph.outputs = [graph.apply(op, tuple(graph.input(f"x{k}") for k in range(len(sample))))]
        columns = [np.linspace(x, 1.25 * x, 7) for x in sample]
        for k in range(len(sample)):
            given: list[Any] = [c if n == k else c[0] for n, c in enumerate(columns)]
            spread = [np.broadcast_to(c, 7) for c in given]
            wrt = [f"x{n}" for n in range(len(sample)) if op.rules(len(sample))[n] is not None]
            function = compile(graph, wrt=wrt)
            for ours, theirs in zip(
                function.value_and_gradient(*given), function.value_and_gradient(*spread), strict=True
            ):
                np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_arrays_are_used_again() -> None:
    graph = parse("exp(-(x*y + 1))")
    layout = laid_out(graph, blocks=True)
    places = {op.name: args[-1] - len(graph) for _, op, args, _ in layout.steps}
    assert places == {"mul": 1, "add": 1, "neg": 1, "exp": 0}  # the result's, and one that stays
    assert len(layout.shapes) == 1


def test_what_does_not_vary_is_computed_once() -> None:
    graph = parse("exp(a*pi) * x + ln(a)")
    layout = laid_out(graph, [graph.inputs["a"]], blocks=True)
    assert [op.name for _, op, _, _ in layout.once] == ["mul", "ln", "exp"]
    assert [op.name for _, op, _, _ in layout.steps] == ["mul", "add"]


@pytest.mark.parametrize("seed", range(150))
def test_programs_of_arrays_give_what_one_run_gives(seed: int) -> None:
    graph, point = program(seed)
    longer = extended(graph)
    again = Program(longer)
    others = [0.5 - x for x in point]
    first, kept = again.at(point), [np.array(y) for y in again.at(point)]
    second = again.at(others)
    for found, at in ((first, point), (second, others)):
        values = run(longer, at)
        for y, i in zip(found, longer.outputs, strict=True):
            np.testing.assert_array_equal(y, values[i])
    for y, before in zip(first, kept, strict=True):  # the second run wrote into none of them
        np.testing.assert_array_equal(y, before)


def test_columns_that_do_not_fit_are_refused() -> None:
    function = compile("x*y")
    for columns in (([1.0, 2.0], [1.0, 2.0, 3.0]), (np.ones((2, 2)), 1.0)):
        with pytest.raises(RequestError, match="shapes"):
            function.value_and_gradient(*columns)


def test_what_is_compiled_goes_to_other_processes_as_it_is() -> None:
    for op in PRIMITIVES.values():
        assert pickle.loads(pickle.dumps(op)) is op
    with pytest.raises(TypeError, match="max of arrays"):
        pickle.dumps(greatest(None, False))
    assert pickle.loads(pickle.dumps(Exact(0.5, "1/2"))).text == "1/2"
    there = compile("exp2(x)*sin(y) - cos(y)*z + 2")
    back = pickle.loads(pickle.dumps(there))
    for mine, theirs in zip(back.value_and_gradient(*COLUMNS), there.value_and_gradient(*COLUMNS), strict=True):
        np.testing.assert_array_equal(mine, theirs)
