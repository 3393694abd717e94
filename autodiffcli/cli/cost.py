"""adcalc cost: what each way to differentiate costs, without and with checkpoints."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.costs import cost, growth
from autodiffcli.api.expressions import shapes_known
from autodiffcli.cli.options import (
    Command,
    Names,
    expression,
    format_options,
    point_options,
    read_point,
    read_text,
    share_option,
    wrt_option,
)
from autodiffcli.cli.output import Output, report
from autodiffcli.errors import RequestError
from autodiffcli.language.parser import parse
from autodiffcli.language.point import forms

__all__ = ["command"]


@click.command("cost", cls=Command)
@expression
@point_options
@click.option(
    "--n",
    "sizes",
    type=Names(),
    metavar="N,...",
    help='How costs grow with the number of terms: cost "x{i} * ..." --n 10,100,1000.',
)
@wrt_option
@click.option(
    "--checkpoint",
    "budgets",
    type=Names(),
    metavar="BUDGET,...",
    help="Budgets of stored values: sqrt, binomial, a number, or of bytes as 512MB; by default the first two.",
)
@share_option
@format_options
def command(expr: str, at: tuple[str, ...], sizes: list[str] | None, **options: Any) -> int:
    """Operations, stored values and passes of EXPR's value and gradient in each mode.

    With --at also the memory of a run at that point, measured. Arrays count by their entries. With --n, EXPR is a
    family: before ... stand its term, numbered by {i}, and the operator that joins it to the next.
    """
    output = Output.chosen(options)
    page = report("costs")
    budgets = options["budgets"]
    template = read_text(expr, "the expression")
    if sizes is not None:
        if at or options["wrt"]:
            raise RequestError(
                "--n counts a family of expressions, which has no one point", hint="leave out --at and --wrt"
            )
        growing = growth(template, _numbers(sizes), checkpoint=budgets or ["sqrt"], share=options["share"])
        output.show(
            table=lambda precision: page.growth_view(growing),
            plain=lambda: page.growth_plain(growing),
            data=lambda: page.growth_data(growing),
            tables=lambda style: [page.growth_table(growing)],
        )
        return 0
    try:
        point = read_point(at, expr) if at else None
        graph = parse(template, share=options["share"], **forms(point or {}))
    except RequestError as error:
        if "..." in template:
            error.hint = "say how many terms ... stands for: --n 10,100,1000"
        raise
    if point is None:
        shapes_known(graph)
    result = cost(graph, point, wrt=options["wrt"], checkpoint=budgets or ["sqrt", "binomial"])
    output.show(
        table=lambda precision: page.cost_view(result),
        plain=lambda: page.cost_plain(result),
        data=lambda: page.cost_data(result),
        tables=lambda style: [page.cost_table(result)],
    )
    return 0


def _numbers(words: list[str]) -> list[int]:
    for word in words:
        if not (word.isascii() and word.isdigit() and len(word) < 10):
            raise RequestError(f"--n takes whole numbers, and '{word}' is none", hint="--n 10,100,1000")
    return [int(word) for word in words]
