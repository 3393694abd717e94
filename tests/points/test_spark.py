"""Tables by Spark, on one machine and on a cluster: the same rows as without it, to the last digit.

Most need ADCALC_ALL=1: Spark takes seconds to start, and half a second for any table.
"""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pytest

from autodiffcli.errors import AdcalcError, RequestError
from autodiffcli.points.stream import Summary, stream
from tests.cli.support import LECTURE, PROGRAM, call, environment, interruptible, refused, run
from tests.points.support import FORMULAS, FULL, asked, hard_table

JAVA = which("java") or os.path.exists(os.path.join(os.environ.get("JAVA_HOME", "/nowhere"), "bin", "java"))
needs_spark = pytest.mark.skipif(
    not (find_spec("pyspark") and JAVA), reason="PySpark (the extra 'spark') or Java is not installed"
)
long = pytest.mark.skipif(not FULL, reason="Spark takes long: set ADCALC_ALL=1")
# py4j leaves its sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
SPARK = ("--engine", "spark")
CSV = b't,x,y\n"a, ""b""",1,2\n\n c,-0.5, 1e300\nd,inf,nan\n,5e-324,-Infinity\ne,+3.,.5E1\n'
BAD = b"t,x,y\na,2,5\nb,1\nc,,1\nd,seven,1\ne,1,2,3\nf,1_0,2\ng,1d,2\nh,0x1p3,2\n"
SHORT = BAD.replace(b"e,1,2,3\n", b"")
JSON = b'{"x": 2, "y": 5}\n{"x": "inf", "t": [1, {"a": "}"}], "y": "NaN"}\n{"x":1,"y":0 }\n'
BAD_JSON = (
    b'{"x": 2, "y": 5}\n{"x": "2", "y": 5}\n{"x": 1}\n[1]\n{"x": 1,\n{"x":1,"y":2} {"x":3}\n{"x": true, "y": null}\n'
    b"{'x': 1, 'y': 2}\n"
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """Hold one session for all tables: each would start its own."""
    from autodiffcli.points.spark.session import spark_session

    with spark_session("local[2]") as found:
        yield found
    gc.collect()  # here, where warnings of py4j's sockets are ignored, and not in a test of something else


def by_numpy(name: str, target: Any, expr: str, **options: Any) -> Summary:
    with open(name, "rb") as source:
        return stream(source, target, name=name, **asked(expr), **options)


def by_spark(name: str, target: Any, expr: str, **options: Any) -> Summary:
    from autodiffcli.points.spark import convert

    return convert(name, target, **asked(expr), **options)


def both(name: str, data: bytes, expr: str = "x*y", **options: Any) -> list[tuple[bytes, Summary | str]]:
    """Return what Spark makes of a table, and what is made without it; rows, and what is said."""
    Path(name).write_bytes(data)
    found: list[tuple[bytes, Summary | str]] = []
    for way in (by_spark, by_numpy):
        target = io.BytesIO()
        try:
            said: Summary | str = way(name, target, expr, **options)
        except AdcalcError as error:
            said = f"{type(error).__name__}: {error}"
        found.append((target.getvalue(), said))
    return found


@needs_spark
def test_rows_are_as_without_spark(spark: Any) -> None:
    cases = [("p.csv", CSV, "fail"), ("p.jsonl", JSON, "fail"), ("p.csv", SHORT, "null")]
    cases += [(name, data, how) for name, data in (("p.csv", BAD), ("p.jsonl", BAD_JSON)) for how in ("skip", "null")]
    for name, data, on_error in cases:
        (rows, said), (true, wanted) = both(name, data, on_error=on_error)
        assert rows.splitlines() == [line for line in true.splitlines() if line.strip()], (name, on_error)
        assert said == wanted if isinstance(wanted, Summary) else str(said) == without_line(wanted)


@needs_spark
def test_the_command(spark: Any) -> None:
    """One small table through the command line, and its messages."""
    Path("p.csv").write_bytes(b"x1,x2\n2,5\n1,0\n")
    done = call("grad", LECTURE, "--points", "p.csv", *SPARK)
    assert done.out == "x1,x2,value,d_x1,d_x2\n2,5,11.652071455223084,5.5,1.7163378145367738\n1,0,0.0,1.0,0.0\n"
    assert (done.status, done.err) == (0, "")
    assert "has no column 'x3'" in refused("eval", "x3", "--points", "p.csv", *SPARK)
    assert "did you mean 'x1'" in refused("eval", "x11", "--points", "p.csv", *SPARK)
    assert "cannot read" in refused("eval", "x1", "--points", "nowhere.csv", *SPARK)


@needs_spark
def test_texts_of_parquet_stay_as_they_are_and_tsv_refuses_what_it_cannot_hold(spark: Any) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"x": [1.0, 2.0, 3.0], "s": ["a", " b ", ""]}), "p.parquet")
    target = io.BytesIO()
    by_spark("p.parquet", target, "x", kind="tsv")
    assert target.getvalue() == b"x\ts\tvalue\td_x\n1.0\ta\t1.0\t1.0\n2.0\t b \t2.0\t1.0\n3.0\t\t3.0\t1.0\n"
    for text, on_error in (("b\tc", "fail"), ("d\ne", "skip")):
        parquet.write_table(arrow.table({"x": [1.0], "s": [text]}), "p.parquet")
        with pytest.raises(RequestError, match="row 1: a text with a tab or a line end in it, which TSV cannot hold"):
            by_spark("p.parquet", io.BytesIO(), "x", kind="tsv", on_error=on_error)


