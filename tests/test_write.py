"""A graph as text: what is written reads back as the same graph, with no parenthesis too many."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph, Node
from autodiffcli.language.parser import parse
from autodiffcli.language.write import LATEX, PLAIN, UNICODE, number, write
from autodiffcli.primitive import PRIMITIVES
from autodiffcli.primitives import sin
from autodiffcli.primitives.selection import equal, greater, less, logical_and, logical_not, logical_or, where

Build = Callable[[Node, Node, Node], Node]


def built(build: Build) -> tuple[Graph, int]:
    graph = Graph()
    x, y, z = (Node(graph, graph.input(name)) for name in "xyz")
    return graph, build(x, y, z).id


MINIMAL: list[tuple[Build, str, str]] = [
    (lambda x, y, z: x + y + z, "x + y + z", "x + y + z"),
    (lambda x, y, z: x + (y + z), "x + (y + z)", "x + (y + z)"),
    (lambda x, y, z: x - (y - z), "x - (y - z)", "x − (y − z)"),
    (lambda x, y, z: x * y / z, "x*y/z", "x·y/z"),
    (lambda x, y, z: x / (y * z), "x/(y*z)", "x/(y·z)"),
    (lambda x, y, z: (x + y) * z, "(x + y)*z", "(x + y)·z"),
    (lambda x, y, z: x + y * z, "x + y*z", "x + y·z"),
    (lambda x, y, z: x ** (y**z), "x^y^z", "x^y^z"),
    (lambda x, y, z: (x**y) ** z, "(x^y)^z", "(x^y)^z"),
    (lambda x, y, z: -(x**2), "-x^2", "−x^2"),
    (lambda x, y, z: (-x) ** 2, "(-x)^2", "(−x)^2"),
    (lambda x, y, z: x**-y, "x^-y", "x^−y"),
    (lambda x, y, z: x**-2, "x^-2", "x^−2"),
    (lambda x, y, z: x**0.5, "x^0.5", "x^0.5"),
    (lambda x, y, z: -2.0 * x, "-2*x", "−2·x"),
    (lambda x, y, z: x * -2.0, "x*-2", "x·(−2)"),
    (lambda x, y, z: x * -y, "x*-y", "x·(−y)"),
    (lambda x, y, z: x - (-y), "x - (-y)", "x − (−y)"),
    (lambda x, y, z: x + (-y) * z, "x + (-y)*z", "x + (−y)·z"),
    (lambda x, y, z: x + -(y * z), "x + (-(y*z))", "x + (−(y·z))"),
    (
        lambda x, y, z: -(-x),  # noqa: B002
        "-(-x)",
        "−(−x)",
    ),
    (lambda x, y, z: -x * y, "-x*y", "−x·y"),
    (lambda x, y, z: -(x + y), "-(x + y)", "−(x + y)"),
    (lambda x, y, z: PRIMITIVES["mod"](x, y) * z, "x % y*z", "x % y·z"),
    (lambda x, y, z: sin(x + y) ** 2, "sin(x + y)^2", "sin(x + y)^2"),
    (lambda x, y, z: where(less(x, y), x, y), "where(x < y, x, y)", "where(x < y, x, y)"),
    (PRIMITIVES["max"], "max(x, y, z)", "max(x, y, z)"),
    (lambda x, y, z: less(less(x, y), z), "(x < y) < z", "(x < y) < z"),
    (lambda x, y, z: less(x, y) + z, "(x < y) + z", "(x < y) + z"),
    (lambda x, y, z: equal(x + y, z), "x + y == z", "x + y == z"),
    (lambda x, y, z: logical_not(less(x, y)), "not x < y", "not x < y"),
    (lambda x, y, z: equal(logical_not(greater(x, 0.0)), y), "(not x > 0) == y", "(not x > 0) == y"),
    (
        lambda x, y, z: logical_and(logical_or(greater(x, 0.0), greater(y, 0.0)), greater(z, 0.0)),
        "(x > 0 or y > 0) and z > 0",
        "(x > 0 or y > 0) and z > 0",
    ),
]


@pytest.mark.parametrize(("build", "plain", "unicode"), MINIMAL, ids=[row[1] for row in MINIMAL])
def test_no_parenthesis_is_too_many(build: Build, plain: str, unicode: str) -> None:
    graph, node = built(build)
    assert write(graph, node) == plain
    assert write(graph, node, UNICODE) == unicode


@pytest.mark.parametrize("plain", [row[1] for row in MINIMAL])
def test_what_is_written_reads_back(plain: str) -> None:
    graph = parse(plain)
    assert write(graph, graph.outputs[0]) == plain


def test_constants() -> None:
    graph = Graph()
    x = Node(graph, graph.input("x"))
    pi = Node(graph, graph.constant(math.pi, "pi"))
    y = pi * x + 1e300 * x + math.inf * x + math.nan * x
    assert write(graph, y.id) == "pi*x + 1e+300*x + inf*x + nan*x"
    assert write(graph, y.id, UNICODE) == "π·x + 1e300·x + inf·x + nan·x"
    assert write(graph, y.id, LATEX) == (r"\pi \cdot x + 10^{300} \cdot x + \infty \cdot x + \mathrm{nan} \cdot x")
    assert write(graph, (x ** (-0.0)).id) == "x^-0"


LATEX_ROWS: list[tuple[Build, str]] = [
    (lambda x, y, z: PRIMITIVES["log10"](x), r"\log_{10}\left(x\right)"),
    (lambda x, y, z: PRIMITIVES["hypot"](x + y, -z), r"\sqrt{\left(x + y\right)^2 + \left(-z\right)^2}"),
    (lambda x, y, z: PRIMITIVES["log1p"](-x), r"\ln\left(1 + \left(-x\right)\right)"),
    (lambda x, y, z: PRIMITIVES["deg"](x + y) ** 2, r"\left(\frac{180}{\pi} \left(x + y\right)\right)^{2}"),
    (lambda x, y, z: PRIMITIVES["expm1"](x) * y, r"\left(e^{x} - 1\right) \cdot y"),
    (lambda x, y, z: PRIMITIVES["factorial"](x + y), r"\left(x + y\right)!"),
    (lambda x, y, z: x / y, r"\frac{x}{y}"),
    (lambda x, y, z: (x / y) ** 2, r"\left(\frac{x}{y}\right)^{2}"),
    (lambda x, y, z: x * (y / z), r"x \cdot \frac{y}{z}"),
    (lambda x, y, z: -(x + y) / z, r"\frac{-\left(x + y\right)}{z}"),
    (lambda x, y, z: x - (y - z), r"x - \left(y - z\right)"),
    (lambda x, y, z: x * (-y), r"x \cdot \left(-y\right)"),
    (lambda x, y, z: x ** (y + z), "x^{y + z}"),
    (lambda x, y, z: PRIMITIVES["exp"](x + y) ** 2, r"\left(e^{x + y}\right)^{2}"),
    (PRIMITIVES["max"], r"\max\left(x, y, z\right)"),
    (
        lambda x, y, z: where(greater(x, 0.0), y, z),
        r"\begin{cases}y & x > 0\\z & \text{otherwise}\end{cases}",
    ),
]


@pytest.mark.parametrize(("build", "latex"), LATEX_ROWS, ids=[row[1] for row in LATEX_ROWS])
def test_latex(build: Build, latex: str) -> None:
    assert write(*built(build), LATEX) == latex


@pytest.mark.parametrize("style", [PLAIN, UNICODE, LATEX])
def test_every_primitive_is_written_in_every_style(style: object) -> None:
    for op in PRIMITIVES.values():
        graph = Graph()
        count = op.arity[1] if op.arity[1] is not None else max(2, op.arity[0])
        args = tuple(graph.input(f"x{k}") for k in range(count))
        text = write(graph, graph.apply(op, args), style)  # type: ignore[arg-type]
        assert all((f"x_{{{k}}}" if style is LATEX else f"x{k}") in text for k in range(count)), text
        assert text.count("{") == text.count("}")


def test_names_that_mean_something_elsewhere() -> None:
    graph = Graph()
    y = Node(graph, graph.input("a\x1b[31m\nb")) + Node(graph, graph.input("p%_&"))
    assert write(graph, y.id, UNICODE) == r"a\x1b[31m\nb + p%_&"
    assert "\x1b" not in write(graph, y.id, LATEX)
    assert r"\%\_\&" in write(graph, y.id, LATEX)


def test_atoms_stand_for_nodes() -> None:
    graph, node = built(lambda x, y, z: x * sin(y) - z)
    numbers = {0: "−2", 1: "5", 2: "−7"}
    assert write(graph, node, UNICODE, numbers.get) == "−2·sin(5) − (−7)"
    assert write(graph, node, UNICODE, {3: "v4"}.get, after=True) == "x·v4 − z"
    assert write(graph, node, UNICODE, numbers.get, within=6, after=True) == "(−2·sin(5) − (−7))"


def test_deep() -> None:
    graph = Graph()
    x = Node(graph, graph.input("x"))
    for _ in range(100_000):
        x = sin(x)
    text = write(graph, x.id)
    assert text == "sin(" * 100_000 + "x" + ")" * 100_000
    assert write(graph, x.id, limit=20) == "sin(sin(sin(sin(sin…"


def test_exponentially_long() -> None:
    graph = Graph()
    x = Node(graph, graph.input("x"))
    for _ in range(200):
        x = x * x
    with pytest.raises(RequestError, match="more than 1,000,000 characters") as caught:
        write(graph, x.id)
    assert "look at the graph" in caught.value.hint
    cut = write(graph, x.id, limit=50)
    assert len(cut) == 50
    assert cut.endswith("…")


@pytest.mark.parametrize("limit", range(1, 12))
def test_limit_is_kept(limit: int) -> None:
    graph, node = built(lambda x, y, z: x + y * z)
    text = write(graph, node, limit=limit)
    assert text == ("x + y*z" if limit >= 7 else "x + y*z"[: limit - 1] + "…")


@given(st.floats())
def test_numbers_in_full_read_back(x: float) -> None:
    again = float(number(x, None))
    assert again == x or (math.isnan(again) and math.isnan(x))
    assert math.copysign(1, again) == math.copysign(1, x) or math.isnan(x)


@pytest.mark.parametrize(
    ("x", "short", "full", "people"),
    [
        (5.0, "5", "5", "5"),
        (-0.0, "-0", "-0", "−0"),
        (5.5, "5.5", "5.5", "5.5"),
        (11.652071455223084, "11.6521", "11.652071455223084", "11.6521"),
        (1e-7, "1e-07", "1e-07", "1e−7"),
        (-1.5e20, "-1.5e+20", "-1.5e+20", "−1.5e20"),
        (math.nan, "nan", "nan", "nan"),
        (-math.inf, "-inf", "-inf", "−inf"),
    ],
)
def test_numbers(x: float, short: str, full: str, people: str) -> None:
    assert (number(x), number(x, None), number(x, 6, UNICODE)) == (short, full, people)


@st.composite
def formulas(draw: st.DrawFn) -> str:
    leaf = st.sampled_from(["x", "y", "2", "0.5", "pi", "1e-9"])
    pair = st.sampled_from(["+", "-", "*", "/", "^", "%", "<", ">="])
    return draw(
        st.recursive(
            leaf,
            lambda inner: st.one_of(
                st.tuples(inner, pair, inner).map(lambda t: f"({t[0]}){t[1]}({t[2]})"),
                inner.map(lambda t: f"-({t})"),
                inner.map(lambda t: f"sin({t})"),
            ),
            max_leaves=12,
        )
    )


@given(formulas())
def test_any_formula_reads_back_as_the_same_graph(text: str) -> None:
    graph = parse(text)
    plain = write(graph, graph.outputs[0])
    again = parse(plain)
    # The parser folds constants, so a graph that was written has nothing left to fold: the same nodes come back.
    assert write(again, again.outputs[0]) == plain
    assert shape(again) == shape(graph)


NUMBERS = [*(f"x {op} y" for op in "+-*/%^"), "-x"]
CONDITIONS = [
    *(f"x {op} y" for op in ("<", "<=", ">", ">=", "==", "!=")),
    *("x < y and z > 0", "x < y or z > 0", "not x < y"),
]


@pytest.mark.parametrize("op", [*"+-*/%^", "<", "<=", ">", ">=", "==", "!=", "and", "or"])
def test_every_operator_within_every_other_reads_back(op: str) -> None:
    other, insides = ("z < 1", CONDITIONS) if op in ("and", "or") else ("z", NUMBERS + CONDITIONS)
    for inside in insides:
        for text in (f"({inside}) {op} ({other})", f"({other}) {op} ({inside})"):
            graph = parse(text)
            assert shape(parse(write(graph, graph.outputs[0]))) == shape(graph), text


@pytest.mark.parametrize("inside", NUMBERS + CONDITIONS)
def test_every_operator_within_a_prefix_reads_back(inside: str) -> None:
    for text in (f"-({inside})", *[f"not ({inside})"] * (inside in CONDITIONS)):
        graph = parse(text)
        assert shape(parse(write(graph, graph.outputs[0]))) == shape(graph), text


def shape(graph: Graph) -> tuple[object, ...]:
    """Return the output as nested tuples without sharing, equal for equal formulas."""
    found: list[tuple[object, ...]] = []
    for i, op in enumerate(graph.ops):
        leaf = graph.names.get(i) or graph.constant_names.get(i) or repr(graph.constants.get(i))
        found.append((op.name, *(found[a] for a in graph.args[i])) if graph.args[i] else (leaf,))
    return found[graph.outputs[0]]
