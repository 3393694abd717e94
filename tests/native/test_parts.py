"""Graphs in parts: the numbers of NumPy's engine, to the last bit, whatever the parts are and however rows are cut."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import autodiffcli
from autodiffcli.native import machine, parts
from autodiffcli.native.machine import built
from autodiffcli.native.parts import ARITHMETIC, cut
from autodiffcli.native.sincos import sin_and_cos
from autodiffcli.points.rows import Floats
from autodiffcli.primitives import sincos
from tests.points.support import FORMULAS, FULL, hard_columns
from tests.strategies import NAMES, expressions

COLUMNS = [*hard_columns(), hard_columns()[0][::-1]]


def assert_same(formula: str, columns: Sequence[Floats]) -> None:
    """Compare the engines by the bits of all results; nan is like nan."""
    numpy = autodiffcli.compile(formula)
    given = [columns[NAMES.index(name)] for name in numpy.inputs]
    expected = numpy.value_and_gradient(*given)
    found = autodiffcli.compile(formula, engine="c").value_and_gradient(*given)
    for ours, theirs in zip(found, expected, strict=True):
        assert_same_bits(ours, theirs, formula)


def assert_same_bits(ours: Floats, theirs: Floats, said: str = "") -> None:
    mine, other = (np.where(np.isnan(result), np.nan, result).view(np.int64) for result in (ours, theirs))
    np.testing.assert_array_equal(mine, other, said)


def test_the_numbers_are_those_of_numpy() -> None:
    """Infinite and undefined ones among them: more than the 2 ulp that are promised."""
    for formula in FORMULAS if FULL else FORMULAS[::8]:
        assert_same(formula, COLUMNS)


@settings(max_examples=500 if FULL else 25, deadline=None)
@given(expressions)
def test_random_expressions(expression: str) -> None:
    assert_same(expression, COLUMNS)


ENDS = "x*sin(x*y)*cos(x) + exp(-y*y)*sin(cos(x)) + x/y"


@pytest.mark.parametrize("few", [10**9, 0], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("kept", [1, 100, 10**9])
def test_rows_in_pieces(few: int, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "FEW", few)
    monkeypatch.setattr(parts, "KEPT", kept)
    for count in (0, 1, 777):
        assert_same(ENDS, [column[:count] for column in COLUMNS])


@pytest.mark.parametrize("formula", ["sin(x)", "x + sin(2)", "x", "2", "x + y + exp(z)", "sin(x) + 0*y", "sin(x + y)"])
def test_results_that_are_inputs_constants_or_each_other(formula: str) -> None:
    assert_same(formula, COLUMNS)


@pytest.mark.parametrize("formula", ["sin(x)*cos(y)", "sin(y)*exp(x*cos(y))", ENDS])
def test_a_number_is_a_column_of_it(formula: str) -> None:
    column = COLUMNS[0]
    for engine in ("numpy", "c"):
        compiled = autodiffcli.compile(formula, engine=engine)
        whole = compiled.value_and_gradient(column, np.full(len(column), 2.7))
        for found, expected in zip(compiled.value_and_gradient(column, 2.7), whole, strict=True):
            assert_same_bits(found, expected, formula)


@pytest.mark.parametrize("number", [2.0, 0.5, -1.0, 3.0, 1.0, -0.5, -0.7])
@pytest.mark.parametrize("formula", ["x^y", "y^x", "x^y*sin(x) + y"])
def test_numbers_among_columns(formula: str, number: float) -> None:
    results = []
    for engine in ("c", "numpy"):
        compiled = autodiffcli.compile(formula, engine=engine)
        given: dict[str, Any] = {"x": COLUMNS[0], "y": number}
        results.append(compiled.value_and_gradient(*[given[name] for name in compiled.inputs]))
    for found, expected in zip(*results, strict=True):
        assert_same_bits(found, expected, formula)


def test_rows_are_those_of_threads_too() -> None:
    rows = 3 * autodiffcli.api.gradients.Compiled.block_rows + 5
    assert_same(ENDS, [np.resize(column, rows) for column in COLUMNS])


@given(expressions)
def test_parts_are_the_graph(expression: str) -> None:
    """Each operation that an output needs is in one part, of its kind, and takes what earlier parts give."""
    graph = autodiffcli.parse(expression)
    known = {*graph.inputs.values()}
    made = 0
    for part in cut(graph):
        assert {*part.takes} <= known
        known |= {*part.gives}
        made += part.graph.operations()
        for op, args in zip(part.graph.ops, part.graph.args, strict=True):
            square = op.name == "pow" and part.graph.constants.get(args[1]) == 2.0
            assert not args or (op.name in ARITHMETIC or square) == part.arithmetic
    live = graph.live(graph.outputs)
    assert made == sum(1 for i, args in enumerate(graph.args) if args and live[i])
    assert {i for i in graph.outputs if graph.args[i]} <= known


def test_parts_are_few() -> None:
    graph = autodiffcli.parse("+".join(f"sin({k}*x)*exp({k} + y)" for k in range(50)))
    assert [part.graph.operations() for part in cut(graph)] == [100, 100, 99]


@pytest.mark.parametrize("scale", [1e-310, 1.0, 1e3, 1e5, 1e9, 1e300])
def test_sines_and_cosines_are_those_of_numpy(scale: float) -> None:
    """Those of the table's engine, whose error is tested elsewhere; near the ends of quarters and of its range too."""
    x = scale * np.random.default_rng(8).uniform(-3, 3, 100_001)
    x[:9_000] = np.arange(-4_500, 4_500) * np.pi / 4
    x[9_000:9_006] = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e5]
    for ours, theirs in zip(sin_and_cos(x), sincos.sin_and_cos(x), strict=True):
        assert_same_bits(ours, theirs)


