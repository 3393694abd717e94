"""Results for every row of a table: blocks of rows flow from a binary stream through a function into another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from autodiffcli.points.delimited import Delimited
from autodiffcli.points.jsonl import JsonLines
from autodiffcli.points.kinds import kind_by_content, kind_by_name
from autodiffcli.points.pipes import widen
from autodiffcli.points.rows import Block, Evaluate, Floats, OnError, Request
from autodiffcli.points.source import Source, Text
from autodiffcli.points.table import Table, in_order

__all__ = ["Progress", "Summary", "columns", "computed", "stream", "table_of"]

Progress = Callable[[int, float | None], object]
_Answered = tuple[Block, list[Floats], Sequence[Text]]


@dataclass(slots=True)
class Summary:
    """What became of the rows: written, of those without results (null) or with undefined ones, and skipped."""

    rows: int = 0
    skipped: int = 0
    nulls: int = 0
    undefined: int = 0
    first_undefined: int | None = None
    """The number of the first row with an undefined result: data rows are counted from 1, skipped ones as well. None
    where rows have no numbers, as in a folder that many processes write."""
    first_point: list[float] = field(default_factory=list, repr=False, compare=False)
    """What that row gives the inputs."""
    first_table: str = field(default="", repr=False)
    """Which of several tables it is in."""

    def count(self, block: Block, results: Sequence[Floats], table: str = "") -> None:
        """Take into account what became of a block's rows, of this one of several tables."""
        self.skipped += block.skipped
        self.rows += len(block.numbers)
        self.nulls += len(block.nulls)
        undefined = ~np.isfinite(results[0])
        for result in results[1:]:
            undefined |= ~np.isfinite(result)
        undefined[block.nulls] = False
        places = np.flatnonzero(undefined)
        self.undefined += len(places)
        if len(places) and self.first_undefined is None:
            first = int(places[0])
            self.first_undefined, self.first_table = block.numbers[first], table
            self.first_point = [float(column[first]) for column in block.columns]

    def notes(self) -> list[str]:
        """Return what a person should hear, a sentence each; nothing where every row has its results.

        >>> Summary(rows=9, skipped=1, undefined=2, first_undefined=7).notes()
        ['1 row could not be read and was skipped', '2 rows have undefined results, the first is row 7']
        """
        notes = []
        of = f" of {self.first_table}" if self.first_table else ""
        first = "" if self.first_undefined is None else f"row {self.first_undefined}{of}"
        if self.skipped:
            notes.append(f"{_rows(self.skipped, 'was', 'were')} skipped")
        if self.nulls:
            notes.append(f"{_rows(self.nulls, 'has', 'have')} no results")
        if self.undefined == 1:
            notes.append("1 row has undefined results" + (f": {first}" if first else ""))
        elif self.undefined:
            notes.append(f"{self.undefined} rows have undefined results" + (f", the first is {first}" if first else ""))
        return notes


