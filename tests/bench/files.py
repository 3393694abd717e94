"""Files: 1,000,000 rows of CSV in, the same with value and two partial derivatives out; and memory as the rows grow."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from tests.bench.timing import ADCALC, EXAMPLE, Row, in_turns, measure, succeed

COUNT = 1_000_000
BY_HAND = "$value=log($x1)+$x1*$x2-sin($x2);$d_x1=1.0/$x1+$x2;$d_x2=$x1-cos($x2)"
GENERATOR = """
import sys
write = sys.stdout.write
write("x1,x2\\n")
n = int(sys.argv[1])
for start in range(0, n, 1000):
    write("".join(f"{0.5 + i % 997 / 300!r},{i % 1009 / 400 - 1!r}\\n" for i in range(start, min(start + 1000, n))))
"""


def rows(long: bool) -> Iterator[Row]:
    """Yield time beside our peers', and peak memory of a hundred times the rows beside that of few."""
    with TemporaryDirectory() as folder:
        points, out = Path(folder, "points.csv"), Path(folder, "out.csv")
        with points.open("wb") as file:
            succeed(_generate(COUNT), sink=file)()
        found = in_turns(
            {
                "ours": succeed([ADCALC, "grad", EXAMPLE, "--points", str(points), "--out", str(out)]),
                "miller, derivative by hand": _miller(points, out) if which("mlr") else None,
                "python csv, derivative by hand": lambda: by_hand(points, out),
            },
            turns=3,
            warm_up=False,
        )
        yield Row("files: 1,000,000 rows of CSV", found.pop("ours"), found, "miller, derivative by hand", at_most=1)
    few, many = 100_000, 10_000_000 if long else 1_000_000
    peers: dict[str, float | None] = {f"{few:,} rows": _peak_memory(few)}
    yield Row(f"files: memory, {many:,} rows piped", _peak_memory(many), peers, f"{few:,} rows", at_most=1.1, unit="MB")


def by_hand(points: Path, out: Path) -> None:
    """Do with the csv module what our command does."""
    with points.open(newline="") as source, out.open("w", newline="") as sink:
        reader, writer = csv.reader(source), csv.writer(sink)
        writer.writerow([*next(reader), "value", "d_x1", "d_x2"])
        for first, second in reader:
            x1, x2 = float(first), float(second)
            value = math.log(x1) + x1 * x2 - math.sin(x2)
            writer.writerow([first, second, value, 1 / x1 + x2, x1 - math.cos(x2)])


def _miller(points: Path, out: Path) -> Callable[[], object]:
    def work() -> None:
        with out.open("wb") as file:
            succeed(["mlr", "--icsv", "--ocsv", "put", BY_HAND, str(points)], sink=file)()

    return work


def _generate(count: int) -> list[str]:
    return [sys.executable, "-c", GENERATOR, str(count)]


def _peak_memory(count: int) -> float:
    """Return the megabytes that our command holds, at most, while rows stream through it."""
    with subprocess.Popen(_generate(count), stdout=subprocess.PIPE) as generator:
        command = [ADCALC, "grad", EXAMPLE, "--points", "-"]
        return measure(command, source=generator.stdout or subprocess.DEVNULL).megabytes