@needs_spark
@long
@pytest.mark.parametrize("on_error", ["fail", "skip", "null"])
@pytest.mark.parametrize("keep", [True, False])
def test_bad_rows(spark: Any, on_error: str, keep: bool) -> None:
    for name, data in (("p.csv", BAD), ("p.jsonl", BAD_JSON), ("p.tsv", SHORT.replace(b",", b"\t"))):
        (rows, said), (true, wanted) = both(name, data, on_error=on_error, keep=keep)
        assert rows == true, (name, on_error)
        assert str(said) == (str(wanted) if isinstance(wanted, Summary) else without_line(wanted))


def without_line(said: str) -> str:
    """Return a message without the number of the line, which Spark does not know."""
    before, _, rest = said.partition(" (line ")
    return before + rest.partition(")")[2]


@needs_spark
@long
def test_quotes_that_go_over_lines_are_refused(spark: Any) -> None:
    Path("p.csv").write_bytes(b't,x\na,1\n"b\n2,c",3\n')
    for on_error in ("fail", "skip", "null"):
        with pytest.raises(RequestError, match="row 2: a field in quotes goes over several lines"):
            by_spark("p.csv", io.BytesIO(), "x", on_error=on_error)
    Path("p.csv").write_bytes(b"t,x\na,1\n\xff,2\n")
    with pytest.raises(RequestError, match="row 2: not UTF-8"):
        by_spark("p.csv", io.BytesIO(), "x", on_error="skip")
    Path("p.jsonl").write_bytes(b'{"x": 1}\n{"x": 1, "value": 2}\n')
    with pytest.raises(RequestError, match="has a column 'value' already"):
        by_spark("p.jsonl", io.BytesIO(), "x", on_error="skip")


@needs_spark
def test_the_numbers_are_the_same(spark: Any) -> None:
    """To the last bit, as by DuckDB: more than the 2 ulp that are promised."""
    data = hard_table().encode()
    for formula in FORMULAS if FULL else FORMULAS[::20]:
        (rows, said), (true, wanted) = both("p.csv", data, formula, on_error="null", keep=False)
        assert rows == true and said == wanted, formula


