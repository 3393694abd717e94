"""What the commands share: their argument and options, and how text reaches them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.language.parser import parse
from autodiffcli.language.point import parse_point, point_from_data

__all__ = [
    "Command",
    "Names",
    "expression",
    "output_options",
    "point_options",
    "read_graph",
    "read_point",
    "table_options",
]

FORMATS = ("table", "plain", "json", "jsonl", "csv", "tsv", "markdown", "latex", "html")

F = TypeVar("F", bound=Callable[..., Any])


class Command(click.Command):
    """A command whose expression may begin with a minus: only what starts with two of them is an option."""

    def make_parser(self, ctx: click.Context) -> Any:
        """Let -x^2 through to EXPR."""
        parser = super().make_parser(ctx)
        parser.ignore_unknown_options = True
        return parser

    allow_extra_args = True  # they are refused below, with what is likely to have been meant

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse options that do not exist, with the nearest that do, and arguments that are too many."""
        if ctx.resilient_parsing:  # completion, of a line that need not be right yet
            return super().parse_args(ctx, args)
        given = list(args)
        takes_value = {name for p in self.params if isinstance(p, click.Option) and not p.is_flag for name in p.opts}
        known = takes_value | {name for p in self.get_params(ctx) for name in (*p.opts, *p.secondary_opts)}
        rest = iter(given)
        for word in rest:
            if word == "--":
                break
            if word in takes_value:
                next(rest, None)
            elif word.startswith("--") and word.partition("=")[0] not in known:
                raise click.NoSuchOption(word.partition("=")[0], ctx=ctx)
        try:
            extra = super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        if extra:
            from autodiffcli.cli.usage import superfluous

            raise superfluous(extra, given, known)
        return extra


class Names(click.ParamType):  # type: ignore[type-arg]  # generic only in newer releases of click
    """Names between commas."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Split at the commas."""
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def _complete_expression(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name that an expression ends in."""
    import autodiffcli.primitives  # noqa: F401  # fills the table
    from autodiffcli.primitive import FUNCTIONS

    match = re.search(r"[^\W\d]\w*$", incomplete)
    if match is None:
        return []
    before = incomplete[: match.start()]
    return [f"{before}{name}(" for name in FUNCTIONS if name.startswith(match[0])]


def expression(function: F) -> F:
    """Add the argument EXPR."""
    return click.argument("expr", metavar="EXPR", shell_complete=_complete_expression)(function)


def point_options(function: F) -> F:
    """Add --at."""
    return click.option(
        "--at",
        "at",
        multiple=True,
        metavar="POINT",
        help="Values of the inputs: x1=2,x2=pi/4; - or @FILE (lines of name=value, or .json). May be repeated.",
    )(function)


def output_options(function: F) -> F:
    """Add how results are shown."""
    for option in (
        click.option(
            "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour in tables."
        ),
        click.option(
            "--precision", type=click.IntRange(1, 17), help="Significant digits; by default 6 in tables, else all."
        ),
        click.option(
            "--format", "format_", type=click.Choice(FORMATS), help="By default table on a terminal, plain in a pipe."
        ),
    ):
        function = option(function)
    return function


def table_options(function: F) -> F:
    """Add --points and what belongs to it."""
    for option in (
        click.option(
            "--on-error",
            type=click.Choice(["fail", "skip", "null"]),
            default="fail",
            help="What a row without numbers does.",
        ),
        click.option("--prefix", default="", help="Put before the names of the new columns."),
        click.option("--keep/--no-keep", default=True, help="Write the table's own columns too."),
        click.option("--out", metavar="FILE", help="Write there, whole or not at all, instead of to standard output."),
        click.option(
            "--points", metavar="FILE", help="Evaluate every row of a CSV, TSV or JSON Lines table; - reads a pipe."
        ),
    ):
        function = option(function)
    return function


def read_text(source: str, what: str) -> str:
    """Return the text that an argument means: itself, standard input for -, a file for @FILE."""
    if source == "-":
        data, name = sys.stdin.buffer.read(), "standard input"
    elif source.startswith("@"):
        name = source[1:]
        try:
            with open(name, "rb") as file:
                data = file.read()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise RequestError(f"cannot read {what} from '{name}': {why}") from None
    else:
        return source
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(
            f"{name} is not UTF-8 text: byte 0x{data[error.start]:02x} at offset {error.start:,}",
            hint=f"{what} is read as text",
        ) from None


def read_graph(expr: str, share: bool = True) -> Graph:
    """Parse the expression that EXPR means."""
    return parse(read_text(expr, "the expression"), share=share)


def read_point(at: tuple[str, ...], expr: str = "") -> dict[str, float]:
    """Return the point that all --at together give. Raises RequestError for a name given twice."""
    if [*at, expr].count("-") > 1:
        raise RequestError("standard input can be read once", hint="put one of the two into a file: @FILE")
    point: dict[str, float] = {}
    for source in at:
        text = read_text(source, "the point")
        if source.endswith(".json") and source.startswith("@"):
            import json

            try:
                part = point_from_data(json.loads(text))
            except (ValueError, RecursionError) as error:
                raise RequestError(f"{source[1:]} is not JSON: {error}") from None
        else:
            part = parse_point(text)
        twice = point.keys() & part.keys()
        if twice:
            raise RequestError(f"'{min(twice)}' is given twice", hint="give each input one value")
        point |= part
    return point
