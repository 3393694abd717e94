"""Sine and cosine of one array together, by machine code: the operations of `primitives.sincos`, in one pass."""

from __future__ import annotations

import ctypes
import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiffcli.native.machine import address, built
from autodiffcli.primitives import sincos

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["sin_and_cos"]

_SOURCE = """
#include <math.h>
#include <stdint.h>
#include <string.h>

static inline double signed_by(uint64_t bits, uint64_t sign) {{
    double result;
    bits ^= sign << 63;
    memcpy(&result, &bits, sizeof result);
    return result;
}}

void sines(const double *restrict x, double *restrict sines, double *restrict cosines,
           unsigned char *restrict others, long count) {{
    for (long i = 0; i < count; i++) {{
        const double k = rint(x[i]*{two_over_pi});
        const double first = x[i] - k*{PIO2_1};
        const double second = first - k*{PIO2_2};
        const double rest = k*{PIO2_2T} - ((first - second) - k*{PIO2_2});
        const double y = second - rest, tail = (second - y) - rest;
        others[i] = !((fabs(y) > {CLOSE}) & (fabs(x[i]) < {LARGE}));

        const double z = y*y, cube = z*y;
        const double s = (({S5}*z + {S4})*z + {S3})*z + {S2};
        const double sin = ((((s*z + {S1})*cube - tail*0.5)*z + tail) + cube*{S0}) + y;
        const double c = ((({C5}*z + {C4})*z + {C3})*z + {C2})*z + {C1};
        const double half = z*0.5, w = 1.0 - half;
        const double cos = (((1.0 - w) - half) + (((c*z + {C0})*z)*z - tail*y)) + w;

        /* The quarter turns are the last bits of k + 1.5*2^52: a conversion is no vector instruction everywhere. */
        const double shifted = k + 6755399441055744.0;
        uint64_t turns, a, b;
        memcpy(&turns, &shifted, sizeof turns);
        memcpy(&a, &sin, sizeof a);
        memcpy(&b, &cos, sizeof b);
        const uint64_t swap = -(turns & 1) & (a ^ b);
        sines[i] = signed_by(a ^ swap, turns >> 1);
        cosines[i] = signed_by(b ^ swap, (turns + 1) >> 1);
    }}
}}
"""


def sin_and_cos(x: Any) -> tuple[Any, Any]:
    """Return what `primitives.sincos.sin_and_cos` does, to the last bit.

    >>> sin_and_cos(np.array([0.0, 1e300]))[1].tolist() == [1.0, math.cos(1e300)]
    True
    """
    return sincos.sin_and_cos(x, _regular)


def _regular(x: Floats) -> tuple[Floats, Floats, NDArray[np.bool_] | None]:
    x = np.ascontiguousarray(x)
    sines, cosines, others = np.empty(x.shape), np.empty(x.shape), np.empty(x.shape, dtype=np.bool_)
    _compiled()(*map(address, (x, sines, cosines, others)), ctypes.c_long(len(x)))
    return sines, cosines, others if others.any() else None


@cache
def _compiled() -> Any:
    constants = {name: getattr(sincos, name) for name in ("PIO2_1", "PIO2_2", "PIO2_2T", "CLOSE", "LARGE")}
    for name in "SC":
        constants |= {f"{name}{n}": value for n, value in enumerate(getattr(sincos, name))}
    texts = {name: f"({value!r})" for name, value in constants.items()}
    return built(_SOURCE.format(two_over_pi=repr(2 / math.pi), **texts)).many.sines
