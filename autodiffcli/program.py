"""A graph that is run again and again: laid out once, its values written into arrays that stay.

New memory costs more than the arithmetic that fills it: the system hands it out page by page, each set to zero first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiffcli.graph import Graph
from autodiffcli.interpreter import Step, array_kernels, check_size, execute, fitted, kernel, last_uses
from autodiffcli.primitive import Primitive, Shape
from autodiffcli.primitives import mul, pow

__all__ = ["Blocks", "Program", "laid_out"]

Kernels = Mapping[Primitive, Callable[..., Any]]


class Layout(NamedTuple):
    """How a graph is run.

    once:   the steps that depend on nothing that varies.
    steps:  the others. An operation that can writes into an array, which is one more argument: beyond the nodes are
            those of the caller, one for each output of a graph of scalars, and after them those that stay.
    shapes: of the arrays that stay.
    """

    once: list[Step]
    steps: list[Step]
    shapes: list[Shape]


class Program:
    """The outputs of a graph of arrays, at one point after the other.

    Raises RequestError where the arrays would fill the memory.

    >>> from autodiffcli.language.parser import parse
    >>> Program(parse("sum(A*A)", shapes={"A": (2,)})).at([[3.0, 4.0]])
    [25.0]
    """

    def __init__(self, graph: Graph) -> None:
        check_size(graph)
        self._graph, self._layout = graph, laid_out(graph, blocks=False)
        self._kernels = {op: kernel(op) for op in {*graph.ops, mul}}
        self._known = _known(graph, {}, self._layout.once, self._kernels)
        self._spare: list[list[Any]] = []  # work arrays: a thread takes some, or makes them

    def at(self, point: Sequence[Any]) -> list[Any]:
        """Return the outputs at a point, which gives each input: floats and float64 arrays. Raises what `run` does."""
        try:  # not asked before whether there are any: another thread may take them in between
            work = self._spare.pop()
        except IndexError:
            work = [np.empty(shape) for shape in self._layout.shapes]
        values = [*self._known, *work]
        inputs = zip(self._graph.inputs.values(), fitted(self._graph, point), strict=True)
        _execute(self._layout.steps, values, inputs, self._kernels)
        self._spare.append(work)
        return [values[i] for i in self._graph.outputs]


class Blocks:
    """The outputs of a graph of scalars, over blocks of points.

    known: the inputs, by node, that are the same at every point: what depends on these alone is computed once.
    kernels: what evaluates the primitives, made anew for each run; as NumPy does, if not given.

    >>> from autodiffcli.language.parser import parse
    >>> graph, out = parse("x*y + 1"), np.empty(2)
    >>> x, y = graph.inputs.values()
    >>> blocks = Blocks(graph, [y])
    >>> blocks.run(blocks.begin({y: np.array([3.0])}), {x: np.array([1.0, 2.0])}, [out])
    >>> out.tolist()
    [4.0, 7.0]
    """

    def __init__(self, graph: Graph, known: Iterable[int] = (), kernels: Callable[[], Kernels] | None = None) -> None:
        self._graph, self._layout = graph, laid_out(graph, known, blocks=True)
        ops = {*graph.ops, mul}  # whatever is known: a sine is evaluated otherwise where a cosine is too
        self._kernels = kernels or (lambda: array_kernels(ops))
        self._spare: list[Any] = []

    def begin(self, known: Mapping[int, Any]) -> list[Any]:
        """Return the values that all blocks have in common. known: by node, arrays of length 1."""
        once = self._layout.once
        values = _known(self._graph, known, once, self._kernels())
        for i in (*known, *[node for node, _, _, _ in once]):
            values[i] = np.ravel(values[i])[0]  # a number, as constants are beside columns
        return values

    def run(self, begun: Sequence[Any], columns: Mapping[int, Any], results: Sequence[Any]) -> None:
        """Write the outputs at some points: columns, by node, of the other inputs; results as long, in no column."""
        rows = len(results[0])
        try:  # not asked before whether there is one: another thread may take it in between
            work = self._spare.pop()
        except IndexError:
            work = np.empty((0, 0))
        if work.shape[1] < rows:
            work = np.empty((len(self._layout.shapes), rows))
        values = [*begun, *results, *work[:, :rows]]
        _execute(self._layout.steps, values, columns.items(), self._kernels())
        self._spare.append(work)
        for result, node in zip(results, self._graph.outputs, strict=True):
            if values[node] is not result:
                result[:] = values[node]


def laid_out(graph: Graph, known: Iterable[int] = (), *, blocks: bool) -> Layout:
    """Return how a graph is run of which some inputs are known: over blocks of points, or at one.

    A step writes into an array that is done with, where there is one: an argument's, if entries are computed one by
    one. Not into one that an operation which makes its own arrays takes, since that may return a view of it. At one
    point neither these nor outputs stay: they may be large, or the caller's. A square is a product, which is as exact
    and takes a sixth of the time.
    """
    first = len(graph)
    results = {node: first + n for n, node in enumerate(graph.outputs)} if blocks else {}
    first += len(graph.outputs) * blocks
    varies = graph.depends({*graph.inputs.values()} - {*known})
    writing = {op: _writes(op) for op in {*graph.ops, mul}}
    viewed = {a for op, args in zip(graph.ops, graph.args, strict=True) if not writing[op] for a in args}
    passing = set() if blocks else {*graph.outputs, *viewed}
    layout = Layout([], [], [])
    slots: dict[int, int] = {}
    free: dict[Shape, list[int]] = {}
    for i, dead in enumerate(last_uses(graph, graph.outputs)):
        op, args, shape = graph.ops[i], graph.args[i], graph.shape(i)
        if not args:
            continue
        if op is pow and graph.constants.get(args[1]) == 2.0:
            op, args = mul, (args[0], args[0])
        if not varies[i]:
            layout.once.append((i, op, args, ()))
            continue
        done = [a for a in dead if a in slots and a not in viewed]
        if writing[op] and i not in passing and (blocks or shape):
            own = [a for a in done if graph.shape(a) == shape] if isinstance(op.array, np.ufunc) else []
            if i in results:
                slots[i] = results[i]
            elif own:
                slots[i] = slots[own[0]]
                done.remove(own[0])
            elif free.get(shape):
                slots[i] = free[shape].pop()
            else:
                slots[i] = first + len(layout.shapes)
                layout.shapes.append(shape)
            args = (*args, slots[i])
        for a in done:
            free.setdefault(graph.shape(a), []).append(slots[a])
        layout.steps.append((i, op, args, dead))
    return layout


def _writes(op: Primitive) -> bool:
    """Tell whether the function that evaluates arrays takes the array to write into as one more argument."""
    function = getattr(op.array, "__wrapped__", op.array)
    if isinstance(function, np.ufunc):
        return "d->d" in "".join(function.types)
    return "out" in getattr(function, "__annotations__", ())


def _known(graph: Graph, known: Mapping[int, Any], once: Sequence[Step], kernels: Kernels) -> list[Any]:
    """Return the values of nodes as far as they are the same at every point, None for the others."""
    values: list[Any] = [None] * len(graph)
    _execute(once, values, [*graph.constants.items(), *known.items()], kernels)
    return values


def _execute(steps: Sequence[Step], values: list[Any], given: Iterable[tuple[int, Any]], kernels: Kernels) -> None:
    for i, x in given:
        values[i] = x
    with np.errstate(all="ignore"):
        execute(steps, values, kernels, lambda node: values.__setitem__(node, None))
