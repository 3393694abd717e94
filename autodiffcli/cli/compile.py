"""adcalc compile: a function that returns value and derivatives, as source code."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.expressions import shapes_known
from autodiffcli.api.sources import query, source
from autodiffcli.cli.options import (
    Choice,
    Command,
    Names,
    expression,
    point_options,
    read_graph,
    read_once,
    read_point,
    refuse,
    wrt_option,
)
from autodiffcli.cli.output import write
from autodiffcli.errors import RequestError
from autodiffcli.language.point import arrange
from autodiffcli.points.out import whole_file
from autodiffcli.targets import TARGETS
from autodiffcli.targets.dialects import DIALECTS
from autodiffcli.targets.sql import AGGREGATES

__all__ = ["command"]

LANGUAGES = (*TARGETS, "sql")


@click.command("compile", cls=Command)
@expression
@click.option("--to", type=Choice(LANGUAGES), required=True, help=f"The language: {', '.join(LANGUAGES)}.")
@click.option(
    "--order", type=click.IntRange(0), default=1, show_default=True, help="All partial derivatives up to this order."
)
@wrt_option
@click.option("--name", default="f", show_default=True, help="The function's name.")
@click.option("--dialect", type=Choice(DIALECTS), default="duckdb", show_default=True, help="Whose SQL.")
@click.option("--table", metavar="NAME", help="SQL: the table whose columns are the inputs.")
@point_options
@click.option("--keep", type=Names(), metavar="NAMES", help="SQL: columns to select too; by default the inputs.")
@click.option("--aggregate", type=Choice(AGGREGATES), help="SQL: one row, of all rows' sum or mean.")
@click.option("--out", metavar="FILE", help="Write there, whole or not at all, instead of to standard output.")
def command(expr: str, to: str, out: str | None, **options: Any) -> int:
    """Write a function that returns EXPR's value and partial derivatives as source code.

    Parts that they share are computed once. The results come in graded order: value, d_x, d_y, d_x_x, d_x_y, d_y_y, ...
    --at gives the shapes of inputs that are arrays, tuples or dicts. In SQL it is a query of a table, whose columns are
    the inputs that --at gives no value for all rows. EXPR may be - (standard input) or @FILE.
    """
    text = _query(expr, **options) if to == "sql" else _source(expr, to, **options)
    if out is None:
        write(text)
    else:
        with whole_file(out) as file:
            file.write(text.encode())
    return 0


def _source(
    expr: str, to: str, at: tuple[str, ...], name: str, order: int, wrt: list[str] | None, **others: Any
) -> str:
    refuse(others, f"in {to}", "--to sql writes a query")
    point = read_point(at, expr)
    graph = read_graph(expr, point=point)
    if at and not (graph.shapes or graph.structures):
        refuse(("at",), "to code of numbers, which is for every point", "it gives shapes of arrays, tuples and dicts")
    if not at:
        shapes_known(graph)
    else:
        arrange(dict.fromkeys(graph.inputs, 0.0) | point, graph)  # a name that is none of its inputs is refused
    return source(graph, to, name=name, order=order, wrt=wrt)


def _query(expr: str, name: str, table: str | None, at: tuple[str, ...], **options: Any) -> str:
    refuse(("name",), "in SQL: a query has no name")
    if table is None:
        raise RequestError("SQL is a query of a table, which is not named", hint="name it by --table points")
    read_once(expr, *at)
    options["aggregate"] = options["aggregate"] or ""
    return query(read_graph(expr), table, at=read_point(at, expr), **options)
