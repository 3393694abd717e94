"""Tables that DuckDB reads and writes: Parquet, compressed files, several files as one, and one kind out of another.

DuckDB takes files apart and puts them together, on all processors; the numbers in between are evaluated as everywhere,
in batches, so they are the same to the last bit, and memory does not grow with the table.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any, BinaryIO

from autodiffcli.errors import RequestError, missing_extra
from autodiffcli.points.columns import check_distinct, check_new_columns, find_columns
from autodiffcli.points.delimited import header_cells
from autodiffcli.points.files import (
    TEXT,
    File,
    arranged,
    before_unfit,
    double,
    quoted,
    shown,
    unfit,
)
from autodiffcli.points.pipes import widen
from autodiffcli.points.reading import Reader, connected, first_line, raise_interrupt, refuse_pipes
from autodiffcli.points.rows import Evaluate, OnError, Request, batch_rows
from autodiffcli.points.stream import Progress, Summary

if TYPE_CHECKING:
    from autodiffcli.points.batches import Answers

__all__ = ["convert"]

BATCH_ROWS = 131_072
_KEPT_ROWS = 122_880
"""How many rows DuckDB keeps until it writes them: a group of Parquet's, and of text each of several threads."""
_WRITTEN = {
    "csv": "FORMAT csv, HEADER false",
    "tsv": "FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE ''",
    "jsonl": "FORMAT json",
    "parquet": "FORMAT parquet",
}


def convert(
    paths: Sequence[str],
    target: BinaryIO,
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    evaluate: Evaluate,
    kind: str = "",
    written: str = "",
    compression: str = "",
    keep: bool = True,
    prefix: str = "",
    on_error: OnError = "fail",
    fixed: Sequence[str] = (),
    seen: Callable[[Iterable[str]], object] = lambda names: None,
    piped: BinaryIO | None = None,
    progress: Progress = lambda rows, share: None,
) -> Summary:
    """Read tables of points from files, and write them as one to target, with a column for each output.

    paths:    the files, in order; or the name of what `piped` gives, "-" for standard input.
    kind:     of files whose names and content do not tell. written: the kind to write, by default that of the first
              file; compression: that of Parquet, "", "gzip" or "zstd".

    The rest is as in `stream`, and so are the numbers, their order, and what is raised. Columns that are kept are
    written anew, and rows with too many or too few fields cannot be: on_error="null" raises at them.
    """
    try:
        from autodiffcli.points.batches import Answers
    except ImportError:
        raise missing_extra("--engine duckdb", "data") from None
    if piped is None:
        refuse_pipes(paths)
    table = "standard input" if paths[0] == "-" else paths[0]
    request = Request(inputs, [prefix + output for output in outputs], keep, on_error, table, fixed, seen=seen)
    answers = Answers(request, evaluate, several=len(paths) > 1)
    if written in ("", "parquet") and piped is None:
        from autodiffcli.points import parquet

        summary = parquet.convert(paths, target, answers, compression, progress)
        if summary is not None:
            return summary
    with connected() as connection, connected() as writing:
        reader = Reader(connection, request, kind, piped)
        job = _Job(reader, answers, progress, len(paths))
        if len(paths) > 1:  # what does not fit is told before anything is written
            checked = reader.files(paths)
            if first := next(checked, None):
                for file in checked:
                    arranged(file, first)
        files = reader.files(paths)
        first = next(files, None)
        if first is not None:
            job.write(first, files, writing, target, written or first.kind, compression)
        elif written not in ("", "jsonl"):
            hint = f"write JSON Lines, which need none, or a table with a header as {written}"
            raise RequestError(f"{table} is empty: it names no columns", hint=hint)
    return answers.summary


