"""Gradients of arrays within a number of bytes: checkpoints as few as that takes, and as many as it allows."""

from __future__ import annotations

import re
from math import prod

from autodiffcli.checkpoint import Plan, binomial_steps, plan, predicted, uniform
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph

__all__ = ["bytes_of", "entries_held", "peak", "plan_within", "planned"]

_SIZE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([kMGT]?)(i?)B", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
SCALAR = 32
"""Bytes that a Python float takes, with the place that refers to it."""
WORK = 3
"""Arrays as large as the largest that a step works with beside those that are held: terms, and their parts."""
MAX_EVALUATIONS = 20
"""Times that an operation is evaluated on average, at most."""


def bytes_of(text: str) -> int | None:
    """Return the bytes that a text says, or None where it says none.

    >>> bytes_of("512MB"), bytes_of("1.5 GiB"), bytes_of("binomial")
    (512000000, 1610612736, None)
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        return None
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _POWERS[found[2].lower()])


def planned(graph: Graph, budget: str | int) -> Plan:
    """Return the plan for a budget as `checkpoint.plan` takes it, or for one of bytes: "512MB".

    >>> from autodiffcli.language.parser import parse
    >>> planned(parse("sin(sin(sin(sin(x))))"), "1kB").counts.stored
    4
    """
    size = bytes_of(str(budget))
    return plan(graph, budget) if size is None else plan_within(graph, size)._replace(budget=str(budget))


def plan_within(graph: Graph, limit: int) -> Plan:
    """Return the plan that evaluates least of those whose values and adjoints stay within a number of bytes.

    What is given, inputs and constants, does not count; nor does the gradient itself. Raises RequestError where the
    limit is too small, naming the least that there is a plan for.
    """
    made = plan(graph, "binomial")._replace(budget="memory")
    steps = len(made.nodes)
    whole = made._replace(split=uniform(max(steps, 1)), slots=1)
    if peak(whole) <= limit:
        return predicted(whole)
    low, high, best = 1, steps, None
    while low < high and binomial_steps(steps, low) > MAX_EVALUATIONS * steps:
        low += 1
    least = peak(made._replace(slots=low))
    while low <= high:
        slots = (low + high) // 2
        found = made._replace(slots=slots)
        needed = peak(found)
        least = min(least, needed)
        if needed <= limit:
            best, low = found, slots + 1
        else:
            high = slots - 1
    if best is None:
        raise RequestError(
            f"{_told(limit)} of memory is too little for this gradient", hint=f"it takes {_told(least)} at the least"
        )
    return predicted(best)


def peak(made: Plan) -> int:
    """Return the most bytes that a plan holds at once: values, adjoints, and what a step works with.

    Values live as `checkpoint` says. The adjoints beside a part that the sweep goes through are those of its own nodes,
    and of what these, or others after them, use from before.
    """
    graph, nodes, last = made.graph, made.nodes, made.last
    sizes = [8 * prod(graph.shape(j)) if graph.shape(j) else SCALAR for j in nodes]
    crossing = _crossing(sizes, [last[j] for j in nodes])
    return _most_held(made, sizes, crossing) + WORK * max(sizes, default=0)


def entries_held(made: Plan) -> int:
    """Return the most entries of values that a plan holds at once; a number is one."""
    return _most_held(made, [prod(made.graph.shape(j)) for j in made.nodes], None)


def _most_held(made: Plan, sizes: list[int], crossing: list[int] | None) -> int:
    """Return the most that a plan holds at once; crossing: the sizes of adjoints before each step, None without any."""
    nodes, last = made.nodes, made.last
    held = most = 0
    for first, stop, end, keep in made.actions():
        expiring: dict[int, int] = {}
        for n in range(first, stop):
            dies = last[nodes[n]]
            if dies < end:  # else the checkpoint at `end` holds it
                held += sizes[n]
                if dies < stop and not keep:
                    expiring[dies] = expiring.get(dies, 0) + sizes[n]
                most = max(most, held)
            held -= expiring.pop(n, 0)
        if keep:
            part = sum(sizes[first:stop])
            if crossing is not None:
                most = max(most, held + part + crossing[first])
            held -= part
    return most


def _crossing(sizes: list[int], ends: list[int]) -> list[int]:
    """Return for each step the bytes of the values before it that it or a later one uses."""
    change = [0] * (len(sizes) + 2)
    for n, (size, end) in enumerate(zip(sizes, ends, strict=True)):
        if end > n:
            change[n + 1] += size
            change[end + 1] -= size
    found, total = [], 0
    for n in range(len(sizes) + 1):
        total += change[n]
        found.append(total)
    return found


def _told(count: int) -> str:
    """Return bytes in words: 1.5 MB."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
