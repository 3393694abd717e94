"""adcalc hessian: the matrix, and why it was had forward or in reverse."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.differentials import hessian, output_names
from autodiffcli.cli.direction import report_entries
from autodiffcli.cli.options import (
    Choice,
    Command,
    Names,
    expression,
    output_options,
    point_options,
    read_graph,
    read_point,
)
from autodiffcli.cli.output import Output, report
from autodiffcli.higher.matrices import HESSIAN_MODES

__all__ = ["command"]


@click.command("hessian", cls=Command)
@expression
@point_options
@click.option("--mode", type=Choice(HESSIAN_MODES), default="auto", help="How; by default in the fewest passes.")
@click.option("--wrt", type=Names(), metavar="NAMES", help="Differentiate by these inputs only: x,y.")
@output_options
def command(expr: str, at: tuple[str, ...], mode: str, wrt: list[str] | None, **options: Any) -> int:
    """Matrix of the second derivatives of EXPR.

    --mode auto is forward over reverse, in as few passes as the zeros of the matrix allow.
    """
    output = Output.chosen(options["format_"], options["precision"], options["color"])
    graph = read_graph(expr)
    result = hessian(graph, read_point(at, expr), wrt=wrt, mode=mode)
    page = report("matrices")
    output.show(
        table=lambda precision: page.matrix_view(result, graph, output_names(graph), precision),
        plain=lambda: page.matrix_plain(result, output.precision),
        data=lambda: page.matrix_data(result),
        tables=lambda style: [page.matrix_table(result)],
    )
    return report_entries(page.entry_names(result))
