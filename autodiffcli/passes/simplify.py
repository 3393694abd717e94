"""Simplification: constants folded, rewrite rules applied, equal nodes shared, dead ones dropped.

Every pass is one sweep from the leaves up over ids, so that no depth is too deep and its time is linear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from autodiffcli.graph import CONSTANT, INPUT, Graph, fold, growing
from autodiffcli.passes.rules import (
    COMMUTATIVE,
    NUMERIC,
    READABLE,
    constant_for_readers,
    fold_for_readers,
    rewritten,
)
from autodiffcli.primitive import FUNCTIONS, Primitive
from autodiffcli.primitives import where

__all__ = ["Count", "has_hidden", "in_words", "passes", "simplify"]

ROUNDS = 4
"""Times that a formula is gone over at most; each time but the last has taken nodes away, so it would end anyway."""

Step = Callable[[Graph, Primitive, tuple[int, ...], int, int], int]
"""What a pass makes of one operation: (new graph, operation, new arguments, start, end of its source) -> new node."""


class Count(NamedTuple):
    """What one pass did: its name, and the nodes before and after."""

    name: str
    before: int
    after: int


def simplify(graph: Graph, *, exact: bool = False, readable: bool = False) -> Graph:
    """Return the graph with constants folded and the rules applied, holding only what its outputs depend on.

    exact:    apply only the rules that change no bit of any value.
    readable: apply every rule, collect powers and like terms, and put each formula in a textbook's order. Values may
              then differ by rounding, overflow where the original would not, and be undefined at single points.
    Without either, rounding and the sign of a zero may change, but nothing defined becomes undefined or the reverse.

    Every input stays.

    >>> from autodiffcli.language.parser import parse
    >>> from autodiffcli.language.write import write
    >>> [op.name for op in simplify(parse("0 - -x + 2*3")).ops]
    ['input', 'constant', 'add']
    >>> y = simplify(parse("x*x + 3*x*(2*x) - x/x"), readable=True)
    >>> write(y, y.outputs[0])
    '7*x^2 - 1'
    """
    if not readable:
        return _sweep(graph, _step(frozenset() if exact else NUMERIC))
    from autodiffcli.passes.collect import COMPACT, collect

    best = graph
    for _ in range(ROUNDS if len(graph) <= COMPACT else 1):
        swept = _sweep(best, _step(READABLE, fold_for_readers), constant_for_readers)
        shorter = collect(_on_paper(swept))
        if best is not graph and shorter.operations() >= best.operations():
            break
        best = shorter
    return _on_paper(best, fractions=True)


def _on_paper(graph: Graph, fractions: bool = False) -> Graph:
    """Return a graph with its arrays by the rules of matrix calculus; one of numbers as it is."""
    if not graph.shapes:
        return graph
    from autodiffcli.passes.matrices import on_paper

    return on_paper(graph, fractions)


def in_words(graph: Graph) -> Graph:
    """Return the graph with each operation that only derivatives use (see `hidden`) as a textbook writes it."""

    def step(new: Graph, op: Primitive, args: tuple[int, ...], start: int, end: int) -> int:
        if op is where and args[1] == args[2]:
            return args[1]  # a choice between two ways to compute the same
        return rewritten(new, op, args, READABLE, fold, start, end) if hidden(op) else new.apply(op, args, start, end)

    return _sweep(graph, step)


def hidden(op: Primitive) -> bool:
    """Tell whether an operation has no name in the language: it serves the last digits of a derivative."""
    return op.operator is None and op.name not in FUNCTIONS


def has_hidden(graph: Graph, nodes: Iterable[int]) -> bool:
    """Tell whether any of these nodes depends on a hidden operation."""
    live = graph.live(nodes)
    return any(used and args and hidden(op) for used, args, op in zip(live, graph.args, graph.ops, strict=True))


def passes(graph: Graph) -> tuple[Graph, list[Count]]:
    """Return the graph after each exact pass in turn, and the nodes before and after each.

    The result is that of `simplify(graph, exact=True)`; there, all of it is one sweep.

    >>> from autodiffcli.language.parser import parse
    >>> graph, counts = passes(parse("1*x*y + y*x + 0*(2*3)"))
    >>> [(name, before, after) for name, before, after in counts]
    [('drop dead nodes', 13, 13), ('fold constants', 13, 9), ('merge identities', 9, 7), ('share equal nodes', 7, 6)]
    """
    counts = []
    for name, step in _PASSES:
        before = len(graph)
        graph = _sweep(graph, step)
        counts.append(Count(name, before, len(graph)))
    return graph, counts


def _sweep(graph: Graph, step: Step, constant: Callable[[Graph, float], int] = Graph.constant) -> Graph:
    """Return the graph of what a step makes of every operation that an output depends on."""
    marks = graph.live(graph.outputs)
    new = Graph(graph.source, share=True)
    ids: list[int] = [-1] * len(graph)
    with growing():
        for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
            if op is INPUT:
                ids[i] = new.input(graph.names[i], *(graph.span(i) or (-1, -1)), graph.shape(i))
            elif not marks[i]:
                continue
            elif op is CONSTANT:
                name, value = graph.constant_names.get(i, ""), graph.constants[i]
                ids[i] = new.constant(value, name) if name or i in graph.shapes else constant(new, value)
            else:
                ids[i] = step(new, op, tuple([ids[a] for a in args]), *(graph.span(i) or (-1, -1)))
    new.outputs = [ids[i] for i in graph.outputs]
    return new.leveled()


def _step(assume: frozenset[str], folding: Callable[..., int | None] = fold) -> Step:
    return lambda new, op, args, start, end: rewritten(new, op, args, assume, folding, start, end)


def _fold(new: Graph, op: Primitive, args: tuple[int, ...], start: int, end: int) -> int:
    folded = fold(new, op, args) if all(a in new.constants for a in args) else None
    return new.apply(op, args, start, end) if folded is None else folded


def _merge(new: Graph, op: Primitive, args: tuple[int, ...], start: int, end: int) -> int:
    if op in COMMUTATIVE and new.find(op, args[::-1]) is not None:
        return new.apply(op, args, start, end)  # left to the pass that shares
    return rewritten(new, op, args, frozenset(), fold, start, end)


_PASSES: tuple[tuple[str, Step], ...] = (
    ("drop dead nodes", Graph.apply),
    ("fold constants", _fold),
    ("merge identities", _merge),
    ("share equal nodes", _step(frozenset())),
)
