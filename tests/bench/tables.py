"""Tables: 1,000,000 rows from CSV to CSV and from Parquet to Parquet, value and two partial derivatives; and memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from tests.bench.files import BY_HAND
from tests.bench.timing import ADCALC, EXAMPLE, Row, in_turns, measure, peer, succeed

COUNT = 1_000_000
MAKE = "COPY (SELECT 0.5 + range % 997 / 300 AS x1, range % 1009 / 400 - 1 AS x2 FROM range({0})) TO '{1}'"
# Each as someone writes it by hand who knows the derivative, a process of its own as ours is.
DUCKDB = """
import duckdb, sys
duckdb.sql("COPY (SELECT *, ln(x1) + x1*x2 - sin(x2) AS value, 1/x1 + x2 AS d_x1, x1 - cos(x2) AS d_x2 "
           f"FROM '{sys.argv[1]}') TO '{sys.argv[2]}'")
"""
POLARS = """
import polars as pl, sys
source, target = sys.argv[1:]
x1, x2 = pl.col("x1"), pl.col("x2")
table = pl.scan_csv(source) if source.endswith("csv") else pl.scan_parquet(source)
table = table.with_columns(value=x1.log() + x1*x2 - x2.sin(), d_x1=1/x1 + x2, d_x2=x1 - x2.cos())
(table.sink_csv if target.endswith("csv") else table.sink_parquet)(target)
"""


def rows(long: bool) -> Iterator[Row]:
    """Yield our time beside the better of DuckDB and Polars by hand, and our peak memory as the rows grow."""
    if (duckdb := peer("duckdb")) is None:
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        for kind in ("csv", "parquet"):
            source, target = folder / f"points.{kind}", folder / f"out.{kind}"
            duckdb.sql(MAKE.format(COUNT, source))
            by_hand: dict[str, Callable[[], object] | None] = {
                "duckdb, by hand": _python(DUCKDB, source, target),
                "polars, by hand": _python(POLARS, source, target) if peer("polars") else None,
            }
            others: dict[str, Callable[[], object] | None] = {}
            if kind == "csv":
                others["ours, --engine duckdb"] = _ours(source, target, "duckdb")
                others["miller, by hand"] = _miller(source, target) if which("mlr") else None
            found = in_turns({"ours": _ours(source, target)} | by_hand | others)
            mine = found.pop("ours")
            better = min((name for name in by_hand if found[name]), key=lambda name: found[name] or 0.0)
            yield Row(f"tables: 1,000,000 rows, {kind} to {kind}", mine, found, better, at_most=1.2)
        few, many = 10_000_000, 100_000_000 if long else 20_000_000
        peaks = []
        for count in (few, many):
            source = folder / f"{count}.parquet"
            duckdb.sql(MAKE.format(count, source))
            command = [ADCALC, "grad", EXAMPLE, "--points", str(source), "--out", str(folder / "out.parquet")]
            peaks.append(measure(command).megabytes)
        small = f"{few:,} rows"
        peers: dict[str, float | None] = {small: peaks[0]}
        yield Row(f"tables: memory, {many:,} rows of Parquet", peaks[1], peers, small, at_most=1.1, unit="MB")


def _ours(source: Path, target: Path, engine: str = "") -> Callable[[], object]:
    chosen = ["--engine", engine] if engine else []
    return succeed([ADCALC, "grad", EXAMPLE, "--points", str(source), "--out", str(target), *chosen])


def _python(script: str, source: Path, target: Path) -> Callable[[], object]:
    return succeed([sys.executable, "-c", script, str(source), str(target)])


def _miller(source: Path, target: Path) -> Callable[[], object]:
    def work() -> None:
        with target.open("wb") as file:
            succeed(["mlr", "--icsv", "--ocsv", "put", BY_HAND, str(source)], sink=file)()

    return work
