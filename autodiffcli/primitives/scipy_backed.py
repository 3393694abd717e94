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
    cancels = np.less(x, 0.0) & (np.abs(value) < 0.5 * np.maximum(1.0, sc.gammaln(1.0 + np.abs(x))))
    return mended(value, cancels, decimals.lgamma, x)


@np.errstate(all="ignore")
def digamma(x: Any) -> Any:
    """Return ψ, below -3/4 by reflection: SciPy's own loses digits near its poles, and near its zeros below 0."""
    value = np.where(np.less(x, -0.75), _reflected(0, x), sc.psi(x))
    cancels = np.less(x, 0.0) & (np.abs(value) < 0.5 + 0.5 * np.abs(sc.psi(1.0 + np.abs(x))))
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
    order, size = int(n), np.abs(x)
    mirrored = sc.zeta(order + 1, 1.0 + size)
    value = np.where(np.less(x, 0.0), _reflected(order, x), sc.polygamma(order, size))
    cancels = (np.abs(value) < mirrored * math.factorial(order)) | (order > 5)
    # SciPy's own is n!·ζ(n + 1, x), which may underflow; its ζ of higher orders is up to 50 ulp off, about x = 1e8 say
    poor = (sc.zeta(order + 1, size) < 1e-290) | (order > 12)
    places = np.where(np.less(x, 0.0), cancels, poor) & np.isfinite(value) & np.isfinite(x)
    return mended(value, places, lambda x: decimals.polygamma(order, x), x)


@np.errstate(all="ignore")
def besselj(n: Any, x: Any) -> Any:
    """Return J_n; near its zeros to the last digit."""
    j, y, _, _ = _bessel(n, np.abs(x))
    return _signed(n, x, _mended_bessel(n, x, decimals.besselj, j, np.hypot(j, y)))


@np.errstate(all="ignore")
def bessely(n: Any, x: Any) -> Any:
    """Return Y_n, likewise."""
    j, y, _, _ = _bessel(n, np.abs(x))
    return np.where(np.less(x, 0.0), np.nan, _mended_bessel(n, x, decimals.bessely, y, np.hypot(j, y)))


@np.errstate(all="ignore")
def besselj_slope(n: Any, x: Any) -> Any:
    """Return the derivative of J_n in x, likewise."""
    _, _, dj, dy = _bessel(n, np.abs(x))
    return _signed(n + 1.0, x, _mended_bessel(n, x, decimals.besselj_slope, dj, np.hypot(dj, dy)))


@np.errstate(all="ignore")
def bessely_slope(n: Any, x: Any) -> Any:
    """Return the derivative of Y_n in x, likewise."""
    _, _, dj, dy = _bessel(n, np.abs(x))
    return np.where(np.less(x, 0.0), np.nan, _mended_bessel(n, x, decimals.bessely_slope, dy, np.hypot(dj, dy)))


Four = tuple[Any, Any, Any, Any]

LONG = np.longdouble
"""What recurrences are computed in, since each step of theirs loses a little."""

PI = LONG(str(decimals.PI))

CLEAR = 0.495 if np.finfo(LONG).eps < 1e-18 else 0.4
"""How far an order may be from 1/2 for the two series of Y not to cancel, by the digits of a long double."""

STEPS = 5000  # of recurrence at most: the work of one order; what lies above is SciPy's own


def _bessel(n: Any, x: Any) -> Four:
    """Return J_n, Y_n and their derivatives for x >= 0; of SciPy only orders below 2: its own lose digits above.

    A negative order is reflected, which for an order that is whole gives a sign.
    """
    n, x = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(x, dtype=float))
    v = np.abs(n)
    mild = (v < STEPS) & (x > 0.0) & np.isfinite(x)
    j, y, dj, dy = (np.empty(np.shape(x), LONG) for _ in range(4))
    for places, found in ((mild, _recurred), (~mild, _of_scipy)):
        if places.any():
            j[places], y[places], dj[places], dy[places] = found(v[places], x[places])
    c, s = _turns(v + 0.5), _turns(v)
    turned = _summed(c, j, -s, y), _summed(s, j, c, y), _summed(c, dj, -s, dy), _summed(s, dj, c, dy)
    return tuple(np.where(n >= 0.0, a, b) for a, b in zip((j, y, dj, dy), turned, strict=True))  # type: ignore[return-value]


