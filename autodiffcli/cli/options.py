"""What the commands share: their argument and options, and how text reaches them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext, suppress
from importlib import import_module
from typing import Any, BinaryIO, TypeVar

import click
from click.core import ParameterSource

from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.language.parser import parse
from autodiffcli.language.point import (
    UncertainPoint,
    forms,
    parse_point,
    parse_uncertain_point,
    point_from_data,
    uncertain_point_from_data,
)
from autodiffcli.limits import TEXT

__all__ = [
    "Choice",
    "Command",
    "Names",
    "corr_option",
    "digits_option",
    "expression",
    "format_options",
    "load_array",
    "output_options",
    "point_options",
    "read_graph",
    "read_once",
    "read_point",
    "read_point_by",
    "read_text",
    "read_uncertain_point",
    "refuse",
    "share_option",
    "single",
    "standard_input",
    "table_options",
    "tables",
    "wrt_option",
]

FORMATS = ("table", "plain", "json", "jsonl", "csv", "tsv", "markdown", "latex", "html")

_TABLE_DEFAULTS = {"out": None, "keep": True, "prefix": "", "on_error": "fail", "engine": None, "master": None}
"""Options that belong to --points."""

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
        """Refuse options that do not exist, with the nearest that do, and words and values that are too many."""
        if ctx.resilient_parsing:  # completion, of a line that need not be right yet
            return super().parse_args(ctx, args)
        given = list(args)
        takes_value = {name for p in self.params if isinstance(p, click.Option) and not p.is_flag for name in p.opts}
        known = takes_value | {name for p in self.get_params(ctx) for name in (*p.opts, *p.secondary_opts)}
        once = {
            p.opts[0]: p.help or ""
            for p in self.params
            if isinstance(p, click.Option) and not (p.is_flag or p.multiple)
        }
        seen: set[str] = set()
        rest = iter(given)
        for word in rest:
            if word == "--":
                break
            option = word.partition("=")[0]
            if word in takes_value:
                next(rest, None)
            elif word.startswith("--") and option not in known:
                raise click.NoSuchOption(option, ctx=ctx)
            if option in seen:  # Click would take the last, and say nothing of the others
                raise RequestError(f"{option} is given twice, and takes one value", hint=once[option])
            seen |= {option} & once.keys()
        try:
            extra = super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        if extra:
            from autodiffcli.cli.usage import superfluous

            raise superfluous(extra, given, known)
        return extra


class Choice(click.Choice):  # type: ignore[type-arg]  # generic only in newer releases of click
    """One of some words; of another word the error names the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word. Raises BadParameter for one that is none of them."""
        if value in self.choices:
            return value
        from difflib import get_close_matches

        near = get_close_matches(value, self.choices, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        return self.fail(f"'{value}' is not one of {', '.join(self.choices)}{meant}", param, ctx)


class Names(click.ParamType):  # type: ignore[type-arg]  # generic only in newer releases of click
    """Names between commas."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Split at the commas."""
        names = [name.strip() for name in value.split(",") if name.strip()]
        return names or self.fail("names are missing", param, ctx)


