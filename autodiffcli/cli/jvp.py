"""adcalc jvp: the Jacobian times a vector, in one forward pass."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.differentials import jvp
from autodiffcli.cli.higher import read_direction, show_product
from autodiffcli.cli.options import Command, expression, output_options, point_options, read_graph, read_point
from autodiffcli.cli.output import Output

__all__ = ["command"]


@click.command("jvp", cls=Command)
@expression
@point_options
@click.option(
    "--tangent",
    required=True,
    metavar="VECTOR",
    help="How fast each input moves: x=1,y=0, or 1,0 in their order; those left out stand still.",
)
@output_options
def command(expr: str, at: tuple[str, ...], tangent: str, **options: Any) -> int:
    """Jacobian times a vector: how fast each output of EXPR changes while the inputs move along --tangent.

    One forward pass, however many inputs there are.
    """
    output = Output.chosen(options)
    point = read_point(at, expr)
    graph = read_graph(expr, point=point)
    direction = read_direction("--tangent", tangent, at, expr)
    result = jvp(graph, point, tangent=direction)
    return show_product(result, graph, point, output)