def _summed(a: Any, x: Any, b: Any, y: Any) -> Any:
    """Return ax + by, where the 0 of a product 0·inf is exact."""
    return np.where(a == 0.0, 0.0, a * x) + np.where(b == 0.0, 0.0, b * y)


def _of_scipy(v: Any, x: Any) -> Four:
    """Return J_v and Y_v as SciPy has them, and their derivatives."""
    below, above = sc.yv(v - 1.0, x), sc.yv(v + 1.0, x)
    slope = np.where(np.isinf(above), -above, 0.5 * (below - above))  # not inf - inf
    return sc.jv(v, x), sc.yv(v, x), 0.5 * (sc.jv(v - 1.0, x) - sc.jv(v + 1.0, x)), slope


def _turns(v: Any) -> Any:
    """Return sin(πv), exactly 0 where it is."""
    return np.where(np.round(v) % 2.0 == 0.0, 1.0, -1.0) * np.sin(np.pi * (v - np.round(v)))


def _recurred(v: Any, x: Any) -> Four:
    """Return J_v and Y_v for v >= 0 from orders below 2, and their derivatives.

    For x above 40 these come from Hankel's expansion. Y is stepped up, and J where v < x, so that no step loses digits;
    elsewhere J comes from its power series, or from Y by the Wronskian J(v+1)·Y(v) - J(v)·Y(v+1) = 2/(πx).
    """
    order = v % 1.0
    near = np.minimum(x, 40.0)
    starts = []
    clear = (near < 2.0) & (np.abs(order - 0.5) < CLEAR)
    ys = _small_y(np.asarray(order[clear], LONG), np.asarray(x[clear], LONG))
    for v0, whole, y in ((order, sc.y0, ys[0]), (order + 1.0, sc.y1, ys[1])):
        both = sc.hankel1(v0, near)
        close = np.where(order == 0.0, whole(near), sc.yv(v0, near))
        second = np.asarray(np.where(near < 2.0, close, both.imag), LONG)
        second[clear] = y
        far = _hankel(v0, np.maximum(x, 40.0))
        starts.append((np.where(x > 40.0, far[0], both.real), np.where(x > 40.0, far[1], second)))
    (j0, y0), (j1, y1) = starts
    v, x = np.asarray(v, LONG), np.asarray(x, LONG)
    y, y_after = _stepped(v, x, y0, y1)
    j, j_after = _stepped(v, x, j0, j1)
    small = (x * x < 4.0 * (v + 1.0)) & (v < 100.0)  # above, Γ overflows
    ratio: Any = np.zeros_like(x)  # J(k+1)/J(k), by its continued fraction
    for k in range(100 + int(10.0 * np.cbrt(v.max())), -1, -1):
        ratio = 1.0 / (2.0 * (v + k + 1.0) / x - ratio)
    hidden = np.where(np.isinf(y), 0.0, 2.0 / PI / x / (ratio * y - y_after))
    hidden = np.where(small, _series(np.where(small, v, 0.0), np.where(small, x, 0.0)), hidden)
    below = (v < x) & ~small
    j, per_x = np.where(below, j, hidden), v / x
    slope = np.where(below, per_x * j - j_after, j * (per_x - ratio))
    return j, y, slope, np.where(np.isinf(y_after), np.inf, per_x * y - y_after)


def _stepped(v: Any, x: Any, zeroth: Any, other: Any) -> tuple[Any, Any]:
    """Step from the orders v mod 1 and one above to v and one above, by C(k-1) + C(k+1) = 2k/x·C(k)."""
    order = v % 1.0
    value, after = np.asarray(zeroth, LONG), np.asarray(other, LONG)
    while (go := order < v).any():
        order = np.where(go, order + 1.0, order)
        further = np.where(np.isinf(after), after, 2.0 * order / x * after - value)
        value, after = np.where(go, after, value), np.where(go, further, after)
    return value, after


