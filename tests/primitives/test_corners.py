"""Where a derivative is a convention, where values are infinite, and where IEEE 754 has its say."""

from __future__ import annotations

import math
from math import inf, isnan, nan

import numpy as np
import pytest

from autodiffcli.chain import push
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.primitive import PRIMITIVES, Gate


def partials(name: str, *xs: float) -> list[float]:
    graph = Graph()
    op = PRIMITIVES[name]
    graph.apply(op, tuple(graph.input(f"x{k}") for k in range(len(xs))))
    values = run(graph, xs)
    found = [push(graph, values, {k: 1.0})[-1] for k in range(len(xs)) if op.rules(len(xs))[k] is not None]
    return [0.0 if d is None else d for d in found]


@pytest.mark.parametrize(
    ("name", "xs", "expected"),
    [
        ("sqrt", (0.0,), [inf]),
        ("sqrt", (-0.0,), [inf]),
        ("cbrt", (0.0,), [inf]),
        ("cbrt", (-0.0,), [inf]),
        ("hypot", (0.0, 0.0), [0.0, 0.0]),
        ("hypot", (1.7e308, 1.7e308), [math.sqrt(0.5), math.sqrt(0.5)]),
        ("pow", (0.0, 2.0), [0.0, 0.0]),
        ("pow", (0.0, 1.0), [1.0, 0.0]),
        ("pow", (0.0, 0.0), [0.0, -inf]),
        ("pow", (0.0, 0.5), [inf, 0.0]),
        ("pow", (0.0, 3.5), [0.0, 0.0]),
        ("pow", (5.0, 0.0), [0.0, math.log(5.0)]),
        ("pow", (-2.0, 3.0), [12.0, nan]),
        ("pow", (-2.0, -1.0), [-0.25, nan]),
        ("sinc", (0.0,), [0.0]),
        ("sinc", (5e-324,), [-0.0]),
        ("sinc", (3e-300,), [-1e-300]),
        ("asin", (1.0,), [inf]),
        ("acos", (-1.0,), [-inf]),
        ("acosh", (1.0,), [inf]),
        ("atanh", (-1.0,), [inf]),
        ("acot", (0.0,), [-1.0]),
        ("erfinv", (1.0,), [inf]),
        ("erfinv", (-1.0,), [inf]),
        ("ln", (0.0,), [inf]),
        ("abs", (0.0,), [0.0]),
        ("relu", (0.0,), [0.0]),
        ("max", (2.0, 2.0), [0.5, 0.5]),
        ("lambertw", (-0.36787944117144233,), [inf]),
        ("besselj", (1.0, 0.0), [0.5]),
        ("bessely", (0.0, 0.0), [inf]),
        ("sigmoid", (40.0,), [4.248354255291589e-18]),
        ("tanh", (40.0,), [7.219405551381661e-35]),
        ("log", (8.0, 2.0), [1 / (8 * math.log(2)), -3 / (2 * math.log(2))]),
    ],
)
def test_derivative(name: str, xs: tuple[float, ...], expected: list[float]) -> None:
    assert partials(name, *xs) == pytest.approx(expected, rel=4e-16, abs=0, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "xs", "expected"),
    [
        ("ln", (0.0,), -inf),
        ("ln", (-1.0,), nan),
        ("log2", (0.0,), -inf),
        ("log10", (-0.0,), -inf),
        ("log1p", (-1.0,), -inf),
        ("log1p", (-2.0,), nan),
        ("log", (8.0, 2.0), 3.0),
        ("log", (1000.0, 10.0), 3.0),
        ("log", (125.0, 5.0), 3.0),
        ("log", (2.0**-29, 0.5), 29.0),
        ("log", (5.0, 3.0), 1.4649735207179271),
        ("log", (5.0, 11.0), 0.6711877414712397),
        ("log", (0.0, 2.0), -inf),
        ("exp", (1000.0,), inf),
        ("exp", (-inf,), 0.0),
        ("exp2", (-1074.0,), 5e-324),
        ("expm1", (-inf,), -1.0),
        ("sinh", (-1000.0,), -inf),
        ("cosh", (-1000.0,), inf),
        ("sech", (710.5,), 2 * math.exp(-710.5)),
        ("csch", (-710.5,), -2 * math.exp(-710.5)),
        ("csch", (-0.0,), -inf),
        ("coth", (0.0,), inf),
        ("atanh", (1.0,), inf),
        ("atanh", (-1.0,), -inf),
        ("atanh", (2.0,), nan),
        ("acosh", (0.5,), nan),
        ("acoth", (1.0,), inf),
        ("acoth", (0.5,), nan),
        ("asech", (0.0,), inf),
        ("asech", (1.5,), nan),
        ("acsch", (-0.0,), -inf),
        ("asec", (0.5,), nan),
        ("asec", (-1.0,), math.pi),
        ("acsc", (inf,), 0.0),
        ("sin", (inf,), nan),
        ("tan", (-inf,), nan),
        ("cot", (0.0,), inf),
        ("cot", (-0.0,), -inf),
        ("acot", (0.0,), math.pi / 2),
        ("sinc", (0.0,), 1.0),
        ("hypot", (inf, nan), inf),
        ("pow", (0.0, -1.0), inf),
        ("pow", (-0.0, -3.0), -inf),
        ("pow", (-8.0, 0.5), nan),
        ("pow", (-inf, 0.5), inf),
        ("pow", (-0.0, 0.5), 0.0),
        ("pow", (nan, 0.0), 1.0),
        ("sigmoid", (-1000.0,), 0.0),
        ("sigmoid", (-710.0,), math.exp(-710.0)),
        ("softplus", (1000.0,), 1000.0),
        ("softplus", (-inf,), 0.0),
        ("silu", (-inf,), 0.0),
        ("gelu", (-inf,), 0.0),
        ("gelu", (inf,), inf),
        ("logit", (0.0,), -inf),
        ("logit", (1.0,), inf),
        ("logit", (0.5,), 0.0),
        ("logit", (1.5,), nan),
        ("logsumexp", (inf, 0.0), inf),
        ("logsumexp", (-inf, -inf), -inf),
        ("logsumexp", (nan, 0.0), nan),
        ("logsumexp", (-0.6931471805599453, -0.6931471805599453), 2.3190468138462996e-17),
        ("logsumexp", (-3.0,), -3.0),
        ("min", (0.3, nan), nan),
        ("erf", (-inf,), -1.0),
        ("erfc", (inf,), 0.0),
        ("erfcx", (inf,), 0.0),
        ("erfcx", (-30.0,), inf),
        ("erfinv", (1.0,), inf),
        ("erfinv", (1.5,), nan),
        ("gamma", (0.0,), inf),
        ("gamma", (-0.0,), -inf),
        ("gamma", (-1e-310,), -inf),
        ("gamma", (-1.0,), nan),
        ("gamma", (-inf,), nan),
        ("gamma", (172.0,), inf),
        ("factorial", (5.0,), 120.0),
        ("factorial", (22.0,), 1124000727777607680000.0),
        ("factorial", (-1.0,), inf),
        ("factorial", (171.0,), inf),
        ("lgamma", (0.0,), inf),
        ("lgamma", (-1.0,), inf),
        ("lgamma", (-inf,), inf),
        ("lgamma", (1.0,), 0.0),
        ("lgamma", (2.0,), 0.0),
        ("digamma", (-1.0,), nan),
        ("digamma", (0.0,), -inf),
        ("polygamma", (1.0, -2.0), inf),
        ("polygamma", (2.0, -2.0), nan),
        ("polygamma", (0.5, 2.0), nan),
        ("dsinc", (-1.0, 2.0), nan),
        ("dsinc", (1e9, 2e9), nan),
        ("dsinc", (0.0, 0.7), 0.9203109817681301),
        ("dsinc", (101.0, 2.0), nan),
        ("polygamma", (101.0, 2.5), nan),
        ("polygamma", (100.0, 2.5), -5.998777844943402e117),
        ("polygamma", (6.0, -2.0), nan),
        ("polygamma", (7.0, -2.0), inf),
        ("polygamma", (13.0, 0.0), inf),
        ("polygamma", (13.0, inf), 0.0),
        ("beta", (1.0, 1.0), 1.0),
        ("lbeta", (1.0, 1.0), 0.0),
        ("lambertw", (-0.36787944117144233,), -1.0),
        ("lambertw", (-0.4,), nan),
        ("lambertw", (inf,), inf),
        ("bessely", (0.0, 0.0), -inf),
        ("bessely", (0.0, -1.0), nan),
        ("bessely", (-0.5, -3.1), nan),
        ("besselj", (4000.0, 1e-3), 0.0),
        ("besselj", (0.0, inf), nan),
    ],
)
def test_value(name: str, xs: tuple[float, ...], expected: float) -> None:
    op = PRIMITIVES[name]
    got = op(*xs)
    with np.errstate(all="ignore"):
        arrays = op.array(*[np.array([x]) for x in xs])
    for y in (got, float(arrays[0])):
        assert (isnan(y) and isnan(expected)) or y == pytest.approx(expected, rel=1e-15, abs=0)


