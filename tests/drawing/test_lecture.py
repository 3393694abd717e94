"""The lecture's own graphs, row by row: L4, L7, L8, L10, L11."""

from __future__ import annotations

import mpmath
import pytest

from autodiffcli.api.gradients import gradient, parse
from autodiffcli.api.pictures import pictured
from autodiffcli.backends import MODES
from autodiffcli.derivatives import extend
from autodiffcli.drawing.model import Picture
from autodiffcli.interpreter import run

EXAMPLE = "ln(x1)+x1*x2-sin(x2)"
SHARED = "exp(x1)*(exp(x1)+1)"


def formulas(picture: Picture) -> dict[str, str]:
    return {node.name: node.formula for node in picture.nodes()}


def edges(picture: Picture) -> dict[tuple[str, str], str]:
    return {(picture.key(e.source), picture.key(e.target)): e.kind for e in picture.edges()}


def values(picture: Picture) -> dict[str, float | None]:
    return {node.name: node.value for node in picture.nodes()}


def test_l4_a_node_is_a_value_and_an_edge_its_input() -> None:
    picture = pictured(EXAMPLE)
    assert formulas(picture) == {
        "v1": "x1",
        "v2": "x2",
        "v3": "ln(v1)",
        "v4": "v1·v2",
        "v5": "sin(v2)",
        "v6": "v3 + v4",
        "v7": "v6 − v5",
    }
    wanted = ["v1 v3", "v1 v4", "v2 v4", "v2 v5", "v3 v6", "v4 v6", "v6 v7", "v5 v7"]
    assert [" ".join(pair) for pair in edges(picture)] == wanted
    assert set(edges(picture).values()) == {"forward"}
    assert picture.results() == [("y", picture.order[-1])]


def test_l4_constants_carry_no_number() -> None:
    assert formulas(pictured("2*x + 3")) == {"v1": "x", "v2": "2·v1", "v3": "v2 + 3"}


def test_l7_a_node_used_twice_gets_the_sum_of_its_partial_adjoints() -> None:
    picture = pictured(EXAMPLE, {"x1": 2, "x2": 5}, backward=True)
    drawn = formulas(picture)
    assert drawn["v̄2"] == "v̄2→5 + v̄2→4"
    assert drawn["v̄1"] == "v̄1→4 + v̄1→3"
    assert drawn["v̄2→5"] == "v̄5·cos(v2)"
    assert drawn["v̄2→4"] == "v̄4·v1"
    assert "v̄3→6" not in drawn  # one user: its partial adjoint is its adjoint
    kinds = edges(picture)
    assert kinds["a2_5", "a2"] == kinds["a2_4", "a2"] == kinds["a5", "a2_5"] == kinds["a4", "a2_4"] == "backward"
    numbers = {"v̄7": 1, "v̄6": 1, "v̄5": -1, "v̄4": 1, "v̄3": 1, "v̄2": 1.7163378145367738, "v̄1": 5.5}
    assert {name: values(picture)[name] for name in numbers} == numbers
    partials = {"v̄2→5": -0.28366218546322625, "v̄2→4": 2, "v̄1→4": 5, "v̄1→3": 0.5}
    assert {name: values(picture)[name] for name in partials} == partials


def test_l7_both_arguments_of_one_user_are_one_path() -> None:
    assert formulas(pictured("x*x", backward=True))["v̄1"] == "v̄2·v1 + v̄2·v1"


def test_l8_the_backward_half_extends_the_graph_and_uses_its_nodes_again() -> None:
    picture = pictured(SHARED, backward=True)
    assert formulas(picture) == {
        "v1": "x1",
        "v2": "exp(v1)",
        "v3": "v2 + 1",
        "v4": "v2·v3",
        "v̄4": "1",
        "v̄3": "v̄4·v2",
        "v̄2→4": "v̄4·v3",
        "v̄2→3": "v̄3",
        "v̄2": "v̄2→4 + v̄2→3",
        "v̄1": "v̄2·v2",
    }
    assert edges(picture) == {
        ("v1", "v2"): "forward",
        ("v2", "v3"): "forward",
        ("v2", "v4"): "forward",
        ("v3", "v4"): "forward",
        ("a4", "a3"): "backward",
        ("v2", "a3"): "reuse",
        ("a4", "a2_4"): "backward",
        ("v3", "a2_4"): "reuse",
        ("a3", "a2_3"): "backward",
        ("a2_4", "a2"): "backward",
        ("a2_3", "a2"): "backward",
        ("a2", "a1"): "backward",
        ("v2", "a1"): "reuse",
    }
    assert [node.backward for node in picture.nodes()] == [False] * 4 + [True] * 6


@pytest.mark.parametrize("x", [-1.5, 0.0, 0.25, 3.0])
@pytest.mark.parametrize("optimize", [False, True])
def test_l8_the_graph_runs_on_any_input_without_differentiating_again(x: float, optimize: bool) -> None:
    picture = pictured(SHARED, backward=True, optimize=optimize)
    (_, value), (name, derivative) = picture.results()
    assert name == "∂y/∂x1"
    numbers = run(picture.graph, [x])
    with mpmath.workdps(40):
        e = mpmath.exp(x)
        assert numbers[value] == pytest.approx(float(e * (e + 1)), rel=1e-15)
        assert numbers[derivative] == pytest.approx(float(2 * e * e + e), rel=1e-15)


def test_l10_identities_are_merged() -> None:
    before = pictured(SHARED, backward=True)
    after = pictured(SHARED, backward=True, optimize=True)
    assert after.before == before.counts() == (10, 13)
    assert after.counts() == (6, 8)
    merged = {node.name: node.also for node in after.nodes() if node.also}
    assert merged == {"v2": ["v̄3", "v̄2→3"], "v3": ["v̄2→4"]}
    assert next(after.elsewhere()) == ("v̄4", 1.0)


def test_l10_the_identity_is_a_red_node_where_the_seed_does_not_hide_it() -> None:
    after = pictured(f"({SHARED})^2", backward=True, optimize=True)
    assert {node.name: node.also for node in after.nodes() if node.also} == {"v̄3": ["v̄2→3"]}
    assert formulas(after)["v̄2"] == "v̄2→4 + v̄3"


def test_l10_backward_need_not_mirror_forward() -> None:
    after = pictured(EXAMPLE, {"x1": 2, "x2": 5}, backward=True, optimize=True)
    assert [node.name for node in after.nodes() if node.backward] == ["v̄1→3", "v̄2", "v̄1"]
    assert formulas(after)["v̄2"] == "v1 − cos(v2)"
    assert ("v̄2→5", None) in list(after.elsewhere())
    assert values(after)["v̄2"] == 1.7163378145367738
    assert values(after)["v̄1"] == 5.5


def test_l11_backprop_leaves_numbers_and_reverse_a_graph() -> None:
    """Same numbers; but only the extended graph can be differentiated again."""
    assert {"reverse", "backprop"} <= set(MODES)
    point = {"x1": 0.5}
    tape = gradient(SHARED, point, mode="backprop", trace=True)
    picture = pictured(SHARED, point, backward=True)
    derivative = picture.results()[1][1]
    assert picture.values is not None
    assert picture.values[derivative] == tape.gradient["x1"]
    assert len(tape.graph) == len(parse(SHARED))  # nothing was added: there is no node to differentiate again
    first = picture.graph.copy()
    first.outputs = [derivative]
    second = extend(first, ["x1"]).graph
    with mpmath.workdps(30):
        e = mpmath.exp(0.5)
        assert run(second, [0.5])[second.outputs[1]] == pytest.approx(float(4 * e * e + e), rel=1e-14)
