"""What is a fraction again stays exact: a test for equality is decided, as it could not be of balls."""

from __future__ import annotations

import pytest

from autodiffcli.graph import Graph
from autodiffcli.language.parser import parse
from autodiffcli.precise.prove import prove
from autodiffcli.primitive import PRIMITIVES

ROWS = [
    *("add 0.1 0.2 0.3", "sub 0.3 0.1 0.2", "mul 0.1 0.3 0.03", "div 0.3 0.1 3", "mod 0.7 0.2 0.1", "neg 0.1 -0.1"),
    *("less 0.1 0.1 0", "less_equal 0.1 0.1 1", "greater 0.1 0.1 0", "greater_equal 0.1 0.1 1", "equal 0.1 0.1 1"),
    *("not_equal 0.1 0.1 0", "less 0.1 0.3 1", "greater 0.3 0.1 1", "equal 0.1 0.3 0", "not_equal 0.1 0.3 1"),
    *("less 0.3 0.1 0", "less_equal 0.3 0.1 0", "greater 0.1 0.3 0", "greater_equal 0.1 0.3 0"),
    *("and 1 1 1", "and 0 1 0", "and 1 0 0", "or 1 0 1", "or 0 1 1", "or 0 0 0", "not 0 1", "not 1 0"),
    *("where 1 0.1 0.2 0.1", "where 0 0.1 0.2 0.2", "where 1 0.1 0.1 0.1", "max 0.1 0.1 0.1", "max 0.1 0.3 0.3"),
    *("max 0.3 0.1 0.3", "min 0.1 0.1 0.1", "min 0.1 0.3 0.1", "min 0.3 0.1 0.1", "clip 0.1 0.1 0.3 0.1"),
    *("abs -0.1 0.1", "relu 0.1 0.1", "relu -0.1 0", "relu 0 0", "leaky_relu -0.1 -0.001", "sign -0.1 -1", "sign 0 0"),
    *("sign 0.1 1", "floor -1.3 -2", "floor 3 3", "ceil -1.3 -1", "ceil 3 3", "trunc -1.3 -1", "trunc 1.3 1"),
    *("trunc 0 0", "round 0.7 1", "round 2.5 2", "round 3.5 4", "round -0.5 0", "round 2.6 3"),
    *("sqrt 0.49 0.7", "sqrt 0 0", "hypot 0.3 0.4 0.5", "direction 0.3 0.4 0.6", "direction 0 0 0"),
    *("_turn 0.1 0.3 0.4 0.12", "pow 0.3 2 0.09", "pow 0.4 -1 2.5", "pow 0.49 0.5 0.7"),
    *("pow 0.16 -1.5 15.625", "pow 0 0.3 0", "pow 0.3 0 1", "cbrt 0 0"),
    *("log2 8 3", "log2 0.125 -3", "log10 0.001 -3", "log 0.001 0.1 3", "log 8 0.5 -3", "exp2 -3 0.125", "exp2 0 1"),
    *("_power_slope 0.3 2 0.6", "_power_slope 0.3 0 0", "_power_slope 0 0 0", "_power_log 0 0.3 0"),
    *("_plain_slope 3 1", "_plain_slope 0 0", "heaviside 0 0.5", "heaviside 0.1 1", "heaviside -0.1 0"),
]


def decided(name: str, xs: list[str], y: str) -> str:
    """Return the proven value of op(xs) == y."""
    graph = Graph("", exact=True)
    names = [f"x{k}" for k in range(len(xs) + 1)]
    *args, wanted = [graph.input(n) for n in names]
    graph.outputs = [graph.apply(PRIMITIVES["equal"], (graph.apply(PRIMITIVES[name], tuple(args)), wanted))]
    return prove(graph, dict(zip(names, [*xs, y], strict=True)), [], "eval", 10).value


@pytest.mark.parametrize("row", ROWS)
def test_fractions_stay_exact(row: str) -> None:
    name, *xs, y = row.split()
    assert decided(name, xs, y) == "1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("min(exp(ln(x)), x)", 2), ("max(exp(ln(x)), x)", 2), ("min(-exp(ln(x)), -x)", -2), ("min(exp(x), 3)", 3)],
        *[("floor(max(exp(x), 3, -exp(x)))", 7), ("trunc(exp(1))", 2), ("trunc(-exp(1))", -2), ("trunc(exp(-x))", 0)],
        *[("trunc(-exp(-x))", 0), ("sign(-exp(x))", -1), ("abs(-exp(ln(x)))", 2), ("relu(-exp(x))", 0)],
        *[("round(exp(1))", 3), ("round(-exp(1))", -3), ("floor(-exp(1))", -3), ("ceil(-exp(1))", -2)],
        *[("exp(x)^0", 1), ("0^exp(x)", 0), ("cbrt(-exp(3*ln(x)))", -2), ("sqrt(exp(2*ln(x)))", 2)],
        *[("where(exp(x) > 7 and x > 1, x, 0)", 2), ("where(exp(x) > 8 or x > 1, x, 0)", 2)],
        *[("where(exp(x) > 8 or x > 3, x, 0)", 0), ("where(exp(x) > 8 and x > 1, x, 0)", 0)],
    ],
)
def test_balls_are_compared_and_rounded(text: str, value: int) -> None:
    graph = parse(text, exact=True)
    found = float(prove(graph, dict.fromkeys(graph.inputs, "2"), [], "eval", 20).value)
    assert found == value
