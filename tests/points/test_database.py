"""Tables by DuckDB: the same rows and numbers as without it, from and into every kind of file."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autodiffcli.errors import AdcalcError
from autodiffcli.points.database import convert
from autodiffcli.points.rows import batch_rows
from autodiffcli.points.stream import Summary, stream
from tests.cli.support import PROGRAM, call, environment, good, interruptible, refused, run
from tests.points.support import FORMULAS, FULL, OUTPUTS, asked, hard_table, product

duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
pyarrow = pytest.importorskip("pyarrow", reason="PyArrow is not installed")
pytest.importorskip("pyarrow.parquet")

CSV = b't,x,y\n"a, ""b""",1,2\n c,-0.5,1e300\nd,inf,nan\n,5e-324,3\n'
DATABASE = ("--engine", "duckdb")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def both(data: bytes, name: str = "p.csv", **options: Any) -> list[tuple[bytes, Summary | str]]:
    """Return what DuckDB makes of a table, and what is made without it; rows, and what is said."""
    Path(name).write_bytes(data)
    settings: dict[str, Any] = {"inputs": ["x", "y"], "outputs": OUTPUTS, "evaluate": product} | options
    found: list[tuple[bytes, Summary | str]] = []
    database = lambda target: convert([name], target, **settings)
    for way in (database, lambda target: stream(io.BytesIO(data), target, name=name, **settings)):
        target = io.BytesIO()
        try:
            said: Summary | str = way(target)  # type: ignore[no-untyped-call]
        except AdcalcError as error:
            said = f"{type(error).__name__}: {error}"
        found.append((target.getvalue(), said))
    return found


@pytest.mark.parametrize("on_error", ["fail", "skip", "null"])
@pytest.mark.parametrize("keep", [True, False])
def test_text_is_as_without_duckdb(on_error: str, keep: bool) -> None:
    for data in (CSV, CSV.replace(b"\n", b"\r\n")[:-2], b"x,y\n1,2\n", b"x,y\n", b"\xef\xbb\xbfx,y\n1,2\n"):
        mine, theirs = both(data, on_error=on_error, keep=keep)
        assert mine[0] == theirs[0].replace(b"\r\n", b"\n").replace(b"\xef\xbb\xbf", b"")
        assert mine[1] == theirs[1]
    tabs = b't\tx\ty\n"a\t1\t2\n'
    mine, theirs = both(tabs, "p.tsv", on_error=on_error, keep=keep, kind="tsv")
    assert mine == theirs


@pytest.mark.parametrize("cell", ["", " ", "seven", "1_000", "0x10", "1e", "1.5.2"])
def test_rows_that_cannot_be_read(cell: str) -> None:
    data = f"t,x,y\na,1,2\nb,3,{cell}\nc,5,6\n".encode()
    mine, theirs = both(data)
    assert mine[0] == theirs[0]  # the rows before it
    assert str(mine[1]) == str(theirs[1]).replace(" (line 3)", "")
    assert "row 2: column 'y':" in str(mine[1])
    assert both(data, on_error="skip")[0] == both(data, on_error="skip")[1]
    (text, summary), theirs = both(data, on_error="null")
    assert summary == theirs[1] and text.replace(b",,,", b",") == theirs[0].replace(b",,,", b",")


def test_rows_of_another_length_are_named_or_skipped() -> None:
    data = b"x,y\n1,2\n3\n4,5,6\n7,8\n"
    mine, theirs = both(data, on_error="skip")
    assert mine[1] == theirs[1] and isinstance(mine[1], Summary) and (mine[1].rows, mine[1].skipped) == (2, 2)
    for on_error in ("fail", "null"):
        (_, said), _ = both(data, on_error=on_error)
        assert str(said).startswith("MathError: p.csv: line 3:")


def test_long_tables_keep_their_order() -> None:
    count = 300_000
    data = b"x,y\n" + b"".join(b"%d,%d\n" % (i, i % 7) for i in range(count))
    mine, theirs = both(data)
    assert mine == theirs


