"""Results as JSON-ready data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiffcli.backends.protocol import Gradient
from autodiffcli.language.notation import json_ready
from autodiffcli.language.write import PLAIN
from autodiffcli.tracing.arrays import traced

__all__ = ["comparison_data", "gradient_data", "value_data"]


def gradient_data(result: Gradient, trace: bool = True) -> dict[str, Any]:
    """Return value, gradient, mode, and the rows of the trace unless they are not wanted."""
    data: dict[str, Any] = {"value": result.value, "grad": result.structured(), "mode": result.mode}
    if result.errors:
        data |= {"scheme": result.scheme, "error": result.errors, "step": result.steps}
        data |= {"side": {name: result.sides.get(name, "both") for name in result.gradient}}
        data |= {"evaluations": result.evaluations}
    data = json_ready(data)
    if trace:
        data["trace"] = trace_data(result)
    return data


def value_data(result: Gradient, trace: bool = True) -> dict[str, Any]:
    """Return the value, and the rows of its evaluation unless they are not wanted."""
    data: dict[str, Any] = {"value": json_ready(result.value)}
    if trace:
        data["trace"] = trace_data(result)
    return data


def comparison_data(
    results: Sequence[Gradient], trace: bool = False, whole: Sequence[Gradient] | None = None
) -> dict[str, Any]:
    """Return what every mode found and what it cost. whole: the same, where `results` are by entry, by array."""
    from autodiffcli.report.content import largest_difference

    whole = whole or results
    first = whole[0]
    modes = [
        gradient_data(result, trace)
        | {"passes": result.passes, "evaluations": result.evaluations, "operations": counted.operations}
        for result, counted in zip(whole, results, strict=True)
    ]
    difference, where = largest_difference(results)
    data = {"value": first.value, "grad": first.structured(), "mode": "all", "largest_difference": difference}
    return {**json_ready(data), "largest_difference_at": where, "modes": modes}


def trace_data(result: Gradient) -> list[dict[str, Any]]:
    """Return every row of the trace, formulas as the parser reads them and numbers in full."""
    return [json_ready(row.as_data()) for row in traced(result, PLAIN, None).rows()]
