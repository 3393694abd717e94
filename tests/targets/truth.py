"""Derivatives by mpmath: the graph's values at many digits by the references' functions, and Taylor by differences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any

import mpmath as mp

from autodiffcli.graph import Graph
from tests.primitives.references import REFERENCES

Index = tuple[int, ...]


def indices(count: int, order: int) -> list[Index]:
    return [m for d in range(order + 1) for m in combinations_with_replacement(range(count), d)]


def value(graph: Graph, point: Sequence[Any]) -> Any:
    leaves = {i: mp.mpf(c) for i, c in graph.constants.items()} | dict(zip(graph.inputs.values(), point, strict=True))
    values: list[Any] = []
    for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        values.append(REFERENCES[op.name].value(*[values[a] for a in args]) if args else leaves[i])
    return values[graph.outputs[0]]


def derivatives(graph: Graph, point: Sequence[float], order: int, digits: int = 60) -> list[Any]:
    """Return value and partial derivatives in graded order, by differences at `digits` digits and more."""
    n = len(point)
    with mp.workdps(digits):
        exact = tuple(map(mp.mpf, point))
        found = []
        for m in indices(n, order):
            counts = tuple(m.count(v) for v in range(n))
            f = lambda *xs: value(graph, xs)
            found.append(mp.diff(f, exact, counts) if m else value(graph, exact))
        return found
