"""Values with their uncertainties, and where these come from, in every format."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import floor, isfinite, isnan, log10
from typing import TYPE_CHECKING, Any

from autodiffcli.language.notation import json_ready
from autodiffcli.language.write import UNICODE, number
from autodiffcli.report.plain import line
from autodiffcli.report.table import Cell, Column, Table
from autodiffcli.uncertainty import Uncertain

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = [
    "rounded",
    "uncertainty_data",
    "uncertainty_plain",
    "uncertainty_tables",
    "uncertainty_view",
    "uncertainty_warnings",
]


_DIGITS = 17
"""Digits that a float has; none are shown after them."""


def rounded(value: float, sigma: float, precision: int | None = 6) -> str:
    """Return a value to the place of its uncertainty's second significant digit; the precision is for one without.

    >>> rounded(19.62, 0.98182), rounded(123456.0, 2345.0), rounded(6.6743e-11, 1.5e-15)
    ('19.62 ± 0.98', '123500 ± 2300', '(6.67430 ± 0.00015)e−11')
    """
    apart = f"{number(value, precision, UNICODE)} ± {number(sigma, 2, UNICODE)}"
    if not (isfinite(value) and sigma > 0 and isfinite(sigma)):
        return apart
    place = int(f"{sigma:.1e}".partition("e")[2]) - 1  # of the last digit that is shown
    leading = max(floor(log10(abs(value))) if value else place, place)
    if leading - place > _DIGITS:
        return apart
    shift = leading if not -5 < leading < 7 else 0
    digits = [_fixed(x, place, shift) for x in (value, sigma)]
    text = " ± ".join(digits) if not shift else f"({' ± '.join(digits)})e{shift}"
    return text.replace("-", "−")


def _fixed(x: float, place: int, shift: int) -> str:
    exact = Decimal(x).scaleb(-shift)
    return f"{round(exact, -(place - shift)):f}"


def uncertainty_plain(name: str, found: Uncertain, precision: int | None, sign: str) -> str:
    """Return name=value±uncertainty, which --at takes."""
    return f"{line(name, found.value, precision)}{sign}{number(found.uncertainty, precision)}\n"


def uncertainty_data(found: Uncertain) -> dict[str, Any]:
    """Return {"value", "uncertainty", "budget"}, and where there are any "correlations" and "second_order"."""
    data: dict[str, Any] = {"value": found.value, "uncertainty": found.uncertainty}
    data["budget"] = [term._asdict() for term in found.terms]
    if found.crosses:
        data["correlations"] = [cross._asdict() for cross in found.crosses]
    if found.second is not None:
        data["second_order"] = found.second._asdict()
    return dict(json_ready(data))


def uncertainty_tables(found: Uncertain) -> list[Table]:
    """Return the value with its uncertainty, and the shares of inputs and of correlations, numbers in full."""
    columns = [Column("value", "number"), Column("uncertainty", "number")]
    tables = [Table.of("value", columns, [(found.value, found.uncertainty)])]
    names = "value", "uncertainty", "derivative", "contribution", "share"
    columns = [Column("input"), *(Column(name, "number") for name in names)]
    tables.append(Table.of("uncertainty budget", columns, found.terms))
    if found.crosses:
        columns = [Column("input"), Column("with"), Column("correlation", "number"), Column("share", "number")]
        rows = [(*cross.inputs, cross.correlation, cross.share) for cross in found.crosses]
        tables.append(Table.of("correlations", columns, rows))
    return tables


def uncertainty_view(found: Uncertain, name: str, precision: int) -> RenderableType:
    """Return what a terminal shows: value ± σ, rounded by σ, and the share of each input and of each correlation."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    from autodiffcli.report.tables import table_view

    values = [rounded(term.value, term.uncertainty, precision) for term in found.terms]
    values += [f"ρ = {number(cross.correlation, precision, UNICODE)}" for cross in found.crosses]
    shares = [_percent(term.share) for term in found.terms] + [_percent(cross.share) for cross in found.crosses]
    names = "value ± σ", f"∂{name}/∂input", f"∂{name}/∂input·σ", "share of σ²"
    widths = [max(map(len, texts)) for texts in ((names[0], *values), (names[-1], *shares))]

    def row(n: int) -> tuple[Cell, ...]:
        value, share = values[n].rjust(widths[0]), shares[n].rjust(widths[1])
        if n < len(found.terms):
            term = found.terms[n]
            return term.name, value, term.derivative, term.contribution, share
        return ", ".join(found.crosses[n - len(found.terms)].inputs), value, "", "", share

    columns = [Column("input"), *(Column(column, "number") for column in names)]
    view = table_view(Table("", tuple(columns), len(values), row), precision)
    head = Text(f"{name} = ").append(rounded(found.value, found.uncertainty, precision), "bold")
    return Group(Padding(head, (0, 0, 1, 1), expand=False), Padding(view, (0, 0, 0, 1), expand=False))


def uncertainty_warnings(found: Uncertain) -> Iterator[str]:
    """Yield what must be known of an uncertainty that its linear theory does not describe."""
    if found.poor and found.second is not None:
        shift, more = found.second
        yield (
            f"linear propagation is poor here: beside its ±{number(found.uncertainty, 2)}, the second order adds "
            f"±{number(more, 2)} and shifts the value by {number(shift, 2)} (normal inputs; JCGM 100, note to 5.1.2)"
        )
    for corner in found.corners:
        yield f"linear propagation does not hold at a corner: {corner}"


def _percent(share: float) -> str:
    return "undefined" if isnan(share) else f"{100 * share:.1f} %".replace("-", "−")
