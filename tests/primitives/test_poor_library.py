"""Sines of a C library that loses digits beyond 1e8 are mended where that shows, and those of no other argument."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from autodiffcli.primitives import trigonometric
from autodiffcli.primitives.trigonometric import dsinc

POOR = 1 + 2.0**-40  # the factor by which the library is wrong


def zero(quarters: int) -> float:
    """Return the float next to so many times pi/2."""
    with mp.workdps(60):
        return float(quarters * mp.pi / 2)


TRUSTED = [0.7, -0.7, zero(2), zero(1), -zero(2), -zero(1), zero(2 * 10**6), zero(2 * 10**6 + 1), 1e9, -1e9]
MENDED = {
    "sin": [s * zero(k) for s in (1, -1) for k in (10**8, 2 * 10**9, 10**10)],
    "cos": [s * zero(k) for s in (1, -1) for k in (10**8 + 1, 2 * 10**9 + 1, 10**10 + 1)],
}
MENDED["tan"] = MENDED["sin"] + MENDED["cos"]


@pytest.fixture
def poor(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sin", "cos", "tan"):
        right: Callable[..., float] = getattr(math, name)
        monkeypatch.setattr(math, name, lambda x, right=right: right(x) * POOR)
        many: Callable[..., Any] = getattr(np, name)
        monkeypatch.setattr(np, name, lambda x, out=None, many=many: np.multiply(many(x), POOR, out=out))


@pytest.mark.parametrize("name", MENDED)
@pytest.mark.usefixtures("poor")
def test_only_small_results_of_large_arguments_are_computed_again(name: str) -> None:
    op = getattr(trigonometric, name)
    xs = TRUSTED + MENDED[name]
    with mp.workdps(60):
        true = [getattr(mp, name)(mp.mpf(x)) for x in xs]
    expected = [float(y) * POOR for y in true[: len(TRUSTED)]] + [float(y) for y in true[len(TRUSTED) :]]
    assert [op.evaluate(x) for x in xs] == pytest.approx(expected, rel=1e-15, abs=0)
    assert op.array(np.array(xs)).tolist() == pytest.approx(expected, rel=1e-15, abs=0)


# of the first derivative of sinc, which is about cos(x)/x there
@pytest.mark.parametrize("x", [zero(2 * 10**9 + 1), -zero(2 * 10**9 + 1), zero(10**10 + 1)])
@pytest.mark.usefixtures("poor")
def test_derivatives_of_sinc_next_to_their_zeros_are_computed_again(x: float) -> None:
    with mp.workdps(60):
        z = mp.mpf(x)
        true = float((mp.cos(z) - mp.sin(z) / z) / z)
    assert dsinc(1.0, x) == pytest.approx(true, rel=1e-15, abs=0)
    assert dsinc.array(1.0, np.array([x])).tolist() == pytest.approx([true], rel=1e-15, abs=0)


@pytest.mark.parametrize("x", [1e9, -1e9, zero(6 * 10**5 + 1) + 1e-5, zero(2 * 10**9 + 1) + 0.1, 30.0])
@pytest.mark.usefixtures("poor")
def test_other_derivatives_of_sinc_are_those_of_the_library(x: float) -> None:
    with mp.workdps(60):
        z = mp.mpf(x)
        true = float((mp.cos(z) - mp.sin(z) / z) / z) * POOR
    assert dsinc(1.0, x) == pytest.approx(true, rel=1e-14, abs=0)
    assert dsinc.array(1.0, np.array([x])).tolist() == pytest.approx([true], rel=1e-14, abs=0)
