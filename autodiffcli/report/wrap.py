"""Formulas on lines: broken behind an operator or a space, never inside a number that fits on a line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

__all__ = ["Wrapped", "wrap"]

_OPERATORS = frozenset("+-−=<>≤≥≠")


def wrap(text: str, width: int, indent: int = 0) -> list[str]:
    """Return the lines of a text, those after the first indented.

    >>> wrap("12.5·sin(v2 + v3) + 3·cos(v1)", 20, 2)
    ['12.5·sin(v2 + v3)', '  + 3·cos(v1)']
    """
    lines: list[str] = []
    breaks = list(_breaks(text))
    start, margin = 0, ""
    while cell_len(margin + text[start:]) > width:
        full = start + _fitting(text[start:], width - len(margin))
        # Outside of parentheses rather than inside, but no line shorter than a third.
        least = start + (full - start) // 3
        found = [(cost, -at) for at, cost in breaks if least < at <= full]
        end = -min(found)[1] if found else full
        lines.append(margin + text[start:end].rstrip())
        start, margin = end, " " * indent
        while text[start : start + 1] == " ":
            start += 1
    last = margin + text[start:].rstrip()
    return [*lines, last] if last.strip() or not lines else lines


def _breaks(text: str) -> Iterator[tuple[int, int]]:
    """Yield where a text may be broken, each with what that costs: the first character of the next line."""
    depth = 0
    for at, character in enumerate(text):
        if character == " ":
            previous = text[at - 1 : at]
            yield at, 4 * depth + (0 if previous == ";" else 3 if previous in _OPERATORS else 1)
        elif character in "([{":
            depth += 1
            yield at + 1, 1000
        elif character in ")]}":
            depth -= 1
        elif character in "·*":
            yield at + 1, 4 * depth + 2


def _fitting(text: str, room: int) -> int:
    """Return how many characters fit into so many columns, one at least."""
    used = 0
    for n, character in enumerate(text):
        used += cell_len(character)
        if used > room:
            return max(n, 1)
    return len(text)


class Wrapped:
    """A formula as a renderable. bold: how many characters at its end are the result."""

    def __init__(self, text: str, style: str = "", indent: int = 0, bold: int = 0) -> None:
        self.text, self.style, self.indent, self.bold = text, style, indent, bold

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # An indent needs a line that has room for more than it.
        lines = wrap(self.text, options.max_width, min(self.indent, options.max_width // 2))
        for n, line in enumerate(lines, 1):
            text = Text(line, self.style, no_wrap=True, overflow="ignore")
            if n == len(lines) and self.bold:
                text.stylize("bold", max(0, len(line) - self.bold))
            yield text

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        ends = [0, *(at for at, cost in _breaks(self.text) if cost < 1000), len(self.text)]
        longest = max(cell_len(self.text[a:b].strip()) for a, b in pairwise(ends))
        return Measurement(min(longest, options.max_width), min(cell_len(self.text), options.max_width))
