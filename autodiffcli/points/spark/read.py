"""Tables as Spark reads them: lines of text with numbers in them, or columns of Parquet, each row with its place."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from autodiffcli.errors import RequestError
from autodiffcli.language.parser import normalised
from autodiffcli.points.columns import check_new_columns, find_columns
from autodiffcli.points.delimited import Delimited
from autodiffcli.points.jsonl import JsonLines
from autodiffcli.points.kinds import kind_by_content, named_kind
from autodiffcli.points.records import DELIMITERS
from autodiffcli.points.rows import Request
from autodiffcli.points.source import PARQUET, Source
from autodiffcli.points.stream import table_of

__all__ = ["FAULTLESS", "FOREIGN", "MISFIT", "ONE_COLUMN", "ORDER", "Rows", "address", "read"]

ONE_COLUMN = {"sep": "\x01\x02\x03\x04", "quote": "", "escape": ""}
"""Options under which a line of CSV is one column, as it stands."""
FAULTLESS, NO_NUMBER, MISFIT, FOREIGN = range(4)
"""What a row is: in order; without a number where one is wanted; not of the table's form; or such that no other row of
the table is to be trusted either."""
ORDER = ("row.path", "row.block", "row.id")
"""The columns by which rows are in the order of the files' names, and in that of each file."""
_DIALECTS = {
    "csv": {"sep": ",", "quote": '"', "escape": '"', "emptyValue": ""},
    "tsv": {"sep": "\t", "quote": "", "escape": "", "emptyValue": ""},
}
_WITH_SPACES = {"ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"}
_COMPRESSED = (".gz", ".bz2", ".zst", ".lz4", ".snappy", ".deflate")
_NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
_SPECIAL = {
    "NaN": r"(?i)^\s*[+-]?nan\s*$",
    "Infinity": r"(?i)^\s*[+]?inf(inity)?\s*$",
    "-Infinity": r"(?i)^\s*-inf(inity)?\s*$",
}
_ODD = "(length(line) - length(replace(line, '\"', ''))) % 2 = 1"
"""A quote is opened and not closed: the lines of a row that goes over several may come to two processors."""


@dataclass(frozen=True)
class Rows:
    """A table that Spark will read.

    frame: of every row the structure `row` and its inputs `i0`, `i1`, ... as doubles, null where it cannot be read. In
           `row`: its `line` as text; `fault`, what keeps it from being read; `path`, `block` and `id`, which say where
           it stands; and `own`, the columns of the table, where they are asked for.
    kind:  of the lines: csv, tsv or jsonl. head: the lines before the first row. files: how many there are.
    native: what the files are.
    """

    frame: Any
    kind: str
    head: bytes
    files: int
    native: str

    def text(self, request: Request, line: bytes = b"") -> Delimited | JsonLines:
        """Return a reader and writer of such lines, at the beginning of a table that has this one."""
        return _text(self.kind, self.head + line, request)


def read(spark: Any, path: str, request: Request, written: str) -> Rows:
    """Return the rows of a file, of all files in a folder, or of all whose names match a pattern.

    written: the kind to write, "" for the same.
    Raises RequestError for a table that lacks an input or is not to be written as that, and what Spark raises.
    """
    place = address(path)
    text = spark.read.text(place)
    files = text.inputFiles()
    if not files:
        raise RequestError(f"cannot read {path}: there are no files")
    kind = _kind_by_name(files[0])
    first = ""
    if kind != "parquet":
        found = text.where("trim(value) <> ''").first()
        if found is None:
            raise RequestError(f"{path} is empty: it has no header", hint="the first line of a table names its columns")
        first = found[0]
        kind = kind or ("parquet" if first.startswith(PARQUET.decode()) else kind_by_content(first.encode()))
    if kind == "parquet":
        return _parquet(spark, place, request, written, len(files))
    if written not in ("", kind, "parquet"):
        hint = "of Parquet it writes any kind; --engine duckdb writes any kind of any"
        raise RequestError(f"Spark writes {path}, which is {kind}, as that or as Parquet, not as {written}", hint=hint)
    if kind == "jsonl":
        for _ in _text(kind, first.encode(), request).blocks():
            pass  # it raises where the first row lacks an input
        frame = _json_lines(spark, place, text, request, written)
        return Rows(frame, kind, b"", len(files), kind)
    head = first.encode() + b"\n"
    table = _text(kind, head, request)
    assert isinstance(table, Delimited)
    frame = _delimited(spark, place, first, kind, table.names, request, written)
    return Rows(frame, kind, head, len(files), kind)


