"""The lecture's tables, row by row, and what a trace must not get wrong."""

from __future__ import annotations

import math
from unittest import mock

import pytest

from autodiffcli.backends import backend
from autodiffcli.backends.protocol import Gradient, Sweep
from autodiffcli.chain import Edge, pull, push
from autodiffcli.graph import Graph, Node
from autodiffcli.interpreter import run
from autodiffcli.language.parser import parse
from autodiffcli.language.write import LATEX, PLAIN, UNICODE, Style
from autodiffcli.passes.simplify import simplify
from autodiffcli.primitive import PRIMITIVES, Primitive
from autodiffcli.primitives import exp, ln, pow, sin
from autodiffcli.primitives.selection import absolute, greater, leaky_relu, maximum, where
from autodiffcli.tracing import AdjointRow, PartialRow, TangentRow, Trace, numbering
from autodiffcli.tracing import run as traces
from tests.counting import calls_of

Point = list[float]


def forward(graph: Graph, point: Point) -> Gradient:
    values, output = run(graph, point), graph.outputs[0]
    result = Gradient("forward", graph, len(graph), values[output], {}, values)
    for name, i in graph.inputs.items():
        edges: list[Edge] = []
        dots = push(graph, values, {i: 1.0}, edges)
        result.sweeps.append(Sweep(name, dots, edges))
        result.gradient[name] = dots[output] or 0.0
    return result


def backward(graph: Graph, point: Point, wrt: list[str] | None = None) -> Gradient:
    values, output = run(graph, point), graph.outputs[0]
    ids = {name: graph.inputs[name] for name in wrt or graph.inputs}
    edges: list[Edge] = []
    bars = pull(graph, values, output, graph.depends(ids.values()), 1.0, edges)
    bars += [None] * (len(graph) - len(bars))
    gradient = {name: bars[i] or 0.0 for name, i in ids.items()}
    return Gradient("backprop", graph, len(graph), values[output], gradient, values, [Sweep("", bars, edges)])


def lecture() -> Graph:
    graph = Graph("ln(x1)+x1*x2-sin(x2)")
    x1, x2 = (Node(graph, graph.input(name)) for name in ("x1", "x2"))
    a, b, c = ln(x1), x1 * x2, sin(x2)
    graph.outputs = [(a + b - c).id]
    return graph


def one(*names: str) -> tuple[Graph, list[Node]]:
    graph = Graph()
    return graph, [Node(graph, graph.input(name)) for name in names]


def test_l4_the_graph_of_the_lecture() -> None:
    trace = Trace(forward(lecture(), [2.0, 5.0]))
    rows = [trace.value_row(i) for i in trace.nodes]
    assert [(r.name, r.formula, r.value) for r in rows] == [
        ("v1", "x1", 2.0),
        ("v2", "x2", 5.0),
        ("v3", "ln(v1)", 0.6931471805599453),
        ("v4", "v1·v2", 10.0),
        ("v5", "sin(v2)", -0.9589242746631385),
        ("v6", "v3 + v4", 10.693147180559945),
        ("v7", "v6 − v5", 11.652071455223084),
    ]


def test_l4_as_the_parser_reads_it() -> None:
    graph = parse("ln(x1)+x1*x2-sin(x2)")
    trace = Trace(backward(graph, [2.0, 5.0]))
    formulas = [trace.value_row(i).formula for i in trace.nodes]
    assert formulas == ["x1", "x2", "ln(v1)", "v1·v2", "sin(v2)", "v3 + v4", "v6 − v5"]
    assert trace.value_row(trace.nodes[4]).source == "sin(x2)"


