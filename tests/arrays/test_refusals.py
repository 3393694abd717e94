"""Shapes that do not fit are refused with both named, where the graph is built; and nothing exhausts the machine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiffcli.backends import MODES, backend
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run, run_blocks
from autodiffcli.primitives import add, mul
from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS, index, literal

MISFITS: list[tuple[str, list[tuple[int, ...]], list[Any], dict[str, Any], str]] = [
    ("matmul", [(2, 3), (4, 5)], [], {}, r"@: the shapes \(2, 3\) and \(4, 5\) do not fit"),
    ("matmul", [(2, 3), ()], [], {}, r"\(2, 3\) and \(\) do not fit"),
    ("matmul", [(2, 3, 3), (3, 3, 3)], [], {}, r"\(2, 3, 3\) and \(3, 3, 3\)"),
    ("dot", [(3,), (4,)], [], {}, r"dot: the shapes \(3,\) and \(4,\)"),
    ("cross", [(2,), (3,)], [], {}, r"cross: the shapes \(2,\) and \(3,\)"),
    ("solve", [(3, 3), (2,)], [], {}, r"solve: the shapes \(3, 3\) and \(2,\)"),
    ("solve", [(3, 2), (2,)], [], {}, r"solve takes a square matrix, not the shape \(3, 2\)"),
    ("einsum", [(2, 3), (4, 5)], ["ij,jk->ik"], {}, r"einsum 'ij,jk->ik': the shapes \(2, 3\) and \(4, 5\)"),
    ("einsum", [(2, 3)], ["ij,jk->ik"], {}, "names 2 arrays, and 1 are given"),
    ("einsum", [(2, 3)], ["ijk"], {}, r"'ijk' names 3 axes, and the shape \(2, 3\) has 2"),
    ("einsum", [(2, 3)], ["i!"], {}, "is not understood"),
    ("einsum", [(2, 3)], ["ij->kk"], {}, "is not understood"),
    ("einsum", [(2, 3)], ["ij->ii"], {}, "is not understood"),
    ("einsum", [(2, 3)], ["ij->k"], {}, "is not understood"),
    ("einsum", [(2, 3)], [], {}, "begins with its subscripts"),
    ("concat", [(2, 3), (2, 4)], [], {}, r"concat: the shapes \(2, 3\) and \(2, 4\)"),
    ("concat", [(), ()], [], {}, r"the shape \(\) has no axis 0"),
    ("stack", [(2,), (3,)], [], {}, r"stack: the shapes \(2,\) and \(3,\)"),
    ("reshape", [(2, 3)], [(4, 2)], {}, r"reshape: the shapes \(2, 3\) and \(4, 2\)"),
    ("reshape", [(2, 3)], [(-1, 4)], {}, r"reshape: the shapes \(2, 3\) and \(-1, 4\)"),
    ("reshape", [(2, 3)], [(-1, -1)], {}, "do not fit"),
    ("reshape", [(1,)], [(-1, -1)], {}, "do not fit"),
    ("reshape", [(2, 3)], [(0, -1)], {}, "do not fit"),
    ("reshape", [(2, 3)], [], {}, "shape is a whole number or several"),
    ("broadcast", [(2, 3)], [(2, 2)], {}, r"broadcast: the shapes \(2, 3\) and \(2, 2\)"),
    ("broadcast", [(2, 3)], [(3,)], {}, r"broadcast: the shapes \(2, 3\) and \(3,\)"),
    ("transpose", [(2, 3)], [(0, 0)], {}, "an axis is given twice"),
    ("transpose", [(2, 3)], [(0,)], {}, "2 axes"),
    ("sum", [(2, 3)], [2], {}, r"sum: the shape \(2, 3\) has no axis 2"),
    ("sum", [(2, 3)], [(0, -2)], {}, "an axis is given twice"),
    ("sum", [(2, 3)], [], {"axes": 1}, "sum has no parameter 'axes'"),
    ("sum", [(2, 3)], [1], {"axis": 1}, "'axis' is given twice"),
    ("sum", [(2, 3)], [0.5], {}, "axis is a whole number"),
    ("sum", [(2, 3)], [0, False, 3], {}, "has no argument number"),
    ("sum", [(2,), (2,)], [], {}, "sum takes 1 array, not 2"),
    ("max", [(0, 3)], [0], {}, r"max: there is no entry along axis 0 of the shape \(0, 3\)"),
    ("min", [(2,), (2,)], [], {"axis": 0}, "min of several arrays has no axis"),
    ("norm", [(2,)], [3], {}, "norm of order 3"),
    ("det", [(2, 3)], [], {}, r"det takes a square matrix, not the shape \(2, 3\)"),
    ("det", [(2, 3, 4)], [], {}, r"det takes a square matrix, not the shape \(2, 3, 4\)"),
    ("inv", [(3,)], [], {}, r"inv takes a square matrix, not the shape \(3,\)"),
    ("trace", [(3,)], [], {}, r"trace takes a matrix, not the shape \(3,\)"),
    ("diag", [(2, 2, 2)], [], {}, r"diag takes a vector or a matrix, not the shape \(2, 2, 2\)"),
    ("diag", [(2, 2)], [10**300], {}, "diag: no matrix has a diagonal so far out"),
    ("diag", [(2, 2)], [-(10**300)], {}, "diag: no matrix has a diagonal so far out"),
    ("cumsum", [()], [], {}, "has no axis 0"),
    ("softmax", [(2,)], [1], {}, r"softmax: the shape \(2,\) has no axis 1"),
    ("len", [()], [], {}, "len takes an array"),
    ("arange", [], [], {}, "arange takes numbers"),
    ("arange", [], [1, 2, 0], {}, "arange takes numbers"),
    ("arange", [], [(1, 2)], {}, "arange takes numbers"),
    ("arange", [], [1, float("inf")], {}, "arange takes numbers"),
    ("linspace", [(2,), ()], [], {}, r"linspace takes two numbers, not an array of the shape \(2,\)"),
    ("eye", [], [], {}, "n is a whole number"),
    ("zeros", [], [(2, -1)], {}, "no negative lengths"),
]


@pytest.mark.parametrize(("name", "shapes", "values", "named", "message"), MISFITS)
def test_misfits_are_refused_with_their_place(
    name: str, shapes: list[tuple[int, ...]], values: list[Any], named: dict[str, Any], message: str
) -> None:
    graph = Graph("the source")
    nodes = [graph.input(f"x{k}", shape=shape) for k, shape in enumerate(shapes)]
    with pytest.raises(RequestError, match=message) as caught:
        ARRAY_FUNCTIONS[name].call(graph, nodes, values, named, (4, 10))
    assert caught.value.span == (4, 10)
    assert len(graph) == len(shapes)


@pytest.mark.parametrize(
    ("key", "message"),
    [((2,), "index 2 is out of bounds"), ((0, 0, 0), "too many indices"), ((-3,), "out of bounds"), (((0, 5),), "5")],
)
def test_an_index_that_is_none_is_refused(key: tuple[Any, ...], message: str) -> None:
    graph = Graph()
    x = graph.input("x", shape=(2, 3))
    with pytest.raises(RequestError, match=r"is no index of the shape \(2, 3\)") as caught:
        index(graph, x, key)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("zeros", [10**12]),
        ("ones", [(10**6, 10**6)]),
        ("eye", [10**6]),
        ("arange", [10**12]),
        ("arange", [0, 1, 1e-12]),
    ],
)
def test_arrays_beyond_the_limit_are_refused(name: str, values: list[Any]) -> None:
    with pytest.raises(RequestError, match=r"the limit is 16,777,216"):
        ARRAY_FUNCTIONS[name].call(Graph(), [], values)


def test_products_beyond_the_limit_are_refused() -> None:
    graph = Graph()
    x = graph.input("x", shape=(10_000,))
    with pytest.raises(RequestError, match="outer would make an array of 100,000,000 entries"):
        ARRAY_FUNCTIONS["outer"].call(graph, [x, x])
    with pytest.raises(RequestError, match="linspace"):
        ARRAY_FUNCTIONS["linspace"].call(graph, [graph.constant(0.0), graph.constant(1.0)], [10**9])
    many = graph.input("many", shape=(10**8,))  # what is given may be as large as it is
    assert graph.shape(graph.apply(add, (many, many))) == (10**8,)


def test_many_large_arrays_are_refused_before_they_are_made() -> None:
    graph = Graph(share=False)
    node = graph.input("x")
    for _ in range(9):
        wide = ARRAY_FUNCTIONS["broadcast"].call(graph, [node], [(1 << 24,)])
        node = ARRAY_FUNCTIONS["sum"].call(graph, [wide])
    with pytest.raises(RequestError, match="would have 150,994,953 entries together; the limit is 33,554,432"):
        run(graph, [1.0])


def test_values_of_another_shape_are_refused_with_both() -> None:
    graph = Graph("x*y")
    x, y = graph.input("x", 0, 1, shape=(2, 3)), graph.input("y", 2, 3)
    graph.outputs = [graph.apply(mul, (x, y))]
    with pytest.raises(
        RequestError, match=r"'x' has the shape \(2, 3\) in the expression, and its value the shape \(3,\)"
    ):
        run(graph, [np.ones(3), 1.0])
    with pytest.raises(RequestError, match=r"'y' has the shape \(\)"):
        run(graph, [np.ones((2, 3)), np.ones(1)])
    assert run(graph, [[[1, 2, 3], [4, 5, 6]], 2])[2].tolist() == [[2, 4, 6], [8, 10, 12]]
    with pytest.raises(RequestError, match="2 inputs need as many values"):
        run(graph, [np.ones((2, 3))])
    with pytest.raises(RequestError, match="this one has arrays"):
        run_blocks(graph, [np.ones((2, 3)), 1.0])


@pytest.mark.parametrize("mode", MODES)
def test_the_gradient_of_an_array_is_refused(mode: str) -> None:
    graph = Graph("x")
    graph.outputs = [graph.input("x", 0, 1, shape=(2,))]
    with pytest.raises(RequestError, match=r"this is an array of shape \(2,\)") as caught:
        backend(mode).gradient(graph, [np.ones(2)], ["x"], False)
    assert caught.value.span == (0, 1)


def test_literals_are_constants_where_their_entries_are() -> None:
    graph = Graph()
    one, two, x = graph.constant(1.0), graph.constant(2.0), graph.input("x")
    row = literal(graph, [one, two])
    assert graph.constants[literal(graph, [row, row])].tolist() == [[1, 2], [1, 2]]
    assert literal(graph, [one, two]) == row
    assert graph.shape(literal(graph, [one, x])) == (2,)
    with pytest.raises(RequestError, match=r"stack: the shapes \(2,\) and \(\) do not fit"):
        literal(graph, [row, x])
    with pytest.raises(RequestError, match=r"stack: the shapes \(2,\) and \(\) do not fit"):
        literal(graph, [row, one])
    with pytest.raises(ValueError, match="read-only"):
        graph.constants[row][0] = 3.0
