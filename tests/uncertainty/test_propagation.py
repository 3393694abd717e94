"""Propagated uncertainties against the package `uncertainties`, published examples, and samples drawn by NumPy."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import uncertainties
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from uncertainties import umath

from autodiffcli import MathError, RequestError, propagate
from autodiffcli.primitive import FUNCTIONS, Primitive
from autodiffcli.uncertainty import Uncertain

NUMERIC = {"gamma", "lgamma"}
"""Functions that `uncertainties` differentiates by difference quotients."""

DEPRECATED = {"floor", "ceil", "trunc", "factorial"}

OTHERS: dict[str, Callable[..., Any]] = {
    "ln": umath.log,
    "deg": umath.degrees,
    "rad": umath.radians,
}
KNOWN = OTHERS | {
    name: getattr(umath, name)
    for name, op in FUNCTIONS.items()
    if isinstance(op, Primitive) and op.name == name and hasattr(umath, name) and name not in DEPRECATED
}


def test_the_reference_knows_enough() -> None:
    assert len(KNOWN) >= 27
    assert {"exp", "atan2", "hypot", "erf", "pow"} <= KNOWN.keys()


@pytest.mark.parametrize("name", KNOWN)
def test_every_primitive_that_it_knows(name: str) -> None:
    op = FUNCTIONS[name]
    assert isinstance(op, Primitive)
    tried = 0
    for start in (-2.6, -0.6, 0.3, 0.7, 1.2, 2.5):
        given_ = [(start + 0.7 * k, 0.01 * (k + 1)) for k in range(op.arity[0])]
        try:
            wanted = KNOWN[name](*[uncertainties.ufloat(*pair) for pair in given_])
        except ValueError:  # beyond the domain
            continue
        names = [f"x{k}" for k in range(len(given_))]
        found = propagate(f"{name}({', '.join(names)})", dict(zip(names, given_, strict=True)))
        assert found.uncertainty == pytest.approx(
            uncertainties.std_dev(wanted), rel=1e-5 if name in NUMERIC else 1e-12, abs=1e-300
        )
        tried += 1
    assert tried


NAMES = ("x", "y", "z")
_grown: Callable[[Any], Any] = lambda part: st.one_of(
    st.tuples(part, st.sampled_from(["+", "-", "*", "/", "**"]), part).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
    st.tuples(st.sampled_from(["sin", "cos", "exp", "ln", "sqrt", "tanh", "atan", "asinh", "erf"]), part).map(
        lambda t: f"{t[0]}({t[1]})"
    ),
    st.tuples(st.sampled_from(["hypot", "atan2"]), part, part).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
)
EXPRESSIONS = st.recursive(st.sampled_from([*NAMES, "2.5", "0.5", "3.0"]), _grown, max_leaves=8)
MEASURED = st.tuples(st.floats(0.3, 3), st.floats(1e-3, 0.3))


@settings(max_examples=400, deadline=None)
@given(EXPRESSIONS, st.tuples(MEASURED, MEASURED, MEASURED), st.lists(st.floats(-1, 1), min_size=9, max_size=9))
def test_random_expressions_with_correlations(
    expression: str, measured: tuple[tuple[float, float], ...], numbers: list[float]
) -> None:
    used = [name for name in NAMES if name in _words(expression)]
    assume(used)
    rows = np.array(numbers).reshape(3, 3) + 0.1 * np.eye(3)
    covariance = rows @ rows.T
    scale = np.sqrt(np.diag(covariance))
    assume(scale.min() > 1e-3)
    rho = np.clip(covariance / np.outer(scale, scale), -1, 1)
    np.fill_diagonal(rho, 1.0)
    variables = uncertainties.correlated_values_norm(list(measured), rho)
    try:
        wanted = eval(expression, {**KNOWN, **dict(zip(NAMES, variables, strict=True))})
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        assume(False)
    assume(isinstance(wanted, uncertainties.core.AffineScalarFunc))
    assume(math.isfinite(wanted.std_dev) and abs(wanted.nominal_value) < 1e6 and wanted.std_dev < 1e6)
    pairs = {(a, b): rho[NAMES.index(a), NAMES.index(b)] for a in used for b in used if a < b}
    at = {name: measured[NAMES.index(name)] for name in used}
    found = propagate(expression, at, correlations=pairs)
    assert found.value == pytest.approx(wanted.nominal_value, rel=1e-12, abs=1e-12)
    most = max(abs(term.contribution) for term in found.terms)
    assert found.uncertainty == pytest.approx(wanted.std_dev, rel=1e-7, abs=1e-7 * most + 1e-13)
    _adds_up(found)


def _words(expression: str) -> set[str]:
    return set("".join(c if c.isalnum() else " " for c in expression).split())


def _adds_up(found: Uncertain) -> None:
    if found.uncertainty > 1e-6 * max(abs(term.contribution) for term in found.terms) > 0:
        shares = [part.share for part in found.terms] + [part.share for part in found.crosses]
        assert math.fsum(shares) == pytest.approx(1.0, rel=1e-9)
        for term in found.terms:
            assert term.share == pytest.approx((term.contribution / found.uncertainty) ** 2)


def test_the_impedance_of_the_guide() -> None:
    """JCGM 100, H.2: resistance, reactance and impedance from V, I and φ, correlated; its tables H.3 and H.4."""
    at = "V=4.9990±0.0032, I=19.6610e-3±0.0095e-3, φ=1.04446±0.00075"
    corr = "V,I=-0.36; V,φ=0.86; I,φ=-0.65"
    for formula, value, sigma in (
        ("V/I*cos(φ)", 127.732, 0.071),
        ("V/I*sin(φ)", 219.847, 0.295),
        ("V/I", 254.260, 0.236),
    ):
        found = propagate(formula + "+0*φ", at, correlations=corr)
        assert found.value == pytest.approx(value, abs=5e-4 + 1e-3)
        assert found.uncertainty == pytest.approx(sigma, rel=0.02)  # its correlations are rounded to two digits


def test_samples_agree() -> None:
    generator = np.random.default_rng(1)
    rho = 0.6
    x, y = generator.multivariate_normal(
        [2, 5], [[0.02**2, rho * 0.02 * 0.03], [rho * 0.02 * 0.03, 0.03**2]], 400_000
    ).T
    found = propagate("ln(x) + x*y - sin(y)", "x=2±0.02, y=5±0.03", correlations="x,y=0.6")
    assert found.uncertainty == pytest.approx(float(np.std(np.log(x) + x * y - np.sin(y))), rel=0.01)
    alone = propagate("ln(x) + x*y - sin(y)", "x=2±0.02, y=5±0.03")
    assert alone.uncertainty < 0.9 * found.uncertainty
    assert not found.poor


@pytest.mark.parametrize("rho", [0.0, 0.7, -1.0])
def test_samples_agree_with_the_second_order(rho: float) -> None:
    """Of a quadratic form of normal inputs nothing is beyond the second order."""
    generator = np.random.default_rng(2)
    x, y = generator.multivariate_normal([0, 0], [[0.01, rho * 0.02], [rho * 0.02, 0.04]], 400_000).T
    found = propagate("x^2 + 3x*y - y^2/2", "x=0±0.1, y=0±0.2", correlations={("x", "y"): rho})
    sampled = x**2 + 3 * x * y - y**2 / 2
    assert found.uncertainty == 0 and found.poor and found.second is not None
    assert found.second.uncertainty == pytest.approx(float(np.std(sampled)), rel=0.02)
    assert found.second.shift == pytest.approx(float(np.mean(sampled)), rel=0.03)


def test_the_second_order_beside_the_first() -> None:
    for at, poor in (("x=10±0.1", False), ("x=1±0.2", False), ("x=1±1", True), ("x=0.1±0.1", True)):
        assert propagate("x^2", at).poor is poor
    assert not propagate("1e9*x - 1e9*x + 3", "x=2±0.1").poor
    assert propagate("2x + 3y", "x=1±10,y=2±10").second == (0.0, 0.0)


def test_corners_are_named() -> None:
    assert propagate("abs(x) + y", "x=0±0.1, y=1").corners == ["abs(x) at 0: by convention abs'(0) = 0"]
    assert propagate("abs(x) + y", "x=0, y=1±0.1").corners == []
    assert propagate("abs(x)", "x=0.01±0.1").corners == []


def test_numbers_of_any_size() -> None:
    assert propagate("x + y", {"x": (0, 3e200), "y": (0, 4e200)}).uncertainty == pytest.approx(5e200, rel=1e-15)
    tiny = propagate("x + y", {"x": (0, 3e-200), "y": (0, 4e-200)})
    assert tiny.uncertainty == pytest.approx(5e-200, rel=1e-15, abs=0)
    assert propagate("x + y", {"x": (0, 3), "y": (0, 4)}).uncertainty == 5
    assert propagate("x", {"x": (1, 5e-324)}).uncertainty == 5e-324
    assert propagate("x + y", {"x": (1, 0), "y": 2}).uncertainty == 0


def test_what_cancels_cancels() -> None:
    found = propagate("x - y", {"x": (3, 0.2), "y": (1, 0.2)}, correlations={("y", "x"): 1})
    assert found.uncertainty == 0
    assert all(math.isnan(term.share) for term in found.terms)
    assert propagate("x - x", "x=1±0.1").terms[0].share == 0


def test_many_inputs() -> None:
    n = 20_000
    text = " + ".join(f"x{k}" for k in range(n))
    found = propagate(text, {f"x{k}": (1.0, 0.5) for k in range(n)})
    assert found.uncertainty == pytest.approx(0.5 * math.sqrt(n))
    assert found.second is None and len(found.terms) == n


def test_correlations_that_can_and_cannot_hold() -> None:
    rng = random.Random(3)
    refused = 0
    for _ in range(200):
        a, b, c = (rng.uniform(-1, 1) for _ in range(3))
        determinant = 1 + 2 * a * b * c - a * a - b * b - c * c  # with |ρ| < 1: semi-definite just where it is not < 0
        pairs = {("x", "y"): a, ("y", "z"): b, ("x", "z"): c}
        at = dict.fromkeys("xyz", (1.0, 0.1))
        if determinant < 0:
            refused += 1
            with pytest.raises(RequestError, match="cannot all hold"):
                propagate("x+y+z", at, correlations=pairs)
        else:
            assert propagate("x+y+z", at, correlations=pairs).uncertainty >= 0
    assert 20 < refused < 180
    ones = {("x", "y"): 1, ("y", "z"): 1, ("x", "z"): 1}  # singular, and allowed
    assert propagate("x+y-2z", dict.fromkeys("xyz", (1.0, 0.1)), correlations=ones).uncertainty < 1e-8


@pytest.mark.parametrize("given_", [(1.0, -0.1), (1.0, math.inf), (1.0, math.nan), (1.0,), (1.0, 0.1, 0.2)])
def test_uncertainties_that_are_none(given_: Any) -> None:
    if len(given_) == 1:
        assert propagate("x", {"x": given_}).uncertainty == 0
        return
    with pytest.raises(RequestError, match="the uncertainty of 'x' must be a finite number"):
        propagate("x", {"x": given_})


def test_derivatives_that_are_not_finite() -> None:
    with pytest.raises(MathError, match="the derivative by x is inf"):
        propagate("sqrt(x) + y", "x=0±0.1, y=1")
    assert propagate("sqrt(x) + y", "x=0, y=1±0.1").uncertainty == 0.1
    with pytest.raises(MathError, match="the uncertainty overflows: that of y"):
        propagate("x + 1e300*y", "x=1±1, y=1±1e10")
    with pytest.raises(MathError, match="ln is undefined at -1"):
        propagate("ln(x)", "x=-1±0.1")