def address(path: str) -> str:
    """Return a path as Spark takes it: of this machine unless it names a system, taken literally where it exists."""
    if "://" in path:
        return path
    if os.path.exists(path):
        path = "".join("\\" + c if c in "\\[]{}*?" else c for c in path)
    return "file://" + (path if os.path.isabs(path) else os.path.join(os.getcwd(), path))


def _text(kind: str, lines: bytes, request: Request) -> Delimited | JsonLines:
    return table_of(kind, Source(io.BytesIO(lines), request.table), request)


def _kind_by_name(path: str) -> str:
    name = PurePath(path).name
    for suffix in _COMPRESSED:
        name = name.removesuffix(suffix)
    return named_kind(name)[0]


def _delimited(
    spark: Any, place: str, head: str, kind: str, names: Sequence[str], request: Request, written: str
) -> Any:
    """Let Spark's reader pass over the headers, and check that all are alike; and take the lines apart afterwards."""
    from pyspark.sql import functions as sql
    from pyspark.sql.types import StringType, StructField, StructType

    whole = StructType([StructField(head, StringType())])
    lines = spark.read.csv(place, schema=whole, header=True, enforceSchema=False, **ONE_COLUMN)
    frame = lines.select(sql.col(_quoted(head)).alias("line"), *_places())
    frame = frame.where(sql.col("line").isNotNull() & (sql.trim("line") != ""))
    fields = ", ".join([*[f"c{k} STRING" for k in range(len(names))], "misfit STRING"])
    options = _DIALECTS[kind] | {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": "misfit"}
    frame = frame.withColumn("p", sql.from_csv("line", fields, options))
    foreign = sql.contains(sql.col("line"), sql.lit("\ufffd"))
    if kind == "csv":
        foreign |= sql.expr(_ODD)
    places = find_columns(request.inputs, names, request.table, request.fixed, request.fixed_by)
    inputs = [_number(sql.col(f"p.c{place}")) for place in places]
    own = sql.struct(*[sql.col(f"p.c{k}").alias(name) for k, name in enumerate(names)])
    misfit = sql.col("p.misfit").isNotNull()
    return _with_inputs(frame, inputs, misfit, foreign, own if request.keep and written == "parquet" else None)


def _json_lines(spark: Any, place: str, text: Any, request: Request, written: str) -> Any:
    """Take lines with an object each; texts stand for numbers where these are not finite, as everywhere in our JSON."""
    from pyspark.sql import functions as sql

    frame = text.select(sql.col("value").alias("line"), *_places()).where("trim(line) <> ''")
    strict = {"allowSingleQuotes": "false"}
    names = request.inputs or ["x"]
    number, word = (", ".join(f"{_quoted(name)} {type_}" for name in names) for type_ in ("DOUBLE", "STRING"))
    # in brackets, what follows the object is a second one, or an error
    several = sql.from_json(sql.concat(sql.lit("["), "line", sql.lit("]")), f"ARRAY<STRUCT<{word}>>", strict)
    frame = frame.withColumn("n", sql.from_json("line", number, strict)).withColumn("w", several)
    first = sql.get("w", 0)
    inputs = [sql.coalesce(sql.col("n")[name], _special(first[name])) for name in request.inputs]
    keys = sql.json_object_keys("line")
    taken = [*request.fixed, *(request.outputs if request.keep else ())]
    foreign = ~sql.is_valid_utf8("line")
    if taken:
        foreign |= sql.arrays_overlap(keys, sql.array(*map(sql.lit, taken)))
    own = None
    if request.keep and written == "parquet":
        schema = spark.read.json(place, allowSingleQuotes=False).schema
        own = sql.from_json("line", schema, strict)
    return _with_inputs(frame, inputs, keys.isNull() | sql.col("w").isNull() | (sql.size("w") != 1), foreign, own)


def _parquet(spark: Any, place: str, request: Request, written: str, files: int) -> Rows:
    """Take columns, whose lines are of the kind to write."""
    from pyspark.sql import functions as sql
    from pyspark.sql.types import NumericType, StringType

    table = spark.read.parquet(place)
    columns = table.columns
    names = [normalised(name) for name in columns]
    request.seen(names)
    places = find_columns(request.inputs, names, request.table, request.fixed, request.fixed_by)
    check_new_columns(request.outputs, names if request.keep else (), request.table)
    inputs = []
    for name, k in zip(request.inputs, places, strict=True):
        type_ = table.schema[k].dataType
        if not isinstance(type_, NumericType | StringType):
            raise RequestError(
                f"column {name!r} of {request.table} holds {type_.simpleString()}, which is no number",
                hint="write it as a number first",
            )
        column = sql.col(_quoted(columns[k]))
        inputs.append(_number(column) if isinstance(type_, StringType) else column.cast("double"))
    own = sql.struct(*[sql.col(_quoted(column)).alias(name) for column, name in zip(columns, names, strict=True)])
    kind = written if written in (*DELIMITERS, "jsonl") else "csv"
    line = sql.to_json(own) if kind == "jsonl" else sql.to_csv(own, _DIALECTS[kind] | _WITH_SPACES)
    if not request.keep:
        line = sql.lit("{}" if kind == "jsonl" else DELIMITERS[kind].decode() * (len(names) - 1))
    frame = table.select("*", line.alias("line"), *_places())
    sound = sql.lit(False)
    # where TSV would need quotes, of which it has none, Spark puts NUL
    unfit = sql.contains(sql.col("line"), sql.lit("\0")) if kind == "tsv" and request.keep else sound
    frame = _with_inputs(frame, inputs, sound, unfit, own if request.keep and written in ("", "parquet") else None)
    out = io.StringIO()
    csv.writer(out, delimiter="\t" if kind == "tsv" else ",", lineterminator="\n").writerow(names)
    return Rows(frame, kind, b"" if kind == "jsonl" else out.getvalue().encode(), files, "parquet")


def _places() -> list[Any]:
    from pyspark.sql import functions as sql

    return [
        sql.col("_metadata.file_path").alias("_path_"),
        sql.col("_metadata.file_block_start").alias("_block_"),
        sql.monotonically_increasing_id().alias("_id_"),
    ]


def _with_inputs(frame: Any, inputs: Sequence[Any], misfit: Any, foreign: Any, own: Any | None) -> Any:
    from pyspark.sql import functions as sql

    missing = sql.lit(False)
    for column in inputs:
        missing |= column.isNull()
    fault = sql.when(foreign, FOREIGN).when(misfit, MISFIT).when(missing, NO_NUMBER).otherwise(FAULTLESS)
    row = [sql.col(f"_{name}_").alias(name) for name in ("path", "block", "id")]
    row += [sql.col("line"), fault.alias("fault"), *([] if own is None else [own.alias("own")])]
    made = frame.select(sql.struct(*row).alias("row"), *[column.alias(f"i{k}") for k, column in enumerate(inputs)])
    good = sql.col("row.fault") == FAULTLESS
    return made.select("row", *[sql.when(good, sql.col(name)).alias(name) for name in made.columns[1:]])


def _number(text: Any) -> Any:
    """Return a text as a number, null where it is none: 1d and 0x1p3, which Java reads, are none here."""
    from pyspark.sql import functions as sql

    return sql.coalesce(sql.when(text.rlike(_NUMBER), text.try_cast("double")), _special(text))


def _special(text: Any) -> Any:
    """Return what words stand for: nan, inf and -inf, in any case."""
    from pyspark.sql import functions as sql

    found = sql.lit(None)
    for value, pattern in _SPECIAL.items():
        found = sql.when(text.rlike(pattern), sql.lit(float(value))).otherwise(found)
    return found


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
