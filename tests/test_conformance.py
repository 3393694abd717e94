"""Values and gradients to 25 digits, in every mode."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from autodiffcli import gradient, parse
from autodiffcli.backends import EXACT

LINES = [json.loads(line) for line in (Path(__file__).parent / "data" / "scalar.jsonl").read_text().splitlines()]
SPECIAL = ("erf", "gamma", "lgamma", "digamma", "bessel", "beta", "lambert")


def allowed(line: dict[str, Any], true: float) -> float:
    """Return the error allowed: 4 ulp for one elementary primitive, 16 for a special function, else 1e-14 relative."""
    graph = parse(line["expr"])
    if graph.operations() == 1:
        return (16 if line["expr"].startswith(SPECIAL) else 4) * math.ulp(true)
    return 1e-14 * abs(true)


@pytest.mark.parametrize("mode", EXACT)
@pytest.mark.parametrize("line", LINES, ids=lambda line: line["id"])
def test_exact_modes_give_the_digits(line: dict[str, Any], mode: str) -> None:
    result = gradient(line["expr"], {name: float(x) for name, x in line["at"].items()}, mode=mode)
    found = {"value": result.value} | {f"d_{name}": d for name, d in result.gradient.items()}
    wanted = {"value": line["value"]} | {f"d_{name}": d for name, d in line["grad"].items()}
    assert found.keys() == wanted.keys()
    for name, digits in wanted.items():
        true = float(digits)
        error = abs(Decimal(found[name]) - Decimal(digits))
        assert error <= Decimal(allowed(line, true)), (name, found[name], digits)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["id"])
def test_differences_are_within_their_own_error(line: dict[str, Any]) -> None:
    result = gradient(line["expr"], {name: float(x) for name, x in line["at"].items()}, mode="numeric")
    for name, digits in line["grad"].items():
        assert abs(result.gradient[name] - float(digits)) <= result.errors[name]
        assert result.errors[name] <= 1e-5 * max(
            1.0, abs(float(digits))
        )  # an error bar that says nothing is no estimate


def test_tails_that_others_lose() -> None:
    assert gradient("sigmoid(x)", "x=40").gradient["x"] == pytest.approx(4.248354255291589e-18, rel=1e-15)
    assert gradient("tanh(x)", "x=40").gradient["x"] == pytest.approx(7.219405551381661e-35, rel=1e-15)
