"""Tables as documents: the lecture's rows in each, and names that cannot leave their cell."""

from __future__ import annotations

import csv as csv_module
import html as html_module
import io
import json
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autodiffcli.backends.protocol import Gradient
from autodiffcli.graph import Graph
from autodiffcli.language.write import LATEX, PLAIN, UNICODE
from autodiffcli.report import plain
from autodiffcli.report.content import gradient, gradient_tables, tables
from autodiffcli.report.data import comparison_data, gradient_data, value_data
from autodiffcli.report.formats import FORMATS, STYLES, csv, html, latex, markdown, tsv
from autodiffcli.report.table import Column, Table
from autodiffcli.tracing import Trace

Run = Callable[..., Gradient]


@pytest.fixture
def result(lecture: Graph, differentiated: Run) -> Gradient:
    return differentiated(lecture, [2.0, 5.0], "backprop")


@pytest.fixture
def attacked(hostile: Graph, differentiated: Run) -> Gradient:
    return differentiated(hostile, [1.0] * len(hostile.inputs), "backprop")


def test_plain(result: Gradient, attacked: Gradient) -> None:
    assert plain.lines(result.gradient) == "x1=5.5\nx2=1.7163378145367738\n"
    assert plain.lines({"x": math.nan, "y": -math.inf, "z": 1e22}) == "x=nan\ny=-inf\nz=1e+22\n"
    assert len(plain.lines(attacked.gradient).splitlines()) == len(attacked.gradient)


def test_data(result: Gradient) -> None:
    data = gradient_data(result)
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert list(data) == ["value", "grad", "mode", "trace"]
    assert data["value"] == 11.652071455223084
    assert data["grad"] == {"x1": 5.5, "x2": 1.7163378145367738}
    kinds = [row["kind"] for row in data["trace"]]
    assert {kind: kinds.count(kind) for kind in kinds} == {"value": 7, "adjoint": 7, "partial_adjoint": 8}
    assert data["trace"][3] == {
        "kind": "value",
        "name": "v4",
        "formula": "v1*v2",
        "value": 10.0,
        "source": "",
        "note": "",
    }
    edge = next(row for row in data["trace"] if row["name"] == "v̄2→5")
    assert (edge["from"], edge["to"], edge["partial"], edge["numbers"]) == ("v5", "v2", "cos(v2)", "cos(5)")
    assert edge["value"] == -0.28366218546322625
    assert "trace" not in gradient_data(result, trace=False)
    assert list(value_data(result, trace=False)) == ["value"]


def test_data_of_what_is_not_finite(result: Gradient) -> None:
    odd = replace(result, value=math.inf, gradient={"x1": math.nan, "x2": -math.inf}, values=[math.inf] * 7)
    data = gradient_data(odd)
    assert (data["value"], data["grad"]) == ("inf", {"x1": "nan", "x2": "-inf"})
    assert data["trace"][0]["value"] == "inf"
    json.dumps(data, allow_nan=False)


def test_data_of_every_mode(result: Gradient) -> None:
    other = replace(result, mode="forward", gradient={"x1": 5.5, "x2": 1.5}, passes=2)
    data = comparison_data([result, other])
    assert data["largest_difference"] == pytest.approx(0.2163378145367738)
    assert [mode["passes"] for mode in data["modes"]] == [1, 2]
    json.dumps(data, allow_nan=False)


def test_rows_of_every_mode_are_data(result: Gradient) -> None:
    odd = replace(result, sweeps=[], steps={"x1": 1e-5}, errors={"x1": 1e-9}, formulas={"x1": 4})
    data = gradient_data(odd)["trace"]
    assert data[-2:] == [
        {"kind": "difference", "name": "x1", "step": 1e-5, "value": 5.5, "error": 1e-9, "side": "both"},
        {"kind": "formula", "name": "x1", "formula": "sin(x2)", "value": 5.5},
    ]


