"""All partial derivatives to an order, against mpmath's differences and against nested derivatives in the language."""

from __future__ import annotations

import json
import math
from pathlib import Path

import mpmath as mp
import pytest
from hypothesis import given, settings

from autodiffcli import RequestError, parse
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.partials import partials
from tests.strategies import expressions, points
from tests.targets.truth import derivatives, indices

LINES = [json.loads(line) for line in (Path(__file__).parent / "data" / "scalar.jsonl").read_text().splitlines()]


def at(graph: Graph, order: int, point: list[float]) -> list[float]:
    built, _ = partials(graph, list(graph.inputs), order)
    values = run(built, point)
    return [values[i] for i in built.outputs]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["id"])
def test_order_3_has_the_digits(line: dict[str, dict[str, str]]) -> None:
    graph = parse(str(line["expr"]))
    point = [float(line["at"][name]) for name in graph.inputs]
    if len(point) > 3:
        pytest.skip("differences of many inputs take long")
    for found, true in zip(at(graph, 3, point), derivatives(graph, point, 3), strict=True):
        assert abs(found - mp.re(true)) <= 2e-14 * abs(mp.re(true)) + 2e-17


@pytest.mark.parametrize(
    ("text", "point", "order"),
    [
        ("sin(x*y)*exp(z/x)+ln(x+y*z)", [1.3, 0.7, 2.1], 4),
        ("(x^2.5+y)^(x*y)", [1.3, 0.7], 4),
        ("exp(-x^2)*erf(x)", [0.4], 6),
        ("tan(asin(x)*atan2(x, y))/hypot(x, y)", [0.3, 0.7], 3),
        ("where(x > y, sinh(x*y)^2, cosh(x))", [1.2, 0.4], 4),
        ("max(x*y, x)^2*ln(y)", [1.2, 1.4], 3),
        ("a*b/c/d+sqrt(a*c)*d", [1.1, 1.2, 1.3, 1.4], 3),
    ],
)
def test_higher_orders(text: str, point: list[float], order: int) -> None:
    graph = parse(text)
    for found, true in zip(at(graph, order, point), derivatives(graph, point, order), strict=True):
        assert abs(found - true) <= 1e-12 * abs(true) + 1e-15


@given(expressions, points)
@settings(deadline=None, max_examples=60)
def test_second_order_is_the_derivative_of_the_derivative(text: str, point: dict[str, float]) -> None:
    graph = parse(text)
    names = list(graph.inputs)
    found = at(graph, 2, [point[name] for name in names])
    for m, value in zip(indices(len(names), 2), found, strict=True):
        nested = parse(f"D({text}, {', '.join(names[v] for v in m)}) + 0*({text})" if m else text)
        true = run(nested, [point[name] for name in nested.inputs])[nested.outputs[0]]
        if math.isfinite(true) and math.isfinite(value):
            assert value == pytest.approx(true, rel=1e-9, abs=1e-12)


def test_nothing_flows_behind_a_closed_gate() -> None:
    for text in ("where(x > 0, sqrt(x), 0)", "sqrt(where(x > 0, x, 0))", "where(x > 0, ln(x), 0)*cos(x)"):
        assert at(parse(text), 3, [-1.0])[2:] == [0.0, 0.0]
        assert at(parse(text), 3, [0.0])[1:] == [0.0, 0.0, 0.0]
    assert at(parse("relu(x)^3"), 3, [0.0]) == [0.0, 0.0, 0.0, 0.0]
    assert at(parse("x^3"), 4, [0.0]) == [0.0, 0.0, 0.0, 6.0, 0.0]


def test_symmetric_derivatives_come_once_in_graded_order() -> None:
    _, places = partials(parse("x*y*z"), ["x", "y", "z"], 2)
    assert list(places) == [(), (0,), (1,), (2,), (0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    assert list(places.values()) == list(range(10))


def test_operations_grow_with_the_order_as_a_polynomial() -> None:
    counts = [partials(parse("exp(sin(x))*ln(x)"), ["x"], k)[0].operations() for k in (4, 8, 16)]
    assert counts[1] < 5 * counts[0]
    assert counts[2] < 5 * counts[1]


def test_refusals() -> None:
    with pytest.raises(RequestError, match="partial derivatives up to order 9"):
        partials(parse("+".join(f"x{i}^9" for i in range(20))), [f"x{i}" for i in range(20)], 9)
    with pytest.raises(RequestError, match="can be 170 at most, not 171"):
        partials(parse("sin(x)"), ["x"], 171)
    with pytest.raises(RequestError, match="not -1"):
        partials(parse("x"), ["x"], -1)
