"""adcalc jacobian, hessian, jvp, vjp, hvp and taylor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import good, refused

PAIR = ("(x*y, x + y, sin(x))", "--at", "x=2,y=3")


def test_plain_lines_have_stable_names() -> None:
    assert good("jacobian", *PAIR).splitlines() == [
        "d_y1_x=3",
        "d_y1_y=2",
        "d_y2_x=1",
        "d_y2_y=1",
        "d_y3_x=-0.4161468365471424",
        "d_y3_y=0",
    ]
    lines = ["d2_x_x=10", "d2_x_y=6", "d2_y_x=6", "d2_y_y=0"]
    assert good("hessian", "x^2*y", "--at", "x=3,y=5").splitlines() == lines
    assert good("jvp", *PAIR, "--tangent", "x=1").splitlines() == ["y1=3", "y2=1", "y3=-0.4161468365471424"]
    assert good("vjp", *PAIR, "--cotangent", "-1,10,0").splitlines() == ["x=7", "y=8"]
    assert good("hvp", "x^2*y", "--at", "x=3,y=5", "--tangent", "1,0").splitlines() == ["x=10", "y=6"]
    assert good("taylor", "1/(1-x)", "--at", "x=0", "--order", "3").splitlines() == ["c0=1", "c1=1", "c2=1", "c3=1"]
    along = good("taylor", "(x*y, x)", "--at", "x=1,y=2", "--order", "1", "--along", "x=1")
    assert along.splitlines() == ["y1_c0=2", "y1_c1=2", "y2_c0=1", "y2_c1=1"]


def test_json() -> None:
    data = json.loads(good("jacobian", *PAIR, "--format", "json"))
    assert data["value"] == [6.0, 5.0, 0.9092974268256817]
    assert data["jacobian"] == [[3.0, 2.0], [1.0, 1.0], [-0.4161468365471424, 0.0]]
    assert (data["outputs"], data["inputs"]) == (["y1", "y2", "y3"], ["x", "y"])
    assert (data["mode"], data["passes"]) == ("forward", 2) and "reverse would take 3 passes" in data["reason"]
    data = json.loads(good("hessian", "x^2*y", "--at", "x=3,y=5", "--format", "json"))
    assert (data["value"], data["grad"], data["hessian"]) == (45.0, {"x": 30.0, "y": 9.0}, [[10.0, 6.0], [6.0, 0.0]])
    data = json.loads(good("jvp", *PAIR, "--tangent", "y=1", "--format", "json"))
    assert data["jvp"] == {"y1": 2.0, "y2": 1.0, "y3": 0.0} and data["value"]["y1"] == 6.0
    data = json.loads(good("hvp", "x^2*y", "--at", "x=3,y=5", "--tangent", "1,0", "--format", "json"))
    assert data == {"value": 45.0, "grad": {"x": 30.0, "y": 9.0}, "hvp": {"x": 10.0, "y": 6.0}}
    data = json.loads(good("taylor", "exp(x)", "--at", "x=0", "--order", "2", "--format", "json"))
    assert data == {"value": 1.0, "coefficients": [1.0, 1.0, 0.5], "order": 2, "along": {"x": 1.0}}


def test_a_large_sparse_matrix_is_told_by_its_entries() -> None:
    n = 150
    expression = f"({','.join(f'x{i}*x{i + 1}' for i in range(n))})"
    at = ",".join(f"x{i}={i + 1}" for i in range(n + 1))
    data = json.loads(good("jacobian", expression, "--at", at, "--format", "json"))
    assert data["jacobian"]["row"][:3] == [0, 0, 1] and data["jacobian"]["value"][:3] == [2.0, 1.0, 3.0]
    assert data["passes"] == 2 and len(data["colours"]) == n + 1
    assert good("jacobian", expression, "--at", at).splitlines()[:2] == ["d_y1_x0=2", "d_y1_x1=1"]
    assert good("jacobian", expression, "--at", at, "--format", "csv").startswith("row,column,value\ny1,x0,2\n")
    table = good("jacobian", expression, "--at", at, "--format", "table")
    assert "the 300 of 22,650 entries" in table and "forward in 2 passes for 151 inputs" in table


def test_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    table = good("jacobian", *PAIR, "--format", "table")
    assert "y3 = sin(x) = 0.909297" in table and " y3      −0.416147  0" in table
    assert "forward in 2 passes, one for each input" in table
    wide = "(a*b*c*d*f*g*h*i*j*k*l*m*n*o*p*q*r, a+k)"
    values = ",".join(f"{name}=1.2345678" for name in "abcdfghijklmnopqr")
    turned = good("jacobian", wide, "--at", values, "--format", "table")
    assert "∂column/∂row" in turned and max(map(len, turned.splitlines())) <= 80
    assert "derivative" in good("taylor", "exp(x)", "--at", "x=0", "--format", "table")
    for command, option in (("jvp", "--tangent"), ("hvp", "--tangent"), ("vjp", "--cotangent")):
        shown = good(command, "x*x", "--at", "x=3", option, "1", "--format", "table")
        assert "y = x·x = 9" in shown
        for format_ in ("csv", "tsv", "markdown", "latex", "html", "jsonl"):
            assert good(command, "x*x", "--at", "x=3", option, "1", "--format", format_)
    for format_ in ("csv", "tsv", "markdown", "latex", "html", "jsonl"):
        for name in ("jacobian", "hessian", "taylor"):
            assert good(name, "x*x", "--at", "x=3", "--format", format_)


def test_products_compose(tmp_path: Path) -> None:
    """J·v of one command is the w of the next: Jᵀ·J·v."""
    expression, at = "(x*y, x/y)", ("--at", "x=3,y=2")
    forward = good("jvp", expression, *at, "--tangent", "x=1")
    wanted = ["x=4.25", "y=5.625"]
    assert good("vjp", expression, *at, "--cotangent", "-", stdin=forward.encode()).splitlines() == wanted
    file = tmp_path / "w"
    file.write_text(forward)
    assert good("vjp", expression, *at, "--cotangent", f"@{file}").splitlines() == wanted
    assert "standard input can be read once" in refused("vjp", "-", *at, "--cotangent", "-", stdin=b"x*y")


def test_a_constant_has_a_taylor_series() -> None:
    assert good("taylor", "3", "--order", "2") == "c0=3\nc1=0\nc2=0\n"


def test_what_cannot_be_had() -> None:
    assert "ln is undefined at -1" in refused("jacobian", "(x, ln(x))", "--at", "x=-1", status=1)
    undefined = refused_after_output("jacobian", "(x, x*sqrt(x))", "--at", "x=0")
    assert "sqrt at 0 has the partial derivative inf" in undefined and "^^^^^^^" in undefined
    assert "y: c2 is undefined" in refused_after_output("taylor", "sqrt(x)", "--at", "x=0")
    assert "a Hessian has one output" in refused("hessian", "(x, y)", "--at", "x=1,y=2")
    assert "--cotangent is missing" in refused("vjp", "x", "--at", "x=1")
    assert "--tangent has 1 of 2 inputs" in refused("jvp", "x*y", "--at", "x=1,y=2", "--tangent", "1")
    assert "give one, for example --along x=1,y=1" in refused("taylor", "x*y", "--at", "x=1,y=2")
    assert "did you mean forward?" in refused("jacobian", "x", "--at", "x=1", "--mode", "forwrd")


def refused_after_output(*args: str) -> str:
    return refused(*args, status=1)
