"""Every primitive, value and partial derivatives, at floats and on arrays, against mpmath over its whole domain."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from autodiffcli.chain import push
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run, run_blocks
from autodiffcli.primitive import PRIMITIVES, Primitive
from tests.primitives.references import GRID, REFERENCES, Reference, exact

SCALAR = [name for name in REFERENCES if name in PRIMITIVES]
HUGE = mp.mpf(sys.float_info.max) * (1 + mp.mpf(2) ** -54)


def points_of(name: str) -> list[tuple[float, ...]]:
    reference = REFERENCES[name]
    points = GRID if reference.points is None else reference.points
    found = [x if isinstance(x, tuple) else (x,) for x in (*points, *PRIMITIVES[name].samples)]
    return [xs for xs in dict.fromkeys(found) if reference.inside(*xs)]


def error_in_ulps(got: float, f: Callable[..., Any], xs: tuple[float, ...], true: Any, reference: Reference) -> float:
    """Return the error in units of the last place; for conditioned ones an ulp in x may move the result as well."""
    if abs(true) >= HUGE:
        return 0.0 if got == math.copysign(math.inf, true) else math.inf
    if not math.isfinite(got):
        return 0.0 if abs(true) > HUGE * (1 - 1e-15) else math.inf
    error, unit = abs(mp.mpf(got) - true), mp.mpf(math.ulp(float(true)))
    if error > reference.limit * unit and reference.conditioned:
        for k, x in enumerate(xs):
            near = (*xs[:k], x * (1 + 2.0**-52), *xs[k + 1 :])
            if reference.partials.__class__ is not tuple or reference.partials[k] is not None:
                unit += abs(exact(f, *near) - true)
    return float(error / unit)


def graph_of(op: Primitive, count: int) -> Graph:
    graph = Graph()
    graph.apply(op, tuple(graph.input(f"x{k}") for k in range(count)))
    return graph


def differentiate(graph: Graph, values: list[Any], k: int) -> Any:
    dot = push(graph, values, {k: 1.0})[-1]
    return 0.0 if dot is None else dot


def checks(name: str) -> Iterator[tuple[str, list[tuple[float, ...]], Callable[..., Any], int | None]]:
    """Yield what to check at which points: the value (None) and each partial derivative."""
    reference = REFERENCES[name]
    for count in sorted({len(xs) for xs in points_of(name)}):
        points = [xs for xs in points_of(name) if len(xs) == count]
        yield f"{name}/{count}", points, reference.value, None
        for k in range(count):
            rule = reference.partial(k)
            if rule is not None:
                yield f"{name}/{count}'{k + 1}", points, rule, k


def on_floats(op: Primitive, points: list[tuple[float, ...]], k: int | None) -> list[float]:
    graph = graph_of(op, len(points[0]))
    runs = [run(graph, xs) for xs in points]
    return [values[-1] if k is None else differentiate(graph, values, k) for values in runs]


def on_arrays(op: Primitive, points: list[tuple[float, ...]], k: int | None) -> list[float]:
    graph = graph_of(op, len(points[0]))
    columns = [np.array(column) for column in zip(*points, strict=True)]
    with np.errstate(all="ignore"):
        values = run_blocks(graph, columns)
        got = values[-1] if k is None else differentiate(graph, values, k)
    return [float(y) for y in np.broadcast_to(got, columns[0].shape)]


def test_every_primitive_has_a_reference() -> None:
    assert {name for name, op in PRIMITIVES.items() if op.samples and not name.startswith("_")} <= REFERENCES.keys()


@pytest.mark.parametrize("name", SCALAR)
def test_accuracy(name: str) -> None:
    op, reference = PRIMITIVES[name], REFERENCES[name]
    wrong = []
    for what, points, f, k in checks(name):
        floats, arrays = on_floats(op, points, k), on_arrays(op, points, k)
        for xs, *both in zip(points, floats, arrays, strict=True):
            true = exact(f, *xs)
            if not mp.isfinite(true):
                continue
            for path, got in zip(("floats", "arrays"), both, strict=True):
                error = error_in_ulps(got, f, xs, true, reference)
                if not error <= reference.limit:
                    wrong.append(f"{what} at {xs} on {path}: {got!r}, not {mp.nstr(true, 20)}: {error:.3g} ulp")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", [name for name in SCALAR if PRIMITIVES[name].samples])
def test_samples_lie_inside_the_domain(name: str) -> None:
    reference = REFERENCES[name]
    samples = [xs if isinstance(xs, tuple) else (xs,) for xs in PRIMITIVES[name].samples]
    assert len(samples) >= 2
    assert all(reference.inside(*xs) and math.isfinite(PRIMITIVES[name](*xs)) for xs in samples)
