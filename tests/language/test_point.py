"""Points: what --at takes, and what it says of the rest."""

from __future__ import annotations

import math

import pytest

from autodiffcli import RequestError, check, gradient, parse
from autodiffcli.language.point import arrange, parse_point, point_from_data


def test_values_are_constant_expressions() -> None:
    assert parse_point("x=pi/4, y=-2^2,z=max(1,2)\nw=1e3;") == {"x": math.pi / 4, "y": -4.0, "z": 2.0, "w": 1000.0}
    assert parse_point("  ") == {}
    assert math.isnan(parse_point("x=nan")["x"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x=1,x=2", "'x' is given twice"),
        ("x", "the text ends too early"),
        ("x=", "an operand is missing after '='"),
        ("x=y", "the value of x must be a constant, but 'y' has no value here"),
        ("pi=2", "'pi' is a constant"),
        ("sin=2", "'sin' is a function"),
        ("x=1,,y=2", "a name is missing before ','"),
        ("x=1 y=2", "is not expected here"),
        ("d.a=1, d.a=2", """'d["a"]' is given twice"""),
        ('d={"a": 1}, d.b=2', "'d' is given twice"),
        ("d.b=2, d=3", "'d' is given twice: whole, and by its entries"),
        ("d.b=2, d.b.c=3", """'d["b"]["c"]' is given twice: whole, and by its entries"""),
        ("d.b.c=2, d.b=3", """'d["b"]' is given twice: whole, and by its entries"""),
        ("t[0]=1, t[2]=3", "'t[1]' has no value"),
        ("t[0]=1, t.b=3", "'t[1]' has no value"),
        ("t[-1]=1", "'t[0]' has no value"),
        ("t[0.5]=1", "an index must be a whole number"),
        ("t[0:1]=1", "an index must be a whole number"),
        ("W[0,1]=1", "'W[0,1]' is an entry of an array"),
        ("W[0,1][0]=1", "'W[0,1][0]' is an entry of an array"),
        ("pi.a=1", "'pi' is a constant"),
        ("d" + ".a" * 101 + "=1", "nested more than 100 deep"),
    ],
)
def test_refusal(text: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_point(text)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("text", "remedy"),
    [("x=6.67430(15)e-11", "6.67430e-11±0.00015e-11"), ("x=2.0(31)", "2.0±31e-1"), ("y=1, x=-1.5(3)", "-1.5±0.3")],
)
def test_an_uncertainty_in_parentheses_is_not_multiplied(text: str, remedy: str) -> None:
    with pytest.raises(RequestError, match="may be a product, or a number and its uncertainty") as found:
        parse_point(text)
    assert remedy in found.value.hint


def test_json() -> None:
    assert point_from_data({"x": 1, "y": "pi/2", "z": "nan"})["y"] == math.pi / 2
    for data in ([1], {"x": [1, None]}, {"x": [[1], 2]}, {"x": True}, {"x": None}, {"x": 10**400}):
        with pytest.raises(RequestError):
            point_from_data(data)


def test_missing_and_superfluous_inputs_are_named() -> None:
    assert arrange({"y": 2.0, "x": 1.0}, parse("x + y")) == [1.0, 2.0]
    with pytest.raises(RequestError, match="'y' has no value"):
        arrange({"x": 1.0}, parse("x + y"))
    with pytest.raises(RequestError, match="'z' is not in the expression: it has 'x'"):
        arrange({"x": 1.0, "z": 2.0}, parse("x"))
    with pytest.raises(RequestError, match="'X' is given and not in the expression"):
        arrange({"X": 1.0}, parse("x"))


def test_a_name_alone_is_one_name() -> None:
    assert gradient("a*b*ab", {"a": 2, "b": 3, "ab": 5}, wrt="ab").gradient == {"ab": 6.0}
    assert check("x^2", "x=1", modes="reverse").verdict == "passed"
