"""adcalc eval: the value, and every step of its evaluation."""

from __future__ import annotations

from math import isinf
from typing import Any

import click

from autodiffcli.api.gradients import evaluation
from autodiffcli.cli.options import (
    Command,
    expression,
    output_options,
    point_options,
    read_graph,
    read_point,
    share_option,
    single,
    table_options,
)
from autodiffcli.cli.output import Output, report, warn
from autodiffcli.interpreter import infinite

__all__ = ["command"]


@click.command("eval", cls=Command)
@expression
@point_options
@click.option("--trace/--no-trace", default=None, help="Show every v_i.")
@share_option
@table_options
@output_options
def command(expr: str, at: tuple[str, ...], trace: bool | None, share: bool, **options: Any) -> int:
    """Value of EXPR at a point, or with --points of every row of a table.

    EXPR may be - (standard input) or @FILE; `eval - --format jsonl` answers JSON Lines of {"id", "expr", "at"}.
    """
    output = Output.chosen(options)
    if options["points"] is not None:
        from autodiffcli.cli.table import eval_table

        return eval_table(expr, at, options)
    if not single(expr, at, options):
        from autodiffcli.cli.many import answer

        return answer(evaluation)
    result = evaluation(read_graph(expr, share), read_point(at, expr))
    wants_trace = output.traced(trace)
    output.show(
        table=lambda precision: report("tables").eval_report(result, precision, wants_trace),
        plain=lambda: report("plain").lines({"value": result.value}, output.precision),
        data=lambda: report("data").value_data(result, wants_trace),
        tables=lambda style: report("content").value_tables(result, style, output.precision, wants_trace),
    )
    if isinf(result.value):
        warn(infinite(result.graph, result.values, result.graph.outputs[0]))
    return 0
