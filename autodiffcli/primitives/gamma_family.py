"""Gamma and its relatives: factorial, the polygamma functions, Beta."""

from __future__ import annotations

import math
from typing import Any

from autodiffcli.primitive import Operand, Primitive, carefully, primitive
from autodiffcli.primitives.powers import exp, horner, ln, log1p, pow, sqrt
from autodiffcli.primitives.selection import absolute, greater, less, logical_and, logical_or, maximum, minimum, where

__all__ = [
    "beta",
    "beta_slope",
    "digamma",
    "digamma1p",
    "digamma_rise",
    "factorial",
    "gamma",
    "lbeta",
    "lgamma",
    "polygamma",
]

SCIPY = "special"
BACKED = "autodiffcli.primitives.scipy_backed:"


gamma = primitive(
    "gamma",
    math.gamma,
    BACKED + "gamma",
    edge=lambda x: math.nan if x <= -1.0 else math.copysign(math.inf, x),
    partials=(lambda y, x: y * digamma(x),),
    ball="gamma",
    latex=r"\Gamma\left({0}\right)",
    meaning="the Gamma function",
    domain="x not 0, -1, -2, ...",
    extra=SCIPY,
    samples=(-1.25, 0.7, 2.3, 150.3),
)
factorial = primitive(
    "factorial",
    # n·Γ(n) above 1, since the rounding of n + 1 would be magnified for large n
    formula=lambda n: where(greater(n, 1.0), n * gamma(n), gamma(n + 1.0)),
    partials=(lambda y, n: y * digamma1p(n),),
    ball=lambda n: (n + 1).gamma(),
    latex="{0}!",
    meaning="Γ(n + 1): n! for integers, between them a smooth curve",
    domain="n not -1, -2, ...",
    extra=SCIPY,
    samples=(5.0, 0.7, -1.25, 127.3),
)

# lnΓ(2 + z) = (1 - γ)·z + Σ (-1)^k·(ζ(k) - 1)·z^k/k for k = 2, 3, ...
LGAMMA_SERIES = (
    0.42278433509846713, 0.3224670334241132, -0.0673523010531981, 0.020580808427784546, -0.007385551028673986,
    0.0028905103307415234, -0.001192753911703261, 0.0005096695247430425, -0.00022315475845357939,
    9.945751278180853e-05, -4.492623673813314e-05, 2.050721277567069e-05, -9.439488275268397e-06,
    4.374866789907488e-06, -2.039215753801366e-06, 9.55141213040742e-07, -4.492469198764566e-07,
    2.1207184805554665e-07, -1.0043224823968099e-07, 4.7698101693639804e-08, -2.2711094608943164e-08,
    1.0838659214896955e-08, -5.183475041970047e-09, 2.4836745438024785e-09, -1.1921401405860912e-09,
    5.731367241678862e-10, -2.7595228851242334e-10, 1.330476437424449e-10,
)  # fmt: skip


def lgamma_near_2(z: Any) -> Any:
    """Return lnΓ(2 + z) for |z| <= 1/2, with the full relative accuracy at its zero."""
    return z * horner(z, LGAMMA_SERIES)


def _lgamma(x: float) -> float:
    y = _lgamma_plain(x)
    if x < 0.0 and abs(y) < 0.5 * max(1.0, math.lgamma(1.0 - x)):  # near a zero
        from autodiffcli.primitives import decimals

        return decimals.lgamma(x)
    return y


def _lgamma_plain(x: float) -> float:
    if 1.5 <= x <= 2.5:
        return float(lgamma_near_2(x - 2.0))
    if 0.5 <= x < 1.5:
        return float(lgamma_near_2(x - 1.0)) - math.log1p(x - 1.0)
    if 2.5 < x <= 3.5:
        return float(lgamma_near_2(x - 3.0)) + math.log(x - 1.0)
    if -4.0 < x < 0.5:  # by Γ(x) = Γ(x + 1)/x: the library loses digits between the zeros of lnΓ
        product = 1.0
        while x < 0.5:
            product *= x
            x += 1.0
        return _lgamma_plain(x) - math.log(abs(product))
    return math.lgamma(x)