def test_l5_forward_mode() -> None:
    trace = Trace(forward(lecture(), [2.0, 5.0]))
    first, second = ([trace.tangent_row(sweep, i) for i in trace.nodes] for sweep in trace.forward)
    assert [r.name for r in first] == ["v1'", "v2'", "v3'", "v4'", "v5'", "v6'", "v7'"]
    assert [r.value for r in first] == [1, 0, 0.5, 5, 0, 5.5, 5.5]
    assert [r.rule for r in first] == [
        "1",
        "0",
        "v1'·1/v1",
        "v1'·v2 + v2'·v1",
        "v2'·cos(v2)",
        "v3' + v4'",
        "v6' − v5'",
    ]
    assert [r.numbers for r in first] == ["", "", "1·1/2", "1·5 + 0·2", "0·cos(5)", "0.5 + 5", "5.5 − 0"]
    assert [r.value for r in second] == pytest.approx(
        [0, 1, 0, 2, 0.2836621854632263, 2, 1.7163378145367738], rel=1e-15
    )
    assert [r.numbers for r in second] == ["", "", "0·1/2", "0·5 + 1·2", "1·cos(5)", "0 + 2", "2 − 0.283662"]
    assert {r.variable for r in first} == {"x1"}


def test_l6_reverse_mode() -> None:
    trace = Trace(backward(lecture(), [2.0, 5.0]))
    rows = [trace.adjoint_row(i) for i in trace.swept]
    assert [(r.name, r.rule, r.numbers, r.value) for r in rows] == [
        ("v̄7", "1", "", 1.0),
        ("v̄6", "v̄7·∂v7/∂v6", "1·1", 1.0),
        ("v̄5", "v̄7·∂v7/∂v5", "1·(−1)", -1.0),
        ("v̄4", "v̄6·∂v6/∂v4", "1·1", 1.0),
        ("v̄3", "v̄6·∂v6/∂v3", "1·1", 1.0),
        ("v̄2", "v̄5·∂v5/∂v2 + v̄4·∂v4/∂v2", "−1·cos(5) + 1·2", 1.7163378145367738),
        ("v̄1", "v̄4·∂v4/∂v1 + v̄3·∂v3/∂v1", "1·5 + 1·1/2", 5.5),
    ]


def test_l7_many_paths() -> None:
    trace = Trace(backward(lecture(), [2.0, 5.0]))
    rows = [row for i in trace.swept for row in trace.partial_rows(i)]
    assert [(r.name, r.user, r.node, r.partial, r.numbers) for r in rows] == [
        ("v̄6→7", "v7", "v6", "1", "1"),
        ("v̄5→7", "v7", "v5", "−1", "−1"),
        ("v̄4→6", "v6", "v4", "1", "1"),
        ("v̄3→6", "v6", "v3", "1", "1"),
        ("v̄2→5", "v5", "v2", "cos(v2)", "cos(5)"),
        ("v̄2→4", "v4", "v2", "v1", "2"),
        ("v̄1→4", "v4", "v1", "v2", "5"),
        ("v̄1→3", "v3", "v1", "1/v1", "1/2"),
    ]
    assert [r.value for r in rows] == pytest.approx([1, -1, 1, 1, -0.2836621854632263, 2, 5, 0.5], rel=1e-15)
    assert [r.slope for r in rows][4:] == pytest.approx([0.2836621854632263, 2, 5, 0.5], rel=1e-15)


def test_the_adjoint_is_the_sum_of_its_partial_adjoints() -> None:
    graph, (x, y) = one("x", "y")
    graph.outputs = [(exp(x * y) * (exp(x * y) + x) - x**3 / y).id]
    trace = Trace(backward(graph, [0.7, -1.3]))
    rows = list(trace.rows())
    terms: list[float] = []
    for row in rows:
        if isinstance(row, PartialRow):
            terms.append(row.value)
        elif isinstance(row, AdjointRow) and terms:
            assert row.value == pytest.approx(math.fsum(terms), rel=1e-14)
            terms = []
    assert not terms


def test_a_node_used_twice_by_one_user_has_one_partial() -> None:
    graph, (x,) = one("x")
    graph.outputs = [(x * x).id]
    trace = Trace(backward(graph, [-3.0]))
    (edge,) = trace.partial_rows(0)
    assert (edge.partial, edge.numbers, edge.slope, edge.value) == ("v1 + v1", "−3 + (−3)", -6.0, -6.0)
    assert trace.adjoint_row(0).numbers == "1·(−3 + (−3))"


