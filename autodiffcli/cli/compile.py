"""adcalc compile: a function that returns value and derivatives, as source code."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.expressions import shapes_known
from autodiffcli.api.sources import source
from autodiffcli.cli.options import (
    Choice,
    Command,
    expression,
    point_options,
    read_graph,
    read_point,
    refuse,
    wrt_option,
)
from autodiffcli.cli.output import write
from autodiffcli.language.point import arrange
from autodiffcli.points.out import whole_file
from autodiffcli.targets import TARGETS

__all__ = ["command"]


@click.command("compile", cls=Command)
@expression
@click.option("--to", type=Choice(TARGETS), required=True, help=f"The language: {', '.join(TARGETS)}.")
@click.option(
    "--order", type=click.IntRange(0), default=1, show_default=True, help="All partial derivatives up to this order."
)
@wrt_option
@point_options
@click.option("--name", default="f", show_default=True, help="The function's name.")
@click.option("--out", metavar="FILE", help="Write there, whole or not at all, instead of to standard output.")
def command(expr: str, at: tuple[str, ...], to: str, out: str | None, **options: Any) -> int:
    """Write a function that returns EXPR's value and partial derivatives as source code.

    Parts that they share are computed once. The results come in graded order: value, d_x, d_y, d_x_x, d_x_y, d_y_y, ...
    --at gives the shapes of inputs that are arrays, tuples or dicts. EXPR may be - (standard input) or @FILE.
    """
    point = read_point(at, expr)
    graph = read_graph(expr, point=point)
    if at and not (graph.shapes or graph.structures):
        refuse(("at",), "to code of numbers, which is for every point", "it gives shapes of arrays, tuples and dicts")
    if not at:
        shapes_known(graph)
    else:
        arrange(dict.fromkeys(graph.inputs, 0.0) | point, graph)  # a name that is none of its inputs is refused
    text = source(graph, to, **options)
    if out is None:
        write(text)
    else:
        with whole_file(out) as file:
            file.write(text.encode())
    return 0