def test_wide_tables_are_taken_by_fewer_rows() -> None:
    names, most = [f"x{k}" for k in range(150)], batch_rows(1 << 20, 400)
    columns = ", ".join(f"(range * {k}) % 97 AS x{k}" for k in range(250))
    asked: dict[str, Any] = {"inputs": names, "outputs": [f"y{k}" for k in range(150)]}
    wrong = " + ".join(f"abs(y{k} - x{k} * x{k})" for k in range(150))
    for source in ("p.csv", "p.parquet", "p.jsonl"):
        duckdb.sql(f"COPY (SELECT {columns} FROM range(12_000)) TO '{source}'")
    for source, target in (
        ("p.csv", "a.parquet"),
        ("p.parquet", "b.parquet"),
        ("p.csv", "c.jsonl"),
        ("p.jsonl", "d.parquet"),
    ):
        kind = Path(target).suffix[1:]
        with Path(target).open("wb") as file:
            convert([source], file, **asked, evaluate=lambda xs: [x * x for x in xs], written=kind)
        read = f"read_json('{target}', map_inference_threshold = -1)" if kind == "jsonl" else f"'{target}'"
        assert duckdb.sql(f"SELECT count(*), sum({wrong}) FROM {read}").fetchall() == [(12_000, 0)]
        if kind == "parquet":
            types = {str(type_) for type_ in duckdb.sql(f"FROM '{target}'").types}
            assert ("VARCHAR" in types) == (source == "p.csv")
            rows = "max(row_group_num_rows)"
            assert duckdb.sql(f"SELECT {rows} <= {most} FROM parquet_metadata('{target}')").fetchall() == [(True,)]


@pytest.mark.parametrize("name", ["o.parquet", "o.csv", "o.csv.gz", "o.csv.zst", "o.tsv", "o.jsonl.zst", "o.jsonl"])
def test_there_and_back_through_every_kind(name: str) -> None:
    Path("p.csv").write_bytes(CSV)
    assert call("grad", "x*y", "--points", "p.csv", "--out", name).status == 0
    assert call("grad", "x*y", "--points", name, "--out", "again.csv", "--prefix", "f_", *DATABASE).status == 0
    rows = Path("again.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "t,x,y,value,d_x,d_y,f_value,f_d_x,f_d_y"
    for row in rows[1:]:
        before, after = np.array(row.rsplit(",", 6)[1:], dtype=float).reshape(2, 3)
        np.testing.assert_array_equal(before, after)
    assert [name for name in os.listdir() if not name.startswith(("p.", "o.", "again."))] == []
    magic = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}.get(Path(name).suffix)
    assert magic is None or Path(name).read_bytes().startswith(magic)


def test_types_of_other_columns_are_kept() -> None:
    duckdb.sql(
        "COPY (SELECT 2::TINYINT AS x, 3.25::DECIMAL(9, 4) AS y, DATE '2020-01-02' AS day, [1, 2] AS list, "
        "170141183460469231731687303715884105727::HUGEINT AS huge, {'a': 'b'} AS s) TO 'p.parquet'"
    )
    good("grad", "x*y", "--points", "p.parquet", "--out", "o.parquet")
    before, after = (duckdb.sql(f"DESCRIBE FROM '{name}'").fetchall() for name in ("p.parquet", "o.parquet"))
    assert after[: len(before)] == before
    assert duckdb.sql("SELECT value, d_x, d_y FROM 'o.parquet'").fetchall() == [(6.5, 3.25, 2.0)]