def test_constants_have_no_number_and_their_names() -> None:
    graph, (x,) = one("x")
    pi = Node(graph, graph.constant(math.pi, "pi"))
    graph.outputs = [(pi * x + 2.0).id]
    trace = Trace(backward(graph, [1.0]))
    assert [trace.value_row(i).formula for i in trace.nodes] == ["x", "π·v1", "v2 + 2"]
    assert trace.adjoint_row(0).numbers == "1·π"


def test_numbers_are_parenthesised_where_they_must_be() -> None:
    graph, (x, y) = one("x", "y")
    graph.outputs = [(x / y - x * y).id]
    trace = Trace(backward(graph, [-2.0, -4.0]))
    assert trace.adjoint_row(0).numbers == "−1·(−4) + 1·1/(−4)"
    assert trace.adjoint_row(1).numbers == "−1·(−2) + 1·(−0.5)/(−4)"
    trace = Trace(forward(graph, [-2.0, -4.0]))
    assert trace.tangent_row(trace.forward[0], trace.nodes[-1]).numbers == "−0.25 − (−4)"


def test_an_exponent_that_is_a_constant_is_put_in() -> None:
    graph, (x,) = one("x")
    graph.outputs = [(x**3).id]
    trace = Trace(forward(graph, [2.0]))
    row = trace.tangent_row(trace.forward[0], trace.nodes[-1])
    assert (row.rule, row.numbers, row.value) == ("v1'·3·v1^2", "1·3·2^2", 12.0)


def test_a_partial_of_two_arguments_is_the_textbooks() -> None:
    graph, (x, y) = one("x", "y")
    graph.outputs = [pow(x, y).id]
    trace = Trace(backward(graph, [2.0, 3.0]))
    assert trace.adjoint_row(0).numbers == "1·3·2^(3 − 1)"
    assert trace.partial_rows(1)[0].partial == "v1^v2·ln(v1)"


@pytest.mark.parametrize("source", ["x^y", "(x*y)^y", "erfcx(x)^y", "tanh(x)*digamma(y)"])
@pytest.mark.parametrize("style", [PLAIN, UNICODE])
def test_a_formula_has_no_function_that_the_language_lacks(source: str, style: Style) -> None:
    trace = Trace(backend("symbolic").gradient(parse(source), [2.0, 3.0], ["x", "y"], True), style)
    for name in ("x", "y"):
        row = trace.formula_row(name)
        again = parse(row.formula)
        point = [{"x": 2.0, "y": 3.0}[name] for name in again.inputs]
        assert run(again, point)[again.outputs[0]] == pytest.approx(row.value, rel=1e-13)


def test_formulas_are_put_on_paper_once_for_all_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    once = mock.Mock(side_effect=simplify)
    monkeypatch.setattr(traces, "simplify", once)
    trace = Trace(backend("symbolic").gradient(parse("x^y + y^z"), [2.0, 3.0, 2.0], ["x", "y", "z"], True), PLAIN)
    assert [trace.formula_row(name).formula for name in "xz"] == ["y*x^(y - 1)", "y^z*ln(y)"]
    assert once.call_count == 1


def test_a_partial_whose_formula_overflows_is_the_number_itself() -> None:
    graph, (x,) = one("x")
    graph.outputs = [PRIMITIVES["silu"](x).id]
    trace = Trace(backward(graph, [-740.0]))
    assert trace.adjoint_row(0).numbers.startswith("1·(−3.09")


def test_a_partial_with_conditions_is_the_number_itself() -> None:
    graph, (x,) = one("x")
    graph.outputs = [leaky_relu(x).id]
    trace = Trace(forward(graph, [-2.0]))
    row = trace.tangent_row(trace.forward[0], trace.nodes[-1])
    assert (row.rule, row.numbers) == ("v1'·∂v2/∂v1", "1·0.01")


