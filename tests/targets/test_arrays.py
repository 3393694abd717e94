"""Generated code of arrays and structures: every function of arrays, run, against NumPy at complex numbers and JAX."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from autodiffcli import RequestError, source
from autodiffcli.graph import Node
from autodiffcli.primitives.tensor import sum_over
from tests.arrays.cases import CASES, Call, build
from tests.arrays.test_derivatives import by_complex_steps, calls, close, weights
from tests.cli.support import good, refused
from tests.targets.runners import execute

POINT: dict[str, Any] = {
    "X": np.random.default_rng(1).normal(size=(5, 3)),
    "W": np.random.default_rng(2).normal(size=(3, 4)),
    "V": np.random.default_rng(3).normal(size=(4, 2)),
    "y": np.eye(2)[[0, 1, 1, 0, 1]],
}
NETWORK = "Z = relu(X@W)@V; mean(logsumexp(Z, axis=1) - sum(Z*y, axis=1))"


def weighed(call: Call, w: Any) -> str:
    """Return the code of Σ w·value and its gradient."""
    graph, node = build(call)
    graph.outputs = [sum_over()(Node(graph, node) * Node(graph, graph.number(w))).id]
    return source(graph, "numpy")


@pytest.mark.parametrize("name", CASES)
def test_every_function_is_as_numpy_at_complex_numbers(name: str) -> None:
    for n, call in enumerate(calls(name, 12)):
        expected = call.reference(np, *map(np.asarray, call.values))
        w = weights(expected, n)
        value, *gradient = execute(weighed(call, w))(*call.values)
        assert close(value, np.sum(w * expected))
        for ours, theirs in zip(gradient, by_complex_steps(call, w), strict=True):
            assert close(ours, theirs), (n, call.values, ours, theirs)


@pytest.mark.parametrize("name", ["inv", "solve", "det"])
def test_singular_matrices_are_as_in_the_library(name: str) -> None:
    batch = np.stack([np.eye(2), np.ones((2, 2))])
    text = f"sum({name}(A{', b' if name == 'solve' else ''}))"
    point = {"A": batch, "b": np.ones((2, 2, 1))} if name == "solve" else {"A": batch}
    value, by_a, *_ = execute(source(text, "numpy", at=point))(*point.values())
    if name == "det":
        np.testing.assert_allclose([value, *by_a.ravel()], [1, 1, 0, 0, 1, 1, -1, -1, 1], atol=1e-15)
    else:
        assert np.isnan(value)
        assert np.isfinite(by_a[0]).all()
        assert np.isnan(by_a[1]).all()


def alone(code: str, call: str, **data: Any) -> Any:
    """Run code in a Python that has NumPy and nothing of ours."""
    setup = "import sys, json; sys.modules['autodiffcli'] = None; data = json.load(sys.stdin)\n"
    show = f"\nprint(json.dumps({call}, default=lambda a: a.tolist()))\n"
    done = subprocess.run(
        [sys.executable, "-I", "-c", setup + code + show],
        input=json.dumps(data),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_network_stands_alone_and_is_as_in_jax() -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy

    def loss(w: Any, v: Any) -> Any:
        z = jnp.maximum(POINT["X"] @ w, 0) @ v
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - jnp.sum(z * POINT["y"], axis=1))

    at = ", ".join(f"{name}=zeros{value.shape}" for name, value in POINT.items())
    code = good("compile", NETWORK, "--to", "numpy", "--at", at, "--wrt", "W,V")
    value, by_w, by_v = alone(code, "f(**data)", **{name: value.tolist() for name, value in POINT.items()})
    expected, gradient = jax.value_and_grad(loss, argnums=(0, 1))(POINT["W"], POINT["V"])
    assert close(value, expected)
    assert close(by_w, gradient[0])
    assert close(by_v, gradient[1])


STRUCTURED = 'b = d["cat"]; sin(b)*t[1].x'
DATA = {"d": {"cat": 2.0, "dog": 3.0}, "t": [1.0, {"x": 5.0}]}


@pytest.mark.parametrize("to", ["python", "numpy"])
def test_structures_come_back_in_their_form(to: str) -> None:
    code = good("compile", STRUCTURED, "--to", to, "--at", 'd={"cat": 0, "dog": 0}, t=(0, {"x": 0})')
    found = alone(code, "f(**data)", **DATA)
    expected = [5 * np.sin(2.0), {"cat": 5 * np.cos(2.0), "dog": 0.0}, [0.0, {"x": np.sin(2.0)}]]
    assert json.loads(json.dumps(found), parse_float=lambda x: round(float(x), 12)) == json.loads(
        json.dumps(expected), parse_float=lambda x: round(float(x), 12)
    )
    assert "[1] = d_d, [2] = d_t" in code


def test_arrays_in_structures() -> None:
    at = 'd={"w": [[1,2],[3,4]], "b": 5}, t=([1,1], 2)'
    code = good("compile", "sum(d.w @ t[0]) * t[1]", "--to", "numpy", "--at", at)
    value, by_d, by_t = alone(code, "f(**data)", d={"w": [[1, 2], [3, 4]], "b": 5}, t=[[1, 1], 2])
    assert (value, by_d, by_t) == (20.0, {"w": [[2.0, 2.0], [2.0, 2.0]], "b": 0.0}, [[8.0, 12.0], 10.0])


def test_the_shape_is_checked_and_nothing_is_shared_with_the_arguments() -> None:
    f = execute(source("sum(b*x)", "numpy", at={"x": [1, 2], "b": [3, 4]}))
    b = np.array([3.0, 4.0])
    _, by_b, by_x = f(b=b, x=[1, 2])
    assert by_b.tolist() == [1, 2]
    assert by_x.tolist() == [3, 4]
    by_x[0] = 7
    assert b[0] == 3
    with pytest.raises(ValueError, match=r"x has the shape \(3,\), and this code is for \(2,\)"):
        f(b=b, x=[1, 2, 3])


@pytest.mark.parametrize("to", ["python", "c", "javascript"])
def test_other_languages_refuse_arrays(to: str) -> None:
    error = refused("compile", "sum(x^2)", "--to", to, "--at", "x=[2,3]")
    assert f"error: code in {to} is written for numbers, and x is an array of shape (2,)" in error
    assert "hint: adcalc compile --to numpy takes arrays" in error
    with pytest.raises(RequestError, match="is an array of shape"):
        source("sum([x, y])", to)


def test_requests_that_make_no_sense() -> None:
    assert "shape of 'x' is not known" in refused("compile", "sum(x)", "--to", "numpy")
    assert "'y' is not in the expression" in refused("compile", "sum(x)", "--to", "numpy", "--at", "x=[1],y=2")
    assert "--at does nothing to code of numbers" in refused("compile", "x^2", "--to", "c", "--at", "x=1")
    assert "--order 2 asks for more" in refused("compile", "sum(x)", "--to", "numpy", "--at", "x=[1]", "--order", "2")


def test_a_value_may_be_an_array() -> None:
    code = good("compile", "A@x", "--to", "numpy", "--at", "A=zeros(2,2), x=zeros(2)", "--order", "0")
    assert alone(code, "f(**data)", A=[[1, 2], [3, 4]], x=[1, 1]) == [[3.0, 7.0]]


def test_latex_is_as_on_paper() -> None:
    found = good("compile", "x'@A@x", "--to", "latex", "--at", "A=zeros(2,2), x=zeros(2)", "--wrt", "A")
    assert "f &= x^\\mathsf{T} A x" in found
    assert "\\frac{\\partial f}{\\partial A} &= x x^\\mathsf{T}" in found
