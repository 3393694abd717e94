"""Results as JSON-ready data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiffcli.backends.protocol import Gradient
from autodiffcli.language.notation import json_ready
from autodiffcli.language.write import PLAIN
from autodiffcli.tracing.run import Trace

__all__ = ["comparison_data", "gradient_data", "value_data"]


def gradient_data(result: Gradient, trace: bool = True) -> dict[str, Any]:
    """Return value, gradient, mode, and the rows of the trace unless they are not wanted."""
    data: dict[str, Any] = {"value": result.value, "grad": result.gradient, "mode": result.mode}
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


def comparison_data(results: Sequence[Gradient], trace: bool = False) -> dict[str, Any]:
    """Return what every mode found and what it cost."""
    from autodiffcli.report.content import largest_difference

    first = results[0]
    modes = [
        gradient_data(result, trace)
        | {"passes": result.passes, "evaluations": result.evaluations, "operations": result.operations}
        for result in results
    ]
    difference, where = largest_difference(results)
    data = {"value": first.value, "grad": first.gradient, "mode": "all", "largest_difference": difference}
    return {**json_ready(data), "largest_difference_at": where, "modes": modes}


def trace_data(result: Gradient) -> list[dict[str, Any]]:
    """Return every row of the trace, formulas as the parser reads them and numbers in full."""
    return [json_ready(row.as_data()) for row in Trace(result, PLAIN, None).rows()]