lgamma = primitive(
    "lgamma",
    _lgamma,
    BACKED + "lgamma",
    edge=lambda x: math.inf,
    partials=(lambda y, x: digamma(x),),
    ball=lambda x: x.lgamma() if x > 0 else abs(x.gamma()).log(),
    latex=r"\ln\left|\Gamma\left({0}\right)\right|",
    meaning="the logarithm of |Γ(x)|",
    domain="x not 0, -1, -2, ...",
    extra=SCIPY,
    samples=(-1.25, 1.0000000001, 2.3, 40.0, 1e300),
)
digamma: Primitive = primitive(
    "digamma",
    BACKED + "digamma",
    BACKED + "digamma",
    partials=(lambda y, x: polygamma(1.0, x),),
    ball="digamma",
    latex=r"\psi\left({0}\right)",
    meaning="the derivative of lnΓ",
    domain="x not 0, -1, -2, ...",
    extra=SCIPY,
    samples=(-1.25, 0.7, 1.4616321449683623, 2.3, 1e300),
)

DIGAMMA_ZERO, DIGAMMA_ZERO_LOW = 0.46163214496836236, -1.5522348162858677e-17  # of ψ(1 + x), in two parts
# ψ about there
DIGAMMA_SERIES = (
    0.9676722454476212, -0.4427631689835921, 0.258499760955651, -0.16394270544240652, 0.10782405069126237,
    -0.07219956125645471, 0.04880428816414311, -0.03316112647484736, 0.022597648232218104, -0.01542476590494896,
    0.010538791616612175, -0.007204534386356869, 0.004926781395729853, -0.003369801655439328,
    0.002305126326734928,
)  # fmt: skip


def _digamma1p(x: Operand) -> Operand:
    d = (x - DIGAMMA_ZERO) - DIGAMMA_ZERO_LOW
    return where(less(absolute(d), 0.1), d * horner(d, DIGAMMA_SERIES), digamma(x + 1.0))


digamma1p: Primitive = primitive(
    "digamma1p",
    formula=_digamma1p,
    partials=(lambda y, x: polygamma(1.0, x + 1.0),),
    function=False,
    ball=lambda x: (x + 1).digamma(),
    latex=r"\psi\left({0} + 1\right)",
    meaning="digamma(x + 1), accurate at its zero where x + 1 is rounded",
    extra=SCIPY,
)


def _polygamma_ball(n: Any, x: Any) -> Any:
    from flint import acb

    order = n.unique_fmpz()
    return acb(x).polygamma(acb(n)).real if order is not None and 0 <= order <= 100 else None


polygamma: Primitive = primitive(
    "polygamma",
    BACKED + "polygamma",
    BACKED + "polygamma",
    partials=(None, lambda y, n, x: polygamma(n + 1.0, x)),
    ball=_polygamma_ball,
    latex=r"\psi^{({0})}\left({1}\right)",
    meaning="the n-th derivative of digamma",
    domain="n = 0, 1, ..., 100; x not 0, -1, -2, ...",
    extra=SCIPY,
    samples=((1.0, 0.7), (1.0, -1.25), (2.0, 2.3), (3.0, 1e10)),
)


def _rise(a: Operand, b: Operand) -> Operand:
    lift = where(logical_and(less(b, 1e-290), less(1e-150, a)), 2.0**300, 1.0)  # past the subnormal numbers
    total: Operand = 0.0  # by ψ(x + 1) = ψ(x) + 1/x up to a + 10; every term is positive, so nothing cancels
    for _ in range(10):
        total = total + b * lift / (a + b) / a  # in this order nothing overflows before the result does
        a = a + 1.0
    s = a + b
    # the asymptotic series, its differences u^k - v^k with u - v taken out of them
    u, v = 1.0 / a / a, 1.0 / s / s
    step = b / a / s * (1.0 / a + 1.0 / s)
    gap, power, series = step, v, step / 12.0
    for c in (-1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32760.0, 1.0 / 12.0):
        gap = u * gap + power * step
        power = power * v
        series = series + c * gap
    return total / lift + (log1p(b / a) + 0.5 * b / a / s + series)


