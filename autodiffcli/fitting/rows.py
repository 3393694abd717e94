"""Rows of data: arrays in memory, or a table of text that streams. Neither lets through what is not finite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from hashlib import blake2b
from typing import BinaryIO, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from autodiffcli.errors import MathError, RequestError
from autodiffcli.points.columns import find_columns
from autodiffcli.points.source import unreadable
from autodiffcli.points.stream import columns

__all__ = ["SKIP", "Arrays", "Columns", "Rows", "Table", "no_rows"]

Columns = dict[str, NDArray[np.float64]]
"""Some rows: for each name an array whose first axis counts them."""

BUFFER = 1 << 16
"""Rows of a table that are in memory at a time, and among which they are shuffled."""

WIDEST = 1 << 22
"""Numbers that those rows have at most, unless a batch has more."""

SKIP = "mend the row, or pass over such rows: --on-error skip"
"""What to do about a row without numbers."""


class Rows(Protocol):
    """Rows that can be passed over as often as wanted."""

    name: str
    skipped: int
    """Rows that the last pass left out."""

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape that one row of a column has."""
        ...

    def buffers(self, names: Sequence[str], batch: int | None) -> Iterator[Columns]:
        """Yield the columns of all rows, a multiple of the batch at a time but for the last; all at once for None."""
        ...

    def digest(self, names: Sequence[str]) -> str:
        """Return what tells these columns from others; "" where they can be read but once."""
        ...


class Arrays:
    """Arrays in memory, whose first axes count the rows.

    >>> rows = Arrays({"x": np.ones((3, 2)), "y": np.ones(3)}, "the data")
    >>> rows.shape("x"), [len(buffer["y"]) for buffer in rows.buffers(["x", "y"], 2)]
    ((2,), [3])
    """

    def __init__(
        self,
        arrays: Mapping[str, NDArray[np.float64]],
        name: str,
        *,
        fixed: Sequence[str] = (),
        on_error: Literal["fail", "skip"] = "fail",
    ) -> None:
        self.name, self.skipped = name, 0
        self._arrays, self._fixed, self._on_error = arrays, fixed, on_error
        self._kept: Columns | None = None
        lengths = {key: len(array) if getattr(array, "ndim", 0) else None for key, array in arrays.items()}
        first = next(iter(lengths), "")
        for key, length in lengths.items():
            if length is None:
                raise RequestError(f"{key!r} of {name} is no array", hint="its first axis would count the rows")
            if length != lengths[first]:
                raise RequestError(
                    f"{key!r} has {length:,} rows, and {first!r} has {lengths[first]:,}",
                    hint="the first axis of every array counts the rows",
                )

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a row. Raises RequestError for a name that is not there, and for one that is fixed."""
        find_columns([name], list(self._arrays), self.name, self._fixed, "--params")
        return self._arrays[name].shape[1:]

    def buffers(self, names: Sequence[str], batch: int | None) -> Iterator[Columns]:
        """Yield all rows at once: they are in memory."""
        if self._kept is None:
            found = {name: self._arrays[name] for name in names}
            count = len(found[names[0]])
            self._kept = _finite(found, range(1, count + 1), self.name, self._on_error)
            self.skipped = count - len(self._kept[names[0]])
        if len(self._kept[names[0]]):
            yield self._kept

    def digest(self, names: Sequence[str]) -> str:
        """Return a digest of the columns' numbers."""
        found = blake2b(digest_size=16)
        for name in names:
            found.update(f"{name} {self._arrays[name].shape} ".encode() + self._arrays[name].tobytes())
        return found.hexdigest()


