"""Values and partial derivatives by mpmath, written from the textbooks: independent of the declarations under test."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import mpmath as mp

Function = Callable[..., Any]


class Reference(NamedTuple):
    value: Function
    partials: tuple[Function | None, ...] | Callable[[int], Function]
    inside: Callable[..., bool] = lambda *xs: True
    limit: float = 4.0  # ulp
    conditioned: str | bool = False  # why an ulp of the arguments may move the result as well
    excused: Callable[..., bool] = lambda *xs: True  # where it may
    points: Iterable[tuple[float, ...]] | None = None  # in place of GRID

    def partial(self, k: int) -> Function | None:
        return self.partials(k) if callable(self.partials) else self.partials[k]


def exact(f: Function, *xs: float) -> Any:
    """Evaluate with twice the digits until nothing changes; a zero is believed only after 2000."""
    before: Any = None
    digits = 60
    while True:
        with mp.workdps(digits):
            after = mp.re(f(*map(mp.mpf, xs)))
        digits *= 2
        if before is not None and (
            digits > 2000 or (after != 0 and abs(after - before) <= abs(after) * mp.mpf("1e-25"))
        ):
            return after
        before = after


def _grid() -> list[float]:
    draw = random.Random(1)
    points = [
        5e-324,
        1e-310,
        2.3e-308,
        1e-300,
        1e-160,
        1e-100,
        1e-30,
        1e-16,
        1e-9,
        1e-5,
        0.01,
        0.25,
        0.3,
        0.5,
        0.7,
        1.0,
    ]
    points += [1.5, 2.0, 2.3, 5.0, 12.0, 19.5, 26.4, 27.2, 37.5, 38.4, 40.0, 100.0, 300.0, 700.0, 708.4, 709.9, 730.0]
    points += [740.0, 744.9, 1e3, 1e5, 1e10, 1e22, 1e100, 1e154, 3e154, 1e160, 1e200, 1e300, 1.7e308]
    points += [math.pi / 2, math.pi, 4.493409457909064, 1.4616321449683623, math.e]
    for near in (0.5, 1.0, 2.0):
        points += [near * (1 + s * d) for s in (-1, 1) for d in (2.3e-16, 3e-12, 1e-8, 1e-4, 0.03)]
    points += [draw.uniform(0, 1) for _ in range(20)] + [draw.uniform(0, 40) for _ in range(20)]
    points += [10 ** draw.uniform(-3, 3) for _ in range(10)]
    return [*points, *[-x for x in points], 0.0]


GRID = _grid()
PAIRS = [(a, b) for a in GRID[:46:3] for b in GRID[:46:2]] + [(-a, b) for a in GRID[1:46:4] for b in GRID[:46:5]]


def _within(low: float, high: float) -> Callable[[float], bool]:
    return lambda x: low < x < high


POSITIVE = _within(0, math.inf)
BOTH_POSITIVE: Function = lambda a, b: a > 0 and b > 0
OUTSIDE: Function = lambda x: abs(x) > 1
NONZERO: Function = lambda x: x != 0
NO_POLE: Function = lambda x: x > 0 or x != math.floor(x)
sigma: Function = lambda x: 1 / (1 + mp.exp(-x))
phi: Function = lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)
erfc: Function = lambda x: mp.erfc(x) if x < 1e9 else mp.mpf(0)  # which mpmath refuses
Phi: Function = lambda x: erfc(-x / mp.sqrt(2)) / 2
slope: Function = lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)
log_gamma: Function = lambda x: mp.log(abs(mp.gamma(x))) if abs(x) < 50 else mp.re(mp.loggamma(x))
trigamma: Function = lambda x: (
    mp.polygamma(1, x) if x > 0 else mp.pi**2 / mp.sin(mp.pi * x) ** 2 - mp.polygamma(1, 1 - x)
)
beta: Function = lambda a, b: mp.exp(log_beta(a, b))
besselj: Function = lambda n, x: mp.besselj(n, x, maxprec=100_000)
bessely: Function = lambda n, x: mp.bessely(n, x, maxprec=100_000)
bessel: Function = lambda f: lambda n, x: (f(n - 1, x) - f(n + 1, x)) / 2


def log_beta(a: Any, b: Any) -> Any:
    """Return lnΓ(a) + lnΓ(b) - lnΓ(a + b) with the digits that it cancels."""
    with mp.extradps(330 if max(a, b) > 1e15 else 30):
        return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def rise(a: Any, b: Any) -> Any:
    """Return ψ(a + b) - ψ(a) with the digits that it cancels."""
    with mp.extradps(660 if max(a, b) > 1e15 or min(a, b) < 1e-15 else 30):
        return mp.digamma(a + b) - mp.digamma(a)


def power(x: Any, n: Any) -> Any:
    """Return x^n for x < 0 as well, where n is an integer; a point where it is a pole is nan."""
    if x == 0:
        return mp.mpf(n == 0) if n >= 0 else mp.nan
    return mp.nan if x < 0 and n % 1 else mp.exp(n * mp.log(abs(x))) * (-1 if x < 0 and n % 2 else 1)


def _sinc_n(n: Any, x: Any) -> Any:
    return mp.quad(lambda t: t**n * mp.cos(x * t + n * mp.pi / 2), [0, 1]) if x else mp.cos(n * mp.pi / 2) / (n + 1)


def _orders(orders: tuple[float, ...], xs: Iterable[float]) -> list[tuple[float, float]]:
    return [(n, x) for n in orders for x in xs]


def _share(k: int) -> Function:
    return lambda *xs: mp.exp(xs[k]) / sum(map(mp.exp, xs))


def _first(xs: tuple[Any, ...], k: int, best: Any) -> Any:
    return (xs[k] == best) / mp.mpf(xs.count(best))


R = Reference
SEVERAL = [(3.0,), (0.0, -40.0), (0.0, -720.0), (0.7, 0.7), (-700.0, 1.0), (1e300, 0.0), (1e3, 1001.0, 999.5)]
SEVERAL += [(-1e3, -1001.0, -999.0), (0.3, -2.1, 1.7, 5.0), (-0.5, -1.0, -3.0, -5.0, 0.25)]
EXTREMES = (5e-324, 1e-310, 1e-280, 1e-21, 1e-9, 1e20, 1e100, 1e300, 1.7e308)
TWO = [(a, b) for a in [x for x in GRID if 1e-5 < x < 50][::2] for b in (0.01, 0.7, 1.0, 9.7, 10.3, 200.7, 1e5)]
TWO += [(a, b) for a in (*EXTREMES, 0.3, 2.0, 7.3) for b in (*EXTREMES, 0.3, 7.3)]
TWO += [(300.3, 200.7), (500.1, 499.9), (1e-5, 1e5), (1e5, 1e3), (1e10, 1e10)]
BETA_IS_1 = [(1 - 2.0**-53, 1 + 2.0**-52), (0.7, 1.5031173417152364), (0.3, 3.0), (1.3, 0.79)]
WAVES = [(n, x) for n in (0.0, 1.0, 3.0, 0.5, 2.5, 1.7, -0.5, -1.3, -2.0) for x in (
    1e-300, 1e-9, 0.3, 0.8935769662791675, 2.404825557695773, 6.1, 10.97, 24.0, 41.3, 95.0, 1293.0424672462448, 1e5,
    1e22,
)]  # fmt: skip
ZEROS = [  # of J
    *((50.3, 57.42998832778882), (50.3, 63.12987085149364), (200.0, 211.0291665105547), (200.0, 50000.40328156472)),
    *((1000.0, 1018.6608809679079), (1000.0, 3000.8671890952596)),
]
# of high orders: far below the turning point x = n, about it, above, and at a zero; the others by ADCALC_ALL=1
HIGH = [(n, x * abs(n)) for n in (10.0, 50.3, 200.0, 1000.0, -50.3) for x in (0.01, 0.5, 0.99, 1.0, 1.02, 1.5, 40.0)]
HIGH += [(n, x) for n in (50.3, 1000.0) for x in (1e5, 1e22)] + ZEROS
if os.environ.get("ADCALC_ALL"):
    HIGH += [
        (n, x * abs(n))
        for n in (0.5, 3.0, 10.0, 50.3, 199.0, 200.0, 300.7, 1000.0, -10.3, -50.3)
        for x in (
            0.001,
            0.1,
            0.3,
            0.7,
            0.9,
            0.95,
            0.999,
            1.001,
            1.005,
            1.01,
            1.05,
            1.1,
            1.3,
            2.0,
            3.0,
            5.0,
            10.0,
            300.0,
        )
    ]
COMPARE = ((0.3, 0.7), (0.7, 0.3), (2.0, 2.0), (-1.0, 1.0))
BITS = ((0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0))
ORDINARY = [x for x in GRID if 1e-5 < abs(x) < 50] + [0.0]
zero: Function = lambda *xs: mp.mpf(0)
truth: Function = lambda test: R(lambda *xs: mp.mpf(bool(test(*xs))), (zero, zero), points=COMPARE)
steps: Function = lambda f: R(f, (zero,), lambda x: (2 * x) % 1 != 0)

REFERENCES: dict[str, Reference] = {
    "add": R(lambda a, b: a + b, (lambda a, b: 1, lambda a, b: 1)),
    "sub": R(lambda a, b: a - b, (lambda a, b: 1, lambda a, b: -1)),
    "mul": R(lambda a, b: a * b, (lambda a, b: b, lambda a, b: a)),
    "div": R(lambda a, b: a / b, (lambda a, b: 1 / b, lambda a, b: -a / b**2), lambda a, b: b != 0),
    "mod": R(
        lambda a, b: a - b * mp.floor(a / b),
        (lambda a, b: 1, lambda a, b: -mp.floor(a / b)),
        lambda a, b: b != 0,
    ),
    "neg": R(lambda x: -x, (lambda x: -1,)),
    "less": truth(lambda a, b: a < b),
    "less_equal": truth(lambda a, b: a <= b),
    "greater": truth(lambda a, b: a > b),
    "greater_equal": truth(lambda a, b: a >= b),
    "equal": truth(lambda a, b: a == b),
    "not_equal": truth(lambda a, b: a != b),
    "and": truth(lambda a, b: a and b)._replace(points=BITS),
    "or": truth(lambda a, b: a or b)._replace(points=BITS),
    "not": R(lambda a: mp.mpf(not a), (zero,), points=[(0.0,), (1.0,)]),
    "where": R(
        lambda c, a, b: a if c else b,
        (zero, lambda c, a, b: c, lambda c, a, b: 1 - c),
        points=[(0.0, 2.0, 3.0), (1.0, 2.0, 3.0)],
    ),
    "max": R(
        lambda *xs: max(xs),
        lambda k: lambda *xs: _first(xs, k, max(xs)),
        points=[(0.3, 0.7), (2.0, 2.0), (1.0, 3.0, 3.0)],
    ),
    "min": R(
        lambda *xs: min(xs),
        lambda k: lambda *xs: _first(xs, k, min(xs)),
        points=[(0.3, 0.7), (2.0, 2.0), (1.0, 1.0, 3.0)],
    ),
    "floor": steps(mp.floor),
    "ceil": steps(mp.ceil),
    "round": steps(mp.nint),
    "trunc": steps(lambda x: mp.sign(x) * mp.floor(abs(x))),
    "sign": R(mp.sign, (zero,)),
    "abs": R(abs, (mp.sign,)),
    "heaviside": R(lambda x: (1 + mp.sign(x)) / 2, (zero,)),
    "relu": R(lambda x: max(x, 0), (lambda x: mp.mpf(x > 0),)),
    "leaky_relu": R(lambda x: x if x > 0 else x * mp.mpf(0.01), (lambda x: mp.mpf(1) if x > 0 else mp.mpf(0.01),)),
    "clip": R(
        lambda x, a, b: min(max(x, a), b),
        (lambda x, a, b: mp.mpf(a <= x <= b), lambda x, a, b: mp.mpf(x < a), lambda x, a, b: mp.mpf(x > b)),
        points=[(0.3, -1.0, 1.0), (2.5, -1.0, 1.0), (-2.5, -1.0, 1.0)],
    ),
    "sqrt": R(mp.sqrt, (lambda x: 1 / (2 * mp.sqrt(x)),), POSITIVE),
    "cbrt": R(lambda x: mp.sign(x) * abs(x) ** (mp.mpf(1) / 3), (lambda x: abs(x) ** (-mp.mpf(2) / 3) / 3,), NONZERO),
    "exp": R(mp.exp, (mp.exp,)),
    "exp2": R(lambda x: mp.mpf(2) ** x, (lambda x: mp.mpf(2) ** x * mp.log(2),)),
    "expm1": R(lambda x: mp.exp(x) - 1, (mp.exp,)),
    "ln": R(mp.log, (lambda x: 1 / x,), POSITIVE),
    "log2": R(lambda x: mp.log(x) / mp.log(2), (lambda x: 1 / x / mp.log(2),), POSITIVE),
    "log10": R(lambda x: mp.log(x) / mp.log(10), (lambda x: 1 / x / mp.log(10),), POSITIVE),
    "log1p": R(lambda x: mp.log(1 + x), (lambda x: 1 / (1 + x),), _within(-1, math.inf)),
    "log": R(
        lambda x, b: mp.log(x) / mp.log(b),
        (lambda x, b: 1 / x / mp.log(b), lambda x, b: -mp.log(x) / mp.log(b) ** 2 / b),
        lambda x, b: x > 0 and b > 0 and b != 1,
    ),
    "pow": R(
        power,
        (
            lambda x, n: n * (power(x, n) / x if x else power(x, n - 1)) if n else mp.mpf(0),
            lambda x, n: power(x, n) * mp.log(x) if x > 0 else mp.mpf(0) if x == 0 and n > 0 else mp.nan,
        ),
        lambda x, n: x > 0 or (x == 0 and n >= 0) or (x < 0 and n % 1 == 0),
    ),
    "expsq": R(
        lambda a, x: mp.exp(a * x * x),
        (lambda a, x: x * x * mp.exp(a * x * x), lambda a, x: 2 * a * x * mp.exp(a * x * x)),
        points=_orders((-1.0, -0.5, 1.0, -0.3, 2.7, 1e-10, -1e22), GRID),
    ),
    "hypot": R(
        lambda a, b: mp.sqrt(a * a + b * b),
        (lambda a, b: a / mp.sqrt(a * a + b * b), lambda a, b: b / mp.sqrt(a * a + b * b)),
        lambda a, b: bool(a or b),
    ),
    "direction": R(
        lambda a, b: a / mp.sqrt(a * a + b * b),
        (lambda a, b: b * b / (a * a + b * b) ** mp.mpf(1.5), lambda a, b: -a * b / (a * a + b * b) ** mp.mpf(1.5)),
        lambda a, b: bool(a or b),
    ),
    "sin": R(mp.sin, (mp.cos,)),
    "cos": R(mp.cos, (lambda x: -mp.sin(x),)),
    "tan": R(mp.tan, (lambda x: 1 / mp.cos(x) ** 2,)),
    "sec": R(mp.sec, (lambda x: mp.sin(x) / mp.cos(x) ** 2,)),
    "csc": R(mp.csc, (lambda x: -mp.cos(x) / mp.sin(x) ** 2,), NONZERO),
    "cot": R(mp.cot, (lambda x: -1 / mp.sin(x) ** 2,), NONZERO),
    "asin": R(mp.asin, (lambda x: 1 / mp.sqrt(1 - x * x),), _within(-1, 1)),
    "acos": R(mp.acos, (lambda x: -1 / mp.sqrt(1 - x * x),), _within(-1, 1)),
    "atan": R(mp.atan, (lambda x: 1 / (1 + x * x),)),
    "atan2": R(
        mp.atan2,
        (lambda a, b: b / (a * a + b * b), lambda a, b: -a / (a * a + b * b)),
        lambda a, b: bool(a or b),
    ),
    "acot": R(lambda x: mp.atan(1 / x), (lambda x: -1 / (1 + x * x),), NONZERO),
    "asec": R(lambda x: mp.acos(1 / x), (lambda x: 1 / (abs(x) * mp.sqrt(x * x - 1)),), OUTSIDE),
    "acsc": R(lambda x: mp.asin(1 / x), (lambda x: -1 / (abs(x) * mp.sqrt(x * x - 1)),), OUTSIDE),
    "sinc": R(
        lambda x: mp.sin(x) / x if x else mp.mpf(1),
        (lambda x: (mp.cos(x) - mp.sin(x) / x) / x if x else mp.mpf(0),),
    ),
    "dsinc": R(
        _sinc_n,
        (None, lambda n, x: _sinc_n(n + 1, x)),
        points=_orders((1.0, 2.0, 5.0), [-12.0, -2.6, -0.7, -1e-9, 0.0, 1e-5, 0.3, 1.5, 2.4, 5.6, 9.0]),
    ),
    "deg": R(mp.degrees, (lambda x: 180 / mp.pi,)),
    "rad": R(mp.radians, (lambda x: mp.pi / 180,)),
    "sinh": R(mp.sinh, (mp.cosh,)),
    "cosh": R(mp.cosh, (mp.sinh,)),
    "tanh": R(mp.tanh, (lambda x: 1 / mp.cosh(x) ** 2,)),
    "sech": R(mp.sech, (lambda x: -mp.sinh(x) / mp.cosh(x) ** 2,)),
    "csch": R(mp.csch, (lambda x: -mp.cosh(x) / mp.sinh(x) ** 2,), NONZERO),
    "coth": R(mp.coth, (lambda x: -1 / mp.sinh(x) ** 2,), NONZERO),
    "asinh": R(mp.asinh, (lambda x: 1 / mp.sqrt(1 + x * x),)),
    "acosh": R(mp.acosh, (lambda x: 1 / mp.sqrt(x * x - 1),), _within(1, math.inf)),
    "atanh": R(mp.atanh, (lambda x: 1 / (1 - x * x),), _within(-1, 1)),
    "acoth": R(lambda x: mp.log((x + 1) / (x - 1)) / 2, (lambda x: 1 / (1 - x * x),), OUTSIDE),
    "asech": R(lambda x: mp.acosh(1 / x), (lambda x: -1 / (x * mp.sqrt(1 - x * x)),), _within(0, 1)),
    "acsch": R(lambda x: mp.asinh(1 / x), (lambda x: -1 / (abs(x) * mp.sqrt(1 + x * x)),), NONZERO),
    "sigmoid": R(sigma, (lambda x: sigma(x) * sigma(-x),)),
    "softplus": R(lambda x: mp.log(1 + mp.exp(x)), (sigma,)),
    "silu": R(lambda x: x * sigma(x), (lambda x: sigma(x) + x * sigma(x) * sigma(-x),)),
    "gelu": R(lambda x: x * Phi(x), (lambda x: Phi(x) + x * phi(x),)),
    "logit": R(lambda x: mp.log(x / (1 - x)), (lambda x: 1 / (x * (1 - x)),), _within(0, 1)),
    "logsumexp": R(
        lambda *xs: mp.log(sum(map(mp.exp, xs))),
        _share,
        points=SEVERAL,
    ),
    "softmax_first": R(
        _share(0),
        lambda k: lambda *xs: _share(0)(*xs) * ((k == 0) - _share(k)(*xs)),
        points=[xs for xs in SEVERAL if len(xs) > 1],
    ),
    "erf": R(mp.erf, (slope,), limit=16),
    "erfc": R(erfc, (lambda x: -slope(x),), limit=16),
    "erfcx": R(
        lambda x: mp.exp(x * x) * mp.erfc(x),
        (lambda x: 2 * x * mp.exp(x * x) * mp.erfc(x) - 2 / mp.sqrt(mp.pi),),
        _within(-26.6, 1e4),
        limit=16,
    ),
    "erfinv": R(mp.erfinv, (lambda x: 1 / slope(mp.erfinv(x)),), _within(-1, 1), limit=16),
    "gamma": R(
        mp.gamma,
        (lambda x: mp.gamma(x) * mp.digamma(x),),
        lambda x: -200 < x < 200 and NO_POLE(x),
        limit=16,
    ),
    "factorial": R(
        lambda n: mp.gamma(n + 1),
        (lambda n: mp.gamma(n + 1) * mp.digamma(n + 1),),
        lambda x: -200 < x < 200 and NO_POLE(x + 1) and x + 1 != 0,
        limit=16,
    ),
    "lgamma": R(log_gamma, (mp.digamma,), NO_POLE, limit=16),
    "digamma": R(mp.digamma, (trigamma,), NO_POLE, limit=16),
    "polygamma": R(
        lambda n, x: mp.polygamma(int(n), x),
        (None, lambda n, x: mp.polygamma(int(n) + 1, x)),
        lambda n, x: NO_POLE(x),
        limit=16,
        points=_orders((1.0, 2.0), [x for x in GRID if 1e-9 < abs(x) < 1e15])
        + _orders((0.0, 3.0, 5.0, 30.0, 99.0), [-20.3, -2.5, -1.3, 0.7, 2.2, 51.0, 3380.8, 1e15]),
    ),
    "digamma_rise": R(
        rise,
        (None, lambda a, b: mp.polygamma(1, a + b)),  # in a it serves second derivatives only, and may cancel
        lambda a, b: a > 0 and b > 0 and a + b < math.inf,
        limit=16,
        points=TWO,
    ),
    "beta": R(
        beta,
        (lambda a, b: -beta(a, b) * rise(a, b), lambda a, b: -beta(a, b) * rise(b, a)),
        BOTH_POSITIVE,
        limit=16,
        points=TWO,
    ),
    "lbeta": R(
        log_beta,
        (lambda a, b: -rise(a, b), lambda a, b: -rise(b, a)),
        BOTH_POSITIVE,
        limit=16,
        points=[*TWO, *BETA_IS_1],
    ),
    "besselj": R(
        besselj, (None, bessel(besselj)), limit=16, points=[*WAVES, *HIGH, (0.0, -7.0), (1.0, -1.25), (3.0, -7.0)]
    ),
    "bessely": R(bessely, (None, bessel(bessely)), limit=16, points=[*WAVES, *HIGH]),
    "lambertw": R(
        mp.lambertw,
        (lambda x: 1 / (x + mp.exp(mp.lambertw(x))),),
        lambda x: x > -0.36787944117144233,
        limit=16,
    ),
}
