"""Who reads it decides the look: tables and colour on a terminal, plain text in a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping

import pytest

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
