"""What `cost` answers with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from autodiffcli.checkpoint import Counts
from autodiffcli.costing.kinds import Kinds, Number
from autodiffcli.errors import RequestError

__all__ = ["Cost", "Growth", "ModeCost"]


@dataclass(frozen=True, slots=True)
class ModeCost:
    """What a value and a gradient cost in one mode.

    kinds:       operations, None where counting them is too much. passes: sweeps of the chain rule.
    evaluations: of the function, counted in its operations where checkpoints compute some of them again.
    stored:      values of operations held at once; of the naive formulas none, they are never made.
    memory:      bytes allocated at the peak of a run at a point, by tracemalloc; None where none was measured.
    counts:      of checkpoints, what is kept and computed again.
    """

    mode: str
    kinds: Kinds | None
    passes: int = 0
    evaluations: float = 1
    stored: Number | None = None
    memory: int | None = None
    counts: Counts | None = None

    @property
    def operations(self) -> Number | None:
        """All operations; None where counting them is too much."""
        return None if self.kinds is None else self.kinds.all


@dataclass(frozen=True, slots=True)
class Cost:
    """The modes side by side, for one expression: its inputs, its operations, a row for each mode."""

    inputs: int
    operations: int
    modes: list[ModeCost] = field(default_factory=list)

    def __getitem__(self, mode: str) -> ModeCost:
        """Return the row of a mode. Raises RequestError for one that was not counted."""
        rows = {row.mode: row for row in self.modes}
        if mode not in rows:
            raise RequestError(f"there is no cost of '{mode}'", hint=f"there are {', '.join(rows)}")
        return rows[mode]


@dataclass(frozen=True, slots=True)
class Growth:
    """The cost of a family of expressions, one for each n."""

    sizes: Sequence[int]
    costs: Sequence[Cost]

    def exponent(self, mode: str) -> float | None:
        """Return k where the operations of a mode grow as n^k, between the two largest n; None if unknown."""
        from math import isinf, log

        order = sorted(range(len(self.sizes)), key=self.sizes.__getitem__)[-2:]
        found = [self.costs[i][mode].operations for i in order]
        if len(order) < 2 or self.sizes[order[0]] == self.sizes[order[1]]:
            return None
        low, high = found
        if not low or not high or isinf(low) or isinf(high):
            return None
        return log(high / low) / log(self.sizes[order[1]] / self.sizes[order[0]])
