"""Kernels of powers over arrays, which cost less at ordinary numbers than the formulas for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiffcli.primitives.powers import lost, power_slope_formula

__all__ = ["power", "slope"]


def power(x: Any, n: Any, out: Any = None) -> Any:
    """Return x^n; NumPy takes the square root for an exponent 0.5 alone, which is undefined at -inf, and -0 at -0.

    >>> power(np.array([-0.0, 4.0]), 0.5).tolist()
    [0.0, 2.0]
    """
    y = np.power(x, n, out)
    half = np.equal(n, 0.5)
    if half.any() and np.less_equal(x, 0.0).any():
        y = np.asarray(y)
        np.copyto(y, np.abs(x), where=half & (np.equal(x, 0.0) | np.equal(x, -np.inf)))
    return y


def slope(x: Any, n: Any, out: Any = None) -> Any:
    """Return n·x^(n-1); where nothing can overflow, with what n - 1 lost to first order: x^δ = 1 + δ·ln(x).

    >>> slope(np.array([0.125, 8.0]), 1 / 3).tolist()
    [1.3333333333333333, 0.08333333333333333]
    """
    if np.ndim(n) or not 0.05 <= abs(n) <= 7.0 or not np.ndim(x):
        return power_slope_formula(x, n)
    y = np.power(x, n - 1.0, out)
    y *= n
    correction = np.log(x)
    correction *= lost(n, n - 1.0)
    correction *= y
    y += correction
    ordinary = x > 1e-38
    ordinary &= x < 1e38
    if not ordinary.all():
        others = ~ordinary
        y[others] = power_slope_formula(x[others], n)
    return y
