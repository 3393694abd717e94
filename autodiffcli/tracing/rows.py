"""The rows of a trace: what they hold, and as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["AdjointRow", "DifferenceRow", "FormulaRow", "PartialRow", "Row", "TangentRow", "ValueRow"]


class Row:
    """One row of a trace."""

    __slots__: tuple[str, ...] = ()
    kind: ClassVar[str]
    name: str
    value: float

    def as_data(self) -> dict[str, object]:
        """Return the row as a flat dict."""
        return {"kind": self.kind} | {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class ValueRow(Row):
    """A node of the forward evaluation: v3 = ln(v1). note: the choice made at a corner of its derivative.

    >>> ValueRow("v3", "ln(v1)", 0.0, "log(x)", "").as_data()
    {'kind': 'value', 'name': 'v3', 'formula': 'ln(v1)', 'value': 0.0, 'source': 'log(x)', 'note': ''}
    """

    kind = "value"
    name: str
    formula: str
    value: float
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class TangentRow(Row):
    """A node of a forward sweep: v4' = v1'·v2 + v2'·v1 = 1·5 + 0·2."""

    kind = "tangent"
    variable: str
    name: str
    rule: str
    numbers: str
    value: float


@dataclass(frozen=True, slots=True)
class AdjointRow(Row):
    """A node of the reverse sweep: v̄2 = v̄5·∂v5/∂v2 + v̄4·∂v4/∂v2 = −1·cos(5) + 1·2."""

    kind = "adjoint"
    name: str
    rule: str
    numbers: str
    value: float


@dataclass(frozen=True, slots=True)
class PartialRow(Row):
    """A partial adjoint: v̄2→5 = v̄5·∂v5/∂v2. It flows from v5 to v2; partial: cos(v2) = cos(5), slope: its value."""

    kind = "partial_adjoint"
    name: str
    user: str
    node: str
    partial: str
    numbers: str
    slope: float
    value: float

    def as_data(self) -> dict[str, object]:
        """Return the row as a flat dict, in which the adjoint flows from one node to another."""
        data = Row.as_data(self)
        return {{"user": "from", "node": "to"}.get(key, key): value for key, value in data.items()}


@dataclass(frozen=True, slots=True)
class DifferenceRow(Row):
    """A difference quotient of the numeric mode. name: of the input. side: "both", "right" or "left"."""

    kind = "difference"
    name: str
    step: float
    value: float
    error: float
    side: str = "both"


@dataclass(frozen=True, slots=True)
class FormulaRow(Row):
    """A partial derivative of the symbolic mode. name: of the input."""

    kind = "formula"
    name: str
    formula: str
    value: float
