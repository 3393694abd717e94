"""Entries that are not picked have no part in a derivative, though it is infinite there; in any mode, of any order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiffcli import gradient, hvp, jacobian, jvp, parse, vjp
from autodiffcli.backends import backend
from autodiffcli.derivatives import pushforward
from autodiffcli.graph import Graph, Node
from autodiffcli.primitives import sqrt, where
from autodiffcli.primitives.tensor import sum_over
from autodiffcli.primitives.tensor_index import scatter

X, A = [0.0, 4.0, 9.0], [[1.0, 0.0], [0.0, 4.0]]
SIXTH = 1 / 6


@pytest.mark.parametrize("mode", ["reverse", "backprop", "forward", "symbolic"])
@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("sqrt(X)[1]", "X", [0, 0.25, 0]),
        ("sqrt(X)[1]*X[0]", "X", [2, 0, 0]),
        ("sum(sqrt(X)[1:])", "X", [0, 0.25, SIXTH]),
        ("y = sqrt(X); y[1] - y[2]", "X", [0, 0.25, -SIXTH]),
        ("y = sqrt(X); y[1] + X[0]", "X", [1, 0.25, 0]),
        ("(-sqrt(X) + 1)[[1, 1]]@[1, 2]", "X", [0, -0.75, 0]),
        ("sqrt(sqrt(X))[1]", "X", [0, 1 / (8 * 2**0.5), 0]),
        ("where(X[1] > 0, sqrt(X)[1], sqrt(X)[0])", "X", [0, 0.25, 0]),
        ("reshape(sqrt(X), (3, 1))'[0, 1]", "X", [0, 0.25, 0]),
        ("(sqrt(X) + zeros(2, 3))[0, 1]", "X", [0, 0.25, 0]),
        ("sum(where([1, 0, 1] > 0, X[1]*X, 0))", "X", [4, 9, 4]),
        ("sum(where([[0, 1, 1]] > 0, broadcast(sqrt(X), (2, 3)), 0))", "X", [0, 0.5, 2 * SIXTH]),
        ("sum(where([0, 1, 1, 0, 1, 0] > 0, concat(sqrt(X), sqrt(X)), 0))", "X", [0, 0.5, SIXTH]),
        ("sum(where([[0, 1, 1], [0, 1, 0]] > 0, [sqrt(X), sqrt(X)], 0))", "X", [0, 0.5, SIXTH]),
        ("sum(where([1, 1, 0] > 0, cumsum(sqrt(X)[::-1]), 0))", "X", [0, 0.25, 2 * SIXTH]),
        ("trace(sqrt(A))", "A", [[0.5, 0], [0, 0.25]]),
        ("sum(diag(sqrt(A)))", "A", [[0.5, 0], [0, 0.25]]),
        ("sqrt(A)[1, 1]", "A", [[0, 0], [0, 0.25]]),
    ],
)
def test_what_is_not_picked_has_derivative_0(mode: str, text: str, name: str, expected: list[float]) -> None:
    found = gradient(text, {name: X if name == "X" else A}, mode=mode).gradient[name]
    np.testing.assert_allclose(found, expected, rtol=1e-15)


@pytest.mark.parametrize("mode", ["reverse", "backprop", "forward", "symbolic"])
def test_what_is_picked_keeps_its_own(mode: str) -> None:
    assert gradient("sqrt(X)[0]", {"X": X}, mode=mode).gradient["X"].tolist() == [np.inf, 0, 0]
    assert np.isnan(gradient("sqrt(X)[0]*X[0]", {"X": X}, mode=mode).gradient["X"][0])


@pytest.mark.parametrize("mode", ["reverse", "backprop", "forward", "symbolic"])
@pytest.mark.parametrize("trace", [False, True])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(sqrt(X))", [np.inf, 0.25, SIXTH]),
        ("sum(sqrt(X^2))", [np.nan, 1, 1]),
        ("X[1] + sqrt(X[0])", [np.inf, 1, 0]),
        ("sum(ln([X, [1, 1, 1]])[:, :2])", [np.inf, 0.25, 0]),
        ("sum(sqrt(reshape(X, (3, 1))*[[1, 4]]))", [np.inf, 0.75, 0.5]),
        ("sum(sqrt(concat(X, Y)))", [np.inf, 0.25, SIXTH]),
        ("sum(sqrt([Y, X]))", [np.inf, 0.25, SIXTH]),
        ("sum(sqrt(X)*X[1] + Y*X[2])", [np.inf, 6, 4 * SIXTH]),
    ],
)
def test_an_infinite_slope_is_that_of_its_own_entry(mode: str, trace: bool, text: str, expected: list[float]) -> None:
    graph = parse(text, shapes={"X": (3,), "Y": (3,)})
    point = [np.array(X) if name == "X" else np.zeros(3) for name in graph.inputs]
    found = backend(mode).gradient(graph, point, ["X"], trace).gradient["X"]
    np.testing.assert_allclose(found, expected, rtol=1e-15)


@pytest.mark.parametrize("trace", [False, True])
def test_an_array_of_one_entry_beside_an_infinite_slope(trace: bool) -> None:
    graph = parse("sum(sqrt(concat(X, Y)))", shapes={"X": (1,), "Y": (1,)})
    found = backend("forward").gradient(graph, [np.array([4.0]), np.array([0.0])], ["X"], trace)
    assert found.gradient["X"].tolist() == [0.25]


def test_entries_that_cancel_are_not_structurally_0() -> None:
    assert jvp("X@[1, -1, 5]", {"X": X}, tangent=[[1, 2, 0]]).product == {"y": -1.0}
    assert jvp("sum(X*[1, -1, 5])", {"X": X}, tangent=[[1, 2, 0]]).product == {"y": -1.0}


def test_formulas_of_tangents_need_no_masks() -> None:
    graph = parse("exp(concat(X, Y))", shapes={"X": (3,), "Y": (3,)})
    size, seed = len(graph), graph.constant(np.array([1.0, 0.0, 0.0]))
    pushforward(graph, graph.outputs, {graph.inputs["X"]: Node(graph, seed)})
    assert {op.name for op in graph.ops[size:]} <= {"constant", "concat", "mul"}


def test_products_with_directions_that_are_0_somewhere() -> None:
    assert jvp("sqrt(X)", {"X": X}, tangent=[[0, 1, 0]]).product["y"].tolist() == [0, 0.25, 0]
    assert vjp("sqrt(X)", {"X": X}, cotangent=[[0, 1, 0]]).product["X"].tolist() == [0, 0.25, 0]
    assert hvp("sum(X^1.5)", {"X": X}, tangent=[[0, 1, 0]]).product["X"].tolist() == [0, 0.375, 0]
    for mode in ("forward", "reverse"):
        assert jacobian("sqrt(X)", {"X": X}, mode=mode).matrix == [[np.inf, 0, 0], [0, 0.25, 0], [0, 0, SIXTH]]


@pytest.mark.parametrize("mode", ["reverse", "backprop", "forward", "symbolic"])
def test_what_is_put_somewhere_and_not_chosen_has_derivative_0(mode: str) -> None:
    graph = Graph()
    x = Node(graph, graph.input("x", shape=(2,)))
    put: Any = scatter((slice(1, None),), (3,))(sqrt(x))
    graph.outputs = [sum_over()(where(np.array([1.0, 0.0, 1.0]), put, 0.0)).id]
    found = backend(mode).gradient(graph, [np.array([0.0, 4.0])], ["x"], False).gradient["x"]
    np.testing.assert_allclose(found, [0, 0.25], rtol=1e-15)


def test_the_second_derivative() -> None:
    found = hvp("sqrt(X)[1]", {"X": X}, tangent={"X": [1, 1, 1]}).product["X"]
    np.testing.assert_allclose(found, [0, -1 / 32, 0], rtol=1e-15)
