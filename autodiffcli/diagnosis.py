"""Where a number that is not finite was born: the node, its arguments, and whether it is a pole or an overflow.

A value is followed from the output to the node whose own arguments are good; a derivative from the input along the
sweep back to the term that was the first, in the graph of the derivatives before it where its order is higher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite, isinf, isnan
from typing import Any, NamedTuple

from autodiffcli.chain import Edge, close, pull, pull_through, quiet
from autodiffcli.errors import MathError, RequestError, Span
from autodiffcli.graph import INPUT, Graph, Node, growing
from autodiffcli.interpreter import run
from autodiffcli.language.notation import json_ready, one_line
from autodiffcli.language.signatures import argument_names, call_of
from autodiffcli.language.write import number, write
from autodiffcli.primitive import ARITHMETIC_ERRORS, Gate, Operand, Primitive, carefully

__all__ = ["Corner", "choice_at", "corners", "derivative", "entry_derivative", "value"]

LARGEST = 50_000
"""Nodes of the graph of a higher derivative in which a place is looked for."""

_LONG = 40  # characters of a node's text
_PROBES = (1e-9, 1e-3, 0.5)  # how far from an argument that is 0 a pole is told from an overflow
_NEAR = 1e-9  # the same, relative, for one that is not

_KINDS = {
    "pole": "a pole: it grows without bound as its argument comes here",
    "overflow": "an overflow: the number is finite, but beyond the largest float, 1.8e308",
}
_ENDLESS = "its formula is too long to say where; a lower order may do: high ones can be beyond the largest float"
_ROUGH = "the expression is not smooth at this point: try one beside it"


class Corner(NamedTuple):
    """A node at which the derivative is a documented choice, and the choice: abs'(0) = 0."""

    node: int
    place: str
    choice: str

    def __str__(self) -> str:
        return f"{self.place}: by convention {self.choice}"


class _Cause(NamedTuple):
    """A birth: at which node, in a sentence, of what kind, and what else is to be said."""

    node: int
    sentence: str
    kind: str
    notes: tuple[str, ...] = ()
    hint: str = ""


def value(
    graph: Graph, values: Sequence[Any], node: int, what: str = "the value", found: float | None = None
) -> MathError:
    """Return the error that says where a value that is nan or infinite was born; the value of `node` must be.

    what, found: an entry of it and the number that it is, where it is an array.

    >>> from autodiffcli.language.parser import parse
    >>> graph = parse("2*exp(x)")
    >>> print(value(graph, run(graph, [1000.0]), graph.outputs[0]).report("warning"))
    warning: the value is inf: exp at 1000 overflows
      2*exp(x)
        ^^^^^^
    where x = 1000
    an overflow: the number is finite, but beyond the largest float, 1.8e308
    """
    if graph.shapes:
        from autodiffcli.diagnosis_arrays import birth

        born, sentence = birth(graph, values, node)
        found = values[node] if found is None and not graph.shape(node) else found
        if found is not None and not isnan(found):
            sentence = f"{what} is {found}: {sentence}"
        return MathError(sentence, source=graph.source, span=graph.span(born))
    cause = _of_value(graph, values, node)
    sentence = cause.sentence if isnan(values[node]) else f"the value is {values[node]}: {cause.sentence}"
    return _error(graph, graph, values, cause, sentence, cause.node)


