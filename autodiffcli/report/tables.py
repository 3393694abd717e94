"""Rich renderables for a terminal: they take the width they are given and colour only what the console allows.

This module, `wrap` and `graphs` import Rich at once, so they are imported where a terminal is written to, and only
there. Texts of the user are `Text`, never markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from autodiffcli.backends.protocol import Gradient
from autodiffcli.graph import Graph
from autodiffcli.language.notation import one_line
from autodiffcli.language.write import UNICODE, number, write
from autodiffcli.report.content import comparison, evaluation, largest_difference, tables
from autodiffcli.report.ops import ops
from autodiffcli.report.table import Cell, Column, Table
from autodiffcli.report.wrap import Wrapped
from autodiffcli.tracing.arrays import traced
from autodiffcli.tracing.quantities import output_name
from autodiffcli.tracing.run import Trace
from autodiffcli.value_text import compact, composed, entries, shown

__all__ = ["Flow", "compare_report", "eval_report", "grad_report", "ops_report", "table_view"]

ROWS = 40
"""Rows of a table that are shown; of a longer one the first and the last."""

BACKWARD = "red"
"""The colour of the sweep from the output back, as in the lecture's pictures."""

_TERMS = 12
_SUM_WIDTH = 40


def grad_report(result: Gradient, precision: int | None = 6, trace: bool = True, rows: int = ROWS) -> RenderableType:
    """Return what `grad` shows: the headline, the trace of the mode, the gradient."""
    parts: list[RenderableType] = [headline(result, precision)]
    if trace:
        shown = traced(result, UNICODE, precision, _TERMS)
        parts += ["", Flow([table_view(table, precision, rows) for table in tables(shown)]), *_notes(shown, precision)]
    return Group(*parts, "", _derivatives(result, precision), *_quotients(result))


def eval_report(result: Gradient, precision: int | None = 6, trace: bool = True, rows: int = ROWS) -> RenderableType:
    """Return what `eval` shows: the headline and the forward evaluation."""
    if not trace:
        return headline(result, precision)
    shown = traced(result, UNICODE, precision, _TERMS)
    view = Padding(table_view(evaluation(shown), precision, rows), (0, 0, 0, 1), expand=False)
    return Group(headline(result, precision), "", view, *_notes(shown, precision))


def compare_report(results: Sequence[Gradient], precision: int | None = 6, rows: int = ROWS) -> RenderableType:
    """Return what `grad --mode all` shows: every mode side by side, what each cost, the largest difference."""
    difference, where = largest_difference(results)
    last = Text(" largest difference  ")
    last.append(number(difference, 3, UNICODE), "bold")
    if where:
        last.append(f"  ({one_line(where)})", "dim")
    view = Padding(_Comparison(results, precision, rows), (0, 0, 0, 1), expand=False)
    return Group(headline(results[0], precision), "", view, "", last)


def ops_report(functions: Iterable[Any] | None = None) -> RenderableType:
    """Return what `ops` shows: the table of functions, of numbers and of arrays."""
    table = ops(functions)
    return _Headed(table, 6, table.count)


def headline(result: Gradient, precision: int | None = 6, limit: int = 240) -> RenderableType:
    """Return y = its formula = its value."""
    graph = result.graph
    formula = f"{_formula(graph, limit)} = " if graph.outputs else ""
    value = compact(result.value, precision, UNICODE, width=limit)
    return Wrapped(f"{output_name(graph.inputs)} = {formula}{value}", indent=4, bold=len(value))


def _formula(graph: Graph, limit: int) -> str:
    """Return the output as a formula, that of a structure with a formula in each leaf's place."""
    texts = [write(graph, i, UNICODE, limit=limit) for i in graph.outputs]
    return texts[0] if graph.result is None else composed(graph.result, texts, UNICODE)


def table_view(table: Table, precision: int | None = 6, rows: int = ROWS) -> RenderableType:
    """Return a table as something that a Rich console prints, of a long one the first and the last rows."""
    return _equations(table, precision, rows) if table.equation else _Headed(table, precision, rows)


