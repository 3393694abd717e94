"""The gradient as formulas, in every format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autodiffcli.graph import Graph
from autodiffcli.language.notation import one_line
from autodiffcli.language.write import PLAIN, UNICODE, Style, write
from autodiffcli.report.table import Column, Table
from autodiffcli.tracing.quantities import output_name

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["data", "plain", "table", "view"]


def table(formulas: Graph, names: Sequence[str], style: Style = UNICODE) -> Table:
    """Return a row for each partial derivative; `formulas` has the value and then the derivatives as outputs."""
    y = output_name(formulas.inputs)
    nodes = formulas.outputs[1:]

    def row(n: int) -> tuple[str, str]:
        return f"∂{y}/∂{names[n]}", write(formulas, nodes[n], style)

    columns = Column("derivative"), Column("formula", "math")
    return Table("gradient", columns, len(names), row)


def view(formulas: Graph, names: Sequence[str]) -> RenderableType:
    """Return what a terminal shows: y = its formula, and the formula of each derivative under it."""
    from rich.console import Group

    from autodiffcli.report.wrap import Wrapped

    y = output_name(formulas.inputs)
    lines: list[RenderableType] = [Wrapped(f"{y} = {write(formulas, formulas.outputs[0], UNICODE)}", indent=4), ""]
    lines += [Wrapped(f" {name} = {formula}", indent=4) for name, formula in table(formulas, names)]
    return Group(*lines)


def plain(formulas: Graph, names: Sequence[str]) -> str:
    """Return name=formula lines, in the language itself."""
    rows = table(formulas, names, PLAIN)
    return "".join(f"{one_line(name)}={row[1]}\n" for name, row in zip(names, rows, strict=True))


def data(formulas: Graph, names: Sequence[str]) -> dict[str, Any]:
    """Return the formulas as JSON-ready data."""
    rows = table(formulas, names, PLAIN)
    return {"grad": {name: row[1] for name, row in zip(names, rows, strict=True)}, "mode": "symbolic"}
