"""Measure every primitive against mpmath: the worst error of its value and of its derivatives, in ulp.

    python -m tests.primitives.accuracy                 write the table ACCURACY.md
    python -m tests.primitives.accuracy tanh atan2      print the rows of these, and their worst points

ADCALC_ALL=1 before it takes many more orders of Bessel functions, and minutes.

An ulp is that of the true value at the arguments as they are, 2^-1074 below the least normal number; what lies above
the largest number is inf. Every point is computed on floats and on arrays, by the interpreter and the chain rule.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np

from autodiffcli.chain import push
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run, run_blocks
from autodiffcli.primitive import PRIMITIVES, Primitive
from tests.primitives.references import REFERENCES, Reference, exact

TABLE = Path(__file__).with_name("ACCURACY.md")
TOP = mp.mpf(2) ** 1024
THRESHOLD = TOP * (1 - mp.mpf(2) ** -54)  # from here on a value rounds to inf
ANGLES = (*range(1, 25), 64, 355, 710, 1000, 103993, 10**6 + 1, 10**9, 10**12 + 7, 10**15 + 3, 10**18 + 1)
THRESHOLDS = (
    2.0**-1022, 5e-324, 1e-308, 2.0**-511, 2.0**-537, 2.0**511.5, 2.0**512, sys.float_info.max,  # of squares
    2.0**-53, 2.0**-27, 2.0**-26, 2.0**-13, 2.0**26, 2.0**27, 2.0**53, 1e22,
    16.0, 18.7, 19.1, 22.0, 26.6, 27.2, 36.7, 38.5, 64.0, 354.9, 355.6, 372.5,
    708.3, 708.4, 709.08, 709.7, 709.782712893384, 709.79, 710.4, 710.475, 710.48, 744.4, 745.1, 745.13, 745.2, 746.0,
    1021.9, 1022.5, 1023.0, 1023.5, 1023.99, 1024.0, 1024.3, 1024.52, 1024.54, 1074.0, 1074.9, 1075.0, 1075.2, 1076.0,
    # beyond 1e8 the numbers next to multiples of pi/2 of all those with their exponents
    2.4189825415928567e23, 6.004779142530142e29, 6.123038577885125e65, 1.5986289000543612e74, 1.2853022199154463e174,
    1.4918079000152377e239, 2.331386745148063e283,
    4.493409457909064, 7.725251836937707, 1.4616321449683623, math.e, 5.319372648326541e255,
)  # fmt: skip


def _beside(x: float) -> Iterator[float]:
    """Yield the neighbours of a corner: some ulp away, and by ever greater steps."""
    for toward in (-math.inf, math.inf):
        near = x
        for _ in range(3):
            near = math.nextafter(near, toward)
            yield near
        for d in (1e-14, 3e-12, 1e-9, 1e-8, 3e-6, 1e-4, 0.003, 0.03, 0.1):
            yield x + math.copysign(d * max(abs(x), 1e-3), toward)


def _corners() -> list[float]:
    points = [*THRESHOLDS, *(1.0 + 0.125 * k for k in range(-8, 9)), *map(float, range(2, 51))]
    for corner in (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 10.0):
        points += [corner, *_beside(corner)]
    for k in ANGLES:
        angle = float(k * mp.pi / 2)
        points += [
            angle,
            math.nextafter(angle, 0.0),
            math.nextafter(angle, math.inf),
            angle * (1 + 1e-8),
            angle * 1.001,
        ]
    for x in THRESHOLDS:
        points += [math.nextafter(x, 0.0), math.nextafter(x, sys.float_info.max)]
    return points


def _line() -> list[float]:
    """Return points of the whole line, every third binade of it, and close in the binades of common numbers."""
    draw = random.Random(4)
    points = [math.ldexp(draw.uniform(1, 2), e) for e in range(-1074, 1024, 3)]
    points += [math.ldexp(draw.uniform(1, 2), e) for e in range(-64, 12) for _ in range(3)]
    points += [math.ldexp(draw.uniform(1, 2), e) for e in range(-4, 10) for _ in range(20)]
    with mp.workdps(400):
        points += _corners()
    return [0.0, *dict.fromkeys([*points, *[-x for x in points]])]


LINE = _line()
SIDE = [
    *(math.ldexp(random.Random(k).uniform(1, 2), k) for k in range(-1074, 1024, 73)),
    *(5e-324, 1e-310, 2.0**-1022, 1e-160, 1e-16, 0.3, 0.5, 0.7, 1 - 2.0**-53, 1.0, 1 + 2.0**-52, 1.4, 1.5, 2.0, 3.0),
    *(2.5, 7.25, 10.0, 37.5, 100.7, 1023.5, 1074.0, 2.0**53, 1e22, 1e154, 1.3e154, 1e160, 1e300, 1.7e308),
]
PLANE = list(product([0.0, *SIDE, *[-x for x in SIDE]], repeat=2))


class Worst(NamedTuple):
    """The greatest error found, and where: the arguments, and on floats or on arrays."""

    ulp: float = 0.0
    at: str = ""
    allowed: float = 0.0  # the greatest error over (an ulp + what an ulp of the arguments moves), where that is granted


class Row(NamedTuple):
    name: str
    value: Worst
    derivative: Worst
    reference: Reference
    points: int

    @property
    def good(self) -> bool:
        return all(worst.allowed <= self.reference.limit for worst in (self.value, self.derivative))


def points_of(name: str, thin: bool = False) -> list[tuple[float, ...]]:
    """Return the grid of a primitive; a thin one has at most about 600 of its points."""
    op, reference = PRIMITIVES[name], REFERENCES[name]
    points: Iterable[Any] = reference.points or ()
    if reference.points is None:
        points = LINE if op.arity[0] == 1 else PLANE
    found = [x if isinstance(x, tuple) else (x,) for x in points]
    step = max(1, min(7, len(found) // 100), len(found) // 600) if thin else 1
    found = [*found[::step], *[x if isinstance(x, tuple) else (x,) for x in op.samples]]
    return [xs for xs in dict.fromkeys(found) if reference.inside(*xs)]


def error_in_ulps(got: float, true: Any) -> float:
    """Return the distance from the true value in units of its last place; inf counts as 2^1024.

    >>> error_in_ulps(1.0, mp.mpf(1) + mp.mpf(2)**-52)
    1.0
    """
    if math.isnan(got):
        return math.inf
    if abs(true) >= THRESHOLD:
        if got == math.copysign(math.inf, true):
            return 0.0
        true = TOP * (1 if true > 0 else -1)
    value = mp.mpf(got) if math.isfinite(got) else TOP * (1 if got > 0 else -1)
    return float(abs(value - true) / _unit(true))


def _unit(true: Any) -> Any:
    near = float(true) if abs(true) < THRESHOLD else sys.float_info.max
    return mp.mpf(math.ulp(near if abs(near) <= abs(true) else math.nextafter(near, 0.0)))


def allowance(f: Callable[..., Any], xs: tuple[float, ...], true: Any, reference: Reference) -> float:
    """Return in ulp of the result how far an ulp of the arguments moves it."""
    unit: Any = 0
    for k, x in enumerate(xs):
        if callable(reference.partials) or reference.partials[k] is not None:
            unit += abs(exact(f, *xs[:k], x * (1 + 2.0**-52), *xs[k + 1 :]) - true)
    return float(unit / _unit(true))


def graph_of(op: Primitive, count: int) -> Graph:
    graph = Graph()
    graph.apply(op, tuple(graph.input(f"x{k}") for k in range(count)))
    return graph


def differentiate(graph: Graph, values: list[Any], k: int) -> Any:
    dot = push(graph, values, {k: 1.0})[-1]
    return 0.0 if dot is None else dot


def on_floats(op: Primitive, points: list[tuple[float, ...]], k: int | None) -> list[float]:
    graph = graph_of(op, len(points[0]))
    runs = [run(graph, xs) for xs in points]
    return [values[-1] if k is None else differentiate(graph, values, k) for values in runs]


def on_arrays(op: Primitive, points: list[tuple[float, ...]], k: int | None) -> list[float]:
    graph = graph_of(op, len(points[0]))
    columns = [np.array(column) for column in zip(*points, strict=True)]
    with np.errstate(all="ignore"):
        values = run_blocks(graph, columns)
        got = values[-1] if k is None else differentiate(graph, values, k)
    return [float(y) for y in np.broadcast_to(got, columns[0].shape)]


def errors(name: str, thin: bool = False) -> Iterator[tuple[int | None, Worst]]:
    """Yield the error of the value (None) and of each partial derivative at every point of the grid."""
    op, reference = PRIMITIVES[name], REFERENCES[name]
    grid = points_of(name, thin)
    for count in sorted({len(xs) for xs in grid}):
        points = [xs for xs in grid if len(xs) == count]
        for k in (None, *range(count)):
            f = reference.value if k is None else reference.partial(k)
            if f is None:
                continue
            both = on_floats(op, points, k), on_arrays(op, points, k)
            for xs, floats, arrays in zip(points, *both, strict=True):
                true = exact(f, *xs)
                if not mp.isfinite(true):
                    continue
                found = error_in_ulps(floats, true), error_in_ulps(arrays, true)
                worst = max(found)
                allowed = worst
                if worst > reference.limit and reference.conditioned and reference.excused(*xs):
                    allowed = worst / (1 + allowance(f, xs, true, reference))
                place = ", ".join(f"{x!r}" for x in xs) + ("" if found[0] == worst else " on arrays")
                yield k, Worst(worst, place, allowed)


def measure(name: str, thin: bool = False) -> Row:
    """Return the row of a primitive."""
    value, derivative, count = Worst(), Worst(), 0
    for k, error in errors(name, thin):
        count += 1
        old = value if k is None else derivative
        new = Worst(
            max(old.ulp, error.ulp), error.at if error.ulp > old.ulp else old.at, max(old.allowed, error.allowed)
        )
        if k is None:
            value = new
        else:
            derivative = new
    return Row(name, value, derivative, REFERENCES[name], count)


def measured() -> list[str]:
    """Return the names of what is measured: every primitive that has a reference."""
    return [name for name in REFERENCES if name in PRIMITIVES]


def markdown(rows: Iterable[Row]) -> str:
    """Return the table."""
    lines = [
        "| primitive | value: worst ulp | at | derivatives: worst ulp | at | limit |",
        "|---|---:|---|---:|---|---:|",
    ]
    notes: dict[str, list[str]] = {}
    for row in rows:
        parts = []
        for worst in (row.value, row.derivative):
            mark = ""
            if worst.ulp > row.reference.limit:
                mark = " ¹"
                reason = row.reference.conditioned
                reason = reason if isinstance(reason, str) else "at irrational zeros, which no float is" * reason
                names = notes.setdefault(reason or "a defect", [])
                names += [f"`{row.name}`"] * (f"`{row.name}`" not in names)
            parts += [f"{worst.ulp:.2f}{mark}" if worst.ulp < 1e6 else f"{worst.ulp:.1e}{mark}", worst.at]
        lines.append(f"| `{row.name}` | {' | '.join(parts)} | {row.reference.limit:g} |")
    if notes:
        lines += [
            "",
            "¹ Beyond the limit, but within it if an ulp of the arguments may move the result as well:",
            "",
        ]
        lines += [f"- {', '.join(names)}: {reason}" for reason, names in notes.items()]
    return "\n".join(lines) + "\n"


def main(names: list[str], thin: bool, every: bool) -> None:
    rows = []
    for name in names or measured():
        print(f"{name} ...", file=sys.stderr)
        row = measure(name, thin)
        rows.append(row)
        if every:
            for k, error in errors(name, thin):
                if error.allowed > row.reference.limit:
                    print(f"{name}{'' if k is None else chr(39) + str(k + 1)} at {error.at}: {error.ulp:.3g} ulp")
    table = markdown(rows)
    print(table)
    if not names and not thin:
        TABLE.write_text(HEAD + table, encoding="utf-8")


HEAD = """# How accurate every primitive is

Written by `python -m tests.primitives.accuracy`: do not edit. Each primitive is computed on floats and on NumPy arrays
over its whole domain, subnormals, corners, multiples of π/2 and numbers up to 1.8e308 included, and compared with
mpmath at 60 digits or more. An ulp is the unit of the last place of the true value at the arguments as they are,
2^-1074 below the least normal number; above the largest number the true value is inf.

"""

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="primitives; by default all")
    parser.add_argument("--thin", action="store_true", help="the grid of the tests")
    parser.add_argument("--every", action="store_true", help="print every point beyond the limit")
    options = parser.parse_args()
    main(options.names, options.thin, options.every)
