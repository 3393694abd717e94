"""adcalc eval and grad with uncertain inputs; the other commands, which take none."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autodiffcli.report.uncertainty import rounded
from tests.cli.support import ROOT, call, good, refused, run

AT = ("--at", "m=2.0±0.1,g=9.81±0.02")


@pytest.mark.parametrize("at", ["x=3±0.25", "x=3+/-0.25", "x = 3 +/- 1/4 # said", "\nx=3±2^-2;", "x=2+1±sqrt(1/16)"])
def test_spellings(at: str) -> None:
    assert good("eval", "2x", "--at", at) == "value=6±0.5\n"


def test_where_a_point_comes_from(tmp_path: Path) -> None:
    lines, data = tmp_path / "at.txt", tmp_path / "at.json"
    lines.write_text("x=3±0.25\ny=1\n", encoding="utf-8")
    data.write_text('{"x": "3 ± 1/4", "y": 1}', encoding="utf-8")
    for source in (lines, data):
        assert good("eval", "2x*y", "--at", f"@{source}") == "value=6±0.5\n"
    assert good("eval", "2x*y", "--at", "x=3", "--at", "y=1±0.25") == "value=6±1.5\n"


def test_output_is_input() -> None:
    first = good("eval", "m*g", *AT)
    assert first == "value=19.62±0.9818151557192424\n"
    assert good("eval", "value", "--at", "-", stdin=first.encode()) == first
    done = run("eval", "m*g", *AT, env={"PYTHONIOENCODING": "ascii"})
    assert done.out == first.replace("±", "+/-")
    assert good("eval", "value", "--at", "-", stdin=done.out.encode()) == first
    assert good("eval", "m*g", *AT, "--precision", "3") == "value=19.6±0.982\n"


def test_grad_keeps_its_lines() -> None:
    assert good("grad", "m*g", *AT) == "m=9.81\ng=2\nvalue=19.62±0.9818151557192424\n"
    assert good("grad", "m*g", *AT, "--wrt", "g", "--mode", "forward") == "g=2\nvalue=19.62±0.9818151557192424\n"
    assert good("grad", "value^2", "--at", "value=3±1").splitlines() == ["value=6", "y=9±6"]


def test_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    for command in ("eval", "grad"):
        table = good(command, "m*g", *AT, "--corr", "g,m=-0.3", "--format", "table")
        assert "y = 19.62 ± 0.97" in table
        rows = {line.split("  ")[0].strip(): line.split() for line in table.splitlines() if "%" in line}
        assert rows["m"][1:4] == ["2.00", "±", "0.10"] and rows["m"][-2] == "102.3"
        assert rows["g"][1:4] == ["9.810", "±", "0.020"] and rows["g"][-2] == "0.2"
        assert rows["g, m"][2:] == ["ρ", "=", "−0.3", "−2.5", "%"]


def test_data() -> None:
    data = json.loads(good("eval", "m*g", *AT, "--corr", "m,g=0.3", "--format", "json", "--no-trace"))
    assert list(data) == ["value", "uncertainty", "budget", "correlations", "second_order"]
    assert [row["name"] for row in data["budget"]] == ["m", "g"]
    assert data["correlations"][0]["inputs"] == ["m", "g"]
    assert sum(row["share"] for row in data["budget"] + data["correlations"]) == pytest.approx(1)
    assert data["second_order"]["shift"] == pytest.approx(0.3 * 0.1 * 0.02)
    data = json.loads(good("grad", "m*g", *AT, "--format", "json"))
    assert data["grad"] == {"m": 9.81, "g": 2.0} and "trace" in data and data["uncertainty"] > 0.98
    value, *budget = csv.DictReader(io.StringIO(good("eval", "m*g", *AT, "--format", "csv")))
    assert (value["table"], value["value"], value["uncertainty"]) == ("value", "19.62", "0.9818151557192424")
    assert [(row["table"], row["input"]) for row in budget] == [
        ("uncertainty budget", "m"),
        ("uncertainty budget", "g"),
    ]
    for format_ in ("tsv", "markdown", "latex", "html"):
        assert "0.9818151557192424" in good("grad", "m*g", *AT, "--format", format_)


def test_hostile_names_do_not_leave_their_cell() -> None:
    for format_ in ("table", "markdown", "html", "plain"):
        shown = good("eval", "θ_1", "--at", "θ_1=1±0.1", "--format", format_)
        assert "\x1b" not in shown and ("θ" in shown or format_ == "plain")


def test_correlations_from_files(tmp_path: Path) -> None:
    wanted = good("eval", "x*y*z", "--at", "x=1±0.1,y=2±0.1,z=3±0.1", "--corr", "x,y=0.3; z,x=-0.1")
    lines, half, whole = tmp_path / "c.txt", tmp_path / "half.json", tmp_path / "whole.json"
    lines.write_text("x,y=0.3 # measured together\nz,x=-1/10\n", encoding="utf-8")
    half.write_text('{"x": {"y": 0.3, "z": -0.1}}', encoding="utf-8")
    whole.write_text(
        '{"x": {"x": 1, "y": 0.3, "z": -0.1}, "y": {"x": 0.3, "y": 1}, "z": {"x": -0.1}}', encoding="utf-8"
    )
    for source in (lines, half, whole):
        assert good("eval", "x*y*z", "--at", "x=1±0.1,y=2±0.1,z=3±0.1", "--corr", f"@{source}") == wanted
    assert good("eval", "x*y*z", "--at", "x=1±0.1,y=2±0.1,z=3±0.1", "--corr", "x,y=0.3", "--corr", "x,z=-0.1") == wanted
    half.write_text('{"x": {"y": 0.3}, "y": {"x": 0.4}}', encoding="utf-8")
    assert "is given twice" in refused("eval", "x*y", "--at", "x=1±0.1,y=2±0.1", "--corr", f"@{half}")
    half.write_text('{"x": {"y": "a"}}', encoding="utf-8")
    assert "must be a number" in refused("eval", "x*y", "--at", "x=1±0.1,y=2±0.1", "--corr", f"@{half}")
    half.write_text("[1]", encoding="utf-8")
    assert "an object of objects" in refused("eval", "x*y", "--at", "x=1±0.1,y=2±0.1", "--corr", f"@{half}")


@pytest.mark.parametrize(
    ("corr", "said"),
    [
        ("x,y=1.1", "the correlation of 'x' and 'y' is 1.1"),
        ("x,y=nan", "the correlation of 'x' and 'y' is nan"),
        ("x,q=0.1", "'q' has a correlation but no uncertainty"),
        ("x,z=0.1", "'z' has a correlation but no uncertainty"),
        ("x,x=0.1", "'x' is correlated with itself"),
        ("x,y=0.1;y,x=0.1", "is given twice"),
        ("x=0.1", "'x=0.1' is no correlation of two inputs"),
        ("x,y", "'x,y' is no correlation of two inputs"),
        ("x,y=0.1,x,w=0.2", "is no correlation of two inputs"),
        ("x,y=a", "must be a constant, but 'a' has no value here"),
        ("x,y=", "the expression is empty"),
        ("x,y=.9;y,w=.9;x,w=-.9", "cannot all hold"),
        ("@/nope", "cannot read the correlations from '/nope'"),
    ],
)
def test_correlations_that_are_refused(corr: str, said: str) -> None:
    assert said in refused("eval", "x*y*z*w", "--at", "x=1±1,y=2±1,w=1±1,z=3", "--corr", corr)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("x=2±5%", "an uncertainty is not written in percent"),
        ("x=2±5%,y=1", "an uncertainty is not written in percent"),
        ("x=2±1±1", "a value has one uncertainty"),
        ("x=2±", "an operand is missing after '±'"),
        ("x=[2±1, 3]", "entries of arrays, tuples and dicts cannot be uncertain"),
        ('y=1, x={"a": 2±1}', "entries of arrays, tuples and dicts cannot be uncertain"),
        ("x.a=2±1", "entries of arrays, tuples and dicts cannot be uncertain"),
        ("x=2±-1", "the uncertainty of 'x' cannot be negative: it is -1"),
        ("x=2±inf", "the uncertainty of 'x' must be a finite number"),
        ("x=2±nan", "the uncertainty of 'x' must be a finite number"),
        ("x=2±y", "must be a constant, but 'y' has no value here"),
        ("x=2±1,x=3", "'x' is given twice"),
        ("x=2±1,y=3", "'y' is not in the expression"),
    ],
)
def test_points_that_are_refused(at: str, said: str) -> None:
    assert said in refused("eval", "x", "--at", at)


@pytest.mark.parametrize("value", ["2±1±1", "2±", "±1", "2±-1", "2±y"])
def test_points_in_json_that_are_refused(tmp_path: Path, value: str) -> None:
    file = tmp_path / "at.json"
    file.write_text(json.dumps({"x": value}), encoding="utf-8")
    refused("eval", "x", "--at", f"@{file}")


@pytest.mark.parametrize(
    "args",
    [
        ("diff", "x^2"),
        ("jacobian", "(x, x^2)"),
        ("hessian", "x^2"),
        ("jvp", "x^2", "--tangent", "1"),
        ("vjp", "x^2", "--cotangent", "1"),
        ("hvp", "x^2", "--tangent", "1"),
        ("taylor", "x^2"),
        ("graph", "x^2"),
        ("cost", "x^2"),
        ("eval", "x*y", "--points", "-"),
        ("grad", "x*y", "--points", "-"),
        ("grad", "x^2", "--mode", "all"),
    ],
    ids=" ".join,
)
def test_what_takes_no_uncertainty_says_what_does(args: tuple[str, ...]) -> None:
    assert "adcalc eval, adcalc grad" in refused(*args, "--at", "x=2±1", stdin=b"y\n1\n")


def test_directions_take_no_uncertainty() -> None:
    assert "the uncertainty of 'x' has no place here" in refused("jvp", "x", "--at", "x=1", "--tangent", "x=1±1")


def test_many_expressions_take_none() -> None:
    records = b'{"id": 1, "expr": "x", "at": "x=1\xc2\xb11"}\n{"id": 2, "expr": "x", "at": {"x": "1+/-1"}}\n'
    for line in good("eval", "-", "--format", "jsonl", stdin=records).splitlines():
        assert "adcalc eval" in json.loads(line)["error"]["hint"]


def test_corr_is_never_ignored() -> None:
    for args in (
        ("eval", "x", "--at", "x=1"),
        ("grad", "x"),
        ("grad", "x", "--at", "x=1", "--mode", "all"),
        ("eval", "x", "--points", "-"),
        ("eval", "-", "--format", "jsonl"),
        ("eval", "x", "--at", "x=1", "--digits", "5"),
    ):
        refused(*args, "--corr", "x,y=0.5")


def test_expressions_have_no_plus_minus() -> None:
    for sign in ("±", "+/-"):
        assert "--at x=2.0±0.1" in refused("eval", f"x{sign}2", "--at", "x=1")


def test_warnings() -> None:
    done = call("eval", "x^2", "--at", "x=0±0.1")
    assert done.out == "value=0±0\n" and done.status == 0
    assert "the second order adds ±0.014 and shifts the value by 0.01" in done.err
    assert "does not hold at a corner: abs(x) at 0" in call("eval", "abs(x)", "--at", "x=0±0.1").err
    assert good("eval", "x^2", "--at", "x=3±0.1") == "value=9±0.6000000000000001\n"


@given(st.floats(-1e12, 1e12), st.floats(1e-12, 1e12))
def test_rounding_keeps_two_digits_of_the_uncertainty(value: float, sigma: float) -> None:
    assume(abs(value) < 1e16 * sigma)
    shown = rounded(value, sigma).replace("−", "-")
    power = Decimal(1)
    if shown.startswith("("):
        shown, _, exponent = shown[1:].partition(")e")
        power = Decimal(10) ** int(exponent)
    v, s = (Decimal(text) for text in shown.split(" ± "))
    if power != 1 or "." in shown:
        assert v.as_tuple().exponent == s.as_tuple().exponent
    assert len(s.normalize().as_tuple().digits) <= 2
    unit = Decimal(10) ** (s * power).adjusted() / 10
    assert abs(s * power - Decimal(sigma)) <= unit * Decimal("0.51")
    assert abs(v * power - Decimal(value)) <= unit * Decimal("0.51")


@pytest.mark.parametrize(
    ("value", "sigma", "text"),
    [
        (19.62, 0.0996, "19.62 ± 0.10"),
        (-0.5, 0.25, "−0.50 ± 0.25"),
        (1234.5, 99.7, "1230 ± 100"),
        (0.0, 0.014, "0.000 ± 0.014"),
        (1e8, 123.0, "(1.0000000 ± 0.0000012)e8"),
        (3.0, 0.0, "3 ± 0"),
        (1e300, 1e-9, "1e300 ± 1e−9"),
        (1e-310, 1e-320, "(1.00000000000 ± 0.00000000010)e−310"),
        (float("inf"), 1.0, "inf ± 1"),
    ],
)
def test_rounding(value: float, sigma: float, text: str) -> None:
    assert rounded(value, sigma) == text


def test_certain_inputs_load_nothing_of_it() -> None:
    script = (
        "import sys; sys.argv = ['adcalc', 'grad', 'x*y', '--at', 'x=2,y=5']\nfrom autodiffcli.cli import main\n"
        "try: main()\nfinally: print([m for m in sys.modules if 'uncertain' in m or 'correlations' in m])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("jvp", "--tangent", ""), "--tangent is empty"),
        (("hvp", "--tangent", " "), "--tangent is empty"),
        (("vjp", "--cotangent", ""), "--cotangent is empty"),
        (("taylor", "--along", ""), "--along is empty"),
        (("jvp", "--tangent", "-"), "--tangent is empty"),
        (("jvp", "--tangent", "x=nan"), "--tangent gives 'x' nan"),
        (("vjp", "--cotangent", "inf"), "--cotangent gives 'y' inf"),
        (("jvp", "--tangent", "@/nope"), "cannot read --tangent from '/nope'"),
    ],
)
def test_directions_that_are_none(args: tuple[str, ...], said: str) -> None:
    assert said in refused(args[0], "x^2", "--at", "x=2", *args[1:])
