"""Derivatives as formulas: what a textbook prints, the right values, and text that reads back."""

from __future__ import annotations

import math
import os
import random
from typing import Any

import mpmath as mp
import pytest
from hypothesis import HealthCheck, assume, given, settings

from autodiffcli import RequestError, derivative, evaluate, formula, parse
from autodiffcli.derivatives import pushforward
from autodiffcli.graph import CONSTANT, INPUT, Graph
from autodiffcli.interpreter import run
from autodiffcli.passes.simplify import simplify
from tests.passes.exercises import EXERCISES
from tests.passes.textbook import TEXTBOOK
from tests.primitives.references import REFERENCES
from tests.strategies import expressions, points

OTHERS: dict[str, Any] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": mp.power,
}


def exactly(graph: Graph, at: dict[str, Any]) -> Any:
    """Evaluate by mpmath, whose functions know nothing of ours."""
    values: list[Any] = []
    for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        if op is INPUT:
            values.append(mp.mpf(at[graph.names[i]]))
        elif op is CONSTANT:
            names = {"pi": mp.pi, "e": mp.e}
            values.append(+names.get(graph.constant_names.get(i, ""), mp.mpf(repr(graph.constants[i]))))
        else:
            f = OTHERS.get(op.name) or REFERENCES[op.name].value
            values.append(f(*[values[a] for a in args]))
    return values[graph.outputs[0]]


def near(place: float) -> dict[str, float]:
    return {"x": place + random.Random(1).uniform(-0.05, 0.05), "n": 2.3}


@pytest.mark.parametrize(("text", "wanted", "place"), TEXTBOOK, ids=[case[0] for case in TEXTBOOK])
def test_textbook(text: str, wanted: str, place: float) -> None:
    result = derivative(text, "x")
    assert formula(result) == wanted
    graph, at = parse(text), near(place)
    with mp.workdps(50):
        true = mp.diff(lambda x: exactly(graph, {**at, "x": x}), mp.mpf(at["x"]))
        assert mp.almosteq(exactly(result, at), true, 1e-14)
        again = parse(formula(result))
        assert mp.almosteq(exactly(again, at), true, 1e-14)
    assert formula(simplify(again, readable=True)) == wanted


def derivatives(text: str, highest: int = 6) -> list[Graph]:
    """Return the derivatives by forward mode over forward mode, simplified for numbers."""
    found = [parse(text)]
    for _ in range(highest):
        longer = found[-1].copy()
        longer.outputs = pushforward(longer, longer.outputs, {longer.inputs["x"]: 1.0})
        found.append(simplify(longer))
    return found


@pytest.mark.parametrize(("text", "place"), EXERCISES if "ADCALC_ALL" in os.environ else EXERCISES[::4])
def test_derivatives_to_order_6(text: str, place: float) -> None:
    graph = parse(text)
    with mp.workdps(80):
        taylor = mp.taylor(lambda x: exactly(graph, {"x": x}), mp.mpf(place), 6)
    readable = graph
    for order, numeric in enumerate(derivatives(text)):
        true = taylor[order] * math.factorial(order)
        found = run(numeric, [place])[numeric.outputs[0]]
        assert abs(found - true) <= 1e-11 * abs(true) + 1e-300, (order, found, true)
        with mp.workdps(50):
            # 1/3 is a number to the first, and a fraction to the second
            assert abs(exactly(readable, {"x": place}) - true) <= 1e-14 * abs(true) + 1e-30, (order, formula(readable))
        readable = derivative(readable, "x")


