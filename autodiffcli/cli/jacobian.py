"""adcalc jacobian: the matrix, and why it was had forward or in reverse."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.differentials import jacobian, output_names, undefined_entry
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
from autodiffcli.higher.matrices import JACOBIAN_MODES

__all__ = ["command"]


@click.command("jacobian", cls=Command)
@expression
@point_options
@click.option("--mode", type=Choice(JACOBIAN_MODES), default="auto", help="How; by default in the fewest passes.")
@click.option("--wrt", type=Names(), metavar="NAMES", help="Differentiate by these inputs only: x,y.")
@output_options
def command(expr: str, at: tuple[str, ...], mode: str, wrt: list[str] | None, **options: Any) -> int:
    """Matrix of the derivatives ∂y/∂x of each output by each input.

    Several outputs stand in parentheses: (x*y, x + y) has y1 and y2. --mode auto takes whichever of forward and reverse
    needs fewer passes, and fewer still where the zeros of the matrix let several inputs or outputs share one.
    """
    output = Output.chosen(options["format_"], options["precision"], options["color"])
    graph = read_graph(expr)
    point = read_point(at, expr)
    result = jacobian(graph, point, wrt=wrt, mode=mode)
    page = report("matrices")
    output.show(
        table=lambda precision: page.matrix_view(result, graph, output_names(graph), precision),
        plain=lambda: page.matrix_plain(result, output.precision),
        data=lambda: page.matrix_data(result),
        tables=lambda style: [page.matrix_table(result)],
    )
    error = undefined_entry(graph, point, result)
    if error is not None:
        raise error
    return report_entries(page.entry_names(result))
