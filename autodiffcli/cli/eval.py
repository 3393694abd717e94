"""adcalc eval: the value, and every step of its evaluation."""

from __future__ import annotations

from typing import Any

import click

from autodiffcli.api.gradients import evaluation
from autodiffcli.backends import Gradient
from autodiffcli.cli.options import (
    Command,
    corr_option,
    digits_option,
    expression,
    output_options,
    point_options,
    read_graph,
    read_uncertain_point,
    share_option,
    single,
    table_options,
    tables,
)
from autodiffcli.cli.output import Output, report, tell
from autodiffcli.structures import all_finite

__all__ = ["command"]


@click.command("eval", cls=Command)
@expression
@point_options
@click.option("--trace/--no-trace", default=None, help="Show every v_i.")
@share_option
@corr_option
@digits_option
@table_options
@output_options
def command(expr: str, at: tuple[str, ...], trace: bool | None, share: bool, **options: Any) -> int:
    """Value of EXPR at a point, or with --points of every row of a table.

    EXPR may be - (standard input) or @FILE; `eval - --format jsonl` answers JSON Lines of {"id", "expr", "at"}.
    """
    if options["digits"] is not None:
        from autodiffcli.cli.digits import show

        return show(expr, at, "eval", options | {"trace": trace, "share": share})
    output = Output.chosen(options)
    if options["points"] is not None:
        return int(tables().eval_table(expr, at, options))
    if not single(expr, at, options):
        from autodiffcli.cli.many import answer

        return answer(evaluation)
    point, uncertainties = read_uncertain_point(at, expr)
    graph = read_graph(expr, share, point)
    result = evaluation(graph, point)
    wants_trace = output.traced(trace)
    parts: dict[str, Any] = {
        "table": lambda precision: report("tables").eval_report(result, precision, wants_trace),
        "plain": lambda: report("plain").lines({"value": result.value}, output.precision),
        "data": lambda: report("data").value_data(result, wants_trace) | _remarks(result),
        "tables": lambda style: report("content").value_tables(result, style, output.precision, wants_trace),
    }
    if uncertainties or options["corr"]:
        from autodiffcli.cli.uncertain import propagate, show_uncertain

        found = propagate(graph, point, uncertainties, options["corr"], (expr, *at))
        if not wants_trace:  # the value stands with its uncertainty
            parts["tables"] = lambda style: []
        show_uncertain(found, graph, output, parts)
    else:
        output.show(**parts)
    if not all_finite(result.value):
        from autodiffcli.api.diagnoses import of_value

        return tell(of_value(result))
    return 0


def _remarks(result: Gradient) -> dict[str, object]:
    """Return what is to be said of a value to programs."""
    if all_finite(result.value):
        return {}
    from autodiffcli.api.diagnoses import of_value, said

    return said(of_value(result))