def test_nothing_flows_to_the_side_that_was_not_taken() -> None:
    graph, (x,) = one("x")
    graph.outputs = [where(greater(x, 0.0), ln(x), x * 0.5).id]
    for result in (forward(graph, [-1.0]), backward(graph, [-1.0])):
        trace = Trace(result)
        assert all(math.isfinite(row.value) for row in trace.rows() if row.kind in ("tangent", "adjoint"))
    trace = Trace(forward(graph, [-1.0]))
    row = trace.tangent_row(trace.forward[0], trace.nodes[-1])
    assert (row.rule, row.numbers, row.value) == ("v4'", "0.5", 0.5)
    trace = Trace(backward(graph, [-1.0]))
    assert [(r.name, r.rule) for r in map(trace.adjoint_row, trace.swept)][2] == ("v̄3", "0")


def test_corners_are_noted() -> None:
    graph, (x, y) = one("x", "y")
    graph.outputs = [(absolute(x) + maximum(x, y, 0.0)).id]
    trace = Trace(backward(graph, [0.0, 0.0]))
    assert [(row.name, row.note) for row in trace.corners()] == [
        ("v3", "abs'(0) = 0"),
        ("v4", "a tie in max shares the derivative equally"),
    ]
    assert not list(Trace(backward(graph, [1.0, 2.0])).corners())


def test_the_inputs_that_were_not_asked_for_are_not_swept() -> None:
    trace = Trace(backward(lecture(), [2.0, 5.0], ["x1"]))
    assert [trace.adjoint_row(i).name for i in trace.swept] == ["v̄7", "v̄6", "v̄4", "v̄3", "v̄1"]


def test_an_input_without_influence_has_the_adjoint_zero() -> None:
    graph, (x, _) = one("x", "unused")
    graph.outputs = [(x * 2.0).id]
    trace = Trace(backward(graph, [1.0, 1.0]))
    rows = [trace.adjoint_row(i) for i in trace.swept]
    assert [(r.name, r.rule, r.value) for r in rows] == [("v̄3", "1", 1.0), ("v̄2", "0", 0.0), ("v̄1", "v̄3·∂v3/∂v1", 2.0)]


@pytest.mark.parametrize(
    ("names", "letter"),
    [(["v"], "v"), (["vx"], "v"), (["v1"], "w"), (["v7", "w2"], "u"), ([f"{c}1" for c in "vwutsrqpnm"], "vv")],
)
def test_the_names_of_a_trace_are_nobody_elses(names: list[str], letter: str) -> None:
    graph, nodes = one(*names)
    graph.outputs = [sin(nodes[0]).id]
    trace = Trace(backward(graph, [1.0] * len(names)))
    assert trace.name(nodes[0].id) == f"{letter}1"
    assert trace.say.adjoint(1) == f"{letter}\u03041"


def test_the_output_is_not_named_as_an_input() -> None:
    graph, (y,) = one("y")
    graph.outputs = [sin(y).id]
    assert Trace(backward(graph, [1.0])).say.gradient("y") == "∂f/∂y"


def test_an_output_that_is_an_input_or_a_constant() -> None:
    graph, (x,) = one("x")
    graph.outputs = [x.id]
    assert [row.value for row in Trace(backward(graph, [3.0])).rows()] == [3.0, 1.0]
    graph = Graph()
    graph.outputs = [graph.constant(3.0)]
    assert not list(Trace(Gradient("backprop", graph, 1, 3.0, {}, [3.0], [Sweep("", [1.0], [])])).rows())


def test_styles() -> None:
    result = backward(lecture(), [2.0, 5.0])
    plain, latex = (Trace(result, style, None) for style in (PLAIN, LATEX))
    assert plain.adjoint_row(1).numbers == "-1*cos(5) + 1*2"
    assert plain.value_row(plain.nodes[3]).formula == "v1*v2"
    row = latex.adjoint_row(1)
    assert row.name == r"\bar{v}_{2}"
    assert row.numbers == r"-1 \cdot \cos\left(5\right) + 1 \cdot 2"
    assert row.rule.startswith(r"\bar{v}_{5} \cdot \frac{\partial v_{5}}{\partial v_{2}} + ")
    assert latex.partial_rows(1)[0].name == r"\bar{v}_{2 \to 5}"


