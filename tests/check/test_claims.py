"""Derivatives that a person found: right to their digits, right as formulas, or wrong and what they should be."""

from __future__ import annotations

import re

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
        ("x1=ln(-x1)", ["x1"], "= x2 + 1/x1"),
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


def test_the_right_formula_is_in_the_language() -> None:
    assert check("x^x", "x=2", against="x*x^(x-1)").why.endswith("but 6.772588722 = x^x*ln(x) + x^x")


NETWORK, DATA = "sum(tanh(X@W))", "X=[[1,2],[3,4],[5,6]], W=[[0.1,0.2],[0.3,0.4]]"


@pytest.mark.parametrize(
    ("expression", "at", "given", "names"),
    [
        (NETWORK, DATA, "W = X'@sech(X@W)^2", "W[0,0] W[0,1] W[1,0] W[1,1]"),
        (NETWORK, DATA, "(sech(X@W)^2@W', X'@sech(X@W)^2)", ""),
        (NETWORK, DATA, "W[1,0] = (X'@(1 - tanh(X@W)^2))[1,0]", "W[1,0]"),
        ("sum(x^2)", "x=[1,2]", "(2, 4)", "x[0] x[1]"),
        ("sum(x^2)", "x=[1,2]", "x=[2.0, 4.00]", "x[0] x[1]"),
        ("sum(x^2)", "x=[1,2]", "2*x", "x[0] x[1]"),
        ("sum(x^2)", "x=[1,2]", "x[1]=4, x[0]=2*x[0]", "x[1] x[0]"),
        ("d.a^2*t[1][0]", 'd={"a": 3}, t=(1, [2])', 'd={"a": 12}, t=(0, [9])', 'd["a"] t[0] t[1][0]'),
        ("d.a^2*t[1][0]", 'd={"a": 3}, t=(1, [2])', "d.a=2*d.a*t[1][0], t[1]=[d.a^2]", 'd["a"] t[1][0]'),
    ],
)
def test_arrays_and_structures(expression: str, at: str, given: str, names: str) -> None:
    found = check(expression, at, against=given)
    assert found.verdict == "passed", found.why
    assert [claim.name for claim in found.claims] == (names.split() or list(found.gradient))
    assert all(claim.right for claim in found.claims)


@pytest.mark.parametrize(
    ("given", "wrong", "said"),
    [
        ("x=[2, 5]", ["x[1]"], "by x[1] is not 5 but 4"),
        ("x=x^2", ["x[0]", "x[1]"], "by x[0] is not (x^2)[0] but 2"),
        ("x[0]=2.1", ["x[0]"], "is not 2.1 but 2"),
    ],
)
def test_a_wrong_entry_is_pointed_at(given: str, wrong: list[str], said: str) -> None:
    found = check("sum(x^2)", "x=[1,2]", against=given)
    assert found.verdict == "failed" and said in found.why
    assert [claim.name for claim in found.claims if not claim.right] == wrong


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("x=2", "'2' has not the form of 'x'"),
        ("x=[2,4,6]", "has not the form of 'x'"),
        ("x=[[2],[4]]", "has not the form of 'x'"),
        ("(1, 2, 3)", "gives 3 of 1"),
        ("x[0]=x", "'x' is no number, as the derivative by 'x[0]' is"),
        ("x=[2,4], x[1]=4", "the derivative by 'x[1]' is given twice"),
        ("x[2]=4", "'x[2]' is not an input"),
        ("x=2*z", "'z' is not an input"),
    ],
)
def test_claims_of_another_form_are_refused(given: str, said: str) -> None:
    with pytest.raises(RequestError, match=re.escape(said)):
        check("sum(x^2)", "x=[1,2]", against=given)


def test_claims_by_name_as_a_program_has_them() -> None:
    assert check(LECTURE, AT, against={"x1": 5.5, "x2": "x1 - cos(x2)"}).verdict == "passed"
    found = check("sum(x^2)", {"x": [1, 2]}, against={"x": [2, 5]})
    assert found.verdict == "failed" and "by x[1] is not 5 but 4" in found.why


def test_one_formula_for_one_input() -> None:
    assert check("x^2", "x=3", against="2*x").verdict == "passed"
    assert check("x^2", "x=3", against="6").verdict == "passed"
    assert check("x^2", "x=3", against="x^2").verdict == "failed"


@pytest.mark.parametrize("claimed", ["arange(3)", "x=(1, 2)", "x=[1]"])
def test_a_claim_that_is_no_number_is_refused(claimed: str) -> None:
    with pytest.raises(RequestError, match="is no number, as the derivative by 'x' is"):
        read_claims(claimed, ["x"], ["x"])
