"""What a fit found, in every format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autodiffcli.fitting.results import Fit
from autodiffcli.language.notation import counted, json_ready, one_line
from autodiffcli.language.write import UNICODE, number
from autodiffcli.report.plain import lines
from autodiffcli.report.table import Column, Table
from autodiffcli.value_text import entries, shown

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["fit_data", "fit_plain", "fit_tables", "fit_view"]

_WIDE = 100
"""Times that the largest loss is the smallest from which on the axis is logarithmic."""


def fit_plain(found: Fit, precision: int | None = None) -> str:
    """Return the parameters as --at and --params take them."""
    return lines(found.parameters, precision)


def fit_data(found: Fit) -> dict[str, Any]:
    """Return parameters, loss, why it stopped, and every epoch, as JSON-ready data."""
    return {
        "parameters": json_ready(found.parameters),
        **json_ready({"loss": found.loss, "gradient_norm": found.gradient_norm}),
        "epochs": found.epochs,
        "steps": found.steps,
        "optimizer": found.optimizer,
        "stopped": found.stopped,
        "history": [json_ready(epoch._asdict()) for epoch in found.history],
    }


def fit_tables(found: Fit) -> list[Table]:
    """Return the parameters entry by entry, and the loss by epoch."""
    spread = [pair for name, value in found.parameters.items() for pair in entries(name, value)]
    names = ("epoch", "steps", "rows", "loss", "gradient_norm")
    history = [(float(n), *map(float, epoch)) for n, epoch in enumerate(found.history, 1)]
    return [
        Table.of("parameters", [Column("parameter"), Column("value", "number")], spread),
        Table.of("loss by epoch", [Column(name, "number") for name in names], history),
    ]


def fit_view(found: Fit, precision: int) -> RenderableType:
    """Return what a terminal shows: the loss curve, the parameters in short, and how it ended."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    from autodiffcli.report.plot import COUNT, LINEAR, LOG, Plot, Series
    from autodiffcli.report.wrap import Wrapped

    losses = [epoch.loss for epoch in found.history]
    parts: list[RenderableType] = []
    if len(losses) > 1:
        up = LOG if 0 < min(losses) * _WIDE < max(losses) else LINEAR
        curve = [Series(losses, "●", "cyan", "loss")]
        parts += [Plot(range(1, len(losses) + 1), curve, "epoch", "loss", (COUNT, up), height=12), ""]
    parts += [
        Text(f" {one_line(name)} = {shown(value, precision, UNICODE)}") for name, value in found.parameters.items()
    ]
    loss, norm = number(found.loss, precision, UNICODE), number(found.gradient_norm, 3, UNICODE)
    said = f"loss {loss}, gradient's norm {norm}; {counted(found.epochs, 'epoch')}, {counted(found.steps, 'step')}"
    words = Wrapped(f"{said} of {found.optimizer}; stopped: {found.stopped}", indent=2)
    return Group(*parts, "", Padding(words, (0, 0, 0, 1), expand=False))
