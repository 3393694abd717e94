"""Partial derivatives build graphs that are differentiated again: second derivatives against mpmath."""

from __future__ import annotations

from itertools import product
from typing import Any

import mpmath as mp
import pytest

from autodiffcli import evaluate
from autodiffcli.chain import push
from autodiffcli.graph import Graph, Node
from autodiffcli.interpreter import run
from autodiffcli.primitive import PRIMITIVES
from tests.primitives.references import REFERENCES

# the rule of digamma_rise in its first argument is a difference that cancels where the other one is tiny
CANCELS = (("beta", (1e-5, 1e5)), ("lbeta", (1e-5, 1e5)))
SAMPLES = [(name, xs if isinstance(xs, tuple) else (xs,)) for name in REFERENCES for xs in PRIMITIVES[name].samples]
CASES = [case for case in SAMPLES if case not in CANCELS]


def differentiated(graph: Graph, node: int, k: int) -> int:
    """Return the node of the derivative of a node by the k-th input."""
    found = push(graph, [Node(graph, i) for i in range(node + 1)], {k: 1.0})[node]
    return found.id if isinstance(found, Node) else graph.constant(found or 0.0)


def true_second(name: str, xs: tuple[float, ...], i: int, j: int) -> Any:
    partial = REFERENCES[name].partial(i) or (lambda *xs: mp.nan)
    with mp.workdps(400):
        points = [mp.mpf(x) for x in xs]
        step = mp.mpf("1e-40") * (min(abs(points[j]), 1) or 1)
        ahead = [x + step * (k == j) for k, x in enumerate(points)]
        behind = [x - step * (k == j) for k, x in enumerate(points)]
        slope = (partial(*ahead) - partial(*behind)) / (2 * step)
        return mp.re(slope) if mp.im(slope) == 0 else mp.nan


@pytest.mark.parametrize(("name", "xs"), CASES, ids=[f"{name}{xs}" for name, xs in CASES])
def test_second_derivatives(name: str, xs: tuple[float, ...]) -> None:
    reference = REFERENCES[name]
    known = [k for k in range(len(xs)) if reference.partial(k) is not None]
    for i in known:
        graph = Graph()
        node = graph.apply(PRIMITIVES[name], tuple(graph.input(f"x{k}") for k in range(len(xs))))
        first = differentiated(graph, node, i)
        for j in known:
            true = true_second(name, xs, i, j)
            if mp.isnan(true) or (true != 0 and not 1e-290 < abs(true) < 1e300):
                continue
            second = differentiated(graph, first, j)
            values = run(graph, xs)
            # a zero of the second derivative is known to the rounding of the first
            assert values[second] == pytest.approx(float(true), rel=1e-10, abs=1e-15 * abs(values[first])), (i, j)


@pytest.mark.parametrize("y", [-1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("order", [3, 4])
def test_powers_of_exponents_that_vary(y: float, order: int) -> None:
    """A case that the exponent alone decides, as x^0 being constant, must not hide that it varies."""
    for x, i in product((0.5, 1.0, 2.0), range(order + 1)):
        with mp.workdps(60):
            true = mp.diff(lambda a, b: a**b, (mp.mpf(x), mp.mpf(y)), (i, order - i))
        for names in {"x" * i + "y" * (order - i), "y" * (order - i) + "x" * i}:
            found = evaluate(f"D(x^y, {', '.join(names)})", {"x": x, "y": y})
            assert found == pytest.approx(float(true), rel=1e-12, abs=1e-12), (x, names)
