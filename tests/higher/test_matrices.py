"""Jacobians and Hessians: against 50-digit arithmetic, against themselves by other ways, and what they cost."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiffcli import MathError, RequestError, gradient, hessian, hvp, jacobian, jvp, parse, vjp
from autodiffcli.api.differentials import undefined_entry
from autodiffcli.chain import Edge, pull, push
from autodiffcli.graph import Graph
from autodiffcli.higher.matrices import HESSIAN_MODES, weighed
from autodiffcli.interpreter import run
from tests.strategies import expressions, points

LECTURE = "ln(x1)+x1*x2-sin(x2)"
mp = mpmath.mp

# Row L15 of the lecture: f from R^n to R^k costs n passes forward and k in reverse.


@pytest.mark.parametrize(("program", "n", "k"), [("(x*y, x + y, sin(x)*y)", 2, 3), ("(x*y*z, x + y*z)", 3, 2)])
def test_forward_costs_n_passes_and_reverse_k(program: str, n: int, k: int) -> None:
    at = {"x": 2, "y": 3, "z": 5} if n == 3 else {"x": 2, "y": 3}
    forward, reverse, auto = (jacobian(program, at, mode=mode) for mode in ("forward", "reverse", "auto"))
    assert (forward.passes, reverse.passes, auto.passes) == (n, k, min(n, k))
    assert auto.mode == ("forward" if n < k else "reverse")
    assert f"in {min(n, k)} passes" in auto.reason and f"would take {max(n, k)} passes" in auto.reason
    for row, other in zip(forward.matrix, reverse.matrix, strict=True):
        assert row == pytest.approx(other, rel=1e-15)
    assert auto.matrix == (forward if n < k else reverse).matrix


def test_the_lectures_example_is_one_reverse_pass() -> None:
    found = jacobian(LECTURE, "x1=2,x2=5")
    assert (found.mode, found.passes, found.matrix) == ("reverse", 1, [[5.5, 1.7163378145367738]])
    assert found.values == [11.652071455223084]


# Row L9: the gradient is a graph and is differentiated again.


def test_the_lectures_second_derivatives() -> None:
    x, y = mp.mpf(2), mp.mpf(5)
    found = hessian(LECTURE, "x1=2,x2=5")
    assert found.matrix == [[-0.25, 1.0], [1.0, pytest.approx(float(mp.sin(y)), rel=1e-15)]]
    assert found.gradient == gradient(LECTURE, "x1=2,x2=5").gradient
    e = mp.exp(x)
    product = hessian("exp(x1)*(exp(x1)+1)", "x1=2")
    assert product.matrix[0][0] == pytest.approx(float(4 * e**2 + e), rel=1e-14)


def test_a_loss_that_holds_a_gradient() -> None:
    def adjoint(x: Any) -> Any:
        return 2 * mp.exp(2 * x) + mp.exp(x)

    wanted = mp.diff(lambda x: adjoint(x) ** 2, 0.5, 2)
    found = hessian("(D(exp(x)*(exp(x)+1), x))^2", "x=0.5")
    assert found.matrix[0][0] == pytest.approx(float(wanted), rel=1e-12)


FUNCTIONS: list[tuple[str, Callable[..., Any], tuple[float, ...]]] = [
    ("x^2*y + sin(x*y)", lambda x, y: x**2 * y + mp.sin(x * y), (0.7, 1.3)),
    ("exp(x/y)*ln(x+y)", lambda x, y: mp.exp(x / y) * mp.log(x + y), (0.7, 1.3)),
    ("x^y", lambda x, y: x**y, (1.7, 2.3)),
    ("atan2(x, y) + hypot(x, y)", lambda x, y: mp.atan2(x, y) + mp.hypot(x, y), (0.7, -1.3)),
    ("tanh(x)*erf(y)*sqrt(x)", lambda x, y: mp.tanh(x) * mp.erf(y) * mp.sqrt(x), (0.7, 0.3)),
    ("x*y*z/(x+y+z)", lambda x, y, z: x * y * z / (x + y + z), (1.0, 2.0, 3.5)),
    ("logsumexp(x, y, z)", lambda x, y, z: mp.log(mp.exp(x) + mp.exp(y) + mp.exp(z)), (0.1, -0.4, 1.2)),
    ("where(x > y, x^3*z, y)", lambda x, y, z: x**3 * z, (2.0, 1.0, 0.3)),
]


@pytest.mark.parametrize(("text", "f", "at"), FUNCTIONS, ids=[row[0] for row in FUNCTIONS])
@pytest.mark.parametrize("mode", HESSIAN_MODES)
def test_hessian_against_50_digits(text: str, f: Callable[..., Any], at: tuple[float, ...], mode: str) -> None:
    names = "xyz"[: len(at)]
    found = hessian(text, dict(zip(names, at, strict=True)), wrt=list(names), mode=mode)
    full = found.matrix
    with mpmath.workdps(50):
        for i in range(len(at)):
            for j in range(len(at)):
                orders = tuple((k == i) + (k == j) for k in range(len(at)))
                wanted = mp.diff(f, tuple(map(mp.mpf, at)), orders)
                assert full[i][j] == pytest.approx(float(wanted), rel=1e-11, abs=1e-25), (i, j)
                assert full[i][j] == full[j][i]


# Sparse matrices

ATOMS = ("sin({})", "{}^2", "exp(-{}^2)", "{}*{}", "{}/(2+{}^2)", "{}", "hypot({}, {})", "floor({})*{}", "3")


@st.composite
def sparse_terms(draw: st.DrawFn) -> tuple[list[str], list[str], list[float]]:
    """Terms, each of few of many inputs, and a point."""
    n = draw(st.integers(1, 15))
    r = random.Random(draw(st.integers(0, 10**9)))
    names = [f"x{i}" for i in range(n)]
    terms = []
    for _ in range(draw(st.integers(1, 15))):
        atoms = [r.choice(ATOMS) for _ in range(r.randint(1, 3))]
        near = r.choices(names, k=3)  # so that the terms' own matrices are not diagonal
        terms.append("*".join(f"({atom.format(*r.choices(near, k=atom.count('{}')))})" for atom in atoms))
    return terms, names, [r.uniform(0.1, 2) for _ in names]


@settings(max_examples=200, deadline=None)
@given(sparse_terms())
def test_the_sparse_jacobian_is_the_dense_one(case: tuple[list[str], list[str], list[float]]) -> None:
    terms, names, point = case
    graph = parse(f"({', '.join(terms)},0)")
    at = {name: x for name, x in zip(names, point, strict=True) if name in graph.inputs}
    auto, forward, reverse = (jacobian(graph, at, mode=mode) for mode in ("auto", "forward", "reverse"))
    assert auto.passes <= min(forward.passes, reverse.passes)
    assert auto.matrix in (forward.matrix, reverse.matrix)
    for row, other in zip(forward.matrix, reverse.matrix, strict=True):
        assert row == pytest.approx(other, rel=1e-12, abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(sparse_terms())
def test_the_sparse_hessian_is_the_dense_one(case: tuple[list[str], list[str], list[float]]) -> None:
    terms, names, point = case
    graph = parse(" + ".join(terms))
    at = {name: x for name, x in zip(names, point, strict=True) if name in graph.inputs}
    auto, forward, reverse = (hessian(graph, at, mode=mode) for mode in HESSIAN_MODES)
    assert auto.passes <= len(at) == forward.passes == reverse.passes
    scale = 1e-11 * max([1.0, *[abs(x) for x in forward.entries]])
    for row, other, third in zip(auto.matrix, forward.matrix, reverse.matrix, strict=True):
        assert row == pytest.approx(other, rel=1e-12, abs=scale)
        assert row == pytest.approx(third, rel=1e-12, abs=scale)
    assert auto.matrix == [list(column) for column in zip(*auto.matrix, strict=True)]


def test_an_arrowhead_takes_two_passes() -> None:
    text = "+".join(f"x0*x{i}^2" for i in range(1, 300))
    found = hessian(text, {f"x{i}": float(i + 1) for i in range(300)})
    assert found.passes == 2 and "star colouring" in found.reason
    matrix = found.matrix
    assert matrix[0][7] == matrix[7][0] == 16.0 and matrix[7][7] == 2.0 and matrix[0][0] == 0.0


def test_rosenbrock() -> None:
    n = 2_000
    text = "+".join(f"100*(x{i + 1}-x{i}^2)^2+(1-x{i})^2" for i in range(1, n, 2))
    at = {f"x{i}": -1.2 if i % 2 else 1.0 for i in range(1, n + 1)}
    found = hessian(text, at)
    assert (found.passes, found.mode, len(found.entries)) == (2, "forward-over-reverse", 2 * n)
    assert found.rows[:2] == ["x2", "x1"]  # in order of appearance
    assert found.entries[:4] == pytest.approx([200.0, 480.0, 480.0, 1330.0], rel=1e-14)  # 1200·x1² - 400·x2 + 2
    assert found.sparse and found.colours.count(0) == n // 2


def test_many_columns_are_taken_together_on_arrays() -> None:
    n = 30
    rows = ", ".join("+".join(f"sin(x{j}*{i + j})" for j in range(n)) for i in range(n + 1))
    at = {f"x{j}": 0.1 * j for j in range(n)}
    found = jacobian(f"({rows})", at)
    assert (found.mode, found.passes) == ("forward", n)
    for i, row in enumerate(found.matrix):
        assert row == pytest.approx([(i + j) * math.cos(0.1 * j * (i + j)) for j in range(n)], rel=1e-12, abs=1e-12)


def test_an_infinite_slope_stays_in_its_column() -> None:
    names = [f"x{j}" for j in range(8)]
    total = "+".join(names[1:])
    rows = ", ".join(f"sqrt(x0) + {i}*({total})" for i in range(1, 10))
    found = jacobian(f"({rows})", dict.fromkeys(names, 0.0), mode="forward")
    assert found.matrix[2] == [math.inf, *[3.0] * 7]


# Products with a vector


def sizes(graph: Graph, values: list[float], seeds: dict[int, float]) -> float:
    """Return the sum over the nodes of what their tangents and their adjoints are sums of: the scale of rounding."""
    forward: list[Edge] = []
    backward: list[Edge] = []
    push(graph, values, seeds, forward)
    pull(graph, values, graph.outputs[0], graph.depends(graph.inputs.values()), edges=backward)
    tangents = {i: abs(step) for i, step in seeds.items()}
    for edge in forward:
        tangents[edge.user] = tangents.get(edge.user, 0.0) + abs(edge.term)
    adjoints = {graph.outputs[0]: 1.0}
    for edge in backward:
        adjoints[edge.node] = adjoints.get(edge.node, 0.0) + abs(edge.term)
    return sum(size * adjoints.get(i, 0.0) for i, size in tangents.items())


directions = st.lists(st.floats(-2, 2, allow_subnormal=False), min_size=3, max_size=3)


@settings(max_examples=1_000, deadline=None)
@given(expressions, expressions, expressions, points, directions, directions)
def test_both_products_are_of_one_matrix(
    a: str, b: str, c: str, at: dict[str, float], v: list[float], w: list[float]
) -> None:
    """⟨w, Jv⟩ = ⟨Jᵀw, v⟩."""
    graph = parse(f"({a}, {b}, {c})")
    point = {name: at[name] for name in graph.inputs}
    tangent = dict(zip(graph.inputs, v, strict=False))
    try:
        forward = jvp(graph, point, tangent=tangent)
        backward = vjp(graph, point, cotangent=w)
    except MathError:
        return
    left = sum(weight * x for weight, x in zip(w, forward.product.values(), strict=True) if weight)
    right = sum(x * tangent[name] for name, x in backward.product.items() if tangent[name])
    longer = weighed(graph, [{k: weight for k, weight in enumerate(w) if weight}])
    values = run(longer, list(point.values()))
    scale = sizes(longer, values, {graph.inputs[name]: x for name, x in tangent.items() if x})
    if math.isfinite(scale) and math.isfinite(left) and math.isfinite(right):
        assert abs(left - right) <= 1e-12 * scale + 1e-290


@settings(max_examples=200, deadline=None)
@given(sparse_terms())
def test_the_hessians_product_is_that_of_the_hessian(case: tuple[list[str], list[str], list[float]]) -> None:
    terms, names, point = case
    graph = parse(" + ".join(terms))
    at = {name: x for name, x in zip(names, point, strict=True) if name in graph.inputs}
    v = [math.sin(k + 1.0) for k in range(len(at))]
    found = hvp(graph, at, tangent=v)
    matrix = hessian(graph, at).matrix
    scale = 1e-11 * max(1.0, sum(abs(x) for row in matrix for x in row))  # hypot(x, x)'' is 0, a difference of ones
    for product, row in zip(found.product.values(), matrix, strict=True):
        assert product == pytest.approx(sum(h * x for h, x in zip(row, v, strict=True)), rel=1e-12, abs=scale)
    assert found.gradient == pytest.approx(gradient(graph, at).gradient, rel=1e-12, abs=1e-12)


def test_directions_in_every_form() -> None:
    wanted = {"y1": 13.0, "y2": 11.0}
    tangents: list[Any] = [{"x": 1, "y": 5}, "x=1, y=5", "1, 5", [1, 5], "max(1, 0), hypot(3, 4)"]
    for tangent in tangents:
        assert jvp("(x*y, x+2*y)", "x=2,y=3", tangent=tangent).product == wanted
    assert jvp("(x*y, x+2*y)", "x=2,y=3", tangent="y=5").product == {"y1": 10.0, "y2": 10.0}
    assert vjp("(x*y, x+2*y)", "x=2,y=3", cotangent={"y2": 2}).product == {"x": 2.0, "y": 4.0}
    assert vjp("(x*y, x+2*y)", "x=2,y=3", cotangent={}, wrt=["y"]).product == {"y": 0.0}


# Refusals


def test_undefined_points() -> None:
    with pytest.raises(MathError, match="ln is undefined at -1"):
        jacobian("(x, ln(x))", "x=-1")
    for ask in (lambda: hessian("ln(x)", "x=-1"), lambda: hvp("ln(x)", "x=-1", tangent=[1])):
        with pytest.raises(MathError, match="ln is undefined at -1"):
            ask()
    for ask in (lambda: jvp("(1, ln(x))", "x=-1", tangent=[1]), lambda: vjp("(1, ln(x))", "x=-1", cotangent=[1, 0])):
        with pytest.raises(MathError, match="ln is undefined at -1"):
            ask()
    found = jacobian("(x, x*sqrt(x))", "x=0")
    error = undefined_entry("(x, x*sqrt(x))", "x=0", found)
    assert error is not None and "sqrt at 0 has the partial derivative inf" in error.message
    assert undefined_entry("x", "x=0", jacobian("x", "x=0")) is None


def test_refusals() -> None:
    with pytest.raises(RequestError, match="a Hessian has one output, and this expression has 2"):
        hessian("(x, y)", "x=1,y=2")
    with pytest.raises(RequestError, match="there is no mode 'forwards'"):
        jacobian("x", "x=1", mode="forwards")
    with pytest.raises(RequestError, match="'z' in --tangent is none of the inputs"):
        jvp("x*y", "x=1,y=2", tangent={"z": 1})
    with pytest.raises(RequestError, match="--cotangent has 3 of 2 outputs"):
        vjp("(x, y)", "x=1,y=2", cotangent=[1, 2, 3])
    with pytest.raises(RequestError, match="'z' is not an input"):
        jacobian("x", "x=1", wrt=["z"])
    n = 40_000
    squares = f"({', '.join(f'x{i}^2' for i in range(n))})"
    with pytest.raises(RequestError, match="would pass"):
        jacobian(squares, {f"x{i}": 1.0 for i in range(n)}, mode="forward")


def test_outputs_are_named_apart_from_inputs() -> None:
    assert jacobian("(x, y1)", "x=1,y1=2").rows == ["f1", "f2"]
    assert jacobian("(x, y)", "x=1,y=2").rows == ["y1", "y2"]
    assert jvp("y*2", "y=1", tangent=[1]).product == {"f": 2.0}
