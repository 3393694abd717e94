"""What the derivatives of several outputs and of higher order are answered with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Directional", "Matrix", "Taylor"]


@dataclass(slots=True)
class Matrix:
    """A Jacobian (rows: the outputs) or a Hessian (rows: the inputs), by its entries that are not structurally zero.

    kind:          "jacobian" or "hessian". mode: forward, reverse, forward-over-reverse or reverse-over-reverse.
    rows, columns: their names. values: the outputs. gradient: of a Hessian, by input.
    i, j, entries: place and value of each entry, row by row.
    passes:        sweeps that the entries took. colours: the group of each column (row, in reverse) that took one
                   pass together, or empty where each had its own. reason: why this mode, in words.
    """

    kind: str
    rows: list[str]
    columns: list[str]
    values: list[float]
    mode: str
    i: list[int]
    j: list[int]
    entries: list[float]
    passes: int
    reason: str = ""
    colours: list[int] = field(default_factory=list)
    gradient: dict[str, float] = field(default_factory=dict)

    @property
    def sparse(self) -> bool:
        """Whether it is better shown by its entries: larger than 100 by 100 and at least half zero."""
        size = len(self.rows) * len(self.columns)
        return size > 10_000 and 2 * len(self.entries) <= size

    @property
    def matrix(self) -> list[list[float]]:
        """All entries, by rows; those that are structurally zero are 0.0."""
        full = [[0.0] * len(self.columns) for _ in self.rows]
        for i, j, entry in zip(self.i, self.j, self.entries, strict=True):
            full[i][j] = entry
        return full


@dataclass(slots=True)
class Directional:
    """A Jacobian or Hessian times a vector, in one pass.

    kind:   jvp (J·v, by output), vjp (Jᵀ·w, by input) or hvp (H·v, by input).
    values: the outputs by name. product: by name, of arrays and structures as they are. gradient: of an hvp, by input.
    direction: the vector, by input, for a vjp by output.
    """

    kind: str
    values: dict[str, Any]
    product: dict[str, Any]
    gradient: dict[str, Any] = field(default_factory=dict)
    direction: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Taylor:
    """Taylor coefficients along a line: f(point + t·along) = Σ c_k·t^k.

    coefficients: c_0, c_1, ... of each output, by name. along: the direction, by input.
    """

    coefficients: dict[str, list[float]]
    order: int
    along: dict[str, float]
