"""Jacobians, Hessians, products with them, and Taylor coefficients, in every format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from autodiffcli.graph import Graph
from autodiffcli.higher.results import Directional, Matrix, Taylor
from autodiffcli.language.notation import json_ready, one_line
from autodiffcli.language.write import UNICODE, number, write
from autodiffcli.report.plain import lines
from autodiffcli.report.table import Cell, Column, Table
from autodiffcli.tracing.quantities import output_names
from autodiffcli.value_text import compact, entries

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

__all__ = [
    "directional_data",
    "directional_plain",
    "directional_table",
    "directional_view",
    "matrix_data",
    "matrix_plain",
    "matrix_table",
    "matrix_view",
    "taylor_data",
    "taylor_plain",
    "taylor_table",
    "taylor_view",
]

_HEADS = 10
"""Outputs whose formulas stand above a matrix."""


# Matrices


def matrix_table(result: Matrix) -> Table:
    """Return a row for each row of the matrix, or of a large sparse one for each entry."""
    if result.sparse:
        return _entries(result)
    full = result.matrix
    columns = Column("output" if result.kind == "jacobian" else "input"), *_numbers(result.columns)
    return Table(_title(result), columns, len(full), lambda n: [result.rows[n], *full[n]])


def matrix_plain(result: Matrix, precision: int | None = None) -> str:
    """Return d_y1_x=..., in a Hessian d2_x_y=..., every entry, or of a large sparse matrix those that may be not 0."""
    prefix = "d" if result.kind == "jacobian" else "d2"
    return lines(((f"{prefix}_{row}_{column}", x) for row, column, x in _triplets(result)), precision)


def matrix_data(result: Matrix) -> dict[str, Any]:
    """Return the matrix as lists of rows, or of a large sparse one as {"row", "column", "value"} lists from 0."""
    hessian = result.kind == "hessian"
    data: dict[str, Any] = {"value": result.values[0] if hessian else result.values}
    if hessian:
        data["grad"] = result.gradient
    else:
        data["outputs"] = result.rows
    data["inputs"] = result.columns
    if result.sparse:
        data[result.kind] = {"row": result.i, "column": result.j, "value": result.entries}
    else:
        data[result.kind] = result.matrix
    data |= {"mode": result.mode, "passes": result.passes, "reason": result.reason}
    if result.colours:
        data["colours"] = result.colours
    return dict(json_ready(data))


def matrix_view(result: Matrix, graph: Graph, precision: int) -> RenderableType:
    """Return what a terminal shows: each output with its formula and value, the matrix, why it was had this way."""
    from autodiffcli.report.wrap import Wrapped

    values = dict(zip(output_names(graph), result.values, strict=True))
    why = Wrapped(f" {result.reason}", "dim", indent=1)
    return _page(graph, values, precision, [_Matrix(result, precision), "", why])


class _Matrix:
    """A matrix, lying on its side where that fits better, or its entries one under the other where it is too wide."""

    def __init__(self, result: Matrix, precision: int) -> None:
        self.result, self.precision = result, precision

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.measure import Measurement

        from autodiffcli.report.tables import table_view

        wide, result = options.update(width=10_000), self.result
        shapes = [] if result.sparse else [matrix_table, _turned]
        for shape in shapes:
            if len(result.columns if shape is matrix_table else result.rows) < options.max_width // 3:
                table = shape(result)
                view = table_view(table, self.precision)
                if Measurement.get(console, wide, view).maximum < options.max_width:
                    yield _titled(table, view)
                    return
        yield _headed(_entries(result), self.precision)


def _turned(result: Matrix) -> Table:
    rows = list(zip(*result.matrix, strict=True))
    columns = Column("input"), *_numbers(result.rows)
    return Table("jacobian, turned: ∂column/∂row", columns, len(rows), lambda n: [result.columns[n], *rows[n]])


def _entries(result: Matrix) -> Table:
    count = len(result.rows) * len(result.columns)
    title = f"{_title(result)}: the {len(result.entries):,} of {count:,} entries that are not structurally 0"

    def row(n: int) -> tuple[Cell, ...]:
        return result.rows[result.i[n]], result.columns[result.j[n]], result.entries[n]

    return Table(title, (Column("row"), Column("column"), Column("value", "number")), len(result.entries), row)


def _triplets(result: Matrix) -> Iterator[tuple[str, str, float]]:
    if result.sparse:
        yield from ((result.rows[i], result.columns[j], x) for i, j, x in _zipped(result))
        return
    for row, numbers in zip(result.rows, result.matrix, strict=True):
        yield from ((row, column, x) for column, x in zip(result.columns, numbers, strict=True))


def _zipped(result: Matrix) -> Iterator[tuple[int, int, float]]:
    return zip(result.i, result.j, result.entries, strict=True)


def _title(result: Matrix) -> str:
    return "jacobian: ∂row/∂column" if result.kind == "jacobian" else "hessian: ∂²/∂row∂column"


# Products with a vector

_PRODUCTS = {
    "jvp": "J·v: how fast each output changes",
    "vjp": "Jᵀ·w: the gradient of the weighed outputs",
    "hvp": "H·v: how fast each derivative changes",
}


def directional_table(result: Directional) -> Table:
    """Return a row for each output (jvp) or input."""
    beside = {"jvp": result.values, "vjp": {}, "hvp": result.gradient}[result.kind]
    what = "value" if result.kind == "jvp" else "derivative"
    columns = Column("output" if result.kind == "jvp" else "input"), *_numbers([what] * bool(beside))
    spread = {name: x for leaf, value in result.product.items() for name, x in entries(leaf, value)}
    beside = {name: x for leaf, value in beside.items() for name, x in entries(leaf, value)}
    rows: list[tuple[Cell, ...]] = [(name, beside[name], x) if beside else (name, x) for name, x in spread.items()]
    return Table.of(_PRODUCTS[result.kind], (*columns, Column(result.kind, "number")), rows)


def directional_plain(result: Directional, precision: int | None = None) -> str:
    """Return the product by name: of a jvp by output, so that --cotangent takes it, else by input."""
    return lines(result.product, precision)


def directional_data(result: Directional) -> dict[str, Any]:
    """Return {"value", "jvp"}, or vjp or hvp, all by name."""
    value: object = result.values
    if result.kind == "hvp":
        (value,) = result.values.values()
    grad = {"grad": result.gradient} if result.kind == "hvp" else {}
    return dict(json_ready({"value": value, **grad, result.kind: result.product}))


def directional_view(result: Directional, graph: Graph, precision: int) -> RenderableType:
    """Return what a terminal shows: the outputs, and the product."""
    return _page(graph, result.values, precision, [_headed(directional_table(result), precision)])


# Taylor series


def taylor_table(result: Taylor) -> Table:
    """Return a row for each order: the coefficient of each output, of a single one its derivative k!·c_k too."""
    series = list(result.coefficients.values())
    title = "Taylor coefficients along " + ", ".join(f"{n}={number(x)}" for n, x in result.along.items() if x)
    columns = _numbers(result.coefficients)
    if len(series) == 1:
        columns, series = _numbers(["coefficient", "derivative"]), [*series, _derivatives(series[0])]
    rows = [(float(k), *[c[k] for c in series]) for k in range(result.order + 1)]
    return Table.of(title, (Column("order", "number"), *columns), rows)


def taylor_plain(result: Taylor, precision: int | None = None) -> str:
    """Return c0=..., c1=..., of several outputs y1_c0=..."""
    several = len(result.coefficients) > 1
    return lines(
        (
            (f"{name}_c{k}" if several else f"c{k}", x)
            for name, c in result.coefficients.items()
            for k, x in enumerate(c)
        ),
        precision,
    )


def taylor_data(result: Taylor) -> dict[str, Any]:
    """Return {"value", "coefficients", "order", "along"}; of several outputs value and coefficients are lists."""
    series = list(result.coefficients.values())
    found: dict[str, Any] = {"value": [c[0] for c in series], "coefficients": series}
    if len(series) == 1:
        found = {key: part[0] for key, part in found.items()}
    return dict(json_ready({**found, "order": result.order, "along": result.along}))


def taylor_view(result: Taylor, graph: Graph, precision: int) -> RenderableType:
    """Return what a terminal shows: the outputs, and their coefficients."""
    values = {name: c[0] for name, c in result.coefficients.items()}
    return _page(graph, values, precision, [_headed(taylor_table(result), precision)])


def _derivatives(series: Sequence[float]) -> list[float]:
    found, factorial = [], 1.0
    for k, c in enumerate(series):
        factorial *= max(k, 1)
        found.append(c * factorial if c else 0.0)  # not 0·inf beyond 170!
    return found


# All of them


def _numbers(names: Iterable[str]) -> list[Column]:
    return [Column(name, "number") for name in names]


def _headed(table: Table, precision: int) -> RenderableType:
    from autodiffcli.report.tables import table_view

    return _titled(table, table_view(table, precision))


def _titled(table: Table, view: RenderableType) -> RenderableType:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    title = Text(one_line(table.title), "underline", overflow="fold")
    return Group(*[Padding(part, (0, 0, 0, 1), expand=False) for part in (title, view)])


def _page(graph: Graph, values: dict[str, float], precision: int, parts: Sequence[RenderableType]) -> RenderableType:
    """Return the outputs, each with its formula and its value, over what is said of them."""
    from rich.console import Group
    from rich.text import Text

    from autodiffcli.report.wrap import Wrapped

    heads: list[RenderableType] = []
    for (name, value), node in zip(values.items(), graph.outputs[:_HEADS], strict=False):
        shown = compact(value, precision, UNICODE)
        formula = write(graph, node, UNICODE, limit=240)
        heads.append(Wrapped(f"{name} = {formula} = {shown}", indent=4, bold=len(shown)))
    if len(values) > _HEADS:
        heads.append(Text(f"… and {len(values) - _HEADS:,} more outputs", "dim"))
    return Group(*heads, "", *parts)