@pytest.mark.parametrize("engine", ["numpy", "c"])
def test_arrays_among_columns_are_refused(engine: str) -> None:
    with pytest.raises(autodiffcli.RequestError, match="take expressions of scalars, and this one has arrays"):
        autodiffcli.compile("sum([x, y])", engine=engine).value_and_gradient([1.0, 3.0], [2.0, 4.0])


@pytest.mark.parametrize("engine", ["numpy", "c"])
def test_results_are_not_written_where_they_must_not_be(engine: str) -> None:
    compiled, kept = autodiffcli.compile("x*x", engine=engine), np.zeros(3)
    kept.flags.writeable = False
    with pytest.raises(autodiffcli.RequestError, match="to be written to"):
        compiled.value_and_gradient([1.0, 2.0, 3.0], out=[kept, np.empty(3)])
    assert not kept.any()


def test_an_array_of_constants_is_a_number_for_columns() -> None:
    value, slope = autodiffcli.compile("sum([1, 2])*x").value_and_gradient([1.0, 4.0])
    assert (value.tolist(), slope.tolist()) == ([3.0, 12.0], [3.0, 3.0])


def test_threads_compile_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[Any] = []
    run = subprocess.run

    def counted(command: Any, **options: Any) -> Any:
        commands.append(command)
        time.sleep(0.1)
        return run(command, **options)

    monkeypatch.setattr(subprocess, "run", counted)
    with ThreadPoolExecutor(4) as pool:
        assert len(set(map(id, pool.map(machine.built, ["int nothing_twice;"] * 4)))) == 1
    assert len(commands) == 1


def test_what_has_no_arithmetic_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[str] = []

    def counted(source: str) -> Any:
        sources.append(source)
        return built(source)

    monkeypatch.setattr(machine, "built", counted)
    compiled = autodiffcli.compile("erf(x)", wrt=[], engine="c")
    compiled.value_and_gradient([1.0, 2.0])
    assert len(sources) == 1
