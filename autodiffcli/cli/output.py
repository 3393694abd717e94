"""Handing results to the renderer that suits their reader."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from autodiffcli.errors import AdcalcError, RequestError, printable, shortened

if TYPE_CHECKING:
    from rich.console import RenderableType

    from autodiffcli.api.diagnoses import Finding
    from autodiffcli.graph import Graph
    from autodiffcli.report.table import Table

__all__ = ["Output", "report", "tell", "tell_conventions", "warn", "write", "write_json"]

_TRACED = ("table", "json", "markdown", "latex", "html")
"""Formats that show the trace unless told not to; the others are for programs that take one flat table."""


class Output(NamedTuple):
    """How results are to be shown, as the options say."""

    format: str
    precision: int | None
    color: str

    @classmethod
    def chosen(cls, options: Mapping[str, Any]) -> Output:
        """Return what `output_options` say, the format by who reads: a table on a terminal, plain text in a pipe."""
        format_ = options["format_"] or ("table" if sys.stdout.isatty() else "plain")
        precision = options.get("precision")
        if precision is not None and format_ in ("json", "jsonl"):
            raise RequestError(f"--precision does nothing in {format_}", hint="JSON has every digit: leave it out")
        return cls(format_, precision, options["color"])

    def traced(self, wanted: bool | None) -> bool:
        """Return whether to show the trace: as --trace says, else by the format."""
        if wanted and self.format == "plain":
            raise RequestError(
                "--trace does nothing in plain output", hint="name a format that has one: --format table"
            )
        return self.format in _TRACED if wanted is None else wanted

    def show(
        self,
        *,
        table: Callable[[int], RenderableType],
        plain: Callable[[], str],
        data: Callable[[], Any],
        tables: Callable[[Any], Iterable[Table]],
    ) -> None:
        """Write one result in the format, making only what that format needs.

        table: for a terminal, given a precision. tables: for the other table formats, given a style of formulas.
        """
        if self.format == "plain":
            write(plain())
        elif self.format == "table":
            self.draw(table(self.precision or 6))
        elif self.format in ("json", "jsonl"):
            write_json(data(), 2 if self.format == "json" and sys.stdout.isatty() else None)
        else:
            from autodiffcli.report.formats import FORMATS, STYLES

            write(FORMATS[self.format](tables(STYLES[self.format]), self.precision))

    def draw(self, renderable: RenderableType) -> None:
        """Show a renderable on the terminal, in colour where that is wanted and possible."""
        from shutil import get_terminal_size

        from rich.console import Console

        color = {"always": True, "never": False}.get(self.color)
        console = Console(
            force_terminal=color,
            no_color=None if color is None else not color,
            highlight=False,
            markup=False,
            emoji=False,
        )
        if console.width < 1:  # COLUMNS=0 is no width, and Rich would write nothing
            console.width = get_terminal_size().columns
        console.print(renderable)


def report(module: str) -> Any:
    """Import a module of the report: which one is needed depends on the format, and Rich alone costs 40 ms."""
    return import_module(f"autodiffcli.report.{module}")


def write(text: str) -> None:
    """Write a result to standard output."""
    click.echo(text, nl=False, color=True)


def write_json(data: Any, indent: int | None = None) -> None:
    """Write JSON and a line end; characters that a terminal would obey, or its encoding lacks, are escaped."""
    import json

    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(data, ensure_ascii=not unicode, indent=indent, allow_nan=False)
    if not text.isprintable():  # a control or format character in it stands within a string
        text = "".join([c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text])
    sys.stdout.write(text + "\n")


def warn(warning: str | AdcalcError) -> None:
    """Write a warning to standard error; of an error its place too."""
    text = f"warning: {shortened(printable(warning))}" if isinstance(warning, str) else warning.report("warning")
    click.echo(text, err=True)


def tell(findings: Iterable[Finding], most: int = 5) -> int:
    """Say of numbers that are not finite where they were born; return the exit status.

    Raises MathError for the first that is nan.
    """
    found = list(findings)
    for finding in found:
        if isnan(finding.found):
            raise finding.explain()
    for finding in found[:most]:
        warn(finding.explain())
    if len(found) > most:
        warn(f"and {len(found) - most:,} more are infinite")
    return 0


def tell_conventions(expression: Graph, at: Mapping[str, float], wrt: Sequence[str] | None = None) -> None:
    """Tell a person on standard error, and no program that reads it, which conventions a derivative rests on."""
    if sys.stderr is None or not sys.stderr.isatty():
        return
    from autodiffcli.api.diagnoses import conventions

    most = 5
    found = conventions(expression, at, wrt, most + 1)
    for text in found[:most]:
        click.echo(f"note: {shortened(printable(text))}", err=True)
    if len(found) > most:
        click.echo("note: and more such corners; --format json names them", err=True)
