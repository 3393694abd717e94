"""The derivatives of every function of arrays, against NumPy at complex numbers, and against JAX where it is."""

from __future__ import annotations

import os
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from autodiffcli.chain import pull, push
from autodiffcli.derivatives import extend, pushforward
from autodiffcli.graph import Graph, Node
from autodiffcli.interpreter import run
from autodiffcli.primitives import sin
from autodiffcli.primitives.tensor import sum_over
from tests.arrays.cases import CASES, Call, build

COUNT = int(os.environ.get("ADCALC_ARRAYS", "30"))
"""Random calls of each function; 1000 for the long run."""

by_function = pytest.mark.parametrize("name", CASES)


def calls(name: str, count: int = COUNT) -> list[Call]:
    rng = np.random.default_rng(crc32(name.encode()))
    return [CASES[name](rng) for _ in range(count)]


def weights(y: Any, seed: int) -> Any:
    return np.random.default_rng(seed).normal(size=np.shape(y))


def pulled(call: Call, bar: Any) -> tuple[Any, list[Any]]:
    """Return the value of a call, and the adjoints of its arguments when the value's is `bar`: numbers, by a sweep."""
    graph, node = build(call)
    values = run(graph, call.values)
    bars = pull(graph, values, node, graph.depends(graph.inputs.values()), bar)
    return values[node], [
        np.zeros(np.shape(x)) if bars[i] is None else bars[i]
        for x, i in zip(call.values, graph.inputs.values(), strict=True)
    ]


def extended(call: Call, bar: Any) -> list[Any]:
    """Return the same adjoints by extending the graph of Σ bar·value."""
    graph, node = build(call)
    whole = sum_over()(Node(graph, node) * Node(graph, graph.number(bar)))
    graph.outputs = [whole.id]
    longer = extend(graph, list(graph.inputs)).graph
    values = run(longer, call.values)
    return [values[i] for i in longer.outputs[1:]]


def pushed(call: Call, dots: list[Any]) -> Any:
    graph, node = build(call)
    seeds = dict(zip(graph.inputs.values(), dots, strict=True))
    found = push(graph, run(graph, call.values), seeds)[node]
    return np.zeros(graph.shape(node)) if found is None else found


def close(ours: Any, theirs: Any, tolerance: float = 1e-12) -> bool:
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        return False
    size = max(1.0, float(np.max(np.abs(theirs), initial=0.0)))
    return bool(np.all(np.abs(ours - theirs) <= tolerance * size))


def by_complex_steps(call: Call, bar: Any) -> list[Any]:
    """Return the adjoints entry by entry, from NumPy at complex arguments: exact to rounding, and nothing of ours."""
    found = []
    for k, x in enumerate(call.values):
        gradient = np.zeros(np.shape(x))
        for place in np.ndindex(np.shape(x)):
            moved = [np.array(v, dtype=complex) for v in call.values]
            moved[k][place] += 1e-100j
            gradient[place] = np.sum(bar * np.imag(call.reference(np, *moved)) / 1e-100)
        found.append(gradient)
    return found


@by_function
def test_values_and_adjoints_are_those_of_complex_steps(name: str) -> None:
    for n, call in enumerate(calls(name, min(COUNT, 100))):
        expected = call.reference(np, *map(np.asarray, call.values))
        bar = weights(expected, n)
        y, bars = pulled(call, bar)
        assert close(y, expected), (n, call.values)
        for ours, again, theirs in zip(bars, extended(call, bar), by_complex_steps(call, bar), strict=True):
            assert close(ours, theirs), (n, call.values, ours, theirs)
            assert close(again, theirs), (n, call.values, again, theirs)


