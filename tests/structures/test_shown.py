"""What is shown of arrays: traces with the matrix form of each adjoint, tables, pictures, every command."""

from __future__ import annotations

import json

import numpy as np
import pytest

from autodiffcli import RequestError, check, gradient, hessian, hvp, jacobian, jvp, parse, vjp
from autodiffcli.language.point import parse_point
from autodiffcli.tracing.arrays import traced
from autodiffcli.value_text import compact
from tests.cli.support import good, refused

LECTURE = "Z = X@W; sum(tanh(Z))"
POINT = "X=[[1,2],[3,4],[5,6]], W=[[0.1,0.2],[0.3,0.4]]"
X, W = np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([[0.1, 0.2], [0.3, 0.4]])
Z_BAR = 1 - np.tanh(X @ W) ** 2  # by hand: v = Σ tanh(Z)


def test_adjoints_are_the_lecture_s_matrix_products() -> None:
    trace = traced(gradient(LECTURE, POINT, trace=True))
    rows = {row.name: row for row in trace.rows()}
    assert rows["v\u03041"].rule == "v\u03043·v2ᵀ"  # type: ignore[attr-defined]
    assert rows["v\u03042"].rule == "v1ᵀ·v\u03043"  # type: ignore[attr-defined]
    np.testing.assert_allclose(rows["v\u03043"].value, Z_BAR, rtol=1e-14)
    np.testing.assert_allclose(rows["v\u03041"].value, Z_BAR @ W.T, rtol=1e-14)
    np.testing.assert_allclose(rows["v\u03042"].value, X.T @ Z_BAR, rtol=1e-14)


def test_tangents_are_matrix_products_too() -> None:
    trace = traced(gradient("sum(X@W)", {"X": X, "W": W}, mode="forward", trace=True))
    row = trace.tangent_row(trace.forward[0], trace.nodes[2])
    assert row.rule == "v1'·v2 + v1·v2'"
    np.testing.assert_array_equal(row.value, np.outer([1, 0, 0], W[0]))


def test_latex_writes_them_as_on_paper() -> None:
    text = good("grad", LECTURE, "--at", POINT, "--format", "latex")
    assert r"$\bar{v}_{2}$ & $v_{1}^\mathsf{T} \bar{v}_{3}$" in text
    assert r"$\bar{v}_{1}$ & $\bar{v}_{3} v_{2}^\mathsf{T}$" in text
    assert r"\begin{bmatrix}0.1 & 0.2 \\ 0.3 & 0.4\end{bmatrix}" in text


def test_tables_keep_to_the_width_and_name_shapes() -> None:
    text = good("grad", "sum(relu(X@W)^2)", "--at", "X=reshape(arange(600),(20,30)),W=ones(30,40)", "--format", "table")
    assert max(map(len, text.splitlines())) <= 80
    for shape in ("(20, 30)", "(30, 40)", "(20, 40)"):
        assert shape in text
    assert "…" in text


@pytest.mark.parametrize("format_", ["markdown", "html", "latex"])
def test_a_trace_with_every_digit_leaves_no_entry_of_a_small_matrix_out(format_: str) -> None:
    text = good("grad", LECTURE, "--at", "X=[[1,2],[3,4]], W=[[0.1,0.2],[0.3,0.4]]", "--format", format_)
    assert "…" not in text and "ldots" not in text
    for x in np.tanh(X[:2] @ W).ravel().tolist():
        assert text.count(f"{x!r}") == 1


def test_dots_stand_for_entries_and_a_matrix_keeps_its_form() -> None:
    long = np.full((3, 4), 1 / 3)
    long[0, 0], long[-1, -1] = 1, 2
    assert compact(long, 6) == "[[1, …, 0.333333], …, [0.333333, …, 2]] (3, 4)"
    assert compact(long[:, :2], 3, width=9) == "[[1, 0.333], …, [0.333, 0.333]] (3, 2)"
    for whole in (long[::2, ::3], long[0], long[:, :1].T, np.array([*long[0], 5])):
        assert (
            "…" not in (text := compact(whole, None, width=9))
            and parse_point(f"x={text}")["x"].tolist() == whole.tolist()
        )
    assert compact(np.arange(6.0), width=9) == "[0, 1, 2, …, 4, 5] (6,)"


