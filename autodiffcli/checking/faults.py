"""Finding the operation that is to blame: each is checked alone, its partial derivatives against its own quotients."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autodiffcli.checking.evidence import FAILED, Slice, judge
from autodiffcli.checking.results import Fault
from autodiffcli.checking.rounding import EPS, slope_at
from autodiffcli.graph import Graph
from autodiffcli.language.write import number

__all__ = ["find_fault"]

_SEARCHED = 20_000
"""Operations that are looked at; the first at fault is named."""


def find_fault(graph: Graph, values: Sequence[float]) -> Fault | None:
    """Return the first operation whose partial derivative its own difference quotient contradicts, or None."""
    live = graph.live(graph.outputs[:1])
    varies = graph.depends(graph.inputs.values())
    searched = [j for j, args in enumerate(graph.args) if args and live[j] and varies[j]][:_SEARCHED]
    for j in searched:
        for k, a in enumerate(graph.args[j]):
            if varies[a] and not graph.ops[j].condition:
                found = _fault(graph, values, j, k)
                if found is not None:
                    return found
    return None


def _fault(graph: Graph, values: Sequence[float], j: int, k: int) -> Fault | None:
    op, operands = graph.ops[j], [values[a] for a in graph.args[j]]
    slope, x = slope_at(graph, values, j, k), operands[k]
    if not math.isfinite(slope) or not math.isfinite(x):
        return None

    def f(t: float) -> float:
        return op.evaluate(*operands[:k], x + t, *operands[k + 1 :])

    size = abs(x) or 1.0
    noise = 4 * EPS * abs(values[j]) + EPS * abs(x * slope)
    units = [size, size * 2.0**-10] if size >= 1 / 8 else [1.0, size, size * 2.0**-10]
    part = Slice(f, values[j], noise, units, EPS * abs(x), abs(x) or math.inf)
    finding = judge(part, slope, 16 * EPS * abs(slope), abs(slope))
    if finding.verdict != FAILED:
        return None
    at = ", ".join(number(v, 6) for v in operands)
    which = "" if len(operands) == 1 else f" by its argument number {k + 1}"
    return Fault(
        f"the derivative of {op.symbol}{which} at {at} is declared as {number(slope, 10)}, "
        f"but its own difference quotient is {number(finding.quotient, 10)} ± {number(finding.error, 2)}",
        graph.span(j),
    )
