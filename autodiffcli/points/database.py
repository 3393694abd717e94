"""Tables that DuckDB reads and writes: Parquet, compressed files, several files as one, and one kind out of another.

DuckDB takes files apart and puts them together, on all processors; the numbers in between are evaluated as everywhere,
in batches, so they are the same to the last bit, and memory does not grow with the table.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from autodiffcli.errors import AdcalcError, MathError, RequestError, missing_extra
from autodiffcli.language.parser import normalised
from autodiffcli.points.columns import check_distinct, check_new_columns, find_columns
from autodiffcli.points.delimited import header_cells
from autodiffcli.points.files import (
    NUMBERS,
    TEXT,
    File,
    arranged,
    before_unfit,
    double,
    header,
    parquet_columns,
    quoted,
    shown,
    unfit,
)
from autodiffcli.points.kinds import kind_of
from autodiffcli.points.pipes import widen
from autodiffcli.points.rows import Evaluate, OnError, Request, batch_rows
from autodiffcli.points.source import open_points
from autodiffcli.points.stream import Progress, Summary

if TYPE_CHECKING:
    from autodiffcli.points.batches import Answers

__all__ = ["Reading", "convert", "reading"]

BATCH_ROWS = 131_072
_KEPT_ROWS = 122_880
"""How many rows DuckDB keeps until it writes them: a group of Parquet's, and of text each of several threads."""
_SAMPLED = 20_480
"""Lines of JSON by which DuckDB knows its columns."""
_QUOTED = "delim = ',', quote = '\"', escape = '\"'"
_UNQUOTED = "delim = '\t', quote = '', escape = ''"
_SETTINGS = {
    "arrow_lossless_conversion": "true",
    "enable_external_file_cache": "false",  # it goes by paths, and a descriptor's number is used again
    "enable_progress_bar": "false",
    "memory_limit": "'512MB'",
}
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

    paths:    the files, in order; "-" is `piped`.
    kind:     of files whose names and content do not tell. written: the kind to write, by default that of the first
              file; compression: that of Parquet, "", "gzip" or "zstd".

    The rest is as in `stream`, and so are the numbers, their order, and what is raised. Columns that are kept are
    written anew, and rows with too many or too few fields cannot be: on_error="null" raises at them.
    """
    try:
        from autodiffcli.points.batches import Answers
    except ImportError:
        raise missing_extra("--engine duckdb", "data") from None

    for path in paths:
        if os.path.exists(path) and stat.S_ISFIFO(os.stat(path).st_mode):
            said = f"cannot read {path} by DuckDB: it is a pipe, and DuckDB goes back and forth in what it reads"
            raise RequestError(said, hint=f"give it as standard input: --points - < {path}")
    table = "standard input" if paths[0] == "-" else paths[0]
    request = Request(inputs, [prefix + output for output in outputs], keep, on_error, table, fixed, seen=seen)
    answers = Answers(request, evaluate, several=len(paths) > 1)
    if written in ("", "parquet") and "-" not in paths:
        from autodiffcli.points import parquet

        summary = parquet.convert(paths, target, answers, compression, progress)
        if summary is not None:
            return summary
    try:
        import duckdb
        import pyarrow
    except ImportError:
        raise missing_extra("--engine duckdb", "data") from None
    with _as_python_raises(), closing(duckdb.connect()) as reading, closing(duckdb.connect()) as writing:
        for connection in (reading, writing):
            for name, value in _SETTINGS.items():
                connection.execute(f"SET {name} = {value}")
        job = _Job(reading, answers, kind, piped, progress)
        job.tables = len(paths)
        job.failures = (duckdb.Error, pyarrow.ArrowException, OSError)
        if len(paths) > 1 and "-" not in paths:  # what does not fit is told before anything is written
            checked = job.files(paths)
            if first := next(checked, None):
                for file in checked:
                    arranged(file, first)
        files = job.files(paths)
        first = next(files, None)
        if first is not None:
            job.write(first, files, writing, target, written or first.kind, compression)
        elif written not in ("", "jsonl"):
            hint = f"write JSON Lines, which need none, or a table with a header as {written}"
            raise RequestError(f"{table} is empty: it names no columns", hint=hint)
    return answers.summary


@contextmanager
def _as_python_raises() -> Iterator[None]:
    """Raise KeyboardInterrupt for what DuckDB makes of one, whatever it was about, and MemoryError for its own."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException:  # where there is no table yet to name
        raise MemoryError from None
    except duckdb.Error as error:
        _raise_interrupt(error)
        raise
    except RuntimeError as error:
        if "interrupted" not in str(error):
            raise
        raise KeyboardInterrupt from None


def _raise_interrupt(error: Exception) -> None:
    """Raise KeyboardInterrupt if DuckDB or Arrow took one for an error of what they called, which they tell as text."""
    if "KeyboardInterrupt" in str(error):
        raise KeyboardInterrupt from None


