"""adcalc check: is a gradient right? By the lecture's formula, by every mode, and of a person's derivatives."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.checks import check, sweep
from autodiffcli.backends import EXACT
from autodiffcli.checking.results import Check
from autodiffcli.cli.options import (
    Choice,
    Command,
    expression,
    output_options,
    point_options,
    read_graph,
    read_point,
    refuse,
    wrt_option,
)
from autodiffcli.cli.output import Output, report, warn
from autodiffcli.errors import MathError

__all__ = ["command"]


@click.command("check", cls=Command)
@expression
@point_options
@click.option("--seed", type=int, default=0, metavar="S", help="Seed of the random direction: 0.")
@click.option(
    "--mode", type=Choice([*EXACT, "all"]), default="all", help="The mode to check; by default all, and each other."
)
@click.option("--per-input", is_flag=True, help="Compare the derivative by each input too, not along δ alone.")
@wrt_option
@click.option("--epsilon", type=float, metavar="E", help="The step of the plain formula; by default extrapolated.")
@click.option(
    "--against",
    metavar="GRADIENT",
    help='Derivatives found by hand: "x1=1/x1+x2, x2=1.716", or all in order: "(1/x1+x2, x1-cos(x2))"; of arrays and '
    'dicts in their form, or by entries: "x=2*x", "x[0]=2, d.a=6".',
)
@click.option("--sweep", "swept", is_flag=True, help="Show the error of one-sided and central quotients by ε.")
@output_options
def command(expr: str, at: tuple[str, ...], swept: bool, mode: str, **options: Any) -> int:
    """Check the gradient of EXPR at a point: δᵀ∇f against (f(θ+εδ) − f(θ−εδ)) / 2ε for a random δ.

    Exit status 0 if it passed or nothing can be decided, 1 if it failed.
    """
    output = Output.chosen(options)
    point = read_point(at, expr)
    graph = read_graph(expr, point=point)
    if swept:
        refuse(("mode", "per_input", "epsilon", "against"), "beside --sweep", "leave it out, or --sweep")
        found = sweep(graph, point, seed=options["seed"], wrt=options["wrt"])
        page = report("checks")
        output.show(
            table=lambda precision: page.sweep_view(found, precision),
            plain=lambda: page.sweep_plain(found, output.precision),
            data=lambda: page.sweep_data(found),
            tables=lambda style: [page.sweep_table(found)],
        )
        return 0
    names = ("seed", "per_input", "wrt", "epsilon", "against")
    result = check(graph, point, modes=EXACT if mode == "all" else (mode,), **{name: options[name] for name in names})
    page = report("checks")
    output.show(
        table=lambda precision: page.check_view(result, precision),
        plain=lambda: page.check_plain(result, output.precision),
        data=lambda: page.check_data(result),
        tables=lambda style: page.check_tables(result),
    )
    return _status(result)


def _status(result: Check) -> int:
    """Say what is wrong, or why nothing can be decided; return the exit status."""
    if result.verdict == "failed":
        fault, source = result.fault, result.graph.source
        if fault is not None:
            raise MathError(result.why, source=source, span=fault.span, notes=[fault.message])
        raise MathError(result.why)
    if result.verdict == "undecided":
        warn(result.why)
    return 0
