"""Parquet into Parquet by Arrow alone: batches of rows are read and answered while those before them are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import BinaryIO

import pyarrow as pa
from pyarrow import parquet

from autodiffcli.errors import RequestError
from autodiffcli.language.parser import normalised
from autodiffcli.points.batches import Answers
from autodiffcli.points.columns import check_new_columns, find_columns
from autodiffcli.points.rows import batch_rows
from autodiffcli.points.source import PARQUET, open_points
from autodiffcli.points.stream import Progress, Summary

__all__ = ["convert"]

BATCH_ROWS = 65_536
_SAME = {"NONE", "STRING", "INT", "DECIMAL", "DATE", "TIMESTAMP", "JSON", "LIST", "MAP"}
"""Logical types that Arrow, of any version, writes as it reads them; a time of day loses its zone."""


def convert(
    paths: Sequence[str], target: BinaryIO, answers: Answers, compression: str, progress: Progress
) -> Summary | None:
    """Write tables of Parquet as one, with a column for each output, as `database.convert` does and raises.

    Return None where that is left to DuckDB: at files that differ in their columns, or are no Parquet, columns of types
    that Arrow does not write as they were, and inputs that are no integers or floats.
    """
    request = answers.request
    found = _described(paths[0])
    if found is None:
        return None
    first, encoded = found
    for path in paths[1:]:
        other = _described(path)
        if other is None or other[0] != first:
            return None
    names = [normalised(name) for name in first.names]
    request.seen(names)
    places = find_columns(request.inputs, names, request.table, request.fixed)
    check_new_columns(request.outputs, names if request.keep else (), request.table)
    if not all(pa.types.is_integer(first.types[k]) or pa.types.is_floating(first.types[k]) for k in places):
        return None
    kept = [field.with_name(name) for field, name in zip(first, names, strict=True)] if request.keep else []
    made = [pa.field(name, pa.float64()) for name in request.outputs]
    schema = pa.schema([*kept, *made])
    batches = _batches(paths, schema, places, answers, progress)
    options = {"compression": compression or "snappy", "use_dictionary": encoded if request.keep else False}
    with (
        closing(parquet.ParquetWriter(target, schema, **options)) as writer,
        ThreadPoolExecutor(1) as ahead,
    ):
        coming = ahead.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = ahead.submit(next, batches, None)
            writer.write_batch(batch)
    return answers.summary


def _batches(
    paths: Sequence[str], schema: pa.Schema, places: Sequence[int], answers: Answers, progress: Progress
) -> Iterator[pa.RecordBatch]:
    request, summary = answers.request, answers.summary
    for k, path in enumerate(paths):
        done = 0
        with open_points(path) as file:
            # what Arrow reads ahead it keeps until the file ends
            table = parquet.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False)
            wanted = None if request.keep else [table.schema_arrow.names[place] for place in places]
            batches = table.iter_batches(batch_rows(BATCH_ROWS, len(schema)), columns=wanted)
            while (batch := _next(batches, path)) is not None:
                inputs = [batch.column(table.schema_arrow.names[place]) for place in places]
                columns = batch.columns if request.keep else []
                columns, _, results, error = answers.of(path, done, batch.num_rows, columns, inputs, inputs)
                done += batch.num_rows
                yield pa.RecordBatch.from_arrays([*columns, *results], schema=schema)
                progress(summary.rows, (k + done / table.metadata.num_rows) / len(paths))
                if error is not None:
                    raise error


def _next(batches: Iterator[pa.RecordBatch], path: str) -> pa.RecordBatch | None:
    try:
        return next(batches, None)
    except (pa.ArrowException, OSError) as error:
        raise RequestError(f"{path}: Arrow cannot read it: {str(error).partition(chr(10))[0]}") from None


def _described(path: str) -> tuple[pa.Schema, list[str]] | None:
    """Return the columns of a file, and the leaves of those that are written by a dictionary, as they are when it pays.

    Return None if it is no Parquet that Arrow reads, or not all of it would be written as it was.
    """
    with open_points(path) as file:
        if file.read(len(PARQUET)) != PARQUET:
            return None
        try:
            table = parquet.ParquetFile(file)
            schema, metadata = table.schema_arrow, table.metadata
        except (pa.ArrowException, OSError):
            return None
    leaves = [metadata.schema.column(k) for k in range(len(metadata.schema))]
    same = all(leaf.logical_type.type in _SAME and leaf.physical_type != "INT96" for leaf in leaves)
    if not same or len(set(schema.names)) < len(schema.names):
        return None
    chunks = [metadata.row_group(0).column(k) for k in range(len(leaves))] if metadata.num_row_groups else []
    return schema, [chunk.path_in_schema for chunk in chunks if chunk.has_dictionary_page]
