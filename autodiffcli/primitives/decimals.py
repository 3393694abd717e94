"""Special functions to forty digits, for the few arguments where floats cancel: near the zeros of these functions.

Importing this module imports `decimal`, which the plain paths do without.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

from autodiffcli.primitives.fixed import sine_cosine

__all__ = [
    "besselj",
    "besselj_slope",
    "bessely",
    "bessely_slope",
    "cotangent_derivative",
    "lbeta",
    "lgamma",
    "logsumexp",
    "polygamma",
]

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798")
HALF = Decimal("0.5")
SHIFT = 30  # from here on the asymptotic series give 50 digits
CONTEXT = Context(prec=60, Emin=-999999, Emax=999999)


@lru_cache(maxsize=1)
def _bernoulli() -> list[Fraction]:
    """Return the Bernoulli numbers B(2), B(4), ..., B(60)."""
    b = [Fraction(1)]
    for m in range(1, 61):
        b.append(-sum((math.comb(m + 1, k) * b[k] for k in range(m)), Fraction(0)) / (m + 1))
    return b[2::2]


def _fraction(x: Fraction) -> Decimal:
    return Decimal(x.numerator) / x.denominator


def polygamma(n: int, x: float) -> float:
    """Return the n-th derivative of ψ at a point that is no pole (Abramowitz & Stegun 6.4.6, 6.4.7, 6.4.11).

    >>> polygamma(0, -0.5040830082644554)
    7.289763902976895e-17
    """
    with localcontext(CONTEXT):
        z = Decimal(x)
        return float(_polygamma(n, z) if x > 0 else _reflected(n, z))


def _reflected(n: int, x: Decimal) -> Decimal:
    sign: int = (-1) ** n
    return sign * _polygamma(n, 1 - x) - PI ** (n + 1) * _horner(cotangent_derivative(n), _cotangent(x))


def _polygamma(n: int, x: Decimal) -> Decimal:
    total = Decimal(0)
    while x < SHIFT + n:
        total += x ** -(n + 1)
        x += 1
    series, power = total * math.factorial(n) + x ** -(n + 1) * math.factorial(n) / 2, x ** -(n + 2)
    for k, b in enumerate(_bernoulli(), 1):
        series += _fraction(b * Fraction(math.factorial(2 * k + n - 1), math.factorial(2 * k))) * power
        power /= x * x
    if n == 0:
        return x.ln() - series
    sign: int = (-1) ** (n + 1)
    return sign * (series + math.factorial(n - 1) * x**-n)


@lru_cache(maxsize=128)
def cotangent_derivative(n: int) -> tuple[int, ...]:
    """Return the n-th derivative of cot as a polynomial of cot, the constant coefficient first: cot' = -(1 + cot²).

    >>> cotangent_derivative(2)
    (0, 2, 0, 2)
    """
    coefficients = [0, 1]
    for _ in range(n):
        slopes = [k * c for k, c in enumerate(coefficients)][1:]
        coefficients = [-(a + b) for a, b in zip([*slopes, 0, 0], [0, 0, *slopes], strict=True)]
    return tuple(coefficients)


def _horner(coefficients: tuple[int, ...], x: Decimal) -> Decimal:
    total = Decimal(0)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def _sine(x: Decimal) -> Decimal:
    """Return sin(πx) up to its sign: that of x less the nearest integer."""
    r = PI * (x - x.to_integral_value())
    total = term = r
    for k in range(2, 60, 2):
        term = -term * r * r / (k * (k + 1))
        total += term
    return total


def _cotangent(x: Decimal) -> Decimal:
    """Return cot(πx), exactly 0 where it is."""
    r = x - x.to_integral_value()
    return _sine(HALF - abs(r)) / _sine(r)


def lgamma(x: float) -> float:
    """Return ln|Γ(x)| at a point that is no pole.

    >>> lgamma(-2.4570247382208006)
    5.619192358950097e-17
    """
    with localcontext(CONTEXT):
        return float(_lgamma(Decimal(x)))


def _lgamma(x: Decimal) -> Decimal:
    if x <= 0:
        return (PI / abs(_sine(x))).ln() - _lgamma(1 - x)
    z, product = _shifted(x)
    return _stirling(z) - product.ln()


def _shifted(x: Decimal) -> tuple[Decimal, Decimal]:
    """Return x + m above SHIFT, and x·(x + 1)·...·(x + m - 1)."""
    product = Decimal(1)
    while x < SHIFT:
        product *= x
        x += 1
    return x, product


def _stirling(x: Decimal) -> Decimal:
    series, power = Decimal(0), 1 / x
    for k, b in enumerate(_bernoulli(), 1):
        series += _fraction(b / (2 * k * (2 * k - 1))) * power
        power /= x * x
    return (x - HALF) * x.ln() - x + (2 * PI).ln() / 2 + series


def lbeta(a: float, b: float) -> float:
    """Return ln|B(a, b)| at a point that is no pole, nor one of a + b.

    >>> lbeta(1.0, 1.0)
    0.0
    >>> lbeta(1.5, -3.7)
    -2.291240816276782
    """
    digits = 60 + max(0, math.frexp(max(abs(a), abs(b)))[1]) // 3  # of large arguments lnΓ cancels that many
    with localcontext(Context(prec=digits, Emin=-999999, Emax=999999)):
        p, q = Decimal(a), Decimal(b)
        total = _lgamma(p) + _lgamma(q) - _lgamma(p + q)
        return float(total) if abs(total) > Decimal("1e-40") else 0.0


def logsumexp(*xs: float) -> float:
    """Return ln(Σ e^x) of finite numbers.

    >>> logsumexp(-0.6931471805599453, -0.6931471805599453)
    2.3190468138462996e-17
    """
    with localcontext(CONTEXT):
        return float(sum((Decimal(x).exp() for x in xs if x > -200.0), Decimal(0)).ln())


def besselj(n: float, x: float) -> float:
    """Return J_n(x) for x > 0.

    >>> besselj(0.0, 2.404825557695773)
    -6.10876525973673e-17
    """
    with localcontext(_context(x)):
        return float(_first(Decimal(n), x)[0])


def bessely(n: float, x: float) -> float:
    """Return Y_n(x) for x > 0.

    >>> bessely(0.0, 0.8935769662791675)
    -2.3389279284062102e-17
    """
    with localcontext(_context(x)):
        return float(_other(Decimal(n), x)[0])


def besselj_slope(n: float, x: float) -> float:
    """Return the derivative of J_n at x > 0."""
    with localcontext(_context(x)):
        return float(_first(Decimal(n), x)[1])


def bessely_slope(n: float, x: float) -> float:
    """Return the derivative of Y_n at x > 0."""
    with localcontext(_context(x)):
        return float(_other(Decimal(n), x)[1])


FAR = 84.0
"""Beyond this, Hankel's expansion gives the orders below 2 to forty digits; before it the power series do."""

