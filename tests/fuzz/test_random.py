"""Random input from hypothesis to everything that reads text: an answer or an AdcalcError, and nothing else.

A few thousand examples in the normal run; ADCALC_FUZZ_EXAMPLES=25000 python -m pytest tests/fuzz for more of each
target, python -m tests.fuzz for millions.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autodiffcli.backends import MODES
from tests.fuzz import targets
from tests.fuzz.strategies import arguments, data, lines, points, tables, texts
from tests.fuzz.targets import TARGETS
from tests.fuzz.words import GROWING, HOSTILE, written

EXAMPLES = int(os.environ.get("ADCALC_FUZZ_EXAMPLES", "0"))


def fuzz(share: int) -> settings:
    """Return how much of the normal run a target is given."""
    return settings(
        max_examples=EXAMPLES or share,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


@fuzz(1000)
@given(texts)
@example("#" * 50 + "x")
@example("√" * 100 + "2x")
def test_expressions(text: str) -> None:
    targets.grammar(text, MODES)


@pytest.mark.parametrize("text", [*written(), *HOSTILE, *GROWING])
def test_known_expressions(text: str) -> None:
    targets.grammar(text)


@fuzz(600)
@given(st.one_of(points, data))
@example("# " * 60 + "\nx")
def test_points(given_point: object) -> None:
    targets.point(given_point)


@fuzz(500)
@given(st.lists(lines, max_size=4))
def test_records(given_lines: list[bytes]) -> None:
    targets.records(b"\n".join(given_lines))


@fuzz(600)
@given(tables, st.sampled_from(["", "csv", "tsv", "jsonl"]), st.sampled_from(["fail", "skip", "null"]), st.booleans())
def test_tables(table: bytes, kind: str, on_error: str, keep: bool) -> None:
    targets.table((table, kind, on_error, keep))


@fuzz(800)
@given(arguments, st.one_of(st.just(b""), points.map(lambda t: t.encode("utf-8", "surrogatepass")), tables))
def test_command_line(argv: list[str], stdin: bytes) -> None:
    targets.command((argv, stdin))


def harness(*args: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *args],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_the_harness(target: str) -> None:
    status, said = harness(target, "--runs", "300", "--seed", "7")
    assert status == 0, said
    assert said.startswith("300 inputs in ") and " a second; worst 0." in said and "; 0 findings of 0 kinds\n" in said


def test_the_harness_notices() -> None:
    """What it is there for: an exception, an input that takes too long, one that takes too much memory."""
    script = """
import sys
from tests.fuzz import watch
watch.LONGEST, watch.MOST = 0.2, 1 << 28
def check(given):
    if given == 1: return 1 / 0
    if given == 2:
        while True: pass
    if given == 3: return bytearray(1 << 29)
found = watch.Watch(check, sys.stdout)
for i in range(5): found(i, i)
assert [f.number for f in found.findings] == [1, 2, 3]
assert [f.what.split()[0] for f in found.findings] == ["ZeroDivisionError:", "over", "over"]
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
