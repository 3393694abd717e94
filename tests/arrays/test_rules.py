"""The rules of each operation, without the chain rule around them: on arrays, on nodes, at complex numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiffcli import gradient
from autodiffcli.backends import EXACT
from autodiffcli.chain import push
from autodiffcli.graph import Graph, Node
from autodiffcli.interpreter import run
from autodiffcli.language.parser import parse
from autodiffcli.language.write import write
from autodiffcli.primitive import NotAnalytic
from autodiffcli.primitives import tensor, tensor_algebra, tensor_index, tensor_products, tensor_reductions

Shape = tuple[int, ...]
RNG = np.random.default_rng(11)
PRODUCTS: list[tuple[str, Shape, Shape]] = [
    ("matmul", (3,), (3,)),
    ("matmul", (3,), (3, 4)),
    ("matmul", (3,), (2, 3, 4)),
    ("matmul", (3,), (5, 2, 3, 4)),
    ("matmul", (2, 3), (3,)),
    ("matmul", (2, 3), (3, 4)),
    ("matmul", (2, 3), (5, 3, 4)),
    ("matmul", (5, 2, 3), (3,)),
    ("matmul", (5, 2, 3), (3, 4)),
    ("matmul", (5, 2, 3), (1, 3, 4)),
    ("matmul", (2, 1, 2, 3), (5, 3, 4)),
    ("dot", (), (2, 3)),
    ("dot", (2, 3), ()),
    ("dot", (3,), (3,)),
    ("dot", (2, 3), (3,)),
    ("dot", (2, 3), (3, 4)),
    ("dot", (5, 2, 3), (3,)),
    ("dot", (5, 2, 3), (3, 4)),
    ("dot", (3,), (5, 3, 4)),
    ("dot", (2, 3), (5, 3, 4)),
    ("dot", (2, 2, 3), (2, 5, 3, 4)),
    ("outer", (2,), (3,)),
    ("outer", (2, 2), (3,)),
    ("outer", (2,), (1, 3)),
    ("cross", (3,), (3,)),
    ("cross", (2, 3), (3,)),
    ("cross", (1, 3), (4, 2, 3)),
]


@pytest.mark.parametrize(("name", "a", "b"), PRODUCTS)
def test_tangents_and_adjoints_of_products(name: str, a: Shape, b: Shape) -> None:
    """A tangent is the product with it in place of the factor, and Σ ȳ·tangent for each unit is the adjoint."""
    op, numpy = getattr(tensor_products, name), getattr(np, name)
    xs = [RNG.normal(size=shape) for shape in (a, b)]
    y = numpy(*xs)
    assert op.shape(a, b) == np.shape(op(*xs)) == np.shape(y)
    np.testing.assert_allclose(op(*xs), y, rtol=1e-14)
    bar = RNG.normal(size=np.shape(y))
    for k, x in enumerate(xs):
        adjoint = op.terms(op.vjp, 2)[k](bar, y, *xs)
        expected = np.empty(np.shape(x))
        for place in np.ndindex(np.shape(x)):
            unit = np.zeros(np.shape(x))
            unit[place] = 1.0
            expected[place] = np.sum(bar * numpy(*xs[:k], unit, *xs[k + 1 :]))
        assert np.shape(adjoint) == np.shape(x)
        np.testing.assert_allclose(adjoint, expected, rtol=1e-12, atol=1e-12)
        tangent = op.terms(op.jvp, 2)[k](expected, y, *xs)
        np.testing.assert_allclose(tangent, numpy(*xs[:k], expected, *xs[k + 1 :]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "shapes", "adjoints"),
    [
        ("matmul", [(3,), (3,)], ["g*B", "g*A"]),
        ("matmul", [(3,), (3, 4)], ["B @ g", "outer(A, g)"]),
        ("matmul", [(2, 3), (3,)], ["outer(g, B)", "A' @ g"]),
        ("matmul", [(2, 3), (3, 4)], ["g @ B'", "A' @ g"]),
        ("dot", [(3,), (3,)], ["g*B", "g*A"]),
        ("dot", [(2, 3), (3, 4)], ["g @ B'", "A' @ g"]),
        ("outer", [(2,), (3,)], ["g @ B", "A @ g"]),
        ("logsumexp", [(3,)], ["g*softmax(A)"]),
        ("logsumexp", [(2, 3)], ["g*softmax(A, axis=(0, 1))"]),
        ("solve", [(3, 3), (3,)], ["-outer(solve(A', g), solve(A, B))", "solve(A', g)"]),
        ("solve", [(3, 3), (3, 2)], ["-(solve(A', g) @ solve(A, B)')", "solve(A', g)"]),
    ],
)
def test_adjoints_of_vectors_and_matrices_are_written_short(
    name: str, shapes: list[Shape], adjoints: list[str]
) -> None:
    """Without a reshape or a sum that would change nothing."""
    made = {"logsumexp": tensor_reductions.logsumexp_over(None, False), "solve": tensor_algebra.solve}
    op: Any = made.get(name) or getattr(tensor_products, name)
    for k, text in enumerate(adjoints):
        graph = Graph()
        xs = [Node(graph, graph.input(name, shape=shape)) for name, shape in zip("AB", shapes, strict=False)]
        y = op(*xs)
        term = op.terms(op.vjp, len(xs))[k](Node(graph, graph.input("g", shape=y.shape)), y, *xs)
        assert write(graph, term.id) == text


@pytest.mark.parametrize("mode", EXACT)
def test_lengths_of_1_and_spreads_of_too_few(mode: str) -> None:
    assert gradient("norm(X)", {"X": [0.0, 1.0]}, mode=mode).gradient["X"].tolist() == [0, 1]
    assert gradient("std(X)", {"X": [-1.0, 1.0]}, mode=mode).gradient["X"].tolist() == [-0.5, 0.5]
    for name in ("var", "std"):
        assert np.isnan(gradient(f"{name}(X, ddof=2)", {"X": [1.0, 2.0]}, mode=mode).gradient["X"]).all()


def test_a_value_without_axes_is_a_float() -> None:
    assert type(tensor.reshape(())(np.array([2.0]))) is float
    assert type(tensor.sum_over()(np.ones(2))) is float


def test_linear_operations_are_linear_at_complex_numbers() -> None:
    z, w = RNG.normal(size=(2, 3)) + 1j * RNG.normal(size=(2, 3)), np.ones((2, 3))
    np.testing.assert_allclose(tensor.sum_over().analytic(z), np.sum(z), rtol=1e-14)
    np.testing.assert_array_equal(tensor.transpose().analytic(z), z.T)
    np.testing.assert_array_equal(tensor_index.stack().analytic(z, w), np.stack([z, w]))


def test_cofactors_have_none_there() -> None:
    """They are made of singular values, which are no analytic functions of the entries."""
    with pytest.raises(NotAnalytic):
        _ = tensor_algebra.cofactor.analytic


@pytest.mark.parametrize("edges", [None, []])
def test_what_has_no_tangent_adds_none(edges: Any) -> None:
    for text, shapes in (("[x, y]", {}), ("concat(x, y)", {"x": (2,), "y": (1,)})):
        graph = parse(text, shapes=shapes)
        values = run(graph, [np.ones(shape) if (shape := shapes.get(name)) else 1.0 for name in graph.inputs])
        x = graph.inputs["x"]
        found: Any = push(graph, values, {x: values[x]}, edges)[graph.outputs[0]]
        assert found.tolist() == [*np.ravel(values[x]), 0.0]


@pytest.mark.parametrize("name", ["greatest", "least"])
def test_tangents_of_the_extreme_of_nan_are_nan(name: str) -> None:
    """No entry equals nan: 0/0, which Python refuses of floats."""
    op = getattr(tensor_reductions, name)(None, False)
    assert np.isnan(op.jvp[0](1.0, np.nan, np.nan))
