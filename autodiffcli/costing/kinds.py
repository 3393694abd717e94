"""Operations by kind, and what the rule of each primitive costs: written out as a formula, and evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from math import inf, prod
from typing import NamedTuple

from autodiffcli.chain import slope_of
from autodiffcli.graph import CONSTANT, INPUT, Graph, Node
from autodiffcli.primitive import Gate, Primitive
from autodiffcli.tracing.rules import Known, known, operands_of

__all__ = ["NONE", "Kinds", "Slope", "evaluated", "kind", "of_graph", "of_node", "slope", "total"]

Number = int | float
"""An exact count, or inf beyond 10^30: shared parts can make a formula exponentially long."""


class Kinds(NamedTuple):
    """How many operations: products (* and /), sums (+, - and signs), and the others (functions, powers, tests).

    >>> sum(Kinds(3, 1, 2))
    6
    """

    products: Number = 0
    sums: Number = 0
    others: Number = 0

    @property
    def all(self) -> Number:
        """All operations."""
        return self.products + self.sums + self.others


NONE = Kinds()
_MOST = 10**30


def total(parts: Iterable[tuple[Kinds, Number]]) -> Kinds:
    """Return the sum of counts, each so many times.

    >>> total([(Kinds(products=1), 5), (Kinds(sums=2), 1)])
    Kinds(products=5, sums=2, others=0)
    """
    products: Number = 0
    sums: Number = 0
    others: Number = 0
    for (p, s, o), times in parts:
        if p:  # not 0·inf, which is nan
            products += p * times
        if s:
            sums += s * times
        if o:
            others += o * times
    if products > _MOST or sums > _MOST or others > _MOST:
        return Kinds(*[count if count <= _MOST else inf for count in (products, sums, others)])
    return Kinds(products, sums, others)


@cache
def kind(op: Primitive) -> Kinds:
    """Return one operation as a count."""
    symbol = op.operator[0] if op.operator is not None else ""
    if symbol in ("*", "/"):
        return Kinds(products=1)
    return Kinds(sums=1) if symbol in ("+", "-") else Kinds(others=1)


def of_graph(graph: Graph) -> Kinds:
    """Return the operations of a graph, each node once, on arrays as many as they have entries."""
    if graph.shapes:
        return total([(of_node(graph, i), 1) for i, args in enumerate(graph.args) if args])
    counts: dict[Primitive, int] = {}
    for op in graph.ops:
        counts[op] = counts.get(op, 0) + 1
    return total([(kind(op), count) for op, count in counts.items() if op is not INPUT and op is not CONSTANT])


def of_node(graph: Graph, i: int) -> Kinds:
    """Return what an operation of a graph does, of arrays in operations on their entries; a matrix product is 2mnk.

    >>> from autodiffcli.language.parser import parse
    >>> graph = parse("A@B", shapes={"A": (2, 3), "B": (3, 4)})
    >>> of_node(graph, graph.outputs[0])
    Kinds(products=24, sums=24, others=0)
    """
    op = graph.ops[i]
    if op.work is not None:
        return Kinds(*op.work(*map(graph.shape, graph.args[i])))
    return total([(kind(op), prod(graph.shape(i)))])


class Slope(NamedTuple):
    """A partial derivative as a formula: a number, or operations and how often it writes y and each argument."""

    number: float | None
    kinds: Kinds = NONE
    roles: tuple[Number, ...] = ()


def slope(graph: Graph, j: int, k: int) -> Slope:
    """Return ∂vⱼ/∂(its argument k) as a formula. Raises RequestError where the derivative is refused.

    >>> from autodiffcli.language.parser import parse
    >>> g = parse("x^3 * tan(y)")
    >>> [slope(g, j, 0) for j in range(len(g)) if g.ops[j].name in ("pow", "tan")][1]
    Slope(number=None, kinds=Kinds(products=1, sums=1, others=0), roles=(2, 0))
    """
    op, args = graph.ops[j], graph.args[j]
    if op.rules(len(args))[k] is None:
        slope_of(graph, j, k, None, ())
    constants = known(graph, args) if not graph.constants.keys().isdisjoint(args) else (None,) * len(args)
    return _slope(op, len(args), k, constants)


@lru_cache(maxsize=4096)
def _slope(op: Primitive, count: int, k: int, constants: Known) -> Slope:
    rule = op.rules(count)[k]
    rule = rule.slope if isinstance(rule, Gate) else rule
    if not callable(rule):
        return Slope(float(rule or 0.0))
    graph = Graph(share=False)
    operands = operands_of(graph, constants)
    node = rule(*operands)
    if not isinstance(node, Node):
        return Slope(float(node))
    if node.constant is not None and node.id not in graph.constant_names:
        return Slope(node.constant)
    return Slope(None, *_written_out(graph, node.id, [operand.id for operand in operands]))


def _written_out(graph: Graph, node: int, roles: Sequence[int]) -> tuple[Kinds, tuple[Number, ...]]:
    """Return the operations of a node as a formula, and how often each of the roles stands in it."""
    times: list[Number] = [0] * len(graph)
    times[node] = 1
    operations = []
    for i in range(node, -1, -1):
        if times[i] and graph.args[i]:
            operations.append((kind(graph.ops[i]), times[i]))
            for a in graph.args[i]:
                times[a] += times[i]
    return total(operations), tuple([times[i] for i in roles])


@lru_cache(maxsize=4096)
def evaluated(op: Primitive, count: int, k: int) -> Kinds | None:
    """Return the operations that a sweep does to multiply by ∂y/∂xₖ; None where it is 0, and nothing is done.

    >>> from autodiffcli.primitives import mul, sin
    >>> evaluated(mul, 2, 0), evaluated(sin, 1, 0)
    (Kinds(products=1, sums=0, others=0), Kinds(products=1, sums=0, others=1))
    """
    rule = op.rules(count)[k]
    graph = Graph(share=False)
    operands = [Node(graph, graph.input(f"x{i}")) for i in range(count + 1)]
    if isinstance(rule, Gate):
        rule.condition(*operands)
        rule = rule.slope
    if callable(rule):
        rule(*operands)
    elif not rule:
        return None
    return total([(of_graph(graph), 1), (Kinds(products=1), 1)])