class Table:
    """A table of text, CSV, TSV or JSON Lines, read anew in each pass; one that fits into the buffer is read once.

    again: whether it can be opened and read again. fixed: names that have their values, so no column may be called so.
    """

    def __init__(
        self,
        opened: Callable[[], AbstractContextManager[BinaryIO]],
        name: str,
        kind: str = "",
        *,
        again: bool = True,
        fixed: Sequence[str] = (),
        on_error: Literal["fail", "skip"] = "fail",
    ) -> None:
        self.name, self.skipped = "standard input" if name == "-" else name, 0
        self._opened, self._path, self._kind, self._again = opened, name, kind, again
        self._fixed, self._on_error = fixed, on_error
        self._kept: Columns | None = None

    def shape(self, name: str) -> tuple[int, ...]:
        """Return (): a cell is a number."""
        return ()

    def buffers(self, names: Sequence[str], batch: int | None) -> Iterator[Columns]:
        """Yield the rows as they are read. Raises RequestError and MathError for what cannot be read."""
        if self._kept is not None:
            yield self._kept
            return
        size = None
        if batch is not None:
            size = -(-min(BUFFER, WIDEST // len(names)) // batch) * batch
        self.skipped = 0
        before: Columns | None = None
        several = False
        for buffer in _gathered(self._blocks(names), size):
            if before is not None:
                several = True
                if not self._again:
                    raise RequestError(
                        f"{self.name} has more than {size:,} rows, which are not kept, and can be read once",
                        hint="give a file; or --epochs 1; or leave --batch out, to keep all rows",
                    )
                yield before
            before = buffer
        if before is None:
            return
        if not several:
            self._kept = before
        yield before

    def digest(self, names: Sequence[str]) -> str:
        """Return a digest of the file, "" of a pipe. Raises RequestError for one that cannot be read."""
        if not self._again:
            return ""
        found = blake2b(digest_size=16)
        with self._opened() as source:
            try:
                while part := source.read(1 << 20):
                    found.update(part)
            except OSError as error:
                raise unreadable(self.name, error) from error
        return found.hexdigest()

    def _blocks(self, names: Sequence[str]) -> Iterator[Columns]:
        with self._opened() as source:
            for block in columns(
                source,
                names,
                kind=self._kind,
                on_error=self._on_error,
                name=self._path,
                fixed=self._fixed,
                fixed_by="--params",
            ):
                found = dict(zip(names, block.columns, strict=True))
                good = _finite(found, block.numbers, self.name, self._on_error)
                self.skipped += block.skipped + len(block.numbers) - len(good[names[0]])
                yield good


def _gathered(blocks: Iterator[Columns], size: int | None) -> Iterator[Columns]:
    """Yield the rows of blocks in buffers of one size, the last of which may be smaller; all in one for None."""
    waiting: list[Columns] = []
    count = 0
    for block in blocks:
        if not (rows := len(next(iter(block.values())))):
            continue
        waiting.append(block)
        count += rows
        while size is not None and count >= size:
            whole = _joined(waiting)
            yield {name: column[:size] for name, column in whole.items()}
            waiting, count = [{name: column[size:] for name, column in whole.items()}], count - size
    if count:
        yield _joined(waiting)


def _joined(blocks: list[Columns]) -> Columns:
    return blocks[0] if len(blocks) == 1 else {k: np.concatenate([block[k] for block in blocks]) for k in blocks[0]}


def _finite(found: Columns, numbers: Sequence[int], table: str, on_error: str) -> Columns:
    """Return the rows whose numbers are all finite. Raises MathError for one that is not, unless such are skipped."""
    bad = np.zeros(len(numbers), dtype=bool)
    for column in found.values():
        bad |= ~np.isfinite(column).all(axis=tuple(range(1, column.ndim)))
    if not bad.any():
        return found
    if on_error == "skip":
        return {name: column[~bad] for name, column in found.items()}
    row = int(np.argmax(bad))
    name = next(name for name, column in found.items() if not np.isfinite(column[row]).all())
    cell = np.ravel(found[name][row])
    value = cell[~np.isfinite(cell)][0]
    raise MathError(
        f"{table}: row {numbers[row]}: {name!r} is {value}",
        hint=SKIP,
    )


def no_rows(name: str, skipped: int) -> RequestError:
    """Return the error for a table of no rows, or none but the skipped ones."""
    left = f" left: all {skipped:,} are without numbers" if skipped else ""
    return RequestError(f"{name} has no rows{left}", hint="a fit needs at least one")
