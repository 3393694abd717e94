"""How far a table is, for people: a line on the terminal that is written over as rows go by, and a last one."""

from __future__ import annotations

import sys
from time import monotonic

__all__ = ["Progress"]

_EVERY = 0.2
_PATIENCE = 1.0
"""Seconds between two lines, and before the first."""


class Progress:
    """Tells on standard error how many rows are done, how fast, and how long the others will take.

    Only a terminal is told, and while rows are on their way only where they do not go to the same one.
    """

    def __init__(self, beside_rows: bool) -> None:
        self._people = sys.stderr is not None and sys.stderr.isatty()
        self._quiet = not self._people or beside_rows
        self._start = monotonic()
        self._next = self._start + _PATIENCE
        self._shown = False

    def __call__(self, rows: int, share: float | None) -> None:
        """Take in that so many rows are done, and which share of the table they are, where that is known."""
        now = monotonic()
        if self._quiet or now < self._next:
            return
        self._next, self._shown = now + _EVERY, True
        text = self._speed(rows, now)
        if share:
            left = (now - self._start) * (1 / min(share, 1.0) - 1)
            text += f", {left:,.0f} s left"
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away, for what is to be written in its place."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        self._shown = False

    def finish(self, rows: int) -> None:
        """Say how many rows there were."""
        self.clear()
        if self._people:
            now = monotonic()
            sys.stderr.write(f"{self._speed(rows, now)}, {now - self._start:,.1f} s\n")

    def _speed(self, rows: int, now: float) -> str:
        speed = rows / max(now - self._start, 1e-9)
        return f"{rows:,} row{'s'[: rows != 1]}, {speed:,.0f} a second"
