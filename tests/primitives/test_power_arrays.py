"""Slopes of powers over arrays: against mpmath, over the whole range, and each entry by itself."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from autodiffcli.primitives.power_arrays import power, slope
from autodiffcli.primitives.powers import pow as power_of_floats
from autodiffcli.primitives.powers import power_slope

RANDOM = np.random.default_rng(8)
EXPONENTS = (1 / 3, 2 / 3, 0.05, 0.7, -0.3, 1.1, 5.3, 6.9, -6.9, 7.1, 0.04)


@pytest.mark.parametrize("n", EXPONENTS)
def test_slopes_are_right_to_four_ulps(n: float) -> None:
    bases = np.exp2(np.concatenate([RANDOM.uniform(-1000, 1000, 200), RANDOM.uniform(-130, 130, 200)]))
    with np.errstate(all="ignore"):
        results = slope(bases, n)
    with mp.workprec(200):
        for x, got in zip(bases.tolist(), results.tolist(), strict=True):
            true = n * mp.mpf(x) ** (mp.mpf(n) - 1)
            if 1e-300 < true < 1e300 or -1e300 < true < -1e-300:
                assert abs(got - true) <= 4 * math.ulp(float(true)), x


def test_entries_that_are_not_ordinary_have_what_a_point_has() -> None:
    odd = [0.0, -0.0, -2.0, -math.inf, math.inf, math.nan, 5e-324, 1e-39, 1e39, 1.7e308]
    for n in EXPONENTS:
        with np.errstate(all="ignore"):
            found = slope(np.array([2.0, *odd]), n)[1:]
        np.testing.assert_allclose(found, [power_slope.evaluate(x, n) for x in odd], rtol=4 * 2.0**-52)


@pytest.mark.parametrize("exponents", [0.5, np.array(0.5), np.array([0.5]), np.array([[0.5], [1.5], [-0.5], [2.0]])])
def test_powers_of_what_has_no_root(exponents: Any) -> None:
    bases = np.array([-math.inf, -0.0, 0.0, -2.0, 4.0, math.inf, math.nan])
    with np.errstate(all="ignore"):
        found, exact = np.broadcast_arrays(power(bases, exponents), exponents)
        into = np.empty(found.shape)
        assert power(bases, exponents, into) is into
    np.testing.assert_array_equal(into, found)
    for x, n, y in zip(np.broadcast_to(bases, found.shape).flat, exact.flat, found.flat, strict=True):
        assert repr(float(y)) == repr(power_of_floats.evaluate(float(x), float(n))), (x, n)


def test_bases_and_exponents_of_any_shape() -> None:
    thirds = [power_slope.evaluate(x, 1 / 3) for x in (8.0, 0.0)]
    with np.errstate(all="ignore"):
        assert [slope(8.0, 1 / 3), slope(0.0, 1 / 3)] == pytest.approx(thirds, rel=4 * 2.0**-52)
        both = slope(np.array([8.0, 0.0]), np.array([1 / 3, 1 / 3]))
    np.testing.assert_allclose(both, thirds, rtol=4 * 2.0**-52)


def test_an_entry_does_not_depend_on_its_neighbours() -> None:
    bases = np.array([0.3, 2.0, 0.0, 1e200, 7.0])
    with np.errstate(all="ignore"):
        assert slope(bases, 1 / 3).tolist() == [slope(bases[k : k + 1], 1 / 3)[0] for k in range(5)]
