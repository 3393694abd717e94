"""Partial derivatives as formulas: the primitive's own rule, run once on the nodes of a small graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import copysign, isclose
from typing import NamedTuple

from autodiffcli.errors import AdcalcError
from autodiffcli.graph import Graph, Node
from autodiffcli.interpreter import run
from autodiffcli.passes.simplify import has_hidden, simplify
from autodiffcli.primitive import ARITHMETIC_ERRORS, Gate, Operand, Primitive, carefully

__all__ = ["MANY", "Known", "Rule", "known", "open_gate", "operands_of", "rule"]

Known = tuple[tuple[float, str] | None, ...]
"""For each argument its value and name if it is a constant: x^2 has the partial 2*x, not n*x^(n-1)."""

MANY = 8
"""Arguments beyond which no formula is made: max(x1, ..., x1000) has a thousand partials of a thousand terms each."""


class Rule(NamedTuple):
    """∂y/∂xₖ as a node of a graph whose inputs stand for y (role 0) and the arguments (roles 1, 2, ...)."""

    graph: Graph
    node: int
    roles: dict[int, int]
    plain: bool  # no conditions in it: where(x > 0, 1, 0.01) says less to a reader of numbers than 0.01
    textbook: bool  # as a textbook writes what is computed otherwise for the sake of its last digits

    slope: Callable[..., Operand]

    def tells(self, operands: Sequence[float]) -> bool:
        """Tell whether the formula shows these numbers' way to the partial derivative: it may overflow or cancel."""
        if not self.plain or not self.textbook:
            return self.plain
        values = run(self.graph, [operands[self.roles[i]] for i in self.graph.inputs.values()])
        return isclose(values[self.node], carefully(self.slope, *operands), rel_tol=1e-12)


def known(graph: Graph, args: Sequence[int]) -> Known:
    """Return which of the arguments are constants."""
    found: list[tuple[float, str] | None] = []
    for a in args:
        value = graph.constants.get(a)
        # -0.0 equals 0.0 as a key of a cache, and is not the same number
        plain = value is not None and (value != 0 or copysign(1.0, value) > 0)
        found.append((value, graph.constant_names.get(a, "")) if value is not None and plain else None)
    return tuple(found)


@lru_cache(maxsize=4096)
def rule(op: Primitive, count: int, k: int, constants: Known) -> Rule | float | None:
    """Return ∂y/∂xₖ, a float where it is constant, None where it has no formula worth writing.

    >>> from autodiffcli.language.write import write
    >>> from autodiffcli.primitives import mul, pow
    >>> rule(mul, 2, 0, ((5.0, ""), (3.0, "")))
    3.0
    >>> square = rule(pow, 2, 0, (None, (2.0, "")))
    >>> write(square.graph, square.node)
    '2*x1'
    """
    slope = op.rules(count)[k]
    if slope.__class__ is Gate:
        slope = slope.slope
    if slope is None or isinstance(slope, int | float):
        return slope
    if count > MANY or isinstance(slope, Gate):
        return None
    graph = Graph()
    xs = operands_of(graph, constants)
    names = ["y", *[f"x{i}" for i in range(1, count + 1)]]
    try:
        node = slope(*xs)
    except AdcalcError:
        return None
    if not isinstance(node, Node):
        return float(node)
    if node.constant is not None and node.id not in graph.constant_names:
        return node.constant
    if textbook := has_hidden(graph, [node.id]):
        graph.outputs = [node.id]
        graph = simplify(graph, readable=True)
        node = Node(graph, graph.outputs[0])
    plain = not any(op.condition for op in graph.ops)
    roles = {graph.inputs[name]: role for role, name in enumerate(names) if name in graph.inputs}
    return Rule(graph, node.id, roles, plain, textbook, slope)


def operands_of(graph: Graph, constants: Known) -> list[Node]:
    """Append what a rule is run on, and return it: y, then x1, x2, ... or the constants that stand for them."""
    xs = [Node(graph, graph.input("y"))]
    for i, constant in enumerate(constants, 1):
        xs.append(Node(graph, graph.input(f"x{i}") if constant is None else graph.constant(*constant)))
    return xs


def open_gate(op: Primitive, k: int, operands: Sequence[float]) -> bool:
    """Tell whether anything flows through a partial derivative at these numbers, the output's first."""
    slope = op.rules(len(operands) - 1)[k]
    if not isinstance(slope, Gate):
        return slope != 0
    try:
        return bool(slope.condition(*operands))
    except ARITHMETIC_ERRORS:
        return bool(carefully(slope.condition, *operands))
