"""Taylor coefficients against 60-digit arithmetic, and against derivatives of derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings

from autodiffcli import MathError, RequestError, evaluate, parse, taylor
from tests.strategies import expressions, points

mp = mpmath.mp

SERIES: list[tuple[str, Callable[[Any], Any], float]] = [
    ("exp(x)", mp.exp, 0.3),
    ("sin(x)", mp.sin, 0.7),
    ("cos(3*x)*exp(-x^2)", lambda x: mp.cos(3 * x) * mp.exp(-x * x), 0.8),
    ("ln(x)*x - sin(x)", lambda x: mp.log(x) * x - mp.sin(x), 2.0),
    ("x^2.5", lambda x: x ** mp.mpf(2.5), 1.3),
    ("x^7", lambda x: x**7, 0.0),
    ("x^x", lambda x: x**x, 1.5),
    ("x^pi", lambda x: x ** mp.mpf(math.pi), 1.5),
    ("2^x", lambda x: 2**x, 1.5),
    ("(1+x)/(1-x)", lambda x: (1 + x) / (1 - x), 0.25),
    ("1/(1+x^2)", lambda x: 1 / (1 + x * x), 0.5),
    ("sqrt(1+x^2)", lambda x: mp.sqrt(1 + x * x), 0.2),
    ("cbrt(x)", mp.cbrt, 1.7),
    ("tan(x)", mp.tan, 0.4),
    ("sec(x)", mp.sec, 0.4),
    ("asin(x)", mp.asin, 0.3),
    ("acos(x)", mp.acos, -0.2),
    ("atan(x)", mp.atan, 0.5),
    ("sinh(x)+tanh(x)", lambda x: mp.sinh(x) + mp.tanh(x), 0.3),
    ("acosh(x)", mp.acosh, 2.2),
    ("atan2(x, 2)*hypot(x, 3)", lambda x: mp.atan2(x, 2) * mp.hypot(x, 3), 0.9),
    ("erf(x)", mp.erf, 0.4),
    ("sigmoid(x)", lambda x: 1 / (1 + mp.exp(-x)), 1.2),
    ("softplus(x)", lambda x: mp.log(1 + mp.exp(x)), 0.3),
    ("gelu(x)", lambda x: x * (1 + mp.erf(x / mp.sqrt(2))) / 2, 0.6),
    ("sinc(x)", lambda x: mp.sin(x) / x, 1.1),
    ("logsumexp(x, 2*x, 1)", lambda x: mp.log(mp.exp(x) + mp.exp(2 * x) + mp.e), 0.2),
    ("besselj(2, x)", lambda x: mp.besselj(2, x), 1.5),
    ("lambertw(x)", mp.lambertw, 0.7),
    ("max(x^2, x)", lambda x: x, 0.5),
    ("where(x > 0, exp(x), ln(-1))", mp.exp, 0.5),
    ("abs(sin(x))", lambda x: -mp.sin(x), -0.5),
    ("exp(x) % 2", mp.exp, 0.3),
    ("besselj(1, x)*x^x", lambda x: mp.besselj(1, x) * x**x, 0.7),
    ("sigmoid(tanh(x^1.5)+ln(x))", lambda x: 1 / (1 + mp.exp(-mp.tanh(x ** mp.mpf(1.5))) / x), 0.7),
    ("D(sin(x)*exp(x), x)", lambda x: mp.exp(x) * (mp.sin(x) + mp.cos(x)), 0.3),
]


@pytest.mark.parametrize(("text", "f", "at"), SERIES, ids=[row[0] for row in SERIES])
def test_order_20_against_60_digits(text: str, f: Callable[[Any], Any], at: float) -> None:
    (found,) = taylor(text, {"x": at}, order=20).coefficients.values()
    with mpmath.workdps(60):
        wanted = mp.taylor(f, mp.mpf(at), 20)
        for k, (c, w) in enumerate(zip(found, wanted, strict=True)):
            # A coefficient that is small against its neighbours is the difference of larger numbers.
            scale = max(abs(w), *[abs(x) for x in wanted[max(k - 1, 0) : k + 2]])
            assert abs(c - w) <= mp.mpf("1e-12") * scale, (k, c, float(w))


def test_the_family_of_gamma() -> None:
    x = 2.3
    with mpmath.workdps(40):
        wanted = [float(mp.polygamma(k, x) / mp.factorial(k)) for k in range(21)]
        logs = [float(mp.loggamma(x)), *[float(mp.polygamma(k - 1, x) / mp.factorial(k)) for k in range(1, 21)]]
        slope = float(mp.diff(mp.gamma, x, 4) / 24)
    assert taylor("digamma(x)", {"x": x}, order=20).coefficients["y"] == pytest.approx(wanted, rel=1e-12)
    assert taylor("lgamma(x)", {"x": x}, order=20).coefficients["y"] == pytest.approx(logs, rel=1e-12)
    assert taylor("gamma(x)", {"x": x}, order=4).coefficients["y"][4] == pytest.approx(slope, rel=1e-12)


def test_along_a_direction() -> None:
    found = taylor("(x*exp(y), x^2 - y)", {"x": 1, "y": 0}, order=4, along="x=2,y=1").coefficients
    with mpmath.workdps(40):
        wanted = mp.taylor(lambda t: (1 + 2 * t) * mp.exp(t), 0, 4)
    assert list(found) == ["y1", "y2"]
    assert found["y1"] == pytest.approx([float(w) for w in wanted], rel=1e-14)
    assert found["y2"] == [1.0, 3.0, 4.0, 0.0, 0.0]


@settings(max_examples=500, deadline=None)
@given(expressions, points)
def test_the_first_orders_are_the_derivatives(text: str, at: dict[str, float]) -> None:
    graph = parse(text)
    if "x" not in graph.inputs:
        return
    point = {name: at[name] for name in graph.inputs}
    try:
        (found,) = taylor(graph, point, order=2, along={"x": 1}).coefficients.values()
        once, twice = (evaluate(d, _of(d, at)) for d in (f"D({text}, x)", f"D({text}, x, 2)"))
    except MathError:
        return  # undefined, there or here
    wanted = [once, twice / 2]
    for c, w in zip(found[1:], wanted, strict=True):
        if math.isfinite(c) and math.isfinite(w):
            assert c == pytest.approx(w, rel=1e-6, abs=1e-6 * max(1.0, *map(abs, wanted)))


def _of(text: str, at: dict[str, float]) -> dict[str, float]:
    return {name: at[name] for name in parse(text).inputs}


def test_depth_and_length() -> None:
    deep = "sin(" * 20_000 + "x" + ")" * 20_000
    ((c0, c1),) = taylor(deep, "x=0.5", order=1).coefficients.values()
    assert 0 < c1 < c0 < 0.5
    long = "+".join(f"x{i}*x{i + 1}" for i in range(20_000))
    (found,) = taylor(long, {f"x{i}": 1.0 for i in range(20_001)}, order=3, along=[1.0] * 20_001).coefficients.values()
    assert found == [20_000.0, 40_000.0, 20_000.0, 0.0]


def test_corners_and_edges() -> None:
    assert taylor("abs(x)", "x=0", order=2).coefficients["y"] == [0.0, 0.0, 0.0]  # by the convention abs'(0) = 0
    found = taylor("sqrt(x)", "x=0", order=2).coefficients["y"]
    assert found[1] == math.inf and math.isnan(found[2])
    assert taylor("floor(x)", "x=1.5", order=2).coefficients["y"] == [1.0, 0.0, 0.0]
    assert taylor("3", order=2, along={}).coefficients["y"] == [3.0, 0.0, 0.0]
    assert taylor("x", "x=2", order=0).coefficients["y"] == [2.0]


def test_refusals() -> None:
    with pytest.raises(MathError, match="ln is undefined at -1"):
        taylor("ln(x)", "x=-1")
    with pytest.raises(RequestError, match="a direction is missing: the expression has 2 inputs"):
        taylor("x*y", "x=1,y=2")
    with pytest.raises(RequestError, match="there is no order -1"):
        taylor("x", "x=1", order=-1)
    with pytest.raises(RequestError, match="besselj has no derivative in its argument number 1"):
        taylor("besselj(n, x)", "n=1,x=2", along="n=1")
    with pytest.raises(RequestError, match=r"takes more than .* products"):
        taylor("sin(x)", "x=1", order=1_000_000)
