"""The functions of arrays as the language calls them: their defaults, texts and refusals, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph, Node
from autodiffcli.interpreter import run
from autodiffcli.language.parser import parse
from autodiffcli.language.write import LATEX, PLAIN, write
from autodiffcli.primitives import tensor, tensor_algebra, tensor_functions, tensor_index, tensor_products
from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS, index, literal

X = np.array([[1.5, -0.7, 2.0], [-2.0, 0.8, 0.3]])
V = np.array([0.3, -1.2, 0.7])
CALLS: dict[str, Any] = {
    "arange(4)": np.arange(4.0),
    "arange(1, 4)": np.arange(1.0, 4.0),
    "arange(0, 2, 0.5)": np.arange(0, 2, 0.5),
    "arange(5, 1, -2)": np.arange(5.0, 1.0, -2.0),
    "arange(2, 1)": np.arange(2.0, 1.0),
    "arange(0, 4, 1)": np.arange(4.0),
    "arange(1e300, 0)": np.zeros(0),
    "zeros(0, 16777216)": np.zeros((0, 1 << 24)),
    "linspace(0, 1)": np.linspace(0, 1),
    "linspace(1, 3, 5)": np.linspace(1, 3, 5),
    "linspace(s, 3, 4)": np.linspace(0.4, 3, 4),
    "linspace(1, s, 4)": np.linspace(1, 0.4, 4),
    "linspace(s, s, 2)": np.array([0.4, 0.4]),
    "eye(2)": np.eye(2),
    "eye(2, 3)": np.eye(2, 3),
    "zeros(2)": np.zeros(2),
    "zeros((2, 3))": np.zeros((2, 3)),
    "ones((2, 1))": np.ones((2, 1)),
    "len(X)": 2.0,
    "diag(V)": np.diag(V),
    "diag(V, 1)": np.diag(V, 1),
    "diag(V, k=-2)": np.diag(V, -2),
    "diag(X)": np.diag(X),
    "diag(X, 1)": np.diag(X, 1),
    "diag(X, 2)": np.diag(X, 2),
    "diag(X, -1)": np.diag(X, -1),
    "diag(X, -2)": np.diag(X, -2),
    "diag(X, 3)": np.diag(X, 3),
    "diag(concat(X, X, axis=1), 1)": np.diag(np.concatenate([X, X], 1), 1),
    "mean(X)": X.mean(),
    "var(X)": X.var(),
    "std(X)": X.std(),
    "var(X, 0, 1)": X.var(0, keepdims=True),
    "std(X, ddof=1)": X.std(ddof=1),
    "var(X, ddof=6)": np.inf,
    "var(X, ddof=7)": np.inf,
    "norm(X)": np.linalg.norm(X),
    "norm(X, 1)": np.abs(X).sum(),
    "norm(X, inf)": np.abs(X).max(),
    "max(X)": X.max(),
    "min(X)": X.min(),
    "max(X, axis=1)": X.max(1),
    "softmax(X)": np.exp(X) / np.exp(X).sum(-1, keepdims=True),
    "softmax(2000*V)": np.array([0.0, 0.0, 1.0]),
    "logsumexp(2000*V)": np.logaddexp.reduce(2000 * V),
    "cumsum(X)": X.cumsum(0),
    "concat(X, X)": np.concatenate([X, X]),
    "stack(X, X)": np.stack([X, X]),
    "concat(X, X, axis=1)": np.concatenate([X, X], 1),
    "stack(V, V, axis=1)": np.stack([V, V], 1),
    "X @ V": X @ V,
    "X' @ X": X.T @ X,
    "V @ V": V @ V,
    "dot(X, V)": X @ V,
    "dot(s, V)": 0.4 * V,
    "dot(V, s)": 0.4 * V,
    "dot(X, X')": X @ X.T,
    "outer(V, V)": np.outer(V, V),
    "cross(X, V)": np.cross(X, V),
    "transpose(X)": X.T,
    "transpose(X, (1, 0))": X.T,
    "reshape(X, (3, 2))": X.reshape(3, 2),
    "reshape(X, (3, -1))": X.reshape(3, 2),
    "reshape(X, -1)": X.ravel(),
    "sum(X)": X.sum(),
    "sum(X, 0)": X.sum(0),
    "sum(X, axis=1, keepdims=1)": X.sum(1, keepdims=True),
    "prod(X, (0, 1))": X.prod(),
    "[s, 2, s]": np.array([0.4, 2.0, 0.4]),
    "[[1, 2], [3, 4]]": np.array([[1.0, 2.0], [3.0, 4.0]]),
    "norm(0*V)": 0.0,
    "norm(1e-200*V)": np.linalg.norm(V) * 1e-200,
    "norm(1e200*V)": np.linalg.norm(V) * 1e200,
}


@pytest.mark.parametrize("text", CALLS)
def test_calls_are_those_of_numpy(text: str) -> None:
    graph = parse(text, shapes={"X": (2, 3), "V": (3,)})
    at: dict[str, Any] = {"X": X, "V": V, "s": 0.4}
    found = run(graph, [at[name] for name in graph.inputs])[graph.outputs[0]]
    assert np.shape(found) == np.shape(CALLS[text]) == graph.shape(graph.outputs[0])
    np.testing.assert_allclose(found, CALLS[text], rtol=1e-14)
    again = parse(write(graph, graph.outputs[0]), shapes={"X": (2, 3), "V": (3,)})
    np.testing.assert_array_equal(run(again, [at[name] for name in again.inputs])[again.outputs[0]], found)


@pytest.mark.parametrize(
    ("text", "plain", "latex"),
    [
        ("sum(X)", "sum(X)", r"\operatorname{sum}\left(X\right)"),
        ("sum(X, 1)", "sum(X, axis=1)", r"\operatorname{sum}_{\text{axis }1}\left(X\right)"),
        ("sum(X, 0, 1)", "sum(X, axis=0, keepdims=1)", r"\operatorname{sum}_{\text{axis }0}\left(X\right)"),
        ("std(X, ddof=1)", "std(X, ddof=1)", r"\operatorname{std}\left(X\right)"),
        ("diag(X)", "diag(X)", r"\operatorname{diag}\left(X\right)"),
        ("diag(X, 1)", "diag(X, k=1)", r"\operatorname{diag}\left(X\right)"),
        ("cumsum(X)", "cumsum(X)", r"\operatorname{cumsum}\left(X\right)"),
        ("cumsum(X, 1)", "cumsum(X, axis=1)", r"\operatorname{cumsum}\left(X\right)"),
        ("softmax(X)", "softmax(X)", r"\operatorname{softmax}\left(X\right)"),
        ("softmax(X, 1)", "softmax(X, axis=1)", r"\operatorname{softmax}\left(X\right)"),
        ("softmax(X, -2)", "softmax(X, axis=-2)", r"\operatorname{softmax}\left(X\right)"),
        ("X'", "X'", r"X^\mathsf{T}"),
        ("transpose(X, (1, 0))", "transpose(X, axes=(1, 0))", r"X^\mathsf{T}"),
        ("concat(X, X)", "concat(X, X)", r"\operatorname{concat}\left(X, X\right)"),
        ("concat(X, X, axis=1)", "concat(X, X, axis=1)", r"\operatorname{concat}\left(X, X\right)"),
        ("stack(X, X)", "[X, X]", r"\left[X, X\right]"),
        ("stack(X, X, axis=1)", "stack(X, X, axis=1)", r"\operatorname{stack}\left(X, X\right)"),
        ("(X @ X') @ X", "X @ X' @ X", r"X X^\mathsf{T} X"),
        ("-(X @ X')", "-(X @ X')", r"-X X^\mathsf{T}"),
        ("(X*X) @ X'", "X*X @ X'", r"\left(X \odot X\right) X^\mathsf{T}"),
    ],
)
def test_how_they_are_written(text: str, plain: str, latex: str) -> None:
    graph = parse(text, shapes={"X": (2, 3)})
    assert write(graph, graph.outputs[0], PLAIN) == plain
    assert write(graph, graph.outputs[0], LATEX).replace("{X}", "X") == latex


def test_a_transpose_of_a_transpose_is_what_it_was() -> None:
    graph = Graph()
    x = Node(graph, graph.input("X", shape=(2, 3)))
    assert tensor.transpose()(tensor.transpose()(x)).id == x.id
    graph = parse("transpose(transpose(X, (1, 2, 0)), (1, 2, 0))", shapes={"X": (2, 3, 4)})
    assert graph.shape(graph.outputs[0]) == (4, 2, 3)
    assert graph.operations() == 2


@pytest.mark.parametrize("name", ARRAY_FUNCTIONS)
def test_as_many_operands_as_it_takes(name: str) -> None:
    f = ARRAY_FUNCTIONS[name]
    for count in {f.least - 1, (f.most or 98) + 1} - {-1, 99}:
        graph = Graph()
        nodes = [graph.input(f"x{k}", shape=(3, 3)) for k in range(count)]
        with pytest.raises(RequestError, match=rf"^{name} takes .*array"):
            f.call(graph, nodes)
    takes = {"einsum": 1, "concat": 1, "stack": 1, "min": 1, "max": 1, "logsumexp": 1}
    twos = {"dot", "matmul", "outer", "cross", "solve", "linspace"}
    none = {"zeros", "ones", "eye", "arange"}
    assert f.least == takes.get(name, 2 if name in twos else 0 if name in none else 1)
    assert f.most == (None if name in takes else f.least)


def test_operations_have_as_many_arguments_as_they_take() -> None:
    two = (tensor_products.matmul, tensor_products.dot, tensor_products.outer, tensor_products.cross)
    assert {op.arity for op in (*two, tensor_algebra.solve)} == {(2, 2)}
    assert {op.arity for op in (tensor_algebra.inv, tensor_algebra.det, tensor_products.trace)} == {(1, 1)}


def test_operations_made_for_their_parameters_have_too() -> None:
    assert {op.arity for op in (tensor_index.concat(0), tensor_index.stack())} == {(1, None)}
    assert {op.arity for op in (tensor.sum_over(), tensor.transpose(), tensor_products.diag(0))} == {(1, 1)}


@pytest.mark.parametrize(
    ("name", "shapes", "values", "message", "hint"),
    [
        ("sum", [(2, 3)], [0, 0, 3], "sum has no argument number 4", "write sum(X, axis=..., keepdims=...)"),
        ("dot", [(2,), (2,)], [0], "dot has no argument number 3", "write dot(X, Y)"),
        ("max", [(2,)], [0, 0, 0], "max has no argument number 4", "write max(X, ..., axis=..., keepdims=...)"),
        ("solve", [(3, 3), (2,)], [], "", "the right side has 3 rows"),
        ("solve", [(2, 4, 3, 3), ()], [], "", "the right side has 3 rows"),
        ("cross", [(3,), (2,)], [], "", "both have a last axis of length 3"),
        ("solve", [(2, 3, 3), (3, 3, 1)], [], "", "the axes before the last two broadcast"),
        ("matmul", [(2, 3), (4, 5)], [], "", "the last axis of the left, 3, meets 4 of the right"),
        ("matmul", [(3,), (2, 4, 5)], [], "", "the last axis of the left, 3, meets 4 of the right"),
        ("dot", [(2, 5, 3), (4,)], [], "", "the last axis of the left, 3, meets 4 of the right"),
        ("sum", [(2, 3)], [2], "", "its axes are 0 to 1"),
        ("sum", [()], [0], "", "a scalar has no axes"),
    ],
)
def test_refusals_say_what_there_is(name: str, shapes: list[Any], values: list[Any], message: str, hint: str) -> None:
    graph = Graph()
    nodes = [graph.input(f"x{k}", shape=shape) for k, shape in enumerate(shapes)]
    with pytest.raises(RequestError) as caught:
        ARRAY_FUNCTIONS[name].call(graph, nodes, values)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.span is None
    with pytest.raises(RequestError) as caught:
        ARRAY_FUNCTIONS[name].call(graph, nodes, values, None, (0, 2))
    assert caught.value.span == (0, 2)


def test_what_is_not_said_to_be_somewhere_has_no_place() -> None:
    graph = Graph()
    x = graph.input("x")
    assert graph.span(literal(graph, [x, x])) is None
    assert graph.span(literal(graph, [graph.constant(1.0)])) is None
    assert graph.span(index(graph, literal(graph, [x, x]), (0,))) is None


def test_constants_are_made_when_they_are_read() -> None:
    for text, plain in (("zeros((2, 3))", "zeros(2, 3)"), ("ones(2)", "ones(2)"), ("linspace(0, 1, 3)", "[0, 0.5, 1]")):
        graph = parse(text)
        assert graph.operations() == 0
        assert write(graph, graph.outputs[0]) == plain


def test_constants_are_made_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensor_functions, "MADE", 12)
    assert parse("[sum(ones(8)), sum(zeros(4))]").operations() == 3
    with pytest.raises(RequestError, match="would have 13 entries together; the limit is 12"):
        parse("[sum(ones(8)), sum(zeros(5))]")


def test_the_length_of_a_parameter_is_that_of_what_it_is_called_with() -> None:
    graph = parse("f(x) = len(x)*sum(x); f(X)", shapes={"X": (2, 3)})
    assert run(graph, [X])[graph.outputs[0]] == pytest.approx(2 * X.sum(), rel=1e-14)
    with pytest.raises(RequestError, match="len takes an array, and this is a scalar"):
        parse("f(x) = len(x); f(3)")


SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
REGULAR = np.array([[2.0, 1.0], [0.5, 3.0]])


def test_singular_matrices_are_nan_and_those_beside_them_are_not() -> None:
    several = np.array([[REGULAR, SINGULAR, REGULAR.T]] * 2)
    right = np.arange(4.0).reshape(2, 2)
    inverses, solved = tensor_algebra.inv(several), tensor_algebra.solve(several, right)
    assert np.isnan(tensor_algebra.inv(SINGULAR)).all()
    assert np.isnan(tensor_algebra.solve(SINGULAR, right)).all()
    assert np.isnan(tensor_algebra.solve(SINGULAR, right[0])).all()
    assert tensor_algebra.inv(SINGULAR).shape == (2, 2)
    assert inverses.shape == solved.shape == several.shape
    assert np.isnan(inverses[:, 1]).all() and np.isnan(solved[:, 1]).all()
    for k, a in ((0, REGULAR), (2, REGULAR.T)):
        np.testing.assert_allclose(inverses[:, k] @ a, [np.eye(2)] * 2, atol=1e-15)
        np.testing.assert_allclose(a @ solved[:, k], [right] * 2, atol=1e-14)
    spread = tensor_algebra.solve(several[0], np.array([[right], [2.0 * right]]))
    assert spread.shape == (2, 3, 2, 2)
    np.testing.assert_allclose(REGULAR @ spread[1, 0], 2.0 * right, atol=1e-14)
    deep = tensor_algebra.solve(several, right[0])
    assert deep.shape == (2, 3, 2)
    np.testing.assert_allclose(REGULAR @ deep[1, 0], right[0], atol=1e-14)
    one = tensor_algebra.solve(SINGULAR, several[0])
    assert one.shape == (3, 2, 2) and np.isnan(one).all()
