"""adcalc grad: value and gradient, in every mode, of one point, of none, or of a table of points."""

from __future__ import annotations

from math import isinf, isnan
from typing import Any

import click

from autodiffcli.api.gradients import chosen, gradient
from autodiffcli.backends import MODES, Backend, Gradient, backend
from autodiffcli.cli.options import (
    Choice,
    Command,
    expression,
    output_options,
    point_options,
    read_graph,
    read_point,
    refuse,
    share_option,
    single,
    table_options,
    wrt_option,
)
from autodiffcli.cli.output import Output, report, warn
from autodiffcli.errors import MathError, RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import infinite, undefined_derivative

__all__ = ["command"]


@click.command("grad", cls=Command)
@expression
@point_options
@click.option(
    "--mode",
    type=Choice([*MODES, "all"]),
    help="How to differentiate; by default reverse, without --at symbolic.",
)
@wrt_option
@click.option("--trace/--no-trace", default=None, help="Show every v_i with its tangent or adjoint.")
@share_option
@click.option(
    "--scheme",
    type=Choice(["central", "one-sided"]),
    default="central",
    help="Difference quotient of numeric mode.",
)
@click.option("--epsilon", type=float, metavar="E", help="Step of numeric mode; by default chosen for each input.")
@click.option(
    "--checkpoint",
    metavar="BUDGET",
    help="Backprop that keeps few values and computes the others again: sqrt, binomial, or how many to hold.",
)
@table_options
@output_options
def command(expr: str, at: tuple[str, ...], mode: str | None, **options: Any) -> int:
    """Value and gradient of EXPR at a point.

    Without --at: the gradient as formulas. With --points: of every row of a table. EXPR may be - (standard input) or
    @FILE; `grad - --format jsonl` answers JSON Lines of {"id", "expr", "at"}.
    """
    output = Output.chosen(options)
    if options["checkpoint"] is not None:
        mode = _checkpointed(mode, options)
    if mode not in ("numeric", "all") and (options["epsilon"] is not None or options["scheme"] != "central"):
        raise RequestError("--epsilon and --scheme belong to numeric mode", hint="add --mode numeric")
    if options["points"] is not None:
        from autodiffcli.cli.table import grad_table

        return grad_table(expr, at, mode, options)
    if not single(expr, at, options):
        from autodiffcli.cli.many import answer

        return answer(lambda graph, point: _gradient(graph, point, mode or "reverse", options))
    graph = read_graph(expr, options["share"])
    if not at and graph.inputs and mode in (None, "symbolic"):
        return _formulas(graph, options, output)
    point = read_point(at, expr)
    if mode == "all":
        return _compare(graph, point, options, output)
    result = _gradient(graph, point, mode or "reverse", options, trace=output.traced(options["trace"]))
    _show(result, options, output)
    return _report(result)


def _checkpointed(mode: str | None, options: dict[str, Any]) -> str:
    """Return the mode that checkpoints belong to."""
    if mode not in (None, "backprop") or options["points"] is not None:
        asked = "tables of points" if options["points"] is not None else f"{mode} mode"
        raise RequestError(f"--checkpoint belongs to backprop at one point, not to {asked}")
    options["trace"] = bool(options["trace"])  # refused if it is asked for: a trace shows every value
    return "backprop"


def _gradient(
    graph: Graph, point: dict[str, float], mode: str, options: dict[str, Any], trace: bool = False
) -> Gradient:
    way: Backend = backend(mode)
    if mode == "numeric":
        from autodiffcli.backends.numeric import Numeric

        way = Numeric(options["scheme"], options["epsilon"])
    if options["checkpoint"] is not None:
        from autodiffcli.backends.checkpoint import Checkpointed

        way = Checkpointed(options["checkpoint"])
    return gradient(graph, point, mode=way, wrt=options["wrt"], trace=trace)


def _show(result: Gradient, options: dict[str, Any], output: Output) -> None:
    trace = output.traced(options["trace"])
    output.show(
        table=lambda precision: report("tables").grad_report(result, precision, trace),
        plain=lambda: report("plain").lines(result.gradient, output.precision),
        data=lambda: report("data").gradient_data(result, trace),
        tables=lambda style: report("content").gradient_tables(result, style, output.precision, trace),
    )


def _report(result: Gradient) -> int:
    """Say what is not finite; return the exit status."""
    if isinf(result.value):
        warn(infinite(result.graph, result.values, result.graph.outputs[0]))
    for name, derivative in result.gradient.items():
        if isnan(derivative):
            raise undefined_derivative(result.graph, result.values[: result.size], name)
        if isinf(derivative):
            warn(f"the derivative by {name} is {derivative}")
    return 0


def _formulas(graph: Graph, options: dict[str, Any], output: Output) -> int:
    """Show the gradient as formulas."""
    from autodiffcli.api.formulas import gradient_formulas
    from autodiffcli.report import formulas as page

    refuse(("precision", "trace"), "to the gradient as formulas", "name a point by --at")
    names = chosen(graph, options["wrt"])
    formulas = gradient_formulas(graph, names)
    output.show(
        table=lambda precision: page.view(formulas, names),
        plain=lambda: page.plain(formulas, names),
        data=lambda: page.data(formulas, names),
        tables=lambda style: [page.table(formulas, names, style)],
    )
    return 0


def _compare(graph: Graph, point: dict[str, float], options: dict[str, Any], output: Output) -> int:
    """Show every mode side by side; exact modes that disagree are an error."""
    from autodiffcli.api.costs import cost
    from autodiffcli.report import content

    trace = bool(options["trace"])
    if trace and output.format not in ("json", "jsonl"):
        refuse(("trace",), "beside --mode all", "name one mode, or --format json, which has the rows of all")
    results = [_gradient(graph, point, mode, options, trace=True) for mode in MODES]
    counted = cost(graph, wrt=options["wrt"], checkpoint=())
    for result in results:
        result.operations = int(counted[result.mode].operations or 0)
    output.show(
        table=lambda precision: report("tables").compare_report(results, precision),
        plain=lambda: report("plain").comparison(results, output.precision),
        data=lambda: report("data").comparison_data(results, trace),
        tables=lambda style: [content.comparison(results)],
    )
    disagreement = content.disagreement(results)
    if disagreement:
        raise MathError(disagreement)
    return _report(results[0])
