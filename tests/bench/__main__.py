"""`python -m tests.bench [ROW ...] [--long]`: print each row's figures, then all goals in one table."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import traceback
from collections.abc import Iterable, Sequence

from tests.bench import (
    depth,
    differences,
    files,
    fit,
    formulas,
    higher,
    memory,
    network,
    parse,
    points,
    product,
    shell,
    sparse,
    tables,
)
from tests.bench.timing import Row

ROWS = {
    "shell": shell,
    "parse": parse,
    "product": product,
    "points": points,
    "files": files,
    "tables": tables,
    "depth": depth,
    "formulas": formulas,
    "sparse": sparse,
    "memory": memory,
    "higher": higher,
    "differences": differences,
    "network": network,
    "fit": fit,
}


def number(value: float | None, unit: str) -> str:
    """Return a figure as people read it."""
    if value is None:
        return "not installed"
    if unit != "s":
        return f"{value:.1f} {unit}"
    return f"{value:.3g} s" if value >= 1 else f"{value * 1e3:.3g} ms" if value >= 1e-3 else f"{value * 1e6:.3g} us"


def details(row: Row) -> str:
    """Return the figures of one row, every peer with the multiple of ours that it takes."""
    ours = "missing" if row.ours is None else number(row.ours, row.unit)
    lines = [f"  {row.name}: {ours}" + (f"  ({row.note})" if row.note else "")]
    for peer, theirs in row.peers.items():
        multiple = f"{theirs / row.ours:8.3g} x ours" if theirs and row.ours else ""
        lines.append(f"    {peer:<34}{number(theirs, row.unit):>14}  {multiple}")
    return "\n".join(lines)


def cells(rows: Iterable[Row]) -> list[tuple[str, ...]]:
    """Return the closing table: what each row was to reach, and whether it did."""
    cells: list[tuple[str, ...]] = [("row", "ours", "against", "theirs", "ratio", "goal", "met", "best peer")]
    for row in rows:
        measured = {peer: value for peer, value in row.peers.items() if value is not None}
        best = min(measured, key=lambda peer: measured[peer], default="")
        cells.append(
            (
                row.name,
                "missing" if row.ours is None else number(row.ours, row.unit),
                row.against,
                number(row.peers.get(row.against), row.unit) if row.against else "",
                "" if row.ratio is None else f"{row.ratio:.2f}x",
                row.goal,
                row.met,
                f"{best} {number(measured[best], row.unit)}" if best else "",
            )
        )
    return cells


def table(cells: Sequence[tuple[str, ...]]) -> str:
    """Return cells in columns."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "-" * len(lines[0].ljust(sum(widths) + 14)), *lines[1:]])


def markdown(cells: Sequence[tuple[str, ...]]) -> str:
    """Return the cells of rows that have a goal as the README shows them."""
    head, *rows = [(row, ours, theirs, against, ratio, goal) for row, ours, against, theirs, ratio, goal, *_ in cells]
    lines = [head, ("---", "---:", "---:", "---", "---:", "---"), *[row for row in rows if row[-1]]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Run the rows that were asked for; a row that fails is reported and the others still run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=main.__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"some of {', '.join(ROWS)}; all if none is named")
    parser.add_argument("--long", action="store_true", help="also what takes minutes: 10,000,000 rows through a pipe")
    parser.add_argument("--markdown", action="store_true", help="the closing table once more, as the README shows it")
    asked = parser.parse_args()
    if unknown := set(asked.rows) - set(ROWS):
        parser.error(f"no row {', '.join(sorted(unknown))}: there are {', '.join(ROWS)}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    done: list[Row] = []
    failed = 0
    for name in asked.rows or ROWS:
        print(f"\n{name}", flush=True)
        try:
            for row in ROWS[name].rows(asked.long):
                print(details(row), flush=True)
                done.append(row)
        except Exception:
            failed += 1
            print(f"  failed: {traceback.format_exc()}", file=sys.stderr)
    print(f"\n{table(cells(done))}\n\nRatios are ours to theirs: of times and sizes for <=, of speeds for >=.")
    if asked.markdown:
        print(f"\n{markdown(cells(done))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