def derivative(
    graph: Graph,
    point: Sequence[float],
    directions: Sequence[Mapping[int, float]],
    what: str,
    found: float,
    output: int | None = None,
) -> MathError:
    """Return the error that says where a derivative that is nan or infinite was born.

    directions: one for each order, by input node: [{x: 1.0}] for ∂y/∂x, [{x: 1.0}, {y: 1.0}] for ∂²y/∂x∂y.
    what, found: what the derivative is called, and the number that it is. output: a node; the graph's first, if None.

    >>> from autodiffcli.language.parser import parse
    >>> graph = parse("x*sqrt(x)")
    >>> print(derivative(graph, [0.0], [{0: 1.0}], "the derivative by x", float("nan")).report())
    error: the derivative by x is undefined (nan): in the sweep back, sqrt at 0 has the partial derivative inf
      x*sqrt(x)
        ^^^^^^^
    where x = 0
    by convention sqrt'(0) = inf
    the adjoint that it multiplies is 0, and 0*inf has no value
    """
    is_ = f"{what} is undefined (nan)" if isnan(found) else f"{what} is {found}"
    if graph.shapes:
        return MathError(is_, source=graph.source, hint=_ROUGH)
    output = graph.outputs[0] if output is None else output
    longer, owners = graph.copy(), list(range(len(graph)))
    cause, values = None, []
    for order, direction in enumerate(directions, 1):
        values = run(longer, point)
        if order > 1 and not isfinite(values[output]):
            cause = _of_value(longer, values, output)
            break
        if order == len(directions):
            cause = _of_sweep(longer, values, output, direction, found)
        elif len(longer) > LARGEST:
            return MathError(is_, hint=_ENDLESS)
        else:
            output = _extended(longer, owners, output, direction)
    if cause is None:
        return MathError(is_, hint=_ROUGH)
    owner = owners[cause.node]
    if cause.node >= len(graph):
        is_ += f": in the derivative of {_text(graph, owner)}, {cause.sentence}"
    else:
        is_ += f": in the sweep back, {cause.sentence}"
    return _error(graph, longer, values, cause, is_, owner)


def entry_derivative(
    graph: Graph, values: Sequence[Any], node: int, place: tuple[int, ...], what: str, found: float
) -> MathError:
    """Return the error that says where the derivative of an output by an entry of an array became nan or infinite."""
    edges: list[Edge] = []
    bars = pull(graph, values, graph.outputs[0], graph.depends([node]), edges=edges)
    cause = _of_entry(graph, values, bars, edges, node, place, found)
    if cause is None:
        return MathError(f"{what} is {found}", source=graph.source)
    message = f"{what} is {found}: in the sweep back, {cause.sentence}"
    return MathError(message, source=graph.source, span=_place(graph, cause.node), notes=list(cause.notes))


def corners(
    graph: Graph, values: Sequence[float], wrt: Sequence[str], outputs: Sequence[int] | None = None
) -> Iterator[Corner]:
    """Return the nodes whose derivative is a choice at these values, of those that a sweep from the outputs reaches.

    >>> from autodiffcli.language.parser import parse
    >>> graph = parse("abs(x)*y + where(y > 3, abs(y - 2), 0)")
    >>> [str(corner) for corner in corners(graph, run(graph, [0.0, 2.0]), ["x", "y"])]
    ["abs(x) at 0: by convention abs'(0) = 0"]
    """
    ops, args = graph.ops, graph.args
    chosen: dict[int, str] = {}
    for i, op in enumerate(ops):
        if not op.corners:
            continue
        operands = [values[i], *[values[a] for a in args[i]]]
        among = i in graph.shapes and op.shape is None
        if choice := _choice_among(op, operands) if among else choice_at(op, operands):
            chosen[i] = choice
    if not chosen:
        return
    outputs = graph.outputs if outputs is None else outputs
    active = graph.depends([graph.inputs[name] for name in wrt])
    bars: list[Operand | None] = [None] * len(graph)
    for output in outputs:
        bars[output] = 1.0
    try:
        with quiet(graph):
            pull_through(graph, range(max(outputs), -1, -1), values, active, bars, {})
    except RequestError:  # a derivative that nobody has asked for is refused
        bars = [1.0] * len(graph)
    for i, choice in chosen.items():
        if active[i] and bars[i] is not None:
            at = ", ".join(number(values[a]) for a in args[i] if not graph.shape(a))
            where = f" at {at or 'an entry'}" if ops[i].shape is None else ""
            yield Corner(i, _text(graph, i) + where, choice)


def _choice_among(op: Primitive, operands: Sequence[Any]) -> str:
    """Return the choice that the derivative is at an entry of arrays, or ""."""
    from autodiffcli.diagnosis_arrays import entries

    return next(filter(None, (choice_at(op, xs) for xs in entries(operands))), "")


