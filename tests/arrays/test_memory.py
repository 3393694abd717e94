"""Checkpoints by bytes: the gradient stays what it is, and the memory within what was asked for."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from autodiffcli.backends import backend
from autodiffcli.backends.checkpoint import Checkpointed
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.language.parser import parse
from autodiffcli.memory import plan_within
from tests.arrays.test_programs import program

STEPS, BATCH, WIDTH = 120, 50, 100
LAYER = 8 * BATCH * WIDTH


def network() -> tuple[Graph, list[Any]]:
    """Return a recurrent network, written out, and a point."""
    text = "f(h) = tanh(h @ W)\n" + "h1 = f(H)\n"
    text += "".join(f"h{n} = f(h{n - 1})\n" for n in range(2, STEPS + 1)) + f"sum(h{STEPS}^2)"
    shapes = {"H": (BATCH, WIDTH), "W": (WIDTH, WIDTH)}
    graph = parse(text, shapes=shapes)
    rng = np.random.default_rng(0)
    values = {name: rng.normal(size=shape) * 0.1 for name, shape in shapes.items()}
    return graph, [values[name] for name in graph.inputs]


def peak_of(work: Any) -> tuple[Any, int]:
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_stays_within_the_budget_and_the_gradient_is_the_same() -> None:
    graph, point = network()
    expected, whole = peak_of(lambda: backend("backprop").gradient(graph, point, ["H", "W"], False))
    assert whole > 2 * STEPS * LAYER
    for layers, most in ((1000, 1), (120, 2), (40, 4)):
        limit = layers * LAYER
        way = Checkpointed(f"{limit}B")
        found, used = peak_of(lambda: way.gradient(graph, point, ["H", "W"], False))  # noqa: B023
        assert used <= limit + 8 * WIDTH * WIDTH * 6 + 300_000, layers  # the gradients, and Python's own objects
        assert found.counts.forward <= most * (2 * STEPS + 2)
        made = plan_within(graph, limit).counts
        assert (found.counts.forward, found.counts.stored) == (made.forward, made.stored)
        for name in ("H", "W"):
            assert np.array_equal(found.gradient[name], expected.gradient[name])


@pytest.mark.parametrize("seed", range(0, 60, 6))
def test_any_program_is_the_same_in_any_plan(seed: int) -> None:
    graph, point = program(seed, 30)
    expected = backend("backprop").gradient(graph, point, list(graph.inputs), False)
    for limit in (2_000, 3_000, 4_000, 6_000, 10**6):
        try:
            found = Checkpointed(f"{limit}B").gradient(graph, point, list(graph.inputs), False)
        except RequestError:
            if limit < 10**6:
                continue
            raise
        for name in graph.inputs:
            np.testing.assert_array_equal(found.gradient[name], expected.gradient[name])


def test_a_budget_that_is_too_small_names_the_least() -> None:
    graph, _ = network()
    with pytest.raises(RequestError, match="10 kB of memory is too little") as caught:
        plan_within(graph, 10_000)
    least = float(caught.value.hint.split()[2]) * 10**3
    assert plan_within(graph, int(least * 1.01)).slots < STEPS
