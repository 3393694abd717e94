"""Tables as streams: what has arrived is answered, memory stays flat, failures are named."""

from __future__ import annotations

import io
import os
import select
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autodiffcli.errors import MathError, RequestError
from autodiffcli.points.kinds import kind_by_name
from autodiffcli.points.out import whole_file
from autodiffcli.points.rows import Floats
from autodiffcli.points.source import LARGE, Source, open_points
from autodiffcli.points.stream import Summary, stream
from tests.points.support import OUTPUTS, product, run, until_error


@pytest.mark.parametrize(
    ("head", "row", "answer"),
    [
        (b"x,y\n", b"1,2\n", b"1,2,2.0,2.0,1.0\n"),
        (b'x,y,"a"\n', b'"1",2,"\n"\n', b'"1",2,"\n",2.0,2.0,1.0\n'),
        (b"x\ty\n", b"1\t2\n", b"1\t2\t2.0\t2.0\t1.0\n"),
        (b"", b'{"x":1,"y":2}\n', b'{"x":1,"y":2, "value": 2.0, "d_x": 2.0, "d_y": 1.0}\n'),
    ],
)
@pytest.mark.parametrize("large", [0, LARGE])
def test_a_pipe_that_stays_open_is_answered_row_by_row(
    head: bytes, row: bytes, answer: bytes, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autodiffcli.points.source.LARGE", large)
    read_points, write_points = os.pipe()
    read_answers, write_answers = os.pipe()

    def serve() -> None:
        with os.fdopen(read_points, "rb") as source, os.fdopen(write_answers, "wb") as target:
            stream(source, target, inputs=["x", "y"], outputs=OUTPUTS, evaluate=product)

    def answered(end: bytes) -> bytes:
        got = b""
        while not got.endswith(end):
            assert select.select([read_answers], [], [], 10)[0], got
            got += os.read(read_answers, 1 << 16)
        return got

    thread = threading.Thread(target=serve)
    thread.start()
    if head:
        os.write(write_points, head)
        answered(b"d_y\n")
    os.write(write_points, row[:2])
    for _ in range(3):
        os.write(write_points, row[2:] + row[:2])  # the next one is begun: that is no reason to wait
        assert answered(answer) == answer
    os.write(write_points, row[2:])
    assert answered(answer) == answer
    os.close(write_points)
    thread.join(10)
    assert not thread.is_alive()
    assert os.read(read_answers, 1) == b""
    os.close(read_answers)


class Rows(io.RawIOBase):
    """A source of so many rows, which are nowhere as a whole."""

    def __init__(self, count: int, row: bytes) -> None:
        self.left, self.row = count, row
        self.rest = b"x,y\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self.left and len(self.rest) < len(buffer):
            some = min(self.left, 1000)
            self.rest += self.row * some
            self.left -= some
        piece, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


class Sink(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


@pytest.mark.parametrize("row", [b"1.25,2.5\n", b'"1.25",2.5\n'], ids=["plain", "quoted"])
def test_memory_does_not_grow_with_the_table(row: bytes) -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        try:
            options: dict[str, Any] = {"inputs": ["x", "y"], "outputs": OUTPUTS, "evaluate": product, "kind": "csv"}
            assert stream(Rows(rows, row), Sink(), **options).rows == rows  # type: ignore[arg-type]
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)  # tables that are made once
    assert peak(250_000) < 1.25 * peak(100_000) < 60e6


def test_order_is_kept_over_many_blocks_and_blocks_are_of_a_size() -> None:
    sizes: list[int] = []

    def evaluate(columns: list[Floats]) -> list[Floats]:
        sizes.append(len(columns[0]))
        return columns

    data = b"x\n" + b"".join(b"%d\n" % i for i in range(300_000))
    answer, summary = run(data, inputs=["x"], outputs=["f"], evaluate=evaluate)
    assert answer == b"x,f\n" + b"".join(b"%d,%d.0\n" % (i, i) for i in range(300_000))
    assert summary.rows == sum(sizes) == 300_000
    assert max(sizes) <= 1 << 17


def test_undefined_results_are_values_and_are_counted() -> None:
    data = b"x\n1\nbad\n0\n-1\n-inf\nnan\n"
    answer, summary = run(data, inputs=["x"], outputs=["f"], evaluate=lambda c: [np.log(c[0])], on_error="skip")
    assert answer == b"x,f\n1,0.0\n0,-inf\n-1,nan\n-inf,nan\nnan,nan\n"
    assert summary == Summary(rows=5, skipped=1, undefined=4, first_undefined=3)
    assert summary.notes()[1] == "4 rows have undefined results, the first is row 3"
    assert Summary(nulls=2, undefined=1, first_undefined=9).notes() == [
        "2 rows could not be read and have no results",
        "1 row has undefined results: row 9",
    ]


@pytest.mark.parametrize(
    ("data", "said", "hint"),
    [
        (b"", "standard input is empty: it has no header", "names its columns"),
        (b"\n \n", "is empty: it has no header", ""),
        (b"x,z\n1,2\n", "has no column 'y'", "its columns are: x, z"),
        (b"x,Y\n1,2\n", "has no column 'y'", "did you mean 'Y'?"),
        (b"x,y,y\n", "has 2 columns 'y'", "rename"),
        (b"x,y,d_x\n", "has a column 'd_x' already", "--prefix"),
        (b'x,"y\n1,2\n', "ends inside quotes, in its header", ""),
        (b"x,y\r1,2\r", "the header, line 1: a carriage return", ""),
        (b"\x1f\x8b\x08\x00", "is compressed by gzip", "gzip -dc"),
        (b"PAR1\x15\x04", "is a Parquet file", "'data' extra"),
        ("x,y\n1,2\n".encode("utf-16"), "is UTF-16", "iconv"),
    ],
)
def test_a_table_that_is_none(data: bytes, said: str, hint: str) -> None:
    before, error = until_error(data, RequestError)
    assert before == b""
    assert said in error.message
    assert hint in error.hint
    assert error.status == 2


@pytest.mark.parametrize(
    ("bad", "said"), [(b"\xff,2", "byte 0xff, which is not UTF-8, in line 3"), (b"3\x00,1", "a NUL byte, in line 3")]
)
@pytest.mark.parametrize("on_error", ["fail", "skip"])
def test_bytes_that_are_no_text(bad: bytes, said: str, on_error: str) -> None:
    before, error = until_error(b"x,y\n1,2\n" + bad + b"\n5,6\n", RequestError, on_error=on_error)
    assert before == b"x,y,value,d_x,d_y\n1,2,2.0,2.0,1.0\n"
    assert said in error.message


def test_a_header_alone_is_a_table_and_a_last_line_counts_without_its_end() -> None:
    assert run(b"x,y") == (b"x,y,value,d_x,d_y\n", Summary())
    assert run(b"x,y\n1,2")[1].rows == 1
    assert run(b"", kind="jsonl") == (b"", Summary())


def test_a_line_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autodiffcli.points.source.LINE", 1 << 20)
    with pytest.raises(RequestError, match="line 1 goes on for more than 1 MiB"):
        run(b"x" * (1 << 22))


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"cannot read .*none\.csv: No such file"):
        open_points(str(tmp_path / "none.csv"))
    with pytest.raises(RequestError, match=r"cannot read .*: Is a directory"):
        open_points(str(tmp_path))

    class Broken(Sink):
        def readable(self) -> bool:
            return True

        def readinto(self, _: Any) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(RequestError, match=r"cannot read p\.csv: Input/output error"):
        next(Source(Broken(), "p.csv"))  # type: ignore[arg-type]


