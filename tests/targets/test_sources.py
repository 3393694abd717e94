"""Generated code, run: every language against 25 digits, against the library, and on hostile names and texts."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autodiffcli import PRIMITIVES, RequestError, evaluate, gradient, parse, source
from autodiffcli.graph import Graph, Node
from autodiffcli.interpreter import run
from autodiffcli.partials import partials
from autodiffcli.primitive import primitive
from autodiffcli.targets import TARGETS
from tests.cli.support import good
from tests.strategies import expressions, points
from tests.targets.pbe import derivatives as pbe_derivatives
from tests.targets.runners import RUNNERS, Job, call_c, compile_c, execute, run_node

DATA = Path(__file__).parents[1] / "data"
LINES = [json.loads(line) for line in (DATA / "scalar.jsonl").read_text().splitlines()]
NOT_IN_JAVASCRIPT = ("gamma", "lgamma", "factorial", "beta", "lbeta")
ONLY_IN_NUMPY = ("erfinv", "besselj", "bessely")
languages = pytest.mark.parametrize("to", RUNNERS)


@languages
def test_the_digits(to: str, tmp_path: Path) -> None:
    lines = [line for line in LINES if to != "javascript" or not line["expr"].startswith(NOT_IN_JAVASCRIPT)]
    names = [list(parse(line["expr"]).inputs) for line in lines]
    jobs: list[Job] = [
        (line["expr"], 1, [float(line["at"][name]) for name in inputs])
        for line, inputs in zip(lines, names, strict=True)
    ]
    for line, inputs, found in zip(lines, names, RUNNERS[to](jobs, tmp_path), strict=True):
        true = [float(line["value"]), *[float(line["grad"][name]) for name in inputs]]
        for a, b in zip(found, true, strict=True):
            assert abs(a - b) <= 8 * math.ulp(b), (line["expr"], found, true)


def primitive_jobs(to: str) -> list[Job]:
    jobs: list[Job] = []
    for name, op in PRIMITIVES.items():
        if name in (() if to == "numpy" else ONLY_IN_NUMPY) or (to == "javascript" and name in NOT_IN_JAVASCRIPT):
            continue
        for sample in op.samples[:2]:
            xs = list(sample) if isinstance(sample, tuple) else [sample]
            graph = Graph()
            orders = 1 if op.rules(len(xs))[0] is None else 0  # a function whose first argument is an order
            nodes = [Node(graph, graph.input(f"x{k}")) for k in range(len(xs) - orders)]
            graph.outputs = [op(*xs[:orders], *nodes).id]
            jobs.append((graph, 2, xs[orders:]))
    return jobs


@languages
def test_every_primitive_is_as_in_the_library(to: str, tmp_path: Path) -> None:
    jobs = primitive_jobs(to)
    zeros = ("lgamma", "digamma", "polygamma", "digamma_rise", "lbeta")  # near theirs the libraries keep less
    for (graph, order, point), found in zip(jobs, RUNNERS[to](jobs, tmp_path), strict=True):
        assert isinstance(graph, Graph)
        built, _ = partials(graph, list(graph.inputs), order)
        values = run(built, point)
        for a, i in zip(found, built.outputs, strict=True):
            if math.isfinite(values[i]):
                least = 1e-14 if graph.ops[graph.outputs[0]].name in zeros else 1e-300
                assert a == pytest.approx(values[i], rel=1e-11, abs=least), (graph.ops[-1].name, point, found)


@languages
@given(batch=st.lists(st.tuples(expressions, points), min_size=25, max_size=40))
@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_random_expressions(to: str, tmp_path: Path, batch: list[tuple[str, dict[str, float]]]) -> None:
    jobs: list[Job] = [(text, 1, [point[name] for name in parse(text).inputs]) for text, point in batch]
    for (text, _, point), found in zip(jobs, RUNNERS[to](jobs, tmp_path), strict=True):
        graph = parse(str(text))
        try:
            true = gradient(graph, dict(zip(graph.inputs, point, strict=True)))
        except Exception:
            assert math.isnan(found[0])
            continue
        for a, b in zip(found, [true.value, *true.gradient.values()], strict=True):
            if math.isfinite(b):
                assert a == pytest.approx(b, rel=1e-9, abs=1e-12), text


HOSTILE = "lambda + double*θ + θ_ + x1*t1 + function^2 + main*np + x₁*def + math - u + in*out + u03b8"


@languages
def test_hostile_names(to: str, tmp_path: Path) -> None:
    graph = parse(HOSTILE)
    point = [0.5 + k for k in range(len(graph.inputs))]
    (found,) = RUNNERS[to]([(HOSTILE, 1, point)], tmp_path)
    true = gradient(graph, dict(zip(graph.inputs, point, strict=True)))
    assert found == [true.value, *true.gradient.values()]
    assert "is θ" in source(HOSTILE, to)


@languages
def test_roots_and_signs_of_minus_0_are_0(to: str, tmp_path: Path) -> None:
    ((root, slope), (sign, _)) = RUNNERS[to]([("sqrt(x)", 1, [-0.0]), ("sign(x)", 1, [-0.0])], tmp_path)
    assert (repr(root), slope, repr(sign)) == ("0.0", math.inf, "0.0")
    assert repr(evaluate("sqrt(x)", {"x": -0.0})) == repr(evaluate("sign(x)", {"x": -0.0})) == "0.0"


@pytest.mark.parametrize("to", ["c", "python"])  # the others have SciPy's digamma, or no lgamma
def test_a_pole_with_two_signs_is_undefined(to: str, tmp_path: Path) -> None:
    cases = [(text, 1, [x]) for text in ("lgamma(x)", "polygamma(1, x)") for x in (-1.0, -2.0, -700.0)]
    for found in RUNNERS[to](cases, tmp_path):
        assert repr(found) == "[inf, nan]"


@languages
@pytest.mark.parametrize("order", [-1, 2.5, 101, 1000000])
def test_orders_that_no_function_has(to: str, order: float) -> None:
    for name in ("dsinc", "polygamma"):
        with pytest.raises(RequestError, match=re.escape(f"{name} is undefined at the order {order:g}")) as found:
            source(f"x + {name}({order}, x)", to)
        assert found.value.span == (4, 4 + len(f"{name}({order}, x)"))


@pytest.mark.parametrize("to", ["c", "python", "javascript"])
def test_an_order_that_is_no_number(to: str) -> None:
    with pytest.raises(RequestError, match="where its order is not a number"):
        source("polygamma(n, x)", to, wrt=["x"])


@languages
def test_a_comment_cannot_be_left(to: str, tmp_path: Path) -> None:
    text = "x^2 # */ } ?>\\\n# coding: utf-7 \\\n# ??/\n# \u2028 exit(1); \r\n + 1 */ //\n"
    text = text.replace("\n + 1 */ //", "")
    (found,) = RUNNERS[to]([(text, 1, [3.0])], tmp_path)
    assert found == [9.0, 6.0]


@pytest.mark.parametrize("name", ["double", "a b", "1x", "f;", "_f", "θ", "sin", ""])
def test_function_names_are_checked(name: str) -> None:
    with pytest.raises(RequestError, match="cannot name a function in C"):
        source("x", "c", name=name)


@pytest.mark.parametrize("to", TARGETS)
def test_deep_graphs(to: str, tmp_path: Path) -> None:
    n = 20_000 if to != "c" else 5_000
    text = "sin(" * n + "x" + ")" * n
    code = source(text, to)
    assert max(map(len, code.splitlines())) < 2100
    true = gradient(text, "x=0.7")
    wanted = pytest.approx([true.value, true.gradient["x"]], rel=1e-12)
    if to in ("python", "numpy"):
        assert [float(r) for r in execute(code)(0.7)] == wanted
    elif to == "c":
        assert call_c(compile_c([code], tmp_path, "-O0").f, [0.7], 2) == wanted
    elif to == "javascript":
        assert run_node([code], [[0.7]], tmp_path) == [wanted]


def test_edges_of_python_are_those_of_adcalc() -> None:
    for text, x in (
        ("1/x", 0.0),
        ("ln(x)", 0.0),
        ("exp(x)", 1e4),
        ("x^-3", -0.0),
        ("sinh(x)", -1e3),
        ("sin(x)", math.inf),
    ):
        graph = parse(text)
        value = run(graph, [x])[graph.outputs[0]]
        assert str(execute(source(text, "python"))(x)[0]) == str(value)


def test_constants_and_nothing(tmp_path: Path) -> None:
    for to, runner in RUNNERS.items():
        assert runner([("2+pi", 1, [])], tmp_path) == [[2 + math.pi]]
        assert runner([("x*0+y", 2, [2.0, 5.0])], tmp_path)[0][-1] == 0.0, to


def test_a_new_primitive_needs_no_second_file() -> None:
    op = primitive("_cube", formula=lambda x: x * x * x, partials=(lambda y, x: 3.0 * x * x,), function=False)
    graph = Graph()
    graph.outputs = [op(Node(graph, graph.input("x"))).id]
    try:
        assert execute(source(graph, "python"))(2.0) == (8.0, 12.0)
        assert all("cube" in source(graph, to) for to in TARGETS)
    finally:
        del PRIMITIVES["_cube"]


def test_refusal_names_function_and_language() -> None:
    with pytest.raises(RequestError, match="gamma cannot be written in JavaScript"):
        source("gamma(x)", "javascript")
    with pytest.raises(RequestError, match="cannot be written in 'rust'"):
        source("x", "rust")


def test_pbe_to_order_4(tmp_path: Path) -> None:
    code = source((DATA / "pbe.adc").read_text(), "c", order=4)
    function = compile_c([code], tmp_path).f
    for point in ((0.3, 0.1), (1.0, 1.0), (0.01, 1e-4), (0.05, 0.3)):
        for found, true in zip(call_c(function, point, 15), pbe_derivatives(*point), strict=True):
            assert abs(found - true) <= 1e-11 * abs(true)
    assert partials(parse((DATA / "pbe.adc").read_text()), ["n", "s2"], 4)[0].operations() < 1300
    assert code.count(";\n") < 756  # the assignments that SymPy's cse leaves


def test_latex_has_no_names_of_ours() -> None:
    found = good("compile", "x^y", "--to", "latex")
    assert r"\frac{\partial f}{\partial x} &= y \cdot x^{y - 1} \\" in found
    assert "plain" not in found and "cases" not in found
