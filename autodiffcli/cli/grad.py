"""adcalc grad: value and gradient, in every mode, of one point, of none, or of a table of points."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.expressions import chosen, shapes_known
from autodiffcli.api.gradients import gradient
from autodiffcli.backends import MODES, Backend, Gradient, backend
from autodiffcli.cli.options import (
    Choice,
    Command,
    corr_option,
    digits_option,
    expression,
    output_options,
    point_options,
    read_graph,
    read_uncertain_point,
    refuse,
    share_option,
    single,
    table_options,
    tables,
    wrt_option,
)
from autodiffcli.cli.output import Output, report, tell, tell_conventions
from autodiffcli.errors import MathError, RequestError
from autodiffcli.graph import Graph
from autodiffcli.language.point import NOWHERE_UNCERTAIN
from autodiffcli.structures import all_finite

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
@corr_option
@digits_option
@click.option(
    "--scheme",
    type=Choice(["central", "one-sided", "complex-step", "extrapolated"]),
    help="Differences of numeric mode; by default central.",
)
@click.option("--epsilon", type=float, metavar="E", help="Step of numeric mode; by default chosen for each input.")
@click.option(
    "--checkpoint",
    metavar="BUDGET",
    help="Backprop that keeps few values and computes the others again: sqrt, binomial, or how many to hold.",
)
@click.option("--memory", metavar="SIZE", help="The same within so much memory: 512MB. For arrays, where it counts.")
@table_options
@output_options
def command(expr: str, at: tuple[str, ...], mode: str | None, **options: Any) -> int:
    """Value and gradient of EXPR at a point.

    Without --at: the gradient as formulas. With --points: of every row of a table. EXPR may be - (standard input) or
    @FILE; `grad - --format jsonl` answers JSON Lines of {"id", "expr", "at"}.
    """
    output = Output.chosen(options)
    if options["checkpoint"] is not None or options["memory"] is not None:
        mode = _checkpointed(mode, options)
    if mode not in ("numeric", "all") and (options["epsilon"] is not None or options["scheme"] is not None):
        raise RequestError("--epsilon and --scheme belong to numeric mode", hint="add --mode numeric")
    if options["digits"] is not None:
        from autodiffcli.cli.digits import show

        return show(expr, at, mode or "reverse", options)
    if options["points"] is not None:
        return int(tables().grad_table(expr, at, mode, options))
    if not single(expr, at, options):
        if mode == "all":
            raise RequestError("--mode all compares the modes at one point, not in JSON Lines of many expressions")
        from autodiffcli.cli.many import answer

        return answer(lambda graph, point: _gradient(graph, point, mode or "reverse", options))
    point, uncertainties = read_uncertain_point(at, expr)
    graph = read_graph(expr, options["share"], point)
    if not at and graph.inputs and mode in (None, "symbolic"):
        return _formulas(graph, options, output)
    uncertain = bool(uncertainties or options["corr"])
    if mode == "all":
        if uncertain:
            raise RequestError("--mode all compares numbers, not uncertainties", hint=NOWHERE_UNCERTAIN)
        return _compare(graph, point, options, output)
    result = _gradient(graph, point, mode or "reverse", options, trace=output.traced(options["trace"]))
    parts = _parts(graph, point, result, options, output)
    if uncertain:
        from autodiffcli.cli.uncertain import propagate, show_uncertain

        found = propagate(graph, point, uncertainties, options["corr"], (expr, *at))
        show_uncertain(found, graph, output, parts, gradient=True)
    else:
        output.show(**parts)
    return _report(graph, point, result, output)


def _checkpointed(mode: str | None, options: dict[str, Any]) -> str:
    """Return the mode that checkpoints belong to, --memory being a budget as --checkpoint takes it."""
    from autodiffcli.memory import bytes_of

    option = "--checkpoint" if options["memory"] is None else "--memory"
    if mode not in (None, "backprop") or options["points"] is not None:
        asked = "tables of points" if options["points"] is not None else f"{mode} mode"
        raise RequestError(f"{option} belongs to backprop at one point, not to {asked}")
    if options["memory"] is not None:
        refuse(("checkpoint",), "beside --memory, which plans by itself")
        if bytes_of(options["memory"]) is None:
            raise RequestError(f"--memory '{options['memory']}' is no size", hint="write --memory 512MB")
        options["checkpoint"] = options["memory"]
    options["trace"] = bool(options["trace"])  # refused if it is asked for: a trace shows every value
    return "backprop"


def _gradient(
    graph: Graph, point: dict[str, float], mode: str, options: dict[str, Any], trace: bool = False
) -> Gradient:
    way: Backend = backend(mode)
    if mode == "numeric":
        from autodiffcli.backends.numeric import Numeric

        way = Numeric(options["scheme"] or "central", options["epsilon"])
    if options["checkpoint"] is not None:
        from autodiffcli.backends.checkpoint import Checkpointed

        way = Checkpointed(options["checkpoint"])
    return gradient(graph, point, mode=way, wrt=options["wrt"], trace=trace)


def _parts(
    graph: Graph, point: dict[str, float], result: Gradient, options: dict[str, Any], output: Output
) -> dict[str, Any]:
    """Return what `Output.show` takes."""
    trace = output.traced(options["trace"])
    return {
        "table": lambda precision: report("tables").grad_report(result, precision, trace),
        "plain": lambda: report("plain").lines(result.structured(), output.precision),
        "data": lambda: report("data").gradient_data(result, trace) | _remarks(graph, point, result),
        "tables": lambda style: report("content").gradient_tables(result, style, output.precision, trace),
    }


def _report(graph: Graph, point: dict[str, float], result: Gradient, output: Output) -> int:
    """Say what is not finite, and where nothing else does, which conventions were used; return the exit status."""
    if not all(map(all_finite, (result.value, *result.gradient.values()))):
        from autodiffcli.api.diagnoses import of_gradient, of_value

        tell(of_value(result))
        return tell(of_gradient(graph, point, result))
    if output.format not in ("table", "json"):
        tell_conventions(graph, point, list(result.gradient))
    return 0


def _remarks(graph: Graph, point: dict[str, float], result: Gradient) -> dict[str, object]:
    """Return what is to be said of a result to programs."""
    from autodiffcli.api.diagnoses import of_gradient, of_value, remarks

    findings = [*of_value(result), *of_gradient(graph, point, result)]
    return remarks(findings, graph, point, list(result.gradient))


def _formulas(graph: Graph, options: dict[str, Any], output: Output) -> int:
    """Show the gradient as formulas."""
    from autodiffcli.api.formulas import gradient_formulas
    from autodiffcli.report import formulas as page

    refuse(("precision", "trace", "corr"), "to the gradient as formulas", "name a point by --at")
    shapes_known(graph)
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
    found = [_gradient(graph, point, mode, options, trace=True) for mode in MODES]
    results = list(map(content.by_entry, found))
    counted = cost(graph, wrt=options["wrt"], checkpoint=())
    for result in results:
        result.operations = int(counted[result.mode].operations or 0)
    output.show(
        table=lambda precision: report("tables").compare_report(results, precision),
        plain=lambda: report("plain").comparison(results, output.precision),
        data=lambda: report("data").comparison_data(results, trace, found),
        tables=lambda style: [content.comparison(results)],
    )
    disagreement = content.disagreement(results)
    if disagreement:
        raise MathError(disagreement)
    return _report(graph, point, found[0], output)