@needs_spark
@long
def test_several_files_are_in_the_order_of_their_names(spark: Any) -> None:
    folder = Path("a [1] folder")
    folder.mkdir()
    for k in (3, 1, 2):  # the smallest comes last
        (folder / f"{k}.csv").write_text("x\n" + "".join(f"{k}{i:05}\n" for i in range(20_000 // k)))
    for path in (str(folder), "a ? 1 ? folder/*.csv".replace("? 1 ?", "?1?")):
        target = io.BytesIO()
        summary = by_spark(path, target, "x^2")
        xs = [int(line.split(b",")[0]) for line in target.getvalue().splitlines()[1:]]
        assert xs == [int(f"{k}{i:05}") for k in (1, 2, 3) for i in range(20_000 // k)]
        assert summary.rows == len(xs)
    (folder / "2.csv").write_text("x\n1\nseven\n")
    with pytest.raises(AdcalcError, match=r"a \[1\] folder/2.csv: row 2: column 'x': 'seven' is not a number"):
        by_spark(str(folder), io.BytesIO(), "x")
    (folder / "2.csv").write_text("x\neight\nseven\n")  # not a row of it is one
    assert by_spark(str(folder), io.BytesIO(), "x", on_error="skip").skipped == 2
    (folder / "2.csv").write_text("y\n1\n")
    with pytest.raises(RequestError, match="has another header"):
        by_spark(str(folder), io.BytesIO(), "x")


@needs_spark
@long
def test_parquet_and_folders(spark: Any) -> None:
    Path("p.csv").write_bytes(CSV)
    by_spark("p.csv", "p.parquet", "x*y")
    assert Path("p.parquet").is_file()
    target = io.BytesIO()
    assert by_spark("p.parquet", target, "value + d_x", prefix="again_").undefined == 2
    wanted = io.BytesIO()
    by_numpy("p.csv", wanted, "x*y")
    line = wanted.getvalue().splitlines()[1]
    assert target.getvalue().splitlines()[1] == line + b",4.0,1.0,1.0"
    Path("bad.jsonl").write_bytes(BAD_JSON)
    for source, on_error in (("p.csv", "fail"), ("bad.jsonl", "skip")):
        out = f"out-{on_error}"
        by_spark(source, f"{out}/", "x*y", on_error=on_error)
        (part,) = Path(out).glob("part-*")
        true = io.BytesIO()
        by_numpy(source, true, "x*y", on_error=on_error)
        found, rows = part.read_text().splitlines(), true.getvalue().decode().splitlines()
        if source == "p.csv":
            assert found[0] == rows[0]
            ours, theirs = ([line.rsplit(",", 3)[1:] for line in lines[1:] if line] for lines in (found, rows))
            assert np.array_equal(np.array(ours, dtype=float), np.array(theirs, dtype=float), equal_nan=True)
        else:
            assert list(map(json.loads, found)) == list(map(json.loads, rows))
    with pytest.raises(RequestError, match="it is there already"):
        by_spark("p.csv", "out-fail/", "x")
    with pytest.raises(AdcalcError, match="is not a number"):
        by_spark("bad.jsonl", "out/", "x*y")
    with pytest.raises(RequestError, match="as that or as Parquet, not as jsonl"):
        by_spark("p.csv", "o.jsonl", "x")
    assert not [name for name in os.listdir() if name.endswith(".tmp") or name in ("out", "o.jsonl")]


@needs_spark
@long
def test_columns_of_every_type_pass_by(spark: Any) -> None:
    types = (
        "1.5e0 AS x, 3 AS i, 9.25bd AS amount, 'ü' AS name, X'00ff' AS raw, true AS yes, CAST(NULL AS INT) AS missing, "
        "DATE'2020-02-29' AS day, TIMESTAMP'2020-02-29 12:00:00.123456' AS at, "
        "TIMESTAMP_NTZ'1900-01-01 00:00:00' AS local, INTERVAL '1' DAY AS gap, "
        "ARRAY(1, NULL) AS list, MAP('a', 1.5) AS map, NAMED_STRUCT('k', ARRAY('v')) AS n"
    )
    before = spark.sql(f"SELECT {types}")
    before.write.parquet(str(Path("in.parquet").resolve()))
    by_spark("in.parquet", "out.parquet", "2*x")
    after = spark.read.parquet(str(Path("out.parquet").resolve()))
    assert after.dtypes == [*before.dtypes, ("value", "double"), ("d_x", "double")]
    assert [tuple(row) for row in after.collect()] == [(*row, 3.0, 2.0) for row in before.collect()]


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("p.csv").write_bytes(b"x\n1\n")
    assert "--master does nothing" in refused("eval", "x", "--points", "p.csv", "--master", "local")
    assert "--master belongs to --points" in refused("eval", "x", "--at", "x=1", "--master", "local")
    if not find_spec("pyspark"):
        assert "needs the extra 'spark'" in refused("eval", "x", "--points", "p.csv", *SPARK)
        return
    from autodiffcli.points.spark import session

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    with pytest.raises(RequestError, match="is not reached: Connection refused"):
        session._check_reached(f"spark://127.0.0.1:{port}")
    for master in ("http://host", "spark:7077", "local[2", "spark://host", "spark://host:port"):
        with pytest.raises(RequestError, match=r"no address of a cluster|is not reached"):
            session._check_reached(master)
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(RequestError, match="needs Java: JAVA_HOME is /nowhere"):
        session._check_java()
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RequestError, match="no java is on the PATH"):
        session._check_java()
    old = "Exception in thread main java.lang.UnsupportedClassVersionError: org/apache/spark/launcher/Main"
    assert "too old" in str(session._not_started(old))
    mismatch = "[X] Python in worker has different version: 3.9 than that in driver: 3.11, PySpark cannot"
    assert "Python, python3, is 3.9, and here it is 3.11" in str(session.explained(ValueError(mismatch), "python3"))
    worker = "Traceback:\n  File\nautodiffcli.errors.RequestError: gamma needs the extra 'special', which is not"
    assert "has not what gamma needs, the extra 'special'" in str(session.explained(ValueError(worker), "python3"))
    said = session.explained(ValueError("An exception:\nTraceback:\n  File\nMemoryError: too large"), "python3")
    assert str(said) == "Spark could not do it: MemoryError: too large"
    assert str(session._not_started("x\nspark-class: line 97: java: command not found\n")).endswith("not found")


@needs_spark
@long
def test_a_process_says_nothing_of_spark_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(b"x,y\n1,2\n0,0\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    env = {"SPARK_LOCAL_DIRS": str(scratch), "TMPDIR": str(scratch)}
    done = run("grad", "x/y", "--points", "p.csv", *SPARK, "--out", "o.csv", env=env, cwd=tmp_path)
    assert (done.status, done.out) == (0, "")
    assert done.err.splitlines()[0] == "warning: 1 row has undefined results: row 2: / is undefined at 0, 0"
    assert (tmp_path / "o.csv").read_text() == "x,y,value,d_x,d_y\n1,2,0.5,0.5,-0.25\n0,0,nan,inf,nan\n"
    done = run("grad", "x/z", "--points", "p.csv", *SPARK, env=env, cwd=tmp_path)
    assert done.status == 2 and done.err.startswith("error: p.csv has no column 'z'")
    (tmp_path / "q.parquet").write_bytes(b"PAR1 but no more")  # Java says it, before it ends
    done = run("eval", "x", "--points", "q.parquet", *SPARK, env=env, cwd=tmp_path)
    assert done.status == 2 and "q.parquet is not a Parquet file" in done.err
    assert os.listdir(scratch) == []


@needs_spark
@long
def test_what_the_workers_lack_is_said(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(b"x\n1\n")
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')  # without the packages of the site
    bare.chmod(0o755)
    for python, lack in ((str(bare), "has no pyarrow"), ("/nowhere/python", "is not there")):
        done = run("eval", "x", "--points", "p.csv", *SPARK, "--out", "o", env={"PYSPARK_PYTHON": python}, cwd=tmp_path)
        assert done.status == 2 and f"the workers' Python, {python}, {lack}\n" in done.err
        assert "hint: PYSPARK_PYTHON names" in done.err and not (tmp_path / "o").exists()


@needs_spark
@long
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    write_table(tmp_path / "p.csv", 1_000_000)
    for out in ("o.csv", "o.parquet", "o/"):
        env = environment({"SPARK_LOCAL_DIRS": str(scratch), "TMPDIR": str(scratch)})
        command = [*PROGRAM, "grad", LECTURE, "--points", "p.csv", *SPARK, "--out", out]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=env,
            stderr=subprocess.PIPE,
            preexec_fn=interruptible,  # noqa: PLW1509  # no threads are about
        )
        until = time.monotonic() + 120
        while not list(scratch.glob("blockmgr-*/*")) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == b"" and process.returncode == 130
        assert sorted(os.listdir(tmp_path)) == ["p.csv", "scratch"], out
        assert os.listdir(scratch) == []


def write_table(path: Path, rows: int) -> None:
    random = np.random.default_rng(rows)
    columns = np.exp(random.normal(size=rows)).tolist(), (10 * random.normal(size=rows)).tolist()
    cells = [f"{i},{x!r},{y!r}" for i, (x, y) in enumerate(zip(*columns, strict=True))]
    for i, row in enumerate(("nan,1", "inf,2", "-1,3", "0,-0.0", "5e-324,1e308")):
        cells[(i + 1) * rows // 7] = f"{i},{row}"
    path.write_text("id,x1,x2\n" + "\n".join(cells) + "\n")


def assert_as_numpy(found: Path, source: Path) -> None:
    true = io.BytesIO()
    by_numpy(str(source), true, LECTURE)
    assert found.read_bytes() == true.getvalue()


class Cluster:
    """A master and two workers, of one core each, as processes of this machine."""

    def __init__(self, folder: Path) -> None:
        import pyspark

        self.folder = folder
        self.program = os.path.join(os.path.dirname(pyspark.__file__), "bin", "spark-class")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> None:
        local = self.folder / f"{name}-local"
        local.mkdir()
        extra = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(local), "SPARK_DAEMON_MEMORY": "256m"}
        kind = name.rstrip("0123456789")
        command = [self.program, f"org.apache.spark.deploy.{kind}.{kind.title()}", "--host", "127.0.0.1", *arguments]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, env=environment(extra), start_new_session=True
            )

    def begin(self) -> str:
        with closing(socket.create_server(("127.0.0.1", 0))) as server:
            port = server.getsockname()[1]
        master = f"spark://127.0.0.1:{port}"
        self.start("master", "--port", str(port), "--webui-port", "0")
        for k in (1, 2):
            sizes = ("--cores", "1", "--memory", "1200m", "--webui-port", "0")
            self.start(f"worker{k}", *sizes, "--work-dir", str(self.folder / f"work{k}"), master)
        until = time.monotonic() + 120
        logs = [self.folder / f"worker{k}.log" for k in (1, 2)]
        while not all("Successfully registered" in log.read_text() for log in logs):
            assert time.monotonic() < until, [log.read_text()[-2000:] for log in logs]
            time.sleep(0.2)
        return master

    def kill(self, name: str) -> None:
        """End a process and those that it started."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def executors(self) -> list[str]:
        """Return the workers that hold a part of a table on their disks, and the only copy of it."""
        return [name for name in self.processes if list(self.folder.glob(f"{name}-local/**/rdd_*"))]


@needs_spark
@long
@pytest.mark.parametrize("killed", [False, True])
def test_two_workers(tmp_path: Path, killed: bool) -> None:
    """A million rows, and again with a worker killed when it holds a part of them."""
    cluster = Cluster(tmp_path)
    source, target = tmp_path / "p.csv", tmp_path / "o.csv"
    write_table(source, 1_000_000)
    (tmp_path / "spark-defaults.conf").write_text("spark.sql.files.maxPartitionBytes 4m\nspark.executor.memory 1g\n")
    settings = {"SPARK_CONF_DIR": str(tmp_path), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    env = environment(settings)
    with ExitStack() as stack:
        stack.callback(cluster.end)
        command = ["grad", LECTURE, "--points", str(source), *SPARK, "--master", cluster.begin(), "--out", str(target)]
        process = subprocess.Popen([*PROGRAM, *command], env=env, stderr=subprocess.PIPE, cwd=tmp_path)
        stack.callback(process.kill)
        until = time.monotonic() + 300
        while killed and process.poll() is None and time.monotonic() < until:
            if holding := cluster.executors():
                cluster.kill(holding[0])
                assert process.poll() is None and not target.exists()
                break
            time.sleep(0.02)
        assert len(cluster.processes) == 3 - killed
        err = process.communicate(timeout=500)[1].decode()
        assert process.returncode == 0, err
        assert "undefined results, the first is row" in err
        assert len(list(tmp_path.glob("work*/app-*/*"))) >= 2
    assert_as_numpy(target, source)