@pytest.mark.parametrize(
    ("text", "wrt", "order", "wanted"),
    [
        ("x^3*y^2", ["x", "y"], None, "6*x^2*y"),
        ("x^3*y^2", ["x", "x", "y"], 3, "12*x*y"),
        ("x^3*y^2", "y", 2, "2*x^3"),
        ("sin(x)", None, 4, "sin(x)"),
        ("x^2 + y", "z", None, None),
        ("x^2 + y", None, None, None),
        ("x^2", "x", 0, None),
        ("x*y", ["x", "y"], 3, None),
        ("(x, x^2)", "x", None, None),
        ("7", None, None, None),
    ],
)
def test_names_and_order(text: str, wrt: Any, order: int | None, wanted: str | None) -> None:
    if wanted is None:
        with pytest.raises(RequestError):
            derivative(text, wrt, order)
    else:
        assert formula(derivative(text, wrt, order)) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x*x", "x^2"),
        ("x + x", "2*x"),
        ("2*x + 3*x", "5*x"),
        ("x - x", "0"),
        ("2*(3*x)", "6*x"),
        ("x^2*x^3", "x^5"),
        ("(x^2)^3", "x^6"),
        ("(x^2)^0.5", "sqrt(x^2)"),  # |x|, not x
        ("exp(x)*exp(y)", "exp(x + y)"),
        ("sin(x)^2 + cos(x)^2", "1"),
        ("cosh(x)^2 - sinh(x)^2", "1"),
        ("1 + tan(x)^2", "sec(x)^2"),
        ("ln(exp(x))", "x"),
        ("x/y*z", "x*z/y"),
        ("x/y/z", "x/(y*z)"),
        ("b*a*2", "2*a*b"),
        ("1/3 + 1/6", "1/2"),
        ("0.1 + 0.2", "0.3"),
        ("sin(-x)", "-sin(x)"),
        ("cos(-x)", "cos(x)"),
        ("sqrt(2)*sqrt(2)", "2"),
        ("x10 + x2", "x2 + x10"),
        ("x^(x^x)*x", "x^(x^x + 1)"),
        ("where(x == 0, 1, sin(x)/x)", "where(x == 0, 1, sin(x)/x)"),  # a selection that was written stays
    ],
)
def test_normal_form(text: str, wanted: str) -> None:
    assert formula(simplify(parse(text), readable=True)) == wanted


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(expressions, points)
def test_readable_keeps_the_value(text: str, at: dict[str, float]) -> None:
    graph = parse(text)
    readable = simplify(graph, readable=True)
    point = {name: at[name] for name in graph.inputs}
    values = run(graph, [point[name] for name in graph.inputs])
    # where every step is tame: what cancels or overflows is another number when written in another way
    assume(all(math.isfinite(v) and (v == 0 or 1e-4 < abs(v) < 1e4) for v in values))
    value = values[graph.outputs[0]]
    found = run(readable, [point[name] for name in readable.inputs])[readable.outputs[0]]
    if math.isnan(found) or math.isinf(found):
        return  # a removable point, 0/0, or an isolated one
    again = parse(formula(readable))
    reread = run(again, [point[name] for name in again.inputs])[again.outputs[0]]
    assert reread == pytest.approx(found, rel=1e-9, abs=1e-9)
    # at 0 the sign of a zero may choose a side: acot(-0)
    if all(abs(v) > 1e-3 for v in values) and stable(graph, point):
        assert found == pytest.approx(value, rel=1e-6, abs=1e-6)


def stable(graph: Graph, point: dict[str, float]) -> bool:
    """Return whether the value hardly changes when the point does: no jump is near."""
    value = run(graph, list(point.values()))[graph.outputs[0]]
    for scale in (1 - 1e-9, 1 + 1e-9):
        other = run(graph, [x * scale for x in point.values()])[graph.outputs[0]]
        if not abs(other - value) <= 1e-6 * (1 + abs(value)):
            return False
    return True


def test_the_lectures_example() -> None:
    assert formula(derivative("exp(x1)*(exp(x1)+1)")) == "exp(x1) + 2*exp(2*x1)"
    assert evaluate(derivative("exp(x1)*(exp(x1)+1)"), {"x1": 0.5}) == pytest.approx(7.085284927618218617569226, 1e-15)
    twice = derivative("(D(exp(x)*(exp(x)+1), x))^2")  # L9: a loss that holds a gradient
    x = 0.3
    once, second = 2 * math.exp(2 * x) + math.exp(x), 4 * math.exp(2 * x) + math.exp(x)
    assert evaluate(twice, {"x": x}) == pytest.approx(2 * once * second, 1e-14)


def test_a_sum_that_is_negative_either_way_ends() -> None:
    formula = simplify(parse("abs(((-(x+1.75))-x))"), readable=True)
    assert run(formula, [1.0])[formula.outputs[0]] == 3.75
