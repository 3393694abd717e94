"""Judging a gradient that a person found: formulas, or numbers that are as good as the digits they are given with."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from autodiffcli.backends import backend
from autodiffcli.checking.compare import Checker, describe_failure
from autodiffcli.checking.evidence import FAILED
from autodiffcli.checking.results import Check, Claim
from autodiffcli.checking.rounding import EPS, rounding
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.language.lalr import Callback
from autodiffcli.language.parser import Parser, parse, read
from autodiffcli.language.write import number, write
from autodiffcli.limits import OUTPUTS, READABLE
from autodiffcli.passes.entries import by_entries, entry_name, places
from autodiffcli.passes.simplify import simplify
from autodiffcli.structures import leaves, path_text

__all__ = ["judge_claims", "read_claims"]

_PAIRS = re.compile(r"\s*[^\W\d]\w*\s*(?:\.\s*\w+\s*|\[[^\]]*\]\s*)*=(?!=)[^;\n]*\Z")
_DECIMAL = re.compile(r"\s*[-+−]?\s*(?P<whole>\d[\d_]*)?(?P<point>\.)?(?P<part>\d+)?(?:[eE](?P<power>[+-]?\d+))?\s*\Z")
_BETWEEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\s,:()\[\]{}]+')
"""What stands between the numbers of an array or a structure that is written out."""
_PLACES = 3
"""Points, beside the one given, at which a formula has to hold."""


class _Written(NamedTuple):
    """A derivative as it was written: its text, and the graph and node that it is."""

    text: str
    graph: Graph
    node: int


class _Claims(Parser):
    """A parser of pairs of a name, or an entry, and a formula."""

    def __init__(self, text: str, forms: Mapping[str, Any]) -> None:
        super().__init__(text, **forms)
        self.pairs: dict[str, tuple[str, Any]] = {}

    def callbacks(self) -> dict[str, Callback]:
        return super().callbacks() | {"pair": self.pair, "uncertain": self.uncertain, "entered": self.entered}

    def uncertain(self, v: list[Any], start: int, end: int) -> None:
        raise RequestError(
            "a derivative that is checked has no ±",
            source=self.source,
            span=(start, end),
            hint="give the digits that you are sure of: 1.716 is judged by its last",
        )

    def pair(self, v: list[Any], start: int, end: int) -> None:
        if v[0] in self.pairs:
            raise RequestError(
                f"the derivative by '{v[0]}' is given twice", source=self.source, span=(start, start + len(v[0]))
            )
        self.pairs[v[0]] = self.source[start:end].partition("=")[2].strip(), v[2]

    def entered(self, v: list[Any], start: int, end: int) -> None:
        self.pair([v[0].text, *v[1:]], start, end)


def read_claims(
    text: str, inputs: list[str], wrt: list[str], forms: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, _Written]:
    """Return the derivative that a text gives for each name: pairs, or formulas in the order of the names.

    inputs, wrt: the entries of the expression's inputs, and those among them that derivatives are by: d["a"], W[0,1].
    forms: the shapes and structures of the inputs; the derivative by W, or by d, has the form of W, or of d.

    Raises RequestError for its syntax, for names that are no inputs, for more or fewer formulas than names, and for
    values of another form.
    """
    owners = {entry: leaf for leaf, entries in _leaves(forms).items() for entry in entries}
    if _PAIRS.match(text):
        parser = _Claims(text, forms)
        read(parser, "point", parser.callbacks())
        graph, given = parser.graph, parser.pairs
    else:
        graph = parse(text, **forms)
        many = len(graph.outputs) > 1
        pairs = [(graph.text(node) or graph.source if many else text, node) for node in graph.outputs]
        names = wrt
        if len(pairs) != len(wrt) or any(map(graph.shape, graph.outputs)):
            names = list(dict.fromkeys([owners.get(name, name) for name in wrt]))
        if len(pairs) != len(names):
            raise RequestError(
                f"--against gives {len(pairs)} of {len(names)} derivatives",
                hint="give all in the order " + ", ".join(names) + f", or name them: {names[0]}=...",
            )
        given = dict(zip(names, pairs, strict=True))
    known = [owners.get(name, name) for name in inputs]
    wanted = {name: [entry for entry in wrt if entry == name or entry.startswith(f"{name}[")] for name in given}
    strange = [name for name in given if not wanted[name]] + [name for name in graph.inputs if name not in known]
    if strange:
        where = graph.inputs.get(strange[0])
        raise RequestError(
            f"'{strange[0]}' is not an input of the expression",
            source=graph.source,
            span=None if where is None else graph.span(where),
            hint=f"its inputs: {', '.join(dict.fromkeys(known))}",
        )
    found: dict[str, str] = {}
    nodes: list[int] = []
    for name, (said, value) in given.items():
        parts = [(path_text(name, path), node) for path, node in leaves(value, OUTPUTS)]
        entries = [entry_name(part, place) for part, node in parts for place in places(graph.shape(node))]
        if sorted(entries) != sorted(wanted[name]):
            raise _of_another_form(said, name, wanted[name])
        if twice := found.keys() & entries:
            raise RequestError(f"the derivative by '{min(twice)}' is given twice", hint="give it once")
        found |= zip(entries, _texts(said, name, entries), strict=True)
        nodes += [node for _, node in parts]
    graph.outputs = nodes
    if graph.shapes:
        graph.labels = []
        graph = by_entries(graph)
    return {name: _Written(said, graph, node) for (name, said), node in zip(found.items(), graph.outputs, strict=True)}


def _leaves(forms: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the entries of each array that an input is, or has in it."""
    shapes = dict(forms.get("shapes", {}))
    for name, value in forms.get("structures", {}).items():
        shapes |= {path_text(name, path): getattr(leaf, "shape", ()) for path, leaf in leaves(value)}
    return {name: [entry_name(name, place) for place in places(shape)] for name, shape in shapes.items()}


