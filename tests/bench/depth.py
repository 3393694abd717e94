"""Depth and length: nested parentheses and calls, a long sum; time and peak memory of the whole process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.timing import ADCALC, Row, measure

DEEP = 100_000
TEXTS = {
    "depth: ( x 100,000": "(" * DEEP + "x" + ")" * DEEP,
    "depth: sin( x 100,000": "sin(" * DEEP + "x" + ")" * DEEP,
    "depth: a sum of 1,000,000 terms": "+".join(["x"] * 1_000_000),
}
PARSE_ONLY = "import sys, autodiffcli; autodiffcli.parse(open(sys.argv[1]).read())"


def rows(long: bool) -> Iterator[Row]:
    """Yield, for each text, the gradient's time and memory beside those of reading alone."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "expression")
        for name, text in TEXTS.items():
            file.write_text(text)
            whole = measure([ADCALC, "grad", f"@{file}", "--at", "x=0.5"])
            reading = measure([sys.executable, "-c", PARSE_ONLY, str(file)])
            yield Row(name, whole.seconds, {"reading alone": reading.seconds}, note="grad, the whole process")
            yield Row(f"{name}, memory", whole.megabytes, {"reading alone": reading.megabytes}, unit="MB")
