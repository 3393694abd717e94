"""What derivatives are written with, and no function of the language, against mpmath: values, slopes and digits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from autodiffcli.chain import push
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.precise.prove import prove
from autodiffcli.primitive import PRIMITIVES
from tests.primitives.references import rise

POWERS = [(0.7, 2.0), (2.5, -1.5), (0.3, 8.0), (1.7, 0.5), (3.0, 1.0), (1e-3, 11.5)]
NEAR = [(-2.3,), (-0.9,), (0.3,), (0.999,), (1.001,), (1.7,), (7.5,)]
ORDERS = [(0.0, 0.7), (1.0, 2.3), (2.5, 10.0), (3.0, 1.25), (0.3, 0.05)]
sigma: Any = lambda x: 1 / (1 + mp.exp(-x))
HELPERS: dict[str, tuple[Any, list[Any]]] = {
    "_exp2_slope": (lambda x: mp.log(2) * mp.mpf(2) ** x, [(-1.25,), (0.7,), (1000.5,)]),
    "_power_slope": (lambda x, n: n * x ** (n - 1), [*POWERS, (-2.0, 3.0), (-1.5, 4.0), (-0.7, -3.0), (-0.7, 0.0)]),
    "_power_log": (lambda x, n: x**n * mp.log(x), POWERS),
    "_turn": (lambda c, a, b: c * a / (a * a + b * b), [(0.7, 3.0, -4.0), (1.0, 0.2, 0.3), (-0.5, -1.0, 0.1)]),
    "_sech_squared": (lambda x: mp.sech(x) ** 2, NEAR),
    "_csch_squared": (lambda x: mp.csch(x) ** 2, NEAR),
    "_sech_tanh": (lambda x: mp.sech(x) * mp.tanh(x), NEAR),
    "_csch_coth": (lambda x: abs(mp.csch(x) * mp.coth(x)) if x > 0 else mp.csch(x) * mp.coth(x), NEAR),
    "digamma1p": (lambda x: mp.digamma(1 + x), [(0.3,), (0.45,), (0.5,), (0.57,), (2.3,)]),
    "digamma_rise": (rise, [(10.5, 1.2), (0.7, 2.3), (2.5, 30.0)]),
    "beta_slope": (
        lambda a, b: mp.beta(a, b) * (mp.digamma(a) - mp.digamma(a + b)),
        [(0.7, 2.3), (12.5, 11.0), (3.0, 20.5), (20.5, 3.0)],
    ),
    "erfcx_slope": (
        lambda x: 2 * x * mp.exp(x * x) * mp.erfc(x) - 2 / mp.sqrt(mp.pi),
        [(-1.2,), (0.3,), (0.7,), (2.3,), (30.0,)],
    ),
    "besselj_slope": (lambda n, x: (mp.besselj(n - 1, x) - mp.besselj(n + 1, x)) / 2, ORDERS),
    "bessely_slope": (lambda n, x: (mp.bessely(n - 1, x) - mp.bessely(n + 1, x)) / 2, ORDERS),
    "lambertw_slope": (
        lambda x: 1 / (x + mp.exp(mp.lambertw(x))),
        [(-0.365,), (-0.3,), (-0.1,), (0.0,), (1.2,), (5.0,), (1e10,)],
    ),
    "silu_slope": (
        lambda x: sigma(x) + x * sigma(x) * sigma(-x),
        [(-30.0,), (-2.3,), (-1.2,), (0.0,), (0.7,), (9.0,)],
    ),
    "gelu_slope": (
        lambda x: mp.ncdf(x) + x * mp.npdf(x),
        [(-9.0,), (-1.7,), (-1.1,), (-0.7,), (-0.1,), (0.7,), (5.0,)],
    ),
}
CASES = [(name, xs) for name, (_, points) in HELPERS.items() for xs in points]


@pytest.mark.parametrize(("name", "xs"), CASES, ids=[f"{name}{xs}"[:-1] for name, xs in CASES])
def test_values_and_slopes(name: str, xs: tuple[float, ...]) -> None:
    f, op = HELPERS[name][0], PRIMITIVES[name]
    graph = Graph()
    graph.outputs = [graph.apply(op, tuple(graph.input(f"x{k}") for k in range(len(xs))))]
    wide: Any = [np.array([x, x]) for x in xs]
    with mp.workdps(50):
        exact = [mp.mpf(x) for x in xs]
        value = float(mp.re(f(*exact)))
        assert op(*xs) == pytest.approx(value, rel=1e-14)
        with np.errstate(all="ignore"):
            wide = op(*wide)
        assert wide.tolist() == pytest.approx([value] * 2, rel=1e-14)
        for k, rule in enumerate(op.rules(len(xs))):
            if rule is None or (name == "_power_slope" and xs[0] < 0 and k):
                continue
            step = mp.mpf("1e-20") * (1 + abs(exact[k]))
            ahead, behind = ([x + s * step * (n == k) for n, x in enumerate(exact)] for s in (1, -1))
            slope = float(mp.re((f(*ahead) - f(*behind)) / (2 * step)))
            found = push(graph, run(graph, xs), {k: 1.0})[-1]
            size = 1e-12 * abs(value) if name != "digamma_rise" else 1e-13
            assert (found or 0.0) == pytest.approx(slope, rel=1e-12, abs=size), k


HIGH = [
    (10.0, 8.0),
    (12.5, 9.3),
    (30.0, 25.0),
    (7.0, 6.5),
    (60.5, 45.0),
    (3.5, 4.3),
    (-2.5, 0.05),
    (-1.3, 0.01),
    (0.7, 39.0),
]


@pytest.mark.parametrize("name", ["besselj", "bessely", "besselj_slope", "bessely_slope"])
def test_bessel_functions_of_an_order_above_the_argument(name: str) -> None:
    f = {"besselj": mp.besselj, "bessely": mp.bessely}.get(name) or HELPERS[name][0]
    with mp.workdps(40):
        wanted = [float(f(mp.mpf(n), mp.mpf(x))) for n, x in HIGH]
    orders, xs = (np.array(column) for column in zip(*HIGH, strict=True))
    assert PRIMITIVES[name](orders, xs).tolist() == pytest.approx(wanted, rel=4e-15)
    assert [PRIMITIVES[name](n, x) for n, x in HIGH] == pytest.approx(wanted, rel=4e-15)


@pytest.mark.parametrize(("name", "xs"), CASES, ids=[f"{name}{xs}"[:-1] for name, xs in CASES])
def test_thirty_digits(name: str, xs: tuple[float, ...]) -> None:
    graph = Graph("", exact=True)
    names = [f"x{k}" for k in range(len(xs))]
    graph.outputs = [graph.apply(PRIMITIVES[name], tuple(map(graph.input, names)))]
    found = prove(graph, {n: str(Decimal(x)) for n, x in zip(names, xs, strict=True)}, [], "eval", 30).value
    with mp.workdps(60):
        true = mp.re(HELPERS[name][0](*map(mp.mpf, xs)))
        assert abs(mp.mpf(found) - true) <= abs(true) * mp.mpf("1e-29")


def test_balls_of_polygamma_are_of_the_orders_that_are_whole_numbers_to_100() -> None:
    from flint import arb

    ball: Any = PRIMITIVES["polygamma"].ball
    assert [ball(arb(n), arb(2.5)) for n in (-1, 101, 1.5)] == [None] * 3
    for n in (0, 1, 100):
        found = ball(arb(n), arb(2.5))
        assert found is not None
        assert float(found) == pytest.approx(float(mp.polygamma(n, mp.mpf(2.5))), rel=1e-14)
