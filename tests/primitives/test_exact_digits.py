"""The functions that serve where floats cancel, called by themselves: to the last digit, against mpmath."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import pytest

from autodiffcli.primitives import decimals, fixed
from tests.primitives.references import log_beta

ZEROS = [
    (0.0, 2.404825557695773),
    (1.0, 3.8317059702075125),
    (2.5, 5.763459196894550),
    (0.3, 0.7),
    (-0.5, 1.1),
    (-1.3, 2.0),
]
WAVES: list[tuple[float, ...]] = [*ZEROS, (3.0, 5.0), (-3.0, 5.0), (-2.0, 1.5), (7.0, 0.3), (0.0, 79.0), (1.0, 81.5)]
WAVES += [(0.0, 88.5), (2.0, 95.0), (1.7, 1293.0424672462448), (0.5, 1e22), (3.0, 100.0), (40.0, 30.0), (2.5, 30.0)]


def slope(f: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda n, x: (f(n - 1, x) - f(n + 1, x)) / 2


ROWS: list[tuple[Callable[..., float], Callable[..., Any], list[tuple[float, ...]]]] = [
    (decimals.besselj, mp.besselj, [*WAVES, (40.0, 0.5), (5000.0, 5000.0)]),
    (decimals.bessely, mp.bessely, WAVES),
    (decimals.besselj_slope, slope(mp.besselj), WAVES),
    (decimals.bessely_slope, slope(mp.bessely), WAVES[::3]),
    (decimals.lgamma, lambda x: mp.log(abs(mp.gamma(x))), [(x,) for x in (
        -2.4570247382208006, -0.3, -1.5, -7.7, 0.3, 1.0 + 2**-50, 2.0 - 2**-50, 2.5, 29.5, 30.5, -33.3, 2.0**-30,
    )]),
    (decimals.polygamma, lambda n, x: mp.polygamma(int(n), x) if x > 0 else mp.diff(mp.digamma, x, int(n)), [
        *((n, x) for n in (0, 1, 2, 3) for x in (-0.5040830082644554, -1.25, 0.7, 1.4616321449683623, 2.3, -3.5)),
        (0, 29.5), (0, 31.0), (4, 33.5), (4, 36.0), (7, 0.3), (3, -0.25), (0, 1.0), (3, 1.0), (25, 6.5),
    ]),
    (decimals.lbeta, log_beta, [(0.7, 1.5031173417152364), (0.3, 3.0), (1.3, 0.79), (1 - 2.0**-53, 1 + 2.0**-52),
                                (1e8, 1e-9), (1e15, 0.3), (1e-3, 1e3), (12.5, 33.0), (1e300, 0.3)]),
    (decimals.logsumexp, lambda *xs: mp.log(sum(map(mp.exp, xs))), [
        (-0.6931471805599453, -0.6931471805599453), (-3.0, -0.05, -7.0), (1.5, -190.0), (-0.3, -1.4), (-150.0, -160.0),
    ]),
    (fixed.sine, mp.sin, [(x,) for x in (0.3, 0.8, 1.6, 3.0, 4.0, 5.5, 7.0, -2.5, 1e22, 5.319372648326541e255)]),
    (fixed.cosine, mp.cos, [(x,) for x in (0.3, 0.8, 1.6, 3.0, 4.0, 5.5, 7.0, -2.5, 1e22, 5.319372648326541e255)]),
    (fixed.tangent, mp.tan, [(x,) for x in (0.3, 0.8, 1.6, 3.0, 4.0, 5.5, 7.0, -2.5, 1e22, 5.319372648326541e255)]),
]  # fmt: skip
CASES = [(f, true, xs) for f, true, points in ROWS for xs in points]


@pytest.mark.parametrize(("f", "true", "xs"), CASES, ids=[f"{f.__name__}{xs}"[:-1] for f, _, xs in CASES])
def test_the_last_digit(f: Callable[..., float], true: Callable[..., Any], xs: tuple[float, ...]) -> None:
    with mp.workdps(80 + int(min(max(map(abs, xs)), 300))):
        wanted = mp.re(true(*map(mp.mpf, xs)))
        assert abs(f(*xs) - wanted) <= 0.5000001 * math.ulp(float(wanted))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 6])
@pytest.mark.parametrize("x", [1.0, -2.5, 4.493409457909064, 7.725251836937707, 1e9, 1e22])
def test_derivatives_of_sinc(n: int, x: float) -> None:
    with mp.workdps(80):
        z = mp.mpf(x)
        wanted = sum(
            mp.binomial(n, k) * mp.sin(z + (n - k) * mp.pi / 2) * (-1) ** k * mp.factorial(k) / z ** (k + 1)
            for k in range(n + 1)
        )
        assert abs(fixed.sinc_derivative(n, x) - wanted) <= 0.5000001 * math.ulp(float(wanted))


@pytest.mark.parametrize("bits", [64, 256, 511, 700, 1538])
def test_as_many_bits_as_are_asked_for(bits: int) -> None:
    for x in (0.7, 2.2, -4.0, 5.6, 1e8, 1e300):
        with mp.workprec(bits + 1200):
            for found, true in zip(fixed.sine_cosine(x, bits), (mp.sin(x), mp.cos(x)), strict=True):
                assert abs(mp.ldexp(found, -bits) - true) < mp.ldexp(1, 8 - bits)


def test_the_derivative_of_the_cotangent_is_a_polynomial() -> None:
    for n in range(6):
        cot = mp.cot(mp.mpf("0.7"))
        value = sum(c * cot**k for k, c in enumerate(decimals.cotangent_derivative(n)))
        assert value == pytest.approx(mp.diff(mp.cot, mp.mpf("0.7"), n), rel=1e-8)
