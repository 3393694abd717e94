"""Plain text by Arrow and by threads: the same rows as without, in their order."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiffcli.errors import MathError, RequestError
from autodiffcli.points.rows import Floats
from autodiffcli.points.stream import Summary, stream
from tests.points.support import OUTPUTS, product
from tests.points.test_shortest import FAMILIES

pytest.importorskip("orjson", reason="orjson is not installed")
pytest.importorskip("pyarrow", reason="PyArrow is not installed")

from autodiffcli.points.arrow import read_columns, write_rows


@pytest.mark.parametrize("values", FAMILIES.values(), ids=FAMILIES)
def test_text_is_that_of_repr(values: Floats) -> None:
    for column in (values, -values):
        assert b"".join(write_rows(b"", [column], b",")).decode().splitlines() == list(map(repr, column.tolist()))


@given(
    st.lists(st.tuples(st.text("aä ;.-", max_size=5), st.floats(), st.floats()), min_size=1, max_size=99),
    st.sampled_from([b",", b"\t"]),
)
def test_rows(rows: list[tuple[str, float, float]], separator: bytes) -> None:
    lines = [text.encode() for text, *_ in rows]
    results = [np.array([row[k] for row in rows]) for k in (1, 2)]
    texts = [separator.join(repr(v).encode() for v in row[1:]) for row in rows]
    expected = b"".join(line + separator + text + b"\n" for line, text in zip(lines, texts, strict=True))
    assert b"".join(write_rows(b"\n".join([*lines, b""]), results, separator)) == expected
    assert b"".join(write_rows(b"", results, separator)) == b"".join(text + b"\n" for text in texts)


CELLS = "1 +1 -2.5e3 .5 5. 1e999 -1e-999 nan -nan NaN inf -INF infinity nan(1) 1_0 0x1 1e 1e+ 1d3 true null NA 1f - + ٣"


@pytest.mark.parametrize("cell", [*CELLS.split(), "", " ", " 7 ", "\t7", "1 2", "9" * 400, "0." + "0" * 400 + "1"])
def test_what_is_a_number_is_one_for_python_too(cell: str) -> None:
    found = read_columns(f"a,{cell}\n".encode(), 2, [1], b",")
    if found is not None:
        assert "_" not in cell
        assert repr(found[0].tolist()) == repr([float(cell.encode())])


def answer(path: Path, **options: Any) -> tuple[bytes, Summary | str]:
    """Return what is made of a file, and what is said."""
    settings: dict[str, Any] = {"inputs": ["x", "y"], "outputs": OUTPUTS, "evaluate": product} | options
    target = io.BytesIO()
    with path.open("rb") as source:
        try:
            said: Summary | str = stream(source, target, **settings)
        except (MathError, RequestError) as error:
            said = error.message
    return target.getvalue(), said


def write(path: Path, rows: Sequence[str], end: str = "\n") -> None:
    path.write_text("t,x,y\n" + "".join(row + "\n" for row in rows), encoding="utf-8", newline=end)


ODD = {
    "quoted": '"a\n,b",1,2',
    "blank": "",
    "no number": "a,1,b",
    "narrow": "a,1",
    "nul": "a,\0,1",
    "undefined": "ä,inf,0",
}


@pytest.mark.parametrize("on_error", ["fail", "skip", "null"])
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_many_blocks_at_once_are_as_one_after_the_other(
    odd: str, on_error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autodiffcli.points.delimited.processors", lambda: 4)
    monkeypatch.setattr("autodiffcli.points.source._FIRST", 1 << 14)
    monkeypatch.setattr("autodiffcli.points.source._LARGEST", 1 << 14)
    rows = [f"{i},{i / 7},{i % 5}" for i in range(30_000)]
    for i in (7_000, 20_000):
        rows.insert(i, odd)
    for end in ("\n", "\r\n"):
        write(tmp_path / "p.csv", rows, end)
        for keep in (True, False):
            answers = []
            for large in (0, 1 << 30):
                monkeypatch.setattr("autodiffcli.points.source.LARGE", large)
                answers.append(answer(tmp_path / "p.csv", on_error=on_error, keep=keep))
            assert answers[0] == answers[1]
            assert answers[0][0].count(b"\n") > 6_000


def test_an_error_of_the_function_ends_the_table_at_its_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autodiffcli.points.source.LARGE", 0)

    def refuse(columns: list[Floats]) -> list[Floats]:
        if columns[0][-1] > 100_000:
            raise RequestError("no more")
        return columns

    write(tmp_path / "p.csv", [f"a,{i},0" for i in range(300_000)])
    text, said = answer(tmp_path / "p.csv", evaluate=refuse, outputs=["f", "g"], keep=False)
    assert said == "no more"
    rows = text.splitlines()[1:]
    assert 50_000 < len(rows) <= 100_001
    assert rows == [b"%d.0,0.0" % i for i in range(len(rows))]


WITHOUT_PANDAS = """
import io, sys
from autodiffcli.points import source, stream

source.LARGE = 0
class Finder:
    def find_spec(self, name, path=None, target=None):
        assert name != "pandas"
sys.meta_path.insert(0, Finder())
text = b"x\\n" + b"1.5\\n" * 99 + b"1\\n" * 99
print(stream.stream(io.BytesIO(text), io.BytesIO(), inputs=["x"], outputs=["f"], evaluate=lambda c: c).rows)
assert "pyarrow" in sys.modules
"""


def test_pandas_is_left_alone() -> None:
    """Where it is installed, it takes as long to load as a million rows take."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_PANDAS], capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout) == ("", "198\n")
