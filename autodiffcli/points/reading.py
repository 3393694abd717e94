"""Files that DuckDB reads: what it learns of each, and its answers and complaints as those of this program."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any, BinaryIO, NamedTuple

from autodiffcli.errors import AdcalcError, MathError, RequestError, missing_extra
from autodiffcli.language.parser import normalised
from autodiffcli.points.columns import find_columns
from autodiffcli.points.files import NUMBERS, TEXT, File, double, header, parquet_columns, text
from autodiffcli.points.kinds import kind_of
from autodiffcli.points.pipes import is_pipe, widen
from autodiffcli.points.rows import Request
from autodiffcli.points.source import open_points

__all__ = ["Reader", "Reading", "connected", "first_line", "raise_interrupt", "reading", "refuse_pipes"]

_QUOTED = "delim = ',', quote = '\"', escape = '\"'"
_UNQUOTED = "delim = '\t', quote = '', escape = ''"
_WIDE = 32
"""Columns of JSON that several threads have room for in DuckDB's memory."""
_SETTINGS = {
    "arrow_lossless_conversion": "true",
    "enable_external_file_cache": "false",  # it goes by paths, and a descriptor's number is used again
    "enable_progress_bar": "false",
    "memory_limit": "'512MB'",
}


@contextmanager
def connected(place: str = ":memory:") -> Iterator[Any]:
    """Give a connection to DuckDB, whose own tables are at a place.

    Raises KeyboardInterrupt for what DuckDB makes of one, whatever it was about, and MemoryError for its own.
    """
    try:
        import duckdb
        import pyarrow  # noqa: F401
    except ImportError:
        raise missing_extra("--engine duckdb", "data") from None
    try:
        with closing(duckdb.connect(place)) as connection:
            for name, value in _SETTINGS.items():
                connection.execute(f"SET {name} = {value}")
            yield connection
    except duckdb.OutOfMemoryException:  # where there is no table yet to name
        raise MemoryError from None
    except duckdb.Error as error:
        raise_interrupt(error)
        raise
    except RuntimeError as error:
        if "interrupted" not in str(error):
            raise
        raise KeyboardInterrupt from None


def raise_interrupt(error: Exception) -> None:
    """Raise KeyboardInterrupt if DuckDB or Arrow took one for an error of what they called, which they tell as text."""
    if "KeyboardInterrupt" in str(error):
        raise KeyboardInterrupt from None


def refuse_pipes(paths: Sequence[str]) -> None:
    """Raise RequestError for a pipe among files."""
    for path in paths:
        if is_pipe(path):
            said = f"cannot read {path} by DuckDB: it is a pipe, and DuckDB goes back and forth in what it reads"
            raise RequestError(said, hint="write the table to a file, and name that")


