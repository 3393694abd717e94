"""adcalc vjp: the transposed Jacobian times a vector, in one reverse pass."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.differentials import vjp
from autodiffcli.cli.direction import read_direction, report_entries
from autodiffcli.cli.options import Command, Names, expression, output_options, point_options, read_graph, read_point
from autodiffcli.cli.output import Output, report

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
@click.option("--wrt", type=Names(), metavar="NAMES", help="Differentiate by these inputs only: x,y.")
@output_options
def command(expr: str, at: tuple[str, ...], cotangent: str, wrt: list[str] | None, **options: Any) -> int:
    """Transposed Jacobian times a vector: the gradient of the outputs of EXPR weighed by --cotangent.

    One reverse pass, however many outputs there are.
    """
    output = Output.chosen(options["format_"], options["precision"], options["color"])
    graph = read_graph(expr)
    direction = read_direction(cotangent, at, expr)
    result = vjp(graph, read_point(at, expr), cotangent=direction, wrt=wrt)
    page = report("matrices")
    output.show(
        table=lambda precision: page.directional_view(result, graph, precision),
        plain=lambda: page.directional_plain(result, output.precision),
        data=lambda: page.directional_data(result),
        tables=lambda style: [page.directional_table(result)],
    )
    return report_entries((f"the product's {name}", x) for name, x in result.product.items())
