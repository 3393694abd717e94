"""adcalc cost, families of expressions, and grad --checkpoint."""

from __future__ import annotations

import json

import pytest

from autodiffcli.costing.family import member
from autodiffcli.errors import RequestError
from tests.cli.support import good, refused


@pytest.mark.parametrize(
    ("template", "n", "wanted"),
    [
        ("x{i} * ...", 1, "x1"),
        ("x{i}*...", 3, "x1 * x2 * x3"),
        ("x{i} + …", 2, "x1 + x2"),
        ("ln(x{i} * ...) + 1", 2, "ln(x1 * x2) + 1"),
        ("y = a + b{i} * ...; y^2", 2, "y = (a + b1) * (a + b2); y^2"),
        ("(1 - x{i})^2 + 100*(x{i+1} - x{ i }^2)^2 + ...", 1, "((1 - x1)^2 + 100*(x2 - x1^2)^2)"),
        ("max(x{i - 1}, y{i} + ...)", 2, "max(x{i - 1}, y1 + y2)"),
        ("x ** ...", 2, "(x) ** (x)"),
    ],
)
def test_a_member_of_a_family(template: str, n: int, wanted: str) -> None:
    assert member(template, n) == wanted


@pytest.mark.parametrize("template", ["x1*x2", "...", "* ...", "x{i} ...", "f(...)", "x{i} + ... + y{i} + ..."])
def test_what_is_no_family(template: str) -> None:
    with pytest.raises(RequestError):
        member(template, 3)


def test_a_family_has_members_from_1_to_where_memory_ends() -> None:
    for n in (0, 10**9):
        with pytest.raises(RequestError, match="member"):
            member("x{i} * ...", n)


def test_plain_is_assignments() -> None:
    lines = dict(line.split("=") for line in good("cost", "x1*x2*x3*x4", "--format", "plain").splitlines())
    assert lines["naive_products"] == "8" and lines["reverse_products"] == "7"
    assert lines["checkpoint_sqrt_stored"] == "2" and lines["forward_passes"] == "4"
    assert not any(name.endswith("bytes") for name in lines)
    measured = good("cost", "x1*x2", "--at", "x1=2,x2=3")
    assert "backprop_bytes=" in measured


def test_json_holds_every_figure() -> None:
    data = json.loads(good("cost", "sin(sin(sin(sin(x))))", "--checkpoint", "sqrt,4", "--format", "json"))
    assert [mode["mode"] for mode in data["modes"]][-3:] == ["backprop", "sqrt", "4"]
    assert data["modes"][-2]["checkpoint"] == {"forward": 5, "stored": 3, "checkpoints": 1, "kept": 1}


def test_figures_for_programs_have_no_thousands_apart() -> None:
    for line in good("cost", "sin(x)", "--at", "x=1", "--format", "csv").splitlines()[1:]:
        assert all(not cell or float(cell) >= 0 for cell in line.split(",")[1:])


@pytest.mark.parametrize("format_", ["table", "csv", "tsv", "markdown", "latex", "html", "jsonl"])
def test_every_format(format_: str) -> None:
    for args in (("x1*x2*x3",), ("x{i} * ...", "--n", "3,10")):
        assert "naive" in good("cost", *args, "--format", format_)


def test_the_table_of_a_family() -> None:
    found = good("cost", "x{i} * ...", "--n", "3,10,100", "--format", "csv").splitlines()
    assert found[0] == 'n,value,naive,forward,reverse,backprop,stored,"stored, sqrt"'
    assert [line.split(",")[2] for line in found[1:]] == ["3", "80", "9800"]


def test_a_narrow_terminal_breaks_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = good("cost", "sin(" * 3000 + "x" + ")" * 3000, "--at", "x=1", "--format", "table")
    table = text.split("\n\n")[1].splitlines()
    assert len(table) == 10
    assert table[0].split() == ["mode", "evals", "products", "sums", "operations", "stored", "memory"]
    assert [line.split()[1] for line in table if "naive" in line] == ["2,999"]
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (("x1*x2", "--n", "3"), "no '...'"),
        (("x{i} * ...", "--n", "3,many"), "'many' is none"),
        (("x{i} * ...", "--n", "3", "--at", "x1=2"), "leave out --at"),
        (("x^2", "--checkpoint", "cube"), "'cube' is no budget"),
        (("x^2", "--at", "y=1"), "y"),
        (("x^2", "--precision", "3"), "there is no option --precision"),
        (("x{i} * ...",), "say how many terms ... stands for"),
        (("x{i} * ...", "--n", "100000000"), "smaller numbers"),
        (("(x*y, x+y)",), "adcalc jacobian takes several"),
    ],
)
def test_refusals(args: tuple[str, ...], wanted: str) -> None:
    assert wanted in refused("cost", *args)


def test_a_family_may_be_unshared() -> None:
    shared, alone = (good("cost", "sin(z)*x{i} + ...", "--n", "3", option) for option in ("--share", "--no-share"))
    assert "n3_value_operations=6\n" in shared and "n3_value_operations=8\n" in alone


@pytest.mark.parametrize("budget", ["sqrt", "binomial", "9"])
def test_grad_with_checkpoints(budget: str) -> None:
    chain = "sin(" * 40 + "x" + ")" * 40
    wanted = good("grad", chain, "--at", "x=1", "--mode", "backprop")
    assert good("grad", chain, "--at", "x=1", "--checkpoint", budget) == wanted
    assert good("grad", chain, "--at", "x=1", "--checkpoint", budget, "--mode", "backprop") == wanted
    assert "∂y/∂x" in good("grad", chain, "--at", "x=1", "--checkpoint", budget, "--format", "table")


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (("--at", "x=1", "--checkpoint", "sqrt", "--trace", "--format", "table"), "a trace shows every value"),
        (("--at", "x=1", "--checkpoint", "sqrt", "--mode", "forward"), "not to forward mode"),
        (("--checkpoint", "sqrt", "--points", "-"), "not to tables of points"),
        (("--checkpoint", "sqrt"), "'x' has no value"),
    ],
)
def test_grad_refuses(args: tuple[str, ...], wanted: str) -> None:
    assert wanted in refused("grad", "sin(x)", *args)
