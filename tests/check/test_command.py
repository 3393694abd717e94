"""adcalc check."""

from __future__ import annotations

import json

import pytest

from tests.check.faults import faults
from tests.cli.support import LECTURE, call, good, refused

AT = ("--at", "x1=2,x2=5")


def test_plain_is_assignments() -> None:
    lines = dict(line.split("=") for line in good("check", LECTURE, *AT).splitlines())
    assert lines["verdict"] == "passed"
    product = 5.5 * float(lines["delta_x1"]) + 1.7163378145367738 * float(lines["delta_x2"])
    assert float(lines["reverse_along"]) == pytest.approx(product, rel=1e-14)
    assert abs(product - float(lines["quotient"])) <= float(lines["tolerance"]) < 1e-9
    assert {"forward_x1", "backprop_x1", "symbolic_x2", "error", "epsilon", "evaluations"} <= lines.keys()
    assert "quotient_x1" not in lines
    assert "quotient_x1=5.4999" in (text := good("check", LECTURE, *AT, "--per-input")) or "quotient_x1=5.5" in text


@pytest.mark.parametrize("format_", ["table", "csv", "tsv", "markdown", "latex", "html", "json", "jsonl"])
def test_every_format(format_: str) -> None:
    assert "passed" in good("check", LECTURE, *AT, "--format", format_)
    assert good("check", LECTURE, *AT, "--sweep", "--format", format_)


def test_json_holds_every_figure() -> None:
    data = json.loads(good("check", LECTURE, *AT, "--against", "x2=1.716", "--format", "json", "--mode", "forward"))
    assert data["verdict"] == "passed" and data["grad"] == {"x1": 5.5, "x2": 1.7163378145367738}
    assert [mode["mode"] for mode in data["modes"]] == ["forward"]
    assert data["against"][0]["right"] is True and data["quotients"][0]["input"] is None


def test_the_sweep_is_data() -> None:
    data = json.loads(good("check", LECTURE, *AT, "--sweep", "--format", "json"))
    assert len(data["epsilon"]) == len(data["curves"][0]["errors"]) == len(data["curves"][1]["errors"])
    rows = good("check", LECTURE, *AT, "--sweep", "--format", "csv").splitlines()
    assert rows[0] == "ε,one-sided error,central error" and len(rows) == 1 + len(data["epsilon"])
    assert "central_slope=1.9" in good("check", LECTURE, *AT, "--sweep") or "central_slope=2" in good(
        "check", LECTURE, *AT, "--sweep"
    )


@pytest.mark.parametrize("columns", ["80", "120", "40"])
def test_the_plot_fits(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    text = good("check", LECTURE, *AT, "--sweep", "--format", "table")
    assert max(map(len, text.splitlines())) <= int(columns)
    assert text.count("○") > 10 and text.count("●") > 10 and "10⁻⁸" in text
    assert max(map(len, good("check", LECTURE, *AT, "--format", "table").splitlines())) <= max(int(columns), 60)


def test_exit_statuses() -> None:
    wrong = call("check", LECTURE, *AT, "--against", "x2=1.717")
    assert wrong.status == 1 and "not 1.717 but 1.716337815" in wrong.err and "given_x2=wrong" in wrong.out
    edge = call("check", "abs(x)", "--at", "x=0")
    assert edge.status == 0 and "verdict=undecided" in edge.out and edge.err.startswith("warning: ")
    assert "ln is undefined at -1" in refused("check", "ln(x)", "--at", "x=-1", status=1)


def test_a_fault_in_a_rule_is_shown_in_the_source() -> None:
    fault = next(one for one in faults(40, seed=3) if one.op.name in ("sin", "exp", "tan", "cosh", "tanh", "cos"))
    x = fault.point[0]
    with fault.planted():
        done = call("check", f"1 + {fault.op.name}(x)", "--at", f"x={x!r}")
    assert done.status == 1 and "verdict=failed" in done.out
    assert f"the derivative of {fault.op.name} at" in done.err
    assert f"  1 + {fault.op.name}(x)\n      ^" in done.err


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (("--sweep", "--against", "x1=1"), "--against does nothing"),
        (("--sweep", "--per-input"), "--per-input does nothing"),
        (("--mode", "numeric"), "not one of"),
        (("--epsilon", "0"), "a step of 0 is none"),
        (("--wrt", "z"), "'z' is not an input"),
    ],
)
def test_refusals(args: tuple[str, ...], wanted: str) -> None:
    assert wanted in refused("check", LECTURE, *AT, *args)
