"""`autodiffcli.cost`: what each way to differentiate an expression costs, without and with checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from autodiffcli.api.expressions import Point, chosen, of_one_output
from autodiffcli.api.gradients import coordinates
from autodiffcli.backends import backend
from autodiffcli.backends.checkpoint import Checkpointed
from autodiffcli.backends.symbolic import differentiate
from autodiffcli.checkpoint import Plan
from autodiffcli.costing import arrays
from autodiffcli.costing.counts import backprop, by_input
from autodiffcli.costing.family import member
from autodiffcli.costing.kinds import Kinds, of_graph, of_node, total
from autodiffcli.costing.results import Cost, Growth, ModeCost
from autodiffcli.derivatives import extend
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.language.parser import parse
from autodiffcli.limits import FORMULAS, measured
from autodiffcli.memory import entries_held, planned

__all__ = ["cost", "growth", "peak_memory"]

MAX_NODES = 1_000_000
"""Nodes that the passes of a mode of arrays may visit for its run to be measured."""

MAX_OPERATIONS = 100_000_000
"""Operations on entries of arrays of a mode whose run is measured."""

WARM_NODES = 1_000
"""Nodes up to which a run is measured at its second time."""


def cost(
    expression: str | Graph,
    at: Point | None = None,
    *,
    wrt: Iterable[str] | None = None,
    checkpoint: Sequence[str | int] = ("sqrt", "binomial"),
) -> Cost:
    """Return the operations, stored values and passes of each mode, counted; with a point, the memory of a run of it.

    checkpoint: budgets of stored values, a row for each (see `checkpoint.plan`), or of bytes: "512MB".

    naive is the symbolic gradient as the lecture counts it: every partial derivative written out on its own, nothing
    shared, without the value, which the others compute too. symbolic is what symbolic mode makes of it. A mode that
    would take seconds is not measured, and symbolic then not counted. Of a selection both sides count. Arrays
    count by their entries, a product of matrices as 2mnk, in what is stored too; naive has no row then.

    Raises RequestError (syntax, names, a refused derivative, a budget too small) and MathError.

    >>> found = cost("x1*x2*x3*x4*x5")
    >>> found["naive"].kinds.products, found["reverse"].kinds.products
    (15, 10)
    """
    graph = of_one_output(expression, "a gradient has one output", at=at)
    names = chosen(graph, wrt)
    modes = _modes(graph, names, checkpoint)
    if at is not None:
        point = coordinates(graph, at)
        short = _short_of_arrays if graph.shapes else _short
        modes = [_measured(row, graph, names, point) if short(row, modes, graph, names) else row for row in modes]
    return Cost(len(graph.inputs), graph.operations(), modes)


def growth(
    template: str,
    sizes: Sequence[int],
    *,
    checkpoint: Sequence[str | int] = ("sqrt",),
    share: bool = True,
) -> Growth:
    """Return the costs of a family of expressions, such as x{i} * ..., for each number of terms.

    share: make equal parts of a member one node.

    Raises what `cost` and `costing.family.member` raise.

    >>> found = growth("x{i} * ...", [10, 100, 1000])
    >>> [row["naive"].operations for row in found.costs], round(found.exponent("reverse"), 1)
    ([80, 9800, 998000], 1.0)
    """
    return Growth(sizes, [cost(parse(member(template, n), share=share), checkpoint=checkpoint) for n in sizes])


def _modes(graph: Graph, names: Sequence[str], budgets: Sequence[str | int]) -> list[ModeCost]:
    if graph.shapes:
        return _modes_of_arrays(graph, names, budgets)
    inputs = [graph.inputs[name] for name in names]
    value, operations = of_graph(graph), graph.operations()
    longer = of_graph(extend(graph, names).graph)  # first: it says where a derivative is refused
    found = by_input(graph, inputs)
    swept = backprop(graph, inputs)
    formulas = of_graph(differentiate(graph, names)) if found and found.forward.all <= FORMULAS else None
    evaluations = 4 * len(names) + 1
    rows = [
        ModeCost("value", value, stored=operations),
        ModeCost("numeric", total([(value, evaluations)]), 0, evaluations, operations),
        ModeCost("naive", found and found.naive, 0, 0),
        ModeCost("symbolic", formulas, 0, 1, formulas and formulas.all),
        ModeCost("forward", found and total([(value, 1), (found.forward, 1)]), len(names), 1, operations),
        ModeCost("reverse", longer, 1, 1, longer.all),
        ModeCost("backprop", total([(value, 1), (swept, 1)]), 1, 1, operations),
    ]
    return rows + [_checkpointed(planned(graph, budget), swept) for budget in budgets]


def _modes_of_arrays(graph: Graph, names: Sequence[str], budgets: Sequence[str | int]) -> list[ModeCost]:
    """Return the same of arrays, in operations on entries; nobody writes their formulas out entry by entry."""
    longer, value, held = extend(graph, names).graph, of_graph(graph), arrays.stored(graph)
    swept = Kinds(*[whole - part for whole, part in zip(of_graph(longer), value, strict=True)])
    formulas = differentiate(graph, names)
    passes = arrays.entries(graph, names)
    rows = [
        ModeCost("value", value, stored=held),
        ModeCost("numeric", total([(value, 4 * passes + 1)]), 0, 4 * passes + 1, held),
        ModeCost("symbolic", of_graph(formulas), 0, 1, arrays.stored(formulas)),
        ModeCost("forward", total([(value, 1), (arrays.forward(graph, names), 1)]), passes, 1, held),
        ModeCost("reverse", of_graph(longer), 1, 1, arrays.stored(longer)),
        ModeCost("backprop", of_graph(longer), 1, 1, held),
    ]
    return rows + [_checkpointed(planned(graph, budget), swept) for budget in budgets]


def _checkpointed(made: Plan, swept: Kinds) -> ModeCost:
    """Return the cost of backprop by a plan, each operation as often as the plan evaluates it."""
    times: dict[Kinds, int] = {}
    for node, count in zip(made.nodes, made.times, strict=True):
        what = of_node(made.graph, node)
        times[what] = times.get(what, 0) + count
    counts = made.counts
    evaluations = counts.forward / max(len(made.nodes), 1)
    kinds = total([*times.items(), (swept, 1)])
    return ModeCost(made.budget, kinds, 1, evaluations, entries_held(made), None, counts)


def _measured(row: ModeCost, graph: Graph, names: Sequence[str], point: Sequence[float]) -> ModeCost:
    """Return a row with the memory of a run."""
    work: Callable[[], object]
    if row.counts is not None:
        made = planned(graph, row.mode)  # as the graph itself: there before the run, and for every point
        work = lambda: Checkpointed.follow(made, point, names)
    elif row.mode == "value":
        work = lambda: run(graph, point)
    else:
        way = backend(row.mode)  # what it imports is no run's
        work = lambda: way.gradient(graph, point, names, False)
    if len(graph) <= WARM_NODES or row.mode == "value":
        work()  # what is imported and cached at the first run would be most of a small one's memory
    return replace(row, memory=peak_memory(work))


def _short(row: ModeCost, modes: Sequence[ModeCost], graph: Graph, names: Sequence[str]) -> bool:
    """Tell whether a run of a mode, and what is made before it, takes less than seconds; naive is never run."""
    if row.mode == "naive":
        return False
    most = measured(len(graph.source))
    if row.mode == "symbolic":  # its formulas were written by the rules of forward mode, and simplified
        row, most = next(other for other in modes if other.mode == "forward"), most // 2
    return row.operations is not None and row.operations <= most


def _short_of_arrays(row: ModeCost, modes: Sequence[ModeCost], graph: Graph, names: Sequence[str]) -> bool:
    """Tell the same of arrays, where a mode may pass over the graph for every entry of an input."""
    visits = len(graph) * (arrays.entries(graph, names) if row.passes != 1 else 1)
    return visits <= MAX_NODES and (row.operations or 0) <= MAX_OPERATIONS


def peak_memory(work: Callable[[], object]) -> int:
    """Return the bytes that work allocates at its peak, by tracemalloc: Python's own objects and NumPy's arrays."""
    import tracemalloc

    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not tracing:
            tracemalloc.stop()
