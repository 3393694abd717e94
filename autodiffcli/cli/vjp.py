"""adcalc vjp: the transposed Jacobian times a vector, in one reverse pass."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.differentials import vjp
from autodiffcli.cli.higher import read_direction, show_product
from autodiffcli.cli.options import (
    Command,
    expression,
    output_options,
    point_options,
    read_graph,
    read_point,
    wrt_option,
)
from autodiffcli.cli.output import Output

__all__ = ["command"]


@click.command("vjp", cls=Command)
@expression
@point_options
@click.option(
    "--cotangent",
    required=True,
    metavar="VECTOR",
    help="The weight of each output: y1=1,y2=0, or 1,0 in their order; those left out weigh nothing.",
)
@wrt_option
@output_options
def command(expr: str, at: tuple[str, ...], cotangent: str, wrt: list[str] | None, **options: Any) -> int:
    """Transposed Jacobian times a vector: the gradient of the outputs of EXPR weighed by --cotangent.

    One reverse pass, however many outputs there are.
    """
    output = Output.chosen(options)
    point = read_point(at, expr)
    graph = read_graph(expr, point=point)
    direction = read_direction("--cotangent", cotangent, at, expr)
    result = vjp(graph, point, cotangent=direction, wrt=wrt)
    return show_product(result, graph, point, output, wrt)
