"""Sine and cosine in fixed point, for the few arguments where floats lose digits.

The result is right to the last bit: near the zeros of what sines and cosines cancel to, and beyond 1e8, where C
libraries reduce the argument with too few digits of pi.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

__all__ = ["LARGE", "SMALL", "cosine", "mended", "mended_far", "sinc_derivative", "sine", "sine_cosine", "tangent"]

LARGE = 1e8
"""Beyond this the reduction of the GNU C library loses digits next to multiples of pi/2."""

SMALL = 1e-3
"""Only results below it suffer: the error is that of the argument."""

GUARD = 256


def sine_cosine(x: float, bits: int = GUARD) -> tuple[int, int]:
    """Return sin(x) and cos(x) as multiples of 2^-bits.

    >>> sine_cosine(0.0, 4)
    (0, 16)
    """
    top, bottom = x.as_integer_ratio()
    extra = max(0, math.frexp(x)[1])  # as many digits of pi as x has before its point
    fine = bits + extra
    longer = fine // 512 * 512 + 512
    half = _pi(longer) >> (longer - fine + 1)
    whole = (top << fine) // bottom
    turns = (2 * whole + half) // (2 * half)  # quarters, the nearest number of them
    r = (whole - turns * half) >> extra
    s, c = _series(r, bits)
    return ((s, c), (c, -s), (-s, -c), (-c, s))[turns % 4]


def _series(r: int, bits: int) -> tuple[int, int]:
    """Return sin(r) and cos(r) by their power series, for |r| <= pi/4."""
    square = r * r >> bits
    sine = term = r
    cosine = other = 1 << bits
    k = 1
    while abs(term) > 1 or abs(other) > 1:
        other = -(other * square >> bits) // (k * (k + 1))
        term = -(term * square >> bits) // ((k + 1) * (k + 2))
        cosine, sine = cosine + other, sine + term
        k += 2
    return sine, cosine


@lru_cache(maxsize=8)
def _pi(bits: int) -> int:
    """Return pi·2^bits, by Machin's formula: pi/4 = 4·atan(1/5) - atan(1/239)."""
    guard = bits + 32
    return 4 * (4 * _atan_inverse(5, guard) - _atan_inverse(239, guard)) >> 32


def _atan_inverse(n: int, bits: int) -> int:
    total, term, k = 0, (1 << bits) // n, 1
    while term:
        total += term // k if k % 4 == 1 else -(term // k)
        term //= n * n
        k += 2
    return total


def sine(x: float) -> float:
    """Return sin(x).

    >>> sine(5.319372648326541e+255)
    1.0
    """
    return sine_cosine(x)[0] / (1 << GUARD)


def cosine(x: float) -> float:
    """Return cos(x).

    >>> cosine(5.319372648326541e+255)
    -4.687165924254628e-19
    """
    return sine_cosine(x)[1] / (1 << GUARD)


def tangent(x: float) -> float:
    """Return tan(x).

    >>> tangent(5.319372648326541e+255)
    -2.133485385753704e+18
    """
    s, c = sine_cosine(x)
    return s / c


def sinc_derivative(n: int, x: float) -> float:
    """Return the n-th derivative of sin(x)/x for |x| >= 1, by differentiating x·sinc(x) = sin(x) n times.

    >>> sinc_derivative(1, 4.493409457909064)
    7.218300729428198e-18
    """
    bits = GUARD + 8 * n + 2 * max(0, math.frexp(x)[1])
    sines = sine_cosine(x, bits)
    top, bottom = x.as_integer_ratio()
    y = sines[0] * bottom // top
    for k in range(1, n + 1):
        y = ((-1) ** (k // 2) * sines[k % 2] - k * y) * bottom // top
    return y / (1 << bits)


def mended_far(y: Any, x: Any, exact: Callable[[float], float]) -> Any:
    """Return the array y of sines or cosines of x, right beyond LARGE too."""
    import numpy as np

    if not np.max(np.abs(x), initial=0.0) > LARGE:  # almost always: nan and smaller numbers
        return y
    return mended(y, (np.abs(y) < SMALL) & (np.abs(x) > LARGE), exact, x)


def mended(y: Any, places: Any, exact: Callable[..., float], *xs: Any) -> Any:
    """Return the array y with exact(*xs) at the few places of a mask."""
    import numpy as np

    if not np.any(places):
        return y
    out = np.array(y, dtype=float)
    places = np.broadcast_to(places, out.shape)
    columns = [np.broadcast_to(x, out.shape)[places] for x in xs]
    out[places] = [exact(*map(float, row)) for row in zip(*columns, strict=True)]
    return out