class _Job:
    """What is asked, and what came of it so far."""

    def __init__(
        self,
        connection: Any,
        answers: Answers,
        kind: str,
        piped: BinaryIO | None,
        progress: Progress,
    ) -> None:
        self.connection, self.answers, self.request = connection, answers, answers.request
        self.kind, self.piped, self.progress = kind, piped, progress
        self.written = ""  # the kind that is written
        self.retyped: list[int] = []  # places of inputs that are kept as the doubles that their texts are
        self.tables, self.done = 1, 0  # files, and how many of them are done with
        self.failures: tuple[type[Exception], ...] = ()
        self.error: BaseException | None = None

    def files(self, paths: Sequence[str]) -> Generator[File, None, None]:
        """Open the files one after the other, but for those without a row; each is closed at the next."""
        for path in paths:
            with open_points(path) if path != "-" or self.piped is None else _put_aside(self.piped) as file:
                found = self._opened(path, file)
                if found is not None:
                    yield found

    def _opened(self, path: str, file: BinaryIO) -> File | None:
        """Give DuckDB a file by its descriptor: so no name is a pattern, or the address of a server.

        Return None for JSON Lines without any, which may be: no header is missing there.
        """
        name = "standard input" if path == "-" else path
        head = file.read(1 << 16)
        kind, compression = kind_of(path, head, self.kind)
        place = f"'/dev/fd/{file.fileno()}'"
        packed = f"compression = '{compression or 'none'}'"
        skip = ", ignore_errors = true" if self.request.on_error == "skip" else ""
        if kind in TEXT:
            dialect = f"{packed}, {_QUOTED if kind == 'csv' else _UNQUOTED}"
            names = header(file, kind, compression, name)
            typed = ", ".join(f"'c{k}': 'VARCHAR'" for k in range(len(names)))
            rest = f"columns = {{{typed}}}{skip}{', store_rejects = true' if skip else ''}"
            source = f"read_csv({place}, {dialect}, auto_detect = false, header = true, {rest})"
            return File(name, names, ["VARCHAR"] * len(names), source, kind)
        source = f"read_parquet({place})"
        if kind == "jsonl":
            source = f"read_json({place}, format = 'newline_delimited', {packed}{skip})"
        described = self._asked(f"DESCRIBE FROM {source}", name)
        found = [column for column, *_ in described]
        if kind == "jsonl" and found == ["json"] and not self._asked(f"FROM {source} LIMIT 1", name):
            return None
        if kind == "parquet":
            found = parquet_columns(self._asked(f"SELECT name, num_children FROM parquet_schema({place})", name))
        else:
            self._check_renamed(
                found, f"read_json_objects({place}, format = 'newline_delimited', {packed}{skip})", name
            )
        names = list(map(normalised, found))
        rows = self._asked(f"SELECT count(*) FROM {source}", name)[0][0] if kind == "parquet" else 0
        renamed = f"{source} AS t({', '.join(f'c{k}' for k in range(len(names)))})"
        return File(name, names, [type_ for _, type_, *_ in described], renamed, kind, rows)

    def _check_renamed(self, columns: list[str], source: str, name: str) -> None:
        """Raise RequestError where DuckDB has made x_1 of a key x that differs from another in case only."""
        known = {column.encode().lower() for column in columns}
        doubtful = [c for c in columns if re.fullmatch(r".*_\d+", c) and c.rpartition("_")[0].encode().lower() in known]
        if doubtful:
            keys = f"SELECT DISTINCT unnest(json_keys(json)) FROM (FROM {source} LIMIT {_SAMPLED})"
            there = {key for (key,) in self._asked(keys, name)}
            for column in doubtful:
                if column not in there:
                    said = f"two keys differ in case only: {column.rpartition('_')[0]!r} is one"
                    hint = "rename it, or leave --engine duckdb out, which ignores case"
                    raise RequestError(f"{name}: {said}", hint=hint)

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
            except self.failures as error:
                if self.error is None:
                    _raise_interrupt(error)
                    self.error = RequestError(f"DuckDB cannot write the table: {_first_line(error)}")
        if self.error is not None:
            raise self.error

    def _stream(self, file: File) -> Any:
        """Return a reader of batches: the columns kept, or the inputs, and inputs of other types as doubles."""
        request = self.request
        places = find_columns(request.inputs, file.columns, file.name, request.fixed)
        wanted = range(len(file.columns)) if request.keep else places
        self.check_types(file, places)
        # a column of JSON, where rows differ in kind; elsewhere its texts are texts
        bare = [type_ == "JSON" and self.written != "jsonl" for type_ in file.types]
        items = [f"c{k} ->> '$' AS c{k}" if bare[k] else f"c{k}" for k in wanted]
        others = [place for place in places if file.types[place] != "DOUBLE"]
        items += [f"{double(f'c{place}', file.types[place], file.kind)} AS d{place}" for place in others]
        if request.keep and self.written == "tsv" != file.kind:
            items.append(f"{unfit(file)} AS unfit")
        rows = batch_rows(BATCH_ROWS, len(items) + len(request.outputs))
        return self._asked(f"SELECT {', '.join(items) or 'NULL'} FROM {file.source}", file.name, rows)

    def check_types(self, file: File, places: Sequence[int]) -> None:
        """Raise RequestError for an input whose column, at its place, cannot hold numbers."""
        for name, place in zip(self.request.inputs, places, strict=True):
            if not NUMBERS.fullmatch(file.types[place]):
                raise RequestError(f"{file.name}: column {name!r} holds {file.types[place]}, which are no numbers")

    def _asked(self, query: str, name: str, rows: int = 0) -> Any:
        """Return the answer of DuckDB, in batches of so many rows or as a list; its complaints name the file."""
        try:
            relation = self.connection.sql(query)
            return relation.to_arrow_reader(rows) if rows else relation.fetchall()
        except self.failures as error:
            raise self._explained(error, name) from None

    def _explained(self, error: Exception, name: str) -> AdcalcError:
        _raise_interrupt(error)
        match = re.search(r"CSV Error on Line: (\d+)\n(?:Original Line: )?", str(error))
        if match is None:
            return RequestError(f"{name}: DuckDB cannot read it: {_first_line(error)}")
        row, _, said = re.split(r"\n\s*Possible ", str(error)[match.end() :])[0].rpartition("\n")
        if ("unterminated" in said and row.count('"') % 2) or "line size" in said:
            return _unclosed(name, match[1])
        hint = "mend the row, or pass over such rows by --on-error skip"
        return MathError(f"{name}: line {match[1]}: {said.strip().rstrip('.')}", hint=hint)

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
        except self.failures as error:  # pyarrow passes on what DuckDB says
            self.error = self._explained(error, file.name)
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
        if request.on_error == "skip" and file.kind in TEXT:
            quotes = "length(csv_line) - length(replace(csv_line, '\"', ''))"
            lost = f"(error_type = 'UNQUOTED VALUE' AND ({quotes}) % 2 = 1) OR error_type LIKE 'LINE SIZE%'"
            counted = f"count(DISTINCT line), min(line) FILTER (WHERE {lost})"
            ((rejected, unclosed),) = self._asked(f"SELECT {counted} FROM reject_errors", file.name)
            if unclosed is not None:  # what follows the quote is not a row, but all that is left of the table
                raise _unclosed(file.name, unclosed)
            self.connection.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
            summary.skipped += rejected


