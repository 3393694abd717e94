"""adcalc jacobian: the matrix, and why it was had forward or in reverse."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.differentials import jacobian
from autodiffcli.api.expressions import entrywise
from autodiffcli.cli.higher import show_matrix
from autodiffcli.cli.options import (
    Choice,
    Command,
    expression,
    output_options,
    point_options,
    read_graph,
    read_point,
    wrt_option,
)
from autodiffcli.cli.output import Output
from autodiffcli.higher.matrices import JACOBIAN_MODES

__all__ = ["command"]


@click.command("jacobian", cls=Command)
@expression
@point_options
@click.option("--mode", type=Choice(JACOBIAN_MODES), default="auto", help="How; by default in the fewest passes.")
@wrt_option
@output_options
def command(expr: str, at: tuple[str, ...], mode: str, wrt: list[str] | None, **options: Any) -> int:
    """Matrix of the derivatives ∂y/∂x of each output by each input.

    Several outputs stand in parentheses: (x*y, x + y) has y1 and y2. --mode auto takes whichever of forward and reverse
    needs fewer passes, and fewer still where the zeros of the matrix let several inputs or outputs share one.
    """
    output = Output.chosen(options)
    point = read_point(at, expr)
    graph, point, wrt = entrywise(read_graph(expr, point=point), point, wrt)
    result = jacobian(graph, point, wrt=wrt, mode=mode)
    return show_matrix(result, graph, point, output)
