"""Derivatives of matrix expressions: the formulas that textbooks have, and their values against JAX.

The formulas are those of Petersen & Pedersen, The Matrix Cookbook (2012); the equation stands beside each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiffcli import gradient, parse
from autodiffcli.api.formulas import derivative, formula
from autodiffcli.interpreter import run
from autodiffcli.language.write import LATEX

RNG = np.random.default_rng(3)
POINT: dict[str, Any] = {
    "x": RNG.normal(size=3),
    "b": RNG.normal(size=4),
    "A": RNG.normal(size=(4, 3)),
    "S": RNG.normal(size=(3, 3)),
    "X": RNG.normal(size=(3, 3)) + 3 * np.eye(3),
    "B": RNG.normal(size=(3, 4)),
    "t": np.array([0.2, 0.5, 0.3]),
    "Y": RNG.uniform(size=(4, 3)),
    "s": 1.7,
}
X_INVERSE_T = r"\left(X^{-1}\right)^\mathsf{T}"

TEXTBOOK: list[tuple[str, str, str, str]] = [
    # expression, input, formula in the language, in LaTeX
    ("x'@x", "x", "2*x", r"2 \cdot x"),
    ("x'@S@x", "x", "(S + S') @ x", r"\left(S + S^\mathsf{T}\right) x"),  # (81)
    ("x'@S@x", "S", "outer(x, x)", r"x x^\mathsf{T}"),
    ("b'@A@x", "A", "outer(b, x)", r"b x^\mathsf{T}"),  # (70)
    ("b'@A@x", "x", "A' @ b", r"A^\mathsf{T} b"),
    ("b'@A@x", "b", "A @ x", "A x"),
    ("norm(A@x-b)^2", "x", "2*(A' @ (A @ x - b))", r"2 \cdot A^\mathsf{T} \left(A x - b\right)"),  # (84)
    ("(A@x-b)'@(A@x-b)", "x", "2*(A' @ (A @ x - b))", r"2 \cdot A^\mathsf{T} \left(A x - b\right)"),
    ("sum((A@x-b)^2)/2", "x", "A' @ (A @ x - b)", r"A^\mathsf{T} \left(A x - b\right)"),
    ("sum((A@x-b)^2)", "A", "2*outer(A @ x - b, x)", r"2 \cdot \left(A x - b\right) x^\mathsf{T}"),  # (88)
    ("sum((A@x-b)^2)", "b", "-2*(A @ x - b)", r"-2 \cdot \left(A x - b\right)"),
    ("sum((A@x-b)^2) + s*x'@x", "x", "2*s*x + 2*(A' @ (A @ x - b))",
     r"2 \cdot s \cdot x + 2 \cdot A^\mathsf{T} \left(A x - b\right)"),
    ("norm(A@x-b)", "x", "A' @ (A @ x - b)/norm(A @ x - b)",
     r"\frac{A^\mathsf{T} \left(A x - b\right)}{\left\|A x - b\right\|}"),  # (129)
    ("trace(X)", "X", "eye(3)", "I"),  # (99)
    ("trace(A@X@B)", "X", "A' @ B'", r"A^\mathsf{T} B^\mathsf{T}"),  # (101)
    ("trace(A@X'@B)", "X", "B @ A", "B A"),  # (102)
    ("trace(X'@X)", "X", "2*X", r"2 \cdot X"),  # (115)
    ("trace(X@X)", "X", "2*X'", r"2 \cdot X^\mathsf{T}"),  # (106)
    ("trace(X'@S@X)", "X", "(S + S') @ X", r"\left(S + S^\mathsf{T}\right) X"),  # (108)
    ("norm(X)^2", "X", "2*X", r"2 \cdot X"),  # (132)
    ("det(X)", "X", "det(X)*inv(X)'", rf"\det\left(X\right) \cdot {X_INVERSE_T}"),  # (49)
    ("log(det(X))", "X", "inv(X)'", X_INVERSE_T),  # (57)
    ("x'@inv(X)@t", "X", "-(inv(X)' @ outer(x, t) @ inv(X)')",
     rf"-{X_INVERSE_T} x t^\mathsf{{T}} {X_INVERSE_T}"),  # (61)
    ("trace(inv(X)@S)", "X", "-(inv(X)' @ S' @ inv(X)')",
     rf"-{X_INVERSE_T} S^\mathsf{{T}} {X_INVERSE_T}"),  # (124)
    ("sum(X)", "X", "ones(3, 3)", r"\mathbf{1}"),
    ("sum(tanh(A@x))", "x", "A' @ sech(A @ x)^2", r"A^\mathsf{T} \operatorname{sech}\left(A x\right)^{2}"),
    ("sum(exp(A@X))", "X", "A' @ exp(A @ X)", r"A^\mathsf{T} e^{A X}"),
    ("sum(sin(A@X))", "A", "cos(A @ X) @ X'", r"\cos\left(A X\right) X^\mathsf{T}"),
    ("sum(t*sin(x))", "x", "t*cos(x)", r"t \odot \cos\left(x\right)"),
    ("logsumexp(x)", "x", "softmax(x)", r"\operatorname{softmax}\left(x\right)"),
    ("logsumexp(x) - x[1]", "x", "softmax(x) - [0, 1, 0]",
     r"\operatorname{softmax}\left(x\right) - \begin{bmatrix}0 & 1 & 0\end{bmatrix}"),
    ("-log(softmax(x)[1])", "x", "softmax(x) - [0, 1, 0]",
     r"\operatorname{softmax}\left(x\right) - \begin{bmatrix}0 & 1 & 0\end{bmatrix}"),
    ("logsumexp(x) - t'@x", "x", "softmax(x) - t", r"\operatorname{softmax}\left(x\right) - t"),
    ("-sum(t*log(softmax(x)))", "x", "sum(t)*softmax(x) - t",
     r"\operatorname{sum}\left(t\right) \cdot \operatorname{softmax}\left(x\right) - t"),
    ("sum(logsumexp(A@X, axis=1) - sum(Y*(A@X), axis=1))", "X", "A' @ (softmax(A @ X, axis=1) - Y)",
     r"A^\mathsf{T} \left(\operatorname{softmax}\left(A X\right) - Y\right)"),
    ("x[0]*x[1]", "x", "x[0]*[0, 1, 0] + x[1]*[1, 0, 0]",
     r"x_{[0]} \cdot \begin{bmatrix}0 & 1 & 0\end{bmatrix} + x_{[1]} \cdot \begin{bmatrix}1 & 0 & 0\end{bmatrix}"),
]  # fmt: skip

SHAPES = {name: np.shape(value) for name, value in POINT.items()}


@pytest.mark.parametrize(("text", "wrt", "plain", "latex"), TEXTBOOK)
def test_formulas_are_those_of_textbooks(text: str, wrt: str, plain: str, latex: str) -> None:
    found = derivative(parse(text, shapes=SHAPES), wrt)
    assert formula(found) == plain
    assert formula(found, LATEX) == latex


def _in_jax(text: str) -> Any:
    """Return an expression as a function of JAX: the language as Python reads it, with NumPy's names."""
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    jnp, lin = jax.numpy, jax.numpy.linalg
    words = {name: getattr(jnp, name) for name in ("sum", "trace", "exp", "log", "sin", "tanh", "outer")}
    words |= {name: getattr(lin, name) for name in ("norm", "det", "inv")}
    words |= {"softmax": jax.nn.softmax, "logsumexp": jax.nn.logsumexp}
    code = compile(text.replace("'", ".T").replace("^", "**"), text, "eval")
    return lambda point: eval(code, dict(words), dict(point))