def _unclosed(name: str, line: object) -> RequestError:
    return RequestError(f"{name}: a quote is opened in line {line} and not closed", hint="is the file cut off?")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


@contextmanager
def _put_aside(piped: BinaryIO) -> Iterator[BinaryIO]:
    """Give what comes through a pipe as a file without a name: DuckDB goes back and forth in what it reads."""
    widen(piped)
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(piped, file, 1 << 20)
        file.flush()
        file.seek(0)
        yield file


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


class Reading(NamedTuple):
    """A file that is read as a table of doubles: its name, kind and source, and in SQL the inputs' columns.

    cells: as they stand in the file. doubles: as numbers, null where they are none.
    """

    name: str
    kind: str
    source: str
    cells: list[str]
    doubles: list[str]


@contextmanager
def reading(
    paths: Sequence[str], request: Request, place: str = ":memory:"
) -> Iterator[tuple[Callable[[str, str], Any], list[Reading]]]:
    """Open files for queries, as often as wanted.

    Gives a function that returns the answer to a query about a file, whose name it takes for messages; and the files.
    place: of DuckDB's own tables. Raises RequestError as `convert` does.
    """
    try:
        import duckdb
        import pyarrow

        from autodiffcli.points.batches import Answers
    except ImportError:
        raise missing_extra("--engine duckdb", "data") from None
    with _as_python_raises(), closing(duckdb.connect(place)) as connection, ExitStack() as stack:
        for name, value in _SETTINGS.items():
            connection.execute(f"SET {name} = {value}")
        job = _Job(connection, Answers(request, lambda columns: columns), "", None, lambda rows, share: None)
        job.failures = (duckdb.Error, pyarrow.ArrowException, OSError)

        def ask(query: str, name: str) -> list[tuple[Any, ...]]:
            try:
                return connection.execute(query).fetchall()
            except job.failures as error:
                raise job._explained(error, name) from None

        yield ask, [_reading(job, stack.enter_context(closing(job.files([path]))), request) for path in paths]


def _reading(job: _Job, opened: Iterator[File], request: Request) -> Reading:
    file = next(opened, None)
    if file is None:
        raise RequestError(f"{request.table} is empty: it has no rows")
    places = find_columns(request.inputs, file.columns, file.name, request.fixed, request.fixed_by)
    job.check_types(file, places)
    doubles = [double(f"c{place}", file.types[place], file.kind) for place in places]
    return Reading(file.name, file.kind, file.source, [f"c{place}" for place in places], doubles)