def _of_another_form(said: str, name: str, wanted: list[str]) -> RequestError:
    if wanted == [name]:
        return RequestError(
            f"'{said}' is no number, as the derivative by '{name}' is",
            hint="write a number, or a formula whose value is one",
        )
    return RequestError(
        f"'{said}' has not the form of '{name}', as the derivative by it has",
        hint=f"give one of its form, or an entry: {wanted[0]}=...",
    )


def _texts(said: str, name: str, entries: list[str]) -> list[str]:
    """Return what was written of each entry: the digits, where all are numbers that are written out."""
    digits = [word for word in _BETWEEN.split(said) if word]
    if len(digits) == len(entries) and all(map(_is_number, digits)):
        return digits
    return [f"({said}){entry[len(name) :]}" if entry != name else said for entry in entries]


def judge_claims(check: Check, text: str, forms: Mapping[str, Any]) -> None:
    """Add to a check what it finds of the derivatives that a person gives. forms: see `read_claims`."""
    wrt = list(check.gradient)
    claims = read_claims(text, list(check.graph.inputs), wrt, forms)
    around = _places(check, wrt)
    checkers = [Checker(check.graph, place, wrt) for place in around]
    truths = [_gradient(one) for one in checkers]
    written = next(iter(claims.values())).graph
    moving = written.depends(written.inputs.values())
    runs = [_values(written, place) for place in around]
    values = {name: [(found[claim.node], slack[claim.node]) for found, slack in runs] for name, claim in claims.items()}
    formulas = _formulas(check.graph, [name for name, claim in claims.items() if not _is_number(claim.text)])
    for name, claim in claims.items():
        true = [truth[name] for truth in truths]
        errors = [one.errors[name] for one in checkers]
        if _is_number(claim.text):
            right, remark = _judge_number(claim.text, values[name][0][0], true[0], errors[0])
        else:
            count = len(around) if moving[claim.node] else 1
            right, remark = _judge_formula(around[:count], values[name][:count], true[:count], errors[:count])
        if not right and not remark:
            remark = _slip(name, values, truths, single=_is_number(claim.text))
        check.claims.append(Claim(name, claim.text, values[name][0][0], true[0], formulas.get(name, ""), right, remark))
    wrong = [claim for claim in check.claims if not claim.right]
    if check.verdict == FAILED:
        return
    if wrong:
        check.verdict, check.why = FAILED, describe_failure(wrong, len(check.claims))
    elif claims:
        what = "derivative given is" if len(claims) == 1 else f"{len(claims)} derivatives given are"
        check.why += f"; the {what} right"


