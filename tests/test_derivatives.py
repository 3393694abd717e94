"""Derivatives inside expressions, and derivatives of derivatives."""

from __future__ import annotations

import math

import pytest

from autodiffcli import RequestError, evaluate, gradient, parse
from autodiffcli.backends import EXACT
from autodiffcli.graph import Graph, Node
from autodiffcli.primitives.selection import where


@pytest.mark.parametrize(
    ("text", "at", "value"),
    [
        ("D(x^3, x)", "x=2", 12),
        ("D(x^3, x, 2)", "x=2", 12),
        ("D(D(x^4, x), x)", "x=1", 12),
        ("D(x^3*y^2, x, y)", "x=2,y=3", 72),
        ("D(x^3*y^2, x, 2, y)", "x=2,y=3", 72),
        ("u = x^2; D(u^3, u)", "x=2", 48),
        ("f(t) = D(sin(t), t); f(2x)", "x=1", math.cos(2)),
        ("grad(ln(x), x) + hessian(x^3, x)", "x=2", 12.5),
        ("D(5, x)*x", "x=1", 0),
        ("D(where(x > 0, x^2, -x), x)", "x=-3", -1),
    ],
)
def test_inside_an_expression(text: str, at: str, value: float) -> None:
    assert evaluate(text, at) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("mode", EXACT)
def test_a_loss_that_holds_a_gradient(mode: str) -> None:
    x = 0.5
    once, twice = 2 * math.exp(2 * x) + math.exp(x), 4 * math.exp(2 * x) + math.exp(x)
    found = gradient("(D(exp(x)*(exp(x)+1), x))^2", {"x": x}, mode=mode)
    assert found.gradient["x"] == pytest.approx(2 * once * twice, rel=1e-14)


@pytest.mark.parametrize("text", ["D(x)", "D(x, 2)", "D(x, x^2)", "D(x, x, 0)", "D(x, x, 1.5)", "grad(x^2, x, x)"])
def test_refusal(text: str) -> None:
    with pytest.raises(RequestError, match="takes an expression and the names to differentiate by"):
        parse(text)


def test_a_gradient_of_several_outputs_is_refused() -> None:
    assert len(parse("(x*y, x+y, 2)").outputs) == 3
    with pytest.raises(RequestError, match="this expression has 2"):
        gradient("(x*y, x+y)", "x=1,y=2")


@pytest.mark.parametrize("mode", EXACT)
def test_an_argument_without_slope_does_not_hide_those_after_it(mode: str) -> None:
    graph = Graph()
    condition, a, b = (Node(graph, graph.input(name)) for name in "cab")
    graph.outputs = [where(condition, a * a, b).id]
    assert gradient(graph, {"c": 1.0, "a": 3.0, "b": 5.0}, mode=mode).gradient == {"c": 0.0, "a": 6.0, "b": 0.0}


@pytest.mark.parametrize("mode", EXACT)
def test_an_input_that_chooses_counts_where_it_is_chosen(mode: str) -> None:
    graph = Graph()
    x = Node(graph, graph.input("x"))
    graph.outputs = [(where(x, x * x, 1.0) + where(x - 3.0, 1.0, x * x)).id]
    assert gradient(graph, {"x": 3.0}, mode=mode).gradient == {"x": 12.0}


@pytest.mark.parametrize("mode", EXACT)
def test_a_refusal_counts_the_arguments_from_1(mode: str) -> None:
    with pytest.raises(RequestError, match=r"^besselj has no derivative in its argument number 1$"):
        gradient("besselj(n, x)", "n=2,x=3", mode=mode)
