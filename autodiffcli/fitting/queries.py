"""Loss and gradient of each step by one query of a database, which holds the rows or reads them in every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from autodiffcli.errors import MathError, RequestError
from autodiffcli.fitting.cut import NUMPY, Cut, cut
from autodiffcli.fitting.optimizers import Vector
from autodiffcli.fitting.rows import no_rows
from autodiffcli.fitting.steps import Batch, Loss
from autodiffcli.interpreter import run
from autodiffcli.targets.sql import Table, select

__all__ = ["DATA", "Database", "Queries", "statements"]

DATA = "data"
"""The table of a database that has the columns i0, i1, ..., finite doubles all of them."""
_VIEW = "points"


@dataclass(frozen=True, slots=True)
class Database:
    """A database that has the rows as its table `data`.

    name: the table's for people. rows: how many there are, without the skipped ones. ask: returns the rows that a
    statement gives, and raises RequestError for what the database complains of.
    """

    dialect: str
    name: str
    rows: int
    skipped: int
    ask: Callable[[str], Sequence[Sequence[Any]]]

    def digest(self, names: Sequence[str]) -> str:
        """Return what tells its columns from others: how many rows, and between which numbers.

        No digest of the numbers themselves: those of databases change with their release.
        """
        ends = ", ".join([f"min(i{k}), max(i{k})" for k in range(len(names))])
        (found,) = self.ask(f"SELECT {ends} FROM {DATA}")
        return str((self.rows, *map(str, found)))


class Queries:
    """The batch that is all rows of a database's table, again and again.

    Raises RequestError for no rows, and for what `cut` and `statements` refuse.
    """

    def __init__(self, loss: Loss, database: Database, names: Sequence[str]) -> None:
        if not database.rows:
            raise no_rows(database.name, database.skipped)
        parts = cut(loss.text, loss.layout, names, database.rows)
        self._batch = _TableBatch(loss, database, names, parts, *statements(parts, database.dialect, len(names)))

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the one batch of an epoch, unless it is to be skipped."""
        if not skip:
            yield self._batch


def statements(parts: Cut, dialect: str, columns: int) -> tuple[str, str]:
    """Return the query of the sums, and that of a row that makes one of them undefined.

    Raises RequestError for functions that the database does not have, and without the extra 'sql'.
    """
    labels = [f"r{k}" for k in range(len(parts.rows.outputs))]
    inputs = [f"i{k}" for k in range(columns)]
    try:
        sums = select(parts.rows, labels, dialect, Table(_VIEW, aggregate="total"))
        rows = select(parts.rows, labels, dialect, Table(_VIEW, inputs))
    except RequestError as error:
        hint = f"take {NUMPY}" if "cannot be written" in error.message else error.hint
        raise RequestError(error.message, hint=hint) from None
    infinite = " OR ".join(f"NOT abs({label}) < CAST('inf' AS DOUBLE)" for label in labels)  # nan is above inf
    return sums, f"SELECT {', '.join(inputs)} FROM ({rows}) AS results WHERE {infinite} LIMIT 1"


class _TableBatch(NamedTuple):
    """All rows of a database's table, and the loss over them."""

    loss: Loss
    database: Database
    names: Sequence[str]
    parts: Cut
    sums: str
    undefined: str

    @property
    def rows(self) -> int:
        """How many."""
        return self.database.rows

    def evaluate(self, theta: Vector) -> tuple[float, Vector]:
        """Return the loss and its gradient at θ."""
        given, whole = self._put_in(theta), self.parts.whole
        (found,) = self.database.ask(self.sums)
        given |= {str(k): float(total) for k, total in enumerate(found)}
        values = run(whole, [given[name] for name in whole.inputs])
        loss, *gradient = [values[i] for i in whole.outputs]
        return float(loss), np.concatenate([np.ravel(g) for g in gradient])

    def explained(self, theta: Vector, when: str) -> MathError:
        """Return the error that says why one of them is not finite: by a row where it is not, if there is one."""
        self._put_in(theta)
        ask = self.database.ask
        # a term in the parameters alone is undefined at any row
        (cells,) = ask(self.undefined) or ask(f"SELECT * FROM {DATA} LIMIT 1")
        columns = {name: np.array([cell]) for name, cell in zip(self.names, cells, strict=True)}
        loss, gradient = self.loss.evaluate(theta, columns)
        if not (isfinite(loss) and np.isfinite(gradient).all()):
            return self.loss.explained(theta, columns, when)
        return MathError(
            f"{when}, the loss or its gradient is not finite, though each row has finite terms",
            hint="a smaller --lr, or other start values",
        )

    def _put_in(self, theta: Vector) -> dict[str, Any]:
        """Make the view of the rows with the scalars as columns; return scalars and parameters."""
        given, scalars = self.loss.layout.values(theta), self.parts.scalars
        values = run(scalars, [given[name] for name in scalars.inputs])
        found = {name: float(values[i]) for name, i in zip(self.parts.names, scalars.outputs, strict=True)}
        # texts read back exactly, and so do -0 and inf
        cells = [f", CAST('{value!r}' AS DOUBLE) AS {name}" for name, value in found.items()]
        self.database.ask(f"CREATE OR REPLACE TEMPORARY VIEW {_VIEW} AS SELECT *{''.join(cells)} FROM {DATA}")
        return given | found
