"""Parquet into Parquet by Arrow alone: the same tables as by DuckDB, to which is left what Arrow would change."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from autodiffcli.errors import AdcalcError
from autodiffcli.points.database import convert
from autodiffcli.points.out import whole_file
from autodiffcli.points.stream import Summary
from tests.cli.support import good, refused
from tests.points.support import OUTPUTS, product

duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
pytest.importorskip("pyarrow", reason="PyArrow is not installed")

from autodiffcli.points import parquet  # noqa: E402

NUMBERS = "CASE WHEN range % 1000 <> 17 THEN range / 7 END AS x, (range % 5)::{0} AS y"
PLAIN = (
    "'ü' || range % 3 AS t, DATE '2020-01-02' + (range % 9)::INT AS day, [range, NULL] AS list, range % 2 = 0 AS b, "
    "{'a': 'b', 'c': [{'d': range}]} AS s, MAP {'k': range} AS m, TIMESTAMP '2020-01-02 03:04:05.678' AS at, "
    "TIMESTAMPTZ '2020-01-02 03:04:05+01' AS there, 3.25::DECIMAL(9, 4) AS dec, "
    "170141183460469231731687303715884105727::HUGEINT AS huge, 'x'::BLOB AS blob, 3::UTINYINT AS u, 1.5::FLOAT AS f"
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def made(paths: list[str], target: str, **options: Any) -> Summary | str:
    """Return what is said when tables are converted, to a file that is there only then."""
    settings: dict[str, Any] = {"inputs": ["x", "y"], "outputs": OUTPUTS, "evaluate": product} | options
    try:
        with whole_file(target) as file:
            return convert(paths, file, **settings)
    except AdcalcError as error:
        return f"{type(error).__name__}: {error}"


def forbidden(*_: object) -> None:
    raise AssertionError("this is not for it to do")


@pytest.mark.parametrize(
    ("kind", "on_error"),
    [("DOUBLE", "skip"), ("FLOAT", "null"), ("TINYINT", "fail"), ("UBIGINT", "null"), ("BIGINT", "skip")],
)
@pytest.mark.parametrize("keep", [True, False])
def test_tables_are_those_of_duckdb(kind: str, on_error: str, keep: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = ["p2.parquet", "p1.parquet", "p0.parquet"]
    for path, count in zip(paths, (12, 0, 100_000), strict=True):
        duckdb.sql(f"COPY (SELECT {NUMBERS.format(kind)}, {PLAIN} FROM range({count})) TO '{path}'")
    with monkeypatch.context() as patch:
        patch.setattr(duckdb, "connect", forbidden)
        mine = made(paths, "mine.parquet", on_error=on_error, keep=keep)
    with monkeypatch.context() as patch:
        patch.setattr(parquet, "convert", lambda *_: None)
        theirs = made(paths, "theirs.parquet", on_error=on_error, keep=keep)
    assert mine == theirs
    if on_error == "fail":
        assert mine == "MathError: p0.parquet: row 18: column 'x': no value"
        assert not Path("mine.parquet").exists()
        return
    described = [duckdb.sql(f"DESCRIBE FROM '{name}.parquet'").fetchall() for name in ("mine", "theirs")]
    assert described[0] == described[1]
    pairs = "FROM 'mine.parquet' mine POSITIONAL JOIN 'theirs.parquet' theirs"
    assert duckdb.sql(f"SELECT count(*), count_if(mine IS DISTINCT FROM theirs) {pairs}").fetchall() == [
        (100_012 - 100 * (on_error == "skip"), 0)
    ]


def test_a_table_is_not_read_ahead_of_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow would otherwise keep all that it has read of a file until its end."""
    duckdb.sql("COPY (SELECT random() AS x, random() AS y FROM range(600_000)) TO 'p.parquet'")
    size, read = Path("p.parquet").stat().st_size, []

    class Counted(io.FileIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size) or b""
            self.taken += len(data)
            return data

    def opened(path: str) -> io.FileIO:
        file = Counted(path)
        read.append(file)
        return file

    taken = []
    monkeypatch.setattr(parquet, "open_points", opened)
    made(["p.parquet"], "o.parquet", progress=lambda rows, share: taken.append(read[-1].taken))
    assert len(taken) > 8 and taken[0] < size / 2 < size * 0.9 < taken[-1]


LEFT = [
    "1.5::DOUBLE AS x, uuid() AS other",
    "1.5::DOUBLE AS x, INTERVAL 3 DAY AS other",
    "1.5::DOUBLE AS x, {'a': [TIMETZ '01:02:03+01']} AS other",
    "1.5::DECIMAL(3, 1) AS x, 1 AS other",
    "'1.5' AS x, 1 AS other",
]


@pytest.mark.parametrize("columns", LEFT)
def test_what_arrow_would_change_is_left_to_duckdb(columns: str) -> None:
    duckdb.sql(f"COPY (SELECT {columns}) TO 'p.parquet'")
    good("grad", "x^2", "--points", "p.parquet", "--out", "o.parquet")
    assert duckdb.sql("DESCRIBE SELECT x, other FROM 'o.parquet'").fetchall() == (
        duckdb.sql("DESCRIBE FROM 'p.parquet'").fetchall()
    )
    assert duckdb.sql("SELECT value, d_x FROM 'o.parquet'").fetchall() == [(2.25, 3.0)]


def test_files_that_differ_are_refused_and_one_that_is_broken_is_named() -> None:
    duckdb.sql("COPY (SELECT 1.5::DOUBLE AS x FROM range(100000)) TO 'p1.parquet'")
    duckdb.sql("COPY (SELECT 1.5::FLOAT AS x) TO 'p2.parquet'")
    said = refused("grad", "x^2", "--points", "p?.parquet", "--out", "o.parquet")
    assert "column 'x' of p2.parquet holds FLOAT, and that of p1.parquet DOUBLE" in said
    data = bytearray(Path("p1.parquet").read_bytes())
    data[4:40] = bytes(36)
    Path("p1.parquet").write_bytes(data)
    assert "p1.parquet: Arrow cannot read it: " in refused(
        "grad", "x^2", "--points", "p1.parquet", "--out", "o.parquet"
    )
    assert not Path("o.parquet").exists()
