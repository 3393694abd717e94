"""Files as DuckDB has them: their columns and types, and SQL of their cells as they are read and written."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Any, BinaryIO, NamedTuple

from autodiffcli.errors import RequestError
from autodiffcli.points.columns import find_columns
from autodiffcli.points.delimited import Delimited
from autodiffcli.points.rows import Request
from autodiffcli.points.source import Source

__all__ = [
    "NUMBERS",
    "TEXT",
    "File",
    "arranged",
    "before_unfit",
    "double",
    "header",
    "parquet_columns",
    "quoted",
    "shown",
    "text",
    "unfit",
]

NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\)|VARCHAR|JSON")
TEXT = ("csv", "tsv")
_ROOT = "'$'"


class File(NamedTuple):
    """A file that is open: its name for people, its columns and their types as DuckDB has them, and how it is read."""

    name: str
    columns: list[str]
    types: list[str]
    source: str
    kind: str
    rows: int = 0  # where the file tells


def parquet_columns(nodes: list[tuple[str, int | None]]) -> list[str]:
    """Return the names of a Parquet file's columns as they are written; nodes: all of its schema, the root first."""
    names, within = [], 0  # how many nodes are to come within the column before
    for name, children in nodes[1:]:
        if not within:
            names.append(name)
        within = max(within - 1, 0) + (children or 0)
    return names


def arranged(file: File, first: File) -> File:
    """Return a file with its columns in the order of the first's. Raises RequestError where it has others."""
    hint = "name files of the same columns alone, or rename what differs"
    for one, other in ((file, first), (first, file)):
        for name in Counter(one.columns) - Counter(other.columns):
            raise RequestError(f"{one.name} has a column {name!r}, which {other.name} has not", hint=hint)
    if file.kind != first.kind:
        raise RequestError(f"{file.name} is {file.kind}, but {first.name} is {first.kind}", hint=hint)
    places = list(range(len(file.columns)))
    if file.columns != first.columns:
        places = find_columns(first.columns, file.columns, file.name)
        picked = ", ".join(f"c{place} AS c{k}" for k, place in enumerate(places))
        file = file._replace(columns=first.columns, source=f"(SELECT {picked} FROM {file.source})")
    types = [file.types[place] for place in places]
    for name, type_, before in zip(first.columns, types, first.types, strict=True):
        if type_ != before:
            said = f"column {name!r} of {file.name} holds {type_}, and that of {first.name} {before}"
            raise RequestError(said, hint="write both as the same type first")
    return file._replace(types=types)


def unfit(file: File) -> str:
    """Return SQL of the place of the first column whose cell TSV cannot hold, null where it can hold all."""
    texts = [k for k, type_ in enumerate(file.types) if type_ in ("VARCHAR", "JSON") or not NUMBERS.fullmatch(type_)]
    cases = [f"WHEN regexp_matches(CAST(c{k} AS VARCHAR), '[\\t\\r\\n]') THEN {k}" for k in texts]
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS INTEGER)"


def before_unfit(file: File, batch: Any, done: int) -> tuple[Any, RequestError | None]:
    """Return the rows before the first that TSV cannot hold, as it has no quotes, and the error at that."""
    from autodiffcli.points.buffers import missing

    found = batch.column("unfit") if "unfit" in batch.schema.names else None
    if found is None or found.null_count == len(found):
        return batch, None
    row = int(missing(found).argmin())
    said = f"row {done + row + 1}: column {file.columns[found[row].as_py()]!r} has a tab or a line end in it"
    hint = "write CSV, JSON Lines or Parquet, or leave the table's columns out by --no-keep"
    return batch.slice(0, row), RequestError(f"{file.name}: {said}, which TSV cannot hold", hint=hint)


def header(file: BinaryIO, kind: str, compression: str, name: str) -> list[str]:
    """Return the names of a table's columns as they are read without DuckDB, which would look at many rows first."""
    import pyarrow

    with os.fdopen(os.dup(file.fileno()), "rb") as again:
        again.seek(0)
        text = pyarrow.CompressedInputStream(again, compression) if compression else again
        request = Request((), (), False, "skip", name)
        return Delimited(kind, Source(text, name), request).names


def double(column: str, type_: str, kind: str) -> str:
    """Return SQL of a column as doubles, null where it is no number: texts are read as elsewhere."""
    if kind == "jsonl" and type_ == "VARCHAR":
        return _not_finite(column)
    if kind == "jsonl" and type_ == "JSON":  # "nan" and "inf" are texts, other numbers are not
        number = f"CASE WHEN json_type({column}) NOT IN ('VARCHAR', 'BOOLEAN') THEN TRY_CAST({column} AS DOUBLE) END"
        return f"coalesce({number}, {_not_finite(f'({column} ->> {_ROOT})')})"
    if type_ == "VARCHAR":
        return f"CASE WHEN NOT contains({column}, '_') THEN TRY_CAST({column} AS DOUBLE) END"  # not 1_000
    return f"CAST({column} AS DOUBLE)"


def _not_finite(text: str) -> str:
    number = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN NOT isfinite({number}) AND NOT regexp_matches({text}, '[0-9]') THEN {number} END"


def shown(field: Any, kind: str) -> str:
    """Return SQL of a column as it is written: JSON has texts for what is not finite, and DuckDB's text a -nan."""
    name: str = field.name
    if str(field.type) not in ("double", "float") or kind == "parquet":
        return name
    if kind == "jsonl":
        text = f"CASE WHEN isnan({name}) THEN 'nan' ELSE CAST({name} AS VARCHAR) END"
        return f"CASE WHEN isfinite({name}) THEN to_json({name}) ELSE to_json({text}) END"
    return f"CASE WHEN isnan({name}) THEN CAST('nan' AS DOUBLE) ELSE {name} END"


def text(value: str) -> str:
    """Return a text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
