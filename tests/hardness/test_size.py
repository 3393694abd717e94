"""Requests that would break a parser that recurses, a graph that copies, a terminal that obeys.

Each runs as a process of its own under a limit of address space, and leaves an answer or a clear error.
"""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import pytest

from autodiffcli.backends import MODES
from tests.cli.support import Done, call, run

GIB = 1 << 30
DEEP = 100_000


def limited(*args: str, stdin: str | bytes = b"", gigabytes: float = 4.0) -> Done:
    """Run adcalc in so much address space, at most; nothing but an answer or an error may come of it."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (int(gigabytes * GIB), int(gigabytes * GIB)))

    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    # each thread of OpenBLAS maps much address space that it never uses
    done = run(*args, stdin=data, limit=limit, env={"OPENBLAS_NUM_THREADS": "1"})
    assert done.status in (0, 1, 2), done.err[-2000:]
    assert "Traceback" not in done.err and "defect" not in done.err
    assert len(done.err) < 2000
    return done


def test_parentheses() -> None:
    assert limited("eval", "-", stdin="(" * DEEP + "7" + ")" * DEEP) == (0, "value=7\n", "")
    assert limited("grad", "-", "--at", "x=1", stdin="(" * DEEP + "x" + ")" * DEEP) == (0, "x=1\n", "")
    for opened in ("(" * DEEP, "(" * DEEP + "x", "sin(" * DEEP):
        done = limited("eval", "-", stdin=opened)
        assert done.status == 2 and done.out == ""
        assert done.err.startswith("error: '(' is not closed\n") and done.err.endswith("hint: add ')'\n")
    assert "')' closes a parenthesis that was not opened" in limited("eval", "-", stdin="x" + ")" * DEEP).err


@pytest.mark.parametrize("text", ["-", "2^", "not ", "x^", "1 if x>0 else ", "√"], ids=str.strip)
def test_depth_to_the_right(text: str) -> None:
    end = " x > 0" if text == "not " else "x"
    done = limited("grad", "-", "--at", "x=0.5", stdin=text * DEEP + end)
    assert done.status in (0, 1)


def test_depth_without_an_end() -> None:
    for text in ("f(", "1+(", "x^(", "max(1,", "where(x>0,", "2(", "1/2x+"):
        assert limited("grad", "-", stdin=text * DEEP).status == 2


def test_a_sum_of_a_million_terms() -> None:
    done = limited("eval", "-", "--at", "x=2,y=3", stdin="+".join(["x*y"] * 1_000_000))
    assert done == (0, "value=6000000\n", "")
    done = limited("grad", "-", "--at", "x=2", stdin="+".join(f"x*{k}" for k in range(1, 1_000_001)))
    assert done == (0, "x=500000500000\n", "")


@pytest.mark.parametrize("mode", ["reverse", "forward", "backprop", "symbolic"])
def test_calls(mode: str) -> None:
    nested = "sin(" * DEEP + "x" + ")" * DEEP
    done = limited("grad", "-", "--at", "x=1", "--mode", mode, stdin=nested)
    if mode == "symbolic" and done.status == 2:
        assert "error: " in done.err
        return
    # the iterates of sin fall as sqrt(3/n), and their derivative by the start as n^(-3/2)
    assert done.status == 0 and 0 < float(done.out.removeprefix("x=")) < 1e-6


def test_calls_evaluated_and_without_a_point() -> None:
    nested = "sin(" * DEEP + "x" + ")" * DEEP
    done = limited("eval", "-", "--at", "x=1", stdin=nested)
    assert float(done.out.removeprefix("value=")) == pytest.approx((3 / DEEP) ** 0.5, rel=1e-3)
    done = limited("grad", "-", stdin=nested)
    assert (done.status, done.out) == (2, "") and "more than 1,000,000 characters" in done.err


def test_calls_with_their_trace() -> None:
    nested = "sin(" * DEEP + "x" + ")" * DEEP
    done = limited("grad", "-", "--at", "x=1", "--format", "json", stdin=nested)
    rows = json.loads(done.out)["trace"]
    assert rows[0]["name"] == "v1" and sum(row["name"].startswith("v̄") for row in rows) >= DEEP
    done = limited("grad", "-", "--at", "x=1", "--format", "table", stdin=nested)
    assert done.status == 0 and "more rows" in done.out and len(done.out) < 100_000
    shallower = "sin(" * 10_000 + "x" + ")" * 10_000
    for format_ in ("markdown", "latex", "html"):
        assert limited("eval", "-", "--at", "x=1", "--format", format_, stdin=shallower).status == 0


def test_many_inputs() -> None:
    names = [f"x{k}" for k in range(DEEP)]
    product, at = "+".join(f"{name}^2" for name in names), ",".join(f"{name}=3" for name in names)
    records = json.dumps({"expr": product, "at": at})
    done = limited("grad", "-", "--format", "jsonl", stdin=records)
    assert set(json.loads(done.out)["grad"].values()) == {6.0}
    done = limited("eval", "-", stdin=product)
    assert "and 99,995 more have no value" in done.err


def test_derivatives_at_corners() -> None:
    for mode in MODES:
        assert call("grad", "x^0", "--at", "x=0", "--mode", mode) == (0, "x=0\n", "")
    for mode in set(MODES) - {"numeric"}:
        assert call("grad", "where(x>0, sqrt(x), 0)", "--at", "x=0", "--mode", mode) == (0, "x=0\n", "")
        assert call("grad", "where(x>0, sqrt(x), 0)", "--at", "x=-1", "--mode", mode) == (0, "x=0\n", "")
    assert call("grad", "x^2", "--at", "x=0") == (0, "x=0\n", "")


@pytest.mark.parametrize("power", ["9^9^9^9", "x^9^9^9", "9!^9!^9!", "10^400", "exp(exp(exp(9)))", "(9^9^9)!"])
def test_powers_overflow(power: str) -> None:
    done = limited("eval", power, *(["--at", "x=9"] if "x^" in power else []))
    assert done.status == 0 and done.out == "value=inf\n"
    assert done.err.startswith("warning: the value is inf: ")


@pytest.mark.parametrize("text", ["1" * 1_000_000, "0." + "0" * 1_000_000 + "1", "1e" + "9" * 100_000, "1_" * 100_000])
def test_numbers_of_any_length(text: str) -> None:
    done = limited("eval", "-", stdin=text)
    assert done.status == 2 and done.err.startswith("error: ")


def test_names_of_any_length() -> None:
    name = "x" * 1_000_000
    assert limited("eval", "-", "--at", "y=1", stdin=name).status == 2
    assert limited("eval", "-", "--format", "table", "--at", "x=1", stdin=f"{name} = x; {name}").status == 0


def test_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    for args, stdin in ((["-"], b""), ([""], b""), ([f"@{empty}"], b""), (["-"], b"\n\n  \n"), (["-"], b"# c\n")):
        done = limited("grad", *args, stdin=stdin)
        assert done == (2, "", "error: the expression is empty\nhint: write one, for example x^2 + 1\n") or (
            done.status == 2 and "there is no expression to evaluate" in done.err
        )
    assert limited("grad", "-", "--format", "jsonl").status == 0
    assert limited("grad", "x", "--points", "-").status == 2
    assert limited("grad", "x", "--at", "-").status == 2


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)),
        b"\x7fELF\x02\x01\x01" + bytes(1000),
        b"\x89PNG\r\n\x1a\n",
        os.urandom(100_000),
        b"\x00" * 1000,
    ],
    ids=["bytes", "program", "picture", "random", "zeros"],
)
def test_binary(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(data)
    for args in (
        ["grad", "-"],
        ["grad", f"@{file}"],
        ["grad", "x", "--at", "-"],
        ["grad", "x", "--at", f"@{file}"],
        ["grad", "x", "--points", "-"],
        ["grad", "x", "--points", str(file)],
    ):
        done = limited(*args, stdin=data)
        assert done.status == 2 and done.err.startswith("error: ")
        assert all(c.isprintable() or c == "\n" for c in done.err)
    done = limited("grad", "-", "--format", "jsonl", stdin=data)
    assert done.status == 0 and all("error" in json.loads(line) for line in done.out.splitlines())


def test_a_name_in_markup() -> None:
    for format_ in ("table", "plain", "json", "markdown", "latex", "html"):
        done = call("grad", "[red]", "--at", "red=1", "--format", format_)
        assert done.status == 2 and "[red]" in done.err
    record = b'{"id": "[red]", "expr": "x", "at": {"x": 1, "[red]": 2}}'
    done = call("grad", "-", "--format", "jsonl", stdin=record)
    assert "'[red]' is not in the expression" in json.loads(done.out)["error"]["message"]
    done = call("eval", "x", "--points", "-", stdin=b"[red],x\n1,2\n")
    assert done.out == "[red],x,value\n1,2,2.0\n"


def test_less_memory_than_is_needed_is_an_error() -> None:
    terms = "+".join(f"x*{k}" for k in range(1, 500_001))
    done = limited("grad", "-", "--at", "x=2", stdin=terms, gigabytes=0.3)
    assert done.status == 1 and "more memory than there is" in done.err
