"""Points: the values of the inputs, as `--at` takes them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from autodiffcli.errors import RequestError, Span
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.language.lalr import Callback
from autodiffcli.language.parser import RESERVED, Parser, normalised, parse, read
from autodiffcli.primitive import FUNCTIONS

__all__ = [
    "NOWHERE_UNCERTAIN",
    "UncertainPoint",
    "arrange",
    "constant",
    "constant_graph",
    "parse_point",
    "parse_uncertain_point",
    "point_from_data",
    "point_texts",
    "point_texts_from_data",
    "uncertain_point_from_data",
]

T = TypeVar("T")

UncertainPoint = tuple[dict[str, float], dict[str, float]]
"""The values of names, and the standard uncertainties of some of them."""

_NOTHING = re.compile(r"(?:\s++|#[^\n]*+)*+")
"""A point of no values: blanks and comments."""

_PLUS_MINUS = re.compile(r"±|\+/-")

NOWHERE_UNCERTAIN = "take ± out; adcalc eval, adcalc grad and autodiffcli.propagate take it, in floats at one point"
"""The remedy where an uncertain value is given to what takes none."""


def parse_point(text: str) -> dict[str, float]:
    """Return the values that a text gives to names; each is a constant expression.

    >>> parse_point("x1=2, x2=pi/2")
    {'x1': 2.0, 'x2': 1.5707963267948966}

    Raises RequestError for syntax errors, for a name given twice, and for a value that depends on a name.
    """
    return _PointParser(text).point()


def parse_uncertain_point(text: str) -> UncertainPoint:
    """Return the values that a text gives to names, and the standard uncertainties that it gives to some of them.

    >>> parse_uncertain_point("m=2.0±0.1, g=9.81, t = pi +/- 1/100")
    ({'m': 2.0, 'g': 9.81, 't': 3.141592653589793}, {'m': 0.1, 't': 0.01})

    Raises what `parse_point` raises, and RequestError for an uncertainty that is negative or not finite.
    """
    parser = _PointParser(text, uncertain=True)
    return parser.point(), parser.uncertainties()


def point_texts(text: str) -> dict[str, str]:
    """Return the constant expressions that a text gives to names, as they are written: nothing is rounded.

    >>> point_texts("x1=0.1, x2 = pi/2")
    {'x1': '0.1', 'x2': 'pi/2'}

    Raises what `parse_point` raises.
    """
    return _PointParser(text, exact=True).texts()


class _PointParser(Parser):
    """A parser whose text is a list of name = value."""

    def __init__(self, text: str, exact: bool = False, uncertain: bool = False) -> None:
        super().__init__(text, exact=exact)
        self.given: dict[str, int] = {}
        self.written: dict[str, str] = {}
        self.sigmas: dict[str, tuple[int, Span]] | None = {} if uncertain else None

    def callbacks(self) -> dict[str, Callback]:
        return super().callbacks() | {"pair": self.pair, "uncertain": self.uncertain}

    def uncertain(self, v: list[Any], start: int, end: int) -> None:
        self.pair(v, start, end)
        if self.sigmas is None:
            self._fail(f"the uncertainty of '{v[0]}' has no place here", (start, end), NOWHERE_UNCERTAIN)
        after = _PLUS_MINUS.search(self.source, start, end)
        self.sigmas[v[0]] = v[4], (after.end() if after else start, end)

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
        self.given[name], self.written[name] = node, self.source[start:end].partition("=")[2].strip()

    def texts(self) -> dict[str, str]:
        if not _NOTHING.fullmatch(self.source):
            read(self, "point", self.callbacks())
        return self.written

    def point(self) -> dict[str, float]:
        self.texts()
        values = run(self.graph, [])
        return {name: values[node] for name, node in self.given.items()}

    def uncertainties(self) -> dict[str, float]:
        values = run(self.graph, []) if self.sigmas else []
        return {
            name: _uncertainty(name, values[node], self.source, span)
            for name, (node, span) in (self.sigmas or {}).items()
        }


def _uncertainty(name: str, sigma: float, source: str, span: Span | None) -> float:
    if 0 <= sigma < math.inf:
        return sigma
    why = "cannot be negative" if sigma < 0 else "must be a finite number"
    raise RequestError(f"the uncertainty of '{name}' {why}: it is {sigma:g}", source=source, span=span)


def point_from_data(data: object) -> dict[str, float]:
    """Return the point that decoded JSON gives: an object of numbers, or of texts that are constant expressions."""
    if not isinstance(data, Mapping):
        raise RequestError("a point in JSON is an object", hint='write {"x1": 2, "x2": 5}')
    point = {}
    for key, value in data.items():
        name = normalised(key)
        if isinstance(value, str):
            value = constant(name, value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RequestError(f"the value of '{name}' must be a number, not {_KINDS.get(type(value), 'this')}")
        try:
            point[name] = float(value)
        except OverflowError:
            raise RequestError(f"the value of '{name}' is beyond the largest float, 1.8e308") from None
    return point


def point_texts_from_data(data: object) -> dict[str, str]:
    """Return the constant expressions in decoded JSON, its numbers decoded as texts too. Raises RequestError."""
    if not isinstance(data, Mapping):
        point_from_data(data)
        return {}
    for key, value in data.items():
        if not isinstance(value, str):
            raise RequestError(
                f"the value of '{normalised(key)}' must be a number, not {_KINDS.get(type(value), 'this')}"
            )
    return {normalised(key): value for key, value in data.items()}


_KINDS = {bool: "true or false", type(None): "null", list: "an array", dict: "an object"}
"""What JSON calls the values that are no numbers."""


def uncertain_point_from_data(data: object) -> UncertainPoint:
    """Return the point that decoded JSON gives, and its uncertainties: {"m": "2.0±0.1", "g": 9.81}."""
    if not isinstance(data, Mapping):
        return point_from_data(data), {}
    plain, sigmas = dict(data), {}
    for key, value in data.items():
        parts = _PLUS_MINUS.split(value) if isinstance(value, str) else []
        if len(parts) > 2:
            raise RequestError(f"the value of '{normalised(key)}' has more than one ±")
        if len(parts) == 2:
            name, plain[key] = normalised(key), parts[0]
            sigmas[name] = _uncertainty(name, constant(name, parts[1]), parts[1], (0, len(parts[1])))
    return point_from_data(plain), sigmas


def constant(name: str, text: str) -> float:
    """Return the value of a constant expression, that of a name. Raises RequestError where it depends on one."""
    graph = constant_graph(name, text)
    return run(graph, [])[graph.outputs[0]]


def constant_graph(name: str, text: str, exact: bool = False) -> Graph:
    """Return the graph of a constant expression, the value of a name. Raises RequestError where it depends on one."""
    graph = parse(text, exact=exact)
    if graph.inputs:
        free, where = next(iter(graph.inputs.items()))
        raise _not_constant(name, free, graph.source, graph.span(where))
    return graph


def _not_constant(name: str, free: str, source: str, span: Span | None) -> RequestError:
    return RequestError(
        f"the value of {name} must be a constant, but '{free}' has no value here",
        source=source,
        span=span,
        hint="write numbers, pi, e and functions of them",
    )


def arrange(point: Mapping[str, T], graph: Graph) -> list[T]:
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