class Reader:
    """Files as DuckDB reads them for a request.

    kind: of files whose names and content do not tell. piped: what is read in place of a file.
    """

    def __init__(self, connection: Any, request: Request, kind: str = "", piped: BinaryIO | None = None) -> None:
        import duckdb
        import pyarrow

        self.connection, self.request, self.kind, self.piped = connection, request, kind, piped
        self.failures: tuple[type[Exception], ...] = (duckdb.Error, pyarrow.ArrowException, OSError)

    def files(self, paths: Sequence[str]) -> Generator[File, None, None]:
        """Open the files one after the other, but for those without a row; each is closed at the next."""
        for path in paths:
            with open_points(path) if self.piped is None else _put_aside(self.piped) as file:
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
        if compression:
            _check_packed(file, compression, name)
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
        rows = 0
        if kind == "jsonl":
            options = f"format = 'newline_delimited', {packed}{skip}"
            described = self._described(place, options, name)
            if not described:
                return None
            found, types = list(described), list(described.values())
            columns = ", ".join(f"{text(column)}: {text(type_)}" for column, type_ in described.items())
            source = f"read_json({place}, {options}, columns = {{{columns}}})"
            if len(found) > _WIDE:
                self.connection.execute("SET threads = 1")
        else:
            source = f"read_parquet({place})"
            types = [type_ for _, type_, *_ in self.asked(f"DESCRIBE FROM {source}", name)]
            found = parquet_columns(self.asked(f"SELECT name, num_children FROM parquet_schema({place})", name))
            ((rows,),) = self.asked(f"SELECT count(*) FROM {source}", name)
        renamed = f"{source} AS t({', '.join(f'c{k}' for k in range(len(found)))})"
        return File(name, list(map(normalised, found)), types, renamed, kind, rows)

    def _described(self, place: str, options: str, name: str) -> dict[str, str]:
        """Return the type of each key of JSON Lines, as all rows are; nothing where there are no rows.

        Inputs are taken as they stand: what is no number is told where it is, as true among numbers.
        """
        source = f"read_json({place}, {options}, sample_size = -1)"  # else rows are rounded to what the first ones are
        objects = f"read_json_objects({place}, {options})"
        described = {column: type_ for column, type_, *_ in self.asked(f"DESCRIBE FROM {source}", name)}
        if list(described) == ["json"]:  # no rows; many keys, taken for one map; or rows that are no objects
            if not self.asked(f"FROM {objects} LIMIT 1", name):
                return {}
            query = f"SELECT json_group_structure(json) FROM {objects} WHERE json_type(json) = 'OBJECT'"
            ((structure,),) = self.asked(query, name)
            described = {
                column: type_ if isinstance(type_, str) and type_ != "NULL" else "JSON"
                for column, type_ in json.loads(structure or "{}").items()
            }
        self._check_renamed(list(described), objects, name)
        return {
            column: "JSON" if normalised(column) in self.request.inputs else type_
            for column, type_ in described.items()
        }

    def _check_renamed(self, columns: list[str], source: str, name: str) -> None:
        """Raise RequestError where DuckDB has made x_1 of a key x that differs from another in case only."""
        known = {column.encode().lower() for column in columns}
        doubtful = [c for c in columns if re.fullmatch(r".*_\d+", c) and c.rpartition("_")[0].encode().lower() in known]
        if doubtful:
            keys = f"SELECT DISTINCT unnest(json_keys(json)) FROM (FROM {source})"
            there = {key for (key,) in self.asked(keys, name)}
            for column in doubtful:
                if column not in there:
                    said = f"two keys differ in case only: {column.rpartition('_')[0]!r} is one"
                    hint = "rename it, or leave --engine duckdb out, which ignores case"
                    raise RequestError(f"{name}: {said}", hint=hint)

    def check_types(self, file: File, places: Sequence[int]) -> None:
        """Raise RequestError for an input whose column, at its place, cannot hold numbers."""
        for name, place in zip(self.request.inputs, places, strict=True):
            if not NUMBERS.fullmatch(file.types[place]):
                raise RequestError(f"{file.name}: column {name!r} holds {file.types[place]}, which are no numbers")

    def asked(self, query: str, name: str, rows: int = 0) -> Any:
        """Return the answer of DuckDB, in batches of so many rows or as a list; its complaints name the file."""
        try:
            if rows:
                return self.connection.sql(query).to_arrow_reader(rows)
            return self.connection.execute(query).fetchall()
        except self.failures as error:
            raise self.explained(error, name) from None

    def rejected(self, file: File | Reading) -> int:
        """Return how many rows of a file were passed over as it was taken apart, and forget them."""
        if self.request.on_error != "skip" or file.kind not in TEXT:
            return 0
        quotes = "length(csv_line) - length(replace(csv_line, '\"', ''))"
        lost = f"(error_type = 'UNQUOTED VALUE' AND ({quotes}) % 2 = 1) OR error_type LIKE 'LINE SIZE%'"
        counted = f"count(DISTINCT line), min(line) FILTER (WHERE {lost})"
        ((count, unclosed),) = self.asked(f"SELECT {counted} FROM reject_errors", file.name)
        if unclosed is not None:  # what follows the quote is not a row, but all that is left of the table
            raise _unclosed(file.name, unclosed)
        self.connection.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
        return int(count)

    def explained(self, error: Exception, name: str) -> AdcalcError:
        """Return what DuckDB complains of as an error that names the file, and the line where it says so."""
        raise_interrupt(error)
        match = re.search(r"CSV Error on Line: (\d+)\n(?:Original Line: )?", str(error))
        if match is None:
            return RequestError(f"{name}: DuckDB cannot read it: {first_line(error)}")
        row, _, said = re.split(r"\n\s*Possible ", str(error)[match.end() :])[0].rpartition("\n")
        if ("unterminated" in said and row.count('"') % 2) or "line size" in said:
            return _unclosed(name, match[1])
        hint = "mend the row, or pass over such rows by --on-error skip"
        return MathError(f"{name}: line {match[1]}: {said.strip().rstrip('.')}", hint=hint)


def _unclosed(name: str, line: object) -> RequestError:
    return RequestError(f"{name}: a quote is opened in line {line} and not closed", hint="is the file cut off?")


def first_line(error: Exception) -> str:
    """Return how a complaint begins: lines with advice for who calls DuckDB follow."""
    return str(error).strip().partition("\n")[0]


def _check_packed(file: BinaryIO, compression: str, name: str) -> None:
    """Raise RequestError for a compressed file that is damaged or cut off: DuckDB would take it for a shorter one."""
    import pyarrow

    file.seek(0)
    with os.fdopen(os.dup(file.fileno()), "rb") as again, pyarrow.CompressedInputStream(again, compression) as stream:
        try:
            while stream.read(1 << 20):
                pass
        except OSError as error:
            said = f"{name} is damaged or cut off: {first_line(error)}"
            raise RequestError(said, hint="compress the table anew") from None


@contextmanager
def _put_aside(piped: BinaryIO) -> Iterator[BinaryIO]:
    """Give what comes through a pipe as a file without a name: DuckDB goes back and forth in what it reads."""
    widen(piped)
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(piped, file, 1 << 20)
        file.flush()
        file.seek(0)
        yield file


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
def reading(paths: Sequence[str], request: Request, place: str = ":memory:") -> Iterator[tuple[Reader, list[Reading]]]:
    """Open files for queries, as often as wanted.

    Gives a reader, to be asked, and the files. place: of DuckDB's own tables.
    Raises RequestError for what is no file, or lacks an input's column.
    """
    refuse_pipes(paths)
    with connected(place) as connection, ExitStack() as stack:
        reader = Reader(connection, request)
        yield reader, [_reading(reader, stack.enter_context(closing(reader.files([path])))) for path in paths]


def _reading(reader: Reader, opened: Iterator[File]) -> Reading:
    file, request = next(opened, None), reader.request
    if file is None:
        raise RequestError(f"{request.table} is empty: it has no rows")
    places = find_columns(request.inputs, file.columns, file.name, request.fixed, request.fixed_by)
    reader.check_types(file, places)
    doubles = [double(f"c{place}", file.types[place], file.kind) for place in places]
    return Reading(file.name, file.kind, file.source, [f"c{place}" for place in places], doubles)
