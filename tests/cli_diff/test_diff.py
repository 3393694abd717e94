"""adcalc diff."""

from __future__ import annotations

import json

import pytest

from autodiffcli import parse
from tests.cli.support import call, good, refused


@pytest.mark.parametrize(
    ("args", "formula"),
    [
        (["x^3 + 2x^2 - 5x"], "3*x^2 + 4*x - 5"),
        (["x*exp(x)", "--order", "3"], "exp(x)*(x + 3)"),
        (["x^3*y^2", "--wrt", "y"], "2*x^3*y"),
        (["x^3*y^2", "--wrt", "x,y"], "6*x^2*y"),
        (["x^3*y^2", "--wrt", "x,x,y", "--order", "3"], "12*x*y"),
        (["-x^2"], "-2*x"),
        (["D(x^3, x)"], "6*x"),
        (["u = x^2; sin(u)"], "2*x*cos(x^2)"),
    ],
)
def test_plain_is_the_formula_alone(args: list[str], formula: str) -> None:
    assert good("diff", *args) == formula + "\n"
    assert good("diff", "-", *args[1:], stdin=args[0].encode()) == formula + "\n"
    parse(formula)


def test_at_a_point() -> None:
    assert good("diff", "x^3*y^2", "--wrt", "x,y", "--at", "x=1,y=2") == "formula=6*x^2*y\nvalue=12\n"
    # the formula is 0/0 there, the derivative is not
    assert good("diff", "sinc(x)", "--at", "x=0").splitlines()[1] == "value=0"
    assert good("diff", "x^n", "--wrt", "x", "--at", "x=0,n=0").splitlines()[1] == "value=0"


def test_formats() -> None:
    data = json.loads(good("diff", "x/sqrt(1-x^2)", "--at", "x=0", "--format", "json"))
    assert data == {
        "wrt": ["x"],
        "order": 1,
        "derivative": "1/(1 - x^2)^(3/2)",
        "latex": r"\frac{1}{\left(1 - x^{2}\right)^{\frac{3}{2}}}",
        "value": 1.0,
    }
    assert good("diff", "sqrt(x)", "--format", "latex") == "\\frac{1}{2 \\cdot \\sqrt{x}}\n"
    assert good("diff", "x^2*y", "--wrt", "x,x,y", "--format", "table") == "        f = x^2·y\n∂³f/∂x²∂y = 2\n"
    assert good("diff", "x^2", "--order", "2", "--format", "table") == "      y = x^2\nd²y/dx² = 2\n"
    assert good("diff", "x^2", "--format", "csv") == "derivative,formula\ndy/dx,2*x\n"
    for format_ in ("markdown", "html", "tsv", "jsonl"):
        assert "3" in good("diff", "x^3", "--format", format_)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["x*y"], "--wrt x"),
        (["x", "--wrt", "z"], "'z' is not an input"),
        (["x", "--order", "0"], "from 1 to 100"),
        (["x*y", "--wrt", "x,y", "--order", "3"], "has order 2, not 3"),
        (["5"], "no inputs"),
        (["(x, x^2)"], "one output"),
        (["x", "--at", "y=1"], "x"),
    ],
)
def test_refusals(args: list[str], said: str) -> None:
    assert said in refused("diff", *args)


def test_where_the_value_is_undefined_there_is_no_derivative() -> None:
    assert "ln is undefined at -1" in refused("diff", "ln(x)", "--at", "x=-1", status=1)


def test_undefined_and_infinite_values() -> None:
    assert "undefined" in refused("diff", "sqrt(x)", "--at", "x=-1", status=1)
    done = call("diff", "sqrt(x)", "--at", "x=0")
    assert done[:2] == (0, "formula=1/(2*sqrt(x))\nvalue=inf\n")
    assert done.err.startswith("warning: the derivative is inf: in the sweep back, sqrt at 0 has the partial")
    assert "by convention sqrt'(0) = inf" in done.err


def test_a_formula_of_arrays_takes_their_shapes_from_the_point() -> None:
    point = ("--at", "x=zeros(2), A=zeros(2, 2)")
    assert good("diff", "x'@A@x", "--wrt", "x", *point, "--format", "latex") == "\\left(A + A^\\mathsf{T}\\right) x\n"
    assert good("diff", "x'@A@x", "--wrt", "x", *point) == "formula=(A + A') @ x\nvalue=[0, 0]\n"
    found = good("grad", "x'@A@x", *point, "--mode", "symbolic", "--format", "table")
    assert "y = xᵀ·A·x = 0" in found
    assert "(A + Aᵀ)·x" in found


@pytest.mark.parametrize("command", [("grad",), ("diff", "--wrt", "x")])
@pytest.mark.parametrize(
    ("text", "names"), [("sum(x^2)", "sum"), ("norm(x)*y", "norm"), ("x'*y", "transpose"), ("max(x)", "max")]
)
def test_an_array_without_a_shape_is_asked_for(command: tuple[str, ...], text: str, names: str) -> None:
    """And not taken for a number, as which sum(x) has the derivative 1."""
    name, *options = command
    error = refused(name, text, *options)
    assert f"error: {names} takes an array, and without --at the shape of 'x' is not known" in error
    assert "--at 'x=zeros(2, 3)'" in error


def test_functions_of_numbers_need_no_shapes() -> None:
    assert good("grad", "sum([x, y]*[1, 2]) + max(x, y)*0") == "x=1\ny=2\n"
