"""Curves on logarithmic axes, drawn with characters: each curve has its own mark, so that colour is not needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

__all__ = ["LogPlot", "Series"]

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Series(NamedTuple):
    """A curve: its values by x, its mark, colour and name."""

    values: Sequence[float]
    mark: str
    style: str
    name: str


class LogPlot:
    """Curves over the same x, both axes logarithmic, as wide as the terminal but at most `widest` columns."""

    widest = 100
    height = 20

    def __init__(self, x: Sequence[float], series: Sequence[Series], x_name: str, y_name: str) -> None:
        self.x, self.series, self.x_name, self.y_name = x, series, x_name, y_name

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(20, min(self.widest, options.max_width) - 10)
        points = [
            (math.log10(x), math.log10(y), n)
            for n, one in enumerate(self.series)
            for x, y in zip(self.x, one.values, strict=True)
            if y > 0 and math.isfinite(y)
        ]
        if not points:
            yield Text(" nothing to draw: no error is above 0", "dim")
            return
        left, right = math.log10(min(self.x)), math.log10(max(self.x))
        low, high = math.floor(min(y for _, y, _ in points)), math.ceil(max(y for _, y, _ in points))
        high = max(high, low + 1)
        cells: dict[tuple[int, int], int] = {}
        for x, y, n in points:
            column = round((x - left) / (right - left) * (width - 1))
            row = round((high - y) / (high - low) * (self.height - 1))
            cells[row, column] = n
        ticks = {
            round((high - y) / (high - low) * (self.height - 1)): y
            for y in range(low, high + 1, max(1, (high - low) // 6))
        }
        yield Text(f" {self.y_name}")
        for row in range(self.height):
            label = f"10{str(ticks[row]).translate(_SUPERSCRIPTS)}" if row in ticks else ""
            line = Text(f"{label:>7} " + ("┤" if label else "│"), "dim")
            for column in range(width):
                at = cells.get((row, column))
                line.append(" ") if at is None else line.append(self.series[at].mark, self.series[at].style)
            line.rstrip()
            yield line
        yield from self._x_axis(left, right, width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(30, min(self.widest, options.max_width))

    def _x_axis(self, left: float, right: float, width: int) -> RenderResult:
        axis, labels = ["─"] * width, [" "] * (width + 8)
        for x in range(math.ceil(left), math.floor(right) + 1, 2):
            column = round((x - left) / (right - left) * (width - 1))
            axis[column] = "┬"
            label = f"10{str(x).translate(_SUPERSCRIPTS)}"
            for n, character in enumerate(label, min(column, width - len(label))):
                labels[n] = character
        yield Text(" " * 8 + "└" + "".join(axis), "dim")
        yield Text(" " * 9 + "".join(labels).rstrip(), "dim")
        legend = Text(" " * 9)
        for one in self.series:
            legend.append(one.mark, one.style).append(f" {one.name}    ")
        legend.append(f"by {self.x_name}", "dim")
        yield legend
