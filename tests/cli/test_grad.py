"""adcalc grad: modes, formats, formulas, warnings, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from autodiffcli.backends import MODES
from tests.cli.support import LECTURE, call, good, refused

AT = "x1=2,x2=5"


@pytest.mark.parametrize("mode", [m for m in MODES if m != "numeric"])
def test_every_exact_mode_prints_the_lecture(mode: str) -> None:
    assert good("grad", LECTURE, "--at", AT, "--mode", mode) == "x1=5.5\nx2=1.7163378145367738\n"


def test_numeric_mode_agrees() -> None:
    for options in ([], ["--scheme", "one-sided"], ["--epsilon", "1e-6"]):
        lines = good("grad", LECTURE, "--at", AT, "--mode", "numeric", *options).splitlines()
        values = [float(line.partition("=")[2]) for line in lines]
        assert values == pytest.approx([5.5, 1.7163378145367738], rel=1e-7 if options else 1e-9)


@pytest.mark.parametrize("epsilon", ["0", "-1", "nan", "inf", "1e-30"])
def test_an_epsilon_that_is_no_step_is_refused(epsilon: str) -> None:
    assert "a step of" in refused("grad", "x", "--at", "x=1", "--mode", "numeric", "--epsilon", epsilon)


def test_all_modes_side_by_side() -> None:
    lines = dict(line.split("=") for line in good("grad", LECTURE, "--at", AT, "--mode", "all").splitlines())
    assert {name for name in lines if name.endswith("_x1")} == {f"{mode}_x1" for mode in MODES}
    assert float(lines["largest_difference"]) < 1e-9
    assert int(lines["numeric_evaluations"]) == 9
    data = json.loads(good("grad", LECTURE, "--at", AT, "--mode", "all", "--format", "json"))
    assert [mode["mode"] for mode in data["modes"]] == list(MODES)
    assert data["grad"]["x1"] == 5.5
    table = good("grad", LECTURE, "--at", AT, "--mode", "all", "--format", "table")
    assert all(mode in table for mode in MODES) and "largest difference" in table


def test_wrt_chooses_and_orders_the_inputs() -> None:
    assert good("grad", "x*y*z", "--at", "x=2,y=3,z=5", "--wrt", "z, x") == "z=6\nx=15\n"
    assert good("grad", "é^2", "--at", "é=3", "--wrt", "e\u0301") == "é=6\n"
    assert "its inputs: x" in refused("grad", "x", "--at", "x=1", "--wrt", "w")
    assert "names are missing" in refused("grad", "x", "--at", "x=1", "--wrt", ",")


def test_without_a_point_the_gradient_is_formulas() -> None:
    assert good("grad", "x^2*y") == "x=2*x*y\ny=x^2\n"
    assert good("grad", "x^2*y", "--wrt", "y") == "y=x^2\n"
    assert "∂f/∂x = 2·x·y" in good("grad", "x^2*y", "--format", "table")
    assert json.loads(good("grad", "x^2*y", "--format", "json"))["grad"] == {"x": "2*x*y", "y": "x^2"}
    assert "2 \\cdot x \\cdot y" in good("grad", "x^2*y", "--format", "latex")
    formula = good("grad", "sin(x)*exp(-x^2)/x").partition("=")[2].strip()
    expected = float(good("grad", "sin(x)*exp(-x^2)/x", "--at", "x=0.7").partition("=")[2])
    assert float(good("eval", formula, "--at", "x=0.7").partition("=")[2]) == pytest.approx(expected, rel=1e-14)
    assert "'x' has no value" in refused("grad", "x", "--mode", "numeric")


def test_json_holds_value_gradient_and_every_row() -> None:
    data = json.loads(good("grad", LECTURE, "--at", AT, "--format", "json"))
    assert data["value"] == 11.652071455223084
    assert data["grad"] == {"x1": 5.5, "x2": 1.7163378145367738}
    assert data["mode"] == "reverse"
    assert [row["name"] for row in data["trace"]][:7] == [f"v{k}" for k in range(1, 8)]
    assert "trace" not in json.loads(good("grad", LECTURE, "--at", AT, "--format", "json", "--no-trace"))


def test_table_formats() -> None:
    rows = list(csv.reader(io.StringIO(good("grad", LECTURE, "--at", AT, "--format", "csv"))))
    assert rows == [["input", "derivative"], ["x1", "5.5"], ["x2", "1.7163378145367738"]]
    assert good("grad", LECTURE, "--at", AT, "--format", "tsv").splitlines()[1] == "x1\t5.5"
    markdown = good("grad", LECTURE, "--at", AT, "--format", "markdown")
    assert "forward evaluation" in markdown and "| 5.5 |" in re.sub(" +", " ", markdown)
    latex = good("grad", LECTURE, "--at", AT, "--format", "latex")
    assert latex.count("\\begin") == latex.count("\\end") > 0 and "\\bar{v}_{7}" in latex
    html = good("grad", LECTURE, "--at", AT, "--format", "html")
    assert "<table" in html and html.count("<tr") == html.count("</tr>") > 15
    line = good("grad", LECTURE, "--at", AT, "--format", "jsonl")
    assert line.count("\n") == 1 and json.loads(line)["grad"]["x1"] == 5.5


def test_precision() -> None:
    assert good("grad", LECTURE, "--at", AT, "--precision", "3") == "x1=5.5\nx2=1.72\n"
    assert "1.72" in good("grad", LECTURE, "--at", AT, "--format", "table", "--precision", "3")
    assert "1.71634\n" in good("grad", LECTURE, "--at", AT, "--format", "table")
    for wrong in ("0", "18", "six"):
        assert "--precision" in refused("grad", "x", "--precision", wrong)


def test_trace_and_share() -> None:
    table = good("grad", "sin(x)+sin(x)", "--at", "x=1", "--format", "table")
    assert "v2  = sin(v1)" in table and "v3  = v2 + v2" in table
    unshared = good("grad", "sin(x)+sin(x)", "--at", "x=1", "--format", "table", "--no-share")
    assert "v4  = v2 + v3" in unshared
    assert "v1" not in good("grad", "sin(x)", "--at", "x=1", "--format", "table", "--no-trace")


def test_a_side_that_is_not_taken_does_not_count() -> None:
    for mode in MODES:
        assert good("grad", "where(x>0, sqrt(x), 0)", "--at", "x=0", "--mode", mode).startswith("x=0\n") or (
            mode == "numeric"  # its step crosses the corner
        )
    assert good("grad", "sqrt(x) if x > 0 else 0", "--at", "x=-1") == "x=0\n"


@pytest.mark.parametrize("mode", [m for m in MODES if m != "numeric"])
def test_an_infinite_derivative_is_reported(mode: str) -> None:
    done = call("grad", "sqrt(x)", "--at", "x=0", "--mode", mode)
    assert done[:2] == (0, "x=inf\n")
    assert done.err.splitlines() == [
        "warning: the derivative by x is inf: in the sweep back, sqrt at 0 has the partial derivative inf",
        "  sqrt(x)",
        "  ^^^^^^^",
        "where x = 0",
        "by convention sqrt'(0) = inf",
    ]


def test_an_infinite_value_is_reported() -> None:
    done = call("eval", "1/x", "--at", "x=0")
    assert done.status == 0 and done.out == "value=inf\n"
    assert done.err.startswith("warning: the value is inf: / at 1, 0 is inf\n  1/x\n  ^^^\nwhere x = 0\na pole: ")


def test_an_undefined_derivative_fails() -> None:
    done = call("grad", "sqrt(x)*x", "--at", "x=0")
    assert done.out == "x=nan\n" and done.status == 1
    assert "the derivative by x is undefined (nan)" in done.err and "sqrt" in done.err


def test_an_undefined_value_names_node_value_and_source() -> None:
    message = refused("grad", "2*ln(x-2)", "--at", "x=1", status=1)
    assert message.splitlines()[:3] == ["error: ln is undefined at -1", "  2*ln(x-2)", "    ^^^^^^^"]
    assert "x > 0" in message
    assert refused("eval", "2*x", "--at", "x=nan", status=1).startswith("error: the result is undefined: x is nan")


def test_constants_have_no_derivatives() -> None:
    assert good("grad", "2+3") == ""
    assert "no derivatives" in good("grad", "2+3", "--format", "table")
    assert json.loads(good("grad", "2+3", "--format", "json", "--no-trace"))["grad"] == {}


def test_an_expression_may_begin_with_a_minus() -> None:
    assert good("grad", "-x^2", "--at", "x=3") == "x=-6\n"
    assert good("grad", "--at", "x=3", "-x") == "x=-1\n"
    assert good("grad", "-x1+2", "--at", "x1=3") == "x1=-1\n"
    assert good("grad", "--at", "x=3", "--", "--x") == "x=1\n"
    assert good("eval", "-2^2") == "value=-4\n"
