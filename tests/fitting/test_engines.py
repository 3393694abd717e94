"""A fit by queries finds what the NumPy engine finds, of every kind of table, and says the same of what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiffcli
from autodiffcli.errors import AdcalcError, RequestError
from autodiffcli.fitting.cut import cut
from autodiffcli.fitting.descent import State
from autodiffcli.fitting.steps import Layout
from autodiffcli.language.point import parse_point
from tests.cli.support import environment, good, refused, run
from tests.fitting.support import LINE
from tests.points.test_spark import Cluster, long, needs_spark, spark  # noqa: F401  # the fixture

duckdb = pytest.importorskip("duckdb")
pytestmark = [
    pytest.mark.skipif(not find_spec("sqlglot"), reason="sqlglot (the extra 'sql') is not installed"),
    # py4j leaves its sockets to the garbage collector
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
START = ("--params", "w=0,b=0")
BY_DUCKDB = ("--engine", "duckdb")
CLOSE = 1e-9
PENALTY = f"{LINE} + 0.01*w^2"
LOSSES = {
    LINE: "w=0.5, b=0",
    PENALTY: "w=0.5, b=0",
    "mean(softplus(-(2*(y > 0) - 1)*(w*x + b))) + 1e-3*(w^2 + b^2)": "w=0, b=0",
    "r = w*x + b - y; mean(where(abs(r) < 1, r^2/2, abs(r) - 1/2))": "w=0, b=0",
    "sum((v[0]*x + exp(v[1])*x^2 - y)^2)/len(x) + 0.1*sum(v^2)": "v=[0, 0]",
    "sqrt(mean((p.w*x + p.b - y)^2)) + sum(abs(p.w*x))/1000": 'p={"w": 1, "b": 0}',
    "mean(where(w > b, w*x - y, b*x)^2) + mean(b*x)": "w=1, b=0",
    "where(w > 0, mean((w*x - y)^2), -sum(w*y))": "w=1",
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def data(count: int = 400) -> dict[str, Any]:
    draw = np.random.default_rng(count)
    x = draw.normal(size=count)
    return {"x": x, "y": 2 * x + 1 + draw.normal(size=count) / 10}


def write(name: str, columns: dict[str, Any]) -> str:
    """Let DuckDB write a table: the NumPy engine does not read all of them."""
    import pyarrow

    table = pyarrow.table(columns)
    connection = duckdb.connect()
    connection.register("t", table)
    form = "DELIMITER '\t', FORMAT csv" if ".tsv" in name else "FORMAT json" if ".jsonl" in name else ""
    connection.execute(f"COPY t TO '{name}'" + (f" ({form})" if form else ""))
    connection.close()
    return name


def flat(parameters: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    values = [v for p in parameters.values() for v in (p.values() if isinstance(p, dict) else [p])]
    return np.concatenate([np.ravel(value) for value in values])


def assert_close(found: Any, wanted: Any) -> None:
    assert flat(found.parameters) == pytest.approx(flat(wanted.parameters), rel=CLOSE, abs=CLOSE)
    assert found.loss == pytest.approx(wanted.loss, rel=CLOSE)
    assert (found.epochs, found.steps, found.stopped) == (wanted.epochs, wanted.steps, wanted.stopped)
    assert [epoch.rows for epoch in found.history] == [epoch.rows for epoch in wanted.history]


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_are_as_by_numpy(loss: str) -> None:
    columns = data()
    path = write("data.parquet", columns)
    for optimizer in ("gd", "momentum", "adam"):
        options: dict[str, Any] = {"optimizer": optimizer, "lr": 0.01, "epochs": 12}
        found = autodiffcli.fit(loss, path, LOSSES[loss], engine="duckdb", **options)
        assert_close(found, autodiffcli.fit(loss, columns, LOSSES[loss], **options))


def test_descent_is_a_loop_written_by_hand() -> None:
    columns = data()
    x, y = columns["x"], columns["y"]
    w = b = 0.0
    for _ in range(50):
        r = w * x + b - y
        w, b = w - 0.1 * (2 * np.mean(r * x) + 0.02 * w), b - 0.1 * 2 * np.mean(r)
    found = autodiffcli.fit(PENALTY, write("data.parquet", columns), "w=0,b=0", epochs=50, engine="duckdb")
    assert found.parameters == pytest.approx({"w": w, "b": b}, rel=1e-12)


@pytest.mark.parametrize("optimizer", ["l-bfgs", "bfgs", "cg"])
def test_the_minimum_is_that_of_least_squares(optimizer: str) -> None:
    columns = data()
    (w, b), *_ = np.linalg.lstsq(np.c_[columns["x"], np.ones(400)], columns["y"])
    path = write("data.csv", columns)
    found = autodiffcli.fit(LINE, path, "w=0,b=0", optimizer=optimizer, gradient_tol=1e-9, engine="duckdb")
    assert found.parameters == pytest.approx({"w": w, "b": b}, rel=1e-8)


def test_every_kind_of_table_gives_the_same() -> None:
    columns = data()
    wanted = autodiffcli.fit(LINE, columns, "w=0,b=0", epochs=5)
    for name in ("d.csv", "d.tsv", "d.jsonl", "d.parquet", "d.csv.gz", "d.tsv.zst", "a 'folder' of [it].parquet"):
        write(name.replace("'", "''"), columns)
        assert_close(autodiffcli.fit(LINE, name, "w=0,b=0", epochs=5, engine="duckdb"), wanted)
    os.mkdir("folder")
    for k in range(3):
        write(f"folder/part-{k}.parquet", {name: column[k::3] for name, column in columns.items()})
    write("folder/part-3.csv", {"y": [1.5], "kind": ["a"], "x": [2.5]})
    columns = {"x": np.append(columns["x"], 2.5), "y": np.append(columns["y"], 1.5)}
    text = good("fit", LINE, "--data", "folder/*", *START, "--epochs", "5", *BY_DUCKDB)
    given = dict(line.split("=") for line in text.splitlines())
    wanted = autodiffcli.fit(LINE, columns, "w=0,b=0", epochs=5)
    assert {name: float(value) for name, value in given.items()} == pytest.approx(wanted.parameters, rel=CLOSE)


HOLES = "t,y,x\na,1,0\nb,3,1\nc,,2\nd,5,2\ne,nan,3\nf,7,seven\ng,-inf,1\n"


def test_duckdb_is_taken_for_what_it_alone_reads() -> None:
    columns = data(50)
    wanted = autodiffcli.fit(LINE, write("data.csv", columns), "w=0,b=0", epochs=5)
    write("part-1.csv", {name: column[:30] for name, column in columns.items()})
    write("part-2.csv", {name: column[30:] for name, column in columns.items()})
    for name in ("data.parquet", "data.csv.gz"):
        assert_close(autodiffcli.fit(LINE, write(name, columns), "w=0,b=0", epochs=5), wanted)
    for name in ("data.parquet", "data.csv.gz", "part-*.csv"):
        found = good("fit", LINE, "--data", name, *START, "--epochs", "5")
        assert found == good("fit", LINE, "--data", name, *START, "--epochs", "5", *BY_DUCKDB)
        assert flat(parse_point(found)) == pytest.approx(flat(wanted.parameters), rel=CLOSE, abs=CLOSE)


def test_rows_without_numbers_are_as_by_numpy(tmp_path: Path) -> None:
    Path("holes.csv").write_text(HOLES)
    rows = HOLES.splitlines(keepends=True)
    write("holes.parquet", {"x": [0, 1, 2, 2, 3, None, 1], "y": [1, 3, None, 5, float("nan"), 7, -float("inf")]})
    found = []
    for name, engine in (("holes.csv", "numpy"), ("holes.csv", "duckdb"), ("holes.parquet", "duckdb")):
        args = ("fit", LINE, "--data", name, *START, "--engine", engine)
        found.append(run(*args, "--on-error", "skip", cwd=tmp_path))
    assert found[0].err == found[1].err == found[2].err == "warning: 4 rows without numbers left out of each epoch\n"
    assert len({line[:14] for done in found for line in done.out.splitlines()}) == 2
    Path("wide.csv").write_text(HOLES + "h,1,2,3\n")
    wide = [
        run("fit", LINE, "--data", "wide.csv", *START, "--engine", engine, "--on-error", "skip", cwd=tmp_path)
        for engine in ("numpy", "duckdb")
    ]
    assert wide[0].err == wide[1].err == "warning: 5 rows without numbers left out of each epoch\n"
    for bad in (2, 4, 5, 6):
        Path("one.csv").write_text("".join([*rows[:3], rows[bad + 1]]))
        by_numpy, by_duckdb = (
            refused("fit", LINE, "--data", "one.csv", *START, "--engine", engine, status=1)
            for engine in ("numpy", "duckdb")
        )
        assert by_duckdb == by_numpy.replace(" (line 4)", "")
    assert "holes.parquet: row 3: column 'y': no value" in refused(
        "fit", LINE, "--data", "holes.parquet", *START, *BY_DUCKDB, status=1
    )
    Path("none.csv").write_text("x,y\n1,nan\n")
    skip = ("--on-error", "skip")
    assert "none.csv has no rows left: all 1 are" in refused(
        "fit", LINE, "--data", "none.csv", *START, *BY_DUCKDB, *skip
    )
    Path("open.csv").write_text('x,y\n1,2\n"3,4\n5,6\n')  # the quote would take all other rows with it
    opened = refused("fit", LINE, "--data", "open.csv", *START, *BY_DUCKDB, *skip)
    assert "open.csv: a quote is opened in line 3 and not closed" in opened
    Path("none.csv").write_text("x,y\n")
    assert "none.csv has no rows" in refused("fit", LINE, "--data", "none.csv", *START, *BY_DUCKDB)


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        ("(w*x + b - y)^2", ["an array of shape (7,)", "sum or mean it over the rows"]),
        ("mean((x - mean(x))^2*w) + b*mean(y)", ["what all rows decide is used in each", "       ^^^^^^^", "a column"]),
        ("norm(w*x + b - y)", ["norm of columns is no number of each row", "take --engine numpy"]),
        ("mean(cumsum(w*x + b - y))", ["cumsum of columns is no number of each row"]),
        ("max(w*x + b - y)", ["max of columns is no number of each row"]),
        ("mean([w, b]@[x, y])", ["stack of columns is no number of each row"]),
        ("mean([w]*x + b - y)", ["an array of shape (1,) meets columns", "w[0]*x1 + w[1]*x2"]),
        ("mean(x[1:]*w) + b*y[0]", ["index of columns is no number of each row"]),
        ("mean(erf(w*x + b - y))", ["erf cannot be written in SQL for DuckDB", "take --engine numpy"]),
        ("mean(w*x + b - Y)", ["has no column 'Y'", "did you mean 'y'?", "by --params"]),
        ("mean(w*x + b", ["'(' is not closed"]),
    ],
)
def test_what_no_query_can_tell_is_refused(loss: str, said: list[str]) -> None:
    write("data.parquet", data(9))
    told = refused("fit", loss, "--data", "data.parquet", *START, *BY_DUCKDB)
    assert all(text in told for text in said), told
    assert os.listdir() == ["data.parquet"]


def test_what_does_nothing_is_refused() -> None:
    write("data.parquet", data(9))

    def told(*args: str) -> str:
        return refused("fit", LINE, *START, *args)

    table = ("--data", "data.parquet", *BY_DUCKDB)
    assert "--batch does nothing with --engine duckdb" in told(*table, "--batch", "3")
    assert "--no-shuffle does nothing with --engine duckdb" in told(*table, "--no-shuffle")
    assert "--master does nothing with --engine duckdb" in told(*table, "--master", "local")
    assert "--master does nothing with --engine numpy" in told("--data", "data.csv", "--master", "local")
    assert "reads a table in files, and no arrays" in told("--data", "x=[1],y=[2]", *BY_DUCKDB)
    assert "engine duckdb reads no pipe" in told("--data", "-", *BY_DUCKDB)
    assert "no.parquet: No such file" in told("--data", "no.parquet", *BY_DUCKDB)
    assert "no*.parquet fits no file" in told("--data", "no*.parquet", *BY_DUCKDB)
    assert "no*.parquet fits no file" in told("--data", "no*.parquet")
    assert "Parquet is read by --engine duckdb" in told("--data", "data.parquet", "--engine", "numpy")
    assert "--batch does nothing with --engine duckdb" in told("--data", "data.parquet", "--batch", "3")
    with pytest.raises(RequestError, match="there is no engine 'sql'"):
        autodiffcli.fit(LINE, "data.parquet", "w=0,b=0", engine="sql")
    with pytest.raises(RequestError, match="batch does nothing with engine duckdb"):
        autodiffcli.fit(LINE, "data.parquet", "w=0,b=0", engine="duckdb", batch=3)
    write("texts.parquet", {"x": [True], "y": [1.0]})
    assert "column 'x' holds BOOLEAN" in told("--data", "texts.parquet", *BY_DUCKDB)


def test_a_loss_that_is_undefined_says_where_it_began() -> None:
    columns = {"x": np.arange(4.0), "y": 2 * np.arange(4.0) + 1}
    write("data.csv", columns)
    for loss, *more in (
        ("mean(ln(w*x - 1)) + b*mean(y)", "--lr", "0.1"),
        ("mean(y*b) + mean(sqrt(w*x))",),
        ("mean(x*y*w) + ln(-1 - b^2)",),
        (LINE, "--lr", "10", "--epochs", "999"),
        (LINE, "--lr", "1e308"),
    ):
        args = ("fit", loss, "--data", "data.csv", *START, *more)
        by_duckdb = refused(*args, *BY_DUCKDB, status=1)
        by_numpy = refused(*args, status=1)
        same = [line for line in by_numpy.splitlines() if line[:8] not in ("error: i", "paramete")]
        assert [line for line in by_duckdb.splitlines() if line[:8] not in ("error: i", "paramete")] == same
        assert by_duckdb[:17] == by_numpy[:17]  # in the same step


def test_a_fit_that_is_interrupted_goes_on() -> None:
    """But for the last bits: which of several threads comes first is not said."""
    path, saved = write("data.csv", data()), "state.npz"
    options: dict[str, Any] = {"epochs": 9, "optimizer": "adam", "engine": "duckdb"}

    def interrupt(state: State) -> None:
        if state.steps == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        autodiffcli.fit(LINE, path, "w=0,b=0", resume=saved, progress=interrupt, **options)
    found = autodiffcli.fit(LINE, path, "w=0,b=0", resume=saved, **options)
    assert_close(found, autodiffcli.fit(LINE, path, "w=0,b=0", **options))
    with pytest.raises(RequestError, match="its engine is duckdb, not numpy"):
        autodiffcli.fit(LINE, path, "w=0,b=0", resume=saved, **options | {"engine": "numpy"})


def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    path = write("data.csv", data())
    seen = []
    look = lambda state: seen.append(os.listdir("scratch"))
    autodiffcli.fit(LINE, path, "w=0,b=0", epochs=1, engine="duckdb", progress=look)
    assert len(seen[0]) == 1
    with pytest.raises(AdcalcError):
        autodiffcli.fit("mean(ln(w*x - 1e9))", path, "w=0", engine="duckdb")
    assert os.listdir("scratch") == []
    assert sorted(os.listdir()) == ["data.csv", "scratch"]


def test_a_scalar_that_the_parameters_alone_decide_is_one_derivative() -> None:
    parts = cut("mean((exp(w)*x + 2*b*x - y)^2) + b", Layout({"w": 0.0, "b": 1.0}), ["x", "y"], 5)
    assert (len(parts.names), len(parts.rows.outputs)) == (2, 3)
    assert list(parts.rows.inputs) == ["i0", "i1", "p0", "p1"]


MANY = 10_000_000
LARGE = f"""
import sys, numpy as np
from autodiffcli import fit
path, engine, master = sys.argv[1:]
if engine == "numpy":
    import pyarrow.parquet
    table = pyarrow.parquet.read_table(path)
    path = {{name: table[name].to_numpy() for name in table.column_names}}
