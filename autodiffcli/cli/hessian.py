"""adcalc hessian: the matrix of second derivatives, and in how many passes it was had."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.differentials import hessian
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
from autodiffcli.higher.matrices import HESSIAN_MODES

__all__ = ["command"]


@click.command("hessian", cls=Command)
@expression
@point_options
@click.option("--mode", type=Choice(HESSIAN_MODES), default="auto", help="How; by default in the fewest passes.")
@wrt_option
@output_options
def command(expr: str, at: tuple[str, ...], mode: str, wrt: list[str] | None, **options: Any) -> int:
    """Matrix of the second derivatives of EXPR.

    --mode auto is forward over reverse, in as few passes as the zeros of the matrix allow.
    """
    output = Output.chosen(options)
    point = read_point(at, expr)
    graph, point, wrt = entrywise(read_graph(expr, point=point), point, wrt)
    result = hessian(graph, point, wrt=wrt, mode=mode)
    return show_matrix(result, graph, point, output)