def test_json_trace_holds_every_entry() -> None:
    rows = json.loads(good("grad", LECTURE, "--at", POINT, "--format", "json"))["trace"]
    partial = next(row for row in rows if row["kind"] == "partial_adjoint" and row["to"] == "v1")
    np.testing.assert_allclose(partial["value"], Z_BAR @ W.T, rtol=1e-14)
    assert partial["partial"] == "v\u03043 @ v2'"


def test_csv_has_a_row_for_each_entry() -> None:
    lines = good("grad", "sum(x^2)*t[0]", "--at", "x=[[1,2],[3,4]],t=(1,5)", "--format", "csv").splitlines()
    assert lines[0] == "input,derivative"
    assert dict(line.rsplit(",", 1) for line in lines[1:]) == {
        '"x[0,0]"': "2",
        '"x[0,1]"': "4",
        '"x[1,0]"': "6",
        '"x[1,1]"': "8",
        "t[0]": "30",
        "t[1]": "0",
    }


@pytest.mark.parametrize("format_", ["table", "plain", "json", "jsonl", "csv", "tsv", "markdown", "latex", "html"])
@pytest.mark.parametrize("mode", ["reverse", "forward", "backprop", "symbolic", "numeric", "all"])
def test_every_format_of_every_mode(format_: str, mode: str) -> None:
    expression, at = "sum(d.a @ x)*d.b[0] + sum(x)", 'd={"a": [[1,2],[3,4]], "b": (5, 6)}, x=[7, 8]'
    text = good("grad", expression, "--at", at, "--mode", mode, "--format", format_)
    assert "d" in text and "float64" not in text


def test_what_is_printed_is_what_at_takes() -> None:
    printed = good("grad", "sum(X@W)*d.a", "--at", POINT + ', d={"a": 2, "b": [1]}')
    again = good("eval", '{"X": X, "W": W, "d": d}', "--at", printed)
    expected = {"X": 2 * np.tile(W.sum(axis=1), (3, 1)), "W": 2 * np.tile(X.sum(axis=0), (2, 1)).T}
    found = gradient("sum(X@W)*d.a", POINT + ', d={"a": 2, "b": [1]}').structured()
    for name, matrix in expected.items():
        np.testing.assert_allclose(found[name], matrix, rtol=1e-14)
    assert again.startswith('value={"X": [[') and again.endswith('"b": [0]}}\n')


# Matrices and products with them


def test_jacobian_of_arrays_by_entries() -> None:
    found = jacobian("X@W", {"X": X, "W": W})
    assert found.rows[:2] == ["y[0,0]", "y[0,1]"] and found.columns[-1] == "W[1,1]"
    expected = np.hstack([np.kron(np.eye(3), W.T), np.kron(X, np.eye(2))])  # vec by rows
    np.testing.assert_allclose(found.matrix, expected, atol=1e-15)
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(jacobian("X@W", {"X": X, "W": W}, mode=mode).matrix, expected, atol=1e-15)
    assert jacobian("X@W", {"X": X, "W": W}, wrt=["W"]).columns == ["W[0,0]", "W[0,1]", "W[1,0]", "W[1,1]"]


def test_hessian_of_a_quadratic_form() -> None:
    A = np.array([[2.0, 1, 0], [4, 3, 5], [6, 7, 8]])
    point = {"x": [1.0, 2, 3], "A": A}
    np.testing.assert_allclose(hessian("x@A@x", point, wrt=["x"]).matrix, A + A.T, rtol=1e-14)
    v = np.array([1.0, -1, 2])
    np.testing.assert_allclose(hvp("x@A@x", point, tangent={"x": v}, wrt=["x"]).product["x"], (A + A.T) @ v)
    assert hvp("d.a^2*d.b[0]", {"d": {"a": 3, "b": (5, 7)}}, tangent='d={"a": 1}').product == {
        "d": {"a": 10.0, "b": (6.0, 0.0)}
    }


def test_jvp_and_vjp_are_each_other_s_transpose() -> None:
    V, U = np.arange(4.0).reshape(2, 2), np.arange(6.0).reshape(3, 2)
    point = {"X": X, "W": W}
    forward = jvp("tanh(X@W)", point, tangent={"W": V}).product["y"]
    back = vjp("tanh(X@W)", point, cotangent={"y": U}).product["W"]
    np.testing.assert_allclose(forward, Z_BAR * (X @ V), rtol=1e-13)
    assert (forward * U).sum() == pytest.approx((back * V).sum(), rel=1e-13)
    assert good("vjp", "x*y", "--at", "x=[1,2],y=3", "--cotangent", "[1,0]") == "x=[3, 0]\ny=1\n"
    assert "the shape (2,), and its shape is (3, 2)" in refused(
        "jvp", "sum(X)", "--at", "X=ones(3,2)", "--tangent", "X=[1,2]"
    )


