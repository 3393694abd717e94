"""The chain rule, forward and backward: the only code that multiplies by a partial derivative.

Operands may be floats, NumPy arrays or graph nodes; on nodes the rule builds the derivative's graph. A tangent or
adjoint that is None is structurally zero: no path leads there, or only through a closed gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, Protocol

from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph, Node
from autodiffcli.primitive import ARITHMETIC_ERRORS, Gate, Gated, Operand, carefully
from autodiffcli.primitives.selection import logical_and, logical_or, not_equal, where

__all__ = ["Edge", "Operands", "Slots", "close", "pull", "pull_through", "push", "quiet", "slope_of"]


class Operands(Protocol):
    """Operands by node id: a list of all, or a dict of some."""

    def __getitem__(self, node: int, /) -> Operand: ...


class Slots(Operands, Protocol):
    """Operands by node id that grow as a loop proceeds."""

    def __setitem__(self, node: int, operand: Operand, /) -> None: ...


class Edge(NamedTuple):
    """A partial adjoint v̄ᵢ→ⱼ = v̄ⱼ·∂vⱼ/∂vᵢ, or in a forward sweep the term v̇ᵢ·∂vⱼ/∂vᵢ.

    Operations on whole arrays have no partial by which a term is multiplied: there it is None.
    """

    user: int  # j
    position: int  # which argument of j
    node: int  # i
    partial: Operand
    term: Operand


class Picked(NamedTuple):
    """A gate that nothing has yet to close: outside of the mask the adjoint is 0 already, X[1] being of one entry."""

    mask: Operand


def push(
    graph: Graph, values: Sequence[Operand], seeds: dict[int, Operand], edges: list[Edge] | None = None
) -> list[Operand | None]:
    """Return the tangent of every node: v̇ⱼ = Σᵢ ∂vⱼ/∂vᵢ·v̇ᵢ (forward mode, one pass).

    values: one per node. seeds: tangents of inputs by id. edges: receives every term, if given.
    Raises RequestError where a derivative is refused.
    """
    dots: list[Operand | None] = [None] * len(values)
    gates = _gates(graph, seeds)  # as in `pull_through`
    for i, seed in seeds.items():
        dots[i] = seed
    with quiet(graph):
        _push_through(graph, values, dots, gates, edges)
        close(dots, gates)
    return dots


def _push_through(
    graph: Graph,
    values: Sequence[Operand],
    dots: list[Operand | None],
    gates: dict[int, Operand],
    edges: list[Edge] | None,
) -> None:
    ops, shapes = graph.ops, graph.shapes
    for j, args in enumerate(graph.args[: len(values)]):
        if ops[j].jvp is not None:
            _push_array(graph, j, values, dots, gates, edges)
            continue
        for k, i in enumerate(args):
            dot = dots[i]
            if dot is None:
                continue
            rule: Any = ops[j].rules(len(args))[k]
            gate = _mask(gates.get(i))
            slope: Operand
            if rule.__class__ is float:
                if rule == 0.0:
                    continue
                slope = rule
            else:
                operands = [values[j], *[values[a] for a in args]]
                slope, condition = slope_of(graph, j, k, rule, operands)
                if slope is None:
                    continue
                if condition is not None:
                    gate = condition if gate is None else logical_and(gate, condition)
            term = dot * slope
            if shapes and j in shapes:
                from autodiffcli.primitives.tensor import expanded

                term = expanded(term, shapes[j])
            if edges is not None:
                edges.append(Edge(j, k, i, slope, term if gate is None else where(gate, term, 0.0)))
            dots[j] = _meet(j, dots[j], term, gate, gates)


def pull(
    graph: Graph,
    values: Sequence[Operand],
    output: int,
    active: Sequence[int],
    seed: Operand = 1.0,
    edges: list[Edge] | None = None,
) -> list[Operand | None]:
    """Return the adjoint of every active node: v̄ᵢ = Σⱼ v̄ⱼ·∂vⱼ/∂vᵢ, in one sweep from the output back (reverse mode).

    values: one per node. active[i]: whether node i depends on an input of interest. seed: the output's adjoint.
    edges: receives every partial adjoint, if given. Raises RequestError where a derivative is refused.
    """
    bars: list[Operand | None] = [None] * (output + 1)
    bars[output] = seed
    gates = _gates(graph, {output: seed})
    with quiet(graph):
        pull_through(graph, range(output, -1, -1), values, active, bars, gates, edges)
        close(bars, gates)
    return bars


def pull_through(
    graph: Graph,
    nodes: Iterable[int],
    values: Operands,
    active: Sequence[int],
    bars: Slots,
    gates: dict[int, Operand],
    edges: list[Edge] | None = None,
) -> None:
    """Pull the adjoints of some nodes, ids falling, through to their arguments: a part of a sweep.

    values, bars: by id, those of the nodes and of their arguments; a bar is None where no adjoint has come yet.
    gates: conditions of adjoints, empty when the sweep begins; `close` ends it.
    """
    # An adjoint that stands behind a gate is kept without the gate, the condition beside it: multiplied on as it is and
    # closed only where paths meet, so that no 0·inf arises behind a closed gate.
    ops, arguments, shapes = graph.ops, graph.args, graph.shapes
    for j in nodes:
        bar = bars[j]
        args = arguments[j]
        if bar is None or not args:
            continue
        op = ops[j]
        if op.vjp is not None:
            _pull_array(graph, j, values, active, bars, gates, edges)
            continue
        rules: Any = op.partials if op.partials.__class__ is tuple else op.rules(len(args))
        operands = [values[j], *[values[a] for a in args]]
        behind = gates.get(j) if gates else None
        for k, i in enumerate(args):
            if not active[i]:
                continue
            rule, gate = rules[k], behind
            slope: Operand
            if rule.__class__ is float:
                if rule == 0.0:
                    continue
                slope = rule
            elif rule.__class__ is Gate or rule is None:
                slope, condition = slope_of(graph, j, k, rule, operands)
                if slope is None:
                    continue
                gate = _mask(gate)
                if condition is not None:
                    gate = condition if gate is None else logical_and(gate, condition)
            else:
                gate = _mask(gate)  # the slope may be infinite where the adjoint is 0
                try:
                    slope = rule(*operands)
                except ARITHMETIC_ERRORS:
                    slope = carefully(rule, *operands)
            term = bar * slope
            if shapes and shapes.get(j, ()) != shapes.get(i, ()):
                term, gate = _narrowed(graph, i, j, term, gate)
            if edges is not None:
                edges.append(Edge(j, k, i, slope, _closed(term, gate)))
            old = bars[i]
            if gate is not None or gates:
                bars[i] = _meet(i, old, term, gate, gates)
            else:
                bars[i] = term if old is None else old + term


def close(bars: Slots, gates: dict[int, Operand]) -> None:
    """Close the gates that adjoints or tangents still stand behind."""
    for i, gate in gates.items():
        bars[i] = _closed(bars[i], gate)


def _gates(graph: Graph, seeds: dict[int, Any]) -> dict[int, Any]:
    """Return the gates of seeds: no path leads from the entries of an array that are 0."""
    if not graph.shapes:
        return {}
    arrays = {i: seed for i, seed in seeds.items() if getattr(seed, "ndim", 0)}
    return {i: Picked(not_equal(seed, 0.0)) for i, seed in arrays.items() if not seed.all()}


def _mask(gate: Any) -> Any:
    """Return the condition of a gate, which is to be closed where a slope follows."""
    return gate.mask if gate.__class__ is Picked else gate


def _closed(term: Operand, gate: Any) -> Operand:
    """Return a term with its gate closed, if it has one that is open."""
    return term if gate is None or gate.__class__ is Picked else where(gate, term, 0.0)


def quiet(graph: Graph) -> AbstractContextManager[object]:
    """Return what silences NumPy's warnings while the arrays of a graph are computed with: nan and inf are answers."""
    if not graph.shapes:
        return nullcontext()
    import numpy as np

    return np.errstate(all="ignore")


