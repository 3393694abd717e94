"""Data and models: scikit-learn's digits, and a network as it is written and as a NumPy program."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LINE = "mean((w*x + b - y)^2)"
SOFTMAX = "Y = reshape(t, (-1, 1)) == arange(10); mean(logsumexp(Z, axis=1) - sum(Y*Z, axis=1))"
LOGISTIC = f"Z = X@W + b; {SOFTMAX}"
NETWORK = f"Z = relu(X@W1 + b1)@W2 + b2; {SOFTMAX}"


@cache
def digits() -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the digits to learn from and those to judge by: X of 64 numbers up to 1 a row, and the digits t."""
    from sklearn.datasets import load_digits

    X, t = load_digits(return_X_y=True)
    X, t = X / 16, t.astype(float)
    return {"X": X[:1200], "t": t[:1200]}, {"X": X[1200:], "t": t[1200:]}


def scores(p: Mapping[str, Any], X: Floats) -> Floats:
    return X @ p["W"] + p["b"] if "W" in p else np.maximum(X @ p["W1"] + p["b1"], 0) @ p["W2"] + p["b2"]  # type: ignore[no-any-return]


def accuracy(parameters: Mapping[str, Any]) -> float:
    """Return the part of the digits held out that have their largest score at the right place."""
    held = digits()[1]
    return float(np.mean(np.argmax(scores(parameters, held["X"]), axis=1) == held["t"]))


def network_gradient(p: Mapping[str, Floats], X: Floats, t: Floats) -> dict[str, Floats]:
    """Return the gradient of NETWORK, derived by hand."""
    H = X @ p["W1"] + p["b1"]
    A = np.maximum(H, 0)
    Z = A @ p["W2"] + p["b2"]
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    P[np.arange(len(t)), t.astype(int)] -= 1
    P /= len(t)
    G = (P @ p["W2"].T) * (H > 0)
    return {"W1": X.T @ G, "b1": G.sum(axis=0), "W2": A.T @ P, "b2": P.sum(axis=0)}


def network_start() -> dict[str, Floats]:
    draw = np.random.default_rng(5).standard_normal
    return {"W1": draw((64, 32)) / 8, "b1": np.zeros(32), "W2": draw((32, 10)) / 8, "b2": np.zeros(10)}
