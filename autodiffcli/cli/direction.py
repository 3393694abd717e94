"""What the commands of higher derivatives share: directions, and what is said of entries that are no numbers."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from math import isinf, isnan

from autodiffcli.api.differentials import Direction
from autodiffcli.cli.options import read_point
from autodiffcli.cli.output import warn
from autodiffcli.errors import MathError, RequestError

__all__ = ["read_direction", "report_entries"]


def read_direction(source: str, at: tuple[str, ...], expr: str) -> Direction:
    """Return the direction that an option gives: x=1,y=0, or 1,0, or - or @FILE like --at."""
    if source == "-" and "-" in (*at, expr):
        raise RequestError("standard input can be read once", hint="put one of the two into a file: @FILE")
    return read_point((source,)) if source == "-" or source.startswith("@") else source


def report_entries(entries: Iterable[tuple[str, float]], most: int = 5) -> int:
    """Warn of infinite entries, and raise MathError for the first that is undefined; return the exit status."""
    bad = [(name, x) for name, x in entries if isnan(x) or isinf(x)]
    for name, x in bad:
        if isnan(x):
            raise MathError(
                f"{name} is undefined (nan)", hint="the expression is not smooth at this point: try one beside it"
            )
    for name, x in islice(bad, most):
        warn(f"{name} is {x}")
    if len(bad) > most:
        warn(f"and {len(bad) - most:,} more entries are infinite")
    return 0