def _complete_expression(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name that an expression ends in."""
    import autodiffcli.primitives  # noqa: F401  # fills the table
    from autodiffcli.primitive import FUNCTIONS
    from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS

    match = re.search(r"[^\W\d]\w*$", incomplete)
    if match is None:
        return []
    before = incomplete[: match.start()]
    return [f"{before}{name}(" for name in FUNCTIONS | ARRAY_FUNCTIONS if name.startswith(match[0])]


def expression(function: F) -> F:
    """Add the argument EXPR."""
    return click.argument("expr", metavar="EXPR", shell_complete=_complete_expression)(function)


def wrt_option(function: F) -> F:
    """Add --wrt."""
    help_ = "Differentiate by these inputs only: x,y."
    return click.option("--wrt", type=Names(), metavar="NAMES", help=help_)(function)


def share_option(function: F) -> F:
    """Add --share."""
    help_ = "Make equal parts of the expression one node."
    return click.option("--share/--no-share", default=True, help=help_)(function)


def point_options(function: F) -> F:
    """Add --at."""
    return click.option(
        "--at",
        "at",
        multiple=True,
        metavar="POINT",
        help='Values of the inputs: x1=2,x2=pi/4, W=[[1,2],[3,4]], W=@w.npy, d={"cat": 2}; - or @FILE (lines of '
        'name=value, or JSON: {"x1": 2}). May be repeated.',
    )(function)


def output_options(function: F) -> F:
    """Add how results with numbers that may be rounded are shown."""
    help_ = "Significant digits; by default 6 in tables, else all."
    return format_options(click.option("--precision", type=click.IntRange(1, 17), help=help_)(function))


def corr_option(function: F) -> F:
    """Add --corr."""
    help_ = "Correlations of uncertain inputs: x,y=0.3; x,z=-0.1; - or @FILE (such lines, or .json). May be repeated."
    return click.option("--corr", multiple=True, metavar="PAIRS", help=help_)(function)


def digits_option(function: F) -> F:
    """Add --digits."""
    help_ = "Prove so many significant digits of every number: nothing is rounded before. Needs the extra 'precise'."
    return click.option("--digits", type=click.IntRange(1, 10_000), metavar="N", help=help_)(function)


def format_options(function: F) -> F:
    """Add how results are shown."""
    for option in (
        click.option("--color", type=Choice(["auto", "always", "never"]), default="auto", help="Colour in tables."),
        click.option(
            "--format", "format_", type=Choice(FORMATS), help="By default table on a terminal, plain in a pipe."
        ),
    ):
        function = option(function)
    return function


def table_options(function: F) -> F:
    """Add --points and what belongs to it."""
    for option in (
        click.option(
            "--on-error",
            type=Choice(["fail", "skip", "null"]),
            default=_TABLE_DEFAULTS["on_error"],
            help="What a row without numbers does.",
        ),
        click.option("--prefix", default=_TABLE_DEFAULTS["prefix"], help="Put before the names of the new columns."),
        click.option("--keep/--no-keep", default=_TABLE_DEFAULTS["keep"], help="Write the table's own columns too."),
        click.option(
            "--out",
            metavar="FILE",
            help="Write there, whole or not at all, instead of to standard output; with --engine spark also FOLDER/, "
            "for a part from each worker.",
        ),
        click.option(
            "--master",
            metavar="URL",
            help="The cluster of --engine spark: spark://HOST:7077; by default the processors of this machine.",
        ),
        click.option(
            "--engine",
            type=Choice(["numpy", "duckdb", "spark"]),
            help="What reads and writes tables: numpy text, as it stands; duckdb also Parquet, compressed files, "
            "patterns and another kind than was read, and is taken for these by itself; spark files, patterns and "
            "folders on a cluster, which computes too.",
        ),
        click.option(
            "--points",
            metavar="FILE",
            help="Evaluate every row of a table: CSV, TSV, JSON Lines or Parquet; a pattern, 'part-*.parquet', is all "
            "its files; - reads a pipe. Where neither its name nor its beginning tells which, --format does: csv, tsv "
            "or jsonl. What is written is the same, or what the name of --out says.",
        ),
    ):
        function = option(function)
    return function


def tables() -> Any:
    """Import the module of tables, and NumPy with it, but without a thread for each processor.

    OpenBLAS starts these for products of matrices, and they keep their processors busy while they wait for the first;
    rows have none for them.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    return import_module("autodiffcli.cli.table")


def refuse(names: Collection[str], where: str, hint: str = "leave it out") -> None:
    """Raise RequestError for the first of some options, by their parameters' names, that was given but does nothing."""
    context = click.get_current_context()
    for param in context.command.params:
        if param.name in names and context.get_parameter_source(param.name) is not ParameterSource.DEFAULT:
            option = param.secondary_opts[0] if context.params[param.name] is False else param.opts[0]
            raise RequestError(f"{option} does nothing {where}", hint=hint)


def single(expr: str, at: tuple[str, ...], options: dict[str, Any]) -> bool:
    """Return whether one expression is given; otherwise EXPR stands for JSON Lines of many.

    Raises RequestError for options that belong to tables of points, and for a point beside those of the records.
    """
    for name, default in _TABLE_DEFAULTS.items():
        if options[name] != default:
            option = f"--{name.replace('_', '-')}" if name != "keep" else "--no-keep"
            hint = "redirect the output: > FILE" if name == "out" else "name a table of points by --points FILE"
            raise RequestError(f"{option} belongs to --points", hint=hint)
    if expr != "-" or options["format_"] != "jsonl":
        return True
    refuse(
        ("precision", "trace", "share", "corr"),
        "to JSON Lines of many expressions",
        "for one expression, --format json",
    )
    if at:
        raise RequestError(
            "each of the JSON Lines has its own point, so --at has no place",
            hint='write the points into the records, "at": {"x": 3}; for one expression, --format json',
        )
    return False


def standard_input() -> BinaryIO:
    """Return the bytes of standard input. Raises RequestError where the caller has closed it."""
    if sys.stdin is None:
        raise RequestError("standard input is closed", hint="give a file in its place")
    with suppress(OSError, AttributeError):  # no descriptor; Windows
        os.set_blocking(sys.stdin.fileno(), True)  # else what has not come yet would look like the end
    return sys.stdin.buffer


def load_array(name: str, path: str) -> Any:
    """Return the value of an input from a file; the module is imported where one is named."""
    from autodiffcli.cli.arrays import load

    return load(name, path, read_text)


def read_once(*sources: str, what: str = "one of the two") -> None:
    """Raise RequestError where more than one source is standard input; `what` could be a file instead."""
    if sources.count("-") > 1:
        raise RequestError("standard input can be read once", hint=f"put {what} into a file: @FILE")


def read_text(source: str, what: str) -> str:
    """Return the text that an argument means: itself, standard input for -, a file for @FILE."""
    if source != "-" and not source.startswith("@"):
        return source
    name = "standard input" if source == "-" else source[1:]
    try:
        with nullcontext(standard_input()) if source == "-" else open(name, "rb") as file:
            data = file.read(TEXT + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or error
        raise RequestError(f"cannot read {what} from '{name}': {why}") from None
    if len(data) > TEXT:
        raise RequestError(f"{name} is larger than {TEXT >> 20} MiB, the limit for {what}")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")  # a byte order mark, as Excel writes one
    except UnicodeDecodeError as error:
        raise RequestError(
            f"{name} is not UTF-8 text: byte 0x{data[error.start]:02x} at offset {error.start:,}",
            hint=f"{what} is read as text",
        ) from None


def read_graph(expr: str, share: bool = True, point: Mapping[str, Any] | None = None) -> Graph:
    """Parse the expression that EXPR means, its inputs having the shapes and structures that they have at a point."""
    return parse(read_text(expr, "the expression"), share=share, **forms(point or {}))


def read_point(at: tuple[str, ...], expr: str = "", what: str = "the point") -> dict[str, Any]:
    """Return the point that all --at together give. Raises RequestError for a name given twice."""
    return read_point_by(at, expr, what, lambda text: parse_point(text, load_array), point_from_data)


def read_uncertain_point(at: tuple[str, ...], expr: str) -> UncertainPoint:
    """Return the point that all --at together give, and the uncertainties; raise what `read_point` raises."""
    sigmas: dict[str, float] = {}

    def kept(part: UncertainPoint) -> dict[str, Any]:
        sigmas.update(part[1])
        return part[0]

    point = read_point_by(
        at,
        expr,
        "the point",
        lambda text: kept(parse_uncertain_point(text, load_array)),
        lambda data: kept(uncertain_point_from_data(data)),
    )
    return point, sigmas


def _result(data: Any) -> Any:
    """Return of what a command prints as JSON the part that it prints as name=value, and a point as it is."""
    if not isinstance(data, dict):
        return data
    for part, text in (("grad", "mode"), ("parameters", "stopped")):
        if isinstance(data.get(part), dict) and isinstance(data.get(text), str):
            return data[part]
    return {"value": data["value"]} if data.keys() == {"value", "trace"} else data


def read_point_by(
    at: tuple[str, ...],
    expr: str,
    what: str,
    from_text: Callable[[str], dict[str, Any]],
    from_data: Callable[[object], dict[str, Any]],
    **decoding: Any,
) -> dict[str, Any]:
    """Return the point that all --at together give, each read by one of the two; decoding: options of json.loads."""
    read_once(expr, *at)
    point: dict[str, Any] = {}
    for source in at:
        text = read_text(source, what)
        if (source.endswith(".json") and source.startswith("@")) or text.lstrip().startswith("{"):
            import json

            try:
                part = from_data(_result(json.loads(text, **decoding)))
            except (ValueError, RecursionError) as error:
                name = {"-": "standard input"}.get(source, source.removeprefix("@") if text is not source else what)
                raise RequestError(f"{name} is not JSON: {error}") from None
        else:
            try:
                part = from_text(text)
            except RequestError as error:
                if text is source and os.path.isfile(source):  # nothing is read but by @: --at must not depend on files
                    error.hint = f"to read a file, write --at @{source}"
                raise
        twice = point.keys() & part.keys()
        if twice:
            raise RequestError(f"'{min(twice)}' is given twice", hint="give each input one value")
        point |= part
    return point
