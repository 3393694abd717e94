"""--digits on the command line: what it prints, what it refuses, and what it says where nothing can be proven."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import mpmath as mp
import pytest

from autodiffcli import AdcalcError, MathError, RequestError, gradient, parse, proven
from autodiffcli.backends import EXACT
from autodiffcli.errors import missing_extra
from autodiffcli.primitive import PRIMITIVES, Exact
from tests.cli.support import call

THIRD = "0." + "3" * 40


def test_plain_output_is_input() -> None:
    done = call("grad", "x^2/6", "--at", "x=1", "--digits", "40")
    assert (done.status, done.out) == (0, f"x={THIRD}\n")
    again = call("eval", "3*x", "--at", "-", "--digits", "45", stdin=done.out.encode())
    assert again.out == "value=0." + "9" * 40 + "\n"


def test_exponents_have_every_digit() -> None:
    """Python writes no whole number of more than 4,300 digits."""
    with mp.workdps(12_000):
        true = mp.exp(mp.exp(10)) / mp.log(10)  # log10 of e^(e^(e^10))
        power = mp.nstr(mp.floor(true), 9_566, min_fixed=-mp.inf, max_fixed=mp.inf).removesuffix(".0")
        leading = float(10 ** (true - mp.floor(true)))
    found = proven("exp(exp(exp(10)))", digits=5).value
    mantissa, _, exponent = found.partition("e+")
    assert (len(power), exponent) == (9566, power)
    assert float(mantissa) == pytest.approx(leading, abs=5e-5)


@pytest.mark.parametrize("format_", ["table", "plain", "json", "jsonl", "csv", "tsv", "markdown", "latex", "html"])
def test_every_format_has_every_digit(format_: str) -> None:
    for command in ("grad", "eval"):
        done = call(command, "x^2/6" if command == "grad" else "x/3", "--at", "x=1", "--digits=40", "--format", format_)
        assert done.status == 0, done.err
        assert THIRD in done.out.replace("\n", "").replace(" ", "")


def test_json_numbers_are_texts() -> None:
    found = json.loads(call("grad", "x/3", "--at", "x=1", "--digits=30", "--format=json").out)
    assert found["value"] == found["grad"]["x"] == "0." + "3" * 30
    assert (found["mode"], found["digits"]) == ("reverse", 30)


@pytest.mark.parametrize(
    ("at", "x"),
    [("x=0.1", "0.1"), ("x=1e-3", "0.001"), ("x=1_000.5", "1000.5"), ("x=-1e-400", "-1e-400"), ("x=1e400", "1e+400")],
)
def test_nothing_is_rounded_before(at: str, x: str) -> None:
    assert call("eval", "x", "--at", at, "--digits=50").out == f"value={x}\n"


def test_numbers_of_json_are_their_decimal_text(tmp_path: Path) -> None:
    point = tmp_path / "p.json"
    point.write_text('{"x": 0.1, "y": 12345678901234567890123, "z": "1/3"}')
    assert call("eval", "x+y+3*z", "--at", f"@{point}", "--digits=50").out == "value=12345678901234567890124.1\n"
    point.write_text('{"x": true}')
    done = call("eval", "x", "--at", f"@{point}", "--digits=50")
    assert done.status == 2 and "must be a number, not true or false" in done.err


@pytest.mark.parametrize("mode", EXACT)
def test_constants_are_exact_in_every_mode(mode: str) -> None:
    """A tenth, three times, is three tenths; a float would leave 5.6e-17."""
    found = proven("where(0.1+0.2 == 0.3, x*0.1, 0)", "x=1", digits=20, mode=mode)
    assert found.gradient == {"x": "0.1"}
    assert proven("0.1*x*3 - 0.3*x", "x=7", digits=20, mode=mode).value == "0"


def test_a_number_of_python_is_what_it_is_in_binary() -> None:
    assert Fraction(proven("x", {"x": 0.1}, digits=60).value) == Fraction(0.1)
    assert proven("x", {"x": "0.1"}, digits=60).value == "0.1"


def test_exact_constants_are_the_floats_beside_them() -> None:
    """Every constant that the declarations name is the float nearest to what its text says."""
    from autodiffcli.primitives import learning, powers, selection, special

    found = {c for module in (learning, powers, selection, special) for c in vars(module).values() if type(c) is Exact}
    found |= {
        rule
        for op in PRIMITIVES.values()
        if isinstance(op.partials, tuple)
        for rule in op.partials
        if type(rule) is Exact
    }
    assert {c.text for c in found} >= {"ln(2)", "2/sqrt(pi)", "180/pi"}
    for c in found - {powers.LEAST, learning.FAR}:  # which stand for 0 and inf on purpose
        assert float(proven(c.text, digits=30, mode="eval").value) == pytest.approx(float(c), rel=3e-16), c.text


UNDECIDED = {
    "where(sin(pi)>0, 1, 2)": ("sin(pi)>0, which cannot be decided", "      ^^^^^^^^^"),
    "1/sin(pi)": ("sin at 3.14159 cannot be told from 0", "  ^^^^^^^"),
    "floor(sqrt(2)^2)": ("floor at 2.00000 may be at a jump, or takes more digits", "^^^^^^^^^^^^^^^^"),
    "ln(exp(1))-1": ("- at 1.00000, 1 cannot be told from 0", "^^^^^^^^^^^^"),
    "exp(exp(exp(1000)))": ("is too large", "^^^"),
}


@pytest.mark.parametrize("text", UNDECIDED)
def test_what_cannot_be_decided_is_said_with_its_place(text: str) -> None:
    done = call("eval", text, "--digits=20")
    message, carets = UNDECIDED[text]
    assert done.status == 1 and not done.out
    assert message in done.err and carets in done.err and "digits were computed with" in done.err


def test_a_derivative_that_may_be_0_is_not_called_0() -> None:
    done = call("grad", "sin(x)^2+cos(x)^2", "--at", "x=0.3", "--digits=20")
    assert done.status == 1 and "the derivative by x cannot be told from 0: it is at most 1e-" in done.err
    assert call("grad", "x-x+y", "--at", "x=0.3,y=1", "--digits=20").out == "x=0\ny=1\n"


def test_where_both_sides_agree_nothing_needs_to_be_decided() -> None:
    with pytest.raises(MathError, match=r"sin\(pi\) > 0, which cannot be decided"):
        proven("where(sin(pi) > 0, x^2, 1-x)", "x=3", digits=20)
    assert Decimal(proven("where(sin(pi) > 0, x^2, x*x)", "x=3", digits=20, mode="eval").value) == 9


@pytest.mark.parametrize(
    ("text", "at", "value", "slope"),
    [
        ("abs(x)", "x=0", "0", "0"),
        ("relu(x)", "x=0", "0", "0"),
        ("max(x, 2)", "x=2", "2", "0.5"),
        ("max(x, ln(2), 0.1)", "x=ln(2)+1", None, "1"),
        ("leaky_relu(x)", "x=0", "0", "0.01"),
        ("x^0", "x=0", "1", "0"),
        ("x^2", "x=0", "0", "0"),
        ("hypot(x, 0)", "x=0", "0", "0"),
        ("where(x>0, sqrt(x), 0)", "x=0", "0", "0"),
        ("where(x>0, sqrt(x), 0)", "x=-1", "0", "0"),
        ("sinc(x)", "x=0", "1", "0"),
        ("sqrt(x)", "x=0.01", "0.1", "5"),
        ("log2(x)", "x=8", "3", None),
        ("round(x)", "x=2.5", "2", "0"),
        ("sqrt(x)", "x=0", "0", "inf"),
    ],
)
@pytest.mark.parametrize("mode", EXACT)
def test_corners_are_those_of_floats(text: str, at: str, value: str | None, slope: str | None, mode: str) -> None:
    found = proven(text, at, digits=20, mode=mode)
    rounded = gradient(text, at, mode=mode)
    assert value in (None, found.value) and slope in (None, found.gradient["x"])
    assert float(found.value) == pytest.approx(rounded.value, rel=1e-15)
    assert float(found.gradient["x"]) == pytest.approx(rounded.gradient["x"], rel=1e-15)


def test_undefined_values_are_errors_as_in_floats() -> None:
    done = call("eval", "1+ln(x-2)", "--at", "x=1.5", "--digits=20")
    assert done.status == 1
    assert done.err.splitlines()[:3] == ["error: ln is undefined at -0.5", "  1+ln(x-2)", "    ^^^^^^^"]
    with pytest.raises(MathError, match="acosh is undefined at 0"):
        proven("where(x == acosh(0), 1, 2)", "x=1")


def test_no_overflow() -> None:
    assert call("eval", "exp(1000)", "--digits=20").out == "value=1.9700711140170469939e+434\n"
    assert call("eval", "exp(-exp(20))", "--digits=5").out.endswith("e-210704568\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--mode", "numeric"], "the error of a difference quotient is estimated, not bounded"),
        (["--mode", "all"], "name one mode"),
        (["--trace", "--format", "table"], "a trace shows the numbers of one run in floats"),
        (["--points", "f.csv"], "a table of points is computed in floats"),
        (["--precision", "5"], "--precision does nothing beside --digits"),
        (["--checkpoint", "sqrt"], "--checkpoint does nothing beside --digits"),
    ],
)
def test_what_does_not_go_with_it_is_refused(options: list[str], message: str) -> None:
    done = call("grad", "x^2", "--at", "x=1", "--digits=20", *options)
    assert done.status == 2 and message in done.err


def test_rounded_graphs_prove_nothing() -> None:
    with pytest.raises(RequestError, match="constants are rounded"):
        proven(parse("x/3"), "x=1")
    assert proven(parse("x/3", exact=True), "x=1", digits=5).value == "0.33333"


def test_without_flint_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("autodiffcli.precise") or name == "flint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "flint", None)
    with pytest.raises(AdcalcError, match="precise") as caught:
        proven("1/3")
    assert caught.value.report() == missing_extra("proving digits", "precise").report()
