"""What takes more of SciPy than one of its functions. Importing this module imports SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc

from autodiffcli.primitives import decimals
from autodiffcli.primitives import gamma_family as family
from autodiffcli.primitives.fixed import mended
from autodiffcli.primitives.gamma_family import lbeta_formula, lgamma_near_2
from autodiffcli.primitives.powers import expsq, horner
from autodiffcli.primitives.special import ERFCX_SERIES, chebyshev
from autodiffcli.primitives.trigonometric import cos, sin

__all__ = [
    "besselj",
    "besselj_slope",
    "bessely",
    "bessely_slope",
    "digamma",
    "erfc",
    "erfcx",
    "gamma",
    "lbeta",
    "lgamma",
    "polygamma",
]

NEAR_ZERO = 0.4  # of its size: below this a Bessel function is computed to more digits


@np.errstate(all="ignore")
def erfc(x: Any) -> Any:
    """Return erfc of arrays; in the tail SciPy's own loses hundreds of ulp to the rounding of x^2."""
    return np.where(x > 0.5, erfcx(x) * expsq.array(-1.0, x), sc.erfc(x))


@np.errstate(all="ignore")
def erfcx(x: Any) -> Any:
    """Return erfcx of arrays; below 0 SciPy's own loses digits likewise, and above up to 7 ulp."""
    far = np.maximum(x, 0.0)
    series = chebyshev(1.0 - 7.5 / (far + 3.75), ERFCX_SERIES) / (0.5 + far) * 0.5
    return np.where(x < 0.3, sc.erfc(x) * expsq.array(1.0, x), np.where(np.isnan(x), x, series))


@np.errstate(all="ignore")
def gamma(x: Any) -> Any:
    """Return Γ of arrays; below -170 SciPy's own is 0 where the value is subnormal."""
    return mended(sc.gamma(x), np.less(x, -170.0) & np.greater(x, -200.0), family.gamma.evaluate, x)


@np.errstate(all="ignore")
def lbeta(a: Any, b: Any) -> Any:
    """Return the logarithm of Beta, of arrays."""
    y = lbeta_formula(a, b)
    return mended(y, np.abs(y) < 0.3, decimals.lbeta, a, b)


@np.errstate(all="ignore")
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
    value = np.where(inside, near, np.where(np.isinf(x), np.abs(x), sc.gammaln(x)))  # SciPy's own is -inf at -inf
    cancels = np.less(x, 0.0) & (np.abs(value) < 0.5 * np.maximum(1.0, sc.gammaln(1.0 - np.minimum(x, 0.0))))
    return mended(value, cancels, decimals.lgamma, x)


@np.errstate(all="ignore")
def digamma(x: Any) -> Any:
    """Return ψ, below -3/4 by reflection: SciPy's own loses digits near its poles, and near its zeros below 0."""
    value = np.where(np.less(x, -0.75), _reflected(0, x), sc.psi(x))
    cancels = np.less(x, 0.0) & (np.abs(value) < 0.5 + 0.5 * np.abs(sc.psi(1.0 - np.minimum(x, 0.0))))
    return mended(value, cancels, lambda x: decimals.polygamma(0, x), x)


@np.errstate(all="ignore")
def polygamma(n: Any, x: Any) -> Any:
    """Return the n-th derivative of ψ, below 0 by reflection: there SciPy's own takes |x| steps."""
    if np.ndim(n):  # orders that differ from point to point
        return np.vectorize(polygamma, otypes=[float])(n, x)
    if not 0 <= n <= 100 or n % 1:
        return np.full_like(x, np.nan)
    if n == 0:
        return digamma(x)
    order, above = int(n), np.maximum(x, 0.0)
    mirrored = sc.zeta(order + 1, 1.0 - np.minimum(x, 0.0))
    value = np.where(np.less(x, 0.0), _reflected(order, x), sc.polygamma(order, above))
    cancels = (np.abs(value) < mirrored * math.factorial(order)) | (np.greater(order, 5) & np.isfinite(value))
    vanishes = sc.zeta(order + 1, above) < 1e-290  # SciPy's own has the value as its product with n!
    places = np.where(np.less(x, 0.0), cancels, vanishes & np.isfinite(x))
    return mended(value, places & np.isfinite(value), lambda x: decimals.polygamma(order, x), x)


@np.errstate(all="ignore")
def besselj(n: Any, x: Any) -> Any:
    """Return J_n; near its zeros to the last digit."""
    first, second = _bessel(n, np.abs(x))
    return _mended_bessel(n, x, decimals.besselj, first, np.hypot(first, second), 0.0)