def test_many_files_are_one_table() -> None:
    for k in (2, 10, 1):
        Path(f"part-{k:02}.csv").write_text(f"x\n{k}\n{-k}\n", encoding="utf-8")
    Path("part-[1].csv").write_text("x\n9\n", encoding="utf-8")
    assert good("eval", "x", "--points", "part-[1].csv") == "x,value\n9,9.0\n"
    done = call("eval", "sqrt(x)", "--points", "part-??.csv", "--no-keep")
    assert done.out == "value\n1.0\nnan\n1.4142135623730951\nnan\n3.1622776601683795\nnan\n"
    assert "3 rows have undefined results, the first is row 2 of part-01.csv: sqrt is undefined at -1" in done.err
    Path("part-11.csv").write_text("x\n1\nx\n", encoding="utf-8")
    assert "part-11.csv: row 2: column 'x': 'x' is not a number" in refused(
        "eval", "x", "--points", "part-??.csv", "--out", "o.csv", status=1
    )
    assert not Path("o.csv").exists()
    Path("part-12.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    Path("part-11.csv").unlink()
    done = call("eval", "x", "--points", "part-*.csv")
    assert (done.status, done.out) == (2, "")  # nothing is written before
    assert "part-12.csv has a column 'y', which part-01.csv has not" in done.err
    assert "nothing-* fits no file" in refused("eval", "x", "--points", "nothing-*")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_many_files_may_have_their_columns_in_another_order(kind: str) -> None:
    duckdb.sql(f"COPY (SELECT 'a' AS t, 1.5::DOUBLE AS x, 2.5::DOUBLE AS y) TO '1.{kind}'")
    duckdb.sql(f"COPY (SELECT 5.5::DOUBLE AS y, 'b' AS t, 4.5::DOUBLE AS x) TO '2.{kind}'")
    done = good("eval", "x + 2*y", "--points", f"?.{kind}", "--out", "o.csv")
    assert Path("o.csv").read_text(encoding="utf-8") == "t,x,y,value\na,1.5,2.5,6.5\nb,4.5,5.5,15.5\n" and not done
    duckdb.sql(f"COPY (SELECT 'a' AS t, 1.5::DOUBLE AS x, [1] AS y) TO '3.{kind}'")
    if kind == "parquet":
        said = refused("eval", "x + 2*y", "--points", f"?.{kind}")
        assert f"column 'y' of 3.{kind} holds " in said and f"and that of 1.{kind} DOUBLE" in said
    else:  # where a column has no type
        said = call("eval", "x + 2*y", "--points", f"[1-3].{kind}").err
        assert f"3.{kind}: row 1: column 'y': '[1]' is not a number" in said


def test_pipes() -> None:
    Path("p.csv").write_bytes(CSV)
    assert call("eval", "x", "--points", "p.csv", "--out", "p.parquet").status == 0
    parquet = Path("p.parquet").read_bytes()
    done = call("eval", "x", "--points", "-", "--no-keep", "--out", "o.csv", *DATABASE, stdin=parquet)
    assert done.status == 0 and Path("o.csv").read_text(encoding="utf-8") == "value\n1.0\n-0.5\ninf\n5e-324\n"
    zipped = gzip.compress(CSV)
    by_numpy = refused("eval", "x", "--points", "-", "--engine", "numpy", stdin=zipped)
    assert "add --engine duckdb, or unpack it first" in by_numpy
    for engine in ((), DATABASE):  # what it is shows before it is read
        assert run("eval", "x", "--points", "-", "--no-keep", *engine, stdin=parquet).out.startswith(
            "value\n1.0\n-0.5\n"
        )
        done = run("eval", "y", "--points", "-", "--no-keep", *engine, stdin=zipped)
        assert (done.status, done.out) == (0, "value\n2.0\n1e+300\nnan\n3.0\n")
    assert run("eval", "x", "--points", "-", "--out", "o.jsonl", stdin=b"x\n1\n").status == 0
    assert Path("o.jsonl").read_bytes() == b'{"x":1.0,"value":1.0}\n'


def test_a_pipe_with_a_name_is_as_standard_input() -> None:
    Path("p.csv").write_bytes(CSV)
    assert call("eval", "x", "--points", "p.csv", "--out", "p.parquet", *DATABASE).status == 0
    os.mkfifo("p.fifo")
    for source, options in (
        ("p.csv", ("--out", "o.csv")),
        ("p.csv", ("--out", "o.jsonl")),
        ("p.csv", ("--out", "o.parquet", *DATABASE)),
        ("p.parquet", ("--no-keep",)),
        ("p.parquet", ("--no-keep", "--out", "o.csv")),
    ):
        wanted = call("eval", "x*y", "--points", source, *options).out
        made = {path.name: path.read_bytes() for path in Path().glob("o.*")}
        with subprocess.Popen(["cp", source, "p.fifo"]):
            assert call("eval", "x*y", "--points", "p.fifo", *options).out == wanted
        assert {path.name: path.read_bytes() for path in Path().glob("o.*")} == made
    hint = "write the table to a file, and name that"
    assert hint in refused("eval", "x", "--points", "p.*", *DATABASE)
    assert hint in refused("fit", "mean((y - a*x)^2)", "--data", "p.fifo", "--params", "a=1", *DATABASE)


def test_a_number_needs_no_columns() -> None:
    Path("p.csv").write_bytes(CSV)
    for out in ("o.csv", "o.jsonl", "o.parquet"):
        good("eval", "2", "--points", "p.csv", "--no-keep", "--out", out, *DATABASE)
        assert duckdb.sql(f"SELECT value FROM '{out}'").fetchall() == [(2.0,)] * 4


@pytest.mark.parametrize("cell", ['"a\nb"', '"a\tb"', "a\tb"])
def test_what_tsv_cannot_hold_is_refused(cell: str) -> None:
    Path("p.csv").write_text(f"x,s\n1,a\n2,{cell}\n3,c\n", encoding="utf-8")
    said = refused("eval", "x^2", "--points", "p.csv", "--out", "o.tsv")
    assert "p.csv: row 2: column 's' has a tab or a line end in it, which TSV cannot hold" in said
    assert "write CSV, JSON Lines or Parquet, or leave the table's columns out by --no-keep" in said
    assert os.listdir() == ["p.csv"]
    good("eval", "x^2", "--points", "p.csv", "--out", "o.tsv", "--no-keep")
    assert Path("o.tsv").read_bytes() == b"value\n1.0\n4.0\n9.0\n"
    good("eval", "x^2", "--points", "p.csv", "--out", "o.jsonl")
    assert json.loads(Path("o.jsonl").read_text(encoding="utf-8").splitlines()[1])["s"] == cell.strip('"')
    duckdb.sql("COPY (SELECT 1 AS x, ['a', 'b\tc'] AS s) TO 'p.parquet'")
    assert "row 1: column 's' has a tab" in refused("eval", "x", "--points", "p.parquet", "--out", "o.tsv")
    Path("p.csv").write_text('x,"s\tt"\n1,a\n', encoding="utf-8")
    assert "cannot name a column of a TSV table" in refused("eval", "x^2", "--points", "p.csv", "--out", "o.tsv")


def test_names_that_duckdb_takes_for_one() -> None:
    """It ignores case, and has no column without a name: text has them all the same, what else is written cannot."""
    for header in ("X,x,", "x,X,,"):
        data = f"{header}\n{'1,2' if header[0] == 'X' else '2,1'}{header[3:]}\n".encode()
        mine, theirs = both(data, inputs=["X", "x"])
        assert mine == theirs
        for name in ("o.parquet", "o.jsonl"):
            said = refused("eval", "2*X+x", "--points", "p.csv", "--out", name)
            assert "'X' and 'x' differ in case only" in said.replace("'x' and 'X'", "'X' and 'x'")
        good("eval", "2*X+x", "--points", "p.csv", "--out", "o.tsv")
        assert Path("o.tsv").read_text(encoding="utf-8").splitlines()[0] == header.replace(",", "\t") + "\tvalue"
    for header, problem in (
        ("X,", "column 2 has no name"),
        ("X,VALUE", "'VALUE' and 'value'"),
        ("X,y,y", "two columns"),
    ):
        Path("p.csv").write_text(f"{header}\n1,2{',3' * (header.count(',') - 1)}\n", encoding="utf-8")
        said = refused("eval", "X", "--points", "p.csv", "--out", "o.parquet")
        assert problem in said and "--no-keep" in said
    pyarrow.parquet.write_table(pyarrow.table({"X": [1.0], "x": [2.0], "x_1": [5.0]}), "p.parquet")
    assert good("eval", "2*X+x", "--points", "p.parquet") == "X,x,x_1,value\n1.0,2.0,5.0,4.0\n"
    Path("p.jsonl").write_text('{"x": 1, "x_1": 2}\n', encoding="utf-8")
    assert json.loads(good("eval", "x+x_1", "--points", "p.jsonl", *DATABASE))["value"] == 3
    Path("p.jsonl").write_text('{"x": 1}\n{"x": 1, "X": 2}\n', encoding="utf-8")
    assert "two keys differ in case only: 'X' is one" in refused("eval", "x", "--points", "p.jsonl", *DATABASE)


@pytest.mark.parametrize("on_error", ["fail", "skip", "null"])
def test_a_quote_left_open_takes_no_rows_with_it(on_error: str) -> None:
    for before in (1, 5_000):
        for after in (1, 500_000):  # DuckDB gives up lines longer than 2 MB, and says so otherwise
            (_, said), _ = both(b"x,y\n" + b"1,2\n" * before + b'3,"4\n' + b"5,6\n" * after, on_error=on_error)
            assert str(said).startswith(f"RequestError: p.csv: a quote is opened in line {before + 2} and not closed")
    (_, said), _ = both(b'x,y\n1,2\n1,2"3,4\n')  # a quote within a field opens nothing
    assert str(said).startswith("MathError: p.csv: line 3: Expected Number of Columns")
    mine, theirs = both(b'x,y\n1,2\n"1"2,3\n4,5\n', on_error="skip")  # closed again, it is one bad row
    assert mine == theirs
    Path("p.csv.gz").write_bytes(gzip.compress(b'x,"y\n1,2\n'))
    assert "ends inside quotes, in its header" in refused("eval", "x", "--points", "p.csv.gz")


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_what_is_damaged_or_cut_off_is_no_shorter_table(kind: str, compression: str) -> None:
    rows = [{"x": k, "y": k * k % 97} for k in range(40_000)]
    text = "".join(json.dumps(row) + "\n" for row in rows) if kind == "jsonl" else "x,y\n"
    text += "" if kind == "jsonl" else "".join(f"{row['x']},{row['y']}\n" for row in rows)
    packed = gzip.compress(text.encode())
    if compression == "zstd":
        packed = pyarrow.Codec("zstd").compress(text.encode(), asbytes=True)
    name = f"p.{kind}.{'gz' if compression == 'gzip' else 'zst'}"
    crc = bytearray(packed)
    crc[-6] ^= 1
    for damaged in (packed[: len(packed) // 2], packed[:-3], crc)[: 3 if compression == "gzip" else 2]:
        Path(name).write_bytes(damaged)
        for options in ((name,), (name, "--out", "o.csv"), (name, "--on-error", "skip")):
            assert f"{name} is damaged or cut off" in refused("eval", "x*y", "--points", *options)
        zipped = ("--points", "-", "--format", kind, *DATABASE)
        assert "standard input is damaged or cut off" in refused("eval", "x*y", *zipped, stdin=bytes(damaged))
    assert os.listdir() == [name]


def test_every_row_of_json_counts_for_what_a_column_is() -> None:
    rows: list[dict[str, Any]] = [{"x": k, "y": 1, "id": k} for k in range(25_000)]
    rows += [{"x": 0.75, "y": "nan", "id": 2.5}, {"x": 10**29, "y": 2, "id": "a"}, {"x": True, "y": 2, "t": 0}]
    Path("p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with gzip.open("p.jsonl.gz", "wb") as file:
        file.write(Path("p.jsonl").read_bytes())
    by_numpy = call("eval", "x*y", "--points", "p.jsonl", "--on-error", "null").out
    for options in (("p.jsonl", *DATABASE), ("p.jsonl.gz",)):
        by_duckdb = call("eval", "x*y", "--points", *options, "--on-error", "null").out
        found = [json.loads(line) for line in by_duckdb.splitlines()]
        assert [{k: v for k, v in row.items() if k != "t"} for row in found[:-1]] == [
            json.loads(line) for line in by_numpy.splitlines()[:-1]
        ]
        assert found[-1] == {"x": True, "y": 2, "id": None, "t": 0, "value": None}


CELLS = [1, 2.5, -3, 1e300, "nan", "inf", "-inf", None, True, "x", 10**25, [1], {"a": 1}, 0, 7]
full = st.fixed_dictionaries(dict.fromkeys("xyz", st.sampled_from(CELLS)))
some = st.dictionaries(st.sampled_from("xyz"), st.floats(allow_nan=False, allow_infinity=False))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(full, st.lists(full | some, max_size=6), st.sampled_from(["skip", "null"]))
def test_json_of_all_kinds_is_as_without_duckdb(first: dict[str, Any], rows: list[dict[str, Any]], bad: str) -> None:
    text = "".join(json.dumps(row) + "\n" for row in (first, *rows)).encode()
    (mine, said), (theirs, wanted) = both(text, "p.jsonl", on_error=bad, keep=False)
    assert [*map(json.loads, mine.splitlines())] == [*map(json.loads, theirs.splitlines())]
    assert said == wanted


def test_json_of_many_keys_within_is_as_it_was() -> None:
    rows = [{"x": i, "m": {f"k{j}": j for j in range(3 * i, 3 * i + 3)}} for i in range(3000)]
    Path("p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = good("eval", "x^2", "--points", "p.jsonl", *DATABASE).splitlines()
    assert [json.loads(line) for line in found] == [row | {"value": float(i) ** 2} for i, row in enumerate(rows)]


@pytest.mark.parametrize("late", ["[1]", "5"])
def test_a_late_row_that_is_no_object_is_a_bad_row(late: str) -> None:
    rows = "".join(f'{{"x":{k},"t":{k}}}\n' for k in range(25_000))
    Path("p.jsonl").write_text(f'{rows}{late}\n{{"x":0.5,"t":2}}\n')
    done = call("eval", "x^2", "--points", "p.jsonl", "--on-error", "skip", *DATABASE)
    assert done.err == "warning: 1 row could not be read and was skipped\n"
    assert json.loads(done.out.splitlines()[-1]) == {"x": 0.5, "t": 2, "value": 0.25}
    assert done.out.count("\n") == 25_001
    assert "25001" in call("eval", "x^2", "--points", "p.jsonl", *DATABASE).err
    call("eval", "x^2", "--points", "p.jsonl", "--on-error", "skip", "--out", "o.parquet")
    assert str(duckdb.sql("SELECT t FROM 'o.parquet'").types) == "[UBIGINT]"


@pytest.mark.parametrize("cell", ["null", "true", '"infinity"', '"2020-01-01"', "[1]"])
def test_a_column_of_json_without_numbers_is_told_row_by_row(cell: str) -> None:
    both_ways = both(f'{{"x":{cell},"y":2}}\n'.encode() * 2, "p.jsonl", on_error="null")
    found = [[json.loads(line) for line in rows.splitlines()] for rows, _ in both_ways]
    assert found[0] == found[1] and both_ways[0][1] == both_ways[1][1]


def test_json_lines_may_be_none() -> None:
    for name, data in (("p.jsonl", b""), ("p.jsonl", b"\n\n"), ("p.jsonl.gz", gzip.compress(b""))):
        Path(name).write_bytes(data)
        assert good("grad", "x*y", "--points", name, *DATABASE) == ""
        assert "is empty: it names no columns" in refused("eval", "x", "--points", name, "--out", "o.csv", *DATABASE)
    Path("p.jsonl.gz").unlink()
    Path("q.jsonl").write_bytes(b'{"x": 3}\n')
    assert json.loads(good("eval", "x^2", "--points", "?.jsonl")) == {"x": 3, "value": 9}


def test_json_has_texts_for_what_is_not_finite() -> None:
    Path("p.jsonl").write_text('{"x": 0, "k": [1]}\n{"x": "nan", "k": null}\n{"x": 2}\n', encoding="utf-8")
    lines = call("grad", "1/x", "--points", "p.jsonl", "--engine", "duckdb", "--prefix", "f_").out.splitlines()
    assert [json.loads(line)["f_value"] for line in lines] == ["inf", "nan", 0.5]
    assert [json.loads(line)["k"] for line in lines] == [[1], None, None]
    Path("p.jsonl").write_text('{"x": 0}\n{"x": "3"}\n', encoding="utf-8")
    assert "row 2: column 'x': " in refused("eval", "x", "--points", "p.jsonl", "--engine", "duckdb", status=1)


def test_what_is_no_table_is_refused() -> None:
    Path("p.csv").write_bytes(CSV)
    Path("empty.csv").write_bytes(b"")
    Path("p.parquet").write_bytes(b"PAR1 but no more")
    Path("q.parquet").write_bytes(CSV)
    duckdb.sql("COPY (SELECT true AS x) TO 'flags.parquet'")
    assert "has no column 'z'" in refused("eval", "z", "--points", "p.csv", *DATABASE)
    Path("value.csv").write_bytes(b"x,value\n1,2\n")
    assert "has a column 'value' already" in refused("eval", "x", "--points", "value.csv", *DATABASE)
    assert "empty.csv is empty" in refused("eval", "x", "--points", "empty.csv", *DATABASE)
    Path("blank.csv").write_bytes(b"\n \n")
    assert "blank.csv is empty" in refused("eval", "x", "--points", "blank.csv", *DATABASE)
    assert "DuckDB cannot read it" in refused("eval", "x", "--points", "p.parquet")
    assert "is no Parquet file" in refused("eval", "x", "--points", "q.parquet")
    assert "column 'x' holds BOOLEAN" in refused("eval", "x", "--points", "flags.parquet")
    assert "cannot read nowhere.parquet" in refused("eval", "x", "--points", "nowhere.parquet")
    assert "is read by --engine duckdb" in refused("eval", "x", "--points", "p.parquet", "--engine", "numpy")
    assert "--engine belongs to --points" in refused("eval", "x", "--at", "x=1", *DATABASE)


def test_the_numbers_are_the_same() -> None:
    """To the last bit, missing, infinite and undefined ones among them: more than the 2 ulp that are promised."""
    data = hard_table()
    Path("p.csv").write_text(data, encoding="utf-8")
    duckdb.sql("COPY (SELECT x::DOUBLE AS x, y::DOUBLE AS y FROM read_csv('p.csv', all_varchar = true)) TO 'p.parquet'")
    for formula in FORMULAS if FULL else FORMULAS[::8]:
        mine, theirs = io.BytesIO(), io.BytesIO()
        settings = asked(formula) | {"on_error": "null", "keep": False}
        convert(["p.parquet"], mine, written="csv", **settings)
        stream(io.BytesIO(data.encode()), theirs, **settings)
        assert mine.getvalue() == theirs.getvalue(), formula


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "needs the extra 'data'" in refused("eval", "x", "--points", "p.parquet")


def opened(process: int) -> set[str]:
    """Return the names of the files that a process has open, which Linux tells."""
    names = set()
    for link in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            names.add(link.readlink().name)
    return names


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells which files a process has open")
def test_an_interrupt_or_a_reader_that_has_gone_leaves_nothing() -> None:
    duckdb.sql("COPY (SELECT range AS x FROM range(2000000)) TO 'p.parquet'")
    long = "+".join(f"sin({k}*x)" for k in range(1, 50))
    command = [*PROGRAM, "eval", long, "--points", "p.parquet"]
    with subprocess.Popen(
        [*command, "--out", "o.csv"],
        stderr=subprocess.PIPE,
        env=environment(),
        preexec_fn=interruptible,  # noqa: PLW1509 - the tests run no threads
    ) as process:
        assert process.stderr
        while process.poll() is None and "p.parquet" not in opened(process.pid):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert (process.wait(60), process.stderr.read()) == (130, b"")
    assert os.listdir() == ["p.parquet"]
    command[-3] = "x"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (141, b"")