class Flow:
    """Tables beside each other as long as they fit, then below each other."""

    gap = 4

    def __init__(self, views: Sequence[RenderableType]) -> None:
        self.views = views

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width - 1
        lines: list[list[tuple[RenderableType, int]]] = []
        for view in self.views:
            width = Measurement.get(console, options, view).maximum
            used = sum(w + self.gap for _, w in lines[-1]) if lines else 0
            if lines and used + width <= room:
                lines[-1].append((view, width))
            else:
                lines.append([(view, width)])
        for n, line in enumerate(lines):
            if n:
                yield ""
            if len(line) == 1:
                yield Padding(line[0][0], (0, 0, 0, 1), expand=False)
                continue
            grid = RichTable.grid(padding=(0, self.gap, 0, 0))
            for _, width in line:
                grid.add_column(width=width)
            grid.add_row(*[view for view, _ in line])
            yield Padding(grid, (0, 0, 0, 1), expand=False)


def _equations(table: Table, precision: int | None, rows: int) -> RenderableType:
    """Return rows that read name = formula = numbers, and the value."""
    columns = [(k, c) for k, c in enumerate(table.columns) if c.kind != "text"]
    formulas = [k for k, c in columns if c.kind == "math"]
    style = BACKWARD if table.backward else ""
    grid = RichTable.grid(padding=(0, 2, 0, 0))
    for k, column in columns:
        fixed = column.kind == "number" or k == formulas[0]
        # One long sum must not push the values of all rows to the far side of a wide terminal.
        widest = _SUM_WIDTH if len(formulas) > 2 and not fixed else None
        grid.add_column(no_wrap=fixed, overflow="fold", max_width=widest)
    body, hidden = _cut(table, rows)
    numbers = _aligned([row[k] for row in body for k, c in columns if c.kind == "number"], precision)
    for n, row in enumerate(body):
        if hidden and n == (len(body) + 1) // 2:
            message = f"… {hidden:,} more rows", "--format json holds them all"
            split = message if len(formulas) > 2 else ("; ".join(message),)
            grid.add_row("", *[Wrapped(text, "dim") for text in split])
        cells: list[RenderableType] = []
        for k, column in columns:
            if column.kind == "number":
                cells.append(Text(next(numbers), "bold"))
            else:
                text = one_line(str(row[k]))
                cells.append(Wrapped(f"= {text}" if k != formulas[0] and text else text, style, indent=2))
        grid.add_row(*cells)
    title = Text(one_line(table.title), f"underline {style}".strip(), overflow="fold")
    return _Titled(title, grid)


class _Titled:
    """A title over a table, as wide as the wider of them."""

    def __init__(self, title: Text, body: RichTable) -> None:
        self.title, self.body = title, body

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.title
        yield self.body

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        title = Measurement.get(console, options, self.title)
        body = Measurement.get(console, options, self.body)
        return Measurement(max(title.minimum, body.minimum), max(title.maximum, body.maximum))


