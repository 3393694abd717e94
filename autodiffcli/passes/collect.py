"""Collecting powers and like terms: a graph is read node by node into its normal form."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from autodiffcli.graph import CONSTANT, INPUT, Graph, growing
from autodiffcli.passes.maps import NONE, ONE
from autodiffcli.passes.shorter import Shorter
from autodiffcli.primitive import Primitive
from autodiffcli.primitives import add, div, mul, sub

__all__ = ["COMPACT", "collect"]

COMPACT = 4_000
"""Nodes up to which a formula is short enough to be read: its sums are then written as products too, to see what is
shorter."""

_SUMS, _PRODUCTS = frozenset({add, sub}), frozenset({mul, div})


def collect(graph: Graph) -> Graph:
    """Return the graph with powers and like terms collected, every formula in a textbook's order.

    One sweep; the work at a node is bounded by LONGEST and MANY, except that a sum or product that stands in one place
    only is taken apart whole, once.
    """
    marks = graph.live(graph.outputs)
    normal = Shorter(graph.source, sum(marks) <= COMPACT, _has_decimals(graph))
    ids: list[int] = [NONE] * len(graph)
    inner = _inner(graph, marks)
    with growing():
        for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
            if op is INPUT:
                ids[i] = normal.graph.input(graph.names[i], *(graph.span(i) or (-1, -1)), graph.shape(i))
            elif not marks[i] or inner[i]:
                continue
            elif graph.shape(i):  # the normal form is that of numbers; arrays would lose their shape in it
                if op is CONSTANT:
                    ids[i] = normal.graph.constant(graph.constants[i], graph.constant_names.get(i, ""))
                else:
                    ids[i] = normal.graph.apply(op, tuple([ids[a] for a in args]))
            elif op is CONSTANT:
                ids[i] = normal.constant(graph.constants[i], graph.constant_names.get(i, ""))
            elif op in _SUMS:
                ids[i] = normal.sum((ids[a], c) for a, c in _leaves(graph, i, inner, _SUMS))
            elif op in _PRODUCTS:
                ids[i] = normal.product((ids[a], c) for a, c in _leaves(graph, i, inner, _PRODUCTS))
            else:
                ids[i] = normal.apply(op, tuple([ids[a] for a in args]))
    normal.graph.outputs = [ids[i] for i in graph.outputs]
    return normal.graph.leveled()


def _inner(graph: Graph, marks: bytearray) -> bytearray:
    """Mark the sums that only one sum uses, and the products that only one product uses."""
    users, inner = graph.uses(marks), bytearray(len(graph))
    for i in graph.outputs:
        users[i] += 2
    for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        for kind in (_SUMS, _PRODUCTS):
            if marks[i] and op in kind and not graph.shape(i):
                for a in args:
                    inner[a] |= users[a] == 1 and graph.ops[a] in kind
    return inner


def _leaves(graph: Graph, i: int, inner: bytearray, kind: frozenset[Primitive]) -> Iterable[tuple[int, Fraction]]:
    """Yield what a sum adds with its sign, or what a product multiplies with its power, 1 or -1."""
    stack = [(i, ONE)]
    while stack:
        i, c = stack.pop()
        a, b = graph.args[i]
        for arg, sign_ in ((a, c), (b, -c if graph.ops[i] in (sub, div) else c)):
            if inner[arg] and graph.ops[arg] in kind:
                stack.append((arg, sign_))
            else:
                yield arg, sign_


def _has_decimals(graph: Graph) -> bool:
    """Return whether the formula was written with decimal fractions, 0.1, and not only with 1/2."""
    return any(
        i not in graph.constant_names and i not in graph.shapes and math.isfinite(c) and c % 0.5 and len(repr(c)) < 8
        for i, c in graph.constants.items()
    )
