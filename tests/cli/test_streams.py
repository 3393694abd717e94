"""Closed pipes, full disks, Ctrl-C: what happens to a program among others."""

from __future__ import annotations

import json
import math
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from tests.cli.support import LECTURE, PROGRAM, environment, interruptible, run

ADCALC = shlex.join(PROGRAM)


def bash(script: str, cwd: Path | None = None) -> tuple[int, str, str]:
    """Run a script in which $adcalc is the program."""
    command = ["bash", "-c", script.replace("$adcalc", ADCALC)]
    done = subprocess.run(command, capture_output=True, env=environment(), cwd=cwd, timeout=120, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_output_composes_with_input() -> None:
    script = f"""$adcalc grad '{LECTURE}' --at x1=2,x2=5 | $adcalc eval '{LECTURE}' --at -"""
    status, out, err = bash(script)
    expected = math.log(5.5) + 5.5 * 1.7163378145367738 - math.sin(1.7163378145367738)
    assert (status, err) == (0, "") and float(out.removeprefix("value=")) == pytest.approx(expected, rel=1e-15)


def test_a_reader_that_has_gone_ends_it_quietly(tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_text('{"expr": "x^2", "at": {"x": 1}}\n' * 100_000, encoding="utf-8")
    (tmp_path / "points.csv").write_text("x\n" + "1\n" * 1_000_000, encoding="utf-8")
    for command in (
        "$adcalc grad - --format jsonl < many.jsonl",
        "$adcalc grad x^2 --points points.csv",
    ):
        status, out, err = bash(f"{command} | head -c 1 >&2; exit ${{PIPESTATUS[0]}}", tmp_path)
        assert (status, out, len(err)) == (141, "", 1), (command, err)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="open files have no names here")
@pytest.mark.parametrize("out", ["/dev/stdout", "-", "/dev/fd/1", ">(cat)", "/dev/fd/7 7>&1"])
@pytest.mark.parametrize("end", ["| cat", "> log; cat log"])
def test_out_may_be_what_is_open_already(out: str, end: str, tmp_path: Path) -> None:
    command = f"$adcalc eval x^2 --points <(printf 'x\\n3\\n') --out {out}"
    script = f"{{ echo begun; {command}; sleep 0.2; echo done; }} {end}"
    assert bash(script, tmp_path) == (0, "begun\nx,value\n3,9.0\ndone\n", "")


def test_a_full_disk_is_an_error() -> None:
    for command in (
        "$adcalc eval 1",
        "$adcalc ops",
        "$adcalc grad x --format table",
        "$adcalc --help",
        """echo '{"expr": "1"}' | $adcalc eval - --format jsonl""",
        "printf 'x\\n1\\n' | $adcalc eval x --points -",
    ):
        status, _, err = bash(f"{command} > /dev/full")
        assert (status, err) == (2, "error: cannot write the output: No space left on device\n"), command


def test_streams_that_are_closed() -> None:
    assert bash("$adcalc eval 1 >&-") == (2, "", "error: cannot write the output: standard output is closed\n")
    assert bash("$adcalc eval 1 2>&-") == (0, "value=1\n", "")
    assert bash("$adcalc eval 'ln(-1)' 2>&-") == (1, "", "")
    assert bash("$adcalc eval 1 >&- 2>&-") == (2, "", "")
    for command in ("eval -", "grad x --at -", "grad - --format jsonl", "eval x --points -"):
        status, out, err = bash(f"$adcalc {command} <&-")
        assert (status, out) == (2, "") and err.startswith("error: standard input is closed"), command


def interrupted(*args: str, stdin: bytes, ready: Callable[[IO[bytes]], None]) -> tuple[int, bytes, bytes]:
    """Return what a command leaves that is interrupted once it is ready, while it waits for more input."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*PROGRAM, *args],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env=environment(),
        preexec_fn=interruptible,  # noqa: PLW1509 - the tests run no threads
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(stdin)
        process.stdin.flush()
        ready(process.stdout)
        process.send_signal(signal.SIGINT)
        status = process.wait(20)
        return status, process.stdout.read(), process.stderr.read()


def test_ctrl_c_ends_it_quietly() -> None:
    def answered(out: IO[bytes]) -> None:
        assert json.loads(out.readline())["value"] == 2.0  # before the input ends

    record = b'{"id": 1, "expr": "x", "at": {"x": 2}}\n'
    assert interrupted("grad", "-", "--format", "jsonl", stdin=record, ready=answered) == (130, b"", b"")


def test_ctrl_c_leaves_no_half_written_file(tmp_path: Path) -> None:
    def begun(out: IO[bytes]) -> None:
        """Nothing is left to wait for: more than a pipe holds has been taken, so rows are being written."""

    out, table = str(tmp_path / "out.csv"), b"x\n" + b"1\n" * 2_000_000
    assert interrupted("grad", "x^2", "--points", "-", "--out", out, stdin=table, ready=begun) == (130, b"", b"")
    assert list(tmp_path.iterdir()) == []


def test_input_that_does_not_wait_is_waited_for() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    command = [*PROGRAM, "eval", "x^2", "--points", "-"]
    with subprocess.Popen(command, stdin=reading, stdout=-1, stderr=-1, env=environment()) as process:
        assert process.stdout
        os.write(writing, b"x\n1\n")
        assert [process.stdout.readline() for _ in range(2)] == [b"x,value\n", b"1,1.0\n"]
        time.sleep(0.1)
        os.write(writing, b"2\n")
        os.close(writing)
        os.close(reading)
        assert process.communicate(timeout=20) == (b"2,4.0\n", b"")


def test_from_the_root_of_the_file_system() -> None:
    assert run("eval", "2", cwd=Path("/")) == (0, "value=2\n", "")


def test_a_request_that_fails_with_output_before_it_keeps_their_order() -> None:
    status, out, _ = bash("$adcalc grad 'sqrt(x)*x' --at x=0 2>&1")
    assert status == 1 and out.startswith("x=nan\nerror: ")


@pytest.mark.parametrize(("expression", "status"), [("1", 0), ("ln(-1)", 1), ("1+", 2)])
def test_exit_status(expression: str, status: int) -> None:
    assert run("eval", expression).status == status


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows stops no process")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_stop_loses_no_rows(unbuffered: str, tmp_path: Path) -> None:
    """A write that a stop interrupts ends early; where PYTHONUNBUFFERED was set, the rest of it was lost."""
    rows = [f"{i},{i}.0" for i in range(100_000)]
    (tmp_path / "p.csv").write_text("x\n" + "".join(f"{i}\n" for i in range(100_000)), encoding="utf-8")
    with subprocess.Popen(
        [*PROGRAM, "eval", "x", "--points", str(tmp_path / "p.csv")],
        stdout=subprocess.PIPE,
        env=environment({"PYTHONUNBUFFERED": unbuffered}),
    ) as process:
        assert process.stdout
        text = process.stdout.read(1 << 16)  # the pipe is full again, or soon will be
        for _ in range(20):
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.01)
            process.send_signal(signal.SIGCONT)
            time.sleep(0.02)
        text += process.stdout.read()
    assert text.decode().splitlines() == ["x,value", *rows]


@pytest.mark.parametrize(("mine", "found"), [(None, "1"), ("3", "3")])
def test_a_table_starts_no_threads_for_products(mine: str | None, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    given = {} if mine is None else {"OPENBLAS_NUM_THREADS": mine}
    code = "from autodiffcli.cli.options import tables; tables(); import os; print(os.environ['OPENBLAS_NUM_THREADS'])"
    made = subprocess.run([sys.executable, "-c", code], env=environment(given), capture_output=True, check=True)
    assert made.stdout.decode().strip() == found