def stream(
    source: BinaryIO,
    target: BinaryIO,
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    evaluate: Evaluate,
    kind: str = "",
    keep: bool = True,
    prefix: str = "",
    on_error: OnError = "fail",
    name: str = "-",
    fixed: Sequence[str] = (),
    seen: Callable[[Iterable[str]], object] = lambda names: None,
    progress: Progress = lambda rows, share: None,
) -> Summary:
    r"""Read a table of points from source, and write it to target with a column for each output.

    evaluate: takes a float64 array for each input, all of one length; returns an array, or a number, for each output.
    kind: "csv", "tsv" or "jsonl"; "" goes by the content. keep: whether the table's columns are written too, their text
    as it is. prefix: put before the names of outputs. on_error: what a row that cannot be read does: "fail" raises,
    "skip" drops it, "null" keeps it without results. name: of the source, for messages.
    fixed: inputs with one value for all rows, which no column may give too. seen: told the names of the columns, in
    JSON those of the first row. progress: told now and then how many rows are done, and which share of the table that
    is, or None where only the end will tell.

    Rows are written in order, as soon as they can be: what has arrived is answered before more is waited for, and
    memory does not grow with the table. Raises RequestError if the table is no such table or lacks an input's column,
    MathError at a row that cannot be read; the rows before it are written. What target raises (OSError) is not caught.

    >>> from io import BytesIO
    >>> answer = BytesIO()
    >>> stream(BytesIO(b"t,x\na,2\nb,0\n"), answer, inputs=["x"], outputs=["value"], evaluate=lambda x: [8 / x[0]])
    Summary(rows=2, skipped=0, nulls=0, undefined=1, first_undefined=2)
    >>> answer.getvalue()
    b't,x,value\na,2,4.0\nb,0,inf\n'
    """
    lines = Source(source, name)
    request = Request(inputs, [prefix + output for output in outputs], keep, on_error, lines.name, fixed, seen=seen)
    table = _open_table(lines, kind, request)
    widen(target)
    target.write(table.header())
    target.flush()
    summary = Summary()

    def answered(block: Block) -> _Answered:
        results = computed(block, evaluate)
        return block, results, table.render(block, results)

    def quick(text: bytes) -> _Answered | None:
        block = table.fast(text)
        return None if block is None else answered(block)

    def write(block: Block, results: list[Floats], pieces: Sequence[Text]) -> None:
        summary.count(block, results)
        for piece in pieces:
            target.write(piece)
        target.flush()
        progress(summary.rows, lines.share())

    def take(text: bytes, answer: _Answered | None) -> None:
        if answer is not None and (numbered := table.accept(answer[0])) is not None:
            write(numbered, *answer[1:])
            return
        for block in table.slow(text):
            if block.numbers:
                write(*answered(block))
            else:
                summary.skipped += block.skipped

    in_order(table, quick, take)
    table.end()
    return summary


def columns(
    source: BinaryIO,
    inputs: Sequence[str],
    *,
    kind: str = "",
    on_error: OnError = "fail",
    name: str = "-",
    fixed: Sequence[str] = (),
    fixed_by: str = "--at",
) -> Iterator[Block]:
    r"""Yield the rows of a table block by block, each with a float64 array for each input.

    The arguments are those of `stream`, and it raises what that raises.

    >>> from io import BytesIO
    >>> [block.columns[0].tolist() for block in columns(BytesIO(b"t,x\na,2\nb,0\n"), ["x"])]
    [[2.0, 0.0]]
    """
    lines = Source(source, name)
    yield from _open_table(lines, kind, Request(inputs, (), False, on_error, lines.name, fixed, fixed_by)).blocks()


def _open_table(lines: Source, kind: str, request: Request) -> Table:
    kind = kind_by_name("", kind)
    if not kind:
        head = next(lines, b"")
        lines.put_back(head)
        kind = kind_by_content(head)
    return table_of(kind, lines, request)


def table_of(kind: str, lines: Source, request: Request) -> Delimited | JsonLines:
    """Return the table of a kind: "csv", "tsv" or "jsonl"."""
    return JsonLines(lines, request) if kind == "jsonl" else Delimited(kind, lines, request)


def computed(block: Block, evaluate: Evaluate) -> list[Floats]:
    """Return the results of a block's rows, a column each."""
    with np.errstate(all="ignore"):
        return [_column(result, len(block.numbers)) for result in evaluate(block.columns)]


def _column(result: Floats, rows: int) -> Floats:
    """Return a result as a float for each row: a derivative that is constant may come as one number."""
    return np.broadcast_to(np.asarray(result, dtype=np.float64), (rows,))


def _rows(count: int, singular: str, plural: str) -> str:
    """Return how many rows could not be read, up to the word that says what became of them."""
    return f"1 row could not be read and {singular}" if count == 1 else f"{count} rows could not be read and {plural}"
