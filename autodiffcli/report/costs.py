"""What the modes cost, as tables and as data. Counts are exact, so they are texts, never rounded to a precision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isinf
from typing import TYPE_CHECKING, Any

from autodiffcli.costing.kinds import Number
from autodiffcli.costing.results import Cost, Growth, ModeCost
from autodiffcli.language.notation import counted, json_ready
from autodiffcli.report.plain import lines
from autodiffcli.report.table import Column, Table

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = [
    "cost_data",
    "cost_plain",
    "cost_table",
    "cost_view",
    "growth_data",
    "growth_plain",
    "growth_table",
    "growth_view",
]

GROWING = ("value", "naive", "forward", "reverse", "backprop")
"""Modes whose operations a family shows."""


def cost_table(cost: Cost, grouped: bool = False) -> Table:
    """Return the modes side by side; grouped: thousands apart, for people."""

    def row(mode: ModeCost) -> Sequence[str]:
        kinds = mode.kinds or (None, None, None)
        measured = _bytes(mode.memory) if grouped else _count(mode.memory, grouped)
        return (
            _name(mode),
            _count(mode.passes, grouped),
            f"{mode.evaluations:.4g}" if mode.evaluations else "",
            *[_count(count, grouped) for count in (*kinds, mode.operations, mode.stored)],
            measured,
        )

    names = "evaluations", "products", "sums", "other", "operations", "stored"
    columns = [Column("mode"), Column("passes", "number")]
    columns += [Column("evals" if grouped and name == "evaluations" else name, "number") for name in names]
    if any(mode.memory is not None for mode in cost.modes):
        columns.append(Column("memory" if grouped else "bytes", "number"))
    width = len(columns)
    rows = [row(mode)[:width] for mode in cost.modes]
    return _table("cost of value and gradient", columns, rows, ("passes", "other", "sums", "products"), grouped)


def cost_view(cost: Cost) -> RenderableType:
    """Return what `cost` shows on a terminal."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    from autodiffcli.report.tables import table_view

    head = f"{counted(cost.inputs, 'input')}, {counted(cost.operations, 'operation')}"
    notes = [_note(mode, cost) for mode in cost.modes if mode.counts is not None]
    parts: list[RenderableType] = [Text(head), "", Padding(table_view(cost_table(cost, grouped=True)), (0, 0, 0, 1))]
    return Group(*parts, *(["", *notes] if notes else []))


def _note(mode: ModeCost, cost: Cost) -> RenderableType:
    """Return what checkpoints keep and compute again."""
    from rich.padding import Padding

    from autodiffcli.report.wrap import Wrapped

    assert mode.counts is not None
    counts = mode.counts
    again = counts.forward - round(counts.forward / mode.evaluations) if mode.evaluations else 0
    text = (
        f"{_name(mode)}: {counted(counts.checkpoints, 'checkpoint')} of {counted(counts.kept, 'value')} in all, "
        f"{counted(again, 'operation')} computed again, {counts.stored:,} of {cost.operations:,} values held at most"
    )
    return Padding(Wrapped(text, "dim", indent=2), (0, 0, 0, 1), expand=False)


def cost_plain(cost: Cost) -> str:
    """Return every figure as name=value: reverse_operations=10."""
    return lines(list(_figures(cost)))


def cost_data(cost: Cost) -> dict[str, Any]:
    """Return the same as JSON-ready data."""
    modes = []
    for mode in cost.modes:
        data: dict[str, Any] = {"mode": mode.mode, "passes": mode.passes, "evaluations": mode.evaluations}
        data |= dict(zip(("products", "sums", "other"), mode.kinds or (None,) * 3, strict=True))
        data |= {"operations": mode.operations, "stored": mode.stored}
        if mode.memory is not None:
            data["bytes"] = mode.memory
        if mode.counts is not None:
            data["checkpoint"] = mode.counts._asdict()
        modes.append(data)
    found: dict[str, Any] = json_ready({"inputs": cost.inputs, "operations": cost.operations, "modes": modes})
    return found


def growth_table(growth: Growth, grouped: bool = False) -> Table:
    """Return a row for each n: the operations of the modes, and the values that are held."""
    budgets = [mode.mode for mode in growth.costs[0].modes if mode.counts is not None]
    columns = [Column("n", "number"), *[Column(name, "number") for name in (*GROWING, "stored")]]
    columns += [Column(f"stored, {name}", "number") for name in budgets]
    rows: list[Sequence[str]] = []
    for n, cost in zip(growth.sizes, growth.costs, strict=True):
        counts = [cost[name].operations for name in GROWING] + [cost[name].stored for name in ("backprop", *budgets)]
        rows.append([_count(count, grouped) for count in (n, *counts)])
    if grouped:
        slopes = [growth.exponent(name) for name in GROWING]
        if any(slope is not None for slope in slopes):
            powers = ["" if slope is None else f"~ n^{slope:.2f}" for slope in slopes]
            rows.append(["", *powers, *[""] * (1 + len(budgets))])
    given_up = ("forward", "value", "backprop", *[f"stored, {name}" for name in reversed(budgets)], "stored")
    return _table("operations as n grows", columns, rows, given_up, grouped)


def growth_view(growth: Growth) -> RenderableType:
    """Return what `cost --n` shows on a terminal."""
    from rich.padding import Padding

    from autodiffcli.report.tables import table_view

    return Padding(table_view(growth_table(growth, grouped=True)), (0, 0, 0, 1))


def growth_plain(growth: Growth) -> str:
    """Return every figure as name=value: n10_naive_operations=80."""
    found = zip(growth.sizes, growth.costs, strict=True)
    return lines([(f"n{n}_{name}", x) for n, cost in found for name, x in _figures(cost)])


def growth_data(growth: Growth) -> list[dict[str, Any]]:
    """Return the same as JSON-ready data."""
    return [{"n": n, **cost_data(cost)} for n, cost in zip(growth.sizes, growth.costs, strict=True)]


def _figures(cost: Cost) -> Iterator[tuple[str, float]]:
    for mode in cost.modes:
        name = _name(mode).replace(" ", "_")
        for key, x in cost_data(Cost(0, 0, [mode]))["modes"][0].items():
            if isinstance(x, dict):
                yield from ((f"{name}_{part}", y) for part, y in x.items() if part != "stored")
            elif isinstance(x, int | float):
                yield f"{name}_{key}", x


def _table(
    title: str, columns: list[Column], rows: Sequence[Sequence[str]], given_up: Sequence[str], grouped: bool
) -> Table:
    """Return the table; for people its counts end at the right, and a narrow terminal gives up columns in order."""
    if not grouped:
        return Table.of(title, columns, rows)
    widths = [max(len(column.name), *[len(row[k]) for row in rows]) for k, column in enumerate(columns)]
    room = sum(widths) + 2 * len(widths) + 1
    for name in given_up:
        k = next(k for k, column in enumerate(columns) if column.name == name)
        columns[k] = columns[k]._replace(wide=room)
        room -= widths[k] + 2
    numbers = [column.kind == "number" for column in columns]
    aligned = [[x.rjust(w) if n else x for x, w, n in zip(row, widths, numbers, strict=True)] for row in rows]
    return Table.of(title, columns, aligned)


def _name(mode: ModeCost) -> str:
    return mode.mode if mode.counts is None else f"checkpoint {mode.mode}"


def _count(count: Number | None, grouped: bool = True) -> str:
    if count is None:
        return ""
    if isinf(count):
        return "> 10^30"
    return f"{count:,}" if grouped else str(count)


def _bytes(count: int | None) -> str:
    if count is None:
        return ""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"