def test_a_table_may_be_written_over_itself_and_a_bad_row_leaves_it_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"x\n2\n")

    def square(name: str) -> None:
        with open_points(str(path)) as source, whole_file(str(path)) as target:
            stream(source, target, inputs=["x"], outputs=[name], evaluate=lambda c: [c[0] * c[0]])

    square("f")
    assert path.read_bytes() == b"x,f\n2,4.0\n"
    path.write_bytes(b"x,f\n2,4.0\n3\n")
    with pytest.raises(MathError, match="row 2"):
        square("g")
    assert path.read_bytes() == b"x,f\n2,4.0\n3\n"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have pipes of one size")
def test_pipes_hold_a_block() -> None:
    from fcntl import F_GETPIPE_SZ, fcntl

    (reading, points), (answers, writing) = os.pipe(), os.pipe()
    os.write(points, b"x,y\n1,2\n")
    os.close(points)
    with os.fdopen(reading, "rb") as source, os.fdopen(answers, "rb") as end:
        with os.fdopen(writing, "wb") as target:
            stream(source, target, inputs=["x", "y"], outputs=OUTPUTS, evaluate=product)
        assert fcntl(reading, F_GETPIPE_SZ) == fcntl(answers, F_GETPIPE_SZ) == 1 << 20
        assert end.read().endswith(b"1,2,2.0,2.0,1.0\n")


def test_a_closed_pipe_ends_the_stream() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError), os.fdopen(writing, "wb", buffering=0) as target:
        stream(io.BytesIO(b"x\n1\n"), target, inputs=["x"], outputs=["f"], evaluate=lambda c: c)


def test_kinds() -> None:
    assert [kind_by_name(f"p.{end}") for end in ("csv", "TSV", "jsonl", "ndjson", "txt")] == [
        "csv",
        "tsv",
        *["jsonl"] * 2,
        "",
    ]
    with pytest.raises(RequestError, match="read by --engine duckdb"):
        kind_by_name("p.parquet")
    with pytest.raises(RequestError, match="csv, tsv, jsonl, not xml"):
        kind_by_name("p.csv", "xml")