def _places(check: Check, wrt: list[str]) -> list[dict[str, float]]:
    """Return the point, and others around it: a formula may be right at one by chance."""
    random = Random(check.seed)
    found = [check.point]
    for _ in range(8 * _PLACES):
        if len(found) > _PLACES:
            break
        place = {name: x + random.uniform(-0.3, 0.3) * (abs(x) or 1.0) for name, x in check.point.items()}
        if all(map(math.isfinite, _gradient(Checker(check.graph, place, wrt)).values())):
            found.append(place)
    return found


def _gradient(checker: Checker) -> dict[str, float]:
    return backend("reverse").gradient(checker.graph, checker.coordinates, checker.wrt, False).gradient


def _values(graph: Graph, place: dict[str, float]) -> tuple[list[Any], list[Any]]:
    """Return the values of the claims' nodes at a point, and how far rounding may have moved each."""
    values = run(graph, [place[name] for name in graph.inputs])
    return values, rounding(graph, values)


def _judge_formula(
    places: list[dict[str, float]], found: list[tuple[float, float]], true: list[float], errors: list[float]
) -> tuple[bool, str]:
    """Return whether a formula holds at all the points, and if it does at the first alone, where it does not."""
    for n, ((value, own), wanted, error) in enumerate(zip(found, true, errors, strict=True)):
        if _close(value, wanted, 4 * (own + error)):
            continue
        if n == 0:
            return False, ""
        if math.isnan(value):
            continue
        at = ", ".join(f"{name}={number(x, 3)}" for name, x in places[n].items())
        return False, f"right at this point, but at {at} it is {number(value, 6)} and should be {number(wanted, 6)}"
    return True, f"right here and at {len(places) - 1} points around" if len(places) > 1 else "right"


def _close(value: float, wanted: float, tolerance: float) -> bool:
    return value == wanted or abs(value - wanted) <= tolerance + 8 * EPS * abs(wanted)


def _is_number(text: str) -> bool:
    match = _DECIMAL.match(text)
    return match is not None and bool(match["whole"] or match["part"])


def _judge_number(text: str, value: float, wanted: float, error: float) -> tuple[bool, str]:
    """Return whether a number is right to the digits it is given with, and how right."""
    match = _DECIMAL.match(text)
    assert match is not None
    if _close(value, wanted, 4 * error):
        return True, "right"
    if not match["point"] and not match["power"]:
        return False, ""  # a whole number is meant exactly
    unit = 10.0 ** (int(match["power"] or 0) - len(match["part"] or ""))
    if abs(value - wanted) <= 0.5 * unit * (1 + 1e-9) + 4 * error:
        return True, "right to its last digit"
    if abs(value) < abs(wanted) and abs(value - wanted) < unit:
        return True, "right, but cut off rather than rounded in its last digit"
    return False, ""


def _slip(name: str, values: dict[str, list[tuple[float, float]]], truths: list[dict[str, float]], single: bool) -> str:
    """Return what may have been slipped where it is certain: a sign, a constant factor, another input's derivative."""
    count = 1 if single else len(truths)
    pairs = [(values[name][n][0], truths[n]) for n in range(count)]
    near = 1e-3 if single else 1e-9

    def same(wanted: Callable[[dict[str, float]], float]) -> bool:
        return all(abs(value - wanted(true)) <= near * abs(value) and value for value, true in pairs)

    if same(lambda true: -true[name]):
        return "its sign is wrong"
    for other in truths[0]:
        if other != name and same(lambda true, other=other: true[other]):  # type: ignore[misc]
            return f"that is the derivative by {other}"
    for factor in (2, 3, 4, 5, 6):
        if same(lambda true, factor=factor: true[name] / factor):  # type: ignore[misc]
            return f"a factor of {factor} is missing"
        if same(lambda true, factor=factor: true[name] * factor):  # type: ignore[misc]
            return f"it is {factor} times too large"
    return ""


def _formulas(graph: Graph, names: list[str]) -> dict[str, str]:
    """Return the derivatives as formulas, where they are short."""
    from autodiffcli.backends.symbolic import differentiate

    if not names or len(graph) > READABLE or graph.shapes:  # an entry's own formula is longer than that of its array
        return {}
    found = simplify(differentiate(graph, names), readable=True)
    return {name: write(found, node, limit=80) for name, node in zip(names, found.outputs[1:], strict=True)}
