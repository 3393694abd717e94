"""What takes more of SciPy than one of its functions. Importing this module imports SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sc

from autodiffcli.primitives.gamma_family import lgamma_near_2
from autodiffcli.primitives.powers import expsq, horner

__all__ = ["besselj", "bessely", "digamma", "erfc", "erfcx", "lgamma", "polygamma"]


def erfc(x: Any) -> Any:
    """Return erfc of arrays; in the tail SciPy's own loses hundreds of ulp to the rounding of x^2."""
    return np.where(x > 0.5, sc.erfcx(x) * expsq.array(-1.0, x), sc.erfc(x))


def erfcx(x: Any) -> Any:
    """Return erfcx of arrays; below 0 SciPy's own loses digits likewise."""
    return np.where(x < 0.0, sc.erfc(x) * expsq.array(1.0, x), sc.erfcx(x))


def lgamma(x: Any) -> Any:
    """Return lnΓ of arrays, with the full relative accuracy at its zeros 1 and 2 and good digits below 0."""
    inside = (x > -4.0) & (x < 2.5)
    y, product = np.where(inside, x, 1.0), np.ones_like(x)
    for _ in range(5):  # by Γ(x) = Γ(x + 1)/x up to 1/2 and more
        low = y < 0.5
        product = np.where(low, product * y, product)
        y = np.where(low, y + 1.0, y)
    low = y < 1.5
    z = np.where(low, y - 1.0, y - 2.0)
    near = lgamma_near_2(z) - np.where(low, np.log1p(z), 0.0) - np.log(np.abs(product))
    return np.where(inside, near, np.where(np.isinf(x), np.abs(x), sc.gammaln(x)))  # SciPy's own is -inf at -inf


def digamma(x: Any) -> Any:
    """Return ψ, below -3/4 by reflection: SciPy's own loses digits near its poles."""
    return np.where(np.less(x, -0.75), _reflected(0, x), sc.psi(x))


def polygamma(n: Any, x: Any) -> Any:
    """Return the n-th derivative of ψ, below 0 by reflection: there SciPy's own takes |x| steps."""
    if np.ndim(n):  # orders that differ from point to point
        return np.vectorize(polygamma, otypes=[float])(n, x)
    if not 0 <= n <= 100 or n % 1:
        return np.full_like(x, np.nan)
    if n == 0:
        return digamma(x)
    return np.where(np.less(x, 0.0), _reflected(int(n), x), sc.polygamma(int(n), np.maximum(x, 0.0)))


def besselj(n: Any, x: Any) -> Any:
    """Return J_n; SciPy's own loses digits at fractional orders, where Hankel's function does not."""
    return np.where(_oscillates(n, x), sc.hankel1(n, x).real, sc.jv(n, x))


def bessely(n: Any, x: Any) -> Any:
    """Return Y_n, likewise: there it is orders below 0 that lose digits."""
    return np.where(np.less(n, 0.0) & _oscillates(n, x), sc.hankel1(n, x).imag, sc.yv(n, x))


def _oscillates(n: Any, x: Any) -> Any:
    """Tell where J_n and Y_n are of one size, so that a complex function keeps the digits of both."""
    return (np.maximum(np.abs(n), 1.0) < x) & np.less(x, 100.0)


@np.errstate(all="ignore")
def _reflected(n: int, x: Any) -> Any:
    """Differentiate ψ(x) = ψ(1 - x) - π·cot(πx) n times."""
    coefficients = [0.0, 1.0]  # of the n-th derivative of cot as a polynomial of cot: cot' = -(1 + cot²)
    for _ in range(n):
        slopes = [k * c for k, c in enumerate(coefficients)][1:]
        coefficients = [-(a + b) for a, b in zip([*slopes, 0.0, 0.0], [0.0, 0.0, *slopes], strict=True)]
    part = x - np.round(x)  # exact, as π·x would not be
    total = horner(1.0 / np.tan(np.pi * part), tuple(coefficients))
    rest = 1.0 - np.minimum(x, 0.0)
    value = (-1.0) ** n * (sc.polygamma(n, rest) if n else sc.psi(rest)) - np.pi ** (n + 1) * total
    return np.where(part == 0.0, np.inf if n % 2 else np.nan, value)  # an odd pole has no sign
