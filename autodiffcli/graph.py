"""The computation graph: flat, append-only, interned; and Node, a two-word handle on one of its entries.

Arguments exist before their users, so the order of ids is a topological order and every pass is a loop over ids.
Values, tangents and adjoints live in lists beside the graph, never in it.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import copysign, isnan, prod
from typing import Any

from autodiffcli.errors import RequestError, Span
from autodiffcli.limits import ENTRIES
from autodiffcli.primitive import Exact, Operand, Operators, Primitive, Shape, broadcast_shapes

__all__ = ["CONSTANT", "INPUT", "UNKNOWN", "Graph", "Node", "fold", "growing"]

INPUT = Primitive("input")
CONSTANT = Primitive("constant")
UNKNOWN: Shape = (-1,)
"""The shape of a function's parameter, and of all that is computed from it, until the function is called."""


@contextmanager
def growing() -> Iterator[None]:
    """Pause the collector of cycles while a graph grows.

    A graph's tuples form no cycles and stay alive, and the collector's walks over them take a third of the time that
    parsing or extending a large graph does.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Graph:
    """A directed acyclic graph of primitives.

    ops[i]   the primitive of node i (INPUT and CONSTANT have no arguments)
    args[i]  the ids of its arguments, all below i
    inputs   name -> id, in order of appearance
    outputs  ids of the results
    structures  name -> the form (see `structures`) of an input that is none, but whose leaves are inputs
    result   the form of the outputs where they are the leaves of a structure, else None
    labels   what the outputs are called, where it is not y, or y1, y2, ...
    shapes   id -> shape, of arrays and of what operations on whole arrays make; all other nodes are scalars
    exact    nothing in it is rounded: a constant that no float equals has for its name the text that says it, and
             arithmetic on constants is left to those who evaluate the graph

    >>> from autodiffcli.primitives import sin
    >>> g = Graph()
    >>> x = Node(g, g.input("x"))
    >>> y = x * sin(x)
    >>> g.args
    [(), (0,), (0, 1)]
    """

    __slots__ = (
        "_constants",
        "_ids",
        "_stale",
        "args",
        "constant_names",
        "constants",
        "ends",
        "exact",
        "inputs",
        "labels",
        "names",
        "ops",
        "outputs",
        "result",
        "shapes",
        "share",
        "source",
        "starts",
        "structures",
    )

    def __init__(self, source: str = "", share: bool = True, exact: bool = False) -> None:
        self.ops: list[Primitive] = []
        self.args: list[tuple[int, ...]] = []
        self.inputs: dict[str, int] = {}
        self.names: dict[int, str] = {}
        self.constants: dict[int, Any] = {}  # floats, and float64 arrays that are not to be written to
        self.shapes: dict[int, Shape] = {}
        self.constant_names: dict[int, str] = {}
        self.outputs: list[int] = []
        self.structures: dict[str, Any] = {}
        self.result: Any = None
        self.labels: list[str] | None = None
        self.source = source
        self.starts, self.ends = array("q"), array("q")  # spans in the source, -1 for nodes that have none
        self.share, self.exact = share, exact
        self._ids: dict[Primitive, dict[tuple[int, ...], int]] = {}
        self._constants: dict[object, int] = {}
        self._stale = False  # whether _ids is yet to be made: most graphs that are reordered never grow again

    def __len__(self) -> int:
        return len(self.ops)

    def apply(self, op: Primitive, args: tuple[int, ...], start: int = -1, end: int = -1) -> int:
        """Return the id of op applied to nodes, made now or found: equal nodes are one node.

        Raises RequestError, with the place in the source, where the shapes of arrays do not fit.
        """
        if self._stale:
            self._index()
        ids = self._ids.get(op)
        if ids is None:
            ids = self._ids[op] = {}
        elif args in ids and self.share:
            return ids[args]
        if self.shapes or op.shape is not None:
            shape = self.inferred(op, args, start, end)
            if shape or op.shape is not None:
                self.shapes[len(self.ops)] = shape
        node = ids[args] = len(self.ops)
        self.ops.append(op)
        self.args.append(args)
        if start >= 0:
            starts = self.starts
            if len(starts) < node:
                self._pad(node)
            starts.append(start)
            self.ends.append(end)
        return node

    def shape(self, node: int) -> Shape:
        """Return the shape of a node, () for a scalar."""
        return self.shapes.get(node, ())

    def inferred(self, op: Primitive, args: tuple[int, ...], start: int = -1, end: int = -1) -> Shape:
        """Return the shape that op applied to nodes has. Raises what `apply` raises."""
        shapes = [self.shapes.get(a, ()) for a in args]
        if UNKNOWN in shapes:
            return UNKNOWN
        try:
            shape = broadcast_shapes(op.symbol, *shapes) if op.shape is None else op.shape(*shapes)
            size = prod(shape)
            if size > ENTRIES and size > sum(map(prod, shapes)):
                raise RequestError(f"{op.symbol} would make an array of {size:,} entries; the limit is {ENTRIES:,}")
        except RequestError as error:
            if start < 0 or error.span is not None:
                raise
            raise RequestError(error.message, source=self.source, span=(start, end), hint=error.hint) from None
        return shape

    def find(self, op: Primitive, args: tuple[int, ...]) -> int | None:
        """Return the id of op applied to nodes if the graph has it and shares."""
        if self._stale:
            self._index()
        return self._ids.get(op, {}).get(args) if self.share else None

    def input(self, name: str, start: int = -1, end: int = -1, shape: Shape = ()) -> int:
        """Return the id of the input of that name; its shape is that of its first appearance."""
        found = self.inputs.get(name)
        if found is None:
            found = self.inputs[name] = self._leaf(INPUT, start, end)
            self.names[found] = name
            if shape:
                self.shapes[found] = shape
        return found

    def constant(self, value: Any, name: str = "", start: int = -1, end: int = -1) -> int:
        """Return the id of a constant, a float or an array; one with a name (pi) is written by its name."""
        if value.__class__ is not float and hasattr(value, "shape"):
            if value.shape:
                return self._array_constant(value, name, start, end)
            value = float(value)
        # repr, since 0.0 == -0.0 and nan != nan would both mislead a table keyed by the value
        key = name or (value if value and not isnan(value) else repr(value))
        found = self._constants.get(key)
        if found is None:
            found = self._constants[key] = self._leaf(CONSTANT, start, end)
            self.constants[found] = value
            if name:
                self.constant_names[found] = name
        return found

    def _array_constant(self, value: Any, name: str, start: int, end: int) -> int:
        from hashlib import blake2b

        import numpy as np

        own = np.array(value, dtype=float, order="C")  # the bytes of one order are the key
        key = name or (own.shape, blake2b(own.data if own.size else b"", digest_size=16).digest())
        found = self._constants.get(key)
        if found is None:
            own.flags.writeable = False
            found = self._constants[key] = self._leaf(CONSTANT, start, end)
            self.constants[found], self.shapes[found] = own, own.shape
            if name:
                self.constant_names[found] = name
        return found

    def number(self, value: Any) -> int:
        """Return the id of a number, or an array of numbers, that stands among operands."""
        if self.exact and isinstance(value, Exact):
            return self.constant(float(value), value.text)
        return self.constant(value if getattr(value, "shape", ()) else float(value))

    def parameter(self, shape: Shape = ()) -> int:
        """Return the id of a fresh leaf that stands for a parameter of a function; `leveled` takes it away."""
        if shape:
            self.shapes[len(self.ops)] = shape
        return self._leaf(INPUT, -1, -1)

    def leveled(self) -> Graph:
        """Return the graph of what the outputs depend on, and of every input, ordered level by level.

        A node's level is one above its highest argument's, leaves are level 0; within a level the order stays. This is
        the order in which the lecture numbers its example: ln v1, v1*v2 and sin v2 before the sum and the difference.
        """
        self._ids, self._stale = {}, True  # the larger half of a graph's memory; made again if this one grows on
        live = self.live([*self.outputs, *self.inputs.values()])
        levels: list[int] = []
        for args in self.args:
            if len(args) == 2:
                a, b = levels[args[0]], levels[args[1]]
                levels.append(a + 1 if a > b else b + 1)
            else:
                levels.append(max([levels[i] for i in args]) + 1 if args else 0)
        order = sorted(range(len(levels)), key=levels.__getitem__)
        if 0 in live:
            order = [i for i in order if live[i]]
        new = Graph(self.source, self.share, self.exact)
        ids = dict(zip(order, range(len(order)), strict=True))
        new.ops = [self.ops[i] for i in order]
        new.args = [
            (ids[args[0]], ids[args[1]]) if len(args) == 2 else tuple([ids[a] for a in args])
            for args in map(self.args.__getitem__, order)
        ]
        missing = len(self) - len(self.starts)
        starts, ends = self.starts + array("q", [-1]) * missing, self.ends + array("q", [-1]) * missing
        new.starts = array("q", [starts[i] for i in order])
        new.ends = array("q", [ends[i] for i in order])
        new.inputs = {name: ids[i] for name, i in self.inputs.items()}
        new.names = {ids[i]: name for i, name in self.names.items()}
        new.constants = {ids[i]: value for i, value in self.constants.items() if i in ids}
        new.constant_names = {ids[i]: name for i, name in self.constant_names.items() if i in ids}
        new.outputs = [ids[i] for i in self.outputs]
        new.shapes = {ids[i]: shape for i, shape in self.shapes.items() if i in ids}
        new.structures, new.result, new.labels = self.structures, self.result, self.labels
        new._constants = {key: ids[i] for key, i in self._constants.items() if i in ids}
        new._stale = True
        return new

    def copy(self) -> Graph:
        """Return a graph that grows on its own from here."""
        new = Graph(self.source, self.share, self.exact)
        new.ops, new.args = self.ops.copy(), self.args.copy()
        new.inputs, new.names, new.outputs = self.inputs.copy(), self.names.copy(), self.outputs.copy()
        new.constants, new.constant_names = self.constants.copy(), self.constant_names.copy()
        new.shapes = self.shapes.copy()
        new.structures, new.result, new.labels = self.structures, self.result, self.labels
        new.starts, new.ends = self.starts[:], self.ends[:]
        new._ids, new._stale = {op: ids.copy() for op, ids in self._ids.items()}, self._stale
        new._constants = self._constants.copy()
        return new

    def span(self, node: int) -> Span | None:
        """Return where in the source a node was written, or None for nodes made by a transformation."""
        written = node < len(self.starts) and self.starts[node] >= 0
        return (self.starts[node], self.ends[node]) if written else None

    def text(self, node: int) -> str:
        """Return the source text of a node."""
        span = self.span(node)
        return "" if span is None else self.source[span[0] : span[1]]

    def node(self, node: int) -> Node:
        """Return the handle of a node."""
        return Node(self, node)

    def operations(self) -> int:
        """Return how many nodes are operations, neither inputs nor constants."""
        return len(self.ops) - len(self.names) - len(self.constants)

    def live(self, roots: Iterable[int]) -> bytearray:
        """Mark every node that the roots depend on: live[i] is 1 or 0."""
        marks = bytearray(len(self.ops))
        top = -1
        for root in roots:
            marks[root] = 1
            top = max(top, root)
        args = self.args
        for i in range(top, -1, -1):
            if marks[i]:
                for a in args[i]:
                    marks[a] = 1
        return marks

    def uses(self, marks: Sequence[int]) -> list[int]:
        """Return how often each node is an argument of the marked ones."""
        uses = [0] * len(self.args)
        for marked, args in zip(marks, self.args, strict=True):
            if marked:
                for a in args:
                    uses[a] += 1
        return uses

    def depends(self, inputs: Iterable[int], count: int | None = None) -> bytearray:
        """Mark every node (of the first `count`) that depends on one of the inputs."""
        args = self.args if count is None else self.args[:count]
        marks = bytearray(len(args))
        for i in inputs:
            marks[i] = 1
        for i, ids in enumerate(args):
            for a in ids:
                if marks[a]:
                    marks[i] = 1
                    break
        return marks

    def _index(self) -> None:
        """Make the table of the nodes there are, in which `apply` looks equal ones up."""
        self._stale = False
        for i, (op, args) in enumerate(zip(self.ops, self.args, strict=True)):
            if args:
                self._ids.setdefault(op, {}).setdefault(args, i)

    def _leaf(self, op: Primitive, start: int, end: int) -> int:
        node = len(self.ops)
        self.ops.append(op)
        self.args.append(())
        if start >= 0:
            self._pad(node)
            self.starts.append(start)
            self.ends.append(end)
        return node

    def _pad(self, node: int) -> None:
        """Make the places reach up to a node: derived nodes take no room until one that was written follows them."""
        missing = array("q", [-1]) * (node - len(self.starts))
        self.starts.extend(missing)
        self.ends.extend(missing)


class Node(Operators):
    """A node as an operand: arithmetic on it appends to its graph, folding what is exact to fold."""

    __slots__ = ("graph", "id")
    __array_ufunc__ = None  # array * node is the node's to answer, not NumPy's entry by entry

    def __mul__(self, other: Operand) -> Node:
        """Return the product; the chain rule is mostly products, so the common case takes no detour."""
        graph = self.graph
        constants = graph.constants
        if other.__class__ is float and other == 1.0:
            return self
        if other.__class__ is Node and not (self.id in constants or other.id in constants or graph.shapes):
            return Node(graph, graph.apply(Operators.table["*"], (self.id, other.id)))
        return Node.apply_primitive(Operators.table["*"], (self, other))

    def __init__(self, graph: Graph, id: int) -> None:
        self.graph = graph
        self.id = id

    def __repr__(self) -> str:
        return f"<node {self.id}: {self.graph.ops[self.id].name}>"

    @property
    def shape(self) -> Shape:
        """The shape of the node's value."""
        return self.graph.shapes.get(self.id, ())

    @property
    def constant(self) -> float | None:
        """The value of a constant node, None for the others."""
        return self.graph.constants.get(self.id)

    @staticmethod
    def apply_primitive(op: Primitive, xs: Sequence[Operand]) -> Node:
        """Append op to the graph of its operands, numbers among them becoming constants."""
        graph = next(x.graph for x in xs if x.__class__ is Node)
        args = tuple([x.id if x.__class__ is Node else graph.number(x) for x in xs])
        folded = fold(graph, op, args)
        return Node(graph, graph.apply(op, args) if folded is None else folded)


