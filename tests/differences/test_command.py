"""adcalc grad --mode numeric: schemes, error bars, sides and counts in every format, and what is refused."""

from __future__ import annotations

import json

import pytest

from autodiffcli.differences import SCHEMES
from tests.cli.support import LECTURE, good, refused

NUMERIC = ("--at", "x1=2,x2=5", "--mode", "numeric")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_shows_its_error_in_every_format(scheme: str) -> None:
    asked = ("grad", LECTURE, *NUMERIC, "--scheme", scheme)
    data = json.loads(good(*asked, "--format", "json"))
    assert data["scheme"] == scheme and set(data["error"]) == set(data["step"]) == {"x1", "x2"}
    for name, true in (("x1", 5.5), ("x2", 1.7163378145367738)):
        assert abs(data["grad"][name] - true) <= data["error"][name] <= 1e-6
    assert data["side"] == dict.fromkeys(("x1", "x2"), "right" if scheme == "one-sided" else "both")
    table = good(*asked, "--format", "table")
    assert "∂y/∂x1 = 5.5 ± " in table and f"{scheme}: {data['evaluations']} evaluations" in table
    rows = good(*asked, "--format", "csv").splitlines()
    assert rows[0] == "input,derivative,error,step,side"
    assert float(rows[1].split(",")[2]) == data["error"]["x1"]


def test_the_report_says_which_side_and_why() -> None:
    table = good("grad", "(1-x)^2.5+y", "--at", "x=1,y=0", "--mode", "numeric", "--format", "table")
    assert "by x: from the left only, as steps to the right leave the domain" in table
    assert "by y" not in table
    data = json.loads(good("grad", "x^2.5", "--at", "x=0", "--mode", "numeric", "--format", "json"))
    assert data["side"] == {"x": "right"} and data["trace"][-1]["side"] == "right"


def test_what_does_not_allow_complex_numbers_is_marked() -> None:
    message = refused("grad", "x*erf(2*x)", "--at", "x=1", "--mode", "numeric", "--scheme", "complex-step")
    assert "erf has no value at complex numbers" in message
    assert "  x*erf(2*x)\n    ^^^^^^^^" in message and "--scheme extrapolated" in message


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_scheme_without_numeric_mode_is_refused(scheme: str) -> None:
    for mode in ([], ["--mode", "reverse"]):
        assert "belong to numeric mode" in refused("grad", "x", "--at", "x=1", "--scheme", scheme, *mode)
