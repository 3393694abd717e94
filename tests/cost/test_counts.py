"""L3, what symbolic differentiation costs: the lecture's n(n-2) products; every count against what is really done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autodiffcli
from autodiffcli.backends.symbolic import differentiate
from autodiffcli.chain import pull, push
from autodiffcli.costing import inputs as dependence
from autodiffcli.costing.counts import backprop, by_input
from autodiffcli.costing.kinds import Kinds, kind, of_graph
from autodiffcli.derivatives import extend, pushforward
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.language.parser import parse
from autodiffcli.language.write import write
from autodiffcli.primitive import Exact, Gate, Operators, Primitive
from tests.strategies import NAMES, expressions, points


def product(n: int) -> str:
    return "*".join(f"x{i}" for i in range(1, n + 1))


def naive(graph: Graph) -> Kinds:
    found = by_input(graph, list(graph.inputs.values()))
    assert found is not None
    return found.naive


# the lecture's example ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(3, 9))
def test_l3_a_product_of_n_factors(n: int) -> None:
    """Each partial derivative costs n-2 products and the gradient n(n-2): in the formulas as they are written."""
    graph = parse(product(n))
    longer = graph.copy()
    written = []
    for node in graph.inputs.values():
        (partial,) = pushforward(longer, graph.outputs, {node: 1.0})
        written.append(write(longer, partial).count("*"))
    assert written == [n - 2] * n
    assert naive(graph) == Kinds(products=n * (n - 2))
    simplified = differentiate(graph, list(graph.inputs))  # what symbolic mode prints is no longer
    assert [write(simplified, node).count("*") for node in simplified.outputs[1:]] == [n - 2] * n


@pytest.mark.parametrize("n", range(3, 9))
def test_l3_reverse_shares_the_factors(n: int) -> None:
    cost = autodiffcli.cost(product(n))
    assert cost["reverse"].kinds == Kinds(products=3 * n - 5)  # n-1 for the value, n-2 of them passed on, n-2 results
    assert cost["backprop"].kinds == Kinds(products=3 * (n - 1))
    assert cost["naive"].kinds == Kinds(products=n * (n - 2))


@pytest.mark.parametrize("n", [1_000, 30_000])
def test_l3_many_factors(n: int) -> None:
    graph = parse(product(n))
    assert naive(graph) == Kinds(products=n * (n - 2))
    assert backprop(graph, list(graph.inputs.values())) == Kinds(products=2 * (n - 1))


@pytest.mark.slow
def test_l3_a_million_factors() -> None:
    assert naive(parse(product(1_000_000))) == Kinds(products=999_998_000_000)


def test_l3_any_order_of_the_products() -> None:
    """A balanced tree of products costs the same n-2 for each factor."""
    level = [f"x{i}" for i in range(1024)]
    while len(level) > 1:
        level = [f"({a}*{b})" for a, b in zip(level[::2], level[1::2], strict=True)]
    assert naive(parse(level[0])) == Kinds(products=1024 * 1022)


def test_growth_shows_the_powers() -> None:
    growth = autodiffcli.growth("x{i} * ...", [3, 10, 100, 1000])
    assert [cost["naive"].operations for cost in growth.costs] == [n * (n - 2) for n in growth.sizes]
    assert [cost["reverse"].operations for cost in growth.costs] == [3 * n - 5 for n in growth.sizes]
    slopes = [growth.exponent(mode) for mode in ("naive", "forward", "reverse", "backprop")]
    assert [round(slope or 0, 1) for slope in slopes] == [2.0, 2.0, 1.0, 1.0]
    assert autodiffcli.growth("x{i} * ...", [5]).exponent("naive") is None


# the naive formulas, against the rules of the textbook applied to trees ----------------------------------------------

Tree = Any  # a name, or (operation, *trees)
POLYNOMIAL = st.recursive(
    st.sampled_from(NAMES),
    lambda part: st.one_of(
        st.tuples(st.sampled_from("+-*"), part, part),
        st.tuples(st.sampled_from(["sin", "exp", "-"]), part),
    ),
    max_leaves=25,
)


def text(tree: Tree) -> str:
    if isinstance(tree, str):
        return tree
    op, *args = tree[0], *map(text, tree[1:])
    return f"({args[0]}{op}{args[1]})" if len(args) == 2 else f"{op}({args[0]})"


def derived(tree: Tree, x: str) -> Tree | None:
    """Return the derivative by the rules, None where it is 0; "1" stands for 1."""
    if isinstance(tree, str):
        return "1" if tree == x else None
    op, *args = tree
    parts = [derived(arg, x) for arg in args]
    if op in ("+", "-") and len(args) == 2:
        return summed(op, *parts)
    if op == "*":
        return summed("+", times(parts[0], args[1]), times(parts[1], args[0]))
    slope = {"sin": ("cos", args[0]), "exp": tree}.get(op)
    if op == "-":
        return None if parts[0] is None else ("-", parts[0])
    return times(parts[0], slope)


def summed(op: str, a: Tree | None, b: Tree | None) -> Tree | None:
    if a is None:
        return b if b is None or op == "+" else ("-", b)
    return a if b is None else (op, a, b)


def times(a: Tree | None, b: Tree) -> Tree | None:
    return None if a is None else b if a == "1" else ("*", a, b)


def counted(tree: Tree) -> Counter[str]:
    if tree is None or isinstance(tree, str):
        return Counter()
    op = tree[0]
    own = Counter(["products" if op == "*" else "sums" if op in "+-" else "others"])
    return sum(map(counted, tree[1:]), own)


@given(POLYNOMIAL)
@settings(max_examples=500, deadline=None)
def test_naive_formulas_are_those_of_the_textbook(tree: Tree) -> None:
    wanted = sum((counted(derived(tree, x)) for x in NAMES), Counter[str]())
    for share in (True, False):
        graph = parse(text(tree), share=share)
        assert naive(graph) == Kinds(wanted["products"], wanted["sums"], wanted["others"])


def test_quotients_powers_and_functions_are_written_out() -> None:
    assert naive(parse("x^3")) == Kinds(1, 0, 1)  # 3·x^2
    assert naive(parse("tan(x*y)")) == Kinds(8, 2, 4)  # (1 + tan(x·y)·tan(x·y))·y and the same ·x
    assert naive(parse("2*x + 3")) == Kinds()  # 2
    assert naive(parse("x/y")) == Kinds(3, 1, 0)  # 1/y and -(x/y)/y


def test_shared_parts_make_exponential_formulas() -> None:
    graph = parse("; ".join(["a0 = x", *[f"a{k + 1} = a{k}*a{k}" for k in range(60)], "a60"]))
    assert naive(graph).sums == 2**60 - 1
    graph = parse("; ".join(["a0 = x", *[f"a{k + 1} = a{k}*a{k}" for k in range(3000)], "a3000"]))
    assert naive(graph).products == float("inf")
    assert autodiffcli.cost(graph)["reverse"].operations == 6000 + 2999  # 3,000 squares, their doubles, their products


def test_too_much_to_count_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependence, "MAX_WORK", 100)
    cost = autodiffcli.cost(product(300))
    assert cost["naive"].operations is None and cost["forward"].operations is None
    assert cost["reverse"].operations == 895


# the sweeps, against operands that count -----------------------------------------------------------------------------


class Counting(Operators, Exact):  # type: ignore[misc]
    """A number that counts what is done with it, also behind a constant of a rule, which is an Exact."""

    done: ClassVar[Counter[Primitive]] = Counter()

    def __new__(cls, value: float) -> Counting:
        return float.__new__(cls, value)

    @staticmethod
    def apply_primitive(op: Primitive, xs: Iterable[float]) -> Counting:
        Counting.done[op] += 1
        return Counting(op.evaluate(*map(float, xs)))


def done() -> Kinds:
    counts: Counter[str] = Counter()
    for op, times_done in Counting.done.items():
        for name, one in kind(op)._asdict().items():
            counts[name] += one * times_done
    return Kinds(**{name: counts[name] for name in Kinds._fields})


def gated(graph: Graph) -> bool:
    return any(
        isinstance(rule, Gate) for op, args in zip(graph.ops, graph.args, strict=True) for rule in op.rules(len(args))
    )


@given(expressions, points, st.sets(st.sampled_from(NAMES)))
@settings(max_examples=300, deadline=None)
def test_sweeps_do_what_is_counted(expression: str, point: dict[str, float], names: set[str]) -> None:
    graph = parse(expression)
    assume(not gated(graph))  # what a gate lets through depends on the point; both sides are counted
    wrt = [graph.inputs[name] for name in NAMES if name in names and name in graph.inputs]
    values = [Counting(x) for x in run(graph, [point[name] for name in NAMES if name in graph.inputs])]
    Counting.done.clear()
    pull(graph, values, graph.outputs[0], graph.depends(wrt), Counting(1.0))
    assert backprop(graph, wrt) == done()
    Counting.done.clear()
    for node in wrt:
        push(graph, values, {node: Counting(1.0)})
    found = by_input(graph, wrt)
    assert found is not None
    assert found.forward == done()


@given(expressions)
@settings(max_examples=100, deadline=None)
def test_reverse_is_the_extended_graph(expression: str) -> None:
    graph = parse(expression)
    cost = autodiffcli.cost(graph)
    longer = extend(graph, graph.inputs).graph
    assert cost["reverse"].kinds == of_graph(longer)
    assert cost["reverse"].operations == longer.operations() == cost["reverse"].stored
    assert cost["value"].operations == graph.operations()


# what cost says of a point, and refuses ------------------------------------------------------------------------------


def test_memory_is_measured_at_a_point() -> None:
    chain = "sin(" * 3000 + "x" + ")" * 3000
    cost = autodiffcli.cost(chain, "x=1", checkpoint=["sqrt", "binomial", 300])
    memory = {row.mode: row.memory or 0 for row in cost.modes}
    assert memory.pop("naive") == 0  # is not run
    assert all(memory.values())
    assert memory["sqrt"] < memory["backprop"] / 5
    assert memory["binomial"] < memory["sqrt"]
    assert all(row.memory is None for row in autodiffcli.cost("x^2").modes)


def test_what_would_take_seconds_is_counted_but_neither_written_out_nor_measured() -> None:
    graph = parse("D(atan(x*y)*y + sin(x*y)^x*z, y, 7)", share=False)  # 20,000 operations
    cost = autodiffcli.cost(graph, "x=0.7, y=0.7, z=0.7")
    assert cost["symbolic"].kinds is None and cost["forward"].operations
    assert all(row.memory is None for row in cost.modes)


def test_checkpoints_cost_what_they_evaluate_again() -> None:
    cost = autodiffcli.cost("sin(" * 100 + "x" + ")" * 100, checkpoint=["sqrt", 100])
    assert cost["100"].kinds == cost["backprop"].kinds
    counts = cost["sqrt"].counts
    assert counts is not None and counts.forward == 181
    assert cost["sqrt"].kinds == Kinds(100, 0, 281)
    assert cost["sqrt"].evaluations == 1.81


def test_wrt_limits_what_is_counted() -> None:
    cost = autodiffcli.cost(product(10), wrt=["x1"], checkpoint=[])
    assert cost["naive"].kinds == Kinds(products=8)
    assert cost["forward"].passes == 1 and cost["numeric"].evaluations == 5
    with pytest.raises(RequestError, match="not an input"):
        autodiffcli.cost("x^2", wrt=["z"])


def test_refused_derivatives_and_several_outputs() -> None:
    with pytest.raises(RequestError, match="no derivative"):
        autodiffcli.cost("besselj(n, x)")
    assert autodiffcli.cost("besselj(n, x)", wrt=["x"])["reverse"].passes == 1
    with pytest.raises(RequestError, match="one output"):
        autodiffcli.cost("(x, y)")