@pytest.mark.parametrize(("text", "wrt", "plain"), [row[:3] for row in TEXTBOOK])
def test_formulas_have_the_values_of_jax(text: str, wrt: str, plain: str) -> None:
    """As they read back: the text is parsed again, and is a function of what it names."""
    jax = pytest.importorskip("jax")
    f = _in_jax(text)
    expected = jax.grad(lambda v: f({**POINT, wrt: v}))(jax.numpy.asarray(POINT[wrt]))
    graph = parse(plain, shapes=SHAPES)
    found = run(graph, [POINT[name] for name in graph.inputs])[graph.outputs[0]]
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


ATOMS = [
    "x",
    "t",
    "S@x",
    "X'@t",
    "sin(x)",
    "x*t",
    "2*x",
    "-t",
    "x/norm(t)",
    "inv(X)@x",
    "softmax(x)",
    "X[0]",
    "x[::-1]",
]
WHOLE = [
    "sum({0})", "norm({0})^2", "({0})'@({1})", "x'@X'@({0})", "trace(outer({0}, {1})@S)", "sum(({0})^2)/3",
    "logsumexp({0}) - ({1})[0]", "mean(exp({0}))", "log(det(X))*sum({0})", "sum(max(({0})*2, axis=0)*t)",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_formulas_have_the_values_of_the_gradient(data: st.DataObject) -> None:
    """Of random sums and products: what is written as on paper is what the sweep back gives."""
    parts = []
    for _ in range(2):
        chosen = data.draw(st.lists(st.sampled_from(ATOMS), min_size=1, max_size=3))
        signs = data.draw(st.lists(st.sampled_from([" + ", " - ", " * "]), min_size=len(chosen), max_size=len(chosen)))
        parts.append("".join(f"{sign}({atom})" for sign, atom in zip(signs, chosen, strict=True)).lstrip(" +*"))
    text = data.draw(st.sampled_from(WHOLE)).format(*parts)
    graph = parse(text, shapes=SHAPES)
    wrt = data.draw(st.sampled_from([name for name in graph.inputs if name != "s"]))
    expected = gradient(text, {name: POINT[name] for name in graph.inputs}, wrt=[wrt]).gradient[wrt]
    again = derivative(graph, wrt)
    found = run(again, [POINT[name] for name in again.inputs])[again.outputs[0]]
    scale = np.max(np.abs(expected), initial=1.0)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-11 * scale)