@np.errstate(all="ignore")
def bessely(n: Any, x: Any) -> Any:
    """Return Y_n, likewise."""
    first, second = _bessel(n, np.abs(x))
    size = np.hypot(first, second)
    return np.where(np.less(x, 0.0), np.nan, _mended_bessel(n, x, decimals.bessely, second, size, 0.0))


@np.errstate(all="ignore")
def besselj_slope(n: Any, x: Any) -> Any:
    """Return the derivative of J_n in x, likewise."""
    below, above = (besselj(np.subtract(n, d), np.abs(x)) for d in (1.0, -1.0))
    first, second = _bessel(n, np.abs(x))
    # close to 0 it is n/x·J but for a small part, and x^(n ± 1) suffers where n ± 1 is rounded
    y = np.where(
        _close(n, x) & np.less(n, 0.5) & (np.remainder(n, 1.0) != 0.0),
        n / np.abs(x) * first - above,
        0.5 * (below - above),
    )
    return _mended_bessel(n, x, decimals.besselj_slope, y, np.hypot(first, second), 1.0)


@np.errstate(all="ignore")
def bessely_slope(n: Any, x: Any) -> Any:
    """Return the derivative of Y_n in x, likewise."""
    below, above = (bessely(np.subtract(n, d), x) for d in (1.0, -1.0))
    first, second = _bessel(n, np.abs(x))
    # not inf - inf
    y = np.where(np.isinf(above), -0.5 * above, np.where(np.isinf(below), 0.5 * below, 0.5 * (below - above)))
    per_x = np.divide(n, x)
    part = np.where(np.greater(n, 0.0), below - per_x * second, per_x * second - above)
    y = np.where(_close(n, x) & np.isfinite(part), part, y)
    return _mended_bessel(n, x, decimals.bessely_slope, y, np.hypot(first, second), 1.0)


def _close(n: Any, x: Any) -> Any:
    return (np.abs(x) < 0.1) & np.not_equal(n, 0.0) & np.not_equal(x, 0.0)


@np.errstate(all="ignore")
def _bessel(n: Any, x: Any) -> tuple[Any, Any]:
    """Return J_n and Y_n for x >= 0; of SciPy only the orders below 2, as its own lose digits at higher ones.

    A negative order is reflected, which for an order that is whole gives a sign.
    """
    n, x = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(x, dtype=float))
    v = np.abs(n)
    first, second = np.array(sc.jv(v, x)), np.array(sc.yv(v, x))
    mild = (v < STEPS) & (x > 0.0) & np.isfinite(x)
    first[mild], second[mild] = _recurred(v[mild], x[mild])
    cosine, sine = _turns(0.5 - v), _turns(v)
    # of products 0·inf the 0 is exact
    negative = np.where(cosine == 0.0, 0.0, cosine * first) - np.where(sine == 0.0, 0.0, sine * second)
    other = np.where(sine == 0.0, 0.0, sine * first) + np.where(cosine == 0.0, 0.0, cosine * second)
    return np.where(n >= 0.0, first, negative), np.where(n >= 0.0, second, other)


STEPS = 200  # of recurrence at most


def _turns(v: Any) -> Any:
    """Return sin(πv), exactly 0 where it is."""
    return np.where(np.round(v) % 2.0 == 0.0, 1.0, -1.0) * np.sin(np.pi * (v - np.round(v)))


def _recurred(v: Any, x: Any) -> tuple[Any, Any]:
    """Return J_v and Y_v for v >= 0 from orders below 2.

    For x above 40 these come from Hankel's expansion. Y is stepped up, and J where v < x, so that no step loses digits;
    elsewhere J comes from its power series, or from Y by the Wronskian J(v+1)·Y(v) - J(v)·Y(v+1) = 2/(πx).
    """
    order = v % 1.0
    near = np.minimum(x, 40.0)
    starts = []
    for d, whole in ((0.0, sc.y0), (1.0, sc.y1)):
        both = sc.hankel1(order + d, near)
        close = np.where(order == 0.0, whole(near), sc.yv(order + d, near))
        tiny, v0 = (near < 0.5) & (np.abs(order - 0.5) < 0.4), np.where(order == 0.0, 0.5, order) + d
        pair = (_turns(0.5 - v0) * _series(v0, near) - _series(-v0, near)) / _turns(v0)
        close = np.where(tiny, pair, close)
        second = np.where(near < 2.0, close, both.imag)
        far = _hankel(order + d, np.maximum(x, 40.0))
        starts.append((np.where(x > 40.0, far[0], both.real), np.where(x > 40.0, far[1], second)))
    (j0, y0), (j1, y1) = starts
    y, y_after = _stepped(v, x, y0, y1)
    j, _ = _stepped(v, x, j0, j1)
    small = x * x < 4.0 * (v + 1.0)
    ratio = np.zeros_like(x)  # J(k+1)/J(k), by its continued fraction
    for k in range(100, -1, -1):
        ratio = 1.0 / (2.0 * (v + k + 1.0) / x - ratio)
    hidden = 2.0 / np.pi / x / (ratio * y - y_after)
    return np.where(small, _series(v, np.where(small, x, 0.0)), np.where(v < x, j, hidden)), y