def test_markdown(result: Gradient, attacked: Gradient) -> None:
    text = markdown(tables(Trace(result)), 6)
    assert "| v̄2 | v̄5·∂v5/∂v2 + v̄4·∂v4/∂v2 | −1·cos(5) + 1·2 | 1.71634 |" in text
    rows = [line for line in markdown(tables(Trace(attacked))).splitlines() if line.startswith("|")]
    bars = {len(re.findall(r"(?<!\\)\|", line)) for line in rows}
    assert bars <= {4, 5}
    assert r"\[red\]x\[/red\]" in "".join(rows)
    assert "<b>" not in "".join(rows).replace(r"\<b\>", "")


def test_csv_and_tsv(attacked: Gradient) -> None:
    table = gradient(attacked)
    rows = list(csv_module.reader(io.StringIO(csv([table]))))
    assert [len(row) for row in rows] == [2] * (len(attacked.gradient) + 1)
    assert rows[1] == ["[red]x[/red]", "2"]
    assert rows[6] == ["new\\nline", "2"]
    assert rows[9] == ['"=1+1"', "2"]
    lines = tsv([table]).splitlines()
    assert [line.count("\t") for line in lines] == [1] * len(lines)
    assert "\x1b" not in csv([table]) + tsv([table])


def test_several_tables_are_one_in_csv_and_tsv(result: Gradient) -> None:
    several = gradient_tables(result, PLAIN, None, trace=True)
    assert len(several) > 2
    for text, comma in ((csv(several), ","), (tsv(several), "\t")):
        head, *rows = csv_module.reader(io.StringIO(text), delimiter=comma)
        assert head[0] == "table" and len(set(head)) == len(head) and {len(row) for row in rows} == {len(head)}
        read = iter(rows)
        for table in several:
            for cells in table:
                row = dict(zip(head, next(read), strict=True))
                own = {column.name: x for column, x in zip(table.columns, cells, strict=True)}
                assert row["table"] == table.title.partition(":")[0]
                assert all(row[name] == "" for name in head[1:] if name not in own)
                assert all(row[name] == x if isinstance(x, str) else float(row[name]) == x for name, x in own.items())
        assert next(read, None) is None


def test_csv_is_in_full_precision(result: Gradient) -> None:
    assert csv([gradient(result)]) == "input,derivative\nx1,5.5\nx2,1.7163378145367738\n"
    assert tsv([gradient(result)], 3) == "input\tderivative\nx1\t5.5\nx2\t1.72\n"


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_html(attacked: Gradient) -> None:
    page = html(tables(Trace(attacked)), title="<script>")
    cells = _Cells()
    cells.feed(page)
    page_tags = {"html", "head", "meta", "title", "style", "body"}
    assert cells.tags == page_tags | {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert "<b>bold</b>" in "".join(cells.text)
    assert "<script>" not in page
    assert html_module.escape("<script>") in page


def test_latex(result: Gradient, attacked: Gradient) -> None:
    text = latex(tables(Trace(result, LATEX)), 6)
    assert r"$v_{7}$ & $v_{6} - v_{5}$ & $11.6521$ \\" in text
    rows = [line for line in latex(tables(Trace(attacked, LATEX))).splitlines() if line.startswith("$")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in rows} <= {2, 3}
    assert all(len(re.findall(r"(?<!\\)\$", line)) % 2 == 0 for line in rows)
    assert latex([gradient(attacked)]).count("\n") == len(attacked.gradient) + 6


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(attacked: Gradient, tmp_path: Path) -> None:
    body = latex(tables(Trace(attacked, LATEX)), 6)
    page = "\\documentclass{article}\\usepackage{amsmath}\\begin{document}" + body + "\\end{document}"
    (tmp_path / "page.tex").write_text(page)
    subprocess.run(["pdflatex", "-halt-on-error", "page.tex"], cwd=tmp_path, check=True, capture_output=True)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_every_table(result: Gradient, name: str) -> None:
    trace = Trace(result, STYLES[name])
    for table in (*tables(trace), gradient(result), Table.of("none", [Column("x")], [])):
        text = FORMATS[name]([table], 6)
        assert text.endswith("\n")
        assert "\u0000" not in text
    assert STYLES == {"markdown": UNICODE, "latex": LATEX, "html": UNICODE, "csv": PLAIN, "tsv": PLAIN}
