"""adcalc fit: what it prints, reads and writes, and what it says of what is wrong."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.support import good, refused, run
from tests.cli.test_terminal import bare, on_terminal
from tests.fitting.support import LINE

TABLE = "x,y,kind\n0,1,a\n1,3,a\n2,5,b\n3,7,b\n"
BY_DUCKDB = ("--engine", "duckdb")
START = ("--params", "w=0,b=0")


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(TABLE)
    return "data.csv"


def numbers(text: str) -> dict[str, float]:
    return {name: float(value) for name, _, value in (line.partition("=") for line in text.splitlines())}


def test_every_kind_of_data_gives_the_same(table: str) -> None:
    x, y = np.arange(4.0), 2 * np.arange(4.0) + 1
    np.savez("data.npz", x=x, y=y)
    np.save("x.npy", x)
    Path("y.csv").write_text("1\n3\n5\n7\n")
    Path("y.json").write_text("[1, 3, 5, 7]")
    Path("data.tsv").write_text(TABLE.replace(",", "\t"))
    Path("data.jsonl").write_text("".join(f'{{"x": {a}, "y": {b}}}\n' for a, b in zip(x, y, strict=True)))
    wanted = good("fit", LINE, "--data", table, *START, "--epochs", "900")
    assert numbers(wanted) == {"w": pytest.approx(2), "b": pytest.approx(1)}
    for data in (
        ["data.tsv"],
        ["data.jsonl"],
        ["data.npz"],
        ["x=@x.npy", "y=@y.csv"],
        ["x=@data.npz, y=@y.json"],
        ["x=[0,1,2,3]", "y=[1,3,5,7]"],
    ):
        given = [word for part in data for word in ("--data", part)]
        assert good("fit", LINE, *given, *START, "--epochs", "900") == wanted
    assert good("fit", LINE, "--data", "-", *START, "--epochs", "900", stdin=TABLE.encode()) == wanted


def test_what_it_writes_starts_another_fit(table: str) -> None:
    whole = good("fit", LINE, "--data", table, *START, "--epochs", "20")
    for name in ("half.txt", "half.json"):
        assert good("fit", LINE, "--data", table, *START, "--epochs", "10", "--out", name) == ""
        assert good("fit", LINE, "--data", table, "--params", f"@{name}", "--epochs", "10") == whole
        assert float(good("eval", "w*4 + b", "--at", f"@{name}").partition("=")[2]) > 1
    structured = good("fit", "mean((p.w*x + p.b - y)^2)", "--data", table, "--params", 'p={"w": 0, "b": [0]}')
    assert structured.startswith('p={"w": ') and good("eval", "p.w", "--at", structured.strip())


def test_formats(table: str) -> None:
    args = ("fit", LINE, "--data", table, *START, "--epochs", "3", "--lr", "0.01")
    data = json.loads(good(*args, "--format", "json"))
    assert data["parameters"] == numbers(good(*args))
    assert (data["epochs"], data["steps"], data["optimizer"], data["stopped"]) == (3, 3, "gd", "after 3 epochs")
    assert [epoch["rows"] for epoch in data["history"]] == [4, 4, 4]
    assert data["loss"] == data["history"][-1]["loss"] < data["history"][0]["loss"] == 21
    rows = list(csv.DictReader(io.StringIO(good(*args, "--format", "csv"))))
    assert [(row["parameter"], float(row["value"])) for row in rows[:2]] == list(data["parameters"].items())
    assert [row["table"] for row in rows] == ["parameters"] * 2 + ["loss by epoch"] * 3
    assert [(row["epoch"], float(row["loss"])) for row in rows[2:]] == [
        (str(n), epoch["loss"]) for n, epoch in enumerate(data["history"], 1)
    ]
    shown = good(*args, "--format", "table")
    assert shown.count("●") == 3 + 1  # in the legend
    assert " w = " in shown and "3 epochs, 3 steps of gd; stopped: after 3 epochs" in " ".join(shown.split())
    assert "10²" not in shown and "10⁻" not in shown  # linear, where the loss falls little
    steep = good("fit", LINE, "--data", table, *START, "--epochs", "300", "--format", "table")
    assert "10⁻⁴" in steep
    flat = good("fit", "mean(w*0*x) - 1", "--data", table, "--params", "w=0", "--epochs", "2", "--format", "table")
    assert "−1 ┤" in flat
    assert "●" not in good("fit", LINE, "--data", table, *START, "--steps", "1", "--format", "table")


def test_a_terminal_sees_progress_and_the_curve_and_a_pipe_the_parameters(table: str) -> None:
    seen = bare(on_terminal("fit", LINE, "--data", str(Path(table).resolve()), *START, "--batch", "2"))
    assert "reading" in seen and "epoch 1, step 1, loss" in seen and "● loss    by epoch" in seen
    done = run("fit", LINE, "--data", str(Path(table).resolve()), *START)
    assert done.err == "" and list(numbers(done.out)) == ["w", "b"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ("mean((w*x + b - Y)^2)", *START),
            ["data.csv has no column 'Y'", "did you mean 'y'?", "give Y=... by --params"],
        ),
        ((LINE, "--params", "w=0,b=0,y=0"), ["'y' is given twice: by --params and by a column of data.csv"]),
        ((LINE, "--params", "w=0,b=0,q=0"), ["'q' is not in the loss", "take it out of --params"]),
        (("mean((weight*x - y)^2)", "--params", "weigth=0"), ["'weigth' is not in the loss", "did you mean 'weight'?"]),
        (("(w*x + b - y)^2", *START), ["an array of shape (4,)", "sum or mean it over the rows", "  ^^^"]),
        (("(mean(w*x + b - y), 1)", *START), ["a loss is one number, and this expression has 2"]),
        (("w^2 + b", *START), ["the loss has no column of the data in it"]),
        (("sum(zeros(3) + w*x)", "--params", "w=0"), ["+: the shapes (3,) and (4,) do not fit", "^^^"]),
        (("mean(w*x", "--params", "w=0"), ["'(' is not closed", "mean(w*x"]),
        ((LINE,), ["there are no parameters to fit", "--params w=0,b=0"]),
        ((LINE, *START, "--random", "w=1"), ["'w' is given twice, as a start value and at random"]),
        ((LINE, "--params", "w=inf,b=0"), ["the start value of 'w' is not finite"]),
        ((LINE, *START, "--batch", "0"), ["batch must be at least 1, not 0"]),
        ((LINE, *START, "--epochs", "0"), ["epochs must be at least 1, not 0"]),
        ((LINE, *START, "--lr", "0"), ["lr must be above 0, not 0"]),
        ((LINE, *START, "--lr", "nan"), ["lr must be above 0, not nan"]),
        ((LINE, *START, "--seed", "-1"), ["seed must be at least 0, not -1"]),
        ((LINE, *START, "--optimizer", "adm"), ["'adm' is not one of", "did you mean adam?"]),
        ((LINE, *START, "--momentum", "0.5"), ["momentum does nothing with gd"]),
        ((LINE, *START, "--optimizer", "bfgs", "--batch", "2"), ["batch does nothing with bfgs"]),
        ((LINE, *START, "--no-shuffle"), ["--no-shuffle does nothing without --batch"]),
        ((LINE, *START, "--data", "other.csv"), ["is a table, which is the only --data", "X=@FILE"]),
        ((LINE, *START, "--momentum", "nan", "--optimizer", "momentum"), ["momentum must be at least 0, not nan"]),
        ((LINE, *START, "--resume", "no/such"), ["cannot write no/such: No such file or directory"]),
        ((LINE, *START, "--resume", ""), ["cannot go on from : No such file"]),
        ((LINE, *START, "--out", "out", "--precision", "3"), ["--precision does nothing with --out"]),
        ((LINE, *START, "--out", "no/such"), ["cannot write no/such: No such file or directory"]),
    ],
)
def test_a_request_that_is_wrong_is_refused(table: str, args: tuple[str, ...], said: list[str]) -> None:
    told = refused("fit", *args, "--data", table)
    assert all(text in told for text in said), told
    assert os.listdir() == [table]


def test_data_that_is_wrong_is_refused(table: str) -> None:
    def told(text: str, *more: str, status: int = 2) -> str:
        Path("bad.csv").write_text(text)
        return refused("fit", LINE, "--data", "bad.csv", *START, *more, status=status)

    assert "bad.csv is empty: it has no header" in told("")
    assert "bad.csv has no rows" in told("x,y\n")
    assert "bad.csv has no rows" in told("x,y\n", "--optimizer", "cg")
    assert "bad.csv has no rows left: all 2 are without numbers" in told("x,y\nnan,1\n1,a\n", "--on-error", "skip")
    assert "bad.csv: row 2: 'y' is nan" in told("x,y\n1,2\n2,nan\n", status=1)
    assert "row 2 (line 3): column 'y': no value" in told("x,y\n1,2\n2,\n", status=1)
    assert "--on-error skip" in told("x,y\n1,2\n2,\n", status=1)
    assert "cannot read no.csv: No such file" in refused("fit", LINE, "--data", "no.csv", *START)
    np.savez("data.npz", x=np.ones(3), y=np.ones(2))
    assert "'y' has 2 rows, and 'x' has 3" in refused("fit", LINE, "--data", "data.npz", *START)
    np.savez("data.npz", x=np.ones((3, 2)), y=np.float64(2))
    assert "'y' of the data is no array" in refused("fit", LINE, "--data", "data.npz", *START)
    np.savez("data.npz", x=np.ones(3), y=np.array([1.0, np.inf, 2.0]))
    assert "the data: row 2: 'y' is inf" in refused("fit", LINE, "--data", "data.npz", *START, status=1)
    assert "'y' of the data is no array" in refused("fit", LINE, "--data", 'x=[1],y={"a": 1}', *START)
    assert "x.npy does not say which input it is" in refused("fit", LINE, "--data", "x.npy", *START)
    assert "'x' is given twice in --data" in refused("fit", LINE, "--data", "data.npz", "--data", "x=[1]", *START)
    assert "data.npz has no array 'z'" in refused("fit", LINE, "--data", "z=@data.npz", *START)
    assert "cannot read 'y.npz'" in refused("fit", LINE, "--data", "y.npz", *START)


def test_what_it_reads_is_not_replaced(table: str) -> None:
    np.savez("data.npz", x=np.arange(4.0), y=np.arange(4.0))
    np.save("x.npy", np.arange(4.0))
    os.symlink(table, "link")
    kept = {name: Path(name).read_bytes() for name in os.listdir()}
    for out, *data in (
        (table, table),
        ("link", "./data.csv"),
        ("data.npz", "data.npz"),
        ("x.npy", "x=@x.npy, y=[1,3,5,7]"),
        ("x.npy", "y=[1,3,5,7]", 'x= @"x.npy"'),
        (table, "d*.csv", "--engine", "duckdb"),
    ):
        given = [word if word in BY_DUCKDB else f"--data={word}" for word in data]
        assert f"--out {out} would replace the data" in refused("fit", LINE, *given, *START, "--out", out)
    both = ("--resume", "new", "--out", "new")
    assert "--out new would replace the state" in refused("fit", LINE, "--data", table, *START, *both)
    assert {name: Path(name).read_bytes() for name in os.listdir()} == kept
    good("fit", LINE, "--data", table, *START, "--out", "found")
    good("fit", LINE, "--data", table, "--params", "@found", "--out", "found")


def test_rows_without_numbers_can_be_left_out(table: str) -> None:
    Path("holes.csv").write_text(TABLE + "nan,3,c\n4,,c\n5\n")
    done = run("fit", LINE, "--data", str(Path("holes.csv").resolve()), *START, "--on-error", "skip")
    assert done.out == good("fit", LINE, "--data", table, *START)
    assert done.err == "warning: 3 rows without numbers left out of each epoch\n"


def test_a_batch_larger_than_the_table_is_said(table: str) -> None:
    done = run("fit", LINE, "--data", str(Path(table).resolve()), *START, "--batch", "9", "--no-shuffle")
    assert done.out == good("fit", LINE, "--data", table, *START)
    assert done.err == "warning: a batch of 9 is more than the 4 rows there are, so each step takes them all\n"


def test_a_loss_that_rises_is_said(table: str) -> None:
    data = str(Path(table).resolve())
    done = run("fit", LINE, "--data", data, *START, "--lr", "1", "--epochs", "5")
    assert done.status == 0 and numbers(done.out)["w"] != 0
    first, last = (float(x) for x in re.findall(r"rose from (\S+) to (\S+): take a smaller --lr", done.err)[0])
    assert first == 21 and last > 1e4 and done.err.count("\n") == 1  # 21: the mean of 1, 9, 25 and 49
    assert good("fit", LINE, "--data", table, "--params", "w=2,b=1")  # where nothing is left to fall


def test_a_pipe_is_read_once(table: str) -> None:
    rows = b"x,y\n" + b"".join(b"%d,%d\n" % (k % 10, k % 10) for k in range(70_000))
    args = ("fit", LINE, "--data", "-", *START, "--lr", "0.001", "--batch", "1000")
    told = refused(*args, stdin=rows)
    assert "standard input has more than 66,000 rows, which are not kept, and can be read once" in told
    assert numbers(good(*args, "--epochs", "1", stdin=rows))["w"] > 0.1
    assert "standard input can be read once" in refused("fit", "-", "--data", "-", *START, stdin=rows)


def test_a_loss_that_is_undefined_stops_with_its_cause(table: str) -> None:
    told = refused("fit", "mean(ln(w*x - 1))", "--data", table, "--params", "w=2", status=1)
    assert told == (
        "error: in step 1, of epoch 1, the loss is nan: ln is undefined at -1 (entry [0])\n"
        "  mean(ln(w*x - 1))\n"
        "       ^^^^^^^^^^^\n"
        "parameters: w = 2\n"
        "hint: a smaller --lr, or other start values\n"
    )
    told = refused("fit", LINE, "--data", table, *START, "--lr", "10", "--epochs", "999", status=1)
    assert "of epoch 8" in told and "the loss is inf: ^ is inf at " in told and "(w*x + b - y)^2" in told
    told = refused("fit", LINE, "--data", table, *START, "--lr", "1e308", status=1)
    assert "in step 2, of epoch 2, the loss is nan: " in told and "parameters: w = inf, b = inf" in told
    told = refused("fit", LINE, "--data", table, *START, "--lr", "1e307", "--optimizer", "adam", status=1)
    assert "in step 2, of epoch 2, the loss is inf: " in told
    told = refused("fit", "mean(sqrt(w*x))", "--data", table, "--params", "w=0", status=1)
    assert "the loss is 0, but its derivative by w is nan" in told
    told = refused("fit", "mean(ln(w*x - 1))", "--data", table, "--params", "w=2", "--optimizer", "l-bfgs", status=1)
    assert "ln is undefined at -1" in told


def test_the_extra_of_scipys_optimizers_is_named(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    told = refused("fit", LINE, "--data", table, *START, "--optimizer", "l-bfgs")
    assert "the optimizer l-bfgs needs the extra 'special'" in told
    assert "w=" in good("fit", LINE, "--data", table, *START)


def test_rows_may_be_counted(table: str) -> None:
    """What a batch is long enters by len, before any row was read."""
    one = good("fit", "sum((w*x + b*zeros(len(x)) + b - y)^2)/len(x)", "--data", table, *START)
    assert numbers(one) == pytest.approx(numbers(good("fit", LINE, "--data", table, *START)))
    wide = ("fit", "sum((X@w + zeros(len(X)) - 1)^2)", "--data", "X=[[1,2,3],[4,5,6]]", "--params", "w=zeros(3)")
    assert good(*wide, "--lr", "0.005").startswith("w=[")
