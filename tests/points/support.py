"""What the tests of tables share: functions to evaluate, a stream from bytes to bytes, tables to compare engines by."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from autodiffcli import compile
from autodiffcli.points.rows import Floats
from autodiffcli.points.stream import Summary, stream
from tests.strategies import UNARY
from tests.targets.test_sql import EDGES, SPECIAL

OUTPUTS = ["value", "d_x", "d_y"]
FULL = bool(os.environ.get("ADCALC_ALL"))
FORMULAS = (*EDGES, *[f"{name}(x)*y - {name}(y)" for name in UNARY], *[f"{name}(x/{name}(y))" for name in UNARY])
"""What engines are compared by; one of ten unless ADCALC_ALL is set."""
assert len(FORMULAS) >= 100


def product(columns: list[Floats]) -> list[Floats]:
    x, y = columns
    return [x * y, y, x]


def answers(x: float, y: float) -> list[str]:
    """Return what product writes at one point."""
    with np.errstate(all="ignore"):
        return [repr(float(v)) for v in (np.float64(x) * y, y, x)]


class Trickle(io.RawIOBase):
    """A source that gives a few bytes at a time, as a slow pipe does."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size = data, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.data[: min(self.size, len(buffer))]
        self.data = self.data[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


def run(data: bytes, *, size: int = 0, **options: Any) -> tuple[bytes, Summary]:
    target = io.BytesIO()
    source: Any = Trickle(data, size) if size else io.BytesIO(data)
    settings: dict[str, Any] = {"inputs": ["x", "y"], "outputs": OUTPUTS, "evaluate": product} | options
    summary = stream(source, target, **settings)
    return target.getvalue(), summary


def until_error(data: bytes, error: type[Exception], **options: Any) -> tuple[bytes, Any]:
    """Return what was written before the error, and the error."""
    target = io.BytesIO()
    settings: dict[str, Any] = {"inputs": ["x", "y"], "outputs": OUTPUTS, "evaluate": product} | options
    try:
        stream(io.BytesIO(data), target, **settings)
    except error as found:
        return target.getvalue(), found
    raise AssertionError("no error")


def asked(expr: str) -> dict[str, Any]:
    """Return what an engine is to compute, as the command line asks for it."""
    compiled = compile(expr)
    outputs = ["value", *[f"d_{name}" for name in compiled.inputs]]
    evaluate = lambda columns: compiled.value_and_gradient(*columns)
    return {"inputs": compiled.inputs, "outputs": outputs, "evaluate": evaluate}


def hard_columns(count: int = 10_000 if FULL else 1_000) -> list[Floats]:
    """Return two columns of numbers, one in ten of any exponent at all, and pairs of those where functions end."""
    random = np.random.default_rng(6)
    columns = []
    for _ in range(2):
        column = random.normal(0, 3, count) * 10.0 ** random.integers(-3, 3, count)
        wide = np.ldexp(random.uniform(-1, 1, count), random.integers(-1074, 1025, count))
        column = np.where(random.random(count) < 0.1, wide, column)
        corners = [*SPECIAL, 5e-324, -2e-310, 1e308, -np.finfo(float).max]
        column[: len(corners) ** 2] = random.choice(corners, len(corners) ** 2)
        columns.append(column)
    return columns


def hard_table() -> str:
    """Return the columns as CSV; one cell in twenty is missing."""
    random = np.random.default_rng(7)
    texts = [["" if random.random() < 0.05 else repr(float(v)) for v in column] for column in hard_columns()]
    return "x,y\n" + "".join(f"{a},{b}\n" for a, b in zip(*texts, strict=True))
