"""adcalc eval and ops."""

from __future__ import annotations

import json

import pytest

from autodiffcli.primitive import FUNCTIONS
from tests.cli.support import LECTURE, good, refused


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sqrt(3^2+4^2)", "5"),
        ("0.1+0.2", "0.30000000000000004"),
        ("2^-1", "0.5"),
        ("1e300*1e8", "1e+308"),
        ("pi", "3.141592653589793"),
    ],
)
def test_value(expression: str, value: str) -> None:
    assert good("eval", expression) == f"value={value}\n"


def test_formats() -> None:
    at = ("--at", "x1=2,x2=5")
    data = json.loads(good("eval", LECTURE, *at, "--format", "json"))
    assert data["value"] == 11.652071455223084 and len(data["trace"]) == 7
    assert "v7  = v6 − v5" in good("eval", LECTURE, *at, "--format", "table")
    assert "v7" not in good("eval", LECTURE, *at, "--format", "table", "--no-trace")
    assert good("eval", LECTURE, *at, "--format", "csv") == "value\n11.652071455223084\n"
    for format_ in ("markdown", "latex", "html", "tsv", "jsonl"):
        assert "11.652071455223084" in good("eval", LECTURE, *at, "--format", format_)


def test_not_finite_values_in_json_are_texts() -> None:
    data = json.loads(good("grad", "x", "--at", "x=1", "--format", "json", "--no-trace"))
    assert data["value"] == 1.0
    assert json.loads(good("eval", "-x", "--at", "x=-3", "--format", "jsonl", "--no-trace")) == {"value": 3.0}


def test_ops_lists_every_function() -> None:
    lines = good("ops").splitlines()
    assert len(lines) > 60
    for name in FUNCTIONS.keys() - {"factorial"}:  # which is written x!
        assert any(name in line for line in lines), name
    assert len({line.count("\t") for line in lines}) == 1
    assert isinstance(json.loads(good("ops", "sin", "--format", "json")), list)
    assert "cos(x)" in good("ops", "sin", "--format", "table")
    assert "arcsin" in good("ops", "arcsin", "--format", "markdown")


def test_ops_names_the_nearest() -> None:
    assert "did you mean sin?" in refused("ops", "sinn")
    assert "there is no function 'qqqqqq'" in refused("ops", "qqqqqq")