def choice_at(op: Primitive, operands: Sequence[float]) -> str:
    """Return the choice that a primitive's derivative is at these numbers, the output's first, or ""."""
    chosen = []
    for corner in op.corners:
        try:
            if corner.at(*operands):
                chosen.append(corner.choice)
        except ARITHMETIC_ERRORS:
            continue
    return "; ".join(chosen)


# Values


def _of_value(graph: Graph, values: Sequence[float], node: int) -> _Cause:
    node = _origin(graph, values, node, isnan if isnan(values[node]) else isinf)
    op, y = graph.ops[node], values[node]
    if op is INPUT:
        name = one_line(graph.names[node])
        sentence = f"the result is undefined: {name} is nan" if isnan(y) else f"{name} is {y}"
        return _Cause(node, sentence, "input")
    if not graph.args[node]:
        return _Cause(node, "the result is undefined: this is nan" if isnan(y) else f"a constant is {y}", "constant")
    xs = [values[a] for a in graph.args[node]]
    at = _at(xs)
    if not isnan(y):
        kind = _kind(op.scalar, op.evaluate, xs)
        sentence = f"{op.symbol} at {at} overflows" if kind == "overflow" else f"{op.symbol} at {at} is {y}"
        return _Cause(node, sentence, kind, _known(kind))
    sentence = f"{op.symbol} is undefined at {at}"
    notes = []
    for a in dict.fromkeys(graph.args[node]):
        if isinf(values[a]) and graph.args[a]:
            notes.append(f"{_text(graph, a)} is {values[a]}: {_of_value(graph, values, a).sentence}")
    if any(map(isinf, xs)) or xs == [0.0, 0.0]:
        form = f"{' '.join([number(xs[0]), op.symbol, number(xs[1])])} has no value" if len(xs) == 2 else ""
        return _Cause(node, sentence, "indeterminate", tuple(filter(None, [form, *notes])))
    hint = f"{call_of(op, argument_names(op))} is defined for {op.domain}" if op.domain else ""
    return _Cause(node, sentence, "domain", tuple(notes), hint)


def _origin(graph: Graph, values: Sequence[float], node: int, bad: Callable[[float], bool]) -> int:
    """Return the node, on the way back from a bad value along the sides taken, whose own arguments are good."""
    while True:
        args = graph.args[node]
        if graph.ops[node].name == "where":
            args = args[1:2] if values[args[0]] else args[2:3]
        behind = next((a for a in args if bad(values[a])), None)
        if behind is None:
            return node
        node = behind


def _kind(raising: Callable[..., float] | None, f: Callable[..., float], xs: Sequence[float]) -> str:
    """Return whether f is infinite at xs by a pole or by an overflow, or for an argument that is ("infinite").

    An overflow is there beside xs as well, a pole is not.
    """
    if not all(map(isfinite, xs)):
        return "infinite"
    try:
        if raising is not None:
            raising(*xs)
    except OverflowError:
        return "overflow"
    except ARITHMETIC_ERRORS:
        return "pole"
    for k, x in enumerate(xs):
        for step in [_NEAR * abs(x)] if x else _PROBES:
            for moved in (x - step, x + step):
                if isfinite(f(*xs[:k], moved, *xs[k + 1 :])):
                    return "pole"
    return "overflow"


# Derivatives


def _of_sweep(
    graph: Graph, values: Sequence[float], output: int, seeds: Mapping[int, float], found: float
) -> _Cause | None:
    """Return the cause of a derivative along a direction, from the terms of the sweep back; None if there is none."""
    edges: list[Edge] = []
    bars = pull(graph, values, output, graph.depends(seeds), edges=edges)
    into: dict[int, list[Edge]] = {}
    for edge in edges:
        into.setdefault(edge.node, []).append(edge)
    ends = [i for i, seed in seeds.items() if seed and i < len(bars) and not isfinite(bars[i] or 0.0)]
    node = next((i for i in ends if isnan(bars[i] or 0.0) == isnan(found)), ends[0] if ends else None)
    return None if node is None else _of_adjoint(graph, values, bars, into, node)