class _Job:
    """What is asked, and what came of it so far."""

    def __init__(self, reader: Reader, answers: Answers, progress: Progress, tables: int) -> None:
        self.reader, self.answers, self.request = reader, answers, answers.request
        self.progress, self.tables, self.done = progress, tables, 0  # files, and how many of them are done with
        self.written = ""  # the kind that is written
        self.retyped: list[int] = []  # places of inputs that are kept as the doubles that their texts are
        self.error: BaseException | None = None

    def write(
        self, first: File, rest: Iterator[File], connection: Any, target: BinaryIO, kind: str, compression: str
    ) -> None:
        """Let DuckDB write the batches as they are made; what stopped them is raised afterwards."""
        import pyarrow

        request, self.written = self.request, kind
        request.seen(first.columns)
        find_columns(request.inputs, first.columns, request.table, request.fixed)
        check_new_columns(request.outputs, first.columns if request.keep else (), request.table)
        stream = self._stream(first)
        kept = list(stream.schema)[: len(first.columns)] if request.keep else []
        if request.keep and first.kind not in ("parquet", kind) and not {kind, first.kind} <= set(TEXT):
            self.retyped = find_columns(request.inputs, first.columns, request.table)
            for place in self.retyped:
                kept[place] = pyarrow.field(f"c{place}", pyarrow.float64())
        made = [pyarrow.field(f"r{k}", pyarrow.float64()) for k in range(len(request.outputs))]
        schema = pyarrow.schema([*kept, *made])
        batches = self._batches(first, stream, rest, schema)
        connection.register("results", pyarrow.RecordBatchReader.from_batches(schema, batches))
        names = [*(first.columns if request.keep else []), *request.outputs]
        if kind in TEXT:  # any names may stand in a header, in DuckDB not: it ignores their case
            target.write(header_cells(names, kind) + b"\n")
            items = [shown(field, kind) for field in schema]
        else:
            check_distinct(names, request.table, kind)
            items = [f"{shown(f, kind)} AS {quoted(name)}" for f, name in zip(schema, names, strict=True)]
        options = _WRITTEN[kind]
        at_once = batch_rows(_KEPT_ROWS, len(schema))
        if kind == "parquet":
            options += f", ROW_GROUP_SIZE {at_once - at_once % 2_048}"
            options += f", COMPRESSION {compression}" if compression else ""
        elif at_once < _KEPT_ROWS:
            connection.execute("SET threads = 1")
        with _pipe_to(target) as path:
            try:
                connection.execute(f"COPY (SELECT {', '.join(items)} FROM results) TO '{path}' ({options})")
            except self.reader.failures as error:
                if self.error is None:
                    raise_interrupt(error)
                    self.error = RequestError(f"DuckDB cannot write the table: {first_line(error)}")
        if self.error is not None:
            raise self.error

    def _stream(self, file: File) -> Any:
        """Return a reader of batches: the columns kept, or the inputs, and inputs of other types as doubles."""
        request = self.request
        places = find_columns(request.inputs, file.columns, file.name, request.fixed)
        wanted = range(len(file.columns)) if request.keep else places
        self.reader.check_types(file, places)
        # a column of JSON, where rows differ in kind; elsewhere its texts are texts
        bare = [type_ == "JSON" and self.written != "jsonl" for type_ in file.types]
        items = [f"c{k} ->> '$' AS c{k}" if bare[k] else f"c{k}" for k in wanted]
        others = [place for place in places if file.types[place] != "DOUBLE"]
        items += [f"{double(f'c{place}', file.types[place], file.kind)} AS d{place}" for place in others]
        if request.keep and self.written == "tsv" != file.kind:
            items.append(f"{unfit(file)} AS unfit")
        rows = batch_rows(BATCH_ROWS, len(items) + len(request.outputs))
        return self.reader.asked(f"SELECT {', '.join(items) or 'NULL'} FROM {file.source}", file.name, rows)

    def _batches(self, first: File, stream: Any, rest: Iterator[File], schema: Any) -> Iterator[Any]:
        """Yield batches of results; an error ends them and is kept, since DuckDB would tell but its text."""
        file = first
        try:
            while True:
                yield from self._answered(file, stream, schema)
                following = next(rest, None)
                if following is None:
                    return
                file = arranged(following, first)
                stream = self._stream(file)
        except GeneratorExit:
            raise
        except self.reader.failures as error:  # pyarrow passes on what DuckDB says
            self.error = self.reader.explained(error, file.name)
        except BaseException as error:
            self.error = error

    def _answered(self, file: File, stream: Any, schema: Any) -> Iterator[Any]:
        import pyarrow

        request, summary, done = self.request, self.answers.summary, 0
        places = find_columns(request.inputs, file.columns, file.name)
        named = [f"c{place}" if file.types[place] == "DOUBLE" else f"d{place}" for place in places]
        width = len(file.columns if request.keep else places)
        for batch in stream:
            batch, spoiled = before_unfit(file, batch, done)
            raw, doubles = batch.columns[:width], [batch.column(name) for name in named]
            cells = [raw[place] for place in places] if request.keep else raw
            raw, doubles, made, error = self.answers.of(file.name, done, batch.num_rows, raw, cells, doubles)
            done += batch.num_rows
            for place, column in zip(self.retyped, doubles, strict=False):
                raw[place] = column
            yield pyarrow.RecordBatch.from_arrays([*(raw if request.keep else []), *made], schema=schema)
            share = done / file.rows if file.rows else 0.0
            self.progress(summary.rows, (self.done + share) / self.tables or None)
            if failed := error or spoiled:
                raise failed
        self.done += 1
        summary.skipped += self.reader.rejected(file)


@contextmanager
def _pipe_to(target: BinaryIO) -> Iterator[str]:
    """Give the path of a pipe whose bytes go to target as they come; what target raises is raised at the end."""
    reading, writing = os.pipe()
    failed: list[BaseException] = []

    def carry() -> None:
        with os.fdopen(reading, "rb", buffering=0) as source:  # closed at an error, which ends the writer too
            widen(source)
            try:
                shutil.copyfileobj(source, target, 1 << 20)
            except BaseException as error:
                failed.append(error)

    thread = Thread(target=carry, daemon=True)
    try:
        thread.start()  # where Ctrl-C may come as well
        yield f"/dev/fd/{writing}"
    finally:
        os.close(writing)
        if thread.is_alive():
            thread.join()
        if failed:
            raise failed[0]
