"""Running a graph over values: one loop for one point and for blocks of points."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain, repeat
from math import prod
from typing import Any

from autodiffcli.chain import Slots, quiet
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.limits import ENTRIES_ALL, WORK
from autodiffcli.primitive import ARITHMETIC_ERRORS, Primitive

__all__ = [
    "Step",
    "array_kernels",
    "check_size",
    "execute",
    "fitted",
    "kernel",
    "last_uses",
    "rerun",
    "run",
    "run_blocks",
]

Step = tuple[int, Primitive, tuple[int, ...], Iterable[int]]
"""A node, its primitive, its arguments, and the nodes whose values may go after it."""


def run(graph: Graph, point: Sequence[Any], drops: Sequence[Iterable[int]] | None = None) -> list[Any]:
    """Return the value of every node at one point, which gives each input in order of appearance.

    A scalar is a float, an array a float64 array of its node's shape. Raises RequestError where a value has another
    shape than its input, and where the arrays would take more memory than the limit.

    drops: for each node, the nodes whose values may go once it is computed: None in the result. Where only the outputs
           are wanted, those of `last_uses` save memory and time.

    >>> from autodiffcli.graph import Node
    >>> g = Graph()
    >>> x = Node(g, g.input("x"))
    >>> _ = x * x + 1
    >>> run(g, [3.0])
    [3.0, 9.0, 1.0, 10.0]
    """
    if graph.shapes:
        check_size(graph)
        with quiet(graph):
            return _interpret(graph, fitted(graph, point), {op: kernel(op) for op in set(graph.ops)}, drops)
    return _interpret(graph, point, {op: op.scalar for op in set(graph.ops)}, drops)


def rerun(graph: Graph, values: Sequence[Any], moved: Iterable[int]) -> Callable[[Mapping[int, Any]], list[Any]]:
    """Return `run` for a point where only some inputs move, by their ids: what depends on them is evaluated again.

    values: those of every node at a point, where all other inputs stay.

    >>> from autodiffcli.graph import Node
    >>> g = Graph()
    >>> x, y = Node(g, g.input("x")), Node(g, g.input("y"))
    >>> _ = x * x + y
    >>> rerun(g, run(g, [3.0, 1.0]), [y.id])({y.id: 5.0})
    [3.0, 5.0, 9.0, 14.0]
    """
    active = graph.depends(moved)
    steps = [(j, graph.ops[j], args, ()) for j, args in enumerate(graph.args) if active[j] and args]
    kernels = {op: kernel(op) if graph.shapes else op.scalar for _, op, _, _ in steps}

    def at(inputs: Mapping[int, Any]) -> list[Any]:
        found = list(values)
        for i, x in inputs.items():
            found[i] = x
        with quiet(graph):
            execute(steps, found, kernels, lambda node: None)
        return found

    return at


def kernel(op: Primitive) -> Callable[..., Any]:
    """Return what evaluates a primitive where scalars, as floats, and arrays are mixed: op.scalar or op.array."""
    if op.shape is not None:
        return op.scalar  # that of an operation on whole arrays takes both

    def evaluate(*xs: Any) -> Any:
        for x in xs:
            if x.__class__ is not float:
                break
        else:
            return op.scalar(*xs)
        import numpy as np

        return op.array(*[np.float64(x) if x.__class__ is float else x for x in xs])

    return evaluate


def fitted(graph: Graph, point: Sequence[Any]) -> Sequence[Any]:
    """Return the values of inputs as floats and float64 arrays. Raises RequestError where one has another shape."""
    if not graph.shapes:
        return point
    import numpy as np

    found = []
    for (name, i), value in zip(graph.inputs.items(), point, strict=False):
        given, shape = np.asarray(value, dtype=float), graph.shape(i)
        if given.shape != shape:
            raise RequestError(
                f"'{name}' has the shape {shape} in the expression, and its value the shape {given.shape}",
                source=graph.source,
                span=graph.span(i),
            )
        found.append(given if shape else float(given))
    return found if len(point) == len(graph.inputs) else point


def check_size(graph: Graph, evaluations: int = 1) -> None:
    """Refuse a graph whose values would fill the memory, or take long; large inputs may have large results.

    evaluations: how often it is to be run.
    """
    given = sum([prod(graph.shapes[i]) for i in graph.inputs.values() if i in graph.shapes])
    total = sum(map(prod, graph.shapes.values())) - given
    if total > ENTRIES_ALL + 64 * given:
        raise RequestError(
            f"the arrays of this expression would have {total:,} entries together; the limit is {ENTRIES_ALL:,}",
            hint="make them smaller",
        )
    shape = graph.shape
    work = [op.work(*map(shape, graph.args[i]))[0] for i in graph.shapes if (op := graph.ops[i]).work is not None]
    if evaluations * sum(work) > WORK + evaluations * 64 * given**1.5:
        times = f", for {evaluations} evaluations" if evaluations > 1 else ""
        raise RequestError(
            f"the products of arrays in this expression would take {evaluations * sum(work):,} multiplications{times}; "
            f"the limit is {WORK:,}",
            hint="make the arrays smaller",
        )


def run_blocks(graph: Graph, columns: Sequence[Any]) -> list[Any]:
    """Return the value of every node over a block of points: one float64 array for each input."""
    import numpy as np

    if graph.shapes:
        raise RequestError(
            "a block of points takes expressions of scalars, and this one has arrays",
            source=graph.source,
            hint="evaluate one point at a time",
        )
    with np.errstate(all="ignore"):
        return _interpret(graph, columns, array_kernels(set(graph.ops)))


def execute(
    steps: Iterable[Step],
    values: Slots,
    kernels: Mapping[Primitive, Callable[..., Any]],
    forget: Callable[[int], object],
) -> None:
    """Evaluate steps in turn, each from the values before it: the one loop that does.

    A step is a node, its primitive and arguments (a leaf has none, its value is there), and the nodes to forget then.
    """
    for node, op, args, dead in steps:
        count = len(args)
        try:
            if count == 2:
                a, b = args
                values[node] = kernels[op](values[a], values[b])
            elif count == 1:
                values[node] = kernels[op](values[args[0]])
            elif count == 3:
                a, b, c = args
                values[node] = kernels[op](values[a], values[b], values[c])
            elif args:
                values[node] = kernels[op](*[values[a] for a in args])
        except ARITHMETIC_ERRORS:
            values[node] = op.edge(*[values[a] for a in args])
        for a in dead:
            forget(a)


def last_uses(graph: Graph, keep: Iterable[int]) -> list[list[int]]:
    """Return for each node the nodes that nothing after it needs."""
    drops: list[list[int]] = [[] for _ in graph.args]
    seen = bytearray(len(graph))
    for i in keep:
        seen[i] = 1
    for j in range(len(graph) - 1, -1, -1):
        for a in graph.args[j]:
            if not seen[a]:
                seen[a] = 1
                drops[j].append(a)
    return drops


def array_kernels(
    ops: Collection[Primitive], together: Callable[[Any], Sequence[Any]] | None = None
) -> dict[Primitive, Callable[..., Any]]:
    """Return what evaluates primitives over a block of points, in one run.

    together: evaluates sine and cosine of an array, where both are there; as declared, if none is given.
    """
    kernels = {op: op.array for op in ops}
    for op in ops:
        if op.joint is not None and all(other in kernels for other in op.joint.ops):
            kernels |= op.joint.kernels(together)
    return kernels


def _interpret(
    graph: Graph,
    inputs: Sequence[Any],
    kernels: Mapping[Primitive, Callable[..., Any]],
    drops: Sequence[Iterable[int]] | None = None,
) -> list[Any]:
    if len(inputs) != len(graph.inputs):
        raise RequestError(f"{len(graph.inputs)} inputs need as many values, not {len(inputs)}")
    values: list[Any] = [None] * len(graph)
    for i, x in chain(graph.constants.items(), zip(graph.inputs.values(), inputs, strict=True)):
        values[i] = x
    steps = zip(range(len(graph)), graph.ops, graph.args, repeat(()) if drops is None else drops)  # noqa: B905
    execute(steps, values, kernels, lambda node: values.__setitem__(node, None))
    return values
