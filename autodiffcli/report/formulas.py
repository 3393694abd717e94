"""Derivatives as formulas, in every format."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from autodiffcli.graph import Graph
from autodiffcli.language.notation import json_ready, latex_name, one_line
from autodiffcli.language.write import LATEX, PLAIN, UNICODE, Style, write
from autodiffcli.report.table import Column, Table
from autodiffcli.tracing.quantities import output_name
from autodiffcli.value_text import is_number, shown, text

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Derivative", "data", "plain", "table", "view"]


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


class Derivative(NamedTuple):
    """One derivative of any order: of what, by which name at each step, its formula, and its value if there is one."""

    original: Graph
    names: Sequence[str]
    result: Graph
    value: Any = None

    def text(self, style: Style) -> str:
        """Return the formula."""
        return write(self.result, self.result.outputs[0], style)

    def symbol(self, style: Style = UNICODE) -> str:
        """Return what the derivative is called: dy/dx, d²y/dx², ∂³f/∂x²∂y."""
        y = output_name(self.original.inputs)
        runs = [(name, len(list(run))) for name, run in groupby(self.names)]
        if style is LATEX:
            d = "\\partial " if len(self.original.inputs) > 1 else "\\mathrm{d} "
            below = " ".join(f"{d}{latex_name(name)}{_raised(n, style)}" for name, n in runs)
            return f"\\frac{{{d.strip()}{_raised(len(self.names), style)} {y}}}{{{below}}}"
        d = "∂" if len(self.original.inputs) > 1 else "d"
        below = "".join(f"{d}{one_line(name)}{_raised(n, style)}" for name, n in runs)
        return f"{d}{_raised(len(self.names), style)}{y}/{below}"

    def plain(self, precision: int | None) -> str:
        """Return the formula alone, or with a value both as name=value lines."""
        if self.value is None:
            return f"{self.text(PLAIN)}\n"
        return f"formula={self.text(PLAIN)}\nvalue={text(self.value, precision)}\n"

    def latex(self) -> str:
        """Return the formula in LaTeX, on a line of its own."""
        return f"{self.text(LATEX)}\n"

    def data(self) -> dict[str, Any]:
        """Return the derivative as JSON-ready data."""
        found: dict[str, Any] = {"wrt": list(self.names), "order": len(self.names), "derivative": self.text(PLAIN)}
        found["latex"] = self.text(LATEX)
        return found if self.value is None else found | {"value": json_ready(self.value)}

    def table(self, style: Style) -> Table:
        """Return the derivative as a table of one row."""
        columns = [Column("derivative"), Column("formula", "math")]
        row: list[str | float] = [self.symbol(UNICODE), self.text(style)]
        if self.value is not None:
            columns.append(Column("value", "number" if is_number(self.value) else "math"))
            row.append(self.value if is_number(self.value) else text(self.value, None, style))
        return Table.of("derivative", columns, [row])

    def view(self, precision: int) -> RenderableType:
        """Return what a terminal shows: y and its derivative, one under the other."""
        from rich.console import Group

        from autodiffcli.report.wrap import Wrapped

        y = output_name(self.original.inputs)
        symbol = self.symbol()
        width = max(len(y), len(symbol))
        lines: list[RenderableType] = [
            Wrapped(f"{y:>{width}} = {write(self.original, self.original.outputs[0], UNICODE)}", indent=width + 3),
            Wrapped(f"{symbol} = {self.text(UNICODE)}", indent=width + 3),
        ]
        if self.value is not None:
            lines.append(f"{'':>{width}} = {shown(self.value, precision, UNICODE)}")
        return Group(*lines)


def _raised(n: int, style: Style) -> str:
    if n == 1:
        return ""
    return f"^{{{n}}}" if style is LATEX else "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(n))
