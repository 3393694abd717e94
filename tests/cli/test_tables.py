"""--points and its options: tables of points through the command line."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.support import call, good, refused, run

CSV = b"t,x,y\na,1,2\nb,3,4\n"
ANSWER = "t,x,y,value,d_x,d_y\na,1,2,2.0,2.0,1.0\nb,3,4,12.0,4.0,3.0\n"


def table(*args: str, stdin: bytes = CSV) -> str:
    """Return what a table becomes; by a process, since tables are written to its standard output as bytes."""
    done = run(*args, stdin=stdin)
    assert (done.status, done.err) == (0, ""), done
    return done.out


def test_points_from_a_pipe_and_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_bytes(CSV)
    assert good("grad", "x*y", "--points", str(file)) == ANSWER
    assert table("grad", "x*y", "--points", "-") == ANSWER
    assert good("grad", "x*y", "--points", "-", stdin=CSV) == ANSWER
    assert good("eval", "x*y", "--points", str(file)) == "t,x,y,value\na,1,2,2.0\nb,3,4,12.0\n"


def test_columns() -> None:
    assert (
        good("grad", "x*y", "--points", "-", "--wrt", "y", "--no-keep", stdin=CSV) == "value,d_y\n2.0,1.0\n12.0,3.0\n"
    )
    assert good("grad", "x*y", "--points", "-", "--prefix", "f_", "--no-keep", stdin=CSV).startswith("f_value,f_d_x,")
    assert good("grad", "x*z", "--points", "-", "--at", "z=10", "--no-keep", stdin=CSV) == (
        "value,d_x,d_z\n10.0,10.0,1.0\n30.0,10.0,3.0\n"
    )
    assert "has a column 'value' already" in refused("eval", "x", "--points", "-", stdin=b"x,value\n1,2\n")
    assert "has no column 'z'" in refused("eval", "x*z", "--points", "-", stdin=CSV)
    unnameable = refused("eval", "my_col", "--points", "-", stdin=b"my col\n1\n")
    assert "no expression can name the column 'my col': rename it" in unnameable and "did you mean" not in unnameable
    assert "the value of a row is a number, and this is an array of shape (2,)" in refused(
        "eval", "[x, y]", "--points", "-", stdin=CSV
    )
    assert "'w' is not in the expression" in refused("eval", "x", "--points", "-", "--at", "w=1", stdin=CSV)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "duckdb", "parquet"])
def test_a_column_named_as_a_constant_is_not_read_and_that_is_said(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name, engine = {"duckdb": ("p.csv", ["--engine", "duckdb"]), "parquet": ("p.parquet", [])}.get(
        kind, (f"p.{kind}", [])
    )
    if kind in ("duckdb", "parquet"):
        pytest.importorskip("duckdb")
        arrow = pytest.importorskip("pyarrow")
        pytest.importorskip("pyarrow.parquet").write_table(
            arrow.table({"e": [2.0], "pi": [3.0], "x": [1.0]}), "p.parquet"
        )
    Path("p.csv").write_text("e,pi,x\n2,3,1\n", encoding="utf-8")
    Path("p.jsonl").write_text('{"e": 2, "pi": 3, "x": 1}\n', encoding="utf-8")
    for expr, said in (("2*x+0*sin(e)", ["e"]), ("e*x+pi", ["e", "pi"]), ("x", [])):
        done = call("eval", expr, "--points", name, "--no-keep", *engine)
        lines = [f"warning: the column '{c}' of {name} is not read: '{c}' is a constant; " for c in said]
        assert done.status == 0 and len(done.err.splitlines()) == len(said)
        assert all(map(str.startswith, done.err.splitlines(), lines))


def test_kinds(tmp_path: Path) -> None:
    assert good("eval", "x", "--points", "-", stdin=b"x\ty\n1\t2\n") == "x\ty\tvalue\n1\t2\t1.0\n"
    line = good("grad", "x^2", "--points", "-", "--format", "jsonl", stdin=b'{"x": 3}\n')
    assert json.loads(line) == {"x": 3, "value": 9.0, "d_x": 6.0}
    for format_ in ("json", "table", "latex"):
        assert "is written as csv, tsv or jsonl" in refused("eval", "x", "--points", "-", "--format", format_)
    file = tmp_path / "p.csv"
    file.write_bytes(CSV)
    said = refused("eval", "x", "--points", str(file), "--format", "jsonl")
    assert "--format jsonl says what the table is that is read" in said and "--out FILE.jsonl" in said
    done = run("eval", "x", "--points", "-", "--format", "jsonl", "--on-error", "skip", stdin=b'no\n{"x": 1}\n')
    assert (done.status, done.out) == (0, '{"x": 1, "value": 1.0}\n')  # a bad row may be the first
    marked = b'\xef\xbb\xbf{"x": 1}\n'
    assert run("eval", "x", "--points", "-", "--format", "jsonl", stdin=marked).status == 0
    assert "standard input begins as csv" in run("eval", "x", "--points", "-", "--format", "jsonl", stdin=CSV).err
    (tmp_path / "p.parquet").write_bytes(b"PAR1")
    assert "Parquet" in refused("eval", "x", "--points", str(tmp_path / "p.parquet"))


def test_rows_that_cannot_be_read() -> None:
    bad = b"x\n1\nseven\n2\n"
    done = call("eval", "x", "--points", "-", stdin=bad)
    assert done.status == 1 and done.out == "x,value\n1,1.0\n"
    assert "row 2 (line 3)" in done.err and "--on-error skip" in done.err
    skipped = call("eval", "x", "--points", "-", "--on-error", "skip", stdin=bad)
    assert skipped == (0, "x,value\n1,1.0\n2,2.0\n", "warning: 1 row could not be read and was skipped\n")
    null = call("eval", "x", "--points", "-", "--on-error", "null", stdin=bad)
    assert null.status == 0 and null.out == "x,value\n1,1.0\nseven,\n2,2.0\n"


def test_undefined_results_are_counted() -> None:
    done = call("grad", "sqrt(x)", "--points", "-", "--no-keep", stdin=b"x\n4\n-1\n0\n")
    assert done.out == "value,d_x\n2.0,0.25\nnan,nan\n0.0,inf\n"
    assert done.status == 0 and done.err.splitlines() == [
        "warning: 2 rows have undefined results, the first is row 2: sqrt is undefined at -1",
        "  sqrt(x)",
        "  ^^^^^^^",
        "where x = -1",
        "hint: sqrt(x) is defined for x >= 0",
    ]
    infinite = call("grad", "sqrt(x)*y", "--points", "-", "--at", "y=2", stdin=b"x\n4\n0\n")
    assert "1 row has undefined results: row 2: the derivative by x is inf" in infinite.err
    assert "by convention sqrt'(0) = inf" in infinite.err


def test_out_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert good("grad", "x*y", "--points", "-", "--out", str(out), stdin=CSV) == ""
    assert out.read_text(encoding="utf-8") == ANSWER
    assert call("grad", "x*y", "--points", "-", "--out", str(out), stdin=b"x,y\n1,2\nno,3\n").status == 1
    assert out.read_text(encoding="utf-8") == ANSWER
    assert list(tmp_path.iterdir()) == [out]
    missing = tmp_path / "no" / "out.csv"
    assert "cannot write" in refused("grad", "x", "--points", "-", "--out", str(missing), stdin=b"x\n1\n")


@pytest.mark.parametrize("name", ["out.csv.gz", "out.gz"])
def test_out_is_compressed_as_its_name_says(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    assert good("grad", "x*y", "--points", "-", "--out", str(out), stdin=CSV) == ""
    assert gzip.decompress(out.read_bytes()).decode() == ANSWER


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_may_have_any_name(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "answers.pipe")
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        assert good("grad", "x*y", "--points", "-", "--out", str(pipe), stdin=CSV) == ""
        assert reader.communicate(timeout=20)[0].decode() == ANSWER


@pytest.mark.parametrize("name", ["out.json", "out.csv.bz2", "out.json.gz", "out.xlsx", "out.v2"])
def test_out_is_not_named_for_what_it_is_not(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    said = refused("grad", "x*y", "--points", "-", "--out", str(out), stdin=CSV)
    assert f"{name}: no table is written as " in said and ".csv, .tsv or .jsonl" in said
    assert not list(tmp_path.iterdir())
    explicit = call("grad", "x*y", "--points", "-", "--format", "csv", "--out", str(out), stdin=CSV)
    assert explicit.status == (2 if "csv" in name else 0)  # whoever says it is CSV may name it as they like
    file = tmp_path / "p.csv"
    file.write_bytes(CSV)
    numpy = ("--points", str(file), "--engine", "numpy", "--out", str(tmp_path / "out.jsonl"))
    assert "which is csv, as that, not as jsonl" in refused("eval", "x", *numpy)


@pytest.mark.parametrize("option", [["--out", "f"], ["--prefix", "f_"], ["--no-keep"], ["--on-error", "skip"]])
@pytest.mark.parametrize("command", ["grad", "eval"])
def test_options_of_tables_need_a_table(command: str, option: list[str]) -> None:
    assert f"{option[0]} belongs to --points" in refused(command, "x", "--at", "x=1", *option)


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    assert "cannot read" in refused("eval", "x", "--points", str(tmp_path / "nowhere.csv"))
    assert "in reverse mode" in refused("grad", "x", "--points", "-", "--mode", "forward", stdin=b"x\n1\n")
    for data in (b"\x1f\x8b\x08", b"PK\x03\x04", b"x\n1\n\xff\n", b"x\n\x00\n"):
        assert "error: " in refused("eval", "x", "--points", "-", stdin=data)


@pytest.mark.parametrize("table", [b"x,y\n1,5\n", b'{"x": 1, "y": 5}\n'])
def test_a_value_given_by_the_point_and_by_a_column_is_refused(table: bytes) -> None:
    answer = call("grad", "x*y", "--points", "-", "--at", "y=2", stdin=table)
    assert answer.status == 2
    assert "'y' is given twice: by --at and by a column" in answer.err
