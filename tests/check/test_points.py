"""Points where a gradient is a choice, infinite or undefined: said, and never taken for a fault."""

from __future__ import annotations

import pytest

from autodiffcli import MathError, RequestError, check, sweep
from autodiffcli.checking.compare import ball

SOUND = [
    ("ln(x1)+x1*x2-sin(x2)", "x1=2,x2=5"),
    ("sin(1e8*x)", "x=1"),
    ("ln(x)+y^2", "x=1e-8,y=1e3"),
    ("x*1e300*y", "x=2,y=3"),
    ("floor(x)*y", "x=1.5,y=2"),
    ("max(x, x)", "x=2"),
    ("cos(x)", "x=0"),
    ("x - x", "x=3"),
    ("1e6*x + y", "x=1e-3,y=1"),
    ("abs(x - 1e-9)", "x=0"),
    ("where(x > 0, x^2, -x)", "x=1e-4"),
    ("besselj(2, x)", "x=1.3"),
]


@pytest.mark.parametrize(("text", "at"), SOUND)
def test_a_right_gradient_passes(text: str, at: str) -> None:
    wrt = ["x"] if "bessel" in text else None
    found = check(text, at, wrt=wrt, per_input=True)
    assert found.verdict == "passed", found.why
    assert found.fault is None


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("abs(x)", "x=0", "abs'(0) = 0"),
        ("max(x, y)", "x=1,y=1", "a tie in max"),
        ("abs(sin(pi*x))", "x=1", "abs at 1.22465e-16"),
        ("where(x > 0, x, 2*x)", "x=0", "a condition changes"),
        ("relu(x)*y", "x=0,y=2", "relu'(0) = 0"),
        ("floor(x)", "x=2", "floor' = 0"),
        ("sqrt(x)", "x=0", "derivative by x is inf"),
        ("acos(x)", "x=1", "derivative by x is -inf"),
        ("1/x", "x=0", "the value is inf"),
        ("sin(1e16*x)", "x=1", "±"),
        ("y^y", "y=1e-308", "±"),
        ("x^y", "x=1e-30,y=1e-30", "±"),
        ("x^y", "x=4e-320,y=4e-320", "±"),
        ("(1 - cos(x))/x^2", "x=1e-6", "±"),
    ],
)
def test_nothing_can_be_decided_and_why(text: str, at: str, said: str) -> None:
    found = check(text, at)
    assert found.verdict == "undecided"
    assert said in found.why + "; ".join(found.notes)


def test_what_is_undefined_is_an_error() -> None:
    with pytest.raises(MathError, match="ln is undefined at -1"):
        check("ln(x)", "x=-1")
    with pytest.raises(MathError, match="undefined"):
        check("1/(1+exp(-x))", "x=-1000")
    with pytest.raises(RequestError, match="no inputs"):
        check("1 + 2")
    with pytest.raises(RequestError, match="one output"):
        check("(x, y)", "x=1,y=1")
    with pytest.raises(MathError, match="inf"):
        sweep("sqrt(x)", "x=0")


def test_a_direction_is_uniform_in_the_ball() -> None:
    """In n dimensions a ball of radius r holds rⁿ of the volume; each coordinate is as often negative."""
    for n in (1, 3):
        points = [ball(n, seed) for seed in range(4000)]
        lengths = [sum(x * x for x in point) ** 0.5 for point in points]
        assert max(lengths) <= 1
        for r in (0.5, 0.8):
            assert abs(sum(length <= r for length in lengths) / 4000 - r**n) < 0.03
        assert abs(sum(point[0] < 0 for point in points) / 4000 - 0.5) < 0.03


def test_a_seed_is_a_direction() -> None:
    one, two, other = (check("x*y", "x=2,y=3", seed=seed).direction for seed in (1, 1, 2))
    assert one == two != other


def test_a_step_that_is_given_is_the_lectures_two_evaluations() -> None:
    found = check("x^3", "x=2", epsilon=1e-3)
    (d,) = found.direction.values()
    quotient = ((2 + 1e-3 * d) ** 3 - (2 - 1e-3 * d) ** 3) / 2e-3
    one = found.comparisons[0].finding
    assert one.quotient == pytest.approx(quotient, rel=1e-12)
    assert one.step == 1e-3 and one.evaluations == 4  # two of them for the error
    assert abs(quotient - 12 * d) <= one.error
    assert found.verdict == "passed"
    assert check("x^3", "x=2", epsilon=1e-15).verdict == "undecided"


def test_a_sweep_shows_slopes_and_the_floor() -> None:
    found = sweep("ln(x1)+x1*x2-sin(x2)", "x1=2,x2=5")
    one_sided, central = found.curves
    assert one_sided.slope == pytest.approx(1, abs=0.05) and central.slope == pytest.approx(2, abs=0.05)
    assert 0.01 < one_sided.best / one_sided.theory < 100 and 0.01 < central.best / central.theory < 100
    assert central.least < one_sided.least / 100
    last = one_sided.errors[found.steps.index(1e-14)]
    assert last > 100 * one_sided.least
    assert last < 30 * found.floor / 1e-14
