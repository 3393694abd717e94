"""Where in the arrays of a graph a number that is not finite was born, and where a derivative is a choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isnan
from typing import Any

import numpy as np

from autodiffcli.chain import Edge
from autodiffcli.graph import INPUT, Graph
from autodiffcli.language.notation import one_line
from autodiffcli.language.write import number

__all__ = ["birth", "born_edge", "entries", "infinite_place", "number_at"]

ENTRIES = 10_000
"""Entries of an array that are looked at one by one."""

Place = tuple[int, ...]


def birth(graph: Graph, values: Sequence[Any], node: int) -> tuple[int, str]:
    """Return the node at which the nan, or else inf, of a value was born, and a sentence that says so."""
    bad: Callable[[Any], Any] = np.isnan if np.any(np.isnan(values[node])) else np.isinf
    place = _first(bad, values[node])
    while True:
        behind = next(_behind(graph, values, node, place, bad), None)
        if behind is None:
            return node, _sentence(graph, values, node, place)
        node, place = behind


def _first(bad: Callable[[Any], Any], value: Any) -> Place | None:
    """Return the place of the first bad entry, None if there is none."""
    found = np.argwhere(bad(value))
    return tuple(int(n) for n in found[0]) if len(found) else None


def _behind(
    graph: Graph, values: Sequence[Any], node: int, place: Place | None, bad: Callable[[Any], Any]
) -> Iterator[tuple[int, Place | None]]:
    """Yield the arguments that are bad where the entry comes from."""
    op, args = graph.ops[node], graph.args[node]
    if op.shape is not None:  # an operation on whole arrays: from anywhere
        yield from ((a, _first(bad, values[a])) for a in args if np.any(bad(values[a])))
        return
    if op.name == "where":
        args = args[1:2] if _entry(values[args[0]], place) else args[2:3]
    yield from ((a, _narrow(values[a], place)) for a in args if bad(_entry(values[a], place)))


def _narrow(value: Any, place: Place | None) -> Place:
    """Return the place in an argument that is broadcast to a place of the result."""
    shape = np.shape(value)
    return tuple(0 if n == 1 else p for n, p in zip(shape, (place or ())[len(place or ()) - len(shape) :], strict=True))


def _entry(value: Any, place: Place | None) -> float:
    return float(np.asarray(value)[_narrow(value, place)])


def _sentence(graph: Graph, values: Sequence[Any], node: int, place: Place | None) -> str:
    op, y = graph.ops[node], float(np.asarray(values[node])[place or ()])
    where = f" (entry {list(place)})" if place else ""
    what = "undefined" if isnan(y) else str(y)
    if op is INPUT:
        return f"{one_line(graph.names[node])} is {y}{where}"
    if not graph.args[node]:
        return f"a constant is {y}{where}"
    if op.shape is not None:
        finite = all(np.isfinite(values[a]).all() for a in graph.args[node])
        if finite and isnan(y) and op.name in ("inv", "solve"):
            return f"{op.symbol} is undefined here{where}: the matrix is singular"
        return f"{op.symbol} overflows here{where}" if finite and not isnan(y) else f"{op.symbol} is {what} here{where}"
    at = ", ".join(number(_entry(values[a], place)) for a in graph.args[node])
    return f"{op.symbol} is {what} at {at}{where}"


def born_edge(
    graph: Graph,
    values: Sequence[Any],
    edges: Sequence[Edge],
    bars: Sequence[Any],
    node: int,
    place: Place,
    bad: Callable[[float], bool],
) -> tuple[Edge | None, Place | None]:
    """Return the edge at which an entry of a node's adjoint became bad, and the entry of its user, None of them all.

    Against the sweep, entry by entry where those of a user are those of its argument. No edge: terms have no sum.
    """
    into: dict[int, list[Edge]] = {}
    for edge in edges:
        into.setdefault(edge.node, []).append(edge)
    while True:
        found = next((e for e in into.get(node, ()) if bad(_entry(e.term, place))), None)
        if found is None:
            return None, None
        user, shape = found.user, np.shape(values[found.user])
        whole = graph.ops[user].shape is not None or found.partial is None
        bar = np.broadcast_to(bars[user], shape)
        every: Callable[[Any], Any] = np.isnan if bad is isnan else np.isinf
        here = place if not whole and shape == np.shape(found.term) else _first(every, bar)
        if here is not None and bad(bar[here]):
            node, place = user, here
        elif whole:
            return found, None
        else:
            with np.errstate(all="ignore"):
                return found, _first(every, bar * found.partial) if here is None else here


def infinite_place(value: Any) -> Place | None:
    """Return the place of the first entry that is infinite."""
    return _first(np.isinf, value)


def number_at(value: Any, place: Place | None) -> float:
    """Return an entry of a value that is broadcast."""
    return _entry(value, place)


def entries(operands: Sequence[Any]) -> Iterator[list[float]]:
    """Yield the numbers that an elementwise operation takes, entry by entry, of the first 10,000."""
    rows = [np.ravel(x)[:ENTRIES].tolist() for x in np.broadcast_arrays(*operands)]
    yield from map(list, zip(*rows, strict=True))
