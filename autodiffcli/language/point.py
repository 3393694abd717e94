"""Points: the values of the inputs, as `--at` takes them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from autodiffcli.errors import RequestError, Span
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.language.lalr import Callback
from autodiffcli.language.parser import RESERVED, Parser, normalised, parse, read
from autodiffcli.language.values import from_leaves
from autodiffcli.primitive import FUNCTIONS
from autodiffcli.structures import Step, assembled, is_structure, leaves, mapped, path_text

__all__ = [
    "NOWHERE_UNCERTAIN",
    "Point",
    "UncertainPoint",
    "arrange",
    "constant",
    "constant_graph",
    "forms",
    "parse_point",
    "parse_uncertain_point",
    "point_from_data",
    "point_texts",
    "point_texts_from_data",
    "uncertain_point_from_data",
    "value_from_data",
]

T = TypeVar("T")

Load = Callable[[str, str], Any]
"""Reads the value of a name from the file of a path."""

Point = dict[str, Any]
"""The values of names: floats, float64 arrays, and dicts, tuples and lists of them."""

UncertainPoint = tuple[Point, dict[str, float]]
"""The values of names, and the standard uncertainties of some of them."""

_NOTHING = re.compile(r"(?:\s++|#[^\n]*+)*+")
"""A point of no values: blanks and comments."""

_PLUS_MINUS = re.compile(r"±|\+/-")
_CONCISE = re.compile(r"([+-]?[0-9]+)\.([0-9]+)\(([0-9]+)\)((?:[eE][+-]?[0-9]+)?)")
"""A number with the uncertainty of its last digits in parentheses; as an expression it is a product."""

NOWHERE_UNCERTAIN = "take ± out; adcalc eval, adcalc grad and autodiffcli.propagate take it, in floats at one point"
"""The remedy where an uncertain value is given to what takes none."""


def parse_point(text: str, load: Load | None = None) -> Point:
    """Return the values that a text gives to names; each is a constant expression, or a file, W=@w.npy, for `load`.

    >>> parse_point("x1=2, x2=pi/2")
    {'x1': 2.0, 'x2': 1.5707963267948966}
    >>> parse_point('d={"cat": 2, "dog": (3, 4)}')
    {'d': {'cat': 2.0, 'dog': (3.0, 4.0)}}
    >>> parse_point('d["cat"]=2, d.dog=3')
    {'d': {'cat': 2.0, 'dog': 3.0}}

    Raises RequestError for syntax errors, for a name given twice, for a value that depends on a name, and for a file
    where there is no `load`: what a text says reads no files.
    """
    return _PointParser(text, load=load).point()


def parse_uncertain_point(text: str, load: Load | None = None) -> UncertainPoint:
    """Return the values that a text gives to names, and the standard uncertainties that it gives to some of them.

    >>> parse_uncertain_point("m=2.0±0.1, g=9.81, t = pi +/- 1/100")
    ({'m': 2.0, 'g': 9.81, 't': 3.141592653589793}, {'m': 0.1, 't': 0.01})

    Raises what `parse_point` raises, and RequestError for an uncertainty that is negative or not finite.
    """
    parser = _PointParser(text, uncertain=True, load=load)
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

    def __init__(self, text: str, exact: bool = False, uncertain: bool = False, load: Load | None = None) -> None:
        super().__init__(text, exact=exact)
        self.load = load
        self.given: dict[str, Any] = {}  # nodes, and structures of nodes
        self.parts: dict[str, dict[tuple[Step, ...], str]] = {}  # of what is given entry by entry: d["cat"]=2
        self.loaded: dict[str, Any] = {}
        self.written: dict[str, str] = {}
        self.sigmas: dict[str, tuple[int, Span]] | None = {} if uncertain else None

    def callbacks(self) -> dict[str, Callback]:
        own = {"pair": self.pair, "uncertain": self.uncertain, "filed": self.filed, "entered": self.entered}
        return super().callbacks() | own

    def entered(self, v: list[Any], start: int, end: int) -> None:
        """Take the value of an entry: d["cat"] = 2."""
        place = v[0]
        span = (start, start + len(place.name))
        if place.path is None:
            self.refuse(f"'{place.text}' is an entry of an array", span, "give the array whole: W=[[1, 2], [3, 4]]")
        self._name_given(place.name, span)
        self.pair([place.text, *v[1:]], start, end)
        if self.graph.exact:
            self._refuse_exact(place.name, span)
        self.parts.setdefault(place.name, {})[place.path] = place.text

    def uncertain(self, v: list[Any], start: int, end: int) -> None:
        self.pair(v, start, end)
        if self.sigmas is None:
            self.refuse(f"the uncertainty of '{v[0]}' has no place here", (start, end), NOWHERE_UNCERTAIN)
        if v[2].__class__ is not int or self.graph.shape(v[2]):
            self.refuse(f"'{v[0]}' is no number, so it cannot be uncertain", (start, end), "leave the ± out")
        self.numeric([v[4]], "±", (start, end))
        after = _PLUS_MINUS.search(self.source, start, end)
        self.sigmas[v[0]] = v[4], (after.end() if after else start, end)

    def pair(self, v: list[Any], start: int, end: int) -> None:
        name, node = v[0], v[2]
        span = (start, start + len(name))
        self._name_given(name, span)
        if self.graph.inputs:
            free, where = next(iter(self.graph.inputs.items()))
            raise _not_constant(name, free, self.source, self.graph.span(where) or span)
        self.given[name], self.written[name] = node, self.source[start:end].partition("=")[2].strip()
        if found := _CONCISE.fullmatch(self.written[name]):
            whole, digits, last, power = found.groups()
            sigma = f"0.{last.zfill(len(digits))}" if len(last) <= len(digits) else f"{last}e-{len(digits)}"
            hint = f"write {whole}.{digits}{power}±{sigma}{power}, or for the product {whole}.{digits}*{last}"
            self.refuse(f"'{found[0]}' may be a product, or a number and its uncertainty", (start, end), hint)
        if self.graph.exact and (node.__class__ is not int or self.graph.shape(node)):
            self._refuse_exact(name, span)

    def _refuse_exact(self, name: str, span: Span) -> NoReturn:
        self.refuse(f"'{name}' is no number, and digits are proven of numbers", span, "leave --digits out")

    def filed(self, v: list[Any], start: int, end: int) -> None:
        name, path = v[0], v[2][1:].strip('"')
        self._name_given(name, (start, start + len(name)))
        if self.load is None:
            self.refuse("files are not read here", (end - len(v[2]), end), "write the values out, or give --at @FILE")
        self.given[name] = None
        self.loaded[name] = self.load(name, path)

    def _name_given(self, name: str, span: Span) -> None:
        """Refuse a name that is no input's, and one that has its value."""
        if name in RESERVED or name in FUNCTIONS:
            kind = "a constant" if name in RESERVED else "a function"
            self.refuse(f"'{name}' is {kind}, so it cannot be an input", span)
        if name in self.given:
            self.refuse(f"'{name}' is given twice", span)

    def texts(self) -> dict[str, str]:
        if not _NOTHING.fullmatch(self.source):
            read(self, "point", self.callbacks())
        return self.written

    def point(self) -> Point:
        self.texts()
        values = run(self.graph, [])
        found: Point = {
            name: values[node]
            if node.__class__ is int
            else self.loaded[name]
            if node is None
            else mapped(values.__getitem__, node)
            for name, node in self.given.items()
        }
        for name, texts in self.parts.items():
            if name in found:
                raise RequestError(f"'{name}' is given twice: whole, and by its entries", source=self.source)
            found[name] = assembled(name, {path: found.pop(text) for path, text in texts.items()})
        return found

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


