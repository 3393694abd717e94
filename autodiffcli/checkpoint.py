"""Reverse mode in little memory: keep few of the forward values, and compute the others again when the sweep is there.

The evaluation is a line of steps, one for each operation. A checkpoint before step p is the set of values that a step
from p on still uses and one before p made: from these, and the inputs, everything after p can be computed again. The
sweep back takes block after block from the end, each recomputed from the checkpoint before it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import comb, isqrt
from typing import Any, NamedTuple

from autodiffcli.chain import Operands, close, pull_through, quiet
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import Step, execute
from autodiffcli.primitive import Operand, Primitive

__all__ = [
    "Action",
    "Counts",
    "Plan",
    "actions",
    "beta",
    "binomial",
    "binomial_steps",
    "leaves",
    "plan",
    "predicted",
    "pull_in_parts",
    "uniform",
]

MAX_STEPS = 10**8
"""Operations that a plan may evaluate: more would take minutes, and is a sign of too small a budget."""

Split = Callable[[int, int], int]
"""(steps of a block, checkpoints for it) -> after how many steps to put the next one; 0: keep every value."""


class Action(NamedTuple):
    """Evaluate steps first..last-1.

    end:  the end of the block, behind which the sweep has been already.
    keep: keep every value and pull adjoints back through them; else keep the checkpoint at `last` alone.
    """

    first: int
    last: int
    end: int
    keep: bool


class Counts(NamedTuple):
    """What a gradient takes, predicted or counted.

    forward:     operations evaluated, those that are evaluated again included.
    stored:      values of operations held at once, at most; inputs and constants are given and do not count.
    checkpoints: how many there are when the sweep back begins, and `kept`: the values in them.
    """

    forward: int = 0
    stored: int = 0
    checkpoints: int = 0
    kept: int = 0


class Plan(NamedTuple):
    """When to keep what, for one graph, and what that takes.

    nodes: the operations that the output depends on, in order: step n evaluates nodes[n].
    last:  by node, the last step that uses its value.
    split, slots: the schedule, and the checkpoints it may hold; the inputs are the first of them.
    counts: predicted, exactly; times: by step, how often it is evaluated.
    """

    graph: Graph
    budget: str
    nodes: array[int]
    last: array[int]
    split: Split
    slots: int
    counts: Counts
    times: array[int]

    def actions(self) -> Iterator[Action]:
        """Return what is done, in order."""
        return actions(len(self.nodes), self.split, self.slots)


def uniform(length: int) -> Split:
    """Return the schedule that cuts a block into parts of one length."""
    return lambda steps, slots: length if steps > length else 0


def beta(s: int, r: int) -> int:
    """Return how many steps s checkpoints can reverse when none is evaluated more than r times before its last time.

    β(s, r) = C(s + r, s) (Griewank & Walther, Algorithm 799: Revolve, ACM TOMS 26(1), 2000, section 2).

    >>> beta(3, 2)
    10
    """
    return comb(s + r, s) if r >= 0 else 0


@lru_cache(maxsize=4096)
def binomial(steps: int, slots: int) -> int:
    """Return after how many steps the next checkpoint makes the fewest evaluations: the schedule of Revolve.

    With r the least number for which steps ≤ β(slots, r), the part before it may have up to β(slots, r-1) steps and the
    part behind it needs β(slots-1, r-1) (Griewank & Walther 2000, section 3).

    >>> binomial(10, 3)
    4
    """
    if steps <= 1:
        return 0
    r = _repetitions(steps, slots)
    return min(beta(slots, r - 1), steps - beta(slots - 1, r - 1))


def binomial_steps(steps: int, slots: int) -> int:
    """Return the fewest evaluations that reverse a chain: t(l, s) = r·l - β(s+1, r-1), and one for the last value.

    >>> binomial_steps(10, 3), binomial_steps(10, 10)
    (16, 10)
    """
    if not steps:
        return 0
    r = _repetitions(steps, slots)
    return r * steps - beta(slots + 1, r - 1) + 1


def _repetitions(steps: int, slots: int) -> int:
    if slots == 1:
        return steps - 1
    r = 0
    while beta(slots, r) < steps:
        r += 1
    return r


def actions(steps: int, split: Split, slots: int) -> Iterator[Action]:
    """Return what a schedule does with a line of steps.

    >>> [tuple(action) for action in actions(5, uniform(2), 3)]  # first, last, end, keep
    [(0, 2, 5, False), (2, 4, 5, False), (4, 5, 5, True), (2, 4, 4, True), (0, 2, 2, True)]
    """
    stack = [(0, steps, slots)]
    while stack:
        first, end, free = stack.pop()
        length = split(end - first, free)
        if not length:
            yield Action(first, end, end, keep=True)
            continue
        yield Action(first, first + length, end, keep=False)
        stack += [(first, first + length, free), (first + length, end, free - 1)]


def plan(graph: Graph, budget: str | int) -> Plan:
    """Return the plan for a budget: "sqrt", "binomial", or the number of values that may be held at once.

    sqrt:     √n parts of √n steps; each step is evaluated at most twice.
    binomial: as few checkpoints s as reverse the steps with s evaluations each: memory and repetitions both grow as
              log n.
    A number: the binomial schedule with the most checkpoints that stay within it.

    Raises RequestError for a budget that is none of these or too small.

    >>> from autodiffcli.language.parser import parse
    >>> chain = parse("sin(" * 16 + "x" + ")" * 16)
    >>> plan(chain, "sqrt").counts, plan(chain, 5).counts
    (Counts(forward=25, stored=7, checkpoints=3, kept=3), Counts(forward=28, stored=5, checkpoints=4, kept=4))
    """
    nodes, last = _steps(graph)
    steps = len(nodes)
    name = str(budget)
    split: Split = binomial
    slots = steps
    if name == "sqrt":
        split = uniform(isqrt(max(steps - 1, 0)) + 1)
    elif name == "binomial":
        slots = next(s for s in range(1, steps + 2) if beta(s, s) >= steps)
    else:
        return _within(graph, name, nodes, last)
    predicted = _predict(nodes, last, split, slots)
    assert predicted is not None
    return Plan(graph, name, nodes, last, split, slots, *predicted)


def predicted(made: Plan) -> Plan:
    """Return a plan whose schedule was changed with what it takes now."""
    found = _predict(made.nodes, made.last, made.split, made.slots)
    assert found is not None
    return made._replace(counts=found[0], times=found[1])


def _within(graph: Graph, budget: str, nodes: array[int], last: array[int]) -> Plan:
    """Return the plan with the most checkpoints whose values stay within a number."""
    limit = int(budget) if budget.isascii() and budget.isdigit() else 0
    if not limit:
        raise RequestError(
            f"'{budget}' is no budget of stored values",
            hint="give sqrt, binomial, a number of values, or of bytes as 512MB",
        )
    steps = len(nodes)
    if limit >= steps:
        times = array("q", [1]) * steps
        return Plan(graph, budget, nodes, last, uniform(max(steps, 1)), 1, Counts(steps, steps), times)
    low, high = 1, limit
    while binomial_steps(steps, low) > max(MAX_STEPS, 2 * steps):
        low += 1
    best: tuple[int, Counts, array[int]] | None = None
    tries = 0
    while low <= high:
        # a chain holds a value for each checkpoint and at times one or two more: try these, then halve
        slots = high if tries < 3 else (low + high) // 2
        tries += 1
        predicted = _predict(nodes, last, binomial, slots, limit)
        if predicted is None:
            high = slots - 1
        else:
            best, low = (slots, *predicted), slots + 1
    if best is None:
        least = plan(graph, "binomial").counts.stored
        raise RequestError(
            f"{limit:,} stored values are too few for {steps:,} operations",
            hint=f"the binomial schedule holds {least:,}: --checkpoint {least}",
        )
    return Plan(graph, budget, nodes, last, binomial, *best)


def _steps(graph: Graph) -> tuple[array[int], array[int]]:
    """Return the operations that the output depends on, and for each node the last step that uses it."""
    output = graph.outputs[0]
    live, args = graph.live([output]), graph.args
    nodes = array("q", [i for i in range(output + 1) if live[i] and args[i]])
    last = array("q", [-1]) * (output + 1)
    for n, j in enumerate(nodes):
        for a in args[j]:
            last[a] = n
    last[output] = len(nodes) - 1
    return nodes, last


def _predict(
    nodes: array[int], last: array[int], split: Split, slots: int, limit: int | None = None
) -> tuple[Counts, array[int]] | None:
    """Return what a schedule takes, by arithmetic on the spans of steps that values live for; None beyond the limit."""
    ends = array("q", [last[j] for j in nodes])
    times = array("q", [0]) * len(nodes)
    held = peak = checkpoints = 0
    begun: tuple[int, int] | None = None  # checkpoints and values in them when the sweep begins
    for first, stop, end, keep in actions(len(nodes), split, slots):
        if keep and begun is None:
            begun = checkpoints, held
        checkpoints += not keep
        expiring: dict[int, int] = {}
        for n in range(first, stop):
            dies = ends[n]
            if dies < end:  # else the checkpoint at `end` holds it
                times[n] += 1
                held += 1
                if dies < stop and not keep:
                    expiring[dies] = expiring.get(dies, 0) + 1
                peak = max(peak, held)
            held -= expiring.pop(n, 0)
        if limit is not None and peak > limit:
            return None
        if keep:
            held -= stop - first
    return Counts(sum(times), peak, *(begun or (0, 0))), times


class _Values(dict[int, Operand]):
    """The values that are held; of an input or a constant the one it was given."""

    def __init__(self, leaves: Operands) -> None:
        self.leaves = leaves

    def __missing__(self, node: int) -> Operand:
        return self.leaves[node]


class _Bars(dict[int, Operand]):
    """The adjoints that the sweep has reached and not yet passed; None for the others."""

    def __missing__(self, node: int) -> None:
        return None


def leaves(graph: Graph, point: Sequence[Operand]) -> Operands:
    """Return the values of inputs and constants by node, in the less room of a list and a dict."""
    found = graph.constants | dict(zip(graph.inputs.values(), point, strict=True))
    top = max(found, default=-1)
    return [found.get(i) for i in range(top + 1)] if top < 8 * len(found) else found


def pull_in_parts(
    plan: Plan,
    leaves: Operands,
    kernels: Callable[[Primitive], Callable[..., Any]],
    active: bytearray,
    seed: Operand = 1.0,
) -> tuple[Operand, Mapping[int, Operand], Counts]:
    """Return the output's value, the adjoints of the active inputs, and what was counted on the way.

    leaves: the values of inputs and constants by node. kernels: what evaluates a primitive on such values. active: as
    in `chain.pull`, which adds the same terms in the same order.
    """
    graph, output = plan.graph, plan.graph.outputs[0]
    value: Operand
    run = _Run(plan, leaves)
    bars, gates = _Bars(), dict[int, Operand]()
    bars[output] = seed
    kernel = {graph.ops[j]: kernels(graph.ops[j]) for j in plan.nodes}
    value = None if plan.nodes else leaves[output]
    with quiet(graph):
        for action in plan.actions():
            if action.keep and not run.swept:
                run.begin()
            execute(run.steps(action), run.values, kernel, run.forget)
            if not action.keep:
                continue
            part = plan.nodes[action.first : action.last]
            if action.last == len(plan.nodes) and part:
                value = run.values[output]
            part.reverse()
            pull_through(graph, part, run.values, active, bars, gates)
            for j in part:
                del run.values[j]
                bars.pop(j, None)
                gates.pop(j, None)
        close(bars, gates)
    return value, bars, run.counts()


class _Run:
    """The values of a run, and its own count of them."""

    def __init__(self, plan: Plan, leaves: Operands) -> None:
        self.plan, self.values = plan, _Values(leaves)
        self.swept = False
        self.forward = self.stored = self.checkpoints = self.kept = 0

    def begin(self) -> None:
        """Note what is held when the sweep back begins."""
        self.swept, self.kept = True, len(self.values)

    def steps(self, action: Action) -> Iterator[Step]:
        """Yield the steps of an action whose values are not held; each is evaluated before the next is asked for."""
        plan, values = self.plan, self.values
        ops, args, last, nodes = plan.graph.ops, plan.graph.args, plan.last, plan.nodes
        from_here = nodes[action.first] if action.first < len(nodes) else 0
        self.checkpoints += not (action.keep or self.swept)
        dead: list[int] = []
        for n in range(action.first, action.last):
            node = nodes[n]
            if not action.keep:
                dead = [a for a in args[node] if last[a] == n and a >= from_here]
            if node in values:
                for a in dead:
                    self.forget(a)
                continue
            self.forward += 1
            self.stored = max(self.stored, len(values) + 1)  # what it uses is held until it is there
            yield node, ops[node], args[node], dead

    def forget(self, node: int) -> None:
        """Let a value go; a leaf's is not held."""
        self.values.pop(node, None)

    def counts(self) -> Counts:
        """Return what was counted."""
        return Counts(self.forward, self.stored, self.checkpoints, self.kept)
