"""Machine code: against the 25 digits, against NumPy's engine, and what it says where it cannot be had."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiffcli
from autodiffcli.derivatives import extend
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.native import Native, machine
from autodiffcli.targets import function_source

LINES = [json.loads(line) for line in (Path(__file__).parents[1] / "data" / "scalar.jsonl").read_text().splitlines()]
ways = pytest.mark.parametrize("few", [10**9, 0], ids=["compiled", "interpreted"])


def copied(graph: Graph, into: Graph, mark: str) -> list[int]:
    """Return the outputs of a graph within another, its inputs under marked names."""
    places: list[int] = []
    names = {i: name for name, i in graph.inputs.items()}
    for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        if args:
            places.append(into.apply(op, tuple(places[a] for a in args)))
        else:
            places.append(into.input(mark + names[i]) if i in names else into.constant(graph.constants[i]))
    return [places[i] for i in graph.outputs]


def in_c(graph: Graph) -> bool:
    """Say whether C has the functions that a graph needs."""
    try:
        function_source(graph, list(graph.inputs), [()] * len(graph.outputs), "c", "f")
    except RequestError:
        return False
    return True


@ways
def test_the_digits_of_every_conformance_line(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "FEW", few)
    whole, wanted, point = Graph(), [], []
    for k, line in enumerate(LINES):
        graph = autodiffcli.parse(line["expr"])
        extended = extend(graph, list(graph.inputs)).graph
        if in_c(extended):
            whole.outputs += copied(extended, whole, f"line{k}_")
            point += [float(line["at"][name]) for name in extended.inputs]
            wanted += [(line["expr"], line["value"]), *((line["expr"], line["grad"][name]) for name in graph.inputs)]
    assert len(wanted) > 200
    for found, (expression, digits) in zip(Native(whole).point(np.array(point)), wanted, strict=True):
        error = abs(Decimal(float(found)) - Decimal(digits))
        assert error <= Decimal(max(1e-14 * abs(float(digits)), 4 * math.ulp(float(digits)))), expression


@ways
def test_rows_are_those_of_numpy(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "FEW", few)
    expression = "x1^2*sqrt(x2) + where(x1 < x2, max(x1, x2, 2), x1 % x2)/(1 + x1^2) - round(x2)"
    columns = np.random.default_rng(3).uniform(-3, 9, (2, 70_001))
    columns[:, :5] = [[0, math.inf, -math.inf, math.nan, 3], [0, 1, math.nan, -0.0, -2]]
    numpy = autodiffcli.compile(expression).value_and_gradient(*columns)
    found = autodiffcli.compile(expression, engine="c").value_and_gradient(*columns)
    for ours, theirs in zip(found, numpy, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("count", [3, 4, 12, 90])  # 7 to 181 columns with the results
@pytest.mark.parametrize("rows", [1, 17, 4_099])
def test_rows_of_many_columns_are_those_of_numpy(count: int, rows: int) -> None:
    expression = "+".join(f"(x{k} - x{k + 1}^2)*x{k}" for k in range(count - 1))
    columns = np.random.default_rng(5).uniform(-2, 2, (count, rows))
    before = columns.copy()
    numpy = autodiffcli.compile(expression).value_and_gradient(*columns)
    found = autodiffcli.compile(expression, engine="c").value_and_gradient(*columns)
    np.testing.assert_array_equal(found, numpy)
    np.testing.assert_array_equal(columns, before)


@pytest.mark.parametrize("engine", ["numpy", "c"])
def test_the_gradient_of_a_long_product(engine: str) -> None:
    n = 2000
    point = np.random.default_rng(4).uniform(0.99, 1.01, n)
    value, gradient = autodiffcli.compile("*".join(f"x{i}" for i in range(n)), engine=engine).at(point)
    assert value == pytest.approx(math.prod(point), rel=1e-12)
    np.testing.assert_allclose(gradient, math.prod(point) / point, rtol=1e-12)


@pytest.mark.parametrize("engine", ["numpy", "c"])
def test_results_can_be_written_into_given_arrays(engine: str) -> None:
    compiled = autodiffcli.compile("x*y", engine=engine)
    out = [np.empty(3) for _ in range(3)]
    assert compiled.value_and_gradient([1, 2, 3], 2.0, out=out) == out
    assert [r.tolist() for r in out] == [[2, 4, 6], [2, 2, 2], [1, 2, 3]]
    wrongs: Any = (out[:2], [np.empty(2)] * 3, [np.empty(3, dtype=np.float32)] * 3, [np.empty(6)[::2]] * 3)
    for wrong in wrongs:
        with pytest.raises(RequestError, match=r"out= takes 3 contiguous float64 arrays of shape \(3,\)"):
            compiled.value_and_gradient([1, 2, 3], 2.0, out=wrong)
    with pytest.raises(RequestError, match="2 inputs need as many columns, not 1"):
        compiled.value_and_gradient([1, 2, 3])
    with pytest.raises(RequestError, match="a point is an array of 2 numbers"):
        compiled.at([1.0])


def test_no_inputs_and_outputs_that_are_inputs() -> None:
    value, gradient = autodiffcli.compile("2*3", engine="c").at([])
    assert (value, gradient.tolist()) == (6.0, [])
    value, gradient = autodiffcli.compile("x", engine="c").at([5.0])
    assert (value, gradient.tolist()) == (5.0, [1.0])


def said(expression: str, **options: Any) -> str:
    with pytest.raises(RequestError) as caught:
        autodiffcli.compile(expression, **options)
    return f"{caught.value.message}; {caught.value.hint}"


def test_what_cannot_be_had_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert said("x", engine="cuda") == "there is no engine 'cuda'; engines are numpy and c"
    assert "besselj cannot be written in C" in said("besselj(0.5, x)", engine="c")
    monkeypatch.setenv("CC", "no-such-compiler -m64")
    assert said("x + 17", engine="c") == (
        "the engine 'c' needs a C compiler, and 'no-such-compiler' is not found; install gcc or clang, "
        "name yours in the environment variable CC, or use the engine 'numpy'"
    )
    monkeypatch.setenv("CC", '"')
    assert said("x + 19", engine="c") == 'CC=" is no command: No closing quotation; name a compiler: CC=gcc'
    monkeypatch.setenv("CC", "true")
    assert "what the C compiler 'true' made cannot be loaded: " in said("x + 20", engine="c")
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho 'native.c:1: error: out of order' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    assert "failed: native.c:1: error: out of order; use the engine 'numpy'" in said("x + 18", engine="c")
