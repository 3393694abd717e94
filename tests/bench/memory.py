"""Checkpoints: a chain of 1,000,000 operations; values held, forward work, memory and time, beside backprop's."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from time import perf_counter

from autodiffcli.api.costs import peak_memory
from autodiffcli.backends import backend
from autodiffcli.backends.checkpoint import Checkpointed
from autodiffcli.checkpoint import plan
from autodiffcli.graph import Graph
from autodiffcli.primitive import PRIMITIVES
from tests.bench.timing import Row

STEPS = 1_000_000
BUDGETS = ("sqrt", "binomial")
POINT = [0.5]


def chain(steps: int = STEPS) -> Graph:
    """Return sin(neg(sin(...x))): as deep as it is long."""
    graph = Graph()
    node = graph.input("x")
    for k in range(steps):
        node = graph.apply(PRIMITIVES["neg" if k % 2 else "sin"], (node,))
    graph.outputs = [node]
    return graph


def rows(long: bool) -> Iterator[Row]:
    """Yield, for each schedule, its figures beside those of backprop, which holds every value."""
    graph = chain()
    gc.collect()
    gc.freeze()
    try:
        start = perf_counter()
        wanted = backend("backprop").gradient(graph, POINT, ["x"], False)
        seconds = perf_counter() - start
        megabytes = peak_memory(lambda: backend("backprop").gradient(graph, POINT, ["x"], False)) / 1e6
        for budget in BUDGETS:
            yield from _schedule(graph, budget, wanted.gradient, seconds, megabytes)
    finally:
        gc.unfreeze()


def _schedule(graph: Graph, budget: str, wanted: dict[str, float], seconds: float, megabytes: float) -> Iterator[Row]:
    start = perf_counter()
    made = plan(graph, budget)
    planning = perf_counter() - start
    start = perf_counter()
    result = Checkpointed.follow(made, POINT, ["x"])
    took = perf_counter() - start
    assert result.gradient == wanted, "not the gradient of backprop"
    counts, name = result.counts, f"chain {STEPS:,}, {budget}"
    assert counts is not None
    peak = peak_memory(lambda: Checkpointed.follow(made, POINT, ["x"])) / 1e6
    held = {"backprop": float(STEPS), "predicted": float(made.counts.stored)}
    most = 1 / 500 if budget == "sqrt" else 1e-4
    yield Row(f"{name}: values held", counts.stored, held, "backprop", at_most=most, unit="values")
    work = {"backprop": float(STEPS), "predicted": float(made.counts.forward)}
    most = 2.0 if budget == "sqrt" else 12.0
    yield Row(f"{name}: forward operations", counts.forward, work, "backprop", at_most=most, unit="operations")
    note = "by tracemalloc, beyond the graph and the plan"
    yield Row(f"{name}: memory", peak, {"backprop": megabytes}, "backprop", at_most=0.05, unit="MB", note=note)
    yield Row(f"{name}: time", took, {"backprop": seconds, "planning, once": planning}, "backprop")