def test_check_judges_arrays() -> None:
    found = check(LECTURE, POINT)
    assert found.verdict == "passed" and len(found.gradient) == 10
    assert check("sum(abs(x))", "x=[1, 0]").verdict == "undecided"


# Pictures, formulas, and what is refused


def test_graph_draws_arrays_with_their_shapes() -> None:
    text = good("graph", LECTURE, "--at", POINT, "--backward")
    assert "v3 = v1 @ v2 = " in text and "(3, 2)" in text
    assert "v\u03042 = v1' @ v\u03043 = " in text and "v\u03041 = v\u03043 @ v2' = " in text
    for format_ in ("dot", "mermaid", "json"):
        assert "tanh" in good("graph", LECTURE, "--at", POINT, "--backward", "--optimize", "--format", format_)


def test_formulas_of_matrices() -> None:
    text = good("diff", "sum(X@W)", "--at", POINT, "--wrt", "W")
    formula = text.splitlines()[0].removeprefix("formula=")
    value = gradient(f"sum(G*({formula}))", {"X": X, "G": np.eye(2)}).value if "W" not in formula else None
    assert value is None or value == X.sum(axis=0)[0] + X.sum(axis=0)[1]
    assert text.splitlines()[1] == "value=[[9, 9], [12, 12]]"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("grad", "X@W", "--at", POINT), "a gradient is that of a number, and this is an array of shape (3, 2)"),
        (("grad", "sum(X@W)"), "an input is an array where its value is one"),
        (("taylor", "sum(X)", "--at", "X=[1,2]"), "Taylor coefficients are those of numbers"),
        (("compile", "sum([x, 2])", "--to", "c"), "code in c is written for numbers"),
        (("grad", "sum(X)", "--at", "X=[1,2]", "--digits", "20"), "digits are proven of numbers"),
        (("grad", "x^2", "--at", "x=[1,2]", "--digits", "20"), "digits are proven of numbers"),
        (("grad", "X@W", "--at", "X=[[1]],W=[[2]]", "--digits", "20"), "digits are proven of numbers, and this is an"),
        (("eval", "d.a", "--at", "d.a=1", "--digits", "20"), "'d' is no number, and digits are proven of numbers"),
        (("eval", "m*X[0]", "--at", "m=2±0.1,X=[1,2]"), "uncertainties are propagated"),
        (("eval", "x", "--at", "x=[1,2]±1"), "so it cannot be uncertain"),
        (("diff", "sum(X^2)", "--at", "X=[1,2]", "--wrt", "X", "--order", "2"), "those of first derivatives"),
        (("grad", "sum(ln(X))", "--at", "X=[1,-1]", "--wrt", "Y"), "'Y' is not an input"),
    ],
)
def test_refusals(args: tuple[str, ...], said: str) -> None:
    assert said in refused(*args)


def test_undefined_entries_are_named() -> None:
    assert "ln is undefined at -1" in refused("grad", "sum(ln(x))", "--at", "x=[1,-1]", status=1)
    assert "entry [1]" in refused("eval", "ln(x)", "--at", "x=[1,-1]", status=1)


def test_derivatives_in_expressions() -> None:
    assert good("eval", "grad(sum(x^3), x)", "--at", "x=[1,2]") == "value=[3, 12]\n"
    assert good("grad", "g = grad(sum(x^3), x); sum(g^2)", "--at", "x=[1,2]") == "x=[36, 288]\n"
    assert good("eval", "f(x) = D(x^3, x); f(X)", "--at", "X=[1,2]") == "value=[3, 12]\n"
    assert good("eval", "l(d) = d.a^2*d.b; grad(l(d), d)", "--at", 'd={"a": 2, "b": 3}') == 'value={"a": 12, "b": 4}\n'
    with pytest.raises(RequestError, match="first derivative"):
        parse("D(sum(x^3), x, 2)", shapes={"x": (2,)})