def point_from_data(data: object) -> Point:
    """Return the point that decoded JSON gives: an object of numbers, arrays, objects, and texts that are constants.

    >>> point_from_data({"x": 1, "y": "pi/2", "d": {"cat": 2, "dog": {"a b": "inf"}}})
    {'x': 1.0, 'y': 1.5707963267948966, 'd': {'cat': 2.0, 'dog': {'a b': inf}}}
    """
    if not isinstance(data, Mapping):
        raise RequestError("a point in JSON is an object", hint='write {"x1": 2, "x2": 5}')
    return {(name := normalised(key)): value_from_data(name, value) for key, value in data.items()}


def value_from_data(name: str, data: object) -> Any:
    """Return the value that decoded JSON gives an input: a float, an array, or a structure of them.

    An array of arrays of numbers is an array; one that holds an object is a list of its entries.
    Raises RequestError, with the place, for what is no number and for arrays whose rows differ in length.
    """
    return from_leaves(name, data, _number_from_data)


def _number_from_data(name: str, value: object) -> float:
    if isinstance(value, str):
        value = constant(name, value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RequestError(f"the value of '{name}' must be a number, not {_KINDS.get(type(value), 'this')}")
    try:
        return float(value)
    except OverflowError:
        raise RequestError(f"the value of '{name}' is beyond the largest float, 1.8e308") from None


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


_KINDS = {bool: "true or false", type(None): "null", list: "an array", dict: "an object", str: "a text"}
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
    if graph.result is not None or graph.shape(graph.outputs[0]):
        raise RequestError(f"the value of '{name}' must be a number, and '{text[:40]}' is none")
    return float(run(graph, [])[graph.outputs[0]])


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


def forms(point: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `parse` is told of the inputs at a point: the shapes of arrays, and structures.

    >>> forms({"x": 2.0, "t": (1.0, 2.0)})
    {'shapes': {}, 'structures': {'t': (1.0, 2.0)}}
    """
    shapes: dict[str, Any] = {}
    structures: dict[str, Any] = {}
    for name, value in point.items():
        if value.__class__ is float:
            continue
        shape = getattr(value, "shape", None)
        if shape:
            shapes[name] = shape
        elif shape is None and is_structure(value):
            structures[name] = value
    return {"shapes": shapes, "structures": structures}


def arrange(point: Mapping[str, T], graph: Graph) -> list[T]:
    """Return the point's values in the order of the inputs, those of a structure's leaves each by itself.

    Raises RequestError for missing and superfluous names.
    """
    flat: Mapping[str, T] = point
    owners: dict[str, str] = {}
    if any(value.__class__ in (dict, tuple, list) for value in point.values()):
        flat, owners = _flattened(point, graph)
    inputs = list(graph.inputs)
    missing = [name for name in inputs if name not in flat]
    extra = list(dict.fromkeys(owners.get(name, name) for name in flat if name not in graph.inputs))
    if missing:
        names = _listed(missing)
        example = ",".join(f"{name}=..." for name in missing[:5] if "[" not in name)
        raise RequestError(
            f"{names} {'has' if len(missing) == 1 else 'have'} no value{_unused(extra)}",
            source=graph.source,
            span=graph.span(graph.inputs[missing[0]]),
            hint=f"add {example} to --at" if example else f"add what is missing to the value of {_owner(missing[0])}",
        )
    if extra:
        has = f"it has {_listed(inputs)}" if inputs else "it has no inputs"
        raise RequestError(
            f"{_listed(extra)} {'is' if len(extra) == 1 else 'are'} not in the expression: {has}",
            hint="take it out of --at",
        )
    return [flat[name] for name in inputs]


def _flattened(point: Mapping[str, Any], graph: Graph) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values of leaves by name, and which input each leaf that the graph lacks is of."""
    flat: dict[str, Any] = {}
    owners: dict[str, str] = {}
    for name, value in point.items():
        known = name in graph.structures
        if name in graph.inputs and is_structure(value):
            raise RequestError(
                f"'{name}' is given as a structure, and the graph was made for a number or an array",
                hint="give the expression as text, or parse(text, structures={...})",
            )
        for leaf in leaves(value):
            path = path_text(name, leaf.path)
            flat[path] = leaf.value
            owners[path] = path if known else name
        if not known and name not in owners.values():
            owners[name], flat[name] = name, None  # an empty structure that nobody asks for
    return flat, owners


def _owner(leaf: str) -> str:
    return leaf.partition("[")[0]


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5:,} more"


def _unused(extra: list[str]) -> str:
    """Name the given values that may have been meant for a missing one."""
    if not extra:
        return ""
    return f", while {_listed(extra)} {'is' if len(extra) == 1 else 'are'} given and not in the expression"
