"""Running adcalc: as a process where the system matters, in this process where only what it says does."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = [sys.executable, "-c", "from autodiffcli.cli import program; program()"]
LECTURE = "ln(x1)+x1*x2-sin(x2)"


class Done(NamedTuple):
    """What a command left: its exit status, standard output and standard error."""

    status: int
    out: str
    err: str


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"} | dict(extra or {})


def interruptible() -> None:
    """Let a child be interrupted, as one started at a terminal can be, where the tests run in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def run(
    *args: str | bytes,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    limit: Callable[[], None] | None = None,
    cwd: Path | None = None,
) -> Done:
    """Run adcalc as a process, its output in pipes. limit: called in the process before it becomes adcalc."""
    done = subprocess.run(
        [*PROGRAM, *args],
        input=stdin,
        capture_output=True,
        env=environment(env),
        preexec_fn=limit,  # no threads are about
        cwd=cwd,
        timeout=300,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def call(*args: str, stdin: bytes = b"") -> Done:
    """Call adcalc's main in this process, its output in memory."""
    from autodiffcli.cli import main

    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    status: object = None
    with (
        mock.patch.object(sys, "argv", ["adcalc", *args]),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")),
        mock.patch.object(sys, "stdout", out),
        mock.patch.object(sys, "stderr", err),
    ):
        try:
            main()
        except SystemExit as leaving:
            status = leaving.code
    assert isinstance(status, int)
    texts = [stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in (out, err)]
    return Done(status, *texts)


def good(*args: str, stdin: bytes = b"") -> str:
    """Return what a command that succeeds without a word on standard error writes."""
    done = call(*args, stdin=stdin)
    assert (done.status, done.err) == (0, ""), done
    return done.out


def refused(*args: str, stdin: bytes = b"", status: int = 2) -> str:
    """Return what a command that fails says of it."""
    done = call(*args, stdin=stdin)
    assert done.status == status, done
    assert "Traceback" not in done.err and "defect" not in done.err
    assert done.err.startswith("error: ") and done.err.endswith("\n")
    return done.err
