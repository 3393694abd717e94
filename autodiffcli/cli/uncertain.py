"""What eval and grad share where inputs are uncertain: correlations, and the uncertainty beside what they show."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from autodiffcli.api.uncertainties import propagated
from autodiffcli.cli.options import read_once, read_text
from autodiffcli.cli.output import Output, warn
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.language.correlations import add, correlations_from_data, parse_correlations
from autodiffcli.report import uncertainty as page
from autodiffcli.tracing.quantities import output_name
from autodiffcli.uncertainty import Uncertain

__all__ = ["propagate", "show_uncertain"]


def propagate(
    graph: Graph,
    point: Mapping[str, float],
    uncertainties: Mapping[str, float],
    corr: tuple[str, ...],
    sources: tuple[str, ...],
) -> Uncertain:
    """Return the value with its uncertainty. sources: what else may be standard input.

    Raises RequestError for correlations that are given twice, and for those of inputs that are certain.
    """
    if not uncertainties:
        raise RequestError("--corr correlates uncertain inputs, and none is", hint="give one in --at: x=2.0±0.1")
    read_once(*corr, *sources)
    correlations: dict[tuple[str, str], float] = {}
    for source in corr:
        for pair, rho in _read(source).items():
            add(correlations, pair, rho)
    return propagated(graph, point, uncertainties, correlations)


def _read(source: str) -> dict[tuple[str, str], float]:
    text = read_text(source, "the correlations")
    if not (source.startswith("@") and source.endswith(".json")):
        return parse_correlations(text)
    import json

    try:
        return correlations_from_data(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{source[1:]} is not JSON: {error}") from None


def show_uncertain(
    found: Uncertain, graph: Graph, output: Output, parts: Mapping[str, Any], gradient: bool = False
) -> None:
    """Write a result with its uncertainty, and warn where the linear theory does not describe it.

    parts: what `Output.show` takes for the result alone. gradient: its plain lines are a gradient, and stay.
    """
    name = output_name(graph.inputs)

    def table(precision: int) -> Any:
        from rich.console import Group

        return Group(parts["table"](precision), "", page.uncertainty_view(found, name, precision))

    def plain() -> str:
        unicode = (sys.stdout.encoding or "").lower().startswith("utf")
        told = name if gradient and "value" in graph.inputs else "value"
        line = page.uncertainty_plain(told, found, output.precision, "±" if unicode else "+/-")
        return str(parts["plain"]()) + line if gradient else line

    output.show(
        table=table,
        plain=plain,
        data=lambda: page.uncertainty_data(found) | parts["data"](),
        tables=lambda style: [*parts["tables"](style), *page.uncertainty_tables(found)],
    )
    for warning in page.uncertainty_warnings(found):
        warn(warning)
