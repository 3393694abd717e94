"""Elementwise primitives on arrays are what they are on each of the entries, broadcast by NumPy's rules."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
import pytest

import autodiffcli.primitives  # noqa: F401  # fills the table
from autodiffcli.chain import pull
from autodiffcli.derivatives import extend
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.primitive import PRIMITIVES, Primitive
from autodiffcli.primitives.tensor import sum_over, unbroadcast

CONDITIONS = {"and": (0, 1), "or": (0, 1), "not": (0,), "where": (0,)}
"""The arguments that are conditions."""


def arity(op: Primitive) -> int:
    least, most = op.arity
    return max(least, 2) if most is None else least


def layouts(count: int) -> list[tuple[tuple[int, ...], ...]]:
    """Return shapes for the arguments: alike, empty, broadcast against each other, and beside scalars."""
    mixed: list[tuple[int, ...]] = [(2, 1), (3,), ()]
    found = {((2, 3),) * count, ((0, 3),) * count, tuple((mixed * 2)[:count])}
    if count > 1:
        found |= {((3,), *[()] * (count - 1)), (*[()] * (count - 1), (3,))}
    return sorted(found)


def values_at(op: Primitive, shapes: tuple[tuple[int, ...], ...], rng: np.random.Generator) -> list[Any]:
    found = []
    for k, shape in enumerate(shapes):
        x = rng.uniform(0.1, 0.9, size=shape)
        if rng.random() < 0.5:  # corners, poles and what is undefined
            x = np.where(rng.random(shape) < 0.3, rng.choice([0.0, -1.0, 1.0, np.inf], size=shape), x)
        if k in CONDITIONS.get(op.name, ()):
            x = np.round(rng.random(shape))
        found.append(x if shape else float(x))
    return found


def by_entry(op: Primitive, xs: list[Any], differentiable: bool) -> tuple[Any, list[Any]]:
    """Return value and partial derivatives from the scalars' own path, one entry at a time."""
    whole = np.broadcast_shapes(*map(np.shape, xs))
    wide = [np.broadcast_to(x, whole) for x in xs]
    y, partials = np.empty(whole), [np.zeros(whole) for _ in xs]
    graph = Graph()
    nodes = [graph.input(f"x{k}") for k in range(len(xs))]
    node = graph.apply(op, tuple(nodes))
    for place in np.ndindex(whole):
        values = run(graph, [float(x[place]) for x in wide])
        y[place] = values[node]
        if differentiable:
            bars = pull(graph, values, node, graph.depends(nodes))
            for partial, i in zip(partials, nodes, strict=True):
                partial[place] = bars[i] or 0.0
    return y, partials


@pytest.mark.parametrize("op", PRIMITIVES.values(), ids=lambda op: op.name)
def test_arrays_are_what_their_entries_are(op: Primitive) -> None:
    rng = np.random.default_rng(crc32(op.name.encode()))
    count = arity(op)
    differentiable = None not in op.rules(count)
    for shapes in layouts(count):
        xs = values_at(op, shapes, rng)
        graph = Graph()
        nodes = [graph.input(f"x{k}", shape=shape) for k, shape in enumerate(shapes)]
        node = graph.apply(op, tuple(nodes))
        graph.outputs = [graph.apply(sum_over(), (node,))]
        values = run(graph, xs)
        expected, partials = by_entry(op, xs, differentiable)
        assert graph.shape(node) == np.shape(values[node]) == expected.shape
        np.testing.assert_allclose(values[node], expected, rtol=1e-14, atol=1e-300)
        if not differentiable:
            continue
        bars = pull(graph, values, graph.outputs[0], graph.depends(nodes))
        longer = extend(graph, list(graph.inputs)).graph
        again = [run(longer, xs)[i] for i in longer.outputs[1:]]
        for k, shape in enumerate(shapes):
            with np.errstate(all="ignore"):
                wanted = unbroadcast(partials[k], shape)
            ours: Any = np.zeros(shape) if bars[nodes[k]] is None else bars[nodes[k]]
            assert np.shape(ours) == np.shape(again[k]) == shape
            np.testing.assert_allclose(ours, wanted, rtol=1e-12, atol=1e-300)
            np.testing.assert_allclose(again[k], wanted, rtol=1e-12, atol=1e-300)


def test_shapes_that_do_not_broadcast_are_refused_with_both() -> None:
    graph = Graph("x+y")
    x, y = graph.input("x", shape=(2, 3)), graph.input("y", shape=(2,))
    with pytest.raises(RequestError, match=r"\+: the shapes \(2, 3\) and \(2,\) do not fit") as caught:
        graph.apply(PRIMITIVES["add"], (x, y), 0, 3)
    assert caught.value.span == (0, 3)
    assert len(graph) == 2
