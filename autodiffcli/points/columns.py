"""Which columns a table must have, and which it must not have yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from autodiffcli.errors import RequestError

__all__ = ["check_distinct", "check_new_columns", "find_columns"]

_LISTED = 20


def find_columns(
    inputs: Iterable[str], columns: Sequence[str], table: str, fixed: Iterable[str] = (), fixed_by: str = "--at"
) -> list[int]:
    """Return where each input stands among the columns, of which none may be one of the inputs fixed for all rows.

    fixed_by: what gives those their values, for messages.

    >>> find_columns(["y", "x"], ["x", "t", "y"], "points.csv")
    [2, 0]
    """
    places = {name: place for place, name in enumerate(columns)}
    counts = Counter(columns)
    for name in inputs:
        if name not in places:
            raise RequestError(f"{table} has no column {name!r}", hint=_remedy(name, columns, fixed_by))
        if counts[name] > 1:
            raise RequestError(f"{table} has {counts[name]} columns {name!r}", hint="rename all but one of them")
    for name in fixed:
        if name in places:
            hint = f"take {name} out of {fixed_by}, or out of the table"
            raise RequestError(f"{name!r} is given twice: by {fixed_by} and by a column of {table}", hint=hint)
    return [places[name] for name in inputs]


def check_new_columns(outputs: Sequence[str], columns: Collection[str], table: str) -> None:
    """Raise if a column to add is there already, or is to be added twice."""
    there, new = set(columns), set[str]()
    for name in outputs:
        if name in there:
            hint = "put something before the new names, as in --prefix f_, or leave the old columns out by --no-keep"
            raise RequestError(f"{table} has a column {name!r} already", hint=hint)
        if name in new:
            raise RequestError(f"two results are both named {name!r}")
        new.add(name)


def check_distinct(names: Sequence[str], table: str, kind: str) -> None:
    """Raise if DuckDB would rename a column, or refuse one, where it writes a table of a kind: it ignores case."""
    before: dict[bytes, str] = {}
    for place, name in enumerate(names, 1):
        key = name.encode().lower()  # of bytes: ASCII letters alone
        if name and key not in before:
            before[key] = name
            continue
        said = (
            f"columns {before.get(key)!r} and {name!r} differ in case only" if name else f"column {place} has no name"
        )
        if name in before.values():
            said = f"two columns are named {name!r}"
        hint = "rename it, leave the table's columns out by --no-keep, or write CSV or TSV"
        raise RequestError(f"{table}: {said}, which DuckDB cannot write as {kind}", hint=hint)


def _remedy(name: str, names: Sequence[str], fixed_by: str) -> str:
    from difflib import get_close_matches

    lowered = {column.lower(): column for column in reversed(names)}
    near = get_close_matches(name.lower(), list(lowered), n=1)
    there = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
    guess = f"did you mean {lowered[near[0]]!r}? " if near else ""
    if near and not lowered[near[0]].isidentifier():
        guess = f"no expression can name the column {lowered[near[0]]!r}: rename it, by letters, digits and _; "
    there_too = " for all rows" if fixed_by == "--at" else ""
    return f"{guess}its columns are: {there}; or give {name}=... by {fixed_by}{there_too}"