found = fit({PENALTY!r}, path, "w=0,b=0", epochs=20, engine=engine, master=master)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak, found.history[-1].rows, *[value.hex() for value in found.parameters.values()])
"""


def large(path: Path, engine: str, master: str = "") -> tuple[int, list[float]]:
    """Return peak memory in kB, and the parameters, of a process that fits a line to a large table."""
    command = [sys.executable, "-c", LARGE, str(path), engine, master]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
    peak, rows, *parameters = done.stdout.split()
    assert int(rows) == MANY
    return int(peak), [float.fromhex(value) for value in parameters]


def write_large(path: Path) -> None:
    x = "hash(range)::DOUBLE / 18446744073709551616 * 4 - 1"
    noise = "hash(range + 0.5)::DOUBLE / 18446744073709551616 - 0.5"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {x} AS x, 2*({x}) + 1 + {noise} AS y FROM range({MANY})) TO '{path}' (FORMAT parquet)"
        )


@long
def test_ten_million_rows_within_a_gibibyte(tmp_path: Path) -> None:
    path = tmp_path / "large.parquet"
    write_large(path)
    _, wanted = large(path, "numpy")
    peak, found = large(path, "duckdb")
    assert found == pytest.approx(wanted, rel=CLOSE)
    assert peak < 1 << 20, f"{peak} kB"
    print(f"\n{peak} kB", [abs(a / b - 1) for a, b in zip(found, wanted, strict=True)])


@needs_spark
def test_spark_finds_the_same(spark: Any) -> None:  # noqa: F811
    columns = data()
    path = write("data.parquet", columns)
    for loss, start in [*LOSSES.items()][1:5]:
        options: dict[str, Any] = {"lr": 0.01, "epochs": 2}
        found = autodiffcli.fit(loss, path, start, engine="spark", **options)
        assert_close(found, autodiffcli.fit(loss, columns, start, **options))


@needs_spark
@long
def test_spark_says_the_same_of_rows_without_numbers(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    Path("holes.csv").write_text(HOLES)
    write("holes.parquet", {"x": [0, 1, 2, 2, 3, None, 1], "y": [1, 3, None, 5, float("nan"), 7, -float("inf")]})
    options: dict[str, Any] = {"epochs": 3, "engine": "spark"}
    wanted = autodiffcli.fit(LINE, "holes.csv", "w=0,b=0", on_error="skip", epochs=3)
    for name in ("holes.csv", "holes.parquet"):
        found = autodiffcli.fit(LINE, name, "w=0,b=0", on_error="skip", **options)
        assert_close(found, wanted)
        assert found.warnings == wanted.warnings
        with pytest.raises(AdcalcError, match="row 3: column 'y': no value") as told:
            autodiffcli.fit(LINE, name, "w=0,b=0", **options)
        assert told.value.hint.endswith("--on-error skip")
    write("nan.parquet", {"x": [0.0, 1.0], "y": [0.0, float("nan")]})
    with pytest.raises(AdcalcError, match=r"nan.parquet: row 2: 'y' is nan"):
        autodiffcli.fit(LINE, "nan.parquet", "w=0,b=0", **options)
    with pytest.raises(AdcalcError, match="ln is undefined at -1"):
        autodiffcli.fit("mean(ln(w*x - 1))", write("data.parquet", data(9)), "w=0", **options)


@needs_spark
@long
def test_ten_million_rows_on_two_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.parquet"
    write_large(path)
    _, wanted = large(path, "numpy")
    (tmp_path / "spark-defaults.conf").write_text("spark.executor.memory 1g\n")
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    cluster = Cluster(tmp_path)
    with ExitStack() as stack:
        stack.callback(cluster.end)
        _, found = large(path, "spark", cluster.begin())
        assert len(list(tmp_path.glob("work*/app-*/*"))) >= 2
    assert found == pytest.approx(wanted, rel=CLOSE)
    print([abs(a / b - 1) for a, b in zip(found, wanted, strict=True)])
