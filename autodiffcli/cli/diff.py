"""adcalc diff: the derivative as a formula, of any order."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.expressions import shapes_known
from autodiffcli.api.formulas import derivative, derivative_at, directions
from autodiffcli.cli.options import (
    Command,
    Names,
    expression,
    output_options,
    point_options,
    read_graph,
    read_point,
    refuse,
)
from autodiffcli.cli.output import Output, report, tell, tell_conventions, write
from autodiffcli.graph import Graph

__all__ = ["command"]


@click.command("diff", cls=Command)
@expression
@click.option("--wrt", type=Names(), metavar="NAMES", help="By x; or by x, then by y: x,y. Needless for one input.")
@click.option("--order", type=int, metavar="N", help="How often to differentiate by the one name of --wrt: 1.")
@point_options
@output_options
def command(expr: str, wrt: list[str] | None, order: int | None, at: tuple[str, ...], **options: Any) -> int:
    """The derivative of EXPR as a formula, simplified.

    Several names in --wrt make a mixed derivative: x,x,y is of order 3. With --at: its value there too.
    EXPR may be - (standard input) or @FILE.
    """
    output = Output.chosen(options)
    point = read_point(at, expr) if at else {}
    graph = read_graph(expr, point=point)
    names = directions(graph, wrt, order)
    if not at:
        shapes_known(graph)
        refuse(("precision",), "to a formula", "leave it out, or ask for the value by --at")
    elif output.format == "latex" and not (graph.shapes or graph.structures):
        refuse(("at",), "in latex, which is the formula alone", "for the value, --format plain")
    result = derivative(graph, names)
    value = None
    if at and output.format != "latex":  # which is the formula alone, to be put into a text
        from autodiffcli.api.gradients import coordinates, evaluate
        from autodiffcli.interpreter import run

        evaluate(graph, point)  # an undefined value has no derivative, whatever its formula gives
        evaluated = derivative_at(graph, names)
        value = run(evaluated, coordinates(evaluated, point))[evaluated.outputs[0]]
    found = report("formulas").Derivative(graph, names, result, value)
    if output.format == "latex":
        write(found.latex())
    else:
        output.show(
            table=found.view,
            plain=lambda: found.plain(output.precision),
            data=lambda: found.data() if value is None else found.data() | _remarks(graph, point, names, value),
            tables=lambda style: [found.table(style)],
        )
    if value is not None:
        from autodiffcli.api.diagnoses import of_derivative

        tell_conventions(graph, point, names)
        return tell(of_derivative(graph, point, names, value))
    return 0


def _remarks(graph: Graph, point: dict[str, float], names: list[str], value: float) -> dict[str, object]:
    from autodiffcli.api.diagnoses import of_derivative, remarks

    return remarks(of_derivative(graph, point, names, value), graph, point, names)
