"""The rules one by one, the levels, the counts, and graphs of any size and depth."""

from __future__ import annotations

import itertools
import math
import struct

import pytest
from hypothesis import given, settings

from autodiffcli import parse
from autodiffcli.api.gradients import gradient
from autodiffcli.derivatives import extend
from autodiffcli.drawing.chain_rule import adjoints
from autodiffcli.graph import Graph, Node
from autodiffcli.interpreter import run
from autodiffcli.passes.rules import NUMERIC, RULES, Rule
from autodiffcli.passes.simplify import passes, simplify
from autodiffcli.primitives import add, exp, mul, sin
from tests.strategies import expressions, points

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 3.0, 7.25, math.inf, -math.inf, math.nan)
TAME = (0.3, 0.7, 1.2, 2.5)


def bits(x: float) -> bytes:
    return b"nan" if math.isnan(x) else struct.pack("d", x)


def sides(rule: Rule, point: tuple[float, ...]) -> tuple[float, float]:
    values = run(rule.pattern.graph, point)
    return values[rule.pattern.id], values[rule.replacement.id]


def candidates(exact: bool) -> list[tuple[float, ...]]:
    numbers = SPECIAL if exact else TAME
    return [
        (a, b, c) for a, b in itertools.product(numbers, numbers) for c in (0.0, 1.0)
    ]  # c is a condition, or a number


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_keeps_what_it_says(rule: Rule) -> None:
    if not rule.assumption:
        for point in candidates(True):
            before, after = sides(rule, point)
            assert bits(before) == bits(after), point
        return
    compared = 0
    for point in candidates(False):
        before, after = sides(rule, point)
        if rule.name == "lambert" and point[0] < 1:
            continue  # e^(-w) is w/x for w = W(x) only
        if not math.isnan(before):
            assert before == pytest.approx(after, rel=1e-14), point
            compared += 1
    assert compared


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.assumption in NUMERIC], ids=lambda rule: rule.name)
def test_numeric_rules_leave_the_undefined_undefined(rule: Rule) -> None:
    for point in candidates(True):
        before, after = sides(rule, point)
        assert math.isnan(before) == math.isnan(after), point


@settings(max_examples=500, deadline=None)
@given(expressions, points)
def test_exact_changes_no_bit(text: str, at: dict[str, float]) -> None:
    graph = parse(text)
    point = [at[name] for name in graph.inputs]
    shorter = simplify(graph, exact=True)
    assert list(shorter.inputs) == list(graph.inputs)
    assert bits(run(shorter, point)[shorter.outputs[0]]) == bits(run(graph, point)[graph.outputs[0]])


@pytest.mark.parametrize("text", ["x/x", "0*x", "x - x", "ln(x)*0", "(x-1)/(x-1)*y"])
def test_numbers_never_lose_where_they_are_undefined(text: str) -> None:
    graph = parse(text)
    for simple in (simplify(graph), simplify(graph, exact=True)):
        assert simple.operations() == graph.operations()


def test_commutative_arguments_are_shared() -> None:
    assert simplify(parse("sin(x*y) + sin(y*x)"), exact=True).operations() == 3  # x*y, sin, the sum
    assert simplify(parse("max(x-y, 1)*(x-y)"), exact=True).operations() == 3


def test_l10_identities_merge() -> None:
    """v̄3 and v̄2→3 are the identity of each other: one node in the end."""
    graph = parse("exp(x1)*(exp(x1)+1)")
    longer = adjoints(graph, ["x1"], "seed").graph
    shorter, counts = passes(longer)
    assert counts[0].before == len(longer)
    assert [(c.name, c.before, c.after) for c in counts] == [
        ("drop dead nodes", 14, 11),
        ("fold constants", 11, 11),
        ("merge identities", 11, 7),
        ("share equal nodes", 7, 7),
    ]
    assert len(shorter) == len(simplify(longer, exact=True)) == len(extend(graph, ["x1"]).graph)
    value = run(shorter, [0.5])
    assert value[shorter.outputs[1]] == gradient(graph, {"x1": 0.5}).gradient["x1"]


def chain(count: int) -> Graph:
    graph = Graph()
    x = Node(graph, graph.input("x"))
    y = x
    for _ in range(count):
        y = Node.apply_primitive(sin, (y * x + 1.0,))
    graph.outputs = [y.id]
    return graph


@pytest.mark.parametrize("readable", [False, True])
def test_deep_graphs(readable: bool) -> None:
    graph = chain(33_000)
    assert len(simplify(graph, readable=readable)) <= len(graph) + 1


def test_long_sums_are_collected_whole() -> None:
    graph = Graph()
    x = Node(graph, graph.input("x"))
    y = x
    for k in range(20_000):
        y = Node.apply_primitive(add, (y, Node.apply_primitive(mul, (x, float(k)))))
    graph.outputs = [y.id]
    assert run(simplify(graph, readable=True), [1.0])[-1] == 1 + 20_000 * 19_999 / 2
    assert simplify(graph, readable=True).operations() == 1


def test_towers_do_not_recurse() -> None:
    graph = Graph()
    x, z = Node(graph, graph.input("x")), Node(graph, graph.input("z"))
    y = x
    for _ in range(3_000):
        y = x ** (y * z + x)
    for _ in range(3_000):
        y = Node.apply_primitive(exp, (y * z + x,))
    graph.outputs = [y.id]
    assert simplify(graph, readable=True).operations() > 3_000
