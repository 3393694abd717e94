"""Difference quotients: their error estimates against mpmath, beside and on edges, at corners, and by complex steps."""

from __future__ import annotations

import math
import warnings

import mpmath as mp
import pytest

from autodiffcli import RequestError, gradient
from autodiffcli.backends.numeric import Numeric
from autodiffcli.differences import SCHEMES, Estimate, complex_step, estimate
from autodiffcli.graph import Graph
from autodiffcli.primitive import FUNCTIONS, PRIMITIVES, NotAnalytic, Primitive
from tests.differences.cases import Case, drawn, handmade
from tests.primitives.references import REFERENCES

REAL = [scheme for scheme in SCHEMES if scheme != "complex-step"]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [*handmade(7, 860), *drawn(7, 640)]


def estimated(case: Case, scheme: str) -> Estimate:
    x = case.at[case.name]
    return estimate(case.value, x, value=case.value(x)[0], scheme=scheme)


@pytest.mark.parametrize(("scheme", "share", "cost"), [("extrapolated", 0.99, 30), ("central", 0.985, 24)])
def test_the_error_estimate_bounds_the_error(cases: list[Case], scheme: str, share: float, cost: int) -> None:
    found = [(case, estimated(case, scheme)) for case in cases]
    bounded = sum(case.error(e.derivative) <= e.error for case, e in found)
    assert bounded >= share * len(found), f"{bounded} of {len(found)}"
    assert max(e.evaluations for _, e in found) <= cost
    # an error bar that says nothing bounds everything
    assert sum(math.isinf(e.error) for _, e in found) <= 0.01 * len(found)
    useful = sum(e.error <= 1e-5 * max(abs(case.true), 1e-5) for case, e in found)
    assert useful >= 0.75 * len(found), f"{useful} of {len(found)}"


def test_extrapolation_is_no_less_exact_than_numdifftools(cases: list[Case]) -> None:
    nd = pytest.importorskip("numdifftools")
    np = pytest.importorskip("numpy")
    ours, theirs, spent = [], [], [0, 0]
    for case in cases[:860:5]:
        x = case.at[case.name]

        def f(places: object, case: Case = case) -> object:
            spent[1] += np.size(places)
            return np.array([case.value(float(v))[0] for v in np.ravel(places)]).reshape(np.shape(places))

        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs.append(case.error(float(nd.Derivative(f)(x))) / (abs(case.true) or 1))
        found = estimate(case.value, x)
        spent[0] += found.evaluations
        ours.append(case.error(found.derivative) / (abs(case.true) or 1))
    middle = len(ours) // 2
    assert sorted(ours)[middle] <= sorted(theirs)[middle]
    assert spent[0] <= spent[1]


@pytest.mark.parametrize("scheme", REAL)
@pytest.mark.parametrize(
    ("text", "x", "true", "side"),
    [
        ("x^1.5+x", 0.0, 1.0, "right"),
        ("(1-x)^2.5+3*x", 1.0, 3.0, "left"),
        ("2*x+(x-3)^4.5", 3.0, 2.0, "right"),
        ("x*2+sqrt(x^5)", 0.0, 2.0, "right"),
    ],
)
def test_on_the_edge_of_the_domain_one_side_is_used_and_said(
    scheme: str, text: str, x: float, true: float, side: str
) -> None:
    result = gradient(text, {"x": x}, mode=Numeric(scheme))
    assert result.sides == {"x": side}
    assert abs(result.gradient["x"] - true) <= result.errors["x"] < 1e-2


def test_beside_an_edge_both_sides_are_used() -> None:
    for text, x, true in (("ln(x)", 1e-300, 1e300), ("sqrt(x)", 1e-12, 5e5), ("asin(x)", 1 - 1e-9, None)):
        result = gradient(text, {"x": x}, mode=Numeric("extrapolated"))
        exact = true or 1 / math.sqrt((1 - x) * (1 + x))
        assert not result.sides
        assert abs(result.gradient["x"] - exact) <= result.errors["x"] <= 1e-6 * exact


@pytest.mark.parametrize("scheme", ["central", "extrapolated"])
def test_a_corner_is_an_error_of_half_the_jump(scheme: str) -> None:
    for text, jump in (("abs(x)", 2.0), ("relu(x)", 1.0), ("max(x, 3*x)", 2.0)):
        result = gradient(text, {"x": 0.0}, mode=Numeric(scheme))
        assert result.errors["x"] >= 0.49 * jump


