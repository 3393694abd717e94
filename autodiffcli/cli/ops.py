"""adcalc ops: every function of the language, from the declarations that the engine uses."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import click

import autodiffcli.primitives  # noqa: F401  # fills the table
from autodiffcli.cli.options import Command, format_options
from autodiffcli.cli.output import Output, report
from autodiffcli.errors import RequestError
from autodiffcli.primitive import FUNCTIONS, PRIMITIVES

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
    return [name for name in _functions() if name.startswith(text)]


def _functions() -> dict[str, Any]:
    """Return what every name of the language means, numbers first."""
    from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS

    return ARRAY_FUNCTIONS | PRIMITIVES | FUNCTIONS


def _named(name: str) -> list[Any]:
    """Return what a name means, of numbers and of arrays. Raises RequestError with the nearest name for no meaning."""
    from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS

    found = FUNCTIONS.get(name) or PRIMITIVES.get(name)
    means: list[Any] = list(found.values()) if isinstance(found, dict) else [found] if found else []
    means += [ARRAY_FUNCTIONS[name]] if name in ARRAY_FUNCTIONS else []
    if not means:
        near = get_close_matches(name, _functions(), n=1)
        raise RequestError(
            f"there is no function '{name}'", hint=f"did you mean {near[0]}?" if near else "adcalc ops lists all"
        )
    return means
