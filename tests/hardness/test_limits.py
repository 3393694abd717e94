"""Requests that are short and mean much: each is refused with its limit, in little time and memory."""

from __future__ import annotations

import json
import re
import resource
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from autodiffcli import limits
from autodiffcli.errors import RequestError
from autodiffcli.language.parser import parse
from tests.cli.support import PROGRAM, call, environment, refused
from tests.counting import calls_of

GIB = 1 << 30
DOUBLING = "f(x) = x + x*x\n" + "\n".join(f"f{k}(x) = f{k - 1 or ''}(f{k - 1 or ''}(x) + x)" for k in range(1, 40))


def bounded(*args: str, stdin: bytes = b"", seconds: float = 30) -> tuple[int, str, str]:
    """Run adcalc in a GiB of memory of its own; nothing may take longer than so many seconds of processor time."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (GIB, GIB))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))

    done = subprocess.run(
        [*PROGRAM, *args],
        input=stdin,
        capture_output=True,
        env=environment({"OPENBLAS_NUM_THREADS": "1"}),
        preexec_fn=limit,  # no threads are about
        check=False,
    )
    assert done.returncode in (0, 1, 2), (done.returncode, done.stderr[-500:])
    assert b"more memory than there is" not in done.stderr and b"Traceback" not in done.stderr
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize(
    ("args", "limit"),
    [
        (["eval", DOUBLING + "\nf39(x)", "--at", "x=1"], "more than [5-9][0-9],[0-9]{3} operations"),
        (["grad", "D(x^x^x, x, 30)", "--at", "x=1"], "more than [5-9][0-9],[0-9]{3} operations"),
        (["eval", "D(" * 60 + "exp(sin(x))" + ", x)" * 60, "--at", "x=1"], "more than [5-9][0-9],[0-9]{3} operations"),
        (["eval", "1", "--at", "x=D(exp(sin(x)), x, 100)"], "more than [5-9][0-9],[0-9]{3} operations"),
        (["check", "sum(inv(ones(700, 700)*x + eye(700)))", "--at", "x=1"], "for 40 evaluations"),
        (
            ["graph", "^".join(["x"] * 90), "--format", "svg", "--backward"],
            f"up to {limits.PICTURE} and {limits.EDGES}",
        ),
        (["diff", "x^x^x", "--wrt", "x", "--order", "30"], f"{limits.DERIVATION:,} are the limit"),
        (["taylor", "x^x^x", "--at", "x=1", "--order", "10000"], f"more than {limits.SERIES:,} products"),
        (["taylor", "^".join(["x"] * 2000), "--at", "x=0.7"], f"more than {limits.SERIES:,} products"),
        (["taylor", "x", "--at", "x=1", "--order", "1000000000"], "1000000000 is not in the range"),
        (["compile", "x*y*z*u*v*w", "--to", "c", "--order", "30"], f"{limits.PARTIALS:,} are the limit"),
        (["cost", "x{i} * ...", "--n", "999999999"], f"{limits.FAMILY:,} are the limit"),
        (["compile", "sqrt(x^2+y^2+z^2)", "--to", "c", "--order", "17"], "10[0-9],[0-9]00 are the limit"),
        (["grad", "D(acoth(y!), y, 7)"], f"{limits.READABLE:,} are the limit"),
        (
            ["eval", "f(p)=(p, p, p, p); g(p)=f(f(f(f(p)))); g(g(g(g(x))))", "--at", "x=1"],
            "more than 52,[0-9]{3} parts",
        ),
        (["eval", "sum(ones(4e3, 4e3))"], f"the limit is {limits.MADE:,}"),
        (["eval", "a=broadcast(x, 4e3, 4e3); sum(a@a)", "--at", "x=1"], f"the limit is {limits.WORK:,}"),
        (["check", "ones(1e3, 1e3)*x", "--at", "x=1"], f"{limits.OUTPUTS:,} are the limit"),
    ],
    ids=[
        *("calls", "D", "nested D", "point", "check", "graph", "diff", "taylor", "tower", "order", "compile"),
        *("cost", "compile order", "readable", "tuples", "constants", "products", "outputs"),
    ],
)
def test_short_requests_that_grow(args: list[str], limit: str) -> None:
    status, out, err = bounded(*args, seconds=40)
    assert (status, out) == (2, "")
    assert re.search(limit, err), err


@pytest.mark.parametrize(
    "text", ["a=x+x\n" + "\n".join(f"a{k}=a{k - 1 or ''}*a{k - 1 or ''}" for k in range(1, 400)) + "\na399"]
)
def test_what_is_shared_does_not_grow(text: str) -> None:
    """A name is one node however often it is used: only its formula would be exponentially long."""
    assert bounded("grad", text, "--at", "x=0.1")[0] == 0
    nested = "\n".join(["a=x+x", *[f"a{k}=sin(a{k - 1 or ''})*a{k - 1 or ''}" for k in range(1, 40)], "a39"])
    assert f"more than {limits.FORMULA:,} characters" in bounded("grad", nested)[2]


def test_matrices(tmp_path: Path) -> None:
    inputs = [f"x{k}" for k in range(2500)]
    (tmp_path / "sum").write_text(f"({'+'.join(inputs)})^2")
    (tmp_path / "at").write_text(",".join(f"{name}=1" for name in inputs))
    request = ("hessian", f"@{tmp_path / 'sum'}", "--at", f"@{tmp_path / 'at'}")
    status, _, err = bounded(*request)
    assert status == 2 and f"6,250,000 entries, and {limits.MATRIX:,} are the limit" in err


def test_a_hessian_of_many_inputs_is_refused_before_it_is_begun(tmp_path: Path) -> None:
    inputs = [f"x{k}" for k in range(50_000)]
    (tmp_path / "sum").write_text(f"({'+'.join(inputs)})^2")
    (tmp_path / "at").write_text(",".join(f"{name}=1" for name in inputs))
    status, _, err = bounded("hessian", f"@{tmp_path / 'sum'}", "--at", f"@{tmp_path / 'at'}")
    assert status == 2 and "mode would pass 50,000 times over" in err


def test_text_without_an_end() -> None:
    for args in (["eval", "@/dev/zero"], ["grad", "x", "--at", "@/dev/zero"], ["eval", "x", "--at", "@/dev/urandom"]):
        status, _, err = bounded(*args)
        assert status == 2 and f"is larger than {limits.TEXT >> 20} MiB" in err
    status, _, err = bounded("eval", "x", "--points", "/dev/zero")
    assert status == 2 and f"line 1 goes on for more than {limits.LINE >> 20} MiB" in err


@pytest.mark.parametrize("line", [b"1", b'"'], ids=["plain", "quoted"])
def test_a_line_of_a_table_without_an_end(line: bytes) -> None:
    command = [*PROGRAM, "eval", "x", "--points", "-"]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, env=environment()) as process:
        assert process.stdin and process.stderr
        taken = 0
        with suppress(BrokenPipeError):
            process.stdin.write(b"x\n" + line)
            while taken < GIB:
                process.stdin.write(b"1" * (1 << 20))
                taken += 1 << 20
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdin = None
        said = process.stderr.read().decode()
        assert process.wait(20) == 2 and taken < GIB
    assert f"goes on for more than {limits.LINE >> 20} MiB" in said


def test_a_record_without_an_end() -> None:
    status, out, err = bounded("eval", "-", "--format", "jsonl", stdin=b'{"expr": "' + b"1" * (limits.TEXT + 100))
    assert (status, out) == (2, "") and f"line 1 is longer than {limits.TEXT >> 20} MiB" in err


def test_deep_json() -> None:
    deep = '{"x": ' * 100_000 + "1" + "}" * 100_000
    for args in (["grad", "-", "--format", "jsonl"], ["grad", "x", "--points", "-", "--format", "jsonl"]):
        status, out, err = bounded(*args, stdin=f"{deep}\n".encode())
        assert "error" in out or (status, "nested too deeply" in err) == (1, True)


def test_records_that_grow_do_not_add_up() -> None:
    """Graphs of earlier records are kept for their like, but not all of them."""
    lines = [DOUBLING.splitlines()[k] for k in range(13)]
    records = [json.dumps({"expr": "; ".join([*lines, f"f12(x)+{k}"]), "at": {"x": 1e-9}}) for k in range(60)]
    status, out, _ = bounded("eval", "-", "--format", "jsonl", stdin="\n".join(records).encode(), seconds=60)
    assert status == 0 and all("value" in json.loads(line) for line in out.splitlines())


def test_longer_text_may_expand_to_more() -> None:
    calls = "f(x) = " + "+".join(f"x^{k}" for k in range(2, 60)) + "\n" + "+".join(f"f(x{k})" for k in range(2000))
    graph = parse(calls)
    assert len(graph) > limits.EXPANSION
    with pytest.raises(RequestError, match="expand this text to more than"):
        parse("f(x) = " + "+".join(f"x^{k}" for k in range(2, 600)) + "\n" + "+".join(f"f(x*{k})" for k in range(2000)))


@pytest.mark.parametrize(
    "text", [DOUBLING + "\nf39(x)", "D(x^x^x, x, 90)", "9^9^9^9", "D(" * 90 + "gamma(x)" + ",x)" * 90]
)
def test_work_to_refuse(text: str) -> None:
    assert calls_of(lambda: call("grad", text, "--at", "x=1" if "x" in text else "")) < 8_000_000


def test_every_mode_in_json_lines_is_refused_at_once() -> None:
    record = b'{"id": 1, "expr": "x^2", "at": {"x": 3}}\n'
    assert "--mode all compares" in refused("grad", "-", "--format", "jsonl", "--mode", "all", stdin=record)


def test_column_names_are_composed_as_the_names_of_inputs_are() -> None:
    done = call("eval", "2*\u00e9", "--points", "-", stdin="e\u0301,t\n1,2\n".encode())
    assert (done.status, done.out) == (0, "e\u0301,t,value\n1,2,2.0\n")
