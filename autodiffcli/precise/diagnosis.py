"""Why a number is not proven: where it is undefined, or what cannot be decided, with its place in the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, isnan

from flint import arb, ctx, fmpq

from autodiffcli.chain import Edge, pull
from autodiffcli.errors import AdcalcError, MathError
from autodiffcli.graph import Graph
from autodiffcli.precise.balls import Ball, Number, accurate, finite, run
from autodiffcli.precise.decimals import decimal, magnitude
from autodiffcli.precise.modes import ONE

__all__ = ["undecided", "undefined"]

_LONGEST = 40
"""Characters of the source that a message quotes."""


def undefined(graph: Graph, leaves: Mapping[int, Number], name: str, number: Number) -> MathError | None:
    """Return the error for a number that is undefined however many digits are taken, else None.

    name: the input of a derivative, or "" for the value.
    """
    if finite(number):
        return None
    values = run(graph, leaves)
    node = graph.outputs[0]
    if not finite(values[node].x):
        node = _origin(graph, values, node)
        return _undefined_value(graph, values, node)
    edge = _edge(graph, values, name, lost=True)
    if edge is None or not all(_exact(values[a].x) for a in graph.args[edge.user]):
        return None
    return MathError(
        f"the derivative by {name} is undefined: {_says(graph, values, edge.user)} has none",
        source=graph.source,
        span=graph.span(edge.user),
    )


def undecided(graph: Graph, leaves: Mapping[int, Number], name: str, number: Number, digits: int) -> MathError:
    """Return the error for a number whose digits no precision within the limits has proven."""
    values = run(graph, leaves)
    node, what = graph.outputs[0], f"the derivative by {name}" if name else "the value"
    if accurate(values[node].x):
        if not name or accurate(number):
            return _error(graph, node, f"{what} lies too near the middle of two numbers of {digits} digits to round it")
        edge = _edge(graph, values, name, lost=False)
        if edge is None:
            return _error(
                graph, graph.inputs[name], f"{what} cannot be told from 0: it is at most {_size(number)}", zero=True
            )
        node = edge.user
        if graph.ops[node].name == "where" and not accurate(values[graph.args[node][0]].x):
            node = graph.args[node][0]
        elif all(accurate(values[a].x) for a in graph.args[node]):
            return _error(graph, node, f"{what} cannot be decided: {_says(graph, values, node)} may be at a corner")
    node = _origin(graph, values, node)
    return _undefined_value(graph, values, node) or _explained(graph, values, node, what)


def _explained(graph: Graph, values: Sequence[Ball], node: int, what: str) -> MathError:
    """Return the error for a value that is not decided though its arguments are known well, or for a condition."""
    op, args, x = graph.ops[node], graph.args[node], values[node].x
    if op.condition and len(args) == 2:
        text = graph.text(node)
        told = text if 0 < len(text) <= _LONGEST else f" {op.symbol} ".join(_short(values[a].x) for a in args)
        gap = _size(arb(values[args[0]].x) - arb(values[args[1]].x))
        return _error(
            graph,
            node,
            f"{what} hangs on {told}, which cannot be decided: the sides differ by at most {gap}",
            zero=True,
        )
    if finite(x) and x.contains(0) and x.rad() < 1:
        told = f"{_says(graph, values, node)} cannot be told from 0: it is at most {_size(x)}"
        return _error(graph, node, f"{what} hangs on a number that is not decided: {told}", zero=True)
    why = (
        "may be at a jump, or takes more digits" if finite(x) else "is too large, or at the edge of where it is defined"
    )
    return _error(graph, node, f"{what} is not decided: {_says(graph, values, node)} {why}")


def _error(graph: Graph, node: int, message: str, zero: bool = False) -> MathError:
    precision = f"{int(ctx.prec / 3.33):,} digits were computed with"
    hint = f"{precision}; what is exactly 0, no number of digits can prove" if zero else precision
    return MathError(message, source=graph.source, span=graph.span(node), hint=hint)


def _undefined_value(graph: Graph, values: Sequence[Ball], node: int) -> MathError | None:
    op, args, span = graph.ops[node], graph.args[node], graph.span(node)
    if not args:
        if finite(values[node].x) or not values[node].x.is_nan():
            return None
        name = graph.names.get(node)
        what = f"{name} is nan" if name else "this is nan"
        return MathError(f"the result is undefined: {what}", source=graph.source, span=span)
    xs = [values[a].x for a in args]
    if not all(accurate(x) or _exact(x) for x in xs):
        return None
    floats = [float(x) for x in xs]
    if not all(isfinite(f) or (_exact(x) and not finite(x)) for f, x in zip(floats, xs, strict=True)):
        return None
    try:
        if not isnan(op.evaluate(*floats)):
            return None
    except AdcalcError:  # SciPy is not installed
        return None
    domain = f"the domain of {op.symbol} is {op.domain}" if op.domain else ""
    return MathError(
        f"{op.symbol} is undefined at {_at(graph, values, node)}", source=graph.source, span=span, hint=domain
    )


def _origin(graph: Graph, values: Sequence[Ball], node: int) -> int:
    """Return the node, on the way back from a bad value along the sides taken, whose own arguments are good."""
    while True:
        args, op = graph.args[node], graph.ops[node]
        if op.condition and op.name not in ("and", "or", "not") and all(finite(values[a].x) for a in args):
            return node
        if op.name == "where" and _exact(values[args[0]].x):
            args = args[1:2] if values[args[0]].x == 1 else args[2:3]
        behind = [a for a in args if not accurate(values[a].x) and not _infinite(values[a].x)]
        if not finite(values[node].x):  # what is not finite comes from what is not, if anything is
            behind = [a for a in behind if not finite(values[a].x)] or behind
        if not behind:
            return node
        node = behind[0]


def _edge(graph: Graph, values: Sequence[Ball], name: str, lost: bool) -> Edge | None:
    """Return the first partial adjoint of a sweep back that is not known well, or (lost) not finite."""
    edges: list[Edge] = []
    pull(graph, list(values), graph.outputs[0], graph.depends([graph.inputs[name]]), ONE, edges)
    for edge in edges:
        x = edge.term.x if isinstance(edge.term, Ball) else fmpq(0)
        if not _infinite(x) and not (finite(x) if lost else accurate(x)):
            return edge
    return None


def _says(graph: Graph, values: Sequence[Ball], node: int) -> str:
    if not graph.args[node]:
        return graph.names.get(node) or "a constant"
    return f"{graph.ops[node].symbol} at {_at(graph, values, node)}"


def _at(graph: Graph, values: Sequence[Ball], node: int) -> str:
    return ", ".join(_short(values[a].x) for a in graph.args[node])


def _short(x: Number) -> str:
    return decimal(x, 6) or (f"±{magnitude(x)}" if finite(x) else "nan")


def _size(x: Number) -> str:
    return magnitude(x) if x.__class__ is arb and finite(x) else "unknown"


def _exact(x: Number) -> bool:
    return x.__class__ is fmpq or bool(x.is_exact())


def _infinite(x: Number) -> bool:
    return x.__class__ is arb and x.is_exact() and not x.is_nan() and not x.is_finite()
