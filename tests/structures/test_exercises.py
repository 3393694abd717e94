"""The exercises of a course on deep learning systems: every operation forward and backward, as a call of adcalc.

Values come from NumPy, gradients from difference quotients of the same NumPy function in extended precision.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.cli.support import good, refused

RNG = np.random.default_rng(7)


def positive(*shape: int) -> Any:
    return RNG.uniform(0.5, 2.0, shape)


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape)


def softmax_loss(Z: Any, y: Any) -> Any:
    return (np.log(np.exp(Z).sum(axis=1)) - (Z * y).sum(axis=1)).mean()


ONE_HOT = np.eye(4)[[0, 3, 1, 1, 2]]

Exercise = tuple[str, Callable[..., Any], dict[str, Any]]
EXERCISES: dict[str, Exercise] = {
    "power of a scalar": ("a^3", lambda a: a**3, {"a": normal(5, 4)}),
    "power entry by entry": ("a^b", lambda a, b: a**b, {"a": positive(5, 4), "b": normal(5, 4)}),
    "division": ("a/b", lambda a, b: a / b, {"a": normal(5, 4), "b": 5 + positive(5, 4)}),
    "division by a scalar": ("a/c", lambda a, c: a / c, {"a": normal(5, 4), "c": positive()}),
    "division, broadcast": ("a/b", lambda a, b: a / b, {"a": normal(3, 1), "b": positive(4)}),
    "matmul": ("a@b", lambda a, b: a @ b, {"a": normal(5, 4), "b": normal(4, 3)}),
    "matmul, batched": ("a@b", lambda a, b: a @ b, {"a": normal(6, 6, 5, 4), "b": normal(6, 6, 4, 3)}),
    "matmul, left broadcast": ("a@b", lambda a, b: a @ b, {"a": normal(5, 4), "b": normal(3, 2, 4, 3)}),
    "matmul, right broadcast": ("a@b", lambda a, b: a @ b, {"a": normal(3, 2, 5, 4), "b": normal(4, 3)}),
    "matmul, axes of one": ("a@b", lambda a, b: a @ b, {"a": normal(1, 3, 5, 4), "b": normal(2, 1, 4, 3)}),
    "matmul of vectors": ("a@b", lambda a, b: a @ b, {"a": normal(4), "b": normal(4)}),
    "matmul, vector on the left": ("a@b", lambda a, b: a @ b, {"a": normal(4), "b": normal(3, 4, 2)}),
    "summation": ("sum(a)", lambda a: a.sum(), {"a": normal(5, 4)}),
    "summation over an axis": ("sum(a, axis=1)", lambda a: a.sum(axis=1), {"a": normal(5, 4)}),
    "summation over the last": ("sum(a, axis=-1)", lambda a: a.sum(axis=-1), {"a": normal(5, 4, 2)}),
    "summation over two axes": ("sum(a, axis=(0, 2))", lambda a: a.sum(axis=(0, 2)), {"a": normal(5, 4, 2)}),
    "summation that keeps axes": (
        "sum(a, axis=1, keepdims=1)*a",
        lambda a: a.sum(axis=1, keepdims=True) * a,
        {"a": normal(5, 4)},
    ),
    "broadcast_to": ("broadcast(a, (3, 3, 3))", lambda a: np.broadcast_to(a, (3, 3, 3)), {"a": normal(1, 3)}),
    "broadcast_to, new axes": (
        "broadcast(a, (5, 4, 1, 3))",
        lambda a: np.broadcast_to(a, (5, 4, 1, 3)),
        {"a": normal(4, 1, 3)},
    ),
    "broadcast_to of a scalar": ("broadcast(a, (2, 3))", lambda a: np.broadcast_to(a, (2, 3)), {"a": normal()}),
    "reshape": ("reshape(a, (4, 5))", lambda a: a.reshape(4, 5), {"a": normal(5, 4)}),
    "reshape, one length left": ("reshape(a, (-1, 2))", lambda a: a.reshape(-1, 2), {"a": normal(5, 4)}),
    "negate": ("-a", lambda a: -a, {"a": normal(5, 4)}),
    "transpose": ("a'", lambda a: a.T, {"a": normal(5, 4)}),
    "transpose of axes": (
        "transpose(a, axes=(0, 2, 1))",
        lambda a: a.transpose(0, 2, 1),
        {"a": normal(3, 5, 4)},
    ),
    "log": ("ln(a)", np.log, {"a": positive(5, 4)}),
    "exp": ("exp(a)", np.exp, {"a": normal(5, 4)}),
    "relu": ("relu(a)", lambda a: np.maximum(a, 0), {"a": normal(5, 4)}),
    "softmax loss": (
        "mean(logsumexp(Z, axis=1) - sum(Z*y, axis=1))",
        softmax_loss,
        {"Z": normal(5, 4), "y": ONE_HOT},
    ),
    "two layers": (
        "mean(logsumexp(relu(X@W1)@W2, axis=1) - sum(relu(X@W1)@W2*y, axis=1))",
        lambda X, W1, W2, y: softmax_loss(np.maximum(X @ W1, 0) @ W2, y),
        {"X": normal(5, 3), "W1": normal(3, 6), "W2": normal(6, 4), "y": ONE_HOT},
    ),
}


def at(arrays: dict[str, Any]) -> str:
    return ", ".join(f"{name}={json.dumps(x.tolist() if hasattr(x, 'tolist') else x)}" for name, x in arrays.items())


def quotients(f: Callable[..., Any], arrays: dict[str, Any], weights: Any) -> dict[str, Any]:
    """Return the gradient of Σ weights·f by central differences, in extended precision."""
    wide = {name: np.asarray(x, dtype=np.longdouble) for name, x in arrays.items()}
    found = {}
    for name, x in wide.items():
        gradient = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = x.copy()
                moved[place] += step
                sides.append((weights * f(*{**wide, name: moved}.values())).sum())
            gradient[place] = (sides[0] - sides[1]) / np.longdouble(2e-6)
        found[name] = gradient
    return found


@pytest.mark.parametrize("name", EXERCISES)
def test_forward_is_numpy_s(name: str) -> None:
    expression, f, arrays = EXERCISES[name]
    value = json.loads(good("eval", expression, "--at", at(arrays), "--format", "json", "--no-trace"))["value"]
    expected = f(*arrays.values())
    assert np.shape(value) == np.shape(expected)
    np.testing.assert_allclose(value, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_gradient_is_that_of_difference_quotients(name: str) -> None:
    expression, f, arrays = EXERCISES[name]
    if name == "matmul, batched":  # there are 1,152 entries to move
        arrays = {key: x[:2, :2] for key, x in arrays.items()}
    weights = RNG.normal(size=np.shape(f(*arrays.values())))
    weighed = f"sum(w*({expression}))"
    point = at(arrays | {"w": weights})
    done = good("grad", weighed, "--at", point, "--wrt", ",".join(arrays), "--format", "json", "--no-trace")
    found = json.loads(done)["grad"]
    assert set(found) == set(arrays)
    for key, expected in quotients(f, arrays, weights).items():
        assert np.shape(found[key]) == expected.shape
        np.testing.assert_allclose(found[key], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("mode", ["forward", "backprop", "symbolic", "numeric"])
def test_every_mode_gives_the_network_s_gradient(mode: str) -> None:
    expression, _, arrays = EXERCISES["two layers"]
    args = ["grad", expression, "--at", at(arrays), "--wrt", "W1,W2", "--format", "json", "--no-trace"]
    reverse, other = (json.loads(good(*args, "--mode", m))["grad"] for m in ("reverse", mode))
    for key in ("W1", "W2"):
        np.testing.assert_allclose(other[key], reverse[key], atol=1e-7 if mode == "numeric" else 1e-13)


@pytest.mark.parametrize(
    ("expression", "point", "shapes"),
    [
        ("sum(X@W)", {"X": normal(2, 3), "W": normal(2, 3)}, ("(2, 3)", "(2, 3)")),
        ("sum(X+b)", {"X": normal(2, 3), "b": normal(2)}, ("(2, 3)", "(2,)")),
        ("sum(reshape(X, (4, 2)))", {"X": normal(2, 3)}, ("(2, 3)", "(4, 2)")),
        ("sum(broadcast(X, (2, 4)))", {"X": normal(2, 3)}, ("(2, 3)", "(2, 4)")),
        ("sum(concat(X, b))", {"X": normal(2, 3), "b": normal(2)}, ("(2, 3)", "(2,)")),
        ("f(A, B) = A@B; sum(f(X, f(X, W)))", {"X": normal(2, 2), "W": normal(3, 2)}, ("(2, 2)", "(3, 2)")),
        ("sum([X, b])", {"X": normal(2, 3), "b": normal(2)}, ("(2, 3)", "(2,)")),
    ],
)
def test_shapes_that_do_not_fit_are_refused_with_both_and_the_place(
    expression: str, point: dict[str, Any], shapes: tuple[str, str]
) -> None:
    said = refused("grad", expression, "--at", at(point))
    assert all(shape in said.splitlines()[0] for shape in shapes)
    assert "^" in said
