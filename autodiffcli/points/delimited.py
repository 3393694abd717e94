"""CSV (RFC 4180) and TSV (no quoting): numbers out of rows; results behind the rows, whose own text stays as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from types import ModuleType

import numpy as np

from autodiffcli.errors import RequestError
from autodiffcli.language.parser import normalised
from autodiffcli.limits import processors
from autodiffcli.points.columns import check_new_columns, find_columns
from autodiffcli.points.records import DELIMITERS, Records, line_end
from autodiffcli.points.rows import Block, Floats, Request, RowReader, excerpt
from autodiffcli.points.shortest import float_rows
from autodiffcli.points.source import Source, Text
from autodiffcli.points.table import Table

__all__ = ["Delimited", "header_cells"]


class Delimited(Table):
    """A table of delimited text, read block by block. Blank lines are no rows, and are left out."""

    def __init__(self, kind: str, source: Source, request: Request) -> None:
        super().__init__(source)
        self._kind, self._request = kind, request
        self._delimiter = DELIMITERS[kind]
        self._records = Records(kind, request.table)
        self._number = 1
        self._arrow: ModuleType | None = None
        self.names, self._header, self._end = self._read_header()
        request.seen(self.names)
        self._places = find_columns(request.inputs, self.names, request.table, request.fixed, request.fixed_by)
        check_new_columns(request.outputs, self.names if request.keep else (), request.table)

    def header(self) -> bytes:
        """Return the first line of the table to write."""
        new = header_cells(self._request.outputs, self._kind)
        return (self._header + self._delimiter + new if self._request.keep else new) + self._end

    def threads(self) -> int:
        """Return one thread for each processor where there is much to do, and Arrow there to do it."""
        if self._arrow is None and self.source.large() and find_spec("pyarrow") and find_spec("orjson"):
            from autodiffcli.points import arrow

            self._arrow = arrow
        return processors() if self._arrow else 0

    def accept(self, block: Block) -> Block | None:
        """Return the next rows with their numbers in the table, unless a field in quotes is open before them."""
        if self._records.open:
            return None
        numbers = range(self._number, self._number + len(block.numbers))
        self._records.line += len(numbers)
        self._number = numbers.stop
        return replace(block, numbers=numbers)

    def end(self) -> None:
        """Raise if a field in quotes is open."""
        if self._records.open:
            where = f"in the row that begins in line {self._records.line}"
            raise RequestError(f"{self._request.table} ends inside quotes, {where}", hint="is the file cut off?")

    def render(self, block: Block, results: Sequence[Floats]) -> Sequence[Text]:
        """Return the rows to write."""
        if self._arrow and not (block.texts or block.nulls):
            pieces = self._arrow.write_rows(block.whole, results, self._delimiter)
            return pieces if block.end == b"\n" else [bytes(piece).replace(b"\n", block.end) for piece in pieces]
        texts = block.texts or block.whole.split(b"\n")[:-1]
        lead = self._delimiter if self._request.keep else b""
        text = float_rows(results, lead=lead, separator=self._delimiter, end=block.end)
        if not (lead or block.nulls or block.ends):
            return [text]
        news = text.splitlines(keepends=True)
        for i in block.nulls:
            missing = self._missing_fields(texts[i]) if lead else b""
            news[i] = missing + lead + self._delimiter * (len(results) - 1) + block.end
        if block.ends:
            news = [new.rstrip(b"\r\n") + end for new, end in zip(news, block.ends, strict=True)]
        if not lead:
            return news
        parts = [b""] * (2 * len(news))
        parts[::2], parts[1::2] = texts, news
        return [b"".join(parts)]

    def _read_header(self) -> tuple[list[str], bytes, bytes]:
        """Return the names, the header as it stands without its line end, and the line end."""
        for text in self.source:
            at = -len(self._records.open)
            for fields, raw in self._records.read(text):
                at += len(raw)
                if isinstance(fields, str):
                    raise RequestError(f"{self._request.table}: the header, line {self._records.line}: {fields}")
                if raw.strip():
                    self._records.line += raw.count(b"\n")
                    self.source.put_back(text[at:])
                    names = [normalised(name.strip()) for name in fields]
                    return names, self.source.mark + raw.rstrip(b"\r\n"), line_end(raw, b"\n")
        where = "ends inside quotes, in its header" if self._records.open else "is empty: it has no header"
        raise RequestError(f"{self._request.table} {where}", hint="the first line of a table names its columns")

    def fast(self, text: bytes) -> Block | None:
        """Return the block's rows if every one is in order: a line each, all its fields, numbers where they are wanted.

        Whole columns go through C: `split` or csv.reader makes the fields, `float` reads them. It is correctly rounded,
        as fast as NumPy's text parsers (0.15 µs a number), and says when it cannot read; the slow path finds the row.
        """
        if not text.endswith(b"\n"):
            text += self._end
        end = b"\n"
        if b"\r" in text:
            end = b"\r\n"
            if not text.count(b"\r") == text.count(b"\n") == text.count(end):
                return None
            text = text.replace(end, b"\n")
        whole = text if self._request.keep else b""
        quoted = self._kind == "csv" and b'"' in text
        if self._arrow and self._places and not quoted:
            found = self._arrow.read_columns(text, len(self.names), self._places, self._delimiter)
            if found is not None:
                return Block(found, [], end, range(len(found[0])), whole=whole)
        cells = self._quoted_cells(text) if quoted else self._plain_cells(text)
        if cells is None:
            return None
        rows = text.count(b"\n")
        columns = []
        for column in cells:
            if b"_" in text and b"_" in b"".join(column):
                return None  # float reads 1_000
            try:
                columns.append(np.fromiter(map(float, column), np.float64, rows))
            except ValueError:
                return None
        return Block(columns, [], end, range(rows), whole=whole)

    def _plain_cells(self, text: bytes) -> list[list[bytes]] | None:
        """Return the cells of each input, if each line has as many fields as the header."""
        width = len(self.names)
        codes = np.frombuffer(text, dtype=np.uint8)
        ends = codes == ord("\n")
        marks = ends[np.flatnonzero(ends | (codes == self._delimiter[0]))]
        rows, rest = divmod(len(marks), width)
        if rest or np.count_nonzero(marks) != rows or not marks[width - 1 :: width].all():
            return None
        fields = text.replace(b"\n", self._delimiter).split(self._delimiter)
        del fields[-1]
        if width == 1 and not all(map(bytes.strip, fields)):
            return None  # a blank line is no row
        return [fields[place::width] for place in self._places]

    def _quoted_cells(self, text: bytes) -> list[list[bytes]] | None:
        """Return the cells of each input, if each line is a record with as many fields as the header."""
        width = len(self.names)
        try:
            rows = list(
                csv.reader(io.StringIO(text.decode(), newline="\n"), delimiter=self._delimiter.decode(), strict=True)
            )
        except csv.Error:
            return None
        if len(rows) != text.count(b"\n") or set(map(len, rows)) != {width}:
            return None
        return ["\n".join([row[place] for row in rows]).encode().split(b"\n") for place in self._places]

    def slow(self, text: bytes) -> Iterator[Block]:
        """Yield the block's rows, read one by one."""
        reader = RowReader(self._request, self._number)
        stop: RequestError | None = None
        try:
            for fields, raw in self._records.read(text):
                bare, end = raw.rstrip(b"\r\n"), line_end(raw, self._end)
                if bare.strip() or self._delimiter in bare:
                    self._row(fields, bare, end, reader)
                if reader.error:
                    break
        except RequestError as error:
            stop = error
        self._number = reader.number
        yield reader.block()
        if offence := stop or reader.error:
            raise offence

    def _row(self, fields: list[str] | str, text: bytes, end: bytes, reader: RowReader) -> None:
        values = fields if isinstance(fields, str) else self._values(fields)
        if isinstance(values, str):
            fits = not isinstance(fields, str) and len(fields) <= len(self.names)
            reader.bad(values, self._records.line, text, end, fits=fits)
        else:
            reader.good(values, text, end)

    def _values(self, fields: list[str]) -> list[float] | str:
        """Return the row's values of the inputs, or what is wrong with it."""
        if len(fields) != len(self.names):
            return f"{len(fields)} field{'s'[: len(fields) != 1]}, but the header has {len(self.names)}"
        values = []
        for name, place in zip(self._request.inputs, self._places, strict=True):
            text = fields[place]
            try:  # of bytes, as the fast path has it: ASCII only
                values.append(float(b"" if "_" in text else text.encode()))
            except ValueError:
                said = f"{excerpt(text)} is not a number" if text.strip() else "no value"
                return f"column {name!r}: {said}"
        return values

    def _missing_fields(self, text: bytes) -> bytes:
        """Return the delimiters that a row lacks, so that empty results stand in their own columns."""
        records = Records(self._kind, self._request.table)
        return self._delimiter * sum(len(self.names) - len(fields) for fields, _ in records.read(text))


def header_cells(names: Sequence[str], kind: str) -> bytes:
    """Return names of columns as they are written in a header. Raises RequestError for one that TSV cannot hold."""
    return DELIMITERS[kind].join(map(_quoted if kind == "csv" else _bare, names))


def _quoted(name: str) -> bytes:
    if {",", "\n", "\r", '"'}.isdisjoint(name):
        return name.encode()
    return b'"' + name.replace('"', '""').encode() + b'"'


def _bare(name: str) -> bytes:
    if {"\t", "\n", "\r"}.isdisjoint(name):
        return name.encode()
    raise RequestError(
        f"{name!r} cannot name a column of a TSV table: it has a tab or a line end in it",
        hint="write CSV or JSON Lines",
    )
