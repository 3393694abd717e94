"""The rewrite rules: rows of name, pattern, replacement and assumption.

Pattern and replacement are written as arithmetic on pattern variables, which match anything. A rule without an
assumption changes no bit of any value.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import NamedTuple

from autodiffcli.graph import CONSTANT, INPUT, Graph, Node, fold
from autodiffcli.primitive import Primitive
from autodiffcli.primitives import (
    add,
    besselj,
    besselj_slope,
    bessely,
    bessely_slope,
    beta,
    beta_slope,
    digamma,
    digamma1p,
    digamma_rise,
    div,
    equal,
    erfc,
    erfcx,
    erfcx_slope,
    exp,
    gelu_slope,
    greater,
    hypot,
    lambertw,
    lambertw_slope,
    ln,
    logical_and,
    logical_not,
    logical_or,
    mul,
    neg,
    not_equal,
    sigmoid,
    sign,
    silu,
    silu_slope,
    softmax_first,
    sqrt,
    sub,
    where,
)
from autodiffcli.primitives import pow as power
from autodiffcli.primitives.hyperbolic import (
    coth,
    csch,
    csch_coth,
    csch_squared,
    sech,
    sech_squared,
    sech_tanh,
    tanh,
)
from autodiffcli.primitives.powers import (
    LN_2,
    LOG2_E,
    LOG10_E,
    cbrt,
    direction,
    exp2,
    exp2_slope,
    expsq,
    power_log,
    power_slope,
    turn,
)
from autodiffcli.primitives.special import ERF_SLOPE
from autodiffcli.primitives.trigonometric import cos, dsinc, sin

__all__ = ["COMMUTATIVE", "NUMERIC", "READABLE", "RULES", "Rule", "fold_for_readers", "rewritten"]

ROUNDING = "rounding may differ"
SIGNED_ZERO = "the sign of a zero may differ"
FINITE = "the parts are finite and not 0 below a bar"
RANGE = "no intermediate value overflows or underflows"
POINT = "except at the point that the selection is for"

NUMERIC = frozenset({ROUNDING, SIGNED_ZERO})
"""What numbers may suffer: nothing that is defined becomes undefined, nor the other way round."""

READABLE = NUMERIC | {FINITE, RANGE, POINT}
"""What a formula may suffer that people read."""

COMMUTATIVE = frozenset({add, mul, equal, not_equal, logical_and, logical_or})
"""Operations whose arguments may change places without a bit changing."""


class Rule(NamedTuple):
    """One rewrite: `pattern` becomes `replacement`, both nodes of the pattern graph, whose inputs match anything."""

    name: str
    pattern: Node
    replacement: Node
    assumption: str = ""


LARGEST_WHOLE = 1e6
"""Whole numbers up to which constants are folded for readers: 2^10, not 2^100."""

_PATTERNS = Graph()


def _raw(op: Primitive, *args: Node | float) -> Node:
    """Build a pattern node as it is written, without the folding that operators do."""
    ids = tuple(a.id if isinstance(a, Node) else _PATTERNS.constant(a) for a in args)
    return Node(_PATTERNS, _PATTERNS.apply(op, ids))


def _leaf(value: float, name: str = "") -> Node:
    return Node(_PATTERNS, _PATTERNS.constant(value, name))


# c stands where conditions are, which are 1 or 0; in rules without them it is a number as any other
_a, _b, _c = (Node(_PATTERNS, _PATTERNS.input(name)) for name in "abc")
_zero, _one, _pi = _leaf(0.0), _leaf(1.0), _leaf(3.141592653589793, "pi")
_square = _raw(power, _a, 2.0)


def _halved_gap(bessel: Primitive) -> Node:
    """Build the derivative of a Bessel function from its neighbours."""
    below, above = (_raw(bessel, _raw(op, _a, 1.0), _b) for op in (sub, add))
    return _raw(div, _raw(sub, below, above), 2.0)


RULES = (
    Rule("neg_neg", _raw(neg, _raw(neg, _a)), _a),
    Rule("mul_minus_one", _raw(mul, _a, -1.0), _raw(neg, _a)),
    Rule("minus_one_mul", _raw(mul, -1.0, _a), _raw(neg, _a)),
    Rule("div_minus_one", _raw(div, _a, -1.0), _raw(neg, _a)),
    Rule("add_neg", _raw(add, _a, _raw(neg, _b)), _raw(sub, _a, _b)),
    Rule("neg_add", _raw(add, _raw(neg, _a), _b), _raw(sub, _b, _a)),
    Rule("sub_neg", _raw(sub, _a, _raw(neg, _b)), _raw(add, _a, _b)),
    Rule("neg_mul", _raw(mul, _raw(neg, _a), _b), _raw(neg, _raw(mul, _a, _b))),
    Rule("mul_neg", _raw(mul, _a, _raw(neg, _b)), _raw(neg, _raw(mul, _a, _b))),
    Rule("neg_div", _raw(div, _raw(neg, _a), _b), _raw(neg, _raw(div, _a, _b))),
    Rule("div_neg", _raw(div, _a, _raw(neg, _b)), _raw(neg, _raw(div, _a, _b))),
    Rule("either_way", _raw(logical_or, _c, _raw(logical_not, _c)), _one),
    Rule("or_same", _raw(logical_or, _c, _c), _c),
    Rule("and_same", _raw(logical_and, _c, _c), _c),
    Rule("zero_and", _raw(logical_and, 0.0, _c), _zero),
    Rule("and_zero", _raw(logical_and, _c, 0.0), _zero),
    Rule("one_and", _raw(logical_and, 1.0, _c), _c),
    Rule("and_one", _raw(logical_and, _c, 1.0), _c),
    Rule("zero_or", _raw(logical_or, 0.0, _c), _c),
    Rule("or_zero", _raw(logical_or, _c, 0.0), _c),
    Rule("one_or", _raw(logical_or, 1.0, _c), _one),
    Rule("or_one", _raw(logical_or, _c, 1.0), _one),
    Rule("where_same", _raw(where, _c, _a, _a), _a),
    Rule("sign_of_zero", _raw(where, _raw(not_equal, _a, 0.0), _raw(sign, _a), 0.0), _raw(sign, _a), SIGNED_ZERO),
    Rule(
        "where_sides",
        _raw(add, _raw(where, _c, _a, 0.0), _raw(where, _raw(logical_not, _c), _b, 0.0)),
        _raw(where, _c, _a, _b),
        SIGNED_ZERO,
    ),
    Rule("add_zero", _raw(add, _a, 0.0), _a, SIGNED_ZERO),
    Rule("zero_add", _raw(add, 0.0, _a), _a, SIGNED_ZERO),
    Rule("zero_sub", _raw(sub, 0.0, _a), _raw(neg, _a), SIGNED_ZERO),
    Rule("mul_reciprocal", _raw(mul, _a, _raw(div, 1.0, _b)), _raw(div, _a, _b), ROUNDING),
    Rule("reciprocal_mul", _raw(mul, _raw(div, 1.0, _a), _b), _raw(div, _b, _a), ROUNDING),
    # What a derivative's declaration does for the last digits, and for single points, as a textbook has it.
    Rule("legs", _raw(mul, _raw(sub, 1.0, _a), _raw(add, 1.0, _a)), _raw(sub, 1.0, _square), RANGE),
    Rule("both_legs", _raw(div, _raw(div, _c, _raw(sub, 1.0, _a)), _raw(add, 1.0, _a)),
         _raw(div, _c, _raw(sub, 1.0, _square)), RANGE),
    Rule("leg", _raw(mul, _raw(sqrt, _raw(sub, _a, 1.0)), _raw(sqrt, _raw(add, _a, 1.0))),
         _raw(sqrt, _raw(sub, _square, 1.0)), RANGE),
    Rule("unit_hypot", _raw(hypot, 1.0, _a), _raw(sqrt, _raw(add, _square, 1.0)), RANGE),
    Rule("direction", _raw(direction, _a, _b), _raw(div, _a, _raw(hypot, _a, _b)), FINITE),
    Rule("expsq", _raw(expsq, _a, _b), _raw(exp, _raw(mul, _a, _raw(power, _b, 2.0))), RANGE),
    Rule("dsinc", _raw(dsinc, 1.0, _a), _raw(div, _raw(sub, _raw(mul, _a, _raw(cos, _a)), _raw(sin, _a)), _square),
         FINITE),
    Rule("power_slope", _raw(power_slope, _a, _b), _raw(mul, _b, _raw(power, _a, _raw(sub, _b, 1.0))), RANGE),
    Rule("power_log", _raw(power_log, _a, _b), _raw(mul, _raw(power, _a, _b), _raw(ln, _a)), POINT),
    Rule("exp2_slope", _raw(exp2_slope, _a), _raw(mul, _raw(ln, 2.0), _raw(exp2, _a)), RANGE),
    Rule("sech_squared", _raw(sech_squared, _a), _raw(power, _raw(sech, _a), 2.0), RANGE),
    Rule("csch_squared", _raw(csch_squared, _a), _raw(power, _raw(csch, _a), 2.0), RANGE),
    Rule("sech_tanh", _raw(sech_tanh, _a), _raw(mul, _raw(sech, _a), _raw(tanh, _a)), RANGE),
    Rule("csch_coth", _raw(csch_coth, _a), _raw(mul, _raw(csch, _a), _raw(coth, _a)), RANGE),
    Rule("cbrt_slope", _raw(where, _raw(equal, _a, 0.0), _c, _raw(div, _raw(div, _raw(cbrt, _a), _a), 3.0)),
         _raw(div, 1.0, _raw(mul, 3.0, _raw(power, _raw(cbrt, _a), 2.0))), POINT),
    Rule("turn", _raw(turn, _c, _a, _b),
         _raw(div, _raw(mul, _c, _a), _raw(add, _square, _raw(power, _b, 2.0))), RANGE),
    Rule("power_by_base", _raw(where, _raw(equal, _a, 0.0), 0.0, _raw(mul, _a, _b)), _raw(mul, _a, _b), POINT),
    Rule("power_by_exponent",
         _raw(where, _raw(logical_and, _raw(equal, _a, 0.0), _raw(greater, _b, 0.0)), 0.0, _raw(mul, _c, _raw(ln, _a))),
         _raw(mul, _c, _raw(ln, _a)), POINT),
    Rule("lambertw_slope", _raw(lambertw_slope, _a),
         _raw(div, _raw(lambertw, _a), _raw(mul, _a, _raw(add, _raw(lambertw, _a), 1.0))), FINITE),
    Rule("silu_slope", _raw(silu_slope, _a),
         _raw(add, _raw(sigmoid, _a), _raw(mul, _raw(silu, _a), _raw(sigmoid, _raw(neg, _a)))), RANGE),
    Rule("gelu_slope", _raw(gelu_slope, _a),
         _raw(add, _raw(div, _raw(erfc, _raw(div, _raw(neg, _a), _raw(sqrt, 2.0))), 2.0),
              _raw(div, _raw(mul, _a, _raw(exp, _raw(div, _raw(neg, _square), 2.0))),
                   _raw(sqrt, _raw(mul, 2.0, _pi)))), RANGE),
    Rule("erfcx_slope", _raw(erfcx_slope, _a),
         _raw(sub, _raw(mul, _raw(mul, 2.0, _a), _raw(erfcx, _a)), _raw(div, 2.0, _raw(sqrt, _pi))), RANGE),
    Rule("softmax_of_two", _raw(softmax_first, _a, _b), _raw(sigmoid, _raw(sub, _a, _b)), RANGE),
    Rule("softmax_of_three", _raw(softmax_first, _a, _b, _c),
         _raw(div, 1.0, _raw(add, _raw(add, _raw(exp, _raw(sub, _b, _a)), _raw(exp, _raw(sub, _c, _a))), 1.0)), RANGE),
    Rule("digamma1p", _raw(digamma1p, _a), _raw(digamma, _raw(add, _a, 1.0)), RANGE),
    Rule("beta_slope", _raw(beta_slope, _a, _b), _raw(neg, _raw(mul, _raw(beta, _a, _b), _raw(digamma_rise, _a, _b))),
         RANGE),
    Rule("besselj_slope", _raw(besselj_slope, _a, _b), _halved_gap(besselj), RANGE),
    Rule("bessely_slope", _raw(bessely_slope, _a, _b), _halved_gap(bessely), RANGE),
)  # fmt: skip
"""Every rule. Each takes an operation away, or moves a sign towards the root, or puts common operations in the place
of one that only derivatives use (or of two roots): nothing undoes another, so rewriting ends."""

_LN2, _LN10 = _raw(ln, 2.0), _raw(ln, 10.0)
_NAMED_CONSTANTS = {
    LN_2: _LN2,
    LOG2_E: _raw(div, 1.0, _LN2),
    LOG10_E: _raw(div, 1.0, _LN10),
    ERF_SLOPE: _raw(div, 2.0, _raw(sqrt, _pi)),
    180.0 / 3.141592653589793: _raw(div, 180.0, _pi),
    3.141592653589793 / 180.0: _raw(div, _pi, 180.0),
    0.7071067811865476: _raw(div, 1.0, _raw(sqrt, 2.0)),
    0.3989422804014327: _raw(div, 1.0, _raw(sqrt, _raw(mul, 2.0, _pi))),
}
"""Numbers that declarations hold rounded, as a reader knows them."""

_BY_OPERATION: dict[Primitive, list[Rule]] = {}
for _rule in RULES:
    _BY_OPERATION.setdefault(_PATTERNS.ops[_rule.pattern.id], []).append(_rule)

Folding = Callable[[Graph, Primitive, tuple[int, ...]], int | None]


def fold_for_readers(graph: Graph, op: Primitive, args: tuple[int, ...]) -> int | None:
    """Fold as `fold` does, but leave ln(2) and 1/3 as they are: of constants, only a whole number is a better formula.

    Zeros that may have underflowed are left too.
    """
    if op.condition or op is where or op.shape is not None or not all(a in graph.constants for a in args):
        return fold(graph, op, args)
    if not graph.constant_names.keys().isdisjoint(args):
        return None
    if not graph.shapes.keys().isdisjoint(args):
        return fold(graph, op, args)
    y = op.evaluate(*[graph.constants[a] for a in args])
    whole = abs(y) < LARGEST_WHOLE and y % 1 == 0 and (y != 0 or op not in (exp, mul, div, power))
    return graph.constant(y) if whole else None


def constant_for_readers(graph: Graph, value: float) -> int:
    """Return the node of a number, by what it is: 0.6931471805599453 as ln(2)."""
    known = _NAMED_CONSTANTS.get(abs(value))
    if known is None:
        return graph.constant(value)
    node = _build(graph, known.id, {}, READABLE, fold_for_readers)
    return graph.apply(neg, (node,)) if value < 0 else node


def rewritten(
    graph: Graph,
    op: Primitive,
    args: tuple[int, ...],
    assume: Container[str],
    folding: Folding,
    start: int = -1,
    end: int = -1,
) -> int:
    """Return the node that op(args) becomes by folding, by the rules whose assumption is granted, and by sharing."""
    folded = folding(graph, op, args)
    if folded is not None:
        return folded
    for rule in _BY_OPERATION.get(op, ()):
        found: dict[int, int] = {}
        granted = not rule.assumption or rule.assumption in assume
        if granted and _matches(graph, rule.pattern.id, args, found):
            node = _build(graph, rule.replacement.id, found, assume, folding)
            if not graph.shapes or graph.shape(node) == graph.inferred(op, args):  # x - x would lose the shape of x
                return node
    if op in COMMUTATIVE:
        other = graph.find(op, (args[1], args[0]))
        if other is not None:
            return other
    return graph.apply(op, args, start, end)


def _matches(graph: Graph, pattern: int, args: tuple[int, ...], found: dict[int, int]) -> bool:
    """Match arguments against a pattern node's, binding the pattern's variables; as deep as the pattern, no deeper."""
    if len(_PATTERNS.args[pattern]) != len(args):  # a function of any number of arguments
        return False
    for part, node in zip(_PATTERNS.args[pattern], args, strict=True):
        wanted = _PATTERNS.ops[part]
        if wanted is INPUT:
            if found.setdefault(part, node) != node:
                return False
        elif wanted is not graph.ops[node]:
            return False
        elif wanted is CONSTANT:
            if node in graph.shapes or node in graph.constant_names:
                return False
            if _PATTERNS.constants[part] != graph.constants[node]:
                return False
        elif not _matches(graph, part, graph.args[node], found):
            return False
    return True


def _build(graph: Graph, pattern: int, found: dict[int, int], assume: Container[str], folding: Folding) -> int:
    """Return the node that a replacement makes of the variables found."""
    op = _PATTERNS.ops[pattern]
    if op is INPUT:
        return found[pattern]
    if op is CONSTANT:
        return graph.constant(_PATTERNS.constants[pattern], _PATTERNS.constant_names.get(pattern, ""))
    args = tuple([_build(graph, part, found, assume, folding) for part in _PATTERNS.args[pattern]])
    return rewritten(graph, op, args, assume, folding)
