"""--digits: value and gradient of one point with every digit proven."""

from __future__ import annotations

from typing import Any

from autodiffcli.api.digits import proven
from autodiffcli.cli.options import read_point_by, read_text, refuse
from autodiffcli.cli.output import Output, report, warn
from autodiffcli.errors import RequestError
from autodiffcli.language.parser import parse
from autodiffcli.language.point import point_texts, point_texts_from_data

__all__ = ["show"]


def show(expr: str, at: tuple[str, ...], mode: str, options: dict[str, Any]) -> int:
    """Show value and gradient, or for mode eval the value; return the exit status."""
    output = Output.chosen(options)
    _refuse_floats(expr, options)
    point = _point(at, expr)  # first: of an array at the point it says so, and not that the expression has a number
    graph = parse(read_text(expr, "the expression"), share=options["share"], exact=True)
    value = mode == "eval" or output.format in ("table", "json", "jsonl")  # which show it
    result = proven(graph, point, digits=options["digits"], mode=mode, wrt=options.get("wrt"), value=value)
    page = report("digits")
    output.show(
        table=lambda precision: page.view(result),
        plain=lambda: page.plain(result),
        data=lambda: page.data(result),
        tables=lambda style: [page.table(result, style)],
    )
    told = {"the value": result.value, **{f"the derivative by {name}": x for name, x in result.gradient.items()}}
    for what, text in told.items():
        if text.endswith("inf"):
            warn(f"{what} is {text}")
    return 0


def _refuse_floats(expr: str, options: dict[str, Any]) -> None:
    """Refuse what is computed in floats, or rounds."""
    refuse(("precision", "corr"), "beside --digits", "leave one of them out")
    if options["points"] is not None:
        raise RequestError(
            "--digits proves one point, and a table of points is computed in floats", hint="give the point by --at"
        )
    if options["trace"]:
        raise RequestError(
            "a trace shows the numbers of one run in floats, and --digits takes several of rising precision",
            hint="leave --trace or --digits out",
        )
    refuse(("checkpoint", "memory"), "beside --digits", "leave one of them out")
    refuse(("out", "keep", "prefix", "on_error"), "without --points")
    if expr == "-" and options["format_"] == "jsonl":
        raise RequestError(
            "--digits does nothing to JSON Lines of many expressions", hint="for one expression, --format json"
        )


def _point(at: tuple[str, ...], expr: str) -> dict[str, str]:
    """Return the point that all --at together give, nothing of it rounded."""
    spelled = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
    exactly: dict[str, Any] = {"parse_float": str, "parse_int": str, "parse_constant": spelled.__getitem__}
    return read_point_by(at, expr, "the point", point_texts, point_texts_from_data, **exactly)
