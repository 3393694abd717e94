"""A graph cut into parts: arithmetic, which all machines compute alike, and functions, each library in its own way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from autodiffcli.graph import Graph
from autodiffcli.interpreter import array_kernels
from autodiffcli.native.machine import Machine
from autodiffcli.native.sincos import sin_and_cos
from autodiffcli.program import Blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Part", "Parted", "cut"]

KEPT = 1 << 22
"""Numbers that parts hand on at a time, at most: with very many for each row, the rows of a block come in pieces."""

ARITHMETIC = frozenset(
    (
        *("add", "sub", "mul", "div", "neg", "less", "less_equal", "greater", "greater_equal", "equal"),
        *("not_equal", "and", "or", "not", "where", "abs", "sign", "relu", "sqrt"),
        *("floor", "ceil", "round", "trunc"),
    )
)
"""The primitives whose results IEEE 754 defines to the last bit. A square is one of them, since it is a product."""


class Part(NamedTuple):
    """Operations that run together.

    graph: of these alone; its inputs are what the part takes, and its outputs what it gives.
    takes: the same inputs as nodes of the whole graph. gives: the same outputs.
    arithmetic: whether all of it is; else all of it are functions.
    """

    graph: Graph
    takes: list[int]
    gives: list[int]
    arithmetic: bool


def cut(graph: Graph) -> list[Part]:
    """Return the parts of a graph of scalars in the order to run them: by turns arithmetic and functions.

    Outputs that are no operations are in none of them.

    >>> from autodiffcli.language.parser import parse
    >>> [(part.graph.ops[-1].name, part.takes, part.gives, part.arithmetic) for part in cut(parse("sin(x*y)"))]
    [('mul', [0, 1], [2], True), ('sin', [2], [3], False)]
    """
    live = graph.live(graph.outputs)
    places = [0] * len(graph)  # even where it is arithmetic
    for i, args in enumerate(graph.args):
        if args and live[i]:
            latest = max(places[a] for a in args)
            places[i] = latest + ((latest % 2 == 0) != _is_arithmetic(graph, i))
    parts = [Part(Graph(), [], [], place % 2 == 0) for place in range(max(places, default=0) + 1)]
    own: list[dict[int, int]] = [{} for _ in parts]
    wanted = {*graph.outputs}
    for i, args in enumerate(graph.args):
        if not args or not live[i]:
            continue
        part, ids = parts[places[i]], own[places[i]]
        for a in args:
            if a in graph.constants:
                ids[a] = part.graph.constant(graph.constants[a])
            elif a not in ids:
                ids[a] = part.graph.input(f"v{a}")
                part.takes.append(a)
                wanted.add(a)
        ids[i] = part.graph.apply(graph.ops[i], tuple([ids[a] for a in args]))
    for i in sorted(wanted):
        if graph.args[i]:
            parts[places[i]].gives.append(i)
            parts[places[i]].graph.outputs.append(own[places[i]][i])
    return [part for part in parts if part.gives]


def _is_arithmetic(graph: Graph, node: int) -> bool:
    op, args = graph.ops[node], graph.args[node]
    return op.name in ARITHMETIC or (op.name == "pow" and graph.constants.get(args[1]) == 2.0)


class Parted:
    """A graph run part by part over pieces of the columns: arithmetic by machine code, functions by NumPy."""

    def __init__(self, graph: Graph, parts: Sequence[Part]) -> None:
        where, size = _places(graph, parts)
        given = len(graph.inputs)
        arithmetic = [part for part in parts if part.arithmetic]
        machine = Machine([part.graph for part in arithmetic])
        runs = iter([partial(_arithmetic, machine, k) for k in range(len(arithmetic))])
        self._steps = [
            (
                next(runs) if part.arithmetic else _functions(part.graph, graph),
                [where[i] for i in part.takes],
                [where[i] for i in part.gives],
            )
            for part in parts
        ]
        self._copies = [
            (k, where.get(i), graph.constants.get(i)) for k, i in enumerate(graph.outputs, given) if where.get(i) != k
        ]
        self._handed_on = size - given - len(graph.outputs)
        self._rows = max(1, KEPT // max(1, self._handed_on))
        self._spare: list[Floats] = []

    def rows(self, columns: Sequence[Floats], results: Sequence[Floats], first: int, last: int) -> None:
        """Write some rows of the results, from those of the columns: contiguous float64 arrays of one length."""
        try:  # not asked before whether there is one: another thread may take it in between
            work = self._spare.pop()
        except IndexError:
            work = np.empty((0, 0))
        size = max(1, min(self._rows, last - first))
        if work.shape[1] < size:
            work = np.empty((self._handed_on, size))
        for start in range(first, last, size):
            rows = slice(start, min(start + size, last))
            arrays = [array[rows] for array in (*columns, *results)]
            arrays.extend(work[:, : rows.stop - start])
            for run, takes, gives in self._steps:
                run([arrays[k] for k in takes], [arrays[k] for k in gives])
            for result, place, constant in self._copies:
                arrays[result][:] = constant if place is None else arrays[place]
        self._spare.append(work)


def _places(graph: Graph, parts: Sequence[Part]) -> tuple[dict[int, int], int]:
    """Return where each node's values stand, and how many places there are: columns, results, what parts hand on.

    A place is used again once no part takes its values any more.
    """
    where = {i: k for k, i in enumerate(graph.inputs.values())}
    for k, i in enumerate(graph.outputs, len(graph.inputs)):
        if graph.args[i]:
            where.setdefault(i, k)
    first = size = len(graph.inputs) + len(graph.outputs)
    ends = {i: p for p, part in enumerate(parts) for i in part.takes}
    free: list[int] = []
    for p, part in enumerate(parts):
        for i in part.gives:
            if i not in where:
                where[i] = free.pop() if free else size
                size = max(size, where[i] + 1)
        free += [where[i] for i in part.takes if ends[i] == p and where[i] >= first]
    return where, size


def _arithmetic(machine: Machine, k: int, takes: Sequence[Floats], gives: Sequence[Floats]) -> None:
    machine.rows(k, takes, gives, 0, len(gives[0]))


def _functions(part: Graph, graph: Graph) -> Callable[[Sequence[Floats], Sequence[Floats]], None]:
    """Return what runs a part of a graph by NumPy."""
    ops = {*graph.ops}  # of the whole, as without parts
    blocks = Blocks(part, kernels=lambda: array_kernels(ops, sin_and_cos))
    inputs = list(part.inputs.values())
    begun = blocks.begin({})
    return lambda takes, gives: blocks.run(begun, dict(zip(inputs, takes, strict=True)), gives)
