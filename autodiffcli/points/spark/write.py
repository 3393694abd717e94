"""Results as they leave Spark: line by line through this process into one stream, or by its workers into a folder."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

import numpy as np

from autodiffcli.errors import AdcalcError, MathError, RequestError
from autodiffcli.points.records import DELIMITERS
from autodiffcli.points.rows import Block, Request
from autodiffcli.points.spark.read import FAULTLESS, FOREIGN, MISFIT, ONE_COLUMN, ORDER, Rows, address
from autodiffcli.points.stream import Summary

__all__ = ["folder", "lines", "put_in_place", "shown", "unreadable"]

BLOCK_ROWS = 16_384
_MARK = "adcalc cannot read "


def lines(rows: Rows, result: Any, target: BinaryIO, request: Request, progress: Callable[..., object]) -> Summary:
    """Write the rows in order, as text; what the workers make stays on their disks until it is asked for.

    result: a frame of the structure `row`, the inputs and the results.
    """
    from pyspark import StorageLevel

    table = rows.text(request)
    target.write(table.header())
    many = rows.files > 1
    wanted = result.orderBy(*ORDER) if many else result
    made = wanted.select("row.line", "row.fault", *result.columns[1:], *["row.path"] * many)
    made = made.persist(StorageLevel.DISK_ONLY)
    try:
        total = made.count()  # all parts at once; the iterator asks for one after the other
        answers = made.toLocalIterator(prefetchPartitions=True)
        taker = _Taker(rows, request)
        while found := list(islice(answers, BLOCK_ROWS)):
            for path, group in groupby(found, lambda row: shown(row.path) if many else ""):
                block, results, error = taker.block(path, [row[:-1] if many else row for row in group])
                taker.summary.count(block, results, path)
                if block.numbers:
                    target.writelines(table.render(block, results))
                if error is not None:
                    raise error
            progress(taker.summary.rows, taker.summary.rows / total)
        return taker.summary
    finally:
        made.unpersist()


class _Taker:
    """Takes in rows as Spark gives them, and numbers them in their files."""

    def __init__(self, rows: Rows, request: Request) -> None:
        self.rows, self.request = rows, request
        self.summary = Summary()
        self.path, self.number = "", 0

    def block(self, path: str, found: list[Any]) -> tuple[Block, list[Any], AdcalcError | None]:
        """Return a block of rows of a file, its results, and the error at the row where it had to end."""
        request = self.request
        if path != self.path:
            self.path, self.number = path, 0
        texts, numbers, nulls, kept = list[bytes](), list[int](), list[int](), list[Any]()
        error: AdcalcError | None = None
        for line, fault, *cells in found:
            self.number += 1
            if fault and (request.on_error == "fail" or not _stays(self.rows, request, fault, line)):
                error = unreadable(self.rows, request, line, path, self.number)
                break
            if fault and request.on_error == "skip":
                continue
            if fault:
                nulls.append(len(numbers))
            texts.append(b"{}" if fault == MISFIT and self.rows.kind == "jsonl" else (line or "").encode())
            numbers.append(self.number)
            kept.append(cells)
        skipped = 0 if error else len(found) - len(kept)
        width = len(request.inputs)
        cells = np.array(kept, dtype=np.float64).reshape(len(kept), width + len(request.outputs))  # None becomes nan
        columns = [np.ascontiguousarray(column) for column in cells.T]
        return Block(columns[:width], texts, b"\n", numbers, nulls=nulls, skipped=skipped), columns[width:], error


def _stays(rows: Rows, request: Request, fault: int, line: str) -> bool:
    """Return whether a row that cannot be read may be skipped, or written without results, as on_error says."""
    if fault != MISFIT or rows.kind == "jsonl":
        return fault != FOREIGN
    try:
        for _ in rows.text(request, (line or "").encode()).blocks():
            pass
    except MathError:  # it has too many fields
        return False
    return True


def unreadable(rows: Rows, request: Request, line: str, path: str, number: int = 0) -> AdcalcError:
    """Return the error for a row that cannot be read: what our own reader says of its line."""
    where = f"{path or request.table}: " + (f"row {number}" if number else "a row")
    if (rows.native, rows.kind) == ("parquet", "tsv") and "\0" in line:
        hint = "write CSV, JSON Lines or Parquet, or leave the table's columns out by --no-keep"
        return RequestError(f"{where}: a text with a tab or a line end in it, which TSV cannot hold", hint=hint)
    if rows.kind == "csv" and line.count('"') % 2:
        hint = "Spark takes tables apart at line ends: leave --engine spark out, or write the table as Parquet"
        return RequestError(f"{where}: a field in quotes goes over several lines", hint=hint)
    if "\ufffd" in line:
        return RequestError(f"{where}: not UTF-8", hint="tables of points are text in UTF-8")
    said = "Spark reads no numbers in it"
    try:
        for _ in rows.text(replace(request, on_error="fail", table=""), line.encode()).blocks():
            pass
    except MathError as error:  # ": row 1 (line 2): what is wrong"
        said = error.message.partition("): ")[2]
    except RequestError as error:
        return RequestError(f"{where}:{error.message}", hint=error.hint)
    others = ", or null" if request.on_error == "fail" else ""
    return MathError(f"{where}: {said}", hint=f"mend the row, or pass over such rows by --on-error skip{others}")


def folder(rows: Rows, result: Any, place: str, request: Request, kind: str, whole: bool) -> Summary:
    """Let the workers write the rows into a new folder, as parts or as one; the parts are in the order of the rows."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import Observation
    from pyspark.sql import functions as sql

    fault = sql.col("row.fault")
    answers = [sql.col(name) for name in result.columns[1 + len(request.inputs) :]]
    finite = sql.lit(True)
    for answer in answers:
        finite &= ~sql.isnan(answer) & (sql.abs(answer) < np.inf)
    counted = {"rows": fault >= 0, "faulty": fault > 0, "undefined": (fault == 0) & ~finite}
    counts = Observation("adcalc")
    result = result.observe(counts, *[sql.sum(sql.when(c, 1).otherwise(0)).alias(n) for n, c in counted.items()])
    refused = {"fail": FAULTLESS + 1, "null": MISFIT, "skip": FOREIGN}[request.on_error]
    told = sql.concat(sql.lit(_MARK), sql.to_json(sql.struct("row.path", "row.line")))
    answers[0] = sql.when(fault >= refused, sql.raise_error(told).cast("double")).otherwise(answers[0])
    if request.on_error == "skip":
        result = result.where((fault == FAULTLESS) | (fault == FOREIGN))
    if whole:
        result = result.repartition(1).sortWithinPartitions(*ORDER)
    if kind == "parquet":
        own = ["row.own.*"] if request.keep else []
        named = [answer.alias(name) for answer, name in zip(answers, request.outputs, strict=True)]
        writing = result.select(*own, *named).write.parquet
    elif kind == "jsonl":
        writing = result.select(_json_text(answers, request).alias("value")).write.text
    else:
        head = rows.text(request).header().decode().rstrip("\n")
        text = result.select(_delimited_text(answers, request, DELIMITERS[kind].decode()).alias(head))
        spaces = {"ignoreLeadingWhiteSpace": False, "ignoreTrailingWhiteSpace": False, "emptyValue": ""}
        writing = lambda place: text.write.csv(place, header=True, **ONE_COLUMN, **spaces)
    try:
        writing(place)
    except (Py4JError, PySparkException) as error:
        _, mark, row = str(error).partition(_MARK)
        if not mark:
            raise
        bad, _ = json.JSONDecoder().raw_decode(row)
        raise unreadable(rows, request, bad.get("line", ""), shown(bad["path"])) from None
    found = {name: count or 0 for name, count in counts.get.items()}
    if request.on_error == "skip":
        return Summary(found["rows"] - found["faulty"], skipped=found["faulty"], undefined=found["undefined"])
    return Summary(found["rows"], nulls=found["faulty"], undefined=found["undefined"])


