"""Points: the values of the inputs, as `--at` takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from autodiffcli.errors import RequestError, Span
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.language.lalr import Callback
from autodiffcli.language.parser import RESERVED, Parser, normalised, parse, read
from autodiffcli.primitive import FUNCTIONS

__all__ = ["arrange", "parse_point", "point_from_data"]

_NOTHING = re.compile(r"(?:\s++|#[^\n]*+)*+")
"""A point of no values: blanks and comments."""


def parse_point(text: str) -> dict[str, float]:
    """Return the values that a text gives to names; each is a constant expression.

    >>> parse_point("x1=2, x2=pi/2")
    {'x1': 2.0, 'x2': 1.5707963267948966}

    Raises RequestError for syntax errors, for a name given twice, and for a value that depends on a name.
    """
    return _PointParser(text).point()


class _PointParser(Parser):
    """A parser whose text is a list of name = value."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.given: dict[str, int] = {}

    def callbacks(self) -> dict[str, Callback]:
        return super().callbacks() | {"pair": self.pair}

    def pair(self, v: list[Any], start: int, end: int) -> None:
        name, node = v[0], v[2]
        span = (start, start + len(name))
        if name in RESERVED or name in FUNCTIONS:
            kind = "a constant" if name in RESERVED else "a function"
            self._fail(f"'{name}' is {kind}, so it cannot be an input", span)
        if name in self.given:
            self._fail(f"'{name}' is given twice", span)
        if self.graph.inputs:
            free, where = next(iter(self.graph.inputs.items()))
            raise _not_constant(name, free, self.source, self.graph.span(where) or span)
        self.given[name] = node

    def point(self) -> dict[str, float]:
        if _NOTHING.fullmatch(self.source):
            return {}
        read(self, "point", self.callbacks())
        values = run(self.graph, [])
        return {name: values[node] for name, node in self.given.items()}


def point_from_data(data: object) -> dict[str, float]:
    """Return the point that decoded JSON gives: an object of numbers, or of texts that are constant expressions."""
    if not isinstance(data, Mapping):
        raise RequestError("a point in JSON is an object", hint='write {"x1": 2, "x2": 5}')
    point = {}
    for key, value in data.items():
        name = normalised(key)
        if isinstance(value, str):
            value = _constant(name, value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RequestError(f"the value of '{name}' must be a number, not {_KINDS.get(type(value), 'this')}")
        try:
            point[name] = float(value)
        except OverflowError:
            raise RequestError(f"the value of '{name}' is beyond the largest float, 1.8e308") from None
    return point


_KINDS = {bool: "true or false", type(None): "null", list: "an array", dict: "an object"}
"""What JSON calls the values that are no numbers."""


def _constant(name: str, text: str) -> float:
    """Return the value of a constant expression."""
    graph = parse(text)
    if graph.inputs:
        free, where = next(iter(graph.inputs.items()))
        raise _not_constant(name, free, graph.source, graph.span(where))
    return run(graph, [])[graph.outputs[0]]


def _not_constant(name: str, free: str, source: str, span: Span | None) -> RequestError:
    return RequestError(
        f"the value of {name} must be a constant, but '{free}' has no value here",
        source=source,
        span=span,
        hint="write numbers, pi, e and functions of them",
    )


def arrange(point: Mapping[str, float], graph: Graph) -> list[float]:
    """Return the point's values in the order of the inputs. Raises RequestError for missing and superfluous names."""
    inputs = list(graph.inputs)
    missing = [name for name in inputs if name not in point]
    extra = [name for name in point if name not in graph.inputs]
    if missing:
        names = _listed(missing)
        example = ",".join(f"{name}=..." for name in missing[:5])
        raise RequestError(
            f"{names} {'has' if len(missing) == 1 else 'have'} no value{_unused(extra)}",
            source=graph.source,
            span=graph.span(graph.inputs[missing[0]]),
            hint=f"add {example} to --at",
        )
    if extra:
        has = f"it has {_listed(inputs)}" if inputs else "it has no inputs"
        raise RequestError(
            f"{_listed(extra)} {'is' if len(extra) == 1 else 'are'} not in the expression: {has}",
            hint="take it out of --at",
        )
    return [point[name] for name in inputs]


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5:,} more"


def _unused(extra: list[str]) -> str:
    """Name the given values that may have been meant for a missing one."""
    if not extra:
        return ""
    return f", while {_listed(extra)} {'is' if len(extra) == 1 else 'are'} given and not in the expression"
