"""Primitives at complex numbers beside the real line, where cmath has none or one that loses a tiny imaginary part.

The real parts select, as the real numbers do: a function of pieces is taken from the piece that x is on.
"""

from __future__ import annotations

import cmath
import math

__all__ = [
    "absolute",
    "atan2",
    "cbrt",
    "exp2",
    "expm1",
    "greatest",
    "hypot",
    "least",
    "log",
    "log1p",
    "log2",
    "logsumexp",
    "mod",
    "power",
    "relu",
    "sech",
    "sinc",
    "where",
]

LN_2 = math.log(2.0)


def absolute(z: complex) -> complex:
    """Return z or -z, whichever has the greater real part; 0 at 0."""
    return z if z.real > 0 else -z if z.real < 0 else 0j


def relu(z: complex) -> complex:
    """Return z where its real part is above 0, else 0."""
    return z if z.real > 0 else 0j


def where(c: complex, a: complex, b: complex) -> complex:
    """Return a where the condition holds, else b."""
    return a if c.real else b


def greatest(*zs: complex) -> complex:
    """Return the number with the greatest real part."""
    return max(zs, key=lambda z: z.real)


def least(*zs: complex) -> complex:
    """Return the number with the least real part."""
    return min(zs, key=lambda z: z.real)


def mod(a: complex, b: complex) -> complex:
    """Return a less the multiple of b that it is of the real parts."""
    left = a.real % b.real
    return complex(left, a.imag - round((a.real - left) / b.real) * b.imag)


def expm1(z: complex) -> complex:
    """Return e^z - 1: the real part from the real function, which does not cancel near 0."""
    return complex(math.expm1(z.real), math.exp(z.real) * math.sin(z.imag))


def exp2(z: complex) -> complex:
    """Return 2^z."""
    return cmath.rect(math.exp2(z.real), z.imag * LN_2)


def log1p(z: complex) -> complex:
    """Return ln(1 + z): the real part from the real function, which keeps the digits of a small z."""
    return complex(math.log1p(z.real), math.atan2(z.imag, 1.0 + z.real))


def log(z: complex, base: complex) -> complex:
    """Return the logarithm to a base."""
    return cmath.log(z) / cmath.log(base)


def log2(z: complex) -> complex:
    """Return the logarithm to base 2."""
    return cmath.log(z) / LN_2


def cbrt(z: complex) -> complex:
    """Return the cube root that is real for real numbers, also for negative ones."""
    if z.real < 0:
        return -cbrt(-z)
    return cmath.rect(math.cbrt(abs(z)), cmath.phase(z) / 3.0)


def power(z: complex, n: complex) -> complex:
    """Return z^n; of a negative z by its opposite, as a phase of pi would swallow the imaginary part."""
    if z.real < 0 and n.imag == 0 and n.real % 1 == 0:
        return -power(-z, n) if n.real % 2 else power(-z, n)
    if z.real < 0 and n.imag:
        return complex(math.nan, math.nan)  # as the real power beside it
    if z == 0:
        return complex(math.pow(0.0, n.real))
    return cmath.exp(n * cmath.log(z)) if n.imag else cmath.rect(math.pow(abs(z), n.real), n.real * cmath.phase(z))


def hypot(a: complex, b: complex) -> complex:
    """Return sqrt(a^2 + b^2), scaled so that no square overflows."""
    scale = max(abs(a.real), abs(b.real))
    if not scale:
        return cmath.sqrt(a * a + b * b)
    return scale * cmath.sqrt((a / scale) ** 2 + (b / scale) ** 2)


def atan2(y: complex, x: complex) -> complex:
    """Return the angle of (x, y): the real part from the real function, the imaginary one of the arc tangent."""
    z = cmath.atan(y / x) if abs(y.real) < abs(x.real) else -cmath.atan(x / y)
    return complex(math.atan2(y.real, x.real), z.imag)


def sech(z: complex) -> complex:
    """Return 1/cosh(z)."""
    return 1.0 / cmath.cosh(z)


def sinc(z: complex) -> complex:
    """Return sin(z)/z, near 0 by its series, in which nothing cancels."""
    if abs(z) > 1:
        return cmath.sin(z) / z
    total = term = complex(1.0)
    for n in range(2, 22, 2):
        term *= -z * z / (n * (n + 1))
        total += term
    return total


def logsumexp(*zs: complex) -> complex:
    """Return ln(e^z₁ + e^z₂ + ...), the greatest taken out so that nothing overflows."""
    top = max(z.real for z in zs)
    return top + cmath.log(sum(cmath.exp(z - top) for z in zs))
