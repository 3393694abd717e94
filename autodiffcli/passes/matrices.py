"""Formulas of arrays as on paper: numbers in front, identity matrices and ones left out, transposes where they belong.

One sweep reads every array as a number times an array, and puts them together again by the rules of matrix calculus
(Petersen & Pedersen, The Matrix Cookbook, 2012, section 2). Values may differ by rounding, and a formula may be
undefined at the points that a selection was for: that of norm(x) is x/norm(x), and that of det(X) takes an inverse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from autodiffcli.graph import CONSTANT, INPUT, Graph, Node, fold, growing
from autodiffcli.primitive import Primitive, Shape
from autodiffcli.primitives import add, div, mul, neg, not_equal, sub
from autodiffcli.primitives.tensor import sum_over, transpose
from autodiffcli.primitives.tensor_algebra import det, inv
from autodiffcli.primitives.tensor_index import gather
from autodiffcli.primitives.tensor_products import matmul, outer

__all__ = ["on_paper"]

SMALL = 64
"""Entries up to which an array of constants is computed and written out: the one-hot vector of an index."""


class _Scaled(NamedTuple):
    """A value as a number (a node, None for 1) times a core; a scalar is its own core."""

    factor: int | None
    core: int


def on_paper(graph: Graph, fractions: bool = False) -> Graph:
    """Return a graph with its formulas of arrays as a textbook writes them; see above for what that may change.

    fractions: a quotient in front of an array becomes one below it, A'@r/norm(r): the last thing to do.

    >>> from autodiffcli.language.parser import parse
    >>> from autodiffcli.language.write import write
    >>> found = on_paper(parse("(2*X)'@eye(2)*3", shapes={"X": (2, 2)}))
    >>> write(found, found.outputs[0])
    "6*X'"
    """
    marks = graph.live(graph.outputs)
    made = _Matrices(Graph(graph.source), fractions)
    new, parts = made.graph, [_Scaled(None, -1)] * len(graph)
    with growing():
        for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
            span = graph.span(i)
            if op is INPUT:
                parts[i] = _Scaled(None, new.input(graph.names[i], *(span or (-1, -1)), graph.shape(i)))
            elif not marks[i]:
                continue
            elif op is CONSTANT:
                name = graph.constant_names.get(i, "")
                parts[i] = made.constant(graph.constants[i], name, graph.shape(i) if span is None else ())
            else:
                parts[i] = made.apply(op, [parts[a] for a in args])
        new.outputs = [made.node(parts[i]) for i in graph.outputs]
    return new.leveled()


class _Matrices:
    """A graph that grows by operations on scaled arrays."""

    def __init__(self, graph: Graph, fractions: bool) -> None:
        self.graph, self.fractions = graph, fractions

    def constant(self, value: Any, name: str, derived: Shape = ()) -> _Scaled:
        """Return a constant; an array that a derivative made is called what it is: ones(2), eye(3)."""
        if derived and not name and value.size:
            size = ", ".join(map(str, derived))
            if (value == 1.0).all():
                name = f"ones({size})"
            elif _is_identity(value):
                name = f"eye({derived[0]})"
        return _Scaled(None, self.graph.constant(value, name))

    def node(self, part: _Scaled) -> int:
        """Return a scaled array as a node."""
        factor, core = part
        if factor is None:
            return core
        if self.fractions and self.graph.ops[factor] is div:
            over, under = self.graph.args[factor]
            return self.make(div, self.node(_Scaled(self.times(over, None), core)), under)
        if self.graph.constants.get(factor) != -1.0:
            return self.make(mul, factor, core)
        if self.graph.ops[core] is sub:
            return self.make(sub, *self.graph.args[core][::-1])
        return self.make(neg, core)

    def apply(self, op: Primitive, parts: Sequence[_Scaled]) -> _Scaled:
        """Return an operation on scaled arrays."""
        graph = self.graph
        if op.shape is None and not any(graph.shape(p.core) for p in parts):
            return _Scaled(None, self.make(op, *[p.core for p in parts]))
        cores = [p.core for p in parts]
        rule = _RULES.get(op.name)
        found = rule(self, op, *parts) if rule is not None else None
        if found is not None:
            return found
        values = [self.value(c) for c in cores]
        if op.moves and not any(v is None for v in values) and prod(graph.inferred(op, tuple(cores))) <= SMALL:
            value = np.asarray(op.scalar(*values))
            return self.scaled(self.product(*parts), self.constant(value, "", value.shape).core)
        if (op.linear and len(parts) == 1) or op in (matmul, outer) or op.name in ("dot", "cross", "einsum"):
            return self.scaled(self.product(*parts), self.make(op, *cores))
        return _Scaled(None, self.make(op, *map(self.node, parts)))

    def make(self, op: Primitive, *args: int) -> int:
        """Return the node of an operation, folded where nothing changes by it."""
        folded = fold(self.graph, op, args)
        return self.graph.apply(op, args) if folded is None else folded

    def scaled(self, factor: int | None, core: int) -> _Scaled:
        """Return a number times a core; of a scalar that is a scalar."""
        if factor is None or self.graph.shape(core):
            return _Scaled(factor, core)
        return _Scaled(None, self.make(mul, factor, core))

    def times(self, a: int | None, b: int | None) -> int | None:
        """Return the product of two factors, None for 1."""
        found = b if a is None else a if b is None else self.make(mul, a, b)
        return None if found is not None and self.graph.constants.get(found) == 1.0 else found

    def product(self, *parts: _Scaled) -> int | None:
        """Return the product of the factors of parts."""
        found = None
        for part in parts:
            found = self.times(found, part.factor)
        return found

    def signed(self, part: _Scaled) -> tuple[bool, _Scaled]:
        """Return whether a part has a minus in front, and the part without it."""
        factor, core = part
        value = None if factor is None else self.graph.constants.get(factor)
        if factor is not None and self.graph.ops[factor] is neg:
            return True, _Scaled(self.times(self.graph.args[factor][0], None), core)
        if value is None or not value < 0:
            return False, part
        return True, _Scaled(self.times(self.graph.constant(-value), None), core)

    def transposed(self, core: int) -> int:
        """Return the transpose of a matrix, one step of what is known about it undone."""
        graph, op = self.graph, self.graph.ops[core]
        if len(graph.shape(core)) < 2 or (core in graph.constants and _is_identity(graph.constants[core])):
            return core
        if op is outer:
            return self.make(outer, *graph.args[core][::-1])
        return self.make(transpose(), core)

    def ones(self, shape: Shape) -> int:
        """Return an array of ones."""
        return self.constant(np.ones(shape), "", shape).core

    def value(self, core: int) -> Any:
        """Return the value of an array of constants, else None."""
        return self.graph.constants.get(core) if self.graph.shape(core) else None


def _is_identity(value: Any) -> bool:
    return bool(value.ndim == 2 and value.shape[0] == value.shape[1] and (value == np.eye(len(value))).all())


# The rules, by the operation's name: (graph, operation, scaled arguments) -> what it is on paper, or None as it stands.

_Rule = Callable[..., _Scaled | None]


def _sum(m: _Matrices, op: Primitive, a: _Scaled, b: _Scaled) -> _Scaled | None:
    if not (m.graph.shape(a.core) and m.graph.shape(b.core)):
        return None
    (minus_a, a), (minus_b, b) = m.signed(a), m.signed(b)
    minus_b ^= op is sub
    if a.core == b.core:
        one, other = (Node(m.graph, m.graph.constant(1.0) if p.factor is None else p.factor) for p in (a, b))
        whole = (-one if minus_a else one) + (-other if minus_b else other)
        return _Scaled(m.times(whole.id, None), a.core)
    common = a.factor if a.factor == b.factor else None
    left, right = (p.core if a.factor == b.factor else m.node(p) for p in (a, b))
    if minus_a == minus_b:
        core, common = _added(m, left, right), m.times(m.graph.constant(-1.0), common) if minus_a else common
    else:
        core = m.make(sub, *((right, left) if minus_a else (left, right)))
    return _Scaled(common, core)


def _added(m: _Matrices, a: int, b: int) -> int:
    """Return a sum, what both terms are multiplied by taken out: A@x + A'@x is (A + A')@x."""
    graph = m.graph
    if graph.ops[a] is graph.ops[b] is matmul:
        (p, x), (q, y) = graph.args[a], graph.args[b]
        if x == y and graph.shape(p) == graph.shape(q):
            return m.make(matmul, _added(m, p, q), x)
        if p == q and graph.shape(x) == graph.shape(y):
            return m.make(matmul, p, _added(m, x, y))
    if graph.ops[a] is transpose() and graph.args[a] == (b,):
        a, b = b, a
    return m.make(add, a, b)


def _product(m: _Matrices, op: Primitive, a: _Scaled, b: _Scaled) -> _Scaled | None:
    graph, whole = m.graph, m.product(a, b)
    for one, other in ((a.core, b.core), (b.core, a.core)):
        if not graph.shape(one):
            return _Scaled(m.times(one, whole), other)
    shape = graph.inferred(op, (a.core, b.core))
    for one, other in ((a.core, b.core), (b.core, a.core)):
        value, same = m.value(one), graph.shape(other) == shape
        if same and value is not None and (value == 1.0).all():
            return _Scaled(whole, other)
        if same and graph.ops[one].name == "sum" and prod(graph.shape(one)) == 1:  # of all entries, its axes kept
            return _Scaled(m.times(m.make(sum_over(), graph.args[one][0]), whole), other)
        if same and graph.ops[one] is div and graph.args[one][1] == other:  # (a/b)*b
            over = graph.args[one][0]
            if graph.shape(over) == shape:
                return _Scaled(whole, over)
            if not graph.shape(over):
                return _Scaled(m.times(over, whole), m.ones(shape))
        if value is not None and value.shape == shape == graph.shape(other) and np.count_nonzero(value) == 1:
            place = tuple(int(n[0]) for n in np.nonzero(value))
            if value[place] == 1.0:
                return _Scaled(m.times(whole, m.make(gather(place), other)), one)
    return _Scaled(whole, m.make(mul, a.core, b.core))


def _quotient(m: _Matrices, op: Primitive, a: _Scaled, b: _Scaled) -> _Scaled | None:
    if not m.graph.shape(a.core):
        return None
    under = b.factor
    if not m.graph.shape(b.core):
        under, core = m.times(b.core, under), a.core
    else:
        core = m.make(div, a.core, b.core)
    if under is None:
        return _Scaled(a.factor, core)
    over = m.graph.constant(1.0) if a.factor is None else a.factor
    return _Scaled(m.times(m.make(div, over, under), None), core)


def _negative(m: _Matrices, op: Primitive, a: _Scaled) -> _Scaled:
    return _Scaled(m.times(m.graph.constant(-1.0), a.factor), a.core)


def _matmul(m: _Matrices, op: Primitive, a: _Scaled, b: _Scaled) -> _Scaled | None:
    one, other = m.graph.shape(a.core), m.graph.shape(b.core)
    whole = m.product(a, b)
    for core, rest in ((a.core, b.core), (b.core, a.core)):
        value = m.value(core)
        if value is not None and _is_identity(value) and len(m.graph.shape(rest)) <= 2:
            return _Scaled(whole, rest)
    if len(one) == 1 and len(other) == 2:
        return _Scaled(whole, m.make(matmul, m.transposed(b.core), a.core))
    return None


def _transpose(m: _Matrices, op: Primitive, a: _Scaled) -> _Scaled | None:
    graph = m.graph
    if not op.involution:
        return None
    if graph.ops[a.core] is matmul:
        p, q = graph.args[a.core]
        undone = any(graph.ops[c] is op for c in (p, q)) and len(graph.shape(p)) == len(graph.shape(q)) == 2
        if undone:
            return _Scaled(a.factor, m.make(matmul, m.transposed(q), m.transposed(p)))
    return _Scaled(a.factor, m.transposed(a.core))


def _spread(m: _Matrices, op: Primitive, a: _Scaled) -> _Scaled | None:
    """Return a number broadcast, or reshaped, or put into zeros, as that number times ones, or times a unit vector."""
    graph = m.graph
    value = m.value(a.core)
    shape = graph.inferred(op, (a.core,))
    if value is not None and op.name != "scatter" and value.size and (value == 1.0).all():
        return _Scaled(a.factor, m.ones(shape))
    if graph.shape(a.core) or not shape:
        return None
    if op.name != "scatter":
        return _Scaled(m.times(a.core, None), m.ones(shape))
    if prod(shape) > SMALL:
        return _Scaled(m.times(a.core, None), m.make(op, graph.constant(1.0)))
    return _Scaled(m.times(a.core, None), m.constant(np.asarray(op.scalar(1.0)), "", shape).core)


def _cofactor(m: _Matrices, op: Primitive, a: _Scaled) -> _Scaled | None:
    if len(m.graph.shape(a.core)) != 2:
        return None
    matrix = m.node(a)
    return _Scaled(m.make(det, matrix), m.transposed(m.make(inv, matrix)))


def _where(m: _Matrices, op: Primitive, c: _Scaled, a: _Scaled, b: _Scaled) -> _Scaled | None:
    """Return x/norm(x) without the choice that is made where the norm is 0."""
    graph = m.graph
    if graph.ops[c.core] is not not_equal or graph.shape(a.core) != graph.inferred(op, (c.core, a.core, b.core)):
        return None
    tested, zero = graph.args[c.core]
    rooted = graph.ops[tested].name in ("norm", "std")
    return a if rooted and graph.constants.get(b.core) == 0.0 == graph.constants.get(zero) else None


_RULES: dict[str, _Rule] = {
    "add": _sum,
    "sub": _sum,
    "mul": _product,
    "div": _quotient,
    "neg": _negative,
    "matmul": _matmul,
    "transpose": _transpose,
    "broadcast": _spread,
    "reshape": _spread,
    "scatter": _spread,
    "cofactor": _cofactor,
    "where": _where,
}
