"""Whole programs of arrays: every mode gives one gradient, and passes and text change none of it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from autodiffcli.backends import EXACT, backend
from autodiffcli.backends.checkpoint import Checkpointed
from autodiffcli.derivatives import extend
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.language.parser import parse
from autodiffcli.language.write import write
from autodiffcli.passes.simplify import passes, simplify
from autodiffcli.primitive import PRIMITIVES
from autodiffcli.primitives import add, cos, div, exp, mul, neg, sin, sub, tanh, where
from autodiffcli.primitives.selection import greater, logical_not, maximum, relu
from autodiffcli.primitives.tensor import broadcast, reshape, sum_over, transpose
from autodiffcli.primitives.tensor_index import gather, stack
from autodiffcli.primitives.tensor_products import matmul
from autodiffcli.primitives.tensor_reductions import mean, norm, softmax

SHAPES: list[tuple[int, ...]] = [(), (3,), (2, 3), (2, 1), (3, 3)]


def program(seed: int, operations: int = 14) -> tuple[Graph, list[Any]]:
    """Return a random expression of arrays and scalars, and a point."""
    rng = np.random.default_rng(seed)
    graph, point = Graph(), []
    for k, shape in enumerate(SHAPES):
        graph.input(f"x{k}", shape=shape)
        x = np.round(rng.normal(size=shape), 2)
        point.append(x if shape else float(x))
    nodes = list(graph.inputs.values())
    nodes += [graph.constant(v) for v in (0.0, 1.0, -1.0, 2.0)] + [graph.constant(np.array([0.0, 1.0, -2.0]))]
    while len(graph) < operations + len(SHAPES) + 5:
        nodes.append(_step(graph, nodes, rng))
    total = graph.constant(0.0)
    for node in nodes[-4:]:
        total = graph.apply(add, (total, graph.apply(sum_over(), (node,))))
    graph.outputs = [graph.apply(sin, (total,))]
    return graph, point


def _step(graph: Graph, nodes: list[int], rng: np.random.Generator) -> int:
    a, b, c = (nodes[i] for i in rng.integers(0, len(nodes), 3))
    s, t = graph.shape(a), graph.shape(b)
    kind = rng.integers(12)
    if kind < 4 and _fit(s, t):
        return graph.apply(
            (add, sub, mul, div, maximum)[rng.integers(5)], (a, graph.apply(exp, (graph.apply(sin, (b,)),)))
        )
    if kind < 5 and _fit(s, t, graph.shape(c)):
        test = graph.apply(greater, (a, b))
        test = graph.apply(logical_not, (test,)) if rng.random() < 0.5 else test
        return graph.apply(where, (test, b, c))
    if kind < 6 and s and t and s[-1] == t[max(len(t) - 2, 0)]:
        return graph.apply(matmul, (a, b))
    if kind < 7 and s:
        return graph.apply(
            (sum_over, mean, norm)[rng.integers(3)](int(rng.integers(len(s))), bool(rng.integers(2))), (a,)
        )
    if kind < 8 and s:
        return graph.apply(gather((int(rng.integers(s[0])),)), (a,))
    if kind < 9:
        return graph.apply(transpose(), (a,)) if s else graph.apply(broadcast((2, 3)), (a,))
    if kind < 10 and s == t:
        return graph.apply(stack(), (a, b)) if len(s) < 2 else graph.apply(sub, (a, a))
    if kind < 11 and s:
        return graph.apply(softmax(-1), (a,)) if rng.random() < 0.5 else graph.apply(reshape((-1,)), (a,))
    return graph.apply((sin, cos, tanh, neg, relu)[rng.integers(5)], (a,))


def _fit(*shapes: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


def same(one: Any, other: Any, tolerance: float = 1e-10) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    return one.shape == other.shape and bool(np.all(np.abs(one - other) <= tolerance * (1 + np.abs(other))))


@pytest.mark.parametrize("seed", range(60))
def test_every_mode_gives_one_gradient(seed: int) -> None:
    graph, point = program(seed)
    names = list(graph.inputs)
    expected = backend("numeric").gradient(graph, point, names, False)
    results = [backend(mode).gradient(graph, point, names, trace) for mode in EXACT for trace in (False, True)]
    results += [Checkpointed(budget).gradient(graph, point, names, False) for budget in ("sqrt", "binomial")]
    for result in results:
        assert same(result.value, expected.value)
        for name in names:
            assert same(result.gradient[name], results[0].gradient[name]), (result.mode, name)
            error = np.abs(np.asarray(result.gradient[name]) - expected.gradient[name])
            assert np.all(error <= 1e-7 + 2 * np.asarray(expected.errors[name])), (result.mode, name)


@pytest.mark.parametrize("seed", range(60))
def test_terms_of_a_trace_add_up(seed: int) -> None:
    graph, point = program(seed)
    for mode in ("forward", "reverse", "backprop"):
        for sweep in backend(mode).gradient(graph, point, list(graph.inputs), True).sweeps[:6]:
            sums: dict[int, Any] = {}
            for edge in sweep.edges:
                into = edge.user if mode == "forward" else edge.node
                sums[into] = sums.get(into, 0.0) + np.asarray(edge.term)
            for node, total in sums.items():
                assert same(total, np.broadcast_to(sweep.numbers[node], graph.shape(node))), (mode, node)


@pytest.mark.parametrize("seed", range(60))
def test_passes_keep_values_and_shapes(seed: int) -> None:
    graph, point = program(seed)
    graph = extend(graph, list(graph.inputs)).graph
    before = run(graph, point)
    changed = [simplify(graph), simplify(graph, exact=True), simplify(graph, readable=True), passes(graph)[0]]
    for new in [*changed, graph.leveled(), graph.copy()]:
        after = run(new, point)
        for i, j in zip(graph.outputs, new.outputs, strict=True):
            assert graph.shape(i) == new.shape(j) == np.shape(after[j])
            assert same(after[j], before[i])
        for node, value in enumerate(after):
            assert np.shape(value) == new.shape(node)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_written_reads_back(seed: int) -> None:
    graph, point = program(seed, 8)
    shapes = {name: graph.shape(i) for name, i in graph.inputs.items()}
    for new in (graph, simplify(graph)):
        again = parse(write(new, new.outputs[0]), shapes=shapes)
        at = [value for name, value in zip(graph.inputs, point, strict=True) if name in again.inputs]
        order = [name for name in graph.inputs if name in again.inputs]
        values = dict(zip(order, at, strict=True))
        assert same(
            run(again, [values[name] for name in again.inputs])[again.outputs[0]], run(graph, point)[graph.outputs[0]]
        )


def test_nothing_flows_through_a_closed_gate() -> None:
    """0·inf behind a side that was not taken is no nan: broadcast, summed over, and picked apart too."""
    for text in (
        "sum(where(X > 0, sqrt(X), 0))",
        "sum(where(c > X, sqrt(s), X))",
        "sum(where(X' > 0, sqrt(X)', 0)[1])",
        "sum([where(X[0] > 0, sqrt(X[0]), 0), X[1]])",
        "sum(broadcast(where(s > 0, sqrt(s), 1), (2, 2)))",
        "sum(reshape(where(X > 0, sqrt(X), 0), (4,)) * [1, 2, 3, 4])",
        "sum(cumsum(where(X > 0, sqrt(X), 0)))",
    ):
        graph = parse("s + c + " + text, shapes={"X": (2, 2)})
        at = {"s": 0.0, "c": -1.0, "X": np.array([[0.0, 4.0], [1.0, 9.0]])}
        point = [at[name] for name in graph.inputs]
        for mode in EXACT:
            found = backend(mode).gradient(graph, point, list(graph.inputs), False)
            assert all(np.all(np.isfinite(x)) for x in found.gradient.values()), (text, mode, found.gradient)


PROGRAMS: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("sum(where(X > 0, cumsum(X^2), 0)*Y)", lambda x, y: np.where(x.real > 0, np.cumsum(x**2, 0), 0) * y),
    ("sum(where(X > 0, cumsum(X^2), Y) + X)", lambda x, y: np.where(x.real > 0, np.cumsum(x**2, 0), y) + x),
    ("sum(cumsum(where(X > 0, X*Y, 0))*X)", lambda x, y: np.cumsum(np.where(x.real > 0, x * y, 0), 0) * x),
    ("sum(max(where(X > 0, X*Y, 0) + X, axis=0))", lambda x, y: _greatest(np.where(x.real > 0, x * y, 0) + x)),
    ("sum(max(where(X > 0, X^2, X*Y), axis=0))", lambda x, y: _greatest(np.where(x.real > 0, x**2, x * y))),
    ("sum(where(X > 0, X*Y, 0) @ (X + Y))", lambda x, y: np.where(x.real > 0, x * y, 0) @ (x + y)),
    ("sum((X + Y) @ where(X > 0, X*Y, 0))", lambda x, y: (x + y) @ np.where(x.real > 0, x * y, 0)),
    ("sum(where(X > 0, X, Y) @ where(Y > 0, X*Y, 0))", lambda x, y: np.where(x.real > 0, x, y)
     @ np.where(y.real > 0, x * y, 0)),
    ("sum(concat(Y, where(X > 0, X^2, 0), Y*X)^3)", lambda x, y: np.concatenate([y, np.where(x.real > 0, x**2, 0),
                                                                              y * x]) ** 3),
    ("sum(softmax(where(X > 0, X*Y, 0)[0] + X[0])*Y[1])", lambda x, y: _softmax((np.where(x.real > 0, x * y, 0) + x)[0])
     * y[1]),
    ("sum(concat(Y, where(X > 0, X^2, 0))*concat(X, Y))", lambda x, y: np.concatenate([y, np.where(x.real > 0,
     x**2, 0)])
     * np.concatenate([x, y])),
    ("sum(where(X > 0, X, 0)[0]*where(X > 0, 2, Y))", lambda x, y: np.where(x.real > 0, x, 0)[0]
     * np.where(x.real > 0, 2, y)),
]  # fmt: skip
"""Programs of 2x2 matrices, with the same in NumPy's words, to be summed."""


