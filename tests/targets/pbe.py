"""The functional of tests/data/pbe.adc again, by hand in mpmath: nothing of ours takes part."""

from __future__ import annotations

from typing import Any

import mpmath as mp

INDICES = [(k - i, i) for k in range(5) for i in range(k + 1)]
"""Orders in n and s2 of the value and the 14 partial derivatives, as the generated code returns them."""


def energy(n: Any, s2: Any) -> Any:
    """Return the energy density at the working precision; decimal constants are the doubles that they are read as."""
    third = mp.mpf(1 / 3)
    k_f = (3 * mp.pi**2 * n) ** third
    rs = (3 / (4 * mp.pi * n)) ** third
    root = mp.mpf(7.5957) * mp.sqrt(rs) + mp.mpf(3.5876) * rs + mp.mpf(1.6382) * rs**1.5 + mp.mpf(0.49294) * rs**2
    a = mp.mpf(0.0310907)
    ec = -2 * a * (1 + mp.mpf(0.21370) * rs) * mp.log(1 + 1 / (2 * a * root))
    gamma = (1 - mp.log(2)) / mp.pi**2
    beta = mp.mpf(0.06672455060314922)
    t2 = s2 / (4 * (4 * k_f / mp.pi) * n**2)
    big_a = beta / gamma / (mp.exp(-ec / gamma) - 1)
    w = big_a * t2
    h = gamma * mp.log(1 + beta / gamma * t2 * (1 + w) / (1 + w + w**2))
    kappa, mu = mp.mpf(0.804), mp.mpf(0.2195149727645171)
    ex = -3 * k_f / (4 * mp.pi) * (1 + kappa - kappa / (1 + mu * (s2 / (4 * k_f**2 * n**2)) / kappa))
    return n * (ex + ec + h)


def derivatives(n: float, s2: float) -> list[Any]:
    """Return value and partial derivatives to order 4, right to 40 digits and more."""
    with mp.workdps(100):
        point = mp.mpf(n), mp.mpf(s2)
        return [mp.diff(energy, point, index) if sum(index) else energy(*point) for index in INDICES]
