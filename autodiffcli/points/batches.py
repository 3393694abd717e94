"""Rows in batches of Arrow: their numbers go through the function, and results stand beside what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from autodiffcli.errors import MathError
from autodiffcli.points.buffers import doubles, missing, numbers
from autodiffcli.points.rows import Block, Evaluate, Request, excerpt
from autodiffcli.points.stream import Summary, computed

__all__ = ["Answers"]


class Answers:
    """What is asked of the rows, and what became of them so far."""

    def __init__(self, request: Request, evaluate: Evaluate, *, several: bool = False) -> None:
        self.request, self.evaluate, self.several = request, evaluate, several
        self.summary = Summary()

    def of(
        self, table: str, done: int, rows: int, kept: Sequence[Any], cells: Sequence[Any], inputs: Sequence[Any]
    ) -> tuple[list[Any], list[Any], list[Any], MathError | None]:
        """Return the columns kept, the inputs and the results of rows to write, and the error after them.

        done, rows: how many rows came before, and how many these are. kept: columns to write as they are.
        cells:      the inputs as they stand in the table, for messages.
        inputs:     the same as integers or floats, null where they are none.
        """
        gone = np.zeros(rows, dtype=bool)
        for column in inputs:
            gone |= missing(column)
        places: Sequence[int] = range(done + 1, done + rows + 1)
        bad = np.flatnonzero(gone).tolist()
        error, skipped = None, 0
        if bad and self.request.on_error != "null":
            good = np.flatnonzero(~gone)
            if self.request.on_error == "fail":
                error = self._bad_row(table, places, bad[0], cells, inputs)
                good = good[: bad[0]]
            else:
                skipped = len(bad)
            places, gone, bad = [places[i] for i in good.tolist()], gone[good], []
            taken = pa.Array.from_buffers(pa.int64(), len(good), [None, pa.py_buffer(good.astype(np.int64))])
            kept, inputs = [column.take(taken) for column in kept], [column.take(taken) for column in inputs]
        columns = [numbers(column).astype(np.float64, copy=bool(bad)) for column in inputs]
        for column in columns if bad else ():
            column[bad] = np.nan
        block = Block(columns, [], b"", places, nulls=bad, skipped=skipped)
        results = computed(block, self.evaluate)
        self.summary.count(block, results, table if self.several else "")
        return list(kept), list(inputs), [doubles(result, gone if bad else None) for result in results], error

    def _bad_row(
        self, table: str, places: Sequence[int], i: int, cells: Sequence[Any], inputs: Sequence[Any]
    ) -> MathError:
        k = next(k for k, column in enumerate(inputs) if not column[i].is_valid)
        cell = cells[k][i].as_py()
        said = f"{excerpt(str(cell))} is not a number" if str(cell or "").strip() else "no value"
        hint = "mend the row, or pass over such rows by --on-error skip, or null"
        return MathError(f"{table}: row {places[i]}: column {self.request.inputs[k]!r}: {said}", hint=hint)