def _greatest(x: Any) -> Any:
    return np.take_along_axis(x, np.argmax(x.real, axis=0)[None], axis=0)


def _softmax(x: Any) -> Any:
    return np.exp(x) / np.sum(np.exp(x))


@pytest.mark.parametrize(("text", "reference"), PROGRAMS, ids=[text for text, _ in PROGRAMS])
def test_gates_inside_programs_are_those_of_complex_steps(text: str, reference: Callable[[Any, Any], Any]) -> None:
    graph = parse(text, shapes={"X": (2, 2), "Y": (2, 2)})
    at = {"X": np.array([[1.5, -0.7], [-2.0, 0.8]]), "Y": np.array([[0.3, 1.2], [-0.4, -1.1]])}
    for names in (["X", "Y"], ["X"], ["Y"]):
        wanted = {}
        for name in names:
            wanted[name] = np.zeros((2, 2))
            for place in np.ndindex(2, 2):
                moved = {other: x.astype(complex) for other, x in at.items()}
                moved[name][place] += 1e-100j
                wanted[name][place] = np.sum(np.imag(reference(moved["X"], moved["Y"]))) / 1e-100
        active = graph.depends(graph.inputs[name] for name in names)
        for mode, trace in product(EXACT, (False, True)):
            found = backend(mode).gradient(graph, [at[name] for name in graph.inputs], names, trace)
            assert all(same(found.gradient[name], wanted[name]) for name in names), (mode, names)
            assert all(active[edge.node] for sweep in found.sweeps for edge in sweep.edges), (mode, names)


