"""Sine and cosine of one array together, for less than either costs alone in NumPy.

A gradient wants both wherever one is written. Reduction by parts of π/2 and the polynomials are fdlibm's
(e_rem_pio2.c, k_sin.c, k_cos.c; Sun Microsystems 1993): the error is below 1 ulp.
"""

from __future__ import annotations

import math
from threading import local
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiffcli.primitives.fixed import cosine, mended_far, sine

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Regular = Callable[[Floats], tuple[Floats, Floats, NDArray[np.bool_] | None]]

__all__ = ["CLOSE", "LARGE", "PIO2_1", "PIO2_2", "PIO2_2T", "C", "S", "sin_and_cos"]

PIO2_1 = 1.57079632673412561417e00  # the first 33 bits of π/2
PIO2_2 = 6.07710050630396597660e-11  # the next 33
PIO2_2T = 2.02226624879595063154e-21  # the rest
S = (
    -1.66666666666666324348e-01,
    8.33333333332248946124e-03,
    -1.98412698298579493134e-04,
    2.75573137070700676789e-06,
    -2.50507602534068634195e-08,
    1.58969099521155010221e-10,
)
C = (
    4.16666666666666019037e-02,
    -1.38888888888741095749e-03,
    2.48015872894767294178e-05,
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
)
LARGE = 1e5  # beyond it the first product of the reduction is not exact
CLOSE = 2.0**-30  # nearer to a multiple of π/2 the three parts have too few bits left

_kept = local()


def _work(count: int) -> tuple[Floats, ...]:
    """Return this thread's work arrays: allocated anew for every block they would cost as much as the arithmetic."""
    work: Any = getattr(_kept, "work", None)
    if work is None or work.shape[1] < count:
        work = _kept.work = np.empty((8, count))
    return tuple(work[:, :count])


def sin_and_cos(x: Any, regular: Regular | None = None) -> tuple[Any, Any]:
    """Return sine and cosine of a float64 array of one dimension; of anything else, NumPy's.

    regular: what computes them by reduction and polynomials, and tells where these do not do; NumPy's operations, if
             not given.

    >>> sin_and_cos(np.array([0.0, 1e300]))[1].tolist() == [1.0, math.cos(1e300)]
    True
    """
    if not isinstance(x, np.ndarray) or x.ndim != 1 or not x.size:
        return np.sin(x), np.cos(x)
    with np.errstate(all="ignore"):
        sin, cos, others = (regular or _regular)(x)
        if others is not None:
            np.sin(x, out=sin, where=others)
            np.cos(x, out=cos, where=others)
            sin, cos = mended_far(sin, x, sine), mended_far(cos, x, cosine)
    return sin, cos


def _regular(x: Floats) -> tuple[Floats, Floats, NDArray[np.bool_] | None]:
    """Return sine and cosine by reduction and polynomials, and where these do not do, None where they do everywhere."""
    k, y, tail, z, v, sines, cosines, w = _work(len(x))
    _reduce(x, k, y, tail, z, v, w)
    near, large = np.abs(y, out=z), np.abs(x, out=v)
    everywhere = near.min() > CLOSE and large.max() < LARGE
    others = None if everywhere else ~((near > CLOSE) & (large < LARGE))
    _polynomials(y, tail, z, v, w, sines, cosines)
    return *_turn(k, sines, cosines, y, z, v), others


def _reduce(x: Floats, k: Floats, y: Floats, tail: Floats, z: Floats, v: Floats, r: Floats) -> None:
    """Write x = k·π/2 + y + tail, k an integer and |y| at most π/4; the other arrays are work space."""
    np.multiply(x, 2 / math.pi, out=k)
    np.rint(k, out=k)
    np.multiply(k, PIO2_1, out=y)
    np.subtract(x, y, out=y)
    np.multiply(k, PIO2_2, out=v)
    np.subtract(y, v, out=z)
    np.subtract(y, z, out=r)  # what the rounding of z lost goes into the next part
    r -= v
    np.multiply(k, PIO2_2T, out=v)
    v -= r
    np.subtract(z, v, out=y)
    np.subtract(z, y, out=tail)
    tail -= v


def _polynomials(y: Floats, tail: Floats, z: Floats, v: Floats, w: Floats, sin: Floats, cos: Floats) -> None:
    """Write sine and cosine of y + tail into the last two; y and tail are used up."""
    np.multiply(y, y, out=z)
    np.multiply(z, S[5], out=sin)
    for a in S[4:1:-1]:
        sin += a
        sin *= z
    sin += S[1]
    np.multiply(z, y, out=v)
    sin *= v
    np.multiply(tail, 0.5, out=cos)
    sin -= cos
    sin *= z
    sin += tail
    v *= S[0]
    sin += v
    sin += y
    np.multiply(z, C[5], out=v)
    for a in C[4:0:-1]:
        v += a
        v *= z
    v += C[0]
    v *= z
    v *= z
    tail *= y
    v -= tail
    z *= 0.5
    np.subtract(1.0, z, out=w)
    np.subtract(1.0, w, out=cos)
    cos -= z
    cos += v
    cos += w


def _turn(k: Floats, sines: Floats, cosines: Floats, *work: Floats) -> tuple[Floats, Floats]:
    """Return sine and cosine of an angle that is k quarter turns further; the last three arrays are work space."""
    # On bits, since a masked copy branches at every element: what changes places, then the signs.
    n, swap, w = (array.view(np.int64) for array in work)
    sin, cos = sines.view(np.int64), cosines.view(np.int64)
    np.copyto(n, k, casting="unsafe")
    np.bitwise_and(n, 1, out=swap)
    np.negative(swap, out=swap)
    np.bitwise_xor(sin, cos, out=w)
    swap &= w
    sin, cos = sin ^ swap, cos ^ swap
    for bits in (sin, cos):  # negative in the third and fourth quarter, the cosine's being one further
        np.right_shift(n, 1, out=w)
        w <<= 63
        bits ^= w
        n += 1
    return sin.view(np.float64), cos.view(np.float64)
