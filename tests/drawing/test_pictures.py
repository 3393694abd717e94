"""What every picture holds to, whatever the expression."""

from __future__ import annotations

from math import isnan

import pytest
from hypothesis import given, settings

from autodiffcli.api.gradients import evaluate, gradient, parse
from autodiffcli.api.pictures import draw, pictured
from autodiffcli.drawing import picture
from autodiffcli.errors import MathError, RequestError
from autodiffcli.graph import Graph, Node
from autodiffcli.primitives import sin
from autodiffcli.tracing.quantities import numbering
from tests.strategies import expressions, points


@settings(deadline=None)
@given(expressions)
def test_the_forward_picture_has_the_nodes_and_edges_of_the_graph(text: str) -> None:
    graph = parse(text)
    drawn = picture(graph)
    numbered = set(numbering(graph)) or set(graph.outputs)
    assert set(drawn.order) == numbered
    pairs = {(a, i) for i in numbered for a in graph.args[i] if a not in graph.constants}
    assert {(edge.source, edge.target) for edge in drawn.edges()} == pairs
    assert drawn.counts() == (len(numbered), len(pairs))


@settings(deadline=None)
@given(expressions, points)
def test_every_picture_computes_the_gradient(text: str, point: dict[str, float]) -> None:
    graph = parse(text)
    at = {name: point[name] for name in graph.inputs}
    try:
        evaluate(graph, at)
        wanted = gradient(graph, at, mode="forward").gradient
    except (MathError, RequestError):
        return
    before = pictured(graph, at, backward=True)
    after = pictured(graph, at, backward=True, optimize=True)
    for drawn in (before, after):
        assert drawn.values is not None
        results = drawn.results()[1:]
        assert len(results) == len(wanted)
        for (_, i), x in zip(results, wanted.values(), strict=True):
            assert isnan(x) or drawn.values[i] == pytest.approx(x, rel=1e-9, abs=1e-280)
        seen = set()
        for i in drawn.order:  # arguments stand before their users, in each half
            assert all(a in seen or a in drawn.order for a in drawn.sources(i))
            seen.add(i)
        assert len({drawn.key(i) for i in drawn.order}) == len(drawn.order)
        assert len({node.name for node in drawn.nodes()}) == len(drawn.order)
    assert all(now <= was for now, was in zip(after.counts(), before.counts(), strict=True))


@pytest.mark.parametrize("form", ["text", "dot", "mermaid", "json"])
def test_the_same_expression_gives_the_same_text(form: str) -> None:
    texts = {draw("max(a, b)*sigmoid(a*b) + a^3", form, backward=True, at="a=1,b=2") for _ in range(2)}
    assert len(texts) == 1


def test_only_the_inputs_asked_for() -> None:
    drawn = pictured("x*y + z", wrt=["y"])
    assert [name for name, _ in drawn.results()] == ["f", "∂f/∂y"]
    with pytest.raises(RequestError, match="'w' is not an input"):
        pictured("x*y", wrt=["w"])


def test_a_constant_derivative_is_drawn() -> None:
    drawn = pictured("2x + 3z", backward=True, optimize=True)
    nodes = {node.name: node for node in drawn.nodes()}
    assert nodes["v̄1"].formula == "2"
    assert nodes["v̄1"].backward
    assert nodes["v̄1"].results == ["∂y/∂x"]
    assert nodes["v3"].formula == "2·v1"  # and not v̄1·v1


@pytest.mark.parametrize("text", ["5", "2*3", "x", "0*floor(x)", "pi"])
@pytest.mark.parametrize("optimize", [False, True])
def test_small_graphs(text: str, optimize: bool) -> None:
    for form in ("text", "dot", "mermaid", "json"):
        assert draw(text, form, backward=True, optimize=optimize)


def test_a_condition_keeps_what_is_behind_it() -> None:
    """v̄ of sqrt is infinite at 0, and the side is not taken."""
    drawn = pictured("where(x>0, sqrt(x), 0)", {"x": 0}, backward=True)
    assert drawn.values is not None
    assert drawn.values[drawn.results()[1][1]] == 0.0


def test_undefined_points_are_refused() -> None:
    with pytest.raises(MathError, match="ln is undefined at -1"):
        draw("ln(x)", at={"x": -1})
    with pytest.raises(RequestError, match="'x' has no value"):
        draw("ln(x)", at="")


def test_names_of_inputs_never_mean_two_things() -> None:
    """Where inputs are called v1 and t1, the nodes are not."""
    drawn = pictured("max(v1, t1)*v1", backward=True)
    names = [node.name for node in drawn.nodes()]
    assert {"w1", "w2", "w3", "w4"} <= set(names)
    assert not {"v1", "t1"} & set(names)
    assert any(name.startswith("s") for name in names)


def test_large_graphs_take_time_and_memory_in_proportion() -> None:
    graph = Graph()
    x = y = Node(graph, graph.input("x"))
    for _ in range(30_000):
        y = sin(y) * x
    graph.outputs = [y.id]
    drawn = picture(graph, ["x"], optimize=True)
    assert drawn.counts()[0] > 100_000
    lines = str(draw(graph, "dot", backward=True)).count("\n")
    assert lines < 600_000
    with pytest.raises(RequestError, match=r"a picture of 60,001 nodes") as refused:
        draw(graph, "svg")
    assert "--format dot" in refused.value.hint