@by_function
def test_tangents_and_adjoints_are_transposed(name: str) -> None:
    """⟨w, J·v⟩ = ⟨Jᵀ·w, v⟩, and both ways to push agree."""
    for n, call in enumerate(calls(name)):
        dots = [weights(x, n + k) for k, x in enumerate(call.values)]
        tangent = pushed(call, dots)
        w = weights(tangent, n)
        y, bars = pulled(call, w)
        assert np.shape(y) == np.shape(tangent)
        left = np.sum(w * tangent)
        parts = [np.sum(bar * dot) for bar, dot in zip(bars, dots, strict=True)]
        size = np.sum(np.abs(w * tangent)) + sum(np.sum(np.abs(b * d)) for b, d in zip(bars, dots, strict=True)) + 1
        assert abs(left - sum(parts)) <= 1e-12 * size, (n, call.values)
        graph, node = build(call)
        (grown,) = pushforward(graph, [node], dict(zip(graph.inputs.values(), dots, strict=True)))
        assert close(run(graph, call.values)[grown], tangent), (n, call.values)


@by_function
def test_adjoints_are_those_of_jax(name: str) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    for n, call in enumerate(calls(name, 3 if COUNT < 100 else COUNT)):
        if name == "det" and not call.values[0].size:
            continue  # of which JAX has no derivative: it raises IndexError
        y, back = jax.vjp(lambda *xs: call.reference(jax.numpy, *xs), *map(jax.numpy.asarray, call.values))  # noqa: B023
        bar = weights(y, n)
        ours, bars = pulled(call, bar)
        assert close(ours, y), (n, call.values)
        for got, expected in zip(bars, back(jax.numpy.asarray(bar)), strict=True):
            assert close(got, expected), (n, call.values, got, expected)


def second(call: Call, dots: list[Any]) -> list[Any]:
    """Return the Hessian of Σ sin(value) times a direction: the tangent of the gradient, all of it nodes."""
    graph, node = build(call)
    graph.outputs = [sum_over()(sin(Node(graph, node))).id]
    longer: Graph = extend(graph, list(graph.inputs)).graph
    seeds = dict(zip(longer.inputs.values(), dots, strict=True))
    found = pushforward(longer, longer.outputs[1:], seeds)
    values = run(longer, call.values)
    return [values[i] for i in found]


def gradients(call: Call) -> list[Any]:
    graph, node = build(call)
    graph.outputs = [sum_over()(sin(Node(graph, node))).id]
    longer = extend(graph, list(graph.inputs)).graph
    values = run(longer, call.values)
    return [values[i] for i in longer.outputs[1:]]


@by_function
def test_second_derivatives_are_those_of_differences(name: str) -> None:
    for n, call in enumerate(calls(name, 8)):
        if name == "prod":
            call = call._replace(values=[np.where(x == 0, 0.7, x) for x in call.values])
        dots = [weights(x, n + k) for k, x in enumerate(call.values)]
        h = 1e-4
        up, down, up2, down2 = (
            gradients(call._replace(values=[np.asarray(x) + s * h * d for x, d in zip(call.values, dots, strict=True)]))
            for s in (1, -1, 2, -2)
        )
        for a, b, c, d, ours in zip(up, down, up2, down2, second(call, dots), strict=True):
            expected = (8 * (np.asarray(a) - b) - (np.asarray(c) - d)) / (12 * h)
            size = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
            assert np.shape(ours) == np.shape(expected)
            assert np.all(np.abs(ours - expected) <= 1e-6 * size), (n, call.values, ours, expected)


@by_function
def test_second_derivatives_are_those_of_jax(name: str) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    for n, call in enumerate(calls(name, 1 if COUNT < 100 else COUNT // 20)):
        if name == "det" and not call.values[0].size:
            continue
        values = [jax.numpy.asarray(x) for x in call.values]
        dots = [weights(x, n + k) for k, x in enumerate(call.values)]
        f = jax.grad(
            lambda *xs: jax.numpy.sum(jax.numpy.sin(call.reference(jax.numpy, *xs))),  # noqa: B023
            argnums=tuple(range(len(values))),
        )
        _, expected = jax.jvp(f, tuple(values), tuple(map(jax.numpy.asarray, dots)))
        for ours, theirs in zip(second(call, dots), expected, strict=True):
            assert close(ours, theirs, 1e-10), (n, call.values, ours, theirs)
