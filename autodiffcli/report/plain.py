"""Plain text for pipes: one `name=value` a line, which is what --at takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autodiffcli.backends.protocol import Gradient
from autodiffcli.language.notation import one_line
from autodiffcli.language.write import number
from autodiffcli.value_text import text

__all__ = ["comparison", "line", "lines"]


def line(name: str, value: Any, precision: int | None = None) -> str:
    """Return one assignment, every number in full unless a precision is asked for; arrays and structures as --at takes.

    >>> line("x1", 5.0), line("x2", 1.7163378145367738)
    ('x1=5', 'x2=1.7163378145367738')
    """
    return f"{one_line(name)}={number(value, precision) if isinstance(value, float | int) else text(value, precision)}"


def lines(values: Mapping[str, Any] | Iterable[tuple[str, Any]], precision: int | None = None) -> str:
    r"""Return assignments, each on its line.

    >>> lines({"x1": 5.5, "x2": float("-inf")})
    'x1=5.5\nx2=-inf\n'
    """
    pairs = values.items() if isinstance(values, Mapping) else values
    return "".join(f"{line(name, value, precision)}\n" for name, value in pairs)


def comparison(results: Sequence[Gradient], precision: int | None = None) -> str:
    """Return what every mode found and what it cost: reverse_x1=5.5, reverse_operations=10, largest_difference=0."""
    from autodiffcli.report.content import largest_difference

    pairs: list[tuple[str, float]] = []
    for result in results:
        costs = {"passes": result.passes, "evaluations": result.evaluations, "operations": result.operations}
        if result.graph.shapes:
            del costs["operations"]
        pairs += [(f"{result.mode}_{name}", float(x)) for name, x in [*result.gradient.items(), *costs.items()]]
    return lines([*pairs, ("largest_difference", largest_difference(results)[0])], precision)
