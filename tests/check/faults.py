"""Faults planted into the rules of differentiation: one partial derivative of one primitive, wrong in one way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, NamedTuple

import autodiffcli.primitives  # noqa: F401  # fills the table
from autodiffcli.chain import slope_of
from autodiffcli.graph import Graph, Node
from autodiffcli.primitive import PRIMITIVES, Gate, Primitive

Rule = Callable[..., Any]

KINDS: dict[str, Callable[[Rule, int], Rule]] = {
    "a flipped sign": lambda p, k: lambda y, *x: -p(y, *x),
    "a factor of 2": lambda p, k: lambda y, *x: 2.0 * p(y, *x),
    "a missing half": lambda p, k: lambda y, *x: p(y, *x) / 2.0,
    "a constant off by 1e-6": lambda p, k: lambda y, *x: p(y, *x) * (1 + 1e-6),
    "an exponent off by one": lambda p, k: lambda y, *x: p(y, *x) * x[k],
    "an exponent off by minus one": lambda p, k: lambda y, *x: p(y, *x) / x[k],
    "a term too many": lambda p, k: lambda y, *x: p(y, *x) + 1.0,
    "a term dropped": lambda p, k: lambda y, *x: p(y, *x) - 1.0,
    "the value instead of the derivative": lambda p, k: lambda y, *x: y,
    "the value in place of an argument": lambda p, k: lambda y, *x: p(y, *x[:k], y, *x[k + 1 :]),
    "an argument that is off": lambda p, k: lambda y, *x: p(y, *x[:k], 1.001 * x[k], *x[k + 1 :]),
    "arguments swapped": lambda p, k: lambda y, *x: p(y, *reversed(x)),
    "the other sign inside": lambda p, k: lambda y, *x: p(-y, *[-a for a in x]),
    "a square": lambda p, k: lambda y, *x: p(y, *x) * p(y, *x),
    "a reciprocal": lambda p, k: lambda y, *x: 1.0 / p(y, *x),
    "nothing": lambda p, k: lambda y, *x: 0.0 * x[k],
}


class Fault(NamedTuple):
    op: Primitive
    argument: int
    kind: str
    point: tuple[float, ...]

    def __str__(self) -> str:
        at = ", ".join(f"{x:.3g}" for x in self.point)
        return f"{self.kind} in the partial {self.argument + 1} of {self.op.name} at {at}"

    def wrong(self, rule: Any) -> Any:
        """Return the rule with the fault in it."""
        slope = rule.slope if isinstance(rule, Gate) else rule
        right: Rule = (lambda y, *x: slope) if isinstance(slope, float) else slope
        made = KINDS[self.kind](right, self.argument)
        return Gate(rule.condition, made) if isinstance(rule, Gate) else made

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Have the primitive differentiate wrongly."""
        kept, cached = self.op.partials, self.op._rules
        rules = list(self.op.rules(len(self.point)))
        rules[self.argument] = self.wrong(rules[self.argument])
        made = tuple(rules)
        self.op.partials = made if isinstance(kept, tuple) else lambda k, count: made[k]
        self.op._rules = {}
        try:
            yield
        finally:
            self.op.partials, self.op._rules = kept, cached

    def graph(self) -> Graph:
        """Return z + z·x/7 with z = op(x, ...): the fault stands inside of something."""
        graph = Graph()
        inputs = [Node(graph, graph.input(name)) for name in "xyzw"[: len(self.point)]]
        z = self.op(*inputs)
        graph.outputs = [(z + z * inputs[0] / 7.0).id]
        return graph

    def at(self) -> dict[str, float]:
        return dict(zip("xyzw", self.point, strict=False))

    def slope(self) -> float:
        """Return the partial derivative as the primitive has it."""
        graph = Graph()
        args = tuple(graph.input(name) for name in "xyzw"[: len(self.point)])
        node = graph.apply(self.op, args)
        rules = self.op.rules(len(args))
        rule: Any = rules[self.argument]
        if None in rules:  # a gradient by all of them is refused
            return math.nan
        if isinstance(rule, float):
            return rule
        found, _ = slope_of(graph, node, self.argument, rule, [self.op.evaluate(*self.point), *self.point])
        return 0.0 if found is None else float(found)


def faults(count: int, seed: int) -> list[Fault]:
    """Return faults in different rules at random points, each of which changes a derivative by 5e-7 of it at least."""
    random = Random(seed)
    names = sorted(name for name, op in PRIMITIVES.items() if op.samples or (op.operator and not op.condition))
    found: list[Fault] = []
    while len(found) < count:
        op = PRIMITIVES[random.choice(names)]
        samples: list[Any] = list(op.samples) or [(1.3, 0.7), (-2.1, 1.6)]
        sample = random.choice(samples)
        point = sample if isinstance(sample, tuple) else (sample,) if op.arity[0] == 1 else (sample, 0.7)
        if not op.samples:
            point = point[: op.arity[0]]
        moved = tuple(x * random.uniform(0.9, 1.1) for x in point)
        fault = Fault(op, random.randrange(len(moved)), random.choice(list(KINDS)), moved)
        if all(1e-2 < abs(x) < 1e2 for x in moved) and _shows(fault):
            found.append(fault)
    return found


def _shows(fault: Fault) -> bool:
    true = fault.slope()
    if not math.isfinite(true) or not math.isfinite(fault.op.evaluate(*fault.point)) or not abs(true) > 1e-6:
        return False
    try:
        with fault.planted():
            false = fault.slope()
    except ArithmeticError:
        return False
    return math.isfinite(false) and abs(false - true) > 5e-7 * abs(true)