digamma_rise = primitive(
    "digamma_rise",
    formula=_rise,
    partials=(lambda y, a, b: polygamma(1.0, a + b) - polygamma(1.0, a), lambda y, a, b: polygamma(1.0, a + b)),
    ball=lambda a, b: (a + b).digamma() - a.digamma(),
    latex=r"\left(\psi\left({0} + {1}\right) - \psi\left({0}\right)\right)",
    meaning="digamma(a + b) - digamma(a), without cancellation",
    domain="a > 0, b > 0",
    extra=SCIPY,
    samples=((10.0, 1.0), (0.7, 2.3), (1e10, 0.3)),
)

LN_SQRT_2PI = 0.9189385332046728
TINY = 1e-8  # so small that B(a, b) is 1/a + 1/b to the last digit


def _stirling(x: Operand) -> Operand:
    """Return lnΓ(x) - ((x - 1/2)·ln(x) - x + ln(2π)/2) for x >= 10."""
    r = 1.0 / x
    c = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
    return r * horner(r * r, c)


def _quotient(a: Operand, b: Operand, c: Operand) -> tuple[Operand, Operand]:
    """Return q = a/(b + c) and its relative error, where b + c is exact as a pair."""
    q = a / b
    split = 134217729.0  # 2^27 + 1: halves q and b into parts whose products are exact
    qh, bh = split * q - (split * q - q), split * b - (split * b - b)
    ql, bl = q - qh, b - bh
    rest = (((a - qh * bh) - qh * bl) - ql * bh) - ql * bl - q * c
    return q, rest / a


def _beta_parts(a: Operand, b: Operand) -> tuple[Operand, ...]:
    """Return Beta by Γ, by Stirling's formula for one argument and for both, and the logarithm of the latter."""
    p, q = minimum(a, b), maximum(a, b)
    s = p + q
    s_low = p - (s - q)  # p + q is s + s_low, exactly
    # Γ(s + s_low) = Γ(s)·(1 + s_low·ψ(s)), of ψ a digit will do
    small = gamma(p) / gamma(s) * gamma(q) * (1.0 - s_low * ln(absolute(s)))
    # Powers with large exponents: the rounding of their bases is measured and put back.
    head, head_low = _quotient(p, s, s_low)
    tail, tail_low = _quotient(q, s, s_low)
    one = gamma(p) * exp(p + _stirling(q) - _stirling(s)) * pow(s, -p) * pow(tail, q - 0.5)
    one = one * exp(q * tail_low - p * (s_low / s))
    w = _stirling(p) + _stirling(q) - _stirling(s)
    both = exp(w + p * head_low + q * tail_low) * sqrt(2.0 * math.pi / s)
    both = both * pow(head, p - 0.5) * pow(tail, q - 0.5)
    logs = (p - 0.5) * ln(head) + (q - 0.5) * log1p(-head) - 0.5 * ln(s) + (LN_SQRT_2PI + w)
    return p, q, small, one, both, logs


def _beta(a: Operand, b: Operand) -> Operand:
    p, q, small, one, both, _ = _beta_parts(a, b)
    h = pow(q, -0.5 * p)  # the root twice: the power may be subnormal where its product with Γ(p) is larger
    far = where(greater(q, 1e20), gamma(p) * h * h, one)  # where a quotient by s is 1 - p/q, and may overflow
    both = where(less(p, 10.0), far, where(_vanishes(p, q), 0.0, both))
    value = where(less(q, TINY), 1.0 / p + 1.0 / q, where(less(q, 10.0), small, both))
    return where(less(p, 0.0), math.nan, value)  # of these formulas few hold there, and near zeros none


def _vanishes(p: Operand, q: Operand) -> Operand:
    return logical_or(greater(p, 1100.0), greater(q, 1e40))  # for 10 <= p <= q: there Beta is below 1e-390