def test_precision() -> None:
    graph, (x,) = one("x")
    graph.outputs = [(x * (1 / 3)).id]
    assert Trace(backward(graph, [1.0]), UNICODE, 3).adjoint_row(0).numbers == "1·0.333"
    assert Trace(backward(graph, [1.0]), UNICODE, None).adjoint_row(0).numbers == "1·0.3333333333333333"


def test_sums_are_cut_only_on_request() -> None:
    graph, (x,) = one("x")
    total = x
    for k in range(50):
        total = total + sin(x * (k + 2.0))
    graph.outputs = [total.id]
    result = backward(graph, [1.0])
    assert Trace(result).adjoint_row(0).rule.count("∂v") == 2 * 51
    assert Trace(result, terms=3).adjoint_row(0).rule.endswith(" + …")
    assert Trace(result, terms=3).adjoint_row(0).numbers.count("·") == 3


SAMPLES = [
    (op, sample if isinstance(sample, tuple) else (sample,))
    for op in PRIMITIVES.values()
    if not op.extra
    for sample in op.samples
]


@pytest.mark.parametrize(("op", "sample"), SAMPLES, ids=[f"{op.name}{sample}" for op, sample in SAMPLES])
def test_the_numbers_put_in_compute_to_the_value(op: Primitive, sample: tuple[float, ...]) -> None:
    graph, xs = one(*[f"x{k}" for k in range(len(sample))])
    graph.outputs = [(op(*[x * 0.5 for x in xs]) * -1.5).id]
    differentiable = [f"x{k}" for k, rule in enumerate(op.rules(len(sample))) if rule is not None]
    point = [2.0 * x for x in sample]
    found = [backward(graph, point, differentiable)]
    if len(differentiable) == len(sample):
        found.append(forward(graph, point))
    for result in found:
        for row in Trace(result, PLAIN, None).rows():
            if isinstance(row, TangentRow | AdjointRow) and row.numbers and math.isfinite(row.value):
                sum_of_numbers = parse(row.numbers)
                value = run(sum_of_numbers, [])[sum_of_numbers.outputs[0]]
                assert value == pytest.approx(row.value, rel=1e-9, abs=1e-12), row


def test_many_arguments() -> None:
    graph = Graph()
    xs = [Node(graph, graph.input(f"x{k}")) for k in range(300)]
    graph.outputs = [maximum(*xs).id]
    point = [float(k) for k in range(300)]
    for result in (forward(graph, point[:]), backward(graph, point)):
        rows = list(Trace(result).rows())
        assert sum(row.value for row in rows if row.kind in ("tangent", "adjoint")) > 0


def test_numbering_leaves_out_what_the_output_does_not_need() -> None:
    graph, (x,) = one("x")
    _, y = sin(x), exp(x)
    graph.outputs = [y.id]
    assert numbering(graph) == [x.id, y.id]
    assert numbering(graph, 1) == [x.id]


def test_a_deep_source_is_not_quoted_again_and_again() -> None:
    graph = parse("sin(" * 1000 + "x" + ")" * 1000)
    trace = Trace(backward(graph, [1.0]))
    sources = [trace.value_row(i).source for i in trace.nodes]
    assert sources[:3] == ["x", "sin(x)", "sin(sin(x))"]
    assert max(map(len, sources)) == 201
    assert sources[-1].endswith("…")


def test_work_is_linear_in_the_graph() -> None:
    def calls(count: int) -> int:
        graph, (x,) = one("x")
        y = x
        for _ in range(count):
            y = sin(y) + x
        graph.outputs = [y.id]
        trace = Trace(backward(graph, [0.5]))
        rows: list[object] = []
        made = calls_of(lambda: rows.extend(trace.rows()))
        assert len(rows) == 1 + 2 * count + 3 * count + 1 + 2 * count
        return made

    calls(100)
    assert calls(16_000) < 11 * calls(1_600)
