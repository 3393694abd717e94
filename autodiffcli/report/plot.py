"""Curves drawn with characters: each has its own mark, so that colour is not needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

from autodiffcli.language.write import UNICODE, number

__all__ = ["COUNT", "LINEAR", "LOG", "Plot", "Scale", "Series"]

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Series(NamedTuple):
    """A curve: its values by x, its mark, colour and name."""

    values: Sequence[float]
    mark: str
    style: str
    name: str


class Scale(NamedTuple):
    """An axis: where a number stands on it, None for none; its rounded ends; its labels, about so many."""

    place: Callable[[float], float | None]
    ends: Callable[[float, float], tuple[float, float]]
    ticks: Callable[[float, float, int], Iterable[tuple[float, str]]]


def _powers(low: float, high: float, most: int) -> Iterable[tuple[float, str]]:
    step = max(1, math.floor(high - low) // most)
    for x in range(math.ceil(low), math.floor(high) + 1, step):
        yield x, f"10{str(x).translate(_SUPERSCRIPTS)}"


def _round_numbers(low: float, high: float, most: int) -> Iterable[tuple[float, str]]:
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= rough * (1 - 1e-9))
    for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        yield n * step, number(n * step, 4, UNICODE)


LOG = Scale(
    lambda x: math.log10(x) if x > 0 and math.isfinite(x) else None,
    lambda low, high: (math.floor(low), max(math.ceil(high), math.floor(low) + 1)),
    _powers,
)
LINEAR = Scale(
    lambda x: x if math.isfinite(x) else None,
    lambda low, high: (low, high) if high > low else (low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)),
    _round_numbers,
)
COUNT = LINEAR._replace(
    ticks=lambda low, high, most: [tick for tick in _round_numbers(low, high, most) if tick[0] == round(tick[0])]
)


class Plot:
    """Curves over the same x, as wide as the terminal but at most `widest` columns."""

    widest = 100

    def __init__(
        self,
        x: Sequence[float],
        series: Sequence[Series],
        x_name: str,
        y_name: str,
        scales: tuple[Scale, Scale] = (LOG, LOG),
        height: int = 20,
    ) -> None:
        self.x, self.series, self.x_name, self.y_name = x, series, x_name, y_name
        (self.across, self.up), self.height = scales, height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(20, min(self.widest, options.max_width) - 10)
        points = [
            (across, up, n)
            for n, one in enumerate(self.series)
            for x, y in zip(self.x, one.values, strict=True)
            if (across := self.across.place(x)) is not None and (up := self.up.place(y)) is not None
        ]
        if not points:
            yield Text(" nothing to draw: no error is above 0", "dim")
            return
        places = [self.across.place(x) or 0.0 for x in self.x]
        left, right = min(places), max(places)
        right = right if right > left else left + 1
        low, high = self.up.ends(min(y for _, y, _ in points), max(y for _, y, _ in points))
        cells: dict[tuple[int, int], int] = {}
        for x, y, n in points:
            cells[self._row(y, low, high), round((x - left) / (right - left) * (width - 1))] = n
        ticks = {self._row(y, low, high): label for y, label in self.up.ticks(low, high, 6)}
        yield Text(f" {self.y_name}")
        for row in range(self.height):
            label = ticks.get(row, "")
            line = Text(f"{label:>7} " + ("┤" if label else "│"), "dim")
            for column in range(width):
                at = cells.get((row, column))
                line.append(" ") if at is None else line.append(self.series[at].mark, self.series[at].style)
            line.rstrip()
            yield line
        yield from self._x_axis(left, right, width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(30, min(self.widest, options.max_width))

    def _row(self, y: float, low: float, high: float) -> int:
        return round((high - y) / (high - low) * (self.height - 1))

    def _x_axis(self, left: float, right: float, width: int) -> RenderResult:
        axis, labels = ["─"] * width, [" "] * (width + 8)
        for x, label in self.across.ticks(left, right, 8):
            column = round((x - left) / (right - left) * (width - 1))
            axis[column] = "┬"
            for n, character in enumerate(label, min(column, width - len(label))):
                labels[n] = character
        yield Text(" " * 8 + "└" + "".join(axis), "dim")
        yield Text(" " * 9 + "".join(labels).rstrip(), "dim")
        legend = Text(" " * 9)
        for one in self.series:
            legend.append(one.mark, one.style).append(f" {one.name}    ")
        legend.append(f"by {self.x_name}", "dim")
        yield legend