def test_evaluations_are_counted() -> None:
    calls = []

    def f(x: float) -> tuple[float, float]:
        calls.append(x)
        return math.sin(x), 1.0

    for scheme in REAL:
        calls.clear()
        assert estimate(f, 1.0, scheme=scheme).evaluations == len(calls) == len(set(calls))
    assert gradient("x*y*sin(x)", "x=2,y=3", mode=Numeric("complex-step")).evaluations == 5
    assert gradient("x*y*sin(x)", "x=2,y=3", mode="numeric").evaluations == 9


def test_a_step_that_is_given_is_taken() -> None:
    for scheme in REAL:
        assert estimate(lambda x: (x**3, x**3), 1.0, scheme=scheme, epsilon=0.5).step <= 0.5
    plain = estimate(lambda x: (x**3, x**3), 1.0, scheme="central", epsilon=0.5)
    assert plain.derivative == 3.25 and plain.error >= 0.25
    with pytest.raises(RequestError, match="lost in the rounding"):
        estimate(lambda x: (x, x), 1e9, scheme="extrapolated", epsilon=1e-9)
    for epsilon in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(RequestError, match="a step of"):
            complex_step(lambda z: (z, 1.0), 1.0, epsilon=epsilon)
    with pytest.raises(RequestError, match="there is no scheme 'ridders'"):
        estimate(lambda x: (x, x), 1.0, scheme="ridders")


def test_what_has_no_values_has_no_derivative() -> None:
    for scheme in REAL:
        found = estimate(lambda x: (math.nan, 0.0), 1.0, scheme=scheme)
        assert math.isnan(found.derivative) and found.error == math.inf


ANALYTIC = sorted(
    name
    for name, op in PRIMITIVES.items()
    if not name.startswith("_") and name in REFERENCES and isinstance(FUNCTIONS.get(name, op), Primitive)
)


@pytest.mark.parametrize("name", ANALYTIC)
def test_the_complex_step_is_right_for_every_primitive_that_allows_it(name: str) -> None:
    op = PRIMITIVES[name]
    reference = REFERENCES[name]
    for sample in op.samples:
        xs = sample if isinstance(sample, tuple) else (sample,)
        for k, x in enumerate(xs):
            rule = reference.partial(k)
            if rule is None or any(corner.at(op.evaluate(*xs), *xs) for corner in op.corners):
                continue
            graph = Graph()
            node = graph.apply(op, tuple(graph.input(f"x{n}") for n in range(len(xs))))
            graph.outputs = [node]
            try:
                found = Numeric("complex-step").gradient(graph, xs, [f"x{k}"], False)
            except RequestError:
                with pytest.raises(NotAnalytic):
                    op.analytic(*map(complex, xs))
                return
            with mp.workdps(50):
                true = float(mp.re(rule(*map(mp.mpf, xs))))
            if not math.isfinite(true) or abs(true) < 1e-290 or 0 < abs(x) < 1e-305:
                continue
            assert found.gradient[f"x{k}"] == pytest.approx(true, rel=1e-12, abs=1e-290), (name, xs, k, x)


def test_the_complex_step_loses_no_digits_where_differences_do() -> None:
    for text, x, true in (
        ("cos(x)", 1e-10, -1e-10),
        ("exp(x)*(x-1)^3", 1.0, 0.0),
        ("(-x)^7", 2.0, -448.0),
        ("x^-3", -2.0, -3 / 16),
        ("where(x < 1, x^2, erf(x))", 0.5, 1.0),
    ):
        found = gradient(text, {"x": x}, mode=Numeric("complex-step")) if "erf" not in text else None
        if found is not None:
            assert found.gradient["x"] == pytest.approx(true, rel=4e-16, abs=1e-30)


def test_the_complex_step_names_what_does_not_allow_it() -> None:
    with pytest.raises(RequestError) as refused:
        gradient("x*erf(2*x)", "x=1", mode=Numeric("complex-step"))
    assert refused.value.source[slice(*refused.value.span or (0, 0))] == "erf(2*x)"
    assert "--scheme extrapolated" in refused.value.hint
    assert gradient("x*erf(y)", "x=1,y=2", mode=Numeric("complex-step"), wrt=["x"]).gradient["x"] == math.erf(2.0)