Pair = tuple[Decimal, Decimal]


def _context(x: float) -> Context:
    """Return a context with the digits that the power series cancels, and a few more; Hankel's cancels none."""
    return Context(prec=60 + (0 if x > FAR else int(x)), Emin=-999999, Emax=999999)


def _parity(n: Decimal) -> int:
    return -1 if n % 2 else 1


def _turned(n: Decimal) -> Decimal:
    """Return sin(πn)."""
    return _sine(n) * _parity(n.to_integral_value())


def _first(n: Decimal, x: float) -> Pair:
    """Return J_n(x) and its derivative."""
    v = abs(n)
    j, dj = _sloped(v, x, _firsts(v, x))
    if n >= 0:
        return j, dj
    y, dy = _sloped(v, x, _others(v, x))
    c, s = _turned(v + HALF), _turned(v)
    return c * j - s * y, c * dj - s * dy


def _other(n: Decimal, x: float) -> Pair:
    """Return Y_n(x) and its derivative."""
    v = abs(n)
    y, dy = _sloped(v, x, _others(v, x))
    if n >= 0:
        return y, dy
    j, dj = _sloped(v, x, _firsts(v, x))
    c, s = _turned(v + HALF), _turned(v)
    return s * j + c * y, s * dj + c * dy


def _sloped(v: Decimal, x: float, pair: Pair) -> Pair:
    """Return the value and the derivative of a solution by its values at the orders v and v + 1."""
    return pair[0], v / Decimal(x) * pair[0] - pair[1]


