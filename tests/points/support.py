"""What the tests of tables share: a function to evaluate, and a stream from bytes to bytes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from autodiffcli.points.rows import Floats
from autodiffcli.points.stream import Summary, stream

OUTPUTS = ["value", "d_x", "d_y"]


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