def _series(n: Any, x: Any) -> Any:
    """Return J_n(x) for x^2 < 4(n + 1) by its power series, whose terms fall fast."""
    return np.power(0.5 * x, n) / sc.gamma(np.float64(n + 1.0)) * _summed_series(n, x)


def _summed_series(n: Any, x: Any) -> Any:
    """Return J_n(x) by (x/2)^n/Γ(n + 1)."""
    total, term = np.ones_like(x), np.ones_like(x)
    for k in range(1, 25):
        term = term * (-0.25 * x * x) / (k * (n + k))
        total = total + term
    return total


def _small_y(order: Any, x: Any) -> tuple[Any, Any]:
    """Return Y for 0 < order < 1 and one above, and x below 2, by the series of J (Abramowitz & Stegun 9.1.2).

    SciPy's own is up to 90 ulp off there.
    """
    low = order < 0.5
    gamma = np.exp(lgamma_near_2(np.where(low, order, order - 1.0))) / np.where(low, order + 1.0, 1.0)  # Γ(order + 1)
    cot = np.cos(PI * order) / np.sin(PI * order)

    def y(v: Any, below: Any, above: Any) -> Any:  # with Γ(v) and Γ(v + 1)
        power = np.power(0.5 * x, v)
        return cot * power / above * _summed_series(v, x) - below / PI / power * _summed_series(-v, x)

    return y(order, gamma / order, gamma), y(order + 1.0, gamma, gamma * (order + 1.0))


def _hankel(n: Any, x: Any) -> tuple[Any, Any]:
    """Return J_n(x) and Y_n(x) by Hankel's expansion (Abramowitz & Stegun 9.2.5)."""
    square, term, parts = 4.0 * n * n, np.ones_like(x), [np.ones_like(x), np.zeros_like(x)]
    for k in range(1, 25):
        term = term * ((square - (2.0 * k - 1.0) ** 2) / (8.0 * k) / x)
        parts[k % 2] = parts[k % 2] + (-term if k % 4 in (2, 3) else term)
    turn = np.pi * (0.5 * n + 0.25)  # the phase is x less this
    s, c = sin.array(x), cos.array(x)
    sine = s * np.cos(turn) - c * np.sin(turn)
    cosine = c * np.cos(turn) + s * np.sin(turn)
    p, q = parts
    size = np.sqrt(2.0 / np.pi / x)
    return size * (p * cosine - q * sine), size * (p * sine + q * cosine)


def _mended_bessel(n: Any, x: Any, exact: Any, y: Any, size: Any) -> Any:
    """Return y at |x|, near its zeros exactly; `size` is that of what y is made of: inf at 0, and nan at inf."""
    r = np.abs(x)
    within = np.greater(r, np.abs(n)) | (np.less(n, 0.0) & (np.remainder(n, 1.0) != 0.0))
    within &= np.abs(n) < STEPS
    return mended(np.float64(y), within & (np.abs(y) < NEAR_ZERO * size) & np.isfinite(size), exact, n, r)


def _signed(n: Any, x: Any, y: Any) -> Any:
    """Return y at |x| with the sign for x, of a function that is even if n is."""
    sign = np.where(np.remainder(n, 1.0) != 0.0, np.nan, np.where(np.remainder(n, 2.0) == 0.0, 1.0, -1.0))
    return np.where(np.less(x, 0.0), sign * y, y)


@np.errstate(all="ignore")
def _reflected(n: int, x: Any) -> Any:
    """Differentiate ψ(x) = ψ(1 - x) - π·cot(πx) n times."""
    part = x - np.round(x)  # exact, as π·x would not be
    half = np.copysign(0.5, part) - part  # likewise: from where the cotangent is 0
    cot = np.where(np.abs(part) < 0.25, 1.0 / np.tan(np.pi * part), np.tan(np.pi * half))
    total = horner(cot, tuple(map(float, decimals.cotangent_derivative(n))))
    rest = 1.0 + np.abs(x)  # 1 - x: it serves below 0
    value = (-1.0) ** n * (sc.polygamma(n, rest) if n else sc.psi(rest)) - np.pi ** (n + 1) * total
    return np.where(part == 0.0, np.inf if n % 2 else np.nan, value)  # an odd pole has no sign
