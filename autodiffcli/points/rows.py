"""A block of rows on its way: the numbers read from it, its text, and what became of rows that could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from autodiffcli.errors import MathError

__all__ = ["Block", "Evaluate", "Floats", "OnError", "Request", "RowReader", "batch_rows", "excerpt"]

Floats = NDArray[np.float64]
OnError = Literal["fail", "skip", "null"]
Evaluate = Callable[[list[Floats]], Sequence[Floats]]
_NUMBERS = 1 << 22


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a table: columns to read and to write, whether the others stay, and what bad rows do."""

    inputs: Sequence[str]
    outputs: Sequence[str]
    keep: bool
    on_error: OnError
    table: str
    fixed: Sequence[str] = ()  # inputs whose value is given for all rows, so that no column may give it too
    fixed_by: str = "--at"
    seen: Callable[[Iterable[str]], object] = lambda names: None  # told the names of the table's columns


@dataclass(frozen=True, slots=True)
class Block:
    r"""Rows in order: a column for each input, the rows' texts without line ends, their line end, their numbers.

    ends: each row's line end where they are not all the same, else empty. nulls: the places, within the block, of rows
    that are kept without results. skipped: how many were dropped. whole: all texts as one, a "\n" after each, where
    they are not taken apart.
    """

    columns: list[Floats]
    texts: list[bytes]
    end: bytes
    numbers: Sequence[int]
    ends: list[bytes] = field(default_factory=list)
    nulls: list[int] = field(default_factory=list)
    skipped: int = 0
    whole: bytes = b""


@dataclass(slots=True)
class RowReader:
    """Collects rows that are read one by one: the slow path, for blocks with quotes or with bad rows."""

    request: Request
    number: int
    """The number of the row to come: data rows are counted from 1."""
    error: MathError | None = None
    """What was wrong with the first bad row, under on_error="fail"; rows after it are not to be read."""
    _rows: list[list[float]] = field(default_factory=list)
    _texts: list[bytes] = field(default_factory=list)
    _ends: list[bytes] = field(default_factory=list)
    _numbers: list[int] = field(default_factory=list)
    _nulls: list[int] = field(default_factory=list)
    _skipped: int = 0

    def good(self, values: list[float], text: bytes, end: bytes) -> None:
        """Take in a row that was read."""
        self._rows.append(values)
        self._texts.append(text)
        self._ends.append(end)
        self._numbers.append(self.number)
        self.number += 1

    def bad(self, problem: str, line: int, text: bytes, end: bytes, *, fits: bool = True) -> None:
        """Take in a row that could not be read, as on_error says; one that has more than its columns cannot be kept."""
        if self.request.on_error == "null" and (fits or not self.request.keep):
            self._nulls.append(len(self._rows))
            self.good([np.nan] * len(self.request.inputs), text, end)
            return
        if self.request.on_error == "skip":
            self._skipped += 1
        else:
            message = f"{self.request.table}: row {self.number} (line {line}): {problem}"
            self.error = MathError(message, hint="mend the row, or pass over such rows: --on-error skip")
        self.number += 1

    def block(self) -> Block:
        """Return the rows taken in."""
        values = np.array(self._rows, dtype=np.float64).reshape(len(self._rows), len(self.request.inputs))
        end = self._ends[0] if self._ends else b""
        ends = self._ends if len(set(self._ends)) > 1 else []
        columns = [np.ascontiguousarray(column) for column in values.T]
        return Block(columns, self._texts, end, self._numbers, ends, self._nulls, self._skipped)


def batch_rows(most: int, columns: int) -> int:
    """Return how many rows to take at once: of wide tables fewer than of others, so that memory holds their numbers.

    >>> batch_rows(65_536, 5), batch_rows(65_536, 401)
    (65536, 10459)
    """
    return max(2_048, min(most, _NUMBERS // columns))


def excerpt(text: str, longest: int = 40) -> str:
    """Return text quoted for a message, cut where it is long."""
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")