def _narrowed(graph: Graph, i: int, j: int, term: Operand, gate: Any) -> tuple[Operand, Any]:
    """Sum a term over the axes along which argument i of node j was broadcast: open where any of its parts is.

    It is closed before, so that the sum is 0 where none is.
    """
    from autodiffcli.primitives.tensor import expanded, unbroadcast

    shape, narrow = graph.shape(j), graph.shape(i)
    term = expanded(term, shape)
    if gate is None:
        return unbroadcast(term, narrow), None
    mask = expanded(_mask(gate), shape)
    if gate.__class__ is not Picked:
        term = where(mask, term, 0.0)
    return unbroadcast(term, narrow), Picked(not_equal(unbroadcast(mask, narrow), 0.0))


def _pull_array(
    graph: Graph,
    j: int,
    values: Operands,
    active: Sequence[int],
    bars: Slots,
    gates: dict[int, Operand],
    edges: list[Edge] | None,
) -> None:
    """Pull the adjoint of an operation on whole arrays through to its arguments, by its `vjp`."""
    op, args, behind = graph.ops[j], graph.args[j], gates.get(j)
    assert op.vjp is not None
    # The adjoint is closed here, so that what its entries are moved to is 0 where none of them is open.
    bar, mask = _closed(bars[j], behind), 1.0 if op.picks and behind is None else _mask(behind)
    operands = [values[j], *[values[a] for a in args]]
    for k, (i, rule) in enumerate(zip(args, op.terms(op.vjp, len(args)), strict=True)):
        if not active[i] or rule.__class__ is float:
            continue
        term, gate = _term(graph, j, k, rule, bar, operands), None
        if isinstance(term, Gated):
            term, gate = term
        elif mask is not None and op.moves:
            from autodiffcli.primitives.tensor import expanded

            gate = Picked(not_equal(_term(graph, j, k, rule, expanded(mask, graph.shape(j)), operands), 0.0))
        if edges is not None:
            edges.append(Edge(j, k, i, None, _closed(term, gate)))
        bars[i] = _meet(i, bars[i], term, gate, gates)


