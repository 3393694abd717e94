"""Handing results to the renderer that suits their reader."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from autodiffcli.errors import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from autodiffcli.report.table import Table

__all__ = ["TRACED", "Output", "report", "warn", "write"]

TRACED = ("table", "json", "markdown", "latex", "html")
"""Formats that show the trace unless told not to; the others are for programs that take one flat table."""


class Output(NamedTuple):
    """How results are to be shown, as the options say."""

    format: str
    precision: int | None
    color: str

    @classmethod
    def chosen(cls, format_: str | None, precision: int | None, color: str) -> Output:
        """Return the options, the format by who reads: a table on a terminal, plain text in a pipe."""
        return cls(format_ or ("table" if sys.stdout.isatty() else "plain"), precision, color)

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
            self._draw(table(self.precision or 6))
        elif self.format in ("json", "jsonl"):
            import json

            indent = 2 if self.format == "json" and sys.stdout.isatty() else None
            write(json.dumps(data(), ensure_ascii=False, indent=indent, allow_nan=False) + "\n")
        else:
            from autodiffcli.report.formats import FORMATS, STYLES

            write(FORMATS[self.format](tables(STYLES[self.format]), self.precision))

    def _draw(self, renderable: RenderableType) -> None:
        from rich.console import Console

        color = {"always": True, "never": False}.get(self.color)
        console = Console(
            force_terminal=color,
            no_color=None if color is None else not color,
            highlight=False,
            markup=False,
            emoji=False,
        )
        console.print(renderable)


def report(module: str) -> Any:
    """Import a module of the report: which one is needed depends on the format, and Rich alone costs 40 ms."""
    return import_module(f"autodiffcli.report.{module}")


def write(text: str) -> None:
    """Write a result to standard output."""
    click.echo(text, nl=False, color=True)


def warn(text: str) -> None:
    """Write a warning to standard error."""
    click.echo(f"warning: {printable(text)}", err=True)
