"""Where one formula takes over from another, or a last correction tells: to four ulp, against mpmath."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from autodiffcli.primitive import PRIMITIVES
from tests.primitives.accuracy import error_in_ulps
from tests.primitives.references import REFERENCES, exact
from tests.primitives.test_helpers import HELPERS


def about(x: float) -> list[float]:
    """Return a float and its neighbours."""
    return [math.nextafter(x, -math.inf), x, math.nextafter(x, math.inf)]


def steps(low: float, high: float, count: int) -> list[float]:
    return [low + (high - low) * k / count for k in range(count)]


POINTS: dict[str, list[Any]] = {
    "gelu": steps(-2.0, -1.0, 32),
    "gelu_slope": [*about(-0.7517915246935645), *steps(-20.0, -2.0, 50), *steps(-2.0, -1.5, 16), -37.7, -37.8, -37.9],
    "silu_slope": [*about(-1.2784645427610737), -0.22057196513568222, *steps(0.75, 1.0, 4)],
    "digamma1p": [*about(0.46163214496836236), 0.362, 0.5615],
    "lgamma": [*steps(0.3, 4.6, 43), *about(-2.4570247382208006), *about(-3.1435808883499798)],
    "digamma": [*about(-0.5040830082644554), *about(-1.573498473162391), *about(-9.702672540001864)],
    "tan": [5.319372648326541e255, 6.123038577885125e65],
    "_power_slope": [
        *((x, n) for x in (1.2e-9, 3e-5, 0.7) for n in (5e-324, 7.36e-322, 1e-305)),
        *((x, n) for x in (1e-300, 1e-5, 0.3, 1.7, 1e5, 1e300) for n in (0.01, 1 / 30, -0.02, 0.7, 1 / 3)),
        *((x, n) for x in (1e-20, 0.3, 1.7, 1e20) for n in (7.3, 11.1, -9.7)),
        *((x, n) for x in (-0.3, -1.7, 0.3, 1.7) for n in (1.0, 2.0, -8.0, -9.0, 11.0, 12.0, 301.0)),
    ],
    "cbrt": [*steps(1.0, 8.0, 50), *steps(-1e-300, -1e-301, 20)],
}


@pytest.mark.parametrize("name", POINTS)
def test_four_ulp(name: str) -> None:
    points = [xs if isinstance(xs, tuple) else (xs,) for xs in POINTS[name]]
    f: Callable[..., Any] = HELPERS[name][0] if name in HELPERS else REFERENCES[name].value
    op = PRIMITIVES[name]
    with np.errstate(all="ignore"):
        arrays = op.array(*[np.array(column) for column in zip(*points, strict=True)])
    for xs, y in zip(points, arrays.tolist(), strict=True):
        true = exact(f, *xs)
        assert error_in_ulps(op(*xs), true) <= 4, xs
        assert error_in_ulps(y, true) <= 4, xs


def test_slopes_of_powers_without_a_number() -> None:
    slope = PRIMITIVES["_power_slope"]
    xs = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, -7.5, math.inf, -math.inf, math.nan]
    ns = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0, 0.5, -0.5, 7.5, 1e-200, math.inf, -math.inf, math.nan]
    pairs = [(x, n) for x in xs for n in ns]
    by_power = [0.0 if n == 0 else n * PRIMITIVES["pow"].evaluate(x, n - 1) for x, n in pairs]
    with np.errstate(all="ignore"):
        arrays = slope.array(*[np.array(column) for column in zip(*pairs, strict=True)])
    assert [slope.evaluate(x, n) for x, n in pairs] == pytest.approx(by_power, rel=1e-15, nan_ok=True)
    assert arrays.tolist() == pytest.approx(by_power, rel=1e-15, nan_ok=True)


def test_powers_times_logarithms_at_zero() -> None:
    power_log = PRIMITIVES["_power_log"]
    by_exponent = power_log.rules(2)[1]
    zeros, ns = np.zeros(4), np.array([0.5, 2.0, 0.0, -1.0])
    with np.errstate(all="ignore"):
        assert power_log.array(zeros, ns).tolist() == [0.0, 0.0, -math.inf, -math.inf]
        assert callable(by_exponent)
        assert by_exponent(np.array([0.0, 0.0, -math.inf]), zeros[:3], ns[:3]).tolist() == [0.0, 0.0, math.inf]
        assert by_exponent(2.0, np.array([1.0, 0.5]), np.array([2.0, 0.5])).tolist() == [0.0, 2.0 * math.log(0.5)]


def test_the_direction_of_no_vector_is_a_positive_zero() -> None:
    assert repr(PRIMITIVES["direction"](0.0, 0.0)) == "0.0"


def test_derivatives_of_powers_whose_exponents_vary() -> None:
    xs, ns = [0.3, 1.7, -1.7, 2.0, 1e200, 0.7], [0.01, 2.0, 3.0, -0.5, 0.3, 11.1]
    by_base = PRIMITIVES["pow"].rules(2)[0]
    assert callable(by_base)
    found = by_base(None, np.array(xs), np.array(ns))
    assert found.tolist() == pytest.approx([n * x ** (n - 1) for x, n in zip(xs, ns, strict=True)], rel=4e-15)


@pytest.mark.parametrize("off", [-4, 4])
def test_a_cube_root_of_the_c_library_that_is_four_ulp_off_is_mended(off: int, monkeypatch: pytest.MonkeyPatch) -> None:
    xs = [*steps(1.0, 8.0, 50), *steps(-1e-300, -1e-301, 20)]
    with mp.workdps(60):
        true = [REFERENCES["cbrt"].value(mp.mpf(x)) for x in xs]
        poor = {x: float(y) + off * math.ulp(float(y)) for x, y in zip(xs, true, strict=True)}
        monkeypatch.setattr(math, "cbrt", poor.__getitem__)
        monkeypatch.setattr(np, "cbrt", np.vectorize(poor.__getitem__))
        arrays = PRIMITIVES["cbrt"].array(np.array(xs)).tolist()
        for x, y, t in zip(xs, arrays, true, strict=True):
            assert max(error_in_ulps(PRIMITIVES["cbrt"](x), t), error_in_ulps(y, t)) <= 1, x


@pytest.mark.parametrize(("a", "b"), [(1.5, -3.7), (0.5, -166.96263073594193), (-2.5, 0.3493606166288118)])
def test_beta_close_to_1_where_an_argument_is_below_0(a: float, b: float) -> None:
    with mp.workdps(60):
        true = mp.log(abs(mp.beta(mp.mpf(a), mp.mpf(b))))
    op = PRIMITIVES["lbeta"]
    assert error_in_ulps(op(a, b), true) <= 4
    assert error_in_ulps(op.array(np.array([a]), np.array([b])).item(), true) <= 4