def _of_adjoint(
    graph: Graph, values: Sequence[float], bars: Sequence[Operand], into: Mapping[int, Sequence[Edge]], node: int
) -> _Cause | None:
    """Return the cause of an adjoint that is not finite: against the sweep, while the adjoint before was not either."""
    while True:
        bad = isnan if isnan(bars[node]) else isinf
        edges = into.get(node, ())
        edge = next((e for e in edges if bad(e.term)), None)
        if edge is None:
            terms = [float(e.term) for e in edges if not isfinite(e.term)]
            if not terms:
                return _Cause(node, f"the adjoint of {_text(graph, node)} overflows", "overflow", _known("overflow"))
            return _of_sum(graph, values, bars, into, node)
        if not bad(bars[edge.user]):
            return _of_edge(graph, values, bars, into, edge)
        node = edge.user


def _of_sum(
    graph: Graph, values: Sequence[float], bars: Sequence[Operand], into: Mapping[int, Sequence[Edge]], node: int
) -> _Cause:
    """Return the cause of an adjoint whose terms are inf and -inf, and where each of the two was born."""
    terms = {float(edge.term): edge for edge in reversed(into[node]) if isinf(edge.term)}
    births = []
    for edge in reversed(terms.values()):
        cause = None if isfinite(bars[edge.user]) else _of_adjoint(graph, values, bars, into, edge.user)
        births.append(cause or _of_edge(graph, values, bars, into, edge))
    shown = " and ".join(map(number, reversed(terms)))
    sentence = f"the terms of the adjoint of {_text(graph, node)} are {shown}, which have no sum"
    notes = [
        f"{number(x)} comes from {_text(graph, cause.node)}: {cause.sentence}"
        for x, cause in zip(reversed(terms), births, strict=True)
    ]
    return _Cause(births[0].node, sentence, "indeterminate", tuple(notes))


def _of_edge(
    graph: Graph,
    values: Sequence[float],
    bars: Sequence[Operand],
    into: Mapping[int, Sequence[Edge]],
    edge: Edge,
) -> _Cause:
    """Return the cause of a term whose adjoint was still good."""
    bar, slope = float(bars[edge.user]), float(edge.partial)
    if isfinite(slope) and isfinite(bar):
        text = f"the adjoint {number(bar)} of {_text(graph, edge.user)} times its partial derivative {number(slope)}"
        return _Cause(edge.user, f"{text} overflows", "overflow", _known("overflow"))
    cause = _of_partial(graph, values, edge, bar)
    if isinf(bar):
        before = _of_adjoint(graph, values, bars, into, edge.user)
        notes = [f"the adjoint that it multiplies is {bar}"] + ([f"there, {before.sentence}"] if before else [])
        return cause._replace(kind="indeterminate", notes=(*cause.notes, *notes))
    return cause


def _of_entry(
    graph: Graph,
    values: Sequence[Any],
    bars: Sequence[Any],
    edges: Sequence[Edge],
    node: int,
    place: tuple[int, ...],
    found: float,
) -> _Cause | None:
    """Return the cause of an entry of an adjoint of arrays; None if there is none."""
    from autodiffcli.diagnosis_arrays import born_edge, infinite_place, number_at

    edge, entry = born_edge(graph, values, edges, bars, node, place, isnan if isnan(found) else isinf)
    if edge is None:
        return None
    user, worst = edge.user, infinite_place(bars[edge.user])
    if entry is None:
        cause = _Cause(user, f"the derivative of {graph.ops[user].symbol} is not finite", "indeterminate")
        bar = 0.0 if worst is None else number_at(bars[user], worst)
    else:
        at = {i: number_at(values[i], entry) for i in (user, *graph.args[user])}
        slope, bar = number_at(edge.partial, entry), number_at(bars[user], entry)
        cause, worst = _of_partial(graph, at, edge._replace(partial=slope), bar), entry
        if isfinite(slope) and isfinite(bar):
            cause = cause._replace(notes=(f"the adjoint that it multiplies is {number(bar)}", *_known("overflow")))
    notes, where = list(cause.notes), f" (entry {list(entry)})" if entry else ""
    if isinf(bar):
        before = _of_entry(graph, values, bars, edges, user, worst or (), bar)
        notes += [f"the adjoint that it multiplies is {bar}"] + ([f"there, {before.sentence}"] if before else [])
    return cause._replace(sentence=cause.sentence + where, notes=tuple(notes))