SPECIAL = [0.0, -0.0, inf, -inf, nan, 1.0, -1.0, 2.0, -2.0, 0.5, -1.5, 1.7e308, 5e-324, -5e-324, 172.0, -180.5, 711.0]


@pytest.mark.parametrize("name", [name for name, op in PRIMITIVES.items() if op.arity == (1, 1) and name[0] != "_"])
def test_floats_and_arrays_agree_at_special_points(name: str) -> None:
    op = PRIMITIVES[name]
    points = [0.0, 1.0] if name == "not" else SPECIAL
    with np.errstate(all="ignore"):
        arrays = op.array(np.array(points))
    floats = [op.evaluate(x) for x in points]
    assert list(arrays) == pytest.approx(floats, rel=1e-14, abs=0, nan_ok=True)
    if name != "sign":  # NumPy's sign(-0) is 0
        assert [math.copysign(1, y) for y in floats if y == 0] == [math.copysign(1, y) for y in arrays if y == 0]


@pytest.mark.parametrize("name", ["polygamma", "dsinc"])
def test_orders_may_differ_from_point_to_point(name: str) -> None:
    op = PRIMITIVES[name]
    orders, xs = [0.0, 1.0, 2.0, 0.5], [0.7, 2.3, -1.25, 1.0]
    expected = [op.evaluate(n, x) for n, x in zip(orders, xs, strict=True)]
    assert list(op.array(np.array(orders), np.array(xs))) == pytest.approx(expected, rel=1e-14, nan_ok=True)
    assert np.isnan(op.array(0.5, np.array(xs))).all()


