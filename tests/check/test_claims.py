"""Derivatives that a person found: right to their digits, right as formulas, or wrong and what they should be."""

from __future__ import annotations

import pytest

from autodiffcli import RequestError, check
from autodiffcli.checking.claims import read_claims

LECTURE, AT = "ln(x1)+x1*x2-sin(x2)", "x1=2,x2=5"  # its gradient is 5.5, 1.7163378145367738


@pytest.mark.parametrize(
    ("given", "remarks"),
    [
        ("x1=5.5,x2=1.716", ["right", "right to its last digit"]),
        ("x2=1.71", ["right, but cut off rather than rounded in its last digit"]),
        ("x2 = 1.7163378145367738", ["right"]),
        ("x2=17.16e-1", ["right to its last digit"]),
        ("x1=11/2", ["right"]),
        ("(1/x1+x2, x1-cos(x2))", ["right here and at 3 points around"] * 2),
        ("x1=1/x1+x2, x2=x1-cos(x2)", ["right here and at 3 points around"] * 2),
        ("x2=x1-sin(x2+pi/2)", ["right here and at 3 points around"]),
        ("a = 1/x1; (a + x2, x1-cos(x2))", ["right here and at 3 points around"] * 2),
    ],
)
def test_what_is_right(given: str, remarks: list[str]) -> None:
    found = check(LECTURE, AT, against=given)
    assert found.verdict == "passed", found.why
    assert [claim.remark for claim in found.claims] == remarks
    assert found.why.endswith("right")


@pytest.mark.parametrize(
    ("given", "wrong", "said"),
    [
        ("x1=5.5,x2=1.717", ["x2"], "not 1.717 but 1.716337815"),
        ("x1=5,x2=1.716", ["x1"], "not 5 but 5.5"),
        ("x1=-5.5", ["x1"], "its sign is wrong"),
        ("x1=1.716,x2=5.5", ["x1", "x2"], "that is the derivative by x2"),
        ("(x1-cos(x2), 1/x1+x2)", ["x1", "x2"], "that is the derivative by x2"),
        ("(1/x1+x2, x1+cos(x2))", ["x2"], "= x1 - cos(x2)"),
        ("x2=2*(x1-cos(x2))", ["x2"], "2 times too large"),
        ("x1=(1/x1+x2)/3", ["x1"], "a factor of 3 is missing"),
        ("x2=cos(x2)-x1", ["x2"], "its sign is wrong"),
        ("x1=x2+0.5", ["x1"], "right at this point, but at"),
        ("x1=ln(-x1)", ["x1"], "= 1/x1 + x2"),
    ],
)
def test_what_is_wrong_is_pointed_at(given: str, wrong: list[str], said: str) -> None:
    found = check(LECTURE, AT, against=given)
    assert found.verdict == "failed"
    assert [claim.name for claim in found.claims if not claim.right] == wrong
    assert said in found.why


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("z=3", "'z' is not an input"),
        ("x1=z", "'z' is not an input"),
        ("(1, 2, 3)", "gives 3 of 2"),
        ("1/x1+x2", "gives 1 of 2"),
        ("x1=3,x1=4", "given twice"),
        ("x1=", "operand"),
        ("x1=5.5±0.1", "no ±"),
    ],
)
def test_refusals(given: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        check(LECTURE, AT, against=given)


def test_one_formula_for_one_input() -> None:
    assert check("x^2", "x=3", against="2*x").verdict == "passed"
    assert check("x^2", "x=3", against="6").verdict == "passed"
    assert check("x^2", "x=3", against="x^2").verdict == "failed"


@pytest.mark.parametrize("claimed", ["arange(3)", "x=(1, 2)", "x=[1]"])
def test_a_claim_that_is_no_number_is_refused(claimed: str) -> None:
    with pytest.raises(RequestError, match="is no number, as the derivative by 'x' is"):
        read_claims(claimed, ["x"], ["x"])