def _of_partial(graph: Graph, values: Sequence[float] | Mapping[int, float], edge: Edge, bar: float) -> _Cause:
    """Return what a partial derivative has to do with it."""
    j, k = edge.user, edge.position
    op, args = graph.ops[j], graph.args[j]
    xs, slope = [values[a] for a in args], float(edge.partial)
    rule = op.rules(len(args))[k]
    rule = rule.slope if isinstance(rule, Gate) else rule

    def partial(*xs: float) -> float:
        return carefully(rule, op.evaluate(*xs), *xs)  # type: ignore[arg-type]

    by = f" by {_text(graph, args[k])}" if len(args) > 1 else ""
    sentence = f"{op.symbol} at {_at(xs)} has the partial derivative {number(slope)}{by}"
    kind = "indeterminate" if isnan(slope) else "finite"
    if isinf(slope):
        kind = _kind(None, partial, xs)
    choice = choice_at(op, [values[j], *xs])
    notes = [f"by convention {choice}"] if choice else list(_known(kind))
    if isinf(slope) and bar == 0:
        notes.append(f"the adjoint that it multiplies is 0, and 0*{number(slope)} has no value")
        kind = "indeterminate"
    return _Cause(j, sentence, kind, tuple(notes))


def _extended(graph: Graph, owners: list[int], output: int, direction: Mapping[int, float]) -> int:
    """Append the derivative of a node along a direction; return it. owners: by node the one whose rule made it."""
    bars: list[Operand | None] = [None] * (output + 1)
    bars[output] = Node(graph, graph.constant(1.0))
    nodes = [Node(graph, i) for i in range(output + 1)]
    active, gates = graph.depends([i for i in direction if i <= output], output + 1), dict[int, Operand]()
    owners.extend([owners[output]] * (len(graph) - len(owners)))
    with growing():
        for j in range(output, -1, -1):
            if bars[j] is not None:
                pull_through(graph, [j], nodes, active, bars, gates)
                owners.extend([owners[j]] * (len(graph) - len(owners)))
        close(bars, gates)
        total: Operand = 0.0
        for i, weight in direction.items():
            bar = bars[i] if i < len(bars) else None
            if bar is not None and weight:
                total = bar * weight + total
    result = total.id if isinstance(total, Node) else graph.constant(0.0)
    owners.extend([owners[output]] * (len(graph) - len(owners)))
    return result


# Words


def _error(graph: Graph, longer: Graph, values: Sequence[float], cause: _Cause, message: str, owner: int) -> MathError:
    """Return the error: with the place of a node of the graph, and the arguments of the one that it was born at."""
    arguments = {_text(longer, a): values[a] for a in longer.args[cause.node] if a not in longer.constants}
    where = ", ".join(f"{name} = {number(x)}" for name, x in arguments.items())
    notes = ([f"where {where}"] if where else []) + list(cause.notes)
    facts = {"kind": cause.kind, "node": _text(longer, cause.node), "arguments": json_ready(arguments)}
    span = _place(graph, owner)
    return MathError(message, source=graph.source, span=span, hint=cause.hint, notes=notes, facts=facts)


def _place(graph: Graph, node: int) -> Span | None:
    """Return where a node was written; of one that a derivative in the expression made, where that is used, or else
    what it is made of.
    """
    span = graph.span(node)
    if span is not None:
        return span
    users, parts = graph.depends([node]), graph.live([node])
    near = [i for i in range(node, len(graph)) if users[i]] + [i for i in range(node, -1, -1) if parts[i]]
    return next((span for i in near if graph.args[i] and (span := graph.span(i)) is not None), None)


def _text(graph: Graph, node: int) -> str:
    """Return a node as the user wrote it, or as a formula."""
    text = graph.names.get(node) or graph.text(node) or write(graph, node, limit=_LONG)
    text = " ".join(one_line(text).split())
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _at(xs: Sequence[float]) -> str:
    shown = ", ".join(number(x) for x in xs[:8])
    return shown if len(xs) <= 8 else f"{shown}, …"


def _known(kind: str) -> tuple[str, ...]:
    return (_KINDS[kind],) if kind in _KINDS else ()