def _stepped(v: Any, x: Any, zeroth: Any, other: Any) -> tuple[Any, Any]:
    """Step from the orders v mod 1 and one above to v and one above, by C(k-1) + C(k+1) = 2k/x·C(k)."""
    order = v % 1.0
    value, after = zeroth, other
    while (go := order < v).any():
        order = np.where(go, order + 1.0, order)
        further = np.where(np.isinf(after), after, 2.0 * order / x * after - value)
        value, after = np.where(go, after, value), np.where(go, further, after)
    return value, after


def _series(n: Any, x: Any) -> Any:
    """Return J_n(x) for x^2 < 4(n + 1) by its power series, whose terms fall fast."""
    total, term = np.ones_like(x), np.ones_like(x)
    for k in range(1, 25):
        term = term * (-0.25 * x * x) / (k * (n + k))
        total = total + term
    return np.power(0.5 * x, n) / sc.gamma(n + 1.0) * total


def _hankel(n: Any, x: Any) -> tuple[Any, Any]:
    """Return J_n(x) and Y_n(x) by Hankel's expansion (Abramowitz & Stegun 9.2.5)."""
    square, term, parts = 4.0 * n * n, np.ones_like(x), [np.ones_like(x), np.zeros_like(x)]
    for k in range(1, 25):
        term = term * ((square - (2.0 * k - 1.0) ** 2) / (8.0 * k) / x)
        parts[k % 2] = parts[k % 2] + (-term if k % 4 in (2, 3) else term)
    turn = np.pi * np.remainder(0.5 * n + 0.25, 2.0)  # the phase is x less this
    s, c = sin.array(x), cos.array(x)
    sine = s * np.cos(turn) - c * np.sin(turn)
    cosine = c * np.cos(turn) + s * np.sin(turn)
    p, q = parts
    size = np.sqrt(2.0 / np.pi / x)
    return size * (p * cosine - q * sine), size * (p * sine + q * cosine)


def _mended_bessel(n: Any, x: Any, exact: Any, y: Any, other: Any, odd: float) -> Any:
    """Return y at |x|, near its zeros exactly, with the sign for x; `other` is of the size of what y is made of."""
    r = np.abs(x)
    within = np.greater(r, np.abs(n)) | (np.less(n, 0.0) & (np.remainder(n, 1.0) != 0.0))
    cancels = within & (np.abs(y) < NEAR_ZERO * np.abs(other)) & np.isfinite(other) & np.isfinite(r) & (r > 0.0)
    y = mended(y, cancels, exact, n, r)
    sign = np.where(np.remainder(n, 1.0) != 0.0, np.nan, np.where(np.remainder(np.add(n, odd), 2.0) == 0.0, 1.0, -1.0))
    return np.where(np.less(x, 0.0), sign * y, y)


@np.errstate(all="ignore")
def _reflected(n: int, x: Any) -> Any:
    """Differentiate ψ(x) = ψ(1 - x) - π·cot(πx) n times."""
    part = x - np.round(x)  # exact, as π·x would not be
    half = np.copysign(0.5, part) - part  # likewise: from where the cotangent is 0
    cot = np.where(np.abs(part) < 0.25, 1.0 / np.tan(np.pi * part), np.tan(np.pi * half))
    total = horner(cot, tuple(map(float, decimals.cotangent_derivative(n))))
    rest = 1.0 - np.minimum(x, 0.0)
    value = (-1.0) ** n * (sc.polygamma(n, rest) if n else sc.psi(rest)) - np.pi ** (n + 1) * total
    return np.where(part == 0.0, np.inf if n % 2 else np.nan, value)  # an odd pole has no sign
