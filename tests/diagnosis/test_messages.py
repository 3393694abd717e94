"""What is said of a number that is not finite: the node, its arguments, the place, the kind, the convention."""

from __future__ import annotations

import json
import sys
from math import inf, nan
from unittest import mock

import numpy as np
import pytest

from autodiffcli import gradient, parse
from autodiffcli.api.diagnoses import conventions, of_gradient
from autodiffcli.diagnosis import derivative, value
from autodiffcli.errors import MathError
from autodiffcli.interpreter import run
from tests.cli.support import call, good, refused


def of_value(expression: str, *point: float) -> MathError:
    graph = parse(expression)
    return value(graph, run(graph, point), graph.outputs[0])


@pytest.mark.parametrize(
    ("expression", "point", "kind", "marked", "said"),
    [
        ("2 + 1/x", 0.0, "pole", "1/x", "/ at 1, 0 is inf"),
        ("3*ln(x)", 0.0, "pole", "ln(x)", "ln at 0 is -inf"),
        ("lgamma(x)+1", 0.0, "pole", "lgamma(x)", "lgamma at 0 is inf"),
        ("atanh(x)", 1.0, "pole", "atanh(x)", "atanh at 1 is inf"),
        ("x^-3", 0.0, "pole", "x^-3", "^ at 0, -3 is inf"),
        ("exp(x)*2", 1000.0, "overflow", "exp(x)", "exp at 1000 overflows"),
        ("gamma(x)", 200.0, "overflow", "gamma(x)", "gamma at 200 overflows"),
        ("x*x", -1e200, "overflow", "x*x", "* at -1e+200, -1e+200 overflows"),
        ("x^3", -1e200, "overflow", "x^3", "^ at -1e+200, 3 overflows"),
        ("1/x", 1e-320, "overflow", "1/x", "overflows"),
        ("cosh(x) + 1", -1e4, "overflow", "cosh(x)", "cosh at -10000 overflows"),
        ("x + 1", inf, "input", "x", "x is inf"),
        ("x + inf", 1.0, "constant", "inf", "a constant is inf"),
        ("2*ln(x)", -1.0, "domain", "ln(x)", "ln is undefined at -1"),
        ("1 + 5 % x", 0.0, "domain", "5 % x", "% is undefined at 5, 0"),
        ("x/x", 0.0, "indeterminate", "x/x", "/ is undefined at 0, 0"),
        ("(1/x)*x", 0.0, "indeterminate", "(1/x)*x", "* is undefined at inf, 0"),
        ("exp(x) - exp(2*x)", 1000.0, "indeterminate", "exp(x) - exp(2*x)", "- is undefined at inf, inf"),
        ("where(x > 0, 1, sqrt(x)) + 1", -4.0, "domain", "sqrt(x)", "sqrt is undefined at -4"),
        ("x + 1", nan, "input", "x", "x is nan"),
    ],
)
def test_values(expression: str, point: float, kind: str, marked: str, said: str) -> None:
    error = of_value(expression, point)
    assert error.facts["kind"] == kind and said in error.message
    assert error.span is not None and expression[slice(*error.span)] == marked


def test_arguments_are_named_and_where_an_infinity_came_from_is_said() -> None:
    assert of_value("exp(x) - exp(2*x)", 1000.0).notes == [
        "where exp(x) = inf, exp(2*x) = inf",
        "inf - inf has no value",
        "exp(x) is inf: exp at 1000 overflows",
        "exp(2*x) is inf: exp at 2000 overflows",
    ]
    error = of_value("2*ln(x - 2)", 1.0)
    assert error.notes == ["where x - 2 = -1"] and error.hint == "ln(x) is defined for x > 0"
    assert error.as_data()["arguments"] == {"x - 2": -1.0}


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(
    ("expression", "singular", "power"),
    [("y*sqrt(x) + y", "sqrt(x)", 1), ("y*x^1.5", "x^1.5", 2), ("x^2.5", "x^2.5", 3)],
)
def test_derivatives_of_higher_order(expression: str, singular: str, power: int, order: int) -> None:
    if order < power:
        return
    graph = parse(expression)
    x = graph.inputs["x"]
    error = derivative(graph, [0.0 if name == "x" else 2.0 for name in graph.inputs], [{x: 1.0}] * order, "it", inf)
    assert error.span is not None and expression[slice(*error.span)] == singular
    assert error.facts["kind"] == "pole"