def _delimited_text(answers: list[Any], request: Request, delimiter: str) -> Any:
    from pyspark.sql import functions as sql

    cells = [sql.coalesce(_number_text(answer, ""), sql.lit("")) for answer in answers]
    return sql.concat_ws(delimiter, *([sql.col("row.line")] if request.keep else []), *cells)


def _json_text(answers: list[Any], request: Request) -> Any:
    from pyspark.sql import functions as sql

    body = sql.regexp_replace("row.line", r"\s*\}\s*$", "") if request.keep else sql.lit("{")
    parts = [body, sql.when(body.rlike(r"^\s*\{$"), "").otherwise(", ")]
    for k, (answer, name) in enumerate(zip(answers, request.outputs, strict=True)):
        parts.append(sql.lit((", " if k else "") + json.dumps(name, ensure_ascii=False) + ": "))
        parts.append(sql.coalesce(_number_text(answer, '"'), sql.lit("null")))
    return sql.concat(*parts, sql.lit("}"))


def _number_text(number: Any, quote: str) -> Any:
    """Return a number as text, as everywhere here where it is not finite."""
    from pyspark.sql import functions as sql

    nan, inf, minus_inf = (sql.lit(f"{quote}{word}{quote}") for word in ("nan", "inf", "-inf"))
    text = sql.when(sql.isnan(number), nan).when(number == np.inf, inf).when(number == -np.inf, minus_inf)
    return text.otherwise(number.cast("string"))


@contextmanager
def put_in_place(out: str, whole: bool) -> Iterator[str]:
    """Give the address of a new folder that takes the place of `out` when the block ends well, or its only part does.

    On systems that are not this machine's the workers write into the folder itself, which is complete when it has a
    file _SUCCESS.
    """
    if "://" in out:
        yield out
        return
    place = Path(out).resolve()
    if not whole and place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise RequestError(f"cannot write {out}: it is there already", hint="name a new folder")
    if whole and place.is_dir():
        raise RequestError(f"cannot write {out}: it is a folder")
    beside = place.with_name(f".adcalc-{secrets.token_hex(8)}.tmp")
    try:
        if not os.access(place.parent, os.W_OK):
            raise RequestError(
                f"cannot write {out}: {'Permission denied' if place.parent.exists() else 'no such folder'}"
            )
        yield address(str(beside))
        parts = list(beside.glob("part-*")) if beside.is_dir() else []
        if not parts:
            hint = "write to a file system that all of them share, or text to one file"
            raise RequestError(f"cannot write {out}: the workers have written elsewhere", hint=hint)
        (parts[0] if whole else beside).replace(place)
    except OSError as error:
        raise RequestError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def shown(url: str) -> str:
    """Return where a file is as people write it."""
    return unquote(url.removeprefix("file://").removeprefix("file:")) if url.startswith("file:") else url