def test_corners_of_reductions_are_documented_choices() -> None:
    x = np.zeros(3)
    for text, expected in (
        ("norm(X)", [0, 0, 0]),
        ("std(X)", [0, 0, 0]),
        ("max(X)", [1 / 3, 1 / 3, 1 / 3]),
        ("min(X)", [1 / 3, 1 / 3, 1 / 3]),
        ("prod(X)", [0, 0, 0]),
    ):
        graph = parse(text, shapes={"X": (3,)})
        for mode in EXACT:
            assert same(backend(mode).gradient(graph, [x], ["X"], False).gradient["X"], np.array(expected)), (
                text,
                mode,
            )


def test_the_lectures_matrix_product() -> None:
    """Z = X·W: X̄ = Z̄·Wᵀ and W̄ = Xᵀ·Z̄, as formulas and as numbers."""
    graph = parse("sum(sin(X @ W))", shapes={"X": (3, 2), "W": (2, 4)})
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(3, 2)), rng.normal(size=(2, 4))
    result = backend("symbolic").gradient(graph, [x, w], ["X", "W"], False)
    texts = {name: write(result.graph, node) for name, node in result.formulas.items()}
    assert texts == {"X": "cos(X @ W) @ W'", "W": "X' @ cos(X @ W)"}
    assert same(result.gradient["X"], np.cos(x @ w) @ w.T, 1e-14)
    assert same(result.gradient["W"], x.T @ np.cos(x @ w), 1e-14)


def test_a_scalar_graph_has_no_shapes() -> None:
    graph = parse("x*sin(y) + 3")
    assert not extend(graph, ["x", "y"]).graph.shapes
    assert all(PRIMITIVES[name].shape is None for name in PRIMITIVES)


def test_a_constant_is_told_by_its_entries_whatever_their_order_in_memory() -> None:
    graph, entries = Graph(), np.array([[1.0, 2.0], [3.0, 4.0]])
    first = graph.constant(entries)
    assert graph.constant(np.asfortranarray(entries)) == first
    assert graph.constant(entries.T) != first
