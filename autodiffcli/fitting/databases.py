"""Databases that a fit asks: tables of files by DuckDB in this process, and by Spark on a cluster."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import isfinite
from typing import Any

from autodiffcli.errors import AdcalcError, MathError
from autodiffcli.fitting.queries import DATA, Database
from autodiffcli.fitting.rows import SKIP
from autodiffcli.points.kinds import files_of
from autodiffcli.points.reading import Reader, Reading, reading
from autodiffcli.points.rows import Request, excerpt

__all__ = ["duckdb_table", "spark_table"]


def _is_bad(count: int) -> str:
    """Return SQL that says whether one of the inputs is no finite number; nan is above all others."""
    return " OR ".join(f"i{k} IS NULL OR NOT abs(i{k}) < CAST('inf' AS DOUBLE)" for k in range(count))


def _bad_row(place: str, request: Request, cells: Sequence[Any], numbers: Sequence[float | None]) -> MathError:
    """Return the error for a row that has an input without a finite number."""
    k = next(k for k, number in enumerate(numbers) if number is None or not isfinite(number))
    name, number, cell = request.inputs[k], numbers[k], "" if cells[k] is None else str(cells[k]).strip()
    if number is not None:
        return MathError(f"{place}: {name!r} is {number}", hint=SKIP)
    said = f"{excerpt(cell)} is not a number" if cell else "no value"
    return MathError(f"{place}: column {name!r}: {said}", hint=SKIP)


@contextmanager
def duckdb_table(path: str, request: Request) -> Iterator[Database]:
    """Give the rows of a file, or of all files that a pattern fits, to DuckDB.

    Text is taken apart once, into a table of doubles in a temporary folder; Parquet is read in every step.
    Raises RequestError for files that cannot be read, MathError for the first row without numbers, unless such are
    skipped.
    """
    count = len(request.inputs)
    columns = [f"i{k}" for k in range(count)]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="adcalc-"))
        reader, files = stack.enter_context(reading(files_of(path), request, os.path.join(folder, "rows.duckdb")))
        rows = skipped = 0
        parts = []
        for n, file in enumerate(files):
            table = f"file{n}"
            doubles = [f"{double} AS {column}" for double, column in zip(file.doubles, columns, strict=True)]
            kind = "VIEW" if file.kind == "parquet" else "TABLE"
            reader.asked(f"CREATE {kind} {table} AS SELECT {', '.join(doubles)} FROM {file.source}", file.name)
            counted = f"count(*), count(*) FILTER ({_is_bad(count)})"
            ((there, bad),) = reader.asked(f"SELECT {counted} FROM {table}", file.name)
            if bad and request.on_error == "fail":
                raise _first_bad(reader, file)
            rows, skipped = rows + there - bad, skipped + bad
            skipped += reader.rejected(file)
            parts.append(f"SELECT * FROM {table}" + f" WHERE NOT ({_is_bad(count)})" * bool(bad))
        reader.asked(f"CREATE VIEW {DATA} AS {' UNION ALL '.join(parts)}", path)
        yield Database("duckdb", path, rows, skipped, lambda text: reader.asked(text, path))


def _first_bad(reader: Reader, file: Reading) -> MathError:
    cells = [f"{cell} AS s{k}" for k, cell in enumerate(file.cells)]
    numbers = [f"{double} AS i{k}" for k, double in enumerate(file.doubles)]
    counted = f"SELECT row_number() OVER () AS row, {', '.join([*cells, *numbers])} FROM {file.source}"
    bad = _is_bad(len(numbers))
    ((row, *found),) = reader.asked(f"SELECT * FROM ({counted}) AS t WHERE {bad} ORDER BY row LIMIT 1", file.name)
    return _bad_row(f"{file.name}: row {row}", reader.request, found[: len(cells)], found[len(cells) :])


@contextmanager
def spark_table(path: str, request: Request, master: str = "") -> Iterator[Database]:
    """Give the rows of a file, a folder, or all files that a pattern fits, to Spark, whose workers keep them.

    They are in the workers' memory, or on their disks where that is full.
    master: as in `spark_session`. Raises what `duckdb_table` raises.
    """
    from autodiffcli.points.spark.read import FOREIGN, read
    from autodiffcli.points.spark.session import spark_session

    with spark_session(master) as spark:
        table = read(spark, path, request, "")
        columns = [f"i{k}" for k in range(len(request.inputs))]
        bad, odd = _is_bad(len(columns)), f"row.fault = {FOREIGN}"
        kept = table.frame.selectExpr(f"{bad} AS bad", f"{odd} AS odd", *columns).persist()
        try:
            kept.createOrReplaceTempView("kept")
            ((there, left_out, foreign),) = spark.sql(
                "SELECT count(*), count_if(bad), count_if(odd) FROM kept"
            ).collect()
            if foreign or (left_out and request.on_error == "fail"):
                raise _first_bad_of(table, request, odd if foreign else bad)
            kept.where("NOT bad").select(*columns).createOrReplaceTempView(DATA)
            yield Database("spark", path, there - left_out, left_out, lambda text: spark.sql(text).collect())
        finally:
            kept.unpersist()


def _first_bad_of(table: Any, request: Request, bad: str) -> AdcalcError:
    from autodiffcli.points.spark.read import ORDER
    from autodiffcli.points.spark.write import shown, unreadable

    line, fault, path, block, place, *numbers = (
        table.frame.where(bad).orderBy(*ORDER).select("row.line", "row.fault", *ORDER, *table.frame.columns[1:]).first()
    )
    until = f"row.block < {block} OR (row.block = {block} AND row.id <= {place})"
    row = table.frame.where(table.frame.row.path == path).where(until).count()
    name = shown(path) if table.files > 1 else request.table
    if not fault:
        return _bad_row(f"{name}: row {row}", request, numbers, numbers)
    error = unreadable(table, request, line, name, row)
    return MathError(error.message, hint=SKIP) if isinstance(error, MathError) else error
