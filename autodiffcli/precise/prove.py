"""Value and gradient with every digit proven: the working precision rises until the balls are narrow enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from flint import ctx

from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.language.point import constant_graph
from autodiffcli.precise.balls import finite, run
from autodiffcli.precise.decimals import decimal
from autodiffcli.precise.diagnosis import undecided, undefined
from autodiffcli.precise.modes import way

__all__ = ["MOST_DIGITS", "Proven", "prove"]

MOST_DIGITS = 10_000
"""Digits that may be asked for."""

MOST_BITS = 40_000
"""Working precision, beyond what the digits themselves take: cancellation of some 12,000 digits."""

MOST_SECONDS = 10.0
"""No precision is begun that is likely to end after this time."""

_BITS_PER_DIGIT = 3.3219280948873626
_GUARD = 32


@dataclass(frozen=True, slots=True)
class Proven:
    """Value and gradient as decimal texts, each rounded to the nearest number of so many significant digits.

    value: "" where its digits were not wanted. bits: the working precision that was needed.
    """

    graph: Graph
    mode: str
    digits: int
    value: str
    gradient: dict[str, str]
    bits: int


def prove(
    graph: Graph, point: Mapping[str, str], wrt: Sequence[str], mode: str, digits: int, value: bool = True
) -> Proven:
    """Return value and gradient of a graph parsed exactly, at a point of constant expressions.

    mode: an exact one, or eval for the value alone. value: whether its digits are wanted beside the gradient.

    Raises RequestError, and MathError where a value is undefined or is not decided within MOST_BITS and MOST_SECONDS.
    """
    if not graph.exact:
        raise RequestError("a graph whose constants are rounded proves no digits", hint="parse(text, exact=True)")
    if not 1 <= digits <= MOST_DIGITS:
        raise RequestError(f"digits are proven from 1 to {MOST_DIGITS:,}, not {digits:,}")
    given = {graph.inputs[name]: constant_graph(name, text, exact=True) for name, text in point.items()}
    compute = way(mode, graph, wrt)
    bits = needed = int(digits * _BITS_PER_DIGIT) + _GUARD
    began, tries = monotonic(), 0
    while True:
        step = monotonic()
        with ctx.workprec(bits):
            leaves = {i: run(constant, {})[constant.outputs[0]].x for i, constant in given.items()}
            found = compute(leaves)
            texts = [decimal(x, digits) for x in found]
            if not value and finite(found[0]):
                texts[0] = ""
            if None not in texts:
                first, *partials = [str(text) for text in texts]
                return Proven(graph, mode, digits, first, dict(zip(wrt, partials, strict=True)), bits)
            place = texts.index(None)
            name = wrt[place - 1] if place else ""
            error = undefined(graph, leaves, name, found[place])
            now = monotonic()
            if error is None and (bits >= needed + MOST_BITS or now - began + 3 * (now - step) > MOST_SECONDS):
                error = undecided(graph, leaves, name, found[place], digits)
            if error is not None:
                raise error
        tries += 1
        bits = min(bits + max(64, tries * bits // 4), needed + MOST_BITS)