def fold(graph: Graph, op: Primitive, args: tuple[int, ...], known: Sequence[float | None] | None = None) -> int | None:
    """Return the node that op(args) is without computing it, where that is exact for every value, else None.

    Constants are evaluated, units dropped (x*1, x/1, x^1, x-0), the side of a selection taken that a constant chooses.
    known: the values of arguments that are constants, if not as the graph has them.
    """
    if known is None:
        if op.shape is not None or (graph.shapes and not graph.shapes.keys().isdisjoint(args)):
            return _fold_arrays(graph, op, args)
        constants = graph.constants
        known = [constants.get(a) for a in args]
        if graph.exact:  # of those with names, floats are rounded
            known = [None if a in graph.constant_names else constants.get(a) for a in args]
    if None not in known and (op.condition or not (graph.exact or graph.constant_names.keys() & args)):  # pi-1 stays
        return graph.constant(op.evaluate(*known))  # type: ignore[arg-type]
    if len(args) == 2:
        left, right = op.units
        if left is not None and _same(known[0], left):
            return args[1]
        if right is not None and _same(known[1], right):
            return args[0]
    elif op.name == "where" and known[0] is not None:
        return args[1] if known[0] else args[2]
    return None


def _fold_arrays(graph: Graph, op: Primitive, args: tuple[int, ...]) -> int | None:
    """Fold as `fold` does where that keeps the shape, and leave out what an operation does by itself, or undoes.

    Arrays are no units, and computing them is not for graphs.
    """
    if op.shape is not None:
        if op.involution and len(graph.shape(args[0])) < 2:  # a vector is its own transpose
            return args[0]
        return graph.args[args[0]][0] if op.involution and graph.ops[args[0]] is op else None
    shapes = graph.shapes
    shape = graph.inferred(op, args)
    known = [None if a in shapes else graph.constants.get(a) for a in args]
    found = fold(graph, op, args, known)
    if found is not None and graph.shape(found) == shape:
        return found
    for k, a in enumerate(args):
        if graph.ops[a].name == "broadcast" and any(shapes.get(b) == shape for b in args[:k] + args[k + 1 :]):
            less = (*args[:k], graph.args[a][0], *args[k + 1 :])
            found = fold(graph, op, less)
            return graph.apply(op, less) if found is None else found
    return None


def _same(value: float | None, unit: float) -> bool:
    return value == unit and copysign(1.0, unit) == copysign(1.0, value)
