"""The one thing that every renderer takes: a table of texts and numbers, its rows made when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

__all__ = ["Cell", "Column", "Table"]

Cell = str | float
"""A text, or a number that the renderer writes in its own way."""


class Column(NamedTuple):
    """What a column holds: text of the user or of ours, a formula in the table's style, or numbers.

    wide: shown on a terminal only if it has so many columns.
    """

    name: str
    kind: Literal["text", "math", "number"] = "text"
    wide: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A title, columns, and rows by index.

    equation: a row reads name = formula = ... value. backward: it belongs to the sweep from the output back.
    """

    title: str
    columns: tuple[Column, ...]
    count: int
    row: Callable[[int], Sequence[Cell]]
    equation: bool = False
    backward: bool = False

    @classmethod
    def of(cls, title: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Table:
        """Return a table of rows that exist already.

        >>> table = Table.of("powers", [Column("n", "number"), Column("what")], [(2, "square"), (3, "cube")])
        >>> [row[1] for row in table]
        ['square', 'cube']
        """
        return cls(title, tuple(columns), len(rows), rows.__getitem__)

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        return map(self.row, range(self.count))
