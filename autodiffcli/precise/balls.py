"""Balls: numbers as flint's `fmpq`, a fraction, or `arb`, a midpoint with a radius within which the number is.

A fraction is exact and stays so through arithmetic. A ball that is too wide makes the precision rise; one that is not
finite is undefined, or undecided at this precision. A condition is 1, 0, or the ball of both where it is undecided, and
a selection by that is the hull of both sides: where they agree nothing needs to be decided.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from math import isfinite, isinf, isnan
from typing import Any

from flint import arb, ctx, fmpq, fmpz

from autodiffcli.errors import AdcalcError, RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import execute
from autodiffcli.language.parser import parse
from autodiffcli.primitive import Exact, Operand, Operators, Primitive

__all__ = ["Ball", "Number", "accurate", "evaluate", "finite", "leaf", "run"]

Number = Any
"""An fmpq or an arb."""

LARGEST_FRACTION = 8192
"""Bits of a numerator or denominator; what grows beyond becomes a ball."""

_NUMBER = re.compile(r"(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?")
_NAN = arb("nan")


class Ball(Operators):
    """A number of proven digits as an operand of the declarations' formulas and partial derivatives."""

    __slots__ = ("x",)

    def __init__(self, x: Number) -> None:
        self.x = x

    @staticmethod
    def apply_primitive(op: Primitive, xs: Sequence[Operand]) -> Ball:
        """Evaluate op at balls and plain numbers."""
        return Ball(evaluate(op, [_number(x) for x in xs]))


def evaluate(op: Primitive, xs: Sequence[Number]) -> Number:
    """Return the value of a primitive at numbers; nothing is raised but for a primitive that has no such evaluation."""
    if op.ball is None:
        if op.formula is None:
            raise RequestError(f"{op.name} has no evaluation with proven digits", hint="leave --digits out")
        return _number(op.formula(*map(Ball, xs)))
    args = xs if op.fractions else [arb(x) for x in xs]
    try:
        y = getattr(args[0], op.ball)(*args[1:]) if isinstance(op.ball, str) else op.ball(*args)
    except (ArithmeticError, ValueError):
        y = _NAN
    if y is None:
        y = arb(0.5, 0.5) if op.condition else _NAN
    kind = y.__class__
    if kind is arb:
        if not y.is_finite():
            return _at_the_edge(op, xs, y)
        return _fraction(y) if y.is_exact() else y
    if kind is not fmpq:
        return fmpq(y)
    return y if y.height_bits() <= LARGEST_FRACTION else arb(y)


def run(graph: Graph, leaves: Mapping[int, Number]) -> list[Ball]:
    """Return the ball of every node, given those of the inputs by id, at the working precision."""
    values: list[Any] = [None] * len(graph)
    for i, x in leaves.items():
        values[i] = Ball(x)
    for i, value in graph.constants.items():
        name = graph.constant_names.get(i)
        values[i] = Ball(leaf(name) if name else _number(value))
    kernels = {op: _kernel(op) for op in set(graph.ops)}
    steps = zip(range(len(graph)), graph.ops, graph.args, repeat(()))
    execute(steps, values, kernels, lambda node: None)
    return values


def leaf(text: str) -> Number:
    """Return the number that a constant's text says: 0.1, pi, 2/sqrt(pi)."""
    return _leaf(text, ctx.prec)


def finite(x: Number) -> bool:
    """Return whether a number is known to be finite."""
    return x.__class__ is fmpq or bool(x.is_finite())


def accurate(x: Number, bits: int = 30) -> bool:
    """Return whether a number is exact or known to some relative accuracy, which one that may be 0 is not."""
    return x.__class__ is fmpq or (x.is_finite() and x.rel_accuracy_bits() >= bits)


@lru_cache(maxsize=256)
def _leaf(text: str, bits: int) -> Number:
    if text == "pi":
        return arb.pi()
    if text == "tau":
        return 2 * arb.pi()
    if text == "e":
        return arb.const_e()
    if text in ("inf", "nan"):
        return arb(text)
    found = _NUMBER.fullmatch(text)
    if found is None:
        graph = parse(text, exact=True)
        return run(graph, {})[graph.outputs[0]].x
    whole, part, exponent = found[1], found[2], int(found[3] or 0)
    if len(whole) + len(part) + abs(exponent) > LARGEST_FRACTION // 4:
        return arb(text)
    return fmpq(fmpz(whole + part)) * fmpq(10) ** (exponent - len(part))


def _number(x: Operand) -> Number:
    kind = x.__class__
    if kind is Ball:
        return x.x
    if kind is Exact:
        return leaf(x.text)
    if kind is float:
        return fmpq(*x.as_integer_ratio()) if isfinite(x) else arb(x)
    return fmpq(x)


def _kernel(op: Primitive) -> Any:
    return lambda *xs: Ball(evaluate(op, [x.x for x in xs]))


def _fraction(y: arb) -> Number:
    """Return an exact ball as a fraction unless that is too long."""
    if abs(int(y.man_exp()[1])) > LARGEST_FRACTION or y.bits() > LARGEST_FRACTION:
        return y
    return y.fmpq()


def _at_the_edge(op: Primitive, xs: Sequence[Number], y: arb) -> arb | fmpq:
    """Return what IEEE 754 says of poles and of infinite arguments: 1/0 is inf, e^-inf is 0. Else y, not finite."""
    floats = [_edge_float(x, op) for x in xs]
    if any(x is None for x in floats):
        return y
    try:
        found = op.evaluate(*floats)  # type: ignore[arg-type]
    except AdcalcError:  # SciPy is not installed
        return y
    if isinf(found):
        return arb(found)
    return y if isnan(found) or found % 1 else fmpq(int(found))


def _edge_float(x: Number, op: Primitive) -> float | None:
    """Return a number as a float for an edge: exact and small, so that no float overflows, or infinite."""
    if x.__class__ is arb:
        if x.is_exact() and not x.is_nan() and not x.is_finite():
            return float(x)
        # of a number beside an infinite one only the sign counts
        return float(x.mid()) if op.operator is not None and op.operator[0] in "+-*/" and accurate(x) else None
    value = float(x)
    # a float that is not x itself must not be taken for an integer, where poles and ends of domains are
    return value if abs(x) <= 10**6 and (value % 1 or fmpq(*value.as_integer_ratio()) == x) else None