def test_the_highest_order_of_sinc() -> None:
    expected = -0.0011337015660339773
    assert PRIMITIVES["dsinc"](100.0, 150.0) == pytest.approx(expected, rel=1e-14)
    assert PRIMITIVES["dsinc"](100.0, np.array([150.0])).tolist() == pytest.approx([expected], rel=1e-14)


@pytest.mark.parametrize("name", ["besselj", "bessely", "polygamma", "dsinc"])
def test_an_order_has_no_derivative(name: str) -> None:
    assert PRIMITIVES[name].rules(2)[0] is None


@pytest.mark.parametrize(
    ("name", "xs"),
    [
        ("sqrt", (0.0,)),
        ("cbrt", (0.0,)),
        ("hypot", (0.0, 0.0)),
        ("acot", (0.0,)),
        ("abs", (0.0,)),
        ("relu", (0.0,)),
        ("max", (1.0, 1.0)),
        ("sign", (0.0,)),
        ("heaviside", (0.0,)),
        ("leaky_relu", (0.0,)),
        ("floor", (1.0,)),
        ("floor", (-3.0,)),
        ("ceil", (2.0,)),
        ("trunc", (2.0,)),
        ("round", (0.5,)),
        ("round", (-2.5,)),
        ("clip", (1.0, -1.0, 1.0)),
    ],
)
def test_conventions_are_declared_as_corners(name: str, xs: tuple[float, ...]) -> None:
    op = PRIMITIVES[name]
    beside = [x + 0.25 * (k + 1) for k, x in enumerate(xs)]
    assert any(corner.at(op(*xs), *xs) for corner in op.corners)
    assert not any(corner.at(op(*beside), *beside) for corner in op.corners)


@pytest.mark.parametrize(
    ("name", "x"), [("floor", inf), ("floor", 0.5), ("round", 1.0), ("round", inf), ("ceil", -0.5)]
)
def test_where_a_step_has_no_jump(name: str, x: float) -> None:
    op = PRIMITIVES[name]
    assert not any(corner.at(op(x), x) for corner in op.corners)


def test_gates_select_and_never_scale() -> None:
    gated = {name for name, op in PRIMITIVES.items() if any(isinstance(rule, Gate) for rule in op.rules(3)[:3])}
    assert gated == {"abs", "relu", "clip", "where", "max", "min"}


@pytest.mark.parametrize("name", ["beta", "lbeta", "beta_slope"])
def test_beta_has_no_values_below_0(name: str) -> None:
    """Its formulas hold above; some gave -2 where it is -0.003."""
    op = PRIMITIVES[name]
    for xs in ((-2.373740288365491, -0.6261480369898109), (0.5, -0.7), (-1e-9, 2.0), (3.0, -1e30)):
        with np.errstate(all="ignore"):
            assert isnan(op.evaluate(*xs)) and isnan(op.array(*map(np.array, xs)))
