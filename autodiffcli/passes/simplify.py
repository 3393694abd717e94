"""Simplification by a table of rewrite rules, from the leaves up.

A rule is a row: pattern and replacement are written as arithmetic on pattern variables. Rules that change rounding, or
the sign of a zero, say so in their assumption.
"""

from __future__ import annotations

from typing import NamedTuple

from autodiffcli.graph import CONSTANT, INPUT, Graph, Node, fold
from autodiffcli.primitive import Primitive
from autodiffcli.primitives import add, div, logical_and, logical_not, logical_or, mul, neg, sub, where

__all__ = ["RULES", "Rule", "simplify"]


class Rule(NamedTuple):
    """One rewrite: `pattern` becomes `replacement`, both nodes of the pattern graph, whose inputs match anything."""

    name: str
    pattern: Node
    replacement: Node
    assumption: str = ""


_PATTERNS = Graph()


def _raw(op: Primitive, *args: Node | float) -> Node:
    """Build a pattern node as it is written, without the folding that operators do."""
    ids = tuple(a.id if isinstance(a, Node) else _PATTERNS.constant(a) for a in args)
    return Node(_PATTERNS, _PATTERNS.apply(op, ids))


_a, _b, _c = (Node(_PATTERNS, _PATTERNS.input(name)) for name in "abc")
_one = Node(_PATTERNS, _PATTERNS.constant(1.0))
_ROUNDING, _SIGNED_ZERO = "rounding may differ", "the sign of a zero may differ"

RULES = (
    Rule("neg_neg", _raw(neg, _raw(neg, _a)), _a),
    Rule("mul_minus_one", _raw(mul, _a, -1.0), _raw(neg, _a)),
    Rule("minus_one_mul", _raw(mul, -1.0, _a), _raw(neg, _a)),
    Rule("add_neg", _raw(add, _a, _raw(neg, _b)), _raw(sub, _a, _b)),
    Rule("neg_add", _raw(add, _raw(neg, _a), _b), _raw(sub, _b, _a)),
    Rule("sub_neg", _raw(sub, _a, _raw(neg, _b)), _raw(add, _a, _b)),
    Rule("neg_mul", _raw(mul, _raw(neg, _a), _b), _raw(neg, _raw(mul, _a, _b))),
    Rule("mul_neg", _raw(mul, _a, _raw(neg, _b)), _raw(neg, _raw(mul, _a, _b))),
    Rule("neg_div", _raw(div, _raw(neg, _a), _b), _raw(neg, _raw(div, _a, _b))),
    Rule("either_way", _raw(logical_or, _c, _raw(logical_not, _c)), _one),
    Rule("or_same", _raw(logical_or, _c, _c), _c),
    Rule("and_same", _raw(logical_and, _c, _c), _c),
    Rule(
        "where_sides",
        _raw(add, _raw(where, _c, _a, 0.0), _raw(where, _raw(logical_not, _c), _b, 0.0)),
        _raw(where, _c, _a, _b),
        _SIGNED_ZERO,
    ),
    Rule("where_same", _raw(where, _c, _a, _a), _a),
    Rule("add_zero", _raw(add, _a, 0.0), _a, _SIGNED_ZERO),
    Rule("zero_add", _raw(add, 0.0, _a), _a, _SIGNED_ZERO),
    Rule("zero_sub", _raw(sub, 0.0, _a), _raw(neg, _a), _SIGNED_ZERO),
    Rule("mul_reciprocal", _raw(mul, _a, _raw(div, 1.0, _b)), _raw(div, _a, _b), _ROUNDING),
    Rule("reciprocal_mul", _raw(mul, _raw(div, 1.0, _a), _b), _raw(div, _b, _a), _ROUNDING),
)

_BY_OPERATION: dict[Primitive, list[Rule]] = {}
for _rule in RULES:
    _BY_OPERATION.setdefault(_PATTERNS.ops[_rule.pattern.id], []).append(_rule)


def simplify(graph: Graph, *, exact: bool = False) -> Graph:
    """Return the graph with constants folded and the rules applied, holding only what its outputs depend on.

    exact: apply only the rules that change no bit of any value.

    Every input stays. Each rule takes an operation away or moves a sign towards the root, so rewriting ends.

    >>> from autodiffcli.language.parser import parse
    >>> [op.name for op in simplify(parse("0 - -x + 2*3")).ops]
    ['input', 'constant', 'add']
    """
    marks = graph.live(graph.outputs)
    new = Graph(graph.source, share=True)
    ids: dict[int, int] = {}
    for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        place = graph.span(i) or (-1, -1)
        if op is INPUT:
            ids[i] = new.input(graph.names[i], *place)
        elif not marks[i]:
            continue
        elif op is CONSTANT:
            ids[i] = new.constant(graph.constants[i], graph.constant_names.get(i, ""))
        else:
            ids[i] = _rewritten(new, op, tuple([ids[a] for a in args]), *place, exact=exact)
    new.outputs = [ids[i] for i in graph.outputs]
    return new.leveled()


def _rewritten(
    graph: Graph, op: Primitive, args: tuple[int, ...], start: int = -1, end: int = -1, *, exact: bool
) -> int:
    """Return the node that op(args) becomes."""
    folded = fold(graph, op, args)
    if folded is not None:
        return folded
    for rule in _BY_OPERATION.get(op, ()):
        found: dict[int, int] = {}
        if not (exact and rule.assumption) and _matches(graph, rule.pattern.id, op, args, found):
            return _build(graph, rule.replacement.id, found, exact)
    return graph.apply(op, args, start, end)


def _matches(graph: Graph, pattern: int, op: Primitive, args: tuple[int, ...], found: dict[int, int]) -> bool:
    """Match op(args) against a pattern node, binding the pattern's variables; as deep as the pattern, no deeper."""
    for part, node in zip(_PATTERNS.args[pattern], args, strict=True):
        wanted = _PATTERNS.ops[part]
        if wanted is INPUT:
            if found.setdefault(part, node) != node:
                return False
        elif wanted is not graph.ops[node]:
            return False
        elif wanted is CONSTANT:
            if _PATTERNS.constants[part] != graph.constants[node] or node in graph.constant_names:
                return False
        elif not _matches(graph, part, wanted, graph.args[node], found):
            return False
    return True


def _build(graph: Graph, pattern: int, found: dict[int, int], exact: bool) -> int:
    """Return the node that a replacement makes of the variables found."""
    op = _PATTERNS.ops[pattern]
    if op is INPUT:
        return found[pattern]
    if op is CONSTANT:
        return graph.constant(_PATTERNS.constants[pattern])
    return _rewritten(
        graph, op, tuple([_build(graph, part, found, exact) for part in _PATTERNS.args[pattern]]), exact=exact
    )
