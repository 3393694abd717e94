"""Who reads it decides the look: tables and colour on a terminal, plain text in a pipe."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from autodiffcli.cli import progress
from tests.cli.support import LECTURE, PROGRAM, environment, run

GRAD = ["grad", LECTURE, "--at", "x1=2,x2=5"]
PLAIN = "x1=5.5\nx2=1.7163378145367738\n"


def on_terminal(*args: str, columns: int = 80, env: Mapping[str, str] | None = None) -> str:
    """Return what a command writes to a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = environment({"TERM": "xterm-256color"} | dict(env or {}))
    process = subprocess.Popen([*PROGRAM, *args], stdin=theirs, stdout=theirs, stderr=theirs, env=kept)
    os.close(theirs)
    pieces = []
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(ours)
    process.wait(60)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def bare(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_pipe_gets_plain_text_and_a_terminal_the_table() -> None:
    assert run(*GRAD) == (0, PLAIN, "")
    shown = on_terminal(*GRAD)
    assert "\x1b[" in shown
    assert "forward evaluation" in shown and "∂y/∂x1 = 5.5" in bare(shown)
    assert on_terminal(*GRAD, "--format", "plain") == PLAIN
    assert "forward evaluation" in run(*GRAD, "--format", "table").out


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_tables_fit_the_terminal(columns: int) -> None:
    lines = bare(on_terminal(*GRAD, columns=columns)).splitlines()
    assert max(map(len, lines)) <= columns + 10  # combining overlines take no column
    beside = any("forward evaluation" in line and "reverse sweep" in line for line in lines)
    assert beside == (columns == 160)


def test_colour() -> None:
    assert "\x1b[" not in on_terminal(*GRAD, "--color", "never")
    assert "\x1b[" in run(*GRAD, "--color", "always", "--format", "table").out
    assert "\x1b[" not in run(*GRAD, "--format", "table").out
    assert "\x1b[3" not in on_terminal(*GRAD, env={"NO_COLOR": "1"})
    assert "\x1b[" not in on_terminal(*GRAD, env={"TERM": "dumb"})


def test_columns_is_obeyed() -> None:
    wide = run(*GRAD, "--format", "table", env={"COLUMNS": "160"}).out
    narrow = run(*GRAD, "--format", "table", env={"COLUMNS": "60"}).out
    assert len(wide.splitlines()) < len(narrow.splitlines())


def test_columns_of_0_are_no_width() -> None:
    shown = run(*GRAD, "--format", "table", env={"COLUMNS": "0"}).out
    assert shown == run(*GRAD, "--format", "table", env={"COLUMNS": "80"}).out != ""


def test_json_on_a_terminal_is_indented() -> None:
    assert on_terminal(*GRAD, "--format", "json").count("\n") > 20
    assert run(*GRAD, "--format", "json").out.count("\n") == 1


def test_names_are_never_obeyed_by_a_terminal() -> None:
    for format_ in ("table", "json", "plain", "csv"):
        shown = on_terminal("grad", "a\u202e+b", "--at", "a=1", "--format", format_, "--color", "never")
        assert "\u202e" not in shown and "\\u202e" in shown


def test_an_encoding_without_the_letters() -> None:
    done = run(*GRAD, "--format", "table", env={"PYTHONIOENCODING": "ascii"})
    assert done.status == 0 and "forward evaluation" in done.out and done.err == ""
    assert run("eval", "θ", "--at", "y=1", env={"PYTHONIOENCODING": "ascii"}).status == 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_for_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    times = iter([0.0, 0.5, 2.0, 2.1, 4.0, 5.0])
    monkeypatch.setattr(progress, "monotonic", lambda: next(times))
    tell = progress.Progress(beside_rows=False)
    for rows, share in ((1_000, 0.1), (4_000, 0.25), (4_200, 0.26), (10_000, None)):
        tell(rows, share)
    tell.finish(20_000)
    lines = [
        "4,000 rows, 2,000 a second, 6 s left",
        "10,000 rows, 2,500 a second",
        "20,000 rows, 4,000 a second, 5.0 s\n",
    ]
    assert shown.getvalue() == "".join(f"\r\x1b[K{line}" for line in lines)
    monkeypatch.undo()
    table = tmp_path / "p.csv"
    table.write_bytes(b"x\n1.5\n")
    lines = on_terminal("eval", "x", "--points", str(table)).splitlines()
    assert lines[:2] == ["x,value", "1.5,1.5"] and lines[2].startswith("1 row, ")
    assert run("eval", "x", "--points", str(table)).err == ""