@pytest.mark.parametrize(
    ("expression", "x", "marked", "said"),
    [
        ("x*sqrt(x)", 0.0, "sqrt(x)", "0*inf has no value"),
        ("sqrt(x) - sqrt(2*x)", 0.0, "sqrt(2*x)", "the adjoint of x are -inf and inf, which have no sum"),
        ("sqrt(x^2)", 0.0, "x^2", "the adjoint that it multiplies is inf"),
        ("1e200*(x*1e200)", 1e-300, "x*1e200", "beyond the largest float"),
        ("f(t) = 2 + ln(t); f(x*x)", 0.0, "x*x", "there, ln at 0 has the partial derivative inf"),
    ],
)
def test_first_derivatives(expression: str, x: float, marked: str, said: str) -> None:
    (finding,) = of_gradient(expression, {"x": x}, gradient(expression, {"x": x}))
    error = finding.explain()
    assert error.span is not None and expression[slice(*error.span)] == marked
    assert said in error.report()


@pytest.mark.parametrize("mode", ["reverse", "forward", "backprop", "symbolic"])
def test_every_mode_says_the_same(mode: str) -> None:
    done = call("grad", "y*acosh(x)", "--at", "x=1,y=2", "--mode", mode)
    assert done.status == 0
    assert done.err.splitlines()[:3] == [
        "warning: the derivative by x is inf: in the sweep back, acosh at 1 has the partial derivative inf",
        "  y*acosh(x)",
        "    ^^^^^^^^",
    ]


@pytest.mark.parametrize(
    "command",
    [
        ("grad", "sqrt(x)*y", "--at", "x=0,y=1"),
        ("jacobian", "(y, sqrt(x))", "--at", "x=0,y=1"),
        ("hessian", "sqrt(x)*y", "--at", "x=0,y=1"),
        ("jvp", "(y, sqrt(x))", "--at", "x=0,y=1", "--tangent", "x=1"),
        ("vjp", "(y, sqrt(x))", "--at", "x=0,y=1", "--cotangent", "y2=1"),
        ("hvp", "sqrt(x)*y", "--at", "x=0,y=1", "--tangent", "x=1"),
        ("taylor", "sqrt(x)*y", "--at", "x=0,y=1", "--along", "x=1"),
        ("diff", "sqrt(x)*y", "--wrt", "x,x", "--at", "x=0,y=1"),
        ("grad", "D(sqrt(x), x)*y", "--at", "x=0,y=1"),
        ("eval", "D(sqrt(x), x)*y", "--at", "x=0,y=1"),
    ],
    ids=lambda command: command[0],
)
def test_every_command_shows_the_place(command: tuple[str, ...]) -> None:
    done = call(*command)
    lines = done.err.splitlines()
    carets = next(n for n, line in enumerate(lines) if line.strip() and set(line) <= {" ", "^"})
    assert "sqrt(x)" in lines[carets - 1]
    first = lines[carets].index("^")
    assert lines[carets - 1][first:].startswith(("sqrt(x)", "D(sqrt(x)"))
    data = json.loads(call(*command, "--format", "json").out)
    assert data["diagnosis"][0]["node"] and data["diagnosis"][0]["span"]


def test_conventions_are_told() -> None:
    assert conventions("abs(x) + where(x > 1, relu(x), 0)", "x=0") == ["abs(x) at 0: by convention abs'(0) = 0"]
    assert conventions("abs(x)", "x=1") == []
    data = json.loads(good("grad", "max(x, y)", "--at", "x=1,y=1", "--format", "json", "--no-trace"))
    assert data["notes"] == ["max(x, y) at 1, 1: by convention a tie in max shares the derivative equally"]
    data = json.loads(good("hessian", "abs(x)", "--at", "x=0", "--format", "json"))
    assert data["notes"] == ["abs(x) at 0: by convention abs'(0) = 0"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("norm(X)", "norm(X): by convention norm'(0) = 0"),
        ("std(X)", "std(X): by convention std' = 0 where all are equal"),
        ("max(X)", "max(X): by convention a tie in max shares the derivative equally"),
        ("sum(min([X, X], axis=0))", "min([X, X], axis=0): by convention a tie in min shares the derivative equally"),
        ("sum(norm([X, X], axis=0))", "norm([X, X], axis=0): by convention norm'(0) = 0"),
    ],
)
def test_conventions_of_reductions_are_told(text: str, told: str) -> None:
    assert conventions(text, {"X": np.zeros(2)}) == [told]
    assert conventions(text.replace("[X, X]", "[X, 2*X]"), {"X": [1.0, 2.0]}) == []


