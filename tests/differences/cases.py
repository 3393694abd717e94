"""Functions of one variable with points, and their derivatives by mpmath, which shares nothing with ours."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any, NamedTuple

import mpmath as mp
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from autodiffcli import parse
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from tests.strategies import NAMES, expressions, points
from tests.test_independent import FUNCTIONS, OPERATORS, at_corner

Draw = random.Random
_NONE = (ValueError, ZeroDivisionError, OverflowError, TypeError, AttributeError)  # complex numbers have no order


class Case(NamedTuple):
    """A function of x, the other inputs fixed, and its true derivative."""

    text: str
    at: dict[str, float]
    name: str
    graph: Graph
    true: Any

    def value(self, x: float) -> tuple[float, float]:
        """Return the value, and the magnitude of the largest intermediate one."""
        found = run(self.graph, [x if name == self.name else self.at[name] for name in self.graph.inputs])
        return found[self.graph.outputs[0]], max((abs(v) for v in found if math.isfinite(v)), default=0.0)

    def error(self, derivative: float) -> float:
        """Return how far a derivative is from the true one."""
        return float(abs(mp.mpf(derivative) - self.true)) if math.isfinite(derivative) else math.inf


def _signed(low: float, high: float) -> Callable[[Draw], float]:
    return lambda draw: draw.choice((-1, 1)) * 10 ** draw.uniform(low, high)


def _positive(low: float, high: float) -> Callable[[Draw], float]:
    return lambda draw: 10 ** draw.uniform(low, high)


def _between(low: float, high: float) -> Callable[[Draw], float]:
    return lambda draw: draw.uniform(low, high)


def _near(place: float, low: float, high: float) -> Callable[[Draw], float]:
    return lambda draw: place + draw.choice((-1, 1)) * 10 ** draw.uniform(low, high)


def _below(place: float, low: float, high: float) -> Callable[[Draw], float]:
    return lambda draw: place - 10 ** draw.uniform(low, high)


def _at(place: float) -> Callable[[Draw], float]:
    return lambda draw: place


FAMILIES: tuple[tuple[str, Callable[[Draw], float], Callable[[Draw], float]], ...] = (
    # smooth, at many scales of x; A is drawn by the third member
    ("sin(A*x)", _signed(-6, 2), _positive(-3, 6)),
    ("cos(A*x)", _signed(-12, 0), _positive(-2, 2)),
    ("exp(A*x)", _signed(-6, 1), _signed(-3, 1.5)),
    ("x^3-A*x+1", _signed(-3, 6), _positive(-3, 3)),
    ("x^7/(1+x^2)", _signed(-3, 30), _at(1)),
    ("A+sin(x)", _between(-9, 9), _positive(0, 9)),
    ("A*x", _signed(-200, 200), _signed(-50, 50)),
    ("ln(x)", _positive(-300, 300), _at(1)),
    ("sqrt(x)+A", _positive(-12, 12), _positive(-6, 2)),
    ("x^A", _positive(-6, 6), _between(-4, 6)),
    ("ln(1+A*x^2)", _signed(-8, 8), _positive(-3, 6)),
    ("sinh(x)*cos(A*x)", _between(-20, 20), _positive(-2, 1.5)),
    ("sqrt(x^2+A^2)", _signed(-9, 9), _positive(-9, 9)),
    ("(exp(x)-1)/x", _signed(-9, 1), _at(1)),
    ("x*exp(-x/A)", _signed(-3, 3), _positive(-1, 3)),
    ("exp(exp(x))*sin(A*x)", _between(-5, 4), _positive(-1, 1)),
    # steep, oscillating, flat
    ("tanh(A*(x-0.3))", _near(0.3, -6, 0), _positive(0, 6)),
    ("sigmoid(A*x)", _signed(-6, 1), _positive(-1, 4)),
    ("atan(A*x)", _signed(-6, 3), _positive(-2, 6)),
    ("exp(-(A*(x-2))^2)", _near(2, -5, 0.5), _positive(-1, 4)),
    ("x+0.001*sin(A*x)", _between(-5, 5), _positive(2, 6)),
    ("sin(1/x)", _signed(-3, 1), _at(1)),
    ("x^2*cos(A/x)", _signed(-2, 1), _positive(-2, 1)),
    ("exp(-1/x^2)", _signed(-1, 2), _at(1)),
    ("sin(8*pi*x)+A", _between(-2, 2), _between(-1, 1)),
    ("1/(1+(A*x)^2)", _signed(-5, 2), _positive(-1, 5)),
    # beside poles and edges of the domain, and on them
    ("1/(x-0.7)", _near(0.7, -7, 1), _at(1)),
    ("tan(x)", _near(math.pi / 2, -6, 0), _at(1)),
    ("A/(x^2-1)^2", _near(1, -4, 1), _signed(-3, 3)),
    ("ln(sin(x))", _positive(-9, 0.3), _at(1)),
    ("asin(x)", _below(1, -13, 0), _at(1)),
    ("acosh(x)", lambda draw: 1 + 10 ** draw.uniform(-12, 3), _at(1)),
    ("sqrt(1-x^2)", _below(1, -9, 0), _at(1)),
    ("x^x", _positive(-8, 1), _at(1)),
    ("x^A", _at(0), _between(2.1, 6)),
    ("(1-x)^A*cos(x)", _at(1), _between(2.1, 6)),
    ("exp(A*x)+x^3.5", _at(0), _signed(-1, 1)),
    ("A*x*x^2.5+x", _at(0), _signed(-2, 2)),
    ("sin(A*x)*(1-x^2.5)", _at(0), _signed(-1, 1)),
    # made of pieces
    ("abs(x-0.5)*A", _near(0.5, -8, 1), _signed(-3, 3)),
    ("max(x^2, A)", _between(-3, 3), _between(0, 4)),
    ("where(x < 1, x^2, sin(A*x))", _near(1, -6, 0), _positive(-1, 2)),
    ("relu(sin(A*x))", _between(-3, 3), _positive(-1, 2)),
)


def handmade(start: int, count: int) -> Iterator[Case]:
    """Yield so many cases of FAMILIES, each family in its turn, drawn from a seed."""
    draw = Draw(start)
    families = cycle(FAMILIES)
    made = 0
    while made < count:
        text, place, size = next(families)
        case = _case(text.replace("A", f"({float(size(draw))!r})"), {"x": float(place(draw))}, "x")
        if case is not None:
            made += 1
            yield case


def drawn(start: int, count: int) -> Iterator[Case]:
    """Yield so many cases of random expressions, by the first of their inputs."""
    found: list[Case] = []

    @seed(start)
    @settings(
        max_examples=4 * count,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(expressions, st.one_of(points, st.fixed_dictionaries(dict.fromkeys(NAMES, st.floats(-5, 5)))))
    def collect(text: str, at: dict[str, float]) -> None:
        if len(found) < count:
            graph = parse(text)
            if graph.inputs:
                name = next(iter(graph.inputs))
                case = _case(text, {n: at[n] for n in graph.inputs}, name)
                if case is not None:
                    found.append(case)

    collect()
    yield from found


def _case(text: str, at: dict[str, float], name: str) -> Case | None:
    """Return a case, or None where the derivative does not exist or is none that mpmath tells."""
    graph = parse(text)
    if not {op.name for op in graph.ops} <= {*FUNCTIONS, *OPERATORS}:
        return None
    values = run(graph, [at[n] for n in graph.inputs])
    if not math.isfinite(values[graph.outputs[0]]) or at_corner(graph, values):
        return None
    code = compile(text.replace("^", "**"), "expression", "eval")

    def along(x: Any) -> Any:
        found = eval(code, {"__builtins__": {}, **FUNCTIONS}, {**at, name: x})
        return found if isinstance(found, mp.mpf) else mp.mpf(float(found))

    try:
        true = _derivative(along, mp.mpf(at[name]))
    except _NONE:
        return None
    if true is None or abs(true) > 1e300:
        return None
    return Case(text, at, name, graph, true)


def _derivative(f: Callable[[Any], Any], x: Any) -> Any:
    """Return the derivative at x, from the one side on which there is one at least; None if the sides differ."""
    with mp.workdps(150 if abs(x) > 1e-40 or not x else 800):
        h = mp.mpf(10) ** -40 * (abs(x) or 1)
        sides = []
        for s in (h, -h, h / 1024, -h / 1024):
            try:
                near, half, middle = f(x + s), f(x + s / 2), f(x)
                sides.append((4 * half - near - 3 * middle) / s)
            except _NONE:
                continue
        sides = [d for d in sides if mp.isfinite(d)]
        if not sides or max(sides) - min(sides) > mp.mpf(10) ** -28 * max(map(abs, sides)):
            return None
        return sides[0]