def _beta_slope(a: Operand, b: Operand) -> Operand:
    # B(a, b) = 1/a + 1/b - (a + b)·π²/6 ... where both are small, and 1/a + ψ(1) - ψ(b) ... where a is tiny: there a
    # factor of -B·rise may overflow or be subnormal
    flat = where(less(a, TINY), -1.0 / a / a, -polygamma(1.0, a))
    corner = logical_or(less(minimum(a, b), 1e-20), less(maximum(a, b), TINY))
    # far out B is Γ(p)·q^(-p), which may be subnormal: its root twice
    p, q = minimum(a, b), maximum(a, b)
    h = pow(q, -0.5 * p)
    far = -h * where(less(a, b), gamma(p) * digamma_rise(a, b), gamma(p) * p / a) * h
    plain = where(logical_and(greater(q, 1e20), less(p, 40.0)), far, -beta(a, b) * digamma_rise(a, b))
    return where(less(p, 0.0), math.nan, where(corner, flat, plain))


def lbeta_formula(a: Operand, b: Operand) -> Operand:
    """Return the logarithm of the Beta function, as arithmetic on operands: near its zeros it cancels."""
    p, q, _, _, _, logs = _beta_parts(a, b)
    value = beta(a, b)
    far = where(less(p, 10.0), lgamma(p) - p * ln(q), logs)  # where Beta underflows q is huge or p is large
    far = where(greater(value, 1.0), log1p(p / q) - ln(p), far)  # and where it overflows it is 1/p + 1/q
    value = where(logical_and(greater(value, 1e-290), less(value, math.inf)), ln(value), far)
    return where(less(p, 0.0), math.nan, value)


def _lbeta_scalar(a: float, b: float) -> float:
    y = lbeta_formula(a, b)
    if abs(y) < 0.3:  # near a zero
        from autodiffcli.primitives import decimals

        return decimals.lbeta(a, b)
    return float(y)


def _lbeta_ball(a: Any, b: Any) -> Any:
    return a.lgamma() + b.lgamma() - (a + b).lgamma()


beta = primitive(
    "beta",
    formula=_beta,
    partials=(lambda y, a, b: beta_slope(a, b), lambda y, a, b: beta_slope(b, a)),
    ball=lambda a, b: _lbeta_ball(a, b).exp(),
    latex=r"\mathrm{B}\left({0}, {1}\right)",
    meaning="the Beta function Γ(a)·Γ(b)/Γ(a + b)",
    domain="a > 0, b > 0",
    extra=SCIPY,
    samples=((0.7, 2.3), (10.0, 1.0), (300.3, 200.7), (1e-5, 1e5)),
)
beta_slope: Primitive = primitive(
    "beta_slope",
    formula=_beta_slope,
    partials=(
        lambda y, a, b: beta(a, b) * (polygamma(1.0, a) - polygamma(1.0, a + b)) - y * digamma_rise(a, b),
        lambda y, a, b: -beta_slope(b, a) * digamma_rise(a, b) - beta(a, b) * polygamma(1.0, a + b),
    ),
    function=False,
    ball=lambda a, b: _lbeta_ball(a, b).exp() * (a.digamma() - (a + b).digamma()),
    latex=r"\mathrm{B}_1\left({0}, {1}\right)",
    meaning="the derivative of beta in its first argument, -beta(a, b)·digamma_rise(a, b)",
    extra=SCIPY,
)
lbeta = primitive(
    "lbeta",
    _lbeta_scalar,
    BACKED + "lbeta",
    edge=lambda a, b: carefully(lbeta_formula, a, b),
    partials=(lambda y, a, b: -digamma_rise(a, b), lambda y, a, b: -digamma_rise(b, a)),
    ball=_lbeta_ball,
    latex=r"\ln\mathrm{B}\left({0}, {1}\right)",
    meaning="the logarithm of the Beta function",
    domain="a > 0, b > 0",
    extra=SCIPY,
    samples=((0.7, 2.3), (10.0, 1.0), (1e5, 1e3), (1e-5, 1e5)),
)
