"""The graph for a terminal: forward and backward part beside each other, and what optimisation did."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding

from autodiffcli.drawing.dot import heading, title
from autodiffcli.drawing.listing import ends, sizes
from autodiffcli.drawing.model import Picture
from autodiffcli.language.write import UNICODE, number
from autodiffcli.report.table import Cell, Column, Table
from autodiffcli.report.tables import ROWS, Flow, table_view
from autodiffcli.report.wrap import Wrapped
from autodiffcli.tracing.quantities import Quantities

__all__ = ["part", "view"]

_LIMIT = 240
_MOST = 40


def view(picture: Picture, precision: int | None = 6, rows: int = ROWS) -> RenderableType:
    """Return what `graph` shows on a terminal."""
    forward, backward = picture.order[: picture.size], picture.order[picture.size :]
    tables = [part(picture, "forward", forward)]
    if backward:
        tables.append(part(picture, heading(picture), backward))
    return Group(
        Wrapped(title(picture), indent=4),
        "",
        Flow([table_view(table, precision, rows) for table in tables]),
        "",
        *[Padding(Wrapped(note, indent=4), (0, 0, 0, 1), expand=False) for note in _notes(picture)],
    )


def part(picture: Picture, name: str, ids: Sequence[int]) -> Table:
    """Return one half as a table of equations: v3 = ln(v1), and its value if there is one."""
    columns = [Column("name", "math"), Column("formula", "math")]
    if picture.values is not None:
        columns.append(Column("value", "number"))

    def row(n: int) -> Sequence[Cell]:
        node = next(picture.nodes(UNICODE, _LIMIT, [ids[n]]))
        cells: list[Cell] = [node.name, node.formula if node.formula != node.name else ""]
        return cells if node.value is None else [*cells, node.value]

    return Table(name, tuple(columns), len(ids), row, equation=True, backward=name.startswith("backward"))


def _notes(picture: Picture) -> list[str]:
    """Return what the results are, what has become of quantities that are no nodes of their own, and the counts."""
    merged: dict[str, list[str]] = {}
    dropped = []
    say = Quantities(picture.graph, UNICODE)
    for name, what in picture.elsewhere():
        if what is None:
            dropped.append(name)
        else:
            same = picture.name(what, say) if isinstance(what, int) else number(what, None, UNICODE)
            merged.setdefault(same, []).append(name)
    nodes, edges = (count for _, count in sizes(picture))
    halves = f" ({picture.size:,} forward, {len(picture.order) - picture.size:,} backward)" if picture.backward else ""
    equal = [" = ".join([*names[:_MOST], same]) for same, names in merged.items()]
    notes = {"results": ends(picture, UNICODE), "merged": equal, "not computed": dropped}
    lines = [f"{kind}: {_listed(texts)}" for kind, texts in notes.items() if texts]
    return [*lines, f"nodes: {nodes}{halves}; edges: {edges}"]


def _listed(texts: Sequence[str]) -> str:
    more = f"; and {len(texts) - _MOST:,} more" if len(texts) > _MOST else ""
    return f"{'; '.join(texts[:_MOST])}{more}"
