"""What the declarations of functions of arrays say for people: their adjoints, and how many operations they take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import pytest

from autodiffcli import cost, gradient
from autodiffcli.costing.kinds import Kinds, of_graph
from autodiffcli.interpreter import run
from autodiffcli.language.parser import parse
from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS
from tests.cli.support import good, refused

RNG = np.random.default_rng(5)
VECTOR, OTHER = RNG.normal(size=3), RNG.normal(size=3)
MATRIX, SQUARE = RNG.normal(size=(3, 2)), RNG.normal(size=(3, 3)) + 3 * np.eye(3)
CALLS: dict[str, tuple[str, list[Any]]] = {
    name: (f"{name}(A)", [VECTOR])
    for name in ["sum", "prod", "mean", "var", "std", "min", "max", "norm", "logsumexp", "softmax", "cumsum", "diag"]
} | {
    "transpose": ("transpose(A)", [MATRIX]),
    "trace": ("trace(A)", [SQUARE]),
    "det": ("det(A)", [SQUARE]),
    "inv": ("inv(A)", [SQUARE]),
    "dot": ("dot(A, B)", [VECTOR, OTHER]),
    "matmul": ("A @ B", [SQUARE, MATRIX]),
    "outer": ("outer(A, B)", [VECTOR, OTHER]),
    "cross": ("cross(A, B)", [VECTOR, OTHER]),
    "einsum": ('einsum("ij,jk->ik", A, B)', [SQUARE, MATRIX]),
    "solve": ("solve(A, B)", [SQUARE, VECTOR]),
    "linspace": ("linspace(A, B, 4)", [0.5, 2.0]),
}
IN_WORDS = {"reshape", "broadcast", "concat", "stack"}


def test_every_function_that_has_a_derivative_says_it() -> None:
    silent = {name for name, function in ARRAY_FUNCTIONS.items() if not function.adjoints}
    assert silent == {"zeros", "ones", "eye", "arange", "len"}
    assert CALLS.keys() | IN_WORDS | silent == ARRAY_FUNCTIONS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_the_adjoints_are_what_is_said(name: str) -> None:
    """The text is evaluated at an adjoint drawn at random, against a difference quotient of Σ ȳ·y."""
    text, values = CALLS[name]
    point = dict(zip("AB", values, strict=False))
    y = np.asarray(_value(text, point))
    bar = RNG.normal(size=y.shape)
    for operand, said in zip("AB", ARRAY_FUNCTIONS[name].adjoints, strict=False):
        x = np.asarray(point[operand])
        expected = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = x.copy()
                moved[place] += step
                sides.append(np.sum(bar * _value(text, {**point, operand: moved})))
            expected[place] = (sides[0] - sides[1]) / 2e-6
        found = np.broadcast_to(_value(said, {**point, "y": y, "ȳ": bar}), x.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8)


def _value(text: str, point: dict[str, Any]) -> Any:
    graph = parse(text, shapes={name: np.shape(value) for name, value in point.items() if np.shape(value)})
    return run(graph, [point[name] for name in graph.inputs])[graph.outputs[0]]


def test_ops_lists_them() -> None:
    (row,) = [line.split("\t") for line in good("ops", "matmul").splitlines()[1:]]
    assert row[:3] == ["matmul(A, B)", "the matrix product, as a @ b", "∂A: ȳ @ B'; ∂B: A' @ ȳ"]
    both = good("ops", "max").splitlines()[1:]
    assert [line.partition("\t")[0] for line in both] == ["max(a, b)", "max(A, ...)"]
    assert "the greatest entry, or argument; by axis, keepdims" in both[1]
    listed = {line.partition("(")[0] for line in good("ops").splitlines()}
    assert listed >= ARRAY_FUNCTIONS.keys()
    assert "did you mean matmul?" in refused("ops", "matmull")


class Counted:
    """A number that counts the operations on it: what NumPy does with an array of objects is what is done."""

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts

    def _one(self, kind: str) -> Counted:
        self.counts[kind] += 1
        return self

    def __add__(self, other: Any) -> Counted:
        return self._one("sums")

    __sub__ = __add__

    def __mul__(self, other: Any) -> Counted:
        return self._one("products")

    __truediv__ = __mul__

    def sqrt(self) -> Counted:  # where NumPy looks for it
        return self._one("others")

    exp = log = sqrt

    def __ge__(self, other: Any) -> bool:
        return self._one("others") is self


def counted(f: Any, shapes: Sequence[tuple[int, ...]]) -> Kinds:
    counts = Counter[str]()
    f(*[np.array([Counted(counts) for _ in range(prod(s))], dtype=object).reshape(s) for s in shapes])
    return Kinds(**counts)


def variance(a: Any, axis: int | None) -> Any:
    d = a - np.add.reduce(a, axis=axis, keepdims=True) / 3
    return np.add.reduce(d * d, axis=axis) / 3


def three_factors(a: Any, b: Any, c: Any) -> Any:
    a, b, c = np.broadcast_arrays(a[:, :, None, None], b[:, :, None], c)
    return np.add.reduce((a * b * c).transpose(0, 3, 1, 2).reshape(2, 5, 12), axis=2)


def softmax(a: Any) -> Any:
    e = np.exp(a - 1.0)  # the greatest entry, which is less than a sum to find, is not counted
    return e / np.add.reduce(e, axis=-1, keepdims=True)


@pytest.mark.parametrize(
    ("text", "f", "shapes"),
    [
        ("A@B", lambda a, b: a @ b, [(3, 4), (4, 5)]),
        ("A@B", lambda a, b: a @ b, [(2, 3, 4), (4, 5)]),
        ("A@B", lambda a, b: a @ b, [(4,), (4, 5)]),
        ("A@B", lambda a, b: a @ b, [(4,), (4,)]),
        ("dot(A, B)", np.dot, [(3, 4), (4,)]),
        ("dot(A, B)", lambda a, b: a * b, [(), (3, 4)]),
        ("dot(A, B)", lambda a, b: a * b, [(3, 4), ()]),
        ("outer(A, B)", np.outer, [(3,), (4,)]),
        ("cross(A, B)", np.cross, [(4, 3), (3,)]),
        ('einsum("ij,jk,kl->il", A, B, C)', three_factors, [(2, 3), (3, 4), (4, 5)]),
        ('einsum("ii->", A)', lambda a: np.add.reduce(np.diagonal(a)), [(4, 4)]),
        ("mean(A, axis=1)", lambda a: np.add.reduce(a, axis=1) / 4, [(3, 4)]),
        ("var(A)", lambda a: variance(a, None), [(3, 4)]),
        ("var(A, axis=0)", lambda a: variance(a, 0), [(3, 4)]),
        ("std(A, axis=0)", lambda a: np.sqrt(variance(a, 0)), [(3, 4)]),
        ("norm(A, axis=0)", lambda a: np.sqrt(np.add.reduce(a * a, axis=0)), [(3, 4)]),
        ("max(A, axis=0)", lambda a: np.maximum.reduce(a, axis=0), [(3, 4)]),
        ("softmax(A)", softmax, [(3, 4)]),
        ("logsumexp(A, axis=0)", lambda a: np.log(np.add.reduce(np.exp(a - 1.0), axis=0)), [(3, 4)]),
        ("cumsum(A)", lambda a: np.add.accumulate(a, axis=0), [(3, 4)]),
        ("diag(A)", np.diag, [(3, 3)]),
        ("diag(A)", np.diag, [(3,)]),
        ("concat([A, A], B)", lambda a, b: np.concatenate([np.stack([a, a]), b]), [(3,), (1, 3)]),
        ("trace(A)", lambda a: np.add.reduce(np.diagonal(a), axis=-1), [(3, 4, 2, 5)]),
        ("A*B + B", lambda a, b: a * b + b, [(3, 4), (4,)]),
        ("sum(A, axis=0)", lambda a: np.add.reduce(a, axis=0), [(3, 4)]),
        ("sum(A)", lambda a: np.add.reduce(a, axis=None), [(3, 4)]),
        ("prod(A, axis=1)", lambda a: np.multiply.reduce(a, axis=1), [(3, 4)]),
        ("trace(A)", lambda a: np.add.reduce(np.diagonal(a)), [(4, 4)]),
        ("f(x) = len(x)*x; f(A)", lambda a: a * 3.0, [(3,)]),
        ("reshape(A', (2, 6))", lambda a: a.T.reshape(2, 6), [(3, 4)]),
        ("A[1:, 0]", lambda a: a[1:, 0], [(3, 4)]),
    ],
)
def test_operations_are_those_that_numpy_does(text: str, f: Any, shapes: list[tuple[int, ...]]) -> None:
    graph = parse(text, shapes={name: s for name, s in zip("ABC", shapes, strict=False) if s})
    expected = counted(f, shapes)
    if "@" in text or ("dot" in text and all(shapes)):  # by custom 2mnk, though the first product is added to nothing
        expected = expected._replace(sums=expected.products)
    assert of_graph(graph) == expected


@pytest.mark.parametrize("text", ["sum(A, axis=0)", "mean(A, axis=0)", "trace(A)", 'einsum("ij->j", A)'])
def test_nothing_is_added_up_in_no_operations(text: str) -> None:
    kinds = of_graph(parse(text, shapes={"A": (0, 3)}))
    assert (kinds.sums, kinds.others) == (0, 0)


@pytest.mark.parametrize(
    ("text", "shapes", "cubes"),
    [
        ("det(A)", [(1000, 1000)], 1 / 3),
        ("det(A)", [(5, 1000, 1000)], 5 / 3),
        ("inv(A)", [(2, 3, 1000, 1000)], 6),
        ("solve(A, B)", [(1000, 1000), (1000,)], 1 / 3),
        ("solve(A, B)", [(1000, 1000), (7, 1000, 2000)], 1 / 3 + 14),
        ("solve(A, B)", [(2, 3, 1000, 1000), (1000, 2000)], 2 + 12),
    ],
)
def test_factorisations_take_as_many_as_in_the_books(text: str, shapes: list[tuple[int, ...]], cubes: float) -> None:
    """Golub and Van Loan, Matrix Computations, 3.1 and 3.2: products, and sums, are n³/3 for factors, n² by column."""
    products, sums, others = of_graph(parse(text, shapes=dict(zip("AB", shapes, strict=False))))
    np.testing.assert_allclose([products, sums], [cubes * 1e9] * 2, rtol=5e-3)
    assert others == 0


def test_the_cost_of_a_layer() -> None:
    """Z = X@W costs 2mnk, and so do each of X̄ = Z̄·Wᵀ and W̄ = Xᵀ·Z̄."""
    found = cost("sum((X@W)*C)", {"X": np.ones((5, 7)), "W": np.ones((7, 11)), "C": np.ones((5, 11))}, wrt=["X", "W"])
    products = 5 * 7 * 11
    assert found["value"].kinds == Kinds(products + 55, products + 54)
    assert found["reverse"].kinds == Kinds(3 * products + 55, 3 * products + 54)
    assert found["value"].stored == 55 + 55 + 1
    assert found["forward"].passes == 35 + 77
    assert found["numeric"].evaluations == 4 * 112 + 1


def test_stored_entries_are_bytes_measured() -> None:
    point = {"X": np.ones((100, 200))}
    found = cost("sum(" + "sin(" * 30 + "X" + ")" * 31, point, checkpoint=["sqrt", "2.5MB"])
    for mode in ("backprop", "sqrt"):
        row = found[mode]
        assert row.stored and row.memory
        assert 0.9 < row.memory / (8 * row.stored) < 2.2, mode  # beside values there are adjoints
    assert (found["2.5MB"].memory or 1e9) <= 2_500_000 < (found["backprop"].memory or 0)
    assert found["2.5MB"].evaluations > 1


def test_the_modes_are_compared_with_their_operations() -> None:
    found = good("grad", "sum(X@X)", "--at", "X=[[1,2],[3,4]]", "--mode", "all", "--format", "csv")
    assert any(line.startswith("operations,") for line in found.splitlines())


def test_memory_on_the_command_line() -> None:
    point = ("--at", "x=linspace(0, 1, 20000)")
    chain = "sum(" + "sin(" * 20 + "x" + ")" * 21
    args = ("grad", chain, *point, "--format", "json", "--no-trace")
    plain, little = good(*args, "--mode", "backprop"), good(*args, "--memory", "2.2MB")
    assert plain.partition('"mode"')[0] == little.partition('"mode"')[0]
    error = refused("grad", chain, *point, "--memory", "100kB")
    assert "100 kB of memory is too little for this gradient" in error
    assert "at the least" in error
    assert "is no size" in refused("grad", "x^2", "--at", "x=1", "--memory", "much")
    assert "--checkpoint does nothing beside --memory" in refused(
        "grad", "x^2", "--at", "x=1", "--memory", "1MB", "--checkpoint", "sqrt"
    )
    assert "--memory belongs to backprop" in refused(
        "grad", "x^2", "--at", "x=1", "--memory", "1MB", "--mode", "forward"
    )
    assert "--memory does nothing beside --digits" in refused(
        "grad", "x", "--at", "x=1", "--memory", "1MB", "--digits", "9"
    )


def test_a_cost_needs_shapes() -> None:
    assert "shape of 'x' is not known" in refused("cost", "sum(x)")
    assert gradient("sum(x)", "x=3").gradient == {"x": 1.0}