def test_a_person_is_told_of_conventions_and_a_pipe_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    from autodiffcli.cli.output import tell_conventions

    graph = parse("abs(x)")
    tell_conventions(graph, {"x": 0.0})
    assert capsys.readouterr().err == ""
    with mock.patch.object(sys.stderr, "isatty", return_value=True):
        tell_conventions(graph, {"x": 0.0})
    assert capsys.readouterr().err == "note: abs(x) at 0: by convention abs'(0) = 0\n"


def test_the_trace_says_that_a_gate_is_closed() -> None:
    shown = good("grad", "where(x>0, sqrt(x), 0)", "--at", "x=0", "--format", "table")
    assert "0 (closed gate)" in shown and "0.5/0" not in shown and "convention" not in shown
    (row,) = (
        row
        for row in json.loads(good("grad", "where(x>0, sqrt(x), 0)", "--at", "x=0", "--format", "json"))["trace"]
        if row["kind"] == "adjoint" and row["name"].endswith("1")
    )
    assert row["numbers"] == "0 # closed gate"


@pytest.mark.parametrize(
    ("expression", "at", "said", "marked"),
    [
        ("sum(sqrt(x))", "x=[1,0]", "by x[1] is inf: in the sweep back, sqrt at 0 has", "sqrt(x)"),
        ("x[1]*sqrt(x[0])", "x=[0,1]", "by x[0] is inf: in the sweep back, sqrt at 0 has", "sqrt(x[0])"),
        ("sum(d.b*sqrt(X@y))", 'X=[[2,-1]], y=[1,2], d={"b": 1}', "by X[0,0] is inf: in the sweep", "sqrt(X@y)"),
        ("sum(x + sqrt(y))", "x=[1,2], y=0", "by y is inf: in the sweep back, sqrt at 0 has", "sqrt(y)"),
        ("sum(exp(x)*exp(-y))", "x=[1,400], y=[1,-400]", "by x[1] is inf: in the sweep back, exp at 400", "exp(x)"),
    ],
)
def test_derivatives_by_entries_say_where_they_became_infinite(
    expression: str, at: str, said: str, marked: str
) -> None:
    errors = [finding.explain() for finding in of_gradient(expression, at, gradient(expression, at))]
    (error,) = [error for error in errors if said in error.message]
    assert error.span is not None
    assert expression[slice(*error.span)] == marked


def test_derivatives_by_entries_say_what_has_no_value() -> None:
    for expression, said in (
        ("x[1]*sqrt(x[0])", "the adjoint that it multiplies is 0, and 0*inf has no value"),
        ("sqrt(x@x)", "the derivative of @ is not finite"),
        ("sqrt(x@x)", "the adjoint that it multiplies is inf\nthere, sqrt at 0 has the partial derivative inf"),
        ("sqrt(sum(x^2))", "the adjoint that it multiplies is inf\nthere, sqrt at 0 has the partial derivative inf"),
    ):
        assert said in refused("grad", expression, "--at", "x=[0,0]", status=1)


@pytest.mark.parametrize(
    ("expression", "at", "said"),
    [
        ("inv(X)", "X=[[1,2],[2,4]]", "inv is undefined here (entry [0, 0]): the matrix is singular"),
        ("sum(inv(X))", "X=[[1,2],[2,4]]", "inv is undefined here (entry [0, 0]): the matrix is singular"),
        ("solve(X, X[0])", "X=[[1,2],[2,4]]", "solve is undefined here (entry [0]): the matrix is singular"),
        ("sum(X)", "X=[1e308,1e308]", "the value is inf: sum overflows here"),
        ("X/2", "X=[1,inf]", "the value[1] is inf: X is inf (entry [1])"),
        ("2/X", "X=[[1,0]]", "the value[0,1] is inf: / is inf at 2, 0 (entry [0, 1])"),
        ("sum(X*X)", "X=[1e200]", "the value is inf: * is inf at 1e+200, 1e+200 (entry [0])"),
    ],
)
def test_values_of_arrays_say_where_they_were_born(expression: str, at: str, said: str) -> None:
    assert said in call("eval", expression, "--at", at).err


def test_a_coefficient_beyond_the_largest_float_is_no_corner() -> None:
    status, out, err = call("taylor", "atanh(x)", "--at", "x=0.7", "--order", "1000", "--format", "plain")
    assert status == 1 and out.startswith("c0=")
    assert "c591 is undefined (nan)\nhint: its formula is too long to say where; a lower order may do" in err
