"""Jacobians and Hessians at a point: forward or reverse, and in as few passes as their pattern allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autodiffcli.backends.protocol import refuse_endless
from autodiffcli.chain import pull, push
from autodiffcli.derivatives import extend
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph, growing
from autodiffcli.interpreter import run
from autodiffcli.limits import MATRIX
from autodiffcli.sparsity import Pattern, colour_columns, colour_star, pattern, transposed

__all__ = ["HESSIAN_MODES", "JACOBIAN_MODES", "Found", "gradient_graph", "hessian", "jacobian", "weighed"]

JACOBIAN_MODES = ("auto", "forward", "reverse")
HESSIAN_MODES = ("auto", "forward-over-reverse", "reverse-over-reverse")
FORWARD, REVERSE = JACOBIAN_MODES[1:]

BLOCK = 4_000_000
"""Tangents that are held at a time where many passes are taken together on arrays."""


class Found(NamedTuple):
    """The outputs and the entries of a matrix, row by row, and how they were come by; see `results.Matrix`."""

    outputs: list[float]
    i: list[int]
    j: list[int]
    entries: list[float]
    mode: str
    passes: int
    reason: str
    colours: list[int]


class _Way(NamedTuple):
    """How a matrix may be had: in so many passes, each for the columns (rows, in reverse) of one colour."""

    mode: str
    colours: list[int]
    reason: str = ""

    @property
    def passes(self) -> int:
        return max(self.colours, default=-1) + 1

    @property
    def groups(self) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in range(self.passes)]
        for place, colour in enumerate(self.colours):
            found[colour].append(place)
        return found


def jacobian(graph: Graph, point: Sequence[float], inputs: Sequence[int], mode: str = "auto") -> Found:
    """Return ∂(output i)/∂(input j) where it is not structurally zero.

    inputs: their nodes. mode: one of JACOBIAN_MODES; auto takes the fewer passes, columns (rows, in reverse) that share
    no row (column) taking one together; the named ones take one for each.

    Raises RequestError for a refused derivative, and where the passes would take hours.
    """
    n, k = len(inputs), len(graph.outputs)
    each = {FORWARD: _each(n, "input"), REVERSE: _each(k, "output")}
    if mode != "auto":
        way = _Way(mode, list(range(n if mode == FORWARD else k)), f"{mode}, as asked, in {each[mode]}")
        return _found(graph, point, inputs, _dense(k, n), way)
    known = pattern(graph, inputs) if min(n, k) > 1 and not graph.shapes else None  # one pass will do
    rows = _dense(k, n) if known is None else known
    forward = _Way(FORWARD, colour_columns(rows, n), each[FORWARD])
    reverse = _Way(REVERSE, colour_columns(transposed(rows, n), k), each[REVERSE])
    if forward.passes < n:
        forward = forward._replace(
            reason=_shared(forward.passes, n, "inputs", "taking together those that share no output")
        )
    if reverse.passes < k:
        reverse = reverse._replace(
            reason=_shared(reverse.passes, k, "outputs", "taking together those that share no input")
        )
    way, other = (forward, reverse) if forward.passes <= reverse.passes else (reverse, forward)
    reason = f"{way.mode} in {way.reason}; {other.mode} would take {other.reason}"
    if forward.passes == reverse.passes:
        reason += ", and keep every value for its sweep back"
    return _found(graph, point, inputs, rows, way._replace(reason=reason))


def hessian(graph: Graph, point: Sequence[float], inputs: Sequence[int], mode: str = "auto") -> Found:
    """Return ∂²y/∂(input i)∂(input j) where it is not structurally zero, from the graph of the gradient.

    graph: its outputs are the partial derivatives by `inputs` (see `gradient_graph`). mode: one of HESSIAN_MODES; auto
    is forward over reverse, in as many passes as a star colouring has colours.

    Each pair of entries is read once and stands in both places, so that the matrix is symmetric to the last bit.
    Raises what `jacobian` raises.
    """
    n = len(inputs)
    if mode != "auto":
        way = _Way(REVERSE if mode.startswith(REVERSE) else FORWARD, list(range(n)))
        way = way._replace(reason=f"{mode}, as asked, in {_each(n, 'input')}")
        return _found(graph, point, inputs, _dense(n, n), way, symmetric=True)._replace(mode=mode)
    mode = HESSIAN_MODES[1]
    known = pattern(graph, inputs) if not graph.shapes else None
    rows = _dense(n, n) if known is None else _symmetric(known)
    count = sum(map(len, rows))
    dearer = f"; {HESSIAN_MODES[2]} would take as many, each dearer"
    way = _Way(FORWARD, list(range(n)), f"{mode} in {_each(n, 'input')}{dearer}")
    if 2 * count <= n * n:  # of a fuller matrix a colouring could not save much
        way = way._replace(colours=colour_star(rows))
    if way.passes < n:
        shared = _shared(way.passes, n, "inputs", "by a star colouring of the pattern")
        way = way._replace(reason=f"{mode} in {shared} ({count:,} of {n * n:,} entries)")
    return _found(graph, point, inputs, rows, way, symmetric=True)._replace(mode=mode)


def gradient_graph(graph: Graph, names: Sequence[str]) -> Graph:
    """Return the graph whose outputs are the partial derivatives of the one output by the named inputs."""
    longer = extend(graph, names).graph
    longer.outputs = longer.outputs[1:]
    return longer.leveled()  # without what the gradient does not need, such as the sum of a million terms


def weighed(graph: Graph, weights: Sequence[Mapping[int, float]]) -> Graph:
    """Return the graph grown by sums Σ w·y over outputs by their place, its new outputs: their gradients are Jᵀ·w.

    >>> from autodiffcli.language.parser import parse
    >>> from autodiffcli.language.write import write
    >>> g = weighed(parse("(x*y, sin(x), y)"), [{0: 1.0, 2: 3.0}])
    >>> write(g, g.outputs[0])
    'x*y + y*3'
    """
    longer = graph.copy()
    longer.outputs = []
    with growing():
        for sought in weights:
            terms = [longer.node(graph.outputs[place]) * weight for place, weight in sought.items()]
            total: Any = terms[0] if terms else longer.node(longer.constant(0.0))
            for term in terms[1:]:
                total = total + term
            longer.outputs.append(total.id)
    return longer


def _found(
    graph: Graph, point: Sequence[float], inputs: Sequence[int], rows: Pattern, way: _Way, symmetric: bool = False
) -> Found:
    """Take the passes of a way, and read the entries of the pattern out of their sums."""
    refuse_endless(way.mode, graph, way.passes)
    count = sum(map(len, rows))
    if count > MATRIX:
        raise RequestError(
            f"the matrix has {count:,} entries, and {MATRIX:,} are the limit",
            hint="--wrt x asks for fewer, jvp, vjp and hvp for products with it",
        )
    if way.mode == FORWARD:
        values = run(graph, point)
        sums = list(_tangents(graph, values, [[inputs[j] for j in group] for group in way.groups]))
    else:
        values, sums = _adjoints(graph, point, inputs, way.groups)
    colours = way.colours
    i = [row for row, places in enumerate(rows) for _ in places]
    j = [place for places in rows for place in places]
    if symmetric:
        entries = _mirrored(rows, colours, sums)
    elif way.mode == FORWARD:
        entries = [sums[colours[column]][row] for row, column in zip(i, j, strict=True)]
    else:
        entries = [sums[colours[row]][column] for row, column in zip(i, j, strict=True)]
    outputs = [values[i] for i in graph.outputs]
    shared = colours if way.passes < len(colours) else []
    return Found(outputs, i, j, entries, way.mode, way.passes, way.reason, shared)


def _mirrored(rows: Pattern, colours: Sequence[int], sums: Sequence[Sequence[float]]) -> list[float]:
    """Return the entries of a symmetric matrix, those above its diagonal being those below.

    An entry h_ij is read in row j where i is alone in its colour there, else in row i, where j is: so a star colouring
    has it.
    """
    each = len(sums) == len(rows)  # its own pass for each
    alone = [] if each else [_counts([colours[j] for j in row]) for row in rows]

    def entry(i: int, j: int) -> float:
        if each or i == j or alone[j][colours[i]] == 1:
            return sums[colours[i]][j]
        return sums[colours[j]][i]

    return [entry(i, j) if i <= j else entry(j, i) for i, row in enumerate(rows) for j in row]


def _tangents(graph: Graph, values: Sequence[float], groups: Sequence[Sequence[int]]) -> Iterator[list[float]]:
    """Yield the tangents of the outputs for each group of inputs seeded together (forward mode)."""
    width = max(1, BLOCK // max(len(graph), 1))
    for start in range(0, len(groups), width):
        block = groups[start : start + width]
        # A block on arrays costs about what four passes on floats do. Its zeros meet every slope, and where one is inf
        # they make a nan that single passes have not: there no path leads from the seed, and nothing is multiplied.
        found = _together(graph, values, block) if len(block) > 4 and not graph.shapes else None
        if found is not None:
            yield from found
            continue
        for group in block:
            dots = push(graph, values, dict.fromkeys(group, 1.0))
            yield [float(dots[i] or 0.0) for i in graph.outputs]


def _together(graph: Graph, values: Sequence[float], groups: Sequence[Sequence[int]]) -> list[list[float]] | None:
    """Return the tangents of the outputs for many groups, or None where one of them is not finite."""
    import numpy as np

    seeds: dict[int, Any] = {}
    for place, group in enumerate(groups):
        for i in group:
            seeds[i] = np.zeros(len(groups))
            seeds[i][place] = 1.0
    with np.errstate(all="ignore"):
        dots = push(graph, values, seeds)
    columns = np.zeros((len(groups), len(graph.outputs)))
    for place, i in enumerate(graph.outputs):
        if dots[i] is not None:
            columns[:, place] = dots[i]
    found: list[list[float]] | None = columns.tolist() if np.isfinite(columns).all() else None
    return found


def _adjoints(
    graph: Graph, point: Sequence[float], inputs: Sequence[int], groups: Sequence[Sequence[int]]
) -> tuple[list[float], list[list[float]]]:
    """Return the nodes' values, and the adjoints of the inputs for each group of outputs seeded together (reverse)."""
    longer = weighed(graph, [dict.fromkeys(group, 1.0) for group in groups])
    values, active = run(longer, point), longer.depends(inputs)
    found = []
    for output in longer.outputs:
        bars = pull(longer, values, output, active)
        found.append([float(bars[i] or 0.0) if i < len(bars) else 0.0 for i in inputs])
    return values, found


def _dense(k: int, n: int) -> Pattern:
    return [list(range(n))] * k


def _symmetric(rows: Pattern) -> Pattern:
    """Return a pattern with its transpose's entries: rules may see in one order of differentiating what they do not
    in the other.
    """
    return [sorted({*row, *column}) for row, column in zip(rows, transposed(rows, len(rows)), strict=True)]


def _shared(passes: int, count: int, what: str, together: str) -> str:
    return f"{_passes(passes)} for {count:,} {what}, {together}"


def _each(count: int, what: str) -> str:
    each = "one for each" if count > 1 else "for the one" if count else "for want of an"
    return f"{_passes(count)}, {each} {what}"


def _passes(count: int) -> str:
    return f"{count:,} pass{'es' * (count != 1)}"


def _counts(colours: Sequence[int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for colour in colours:
        counts[colour] = counts.get(colour, 0) + 1
    return counts