class _Headed:
    """A table with a heading, whose wide columns show where there is room."""

    def __init__(self, table: Table, precision: int | None, rows: int) -> None:
        self.table, self.precision, self.rows = table, precision, rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.build(options.max_width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self.build(options.max_width))

    def build(self, width: int) -> RichTable:
        """Return the table for a width."""
        table = self.table
        columns = [(k, c) for k, c in enumerate(table.columns) if width >= c.wide]
        view = RichTable(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        for place, (_, column) in enumerate(columns):
            right = column.kind == "number"
            head = Text(one_line(column.name))
            view.add_column(head, justify="right" if right else "left", no_wrap=right or not place, overflow="fold")
        body, hidden = _cut(table, self.rows)
        for n, row in enumerate(body):
            if hidden and n == (len(body) + 1) // 2:
                view.add_row(_more(hidden))
            view.add_row(*[self._cell(row[k]) for k, _ in columns])
        return view

    def _cell(self, x: Cell) -> RenderableType:
        if isinstance(x, str):
            return Wrapped(one_line(x))
        return Text(number(x, self.precision, UNICODE), "bold")


class _Comparison:
    """The modes as columns, or where that is too wide, each number on its row."""

    def __init__(self, results: Sequence[Gradient], precision: int | None, rows: int) -> None:
        self.results, self.precision, self.rows = results, precision, rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = comparison(self.results)
        side_by_side = _Headed(table, self.precision, self.rows)
        unbound = options.update(width=10_000)
        shapes = [side_by_side]
        if table.count < options.max_width // 6:  # each row turned into a column
            shapes.append(_Headed(_turned(table), self.precision, self.rows))
        for view in shapes:
            if Measurement.get(console, unbound, view).maximum <= options.max_width:
                yield view
                return
        rows = [(row[0], c.name, x) for row in table for c, x in zip(table.columns[1:], row[1:], strict=True)]
        columns = Column(""), Column("mode"), Column("", "number")
        yield _Headed(Table.of(table.title, columns, rows), self.precision, self.rows * len(self.results))


def _turned(table: Table) -> Table:
    """Return a table with its rows as columns."""
    body = list(table)
    columns = [Column("mode"), *(Column(str(row[0]), "number") for row in body)]
    rows = [(c.name, *(row[k] for row in body)) for k, c in enumerate(table.columns) if k]
    return Table.of(table.title, columns, rows)


class _Items:
    """Short texts on as few lines as they need, none broken that fits on a line, in columns where they need many."""

    def __init__(self, items: Sequence[Text], last: Text | None = None) -> None:
        self.items, self.last = items, last

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        gap, room = 4, options.max_width - 1
        widths = [item.cell_len for item in self.items]
        if sum(widths) + gap * (len(widths) - 1) > room:
            widths = [max(widths)] * len(widths)
        lines = [Text()]
        used = 0
        for item, width in zip(self.items, widths, strict=True):
            if used and used + gap + width > room:
                lines.append(Text())
                used = 0
            lines[-1].append(" " * (used + gap * bool(used) - lines[-1].cell_len)).append_text(item)
            used += gap * bool(used) + width
        for line in [*lines, self.last] if self.last else lines:
            line.overflow = "fold"
            yield Padding(line, (0, 0, 0, 1), expand=False)


def _derivatives(result: Gradient, precision: int | None, most: int = 40) -> RenderableType:
    y = output_name(result.graph.inputs)
    items = []
    for name, value in islice(result.gradient.items(), most):
        item = Text(f"∂{y}/∂{one_line(name)} = ").append(shown(value, precision, UNICODE), "bold")
        if name in result.errors:
            largest = max([x for _, x in entries(name, result.errors[name])], default=0.0)
            item.append(f" ± {number(largest, 2, UNICODE)}")
        items.append(item)
    hidden = len(result.gradient) - len(items)
    last = _more(hidden, "derivatives") if hidden else None
    return _Items(items or [Text("no inputs, no derivatives", "dim")], last)


def _quotients(result: Gradient, most: int = 5) -> list[RenderableType]:
    """Return what numeric mode did: its scheme and cost, and where it kept to one side, as the other is not there."""
    if not result.errors:
        return []
    notes = [Text(f" {result.scheme}: {result.evaluations:,} evaluations", "dim")]
    asked = result.scheme == "one-sided"
    kept = [(name, side) for name, side in result.sides.items() if not (asked and side == "right")]
    for name, side in kept[:most]:
        other = "left" if side == "right" else "right"
        notes.append(
            Text(f" by {one_line(name)}: from the {side} only, as steps to the {other} leave the domain", "yellow")
        )
    if len(kept) > most:
        notes.append(_more(len(kept) - most, "inputs from one side"))
    return ["", *notes]


def _notes(trace: Trace, precision: int | None, most: int = 5) -> list[RenderableType]:
    """Return what the reader must know of corners: which choice was made at which node."""
    notes: list[RenderableType] = []
    for n, row in enumerate(trace.corners()):
        if n == most:
            notes.append(Text(" … and at more corners; --format json names them all", "yellow"))
            break
        value = shown(row.value, precision, UNICODE)
        text = f"corner: {row.name} = {one_line(row.formula)} = {value}, where by convention {row.note}"
        notes.append(Padding(Wrapped(text, "yellow", indent=2), (0, 0, 0, 1), expand=False))
    return ["", *notes] if notes else []


def _cut(table: Table, rows: int) -> tuple[list[Sequence[Cell]], int]:
    """Return the rows to show, and how many between their halves are not."""
    if table.count <= rows:
        return list(table), 0
    head, tail = (rows + 1) // 2, rows // 2
    shown = chain(range(head), range(table.count - tail, table.count))
    return [table.row(n) for n in shown], table.count - rows


def _more(hidden: int, what: str = "rows") -> Text:
    return Text(f"… {hidden:,} more {what}; --format json holds them all", "dim")


def _aligned(cells: Iterable[Cell], precision: int | None) -> Iterator[str]:
    """Return numbers with their decimal points one under the other."""
    texts = [number(x, precision, UNICODE) if not isinstance(x, str) else x for x in cells]
    whole = [cell_len(text.partition(".")[0].partition("e")[0]) for text in texts]
    widest = max(whole, default=0)
    return iter([" " * (widest - w) + text for w, text in zip(whole, texts, strict=True)])