def _push_array(
    graph: Graph,
    j: int,
    values: Operands,
    dots: Slots,
    gates: dict[int, Operand],
    edges: list[Edge] | None,
) -> None:
    """Push the tangents of an operation's arguments through it, by its `jvp`."""
    op, args = graph.ops[j], graph.args[j]
    assert op.jvp is not None
    if all(dots[i] is None for i in args):
        return
    if op.linear and len(args) > 1 and edges is None:  # all arguments at once
        from autodiffcli.primitives.tensor import expanded, zeros

        closed = [_closed(dots[i], gates.get(i)) for i in args]
        dots[j] = op(*[zeros(graph.shape(i)) if dot is None else dot for i, dot in zip(args, closed, strict=True)])
        if op.moves and not isinstance(dots[j], Node) and any(dots[i] is None or i in gates for i in args):
            masks = [0.0 if dots[i] is None else _mask(gates.get(i, 1.0)) for i in args]
            gates[j] = Picked(not_equal(op(*map(expanded, masks, map(graph.shape, args))), 0.0))
        return
    operands = [values[j], *[values[a] for a in args]]
    for k, (i, rule) in enumerate(zip(args, op.terms(op.jvp, len(args)), strict=True)):
        dot = dots[i]
        if dot is None or rule.__class__ is float:
            continue
        behind, gate = _mask(gates.get(i)), None
        if behind is not None:
            dot = where(behind, dot, 0.0)
        term = _term(graph, j, k, rule, dot, operands)
        if isinstance(term, Gated):
            term, gate = where(term.condition, term.term, 0.0), None
        elif op.moves and (behind is not None or (op.linear and len(args) > 1)):
            from autodiffcli.primitives.tensor import expanded

            mask = expanded(1.0 if behind is None else behind, graph.shape(i))
            gate = not_equal(_term(graph, j, k, rule, mask, operands), 0.0)
        if edges is not None:
            edges.append(Edge(j, k, i, None, term if gate is None else where(gate, term, 0.0)))
        dots[j] = _meet(j, dots[j], term, gate, gates)


def _term(graph: Graph, j: int, k: int, rule: Any, change: Operand, operands: Sequence[Operand]) -> Any:
    if rule is None:
        raise _refused(graph, j, k)
    try:
        return rule(change, *operands)
    except ARITHMETIC_ERRORS:
        import numpy as np

        return rule(*[np.float64(x) if x.__class__ is float else x for x in (change, *operands)])  # raises nothing


def _meet(i: int, old: Operand | None, term: Operand, gate: Any, gates: dict[int, Operand]) -> Operand:
    """Add a term to an adjoint when either may stand behind a gate; the sum is open where one of them is."""
    other = gates.pop(i, None)
    if old is None:
        if gate is not None:
            gates[i] = gate
        return term
    if gate is not None and other is not None:  # closed below, both of them
        gates[i] = Picked(logical_or(_mask(other), _mask(gate)))
    return _closed(old, other) + _closed(term, gate)


def slope_of(
    graph: Graph, j: int, k: int, rule: Callable[..., Operand] | Gate | None, operands: Sequence[Operand]
) -> tuple[Operand | None, Operand | None]:
    """Return ∂vⱼ/∂(argument k) and its condition: no slope behind a closed gate, no condition at an open one."""
    condition = None
    if rule is None:
        raise _refused(graph, j, k)
    if isinstance(rule, Gate):
        condition = rule.condition(*operands)
        if condition.__class__ is float:
            if not condition:
                return None, None
            condition = None
        if isinstance(rule.slope, float):
            return rule.slope, condition
        rule = rule.slope
    try:
        return rule(*operands), condition
    except ARITHMETIC_ERRORS:
        return carefully(rule, *operands), condition


def _refused(graph: Graph, j: int, k: int) -> RequestError:
    return RequestError(
        f"{graph.ops[j].name} has no derivative in its argument number {k + 1}",
        source=graph.source,
        span=graph.span(j),
        hint="leave the inputs of that argument out with --wrt",
    )
