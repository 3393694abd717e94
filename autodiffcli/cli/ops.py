"""adcalc ops: every function of the language, from the declarations that the engine uses."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import click

import autodiffcli.primitives  # noqa: F401  # fills the table
from autodiffcli.cli.options import Command, format_options
from autodiffcli.cli.output import Output, report
from autodiffcli.errors import RequestError
from autodiffcli.primitive import FUNCTIONS, PRIMITIVES, Primitive

__all__ = ["command"]


@click.command("ops", cls=Command)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=lambda ctx, param, text: _beginning(text))
@format_options
def command(names: tuple[str, ...], **options: Any) -> int:
    """List the functions: meaning, domain, derivative, synonyms, LaTeX."""
    output = Output.chosen(options)
    chosen = [op for name in names for op in _named(name)] or None
    output.show(
        table=lambda precision: report("tables").ops_report(chosen),
        plain=lambda: report("formats").tsv([report("ops").ops(chosen)]),
        data=lambda: report("ops").ops_data(chosen),
        tables=lambda style: [report("ops").ops(chosen)],
    )
    return 0


def _beginning(text: str) -> list[str]:
    return [name for name in FUNCTIONS if name.startswith(text)]


def _named(name: str) -> list[Primitive]:
    """Return what a name means. Raises RequestError with the nearest name for one that means nothing."""
    found = FUNCTIONS.get(name) or PRIMITIVES.get(name)
    if found is None:
        near = get_close_matches(name, [*FUNCTIONS, *PRIMITIVES], n=1)
        raise RequestError(
            f"there is no function '{name}'", hint=f"did you mean {near[0]}?" if near else "adcalc ops lists all"
        )
    return list(found.values()) if isinstance(found, dict) else [found]
