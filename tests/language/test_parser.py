"""What is written means what LANGUAGE says, and what means nothing is explained."""

from __future__ import annotations

import math

import pytest

from autodiffcli import RequestError, evaluate, parse
from autodiffcli.interpreter import run


@pytest.mark.parametrize(
    ("text", "at", "value"),
    [
        ("-2^2", "", -4),
        ("2^-1", "", 0.5),
        ("2*-x", "x=3", -6),
        ("2--x", "x=1", 3),
        ("2^3^2", "", 512),
        ("2**3**2", "", 512),
        ("a-b-c", "a=1,b=2,c=3", -4),
        ("a/b/c", "a=8,b=2,c=2", 2),
        ("7%4-(-7)%4", "", 2),
        ("+x - -x", "x=1.5", 3),
        ("2x^2", "x=3", 18),
        ("-2x^2", "x=3", -18),
        ("3(x+1)", "x=2", 9),
        ("(a+b)(a-b)", "a=5,b=3", 16),
        ("2(x)(y)", "x=3,y=4", 24),
        ("2(x)y", "x=3,y=4", 24),
        ("2 sin(x)cos(x)", "x=pi/4", 1),
        ("a*2x", "a=2,x=3", 12),
        ("2x/4", "x=2", 1),
        ("3!", "", 6),
        ("2x!", "x=3", 12),
        ("1_000x", "x=2", 2000),
        ("1e3*x+.5*x-2.*x", "x=2", 1997),
        ("2e", "", 2 * math.e),
        ("0<x<1", "x=0.5", 1),
        ("0<x<1", "x=2", 0),
        ("1 if x>0 and not x>5 or x==-1 else 2", "x=-1", 1),
        ("where(x>0, 1, 2)", "x=0", 2),
        ("x if x>0 else y if y>0 else 7", "x=-1,y=-1", 7),
        ("log(8,2)", "", 3),
        ("max(1, x, 3)", "x=2", 3),
        # Unicode, as pasted from documents
        ("x²·y − 1", "x=3,y=2", 17),
        ("x⁻¹ × 4 ÷ 2", "x=2", 1),
        ("√x + √(x)", "x=4", 4),
        ("2√x", "x=4", 4),
        ("θ*x₁ + π - pi", "θ=2,x₁=3", 6),
        ("x ≤ 1", "x=1", 1),
        # Programs
        ("f(a,b) = a^b; g(x) = f(x,2)+c; g(3)+y", "c=1,y=2", 12),
        ("a = x*2  # twice\nb = (a\n + 1)\n\na+b;", "x=2", 9),
        ("y = x^2", "x=3", 9),
        ("x = 2; x^2", "", 4),
        ("f(x) = x+1; x*f(2)", "x=5", 15),
        ("\r\na = 1\r\na", "", 1),
    ],
)
def test_meaning(text: str, at: str, value: float) -> None:
    assert evaluate(text, at) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "the expression is empty", "write one"),
        ("# only a comment", "the expression is empty", ""),
        ("1/2x", "'1/2x' can be read in two ways", "(1/2)*x or 1/(2*x)"),
        ("1/-2x", "two ways", "(1/-2)*x or 1/(-2*x)"),
        ("6/2(1+2)", "two ways", "(6/2)*(1+2) or 6/(2*(1+2))"),
        ("x^2(y+1)", "two ways", "(x^2)*(y+1) or x^(2*(y+1))"),
        ("2^3x", "two ways", "(2^3)*x or 2^(3*x)"),
        ("√2x", "two ways", "(√2)*x or √(2*x)"),
        ("2x^2y", "'x^2y' can be read in two ways", ""),
        ("x y", "an operator is missing before 'y'", "x*y"),
        ("x²y", "an operator is missing", "x²*y"),
        ("2 3", "an operator is missing before '3'", "2*3"),
        ("x=2; x(y+1)", "'x' is not a function", "x*(y+1)"),
        ("x(y+1)", "there is no function 'x'", "x*(y+1)"),
        ("sine(x)", "there is no function 'sine'", "did you mean sin?"),
        ("sin", "'sin' is a function and needs its arguments", "sin(...)"),
        ("sin(x,y)", "sin takes 1 argument, not 2", ""),
        ("max()", "max takes at least 1 argument, not 0", ""),
        ("log(1,2,3)", "log takes 1 or 2 arguments, not 3", ""),
        ("(x", "'(' is not closed", "add ')'"),
        ("x)", "closes a parenthesis that was not opened", ""),
        ("()", "the value is an empty structure", ""),
        ("(x + )", "an operand is missing before ')'", ""),
        ("x+", "an operand is missing after '+'", ""),
        ("*x", "an operand is missing before '*'", ""),
        ("pi=3; pi", "'pi' is a constant and cannot be bound", "pi_"),
        ("ln=2; ln", "'ln' is a function and cannot be bound", "ln_"),
        ("a=1; a=2; a", "'a' is bound twice", ""),
        ("y=x; x=2; y", "'x' was used as an input before it is bound here", ""),
        ("x+1\ny", "this expression is not the last one", ""),
        ("f(n)=f(n-1); f(3)", "f calls itself", ""),
        ("f(x)=x", "there is no expression", ""),
        ("f(x)=x; f(1,2)", "f takes 1 argument, not 2", ""),
        ("f(x,x)=x; f(1,2)", "'x' cannot be a parameter of f", ""),
        ("x[0]", "takes an entry of a number", "--at x=[1, 2, 3]"),
        ("a@b", "@ is the product of arrays, and 'a' is a number", "multiplied by *"),
        ("|x|", "'|' has no meaning", "abs(x)"),
        ("x+1=2", "'=' is not expected here", "=="),
        ("1e999", "beyond the largest float", "inf"),
        ("1e-999", "below the smallest float", "0"),
        ("1__0", "'1__0' is not a number", ""),
        ("where(x,1,2)", "must be a condition", "x > 0"),
        ("x and y", "must be a condition", ""),
        ("a = ; b", "the statement ends too early", ""),
        ("x \x00", "has no meaning", ""),
    ],
)
def test_refusal(text: str, message: str, hint: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse(text)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.status == 2


def test_an_error_points_at_its_place() -> None:
    with pytest.raises(RequestError) as caught:
        parse("a = 1\nb = a +* 2\nb")
    assert caught.value.place() == (2, 8)
    assert caught.value.report().splitlines()[1:3] == ["  b = a +* 2", "         ^"]


def test_inputs_are_in_order_of_appearance() -> None:
    assert list(parse("f(t) = t*k; b + a*f(c)").inputs) == ["k", "b", "a", "c"]


def test_equal_parts_are_one_node_unless_asked_otherwise() -> None:
    assert parse("sin(x)*sin(x)").operations() == 2
    assert parse("sin(x)*sin(x)", share=False).operations() == 3


def test_nodes_know_their_source() -> None:
    graph = parse("ln(x1) + x1*x2")
    assert [graph.text(i) for i in range(len(graph))] == ["x1", "x2", "ln(x1)", "x1*x2", "ln(x1) + x1*x2"]


def test_names_are_compared_in_composed_form() -> None:
    assert list(parse("é + e\u0301").inputs) == ["é"]


@pytest.mark.parametrize(
    ("text", "operations"),
    [
        ("(" * 100_000 + "x" + ")" * 100_000, 0),
        ("sin(" * 100_000 + "x" + ")" * 100_000, 100_000),
        ("-" * 100_000 + "x", 100_000),
        ("+".join(f"x{i}" for i in range(300_000)), 299_999),
        ("x^" * 20_000 + "x", 20_000),
        ("1 if x>0 else " * 20_000 + "x", 20_001),
        ("\n".join(f"a{i} = x + {i}" for i in range(20_000)) + "\na7", 1),
    ],
    ids=["parentheses", "calls", "signs", "sum", "powers", "selections", "bindings"],
)
def test_depth_and_length(text: str, operations: int) -> None:
    graph = parse(text)
    assert graph.operations() == operations
    run(graph, [0.5] * len(graph.inputs))


def test_functions_that_double_are_stopped() -> None:
    lines = ["f0(x) = x+1", *[f"f{i}(x) = f{i - 1}(x*{i}) * f{i - 1}(x+{i})" for i in range(1, 60)], "f59(x)"]
    with pytest.raises(RequestError, match="expand this text to more than"):
        parse("\n".join(lines))
