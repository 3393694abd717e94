"""A graph cut into parts: arithmetic, which all machines compute alike, and functions, each library in its own way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    """

    graph: Graph
    takes: list[int]
    gives: list[int]


def cut(graph: Graph) -> list[Part]:
    """Return the parts of a graph of scalars in the order to run them: by turns arithmetic and functions.

    The first, third, ... are arithmetic; a part may be empty. Outputs that are no operations are in none of them.

    >>> from autodiffcli.language.parser import parse
    >>> [(part.graph.ops[-1].name, part.takes, part.gives) for part in cut(parse("sin(x*y) + x"))]
    [('mul', [0, 1], [2]), ('sin', [2], [3]), ('add', [3, 0], [4])]
    """
    live = graph.live(graph.outputs)
    places = [0] * len(graph)
    for i, args in enumerate(graph.args):
        if args and live[i]:
            latest = max(places[a] for a in args)
            places[i] = latest + ((latest % 2 == 0) != _is_arithmetic(graph, i))
    parts = [Part(Graph(), [], []) for _ in range(max(places, default=0) + 1)]
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
    return parts


def _is_arithmetic(graph: Graph, node: int) -> bool:
    op, args = graph.ops[node], graph.args[node]
    return op.name in ARITHMETIC or (op.name == "pow" and graph.constants.get(args[1]) == 2.0)


class Parted:
    """A graph run part by part over pieces of the columns: arithmetic by machine code, functions by NumPy."""

    def __init__(self, graph: Graph, parts: Sequence[Part]) -> None:
        self._machine = Machine([part.graph for part in parts[::2]])
        self._steps: list[tuple[Callable[[list[Floats], list[Floats]], None], list[int], list[int]]] = []
        # Where a value stands: among the columns, the results, and then what parts hand on.
        where = {i: k for k, i in enumerate(graph.inputs.values())}
        given = len(where)
        for k, i in enumerate(graph.outputs):
            if graph.args[i]:
                where.setdefault(i, given + k)
        first = size = given + len(graph.outputs)
        ends = {i: p for p, part in enumerate(parts) for i in part.takes}
        free: list[int] = []
        for p, part in enumerate(parts):
            for i in part.gives:
                if i not in where:
                    where[i] = free.pop() if free else size
                    size = max(size, where[i] + 1)
            run = self._functions(part.graph, graph) if p % 2 else self._arithmetic(p // 2)
            if part.gives:
                self._steps.append((run, [where[i] for i in part.takes], [where[i] for i in part.gives]))
            free += [where[i] for i in part.takes if ends[i] == p and where[i] >= first]
        self._copies = [
            (given + k, where.get(i), graph.constants.get(i))
            for k, i in enumerate(graph.outputs)
            if where.get(i) != given + k
        ]
        self._handed_on = size - first
        self._rows = max(1, KEPT // max(1, self._handed_on))
        self._spare: list[Floats] = []

    def _arithmetic(self, k: int) -> Callable[[list[Floats], list[Floats]], None]:
        return lambda takes, gives: self._machine.rows(k, takes, gives, 0, len(gives[0]))

    def _functions(self, part: Graph, graph: Graph) -> Callable[[list[Floats], list[Floats]], None]:
        ops = {*graph.ops}  # of the whole, as without parts
        blocks = Blocks(part, kernels=lambda: array_kernels(ops, sin_and_cos))
        inputs = list(part.inputs.values())
        begun = blocks.begin({})
        return lambda takes, gives: blocks.run(begun, dict(zip(inputs, takes, strict=True)), gives)

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