def _firsts(v: Decimal, x: float) -> Pair:
    """Return J_v and J_(v+1): by steps from orders below 2 where these lose no digits, else by the Wronskian."""
    if v < x or v < 1:
        return _stepped(v, x, _small_j)
    y, above = _others(v, x)
    ratio = Decimal(0)  # J(v+1)/J(v), by its continued fraction
    for k in range(100 + int(10 * float(v) ** (1 / 3)), -1, -1):
        ratio = 1 / (2 * (v + k + 1) / Decimal(x) - ratio)
    j = 2 / (PI * Decimal(x) * (ratio * y - above))
    return j, ratio * j


def _others(v: Decimal, x: float) -> Pair:
    """Return Y_v and Y_(v+1)."""
    return _stepped(v, x, _small_y)


def _stepped(v: Decimal, x: float, small: Callable[[Decimal, float], Decimal]) -> Pair:
    """Step from the orders v mod 1 and one above to v and one above, by C(k-1) + C(k+1) = 2k/x·C(k)."""
    order, z = v - int(v), Decimal(x)
    value, above = small(order, x), small(order + 1, x)
    while order < v:
        order += 1
        value, above = above, 2 * order / z * above - value
    return value, above


def _small_j(n: Decimal, x: float) -> Decimal:
    """Return J_n for 0 <= n < 2."""
    return _hankel(n, x)[0] if x > FAR else _series(n, Decimal(x))


def _small_y(n: Decimal, x: float) -> Decimal:
    """Return Y_n for 0 <= n < 2."""
    if x > FAR:
        return _hankel(n, x)[1]
    if n % 1 == 0:
        return _second(n, Decimal(x))
    return (_series(n, Decimal(x)) * _turned(n + HALF) - _series(-n, Decimal(x))) / _turned(n)


def _series(n: Decimal, x: Decimal) -> Decimal:
    """Sum the power series of J_n, n not a negative integer (Abramowitz & Stegun 9.1.10)."""
    z, product = _shifted(n + 1)
    half = x / 2
    total = term = half**n * product / _stirling(z).exp()
    k = 0
    while k < half or abs(term) > abs(total) * Decimal(10) ** -50:
        k += 1
        term *= -half * half / (k * (n + k))
        total += term
    return total


def _second(n: Decimal, x: Decimal) -> Decimal:
    """Sum the power series of Y_0 or Y_1 (Abramowitz & Stegun 9.1.11)."""
    half = x / 2
    total = 2 * half.ln() * _series(n, x) - n / half
    term = half**n
    digamma = 2 * _polygamma(0, Decimal(1)) + n
    total -= digamma * term
    k = 0
    while k < half or abs(term) > abs(total) * Decimal(10) ** -50:
        k += 1
        term *= -half * half / (k * (n + k))
        digamma += 1 / Decimal(k) + 1 / (n + k)
        total -= digamma * term
    return total / PI


def _hankel(n: Decimal, x: float) -> tuple[Decimal, Decimal]:
    """Return J_n(x) and Y_n(x) by Hankel's expansion (Abramowitz & Stegun 9.2.5)."""
    z, term = Decimal(x), Decimal(1)
    parts = [Decimal(1), Decimal(0)]
    for k in range(1, 120):
        term *= (4 * n * n - (2 * k - 1) ** 2) / (8 * k * z)
        parts[k % 2] += -term if k % 4 in (2, 3) else term
    bits = 256
    s, c = (Decimal(v) / 2**bits for v in sine_cosine(x, bits))
    turn = n / 2 + HALF / 2  # in units of π: the phase is x less this
    sine, cosine = _turned(turn), _turned(turn + HALF)
    cos, sin = c * cosine + s * sine, s * cosine - c * sine
    p, q = parts
    size = (2 / (PI * z)).sqrt()
    return size * (p * cos - q * sin), size * (p * sin + q * cos)
