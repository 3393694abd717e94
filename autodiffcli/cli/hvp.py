"""adcalc hvp: the Hessian times a vector, in one forward pass over the gradient."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.differentials import hvp
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


@click.command("hvp", cls=Command)
@expression
@point_options
@click.option(
    "--tangent",
    required=True,
    metavar="VECTOR",
    help="How fast each input moves: x=1,y=0, or 1,0 in their order; those left out stand still.",
)
@wrt_option
@output_options
def command(expr: str, at: tuple[str, ...], tangent: str, wrt: list[str] | None, **options: Any) -> int:
    """Hessian times a vector: how fast the gradient of EXPR changes while the inputs move along --tangent.

    One forward pass over the graph of the gradient; the Hessian itself is never made.
    """
    output = Output.chosen(options)
    point = read_point(at, expr)
    graph = read_graph(expr, point=point)
    direction = read_direction("--tangent", tangent, at, expr)
    result = hvp(graph, point, tangent=direction, wrt=wrt)
    return show_product(result, graph, point, output, wrt)
