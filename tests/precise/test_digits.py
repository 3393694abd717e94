"""Proven digits against sixty-digit arithmetic that shares nothing with ours, in every exact mode."""

from __future__ import annotations

import json
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import mpmath as mp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autodiffcli import MathError, RequestError, gradient, proven
from autodiffcli.backends import EXACT
from tests.primitives.references import REFERENCES
from tests.strategies import NAMES, expressions
from tests.test_independent import COORDINATES, at_corner

LINES = [json.loads(line) for line in (Path(__file__).parents[1] / "data" / "scalar.jsonl").read_text().splitlines()]
EXAMPLES = 2_000 if "ADCALC_ALL_DIGITS" in os.environ else 150


def _power(x: Any, n: Any) -> Any:
    return mp.mpf(1) if n == 0 else x**n


FUNCTIONS: dict[str, Any] = {name: reference.value for name, reference in REFERENCES.items()} | {
    "log": lambda x, b=mp.e: mp.log(x) / mp.log(b),
    "pow": _power,
    "leaky_relu": lambda x: x if x > 0 else x / 100,
    "mpf": mp.mpf,
    "pi": mp.pi,
    "e": mp.e,
}


def code(text: str) -> Any:
    """Return an expression of the language as Python's, its numbers exact."""
    text = re.sub(r"(?<![\w.])(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)", r'mpf("\1")', text)
    return compile(text.replace("^", "**"), "expression", "eval")


def value(compiled: Any, **names: Any) -> Any:
    return eval(compiled, {"__builtins__": {}, **FUNCTIONS}, names)


def rounds_to(text: str, true: Any, digits: int) -> bool:
    """Whether a proven text is the true number rounded to so many digits."""
    found, wanted = Decimal(text), Decimal(mp.nstr(true, digits + 30))
    ulp = Decimal(1).scaleb(wanted.adjusted() - digits + 1) if abs(wanted) > Decimal("1e-1000") else Decimal("1e-60")
    return abs(found - wanted) <= ulp * Decimal("0.50000000001")


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["id"])
def test_conformance(line: dict[str, Any]) -> None:
    """All modes agree with the 25 digits of the corpus, and with 60-digit arithmetic on all 40."""
    results = [proven(line["expr"], line["at"], digits=40, mode=mode) for mode in EXACT]
    wanted = {"value": line["value"]} | line["grad"]
    compiled = code(line["expr"])
    with mp.workdps(60):
        exact = {name: mp.mpf(text) for name, text in line["at"].items()}
        true = {"value": value(compiled, **exact)}
    with mp.workdps(150):  # a difference quotient of sixty digits
        exact = {name: mp.mpf(text) for name, text in line["at"].items()}
        for name in line["grad"]:
            true[name] = mp.diff(lambda x, name=name: value(compiled, **{**exact, name: x}), exact[name])
    for result in results:
        found = {"value": result.value} | result.gradient
        assert found == {"value": results[0].value} | results[0].gradient
        for name, digits in wanted.items():
            assert rounds_to(found[name], true[name], 40)
            assert abs(Decimal(found[name]) - Decimal(digits)) <= Decimal(1).scaleb(Decimal(digits).adjusted() - 24)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions, st.fixed_dictionaries(dict.fromkeys(NAMES, COORDINATES)), st.sampled_from(EXACT))
def test_random_expressions(text: str, at: dict[str, float], mode: str) -> None:
    """What is printed is the true number, rounded; what the evaluator finds undefined is not printed."""
    compiled = code(text)
    names = [name for name in NAMES if re.search(rf"\b{name}\b", text)]
    point = {name: at[name] for name in names}
    try:
        found = proven(text, point, digits=25, mode=mode)
    except MathError:
        return
    with mp.workdps(400):
        exact = {name: mp.mpf(x) for name, x in point.items()}
        try:
            true = value(compiled, **exact)
        except (ValueError, ZeroDivisionError, OverflowError, TypeError):
            return
        if isinstance(true, mp.mpc) or not mp.isfinite(true) or found.value in ("inf", "-inf"):
            return
        if true != 0 and abs(mp.log10(abs(true))) > 200:
            return
        assert rounds_to(found.value, true, 25), (found.value, mp.nstr(true, 40))
    try:
        result = gradient(text, point, trace=True)
    except (MathError, RequestError):
        return
    if at_corner(result.graph, result.values):
        return
    for name, derivative in found.gradient.items():
        with mp.workdps(400):
            try:
                true = mp.diff(lambda x, name=name: value(compiled, **{**exact, name: x}), exact[name])
            except (ValueError, ZeroDivisionError, OverflowError, TypeError):
                continue
            if isinstance(true, mp.mpf) and mp.isfinite(true) and "inf" not in derivative:
                # a difference quotient of a constant is some rounding error
                assert rounds_to(derivative, true, 25) or abs(true) < mp.mpf(10) ** -100, (name, derivative, true)
