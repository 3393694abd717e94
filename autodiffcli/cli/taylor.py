"""adcalc taylor: Taylor coefficients along a direction."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.diagnoses import of_series, remarks
from autodiffcli.api.differentials import taylor
from autodiffcli.cli.higher import read_direction
from autodiffcli.cli.options import Command, expression, output_options, point_options, read_graph, read_point
from autodiffcli.cli.output import Output, tell, tell_conventions
from autodiffcli.report import matrices as page

__all__ = ["command"]


@click.command("taylor", cls=Command)
@expression
@point_options
@click.option("--order", type=click.IntRange(0, 10_000), default=5, show_default=True, help="The highest power of t.")
@click.option(
    "--along", metavar="VECTOR", help="The direction: x=1,y=2, or 1,2 in the inputs' order; of one input its own."
)
@output_options
def command(expr: str, at: tuple[str, ...], order: int, along: str | None, **options: Any) -> int:
    """Taylor coefficients of EXPR along a direction: EXPR at POINT + t·VECTOR is Σ c_k·t^k."""
    output = Output.chosen(options)
    point = read_point(at, expr)
    graph = read_graph(expr, point=point)
    direction = None if along is None else read_direction("--along", along, at, expr)
    result = taylor(graph, point, order=order, along=direction)
    output.show(
        table=lambda precision: page.taylor_view(result, graph, precision),
        plain=lambda: page.taylor_plain(result, output.precision),
        data=lambda: page.taylor_data(result) | remarks(of_series(graph, point, result), graph, point),
        tables=lambda style: [page.taylor_table(result)],
    )
    tell_conventions(graph, point)
    return tell(of_series(graph, point, result))
