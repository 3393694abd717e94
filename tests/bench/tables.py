"""Tables: 1,000,000 rows from CSV to CSV and from Parquet to Parquet, value and two partial derivatives; and memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from tests.bench.files import BY_HAND
from tests.bench.timing import ADCALC, EXAMPLE, Row, in_turns, measure, peer, succeed

COUNT = 1_000_000
MAKE = "COPY (SELECT 0.5 + range % 997 / 300 AS x1, range % 1009 / 400 - 1 AS x2 FROM range({0})) TO '{1}'"
MILLER = ("--icsv", "--ocsv", "put", BY_HAND)
# Each as someone writes it by hand who knows the derivative, a process of its own as ours is.
DUCKDB = """
import duckdb, sys
duckdb.sql("COPY (SELECT *, ln(x1) + x1*x2 - sin(x2) AS value, 1/x1 + x2 AS d_x1, x1 - cos(x2) AS d_x2 "
           f"FROM '{sys.argv[1]}') TO '{sys.argv[2]}'")
"""
DUCKDB_PIPED = """
import duckdb
duckdb.sql("SET enable_progress_bar = false")  # it goes to standard output
duckdb.sql("COPY (SELECT *, ln(x1) + x1*x2 - sin(x2) AS value, 1/x1 + x2 AS d_x1, x1 - cos(x2) AS d_x2 "
           "FROM read_csv('/dev/stdin')) TO '/dev/stdout' (FORMAT csv)")
"""
CORE = "import sys; sys.modules['pyarrow'] = None; from autodiffcli.cli import program; program()"
GENERATOR = """
import duckdb, sys
duckdb.sql("SET enable_progress_bar = false")  # it goes to standard output
duckdb.sql("COPY (SELECT range AS i, 0.5 + range % 997 / 300 AS x1, range % 1009 / 400 - 1 AS x2 "
           f"FROM range({sys.argv[1]})) TO '/dev/stdout' (FORMAT csv)")
"""
COUNTER = """
import sys
with open(sys.argv[2], "rb") as rows:
    next(rows)
    count = 0
    for line in rows:
        assert line.startswith(b"%d," % count), line
        count += 1
assert count == int(sys.argv[1]), count
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
                others["ours, without the extra"] = succeed([sys.executable, "-c", CORE, *_asked(source, target)])
                others["miller, by hand"] = _miller(source, target) if which("mlr") else None
            found = in_turns({"ours": _ours(source, target)} | by_hand | others)
            mine = found.pop("ours")
            better = min((name for name in by_hand if found[name]), key=lambda name: found[name] or 0.0)
            yield Row(f"tables: 1,000,000 rows, {kind} to {kind}", mine, found, better, at_most=1.2)
            if kind == "csv":
                piped: dict[str, Callable[[], object] | None] = {
                    "ours": _between_pipes(source, ADCALC, "grad", EXAMPLE, "--points", "-"),
                    "duckdb, by hand": _between_pipes(source, sys.executable, "-c", DUCKDB_PIPED),
                    "miller, by hand": _between_pipes(source, "mlr", *MILLER) if which("mlr") else None,
                }
                found = in_turns(piped)
                yield Row(
                    "tables: 1,000,000 rows of CSV between pipes",
                    found.pop("ours"),
                    found,
                    "duckdb, by hand",
                    at_most=1.2,
                )
        counts = [10**k for k in range(5, 9 if long else 8)]
        for kind, peak in (("Parquet", _stored), ("CSV, piped, counted and in order", _piped)):
            *fewer, most = [(f"{count:,} rows", peak(folder, count)) for count in counts]
            yield Row(f"tables: memory, {most[0]} of {kind}", most[1], dict(fewer), fewer[0][0], at_most=1.1, unit="MB")


def _stored(folder: Path, count: int) -> float:
    """Return the megabytes that we hold, at most, while rows go from a file of Parquet into another."""
    source, target = folder / "many.parquet", folder / "out.parquet"
    succeed([sys.executable, "-c", f"import duckdb; duckdb.sql({MAKE.format(count, source)!r})"])()
    return measure([ADCALC, *_asked(source, target)]).megabytes


def _piped(folder: Path, count: int) -> float:
    """Return the megabytes that we hold, at most, while rows come and go by pipes; none is lost or out of order."""
    answers = folder / f"{count}.pipe"
    os.mkfifo(answers)
    with (
        subprocess.Popen([sys.executable, "-c", GENERATOR, str(count)], stdout=subprocess.PIPE) as generator,
        subprocess.Popen([sys.executable, "-c", COUNTER, str(count), str(answers)]) as counter,
    ):
        try:
            command = [ADCALC, "grad", EXAMPLE, "--points", "-", "--out", str(answers)]
            found = measure(command, source=generator.stdout or subprocess.DEVNULL)
        except subprocess.CalledProcessError:
            counter.kill()  # it waits for what will not come
            raise
    if counter.returncode:
        raise RuntimeError(f"of {count:,} rows some are lost, or out of order")
    return found.megabytes


def _ours(source: Path, target: Path, engine: str = "") -> Callable[[], object]:
    chosen = ["--engine", engine] if engine else []
    return succeed([ADCALC, *_asked(source, target), *chosen])


def _asked(source: Path, target: Path) -> list[str]:
    return ["grad", EXAMPLE, "--points", str(source), "--out", str(target)]


def _python(script: str, source: Path, target: Path) -> Callable[[], object]:
    return succeed([sys.executable, "-c", script, str(source), str(target)])


def _miller(source: Path, target: Path) -> Callable[[], object]:
    def work() -> None:
        with target.open("wb") as file:
            succeed(["mlr", *MILLER, str(source)], sink=file)()

    return work


def _between_pipes(source: Path, *command: str) -> Callable[[], object]:
    """Return the work of a command that reads a file from one program and writes to another."""
    script = 'set -o pipefail; cat "$0" | "$@" | cat >"$0.out"'
    return succeed(["bash", "-c", script, str(source), *command])
