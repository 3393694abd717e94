"""Many expressions: JSON Lines in, JSON Lines out, one process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from autodiffcli.backends import Gradient
from autodiffcli.cli.options import standard_input
from autodiffcli.cli.output import write_json
from autodiffcli.errors import AdcalcError, RequestError
from autodiffcli.graph import Graph
from autodiffcli.language.notation import json_ready
from autodiffcli.language.parser import parse
from autodiffcli.language.point import forms, parse_point, point_from_data
from autodiffcli.limits import TEXT
from autodiffcli.structures import all_finite

__all__ = ["answer"]

Compute = Callable[[Graph, dict[str, Any]], Gradient]

_KEPT = 100_000
"""Nodes and characters of the graphs that are kept for the next record."""

_OPTIONS = ("wrt", "mode", "scheme", "epsilon", "digits", "corr")
"""Options of the commands that decide what is computed."""

_FORM = 'write {"id": 1, "expr": "x^2", "at": {"x": 3}}'


def answer(compute: Compute) -> int:
    """Answer each record {"id", "expr", "at"} of standard input in order: with value and gradient or with the error."""
    parsed = _Parsed()
    stream = standard_input()
    for number, line in enumerate(iter(lambda: stream.readline(TEXT + 1), b""), 1):
        if len(line) > TEXT:
            raise RequestError(f"line {number} is longer than {TEXT >> 20} MiB, the limit for a record")
        if line.strip():
            write_json(_answer(compute, parsed, line, number))
            sys.stdout.flush()
    return 0


class _Parsed:
    """Graphs by their text, kept while they are few and small: a stream often repeats an expression at other points."""

    def __init__(self) -> None:
        self._graphs: dict[str, Graph] = {}
        self._nodes = 0

    def __call__(self, text: str) -> Graph:
        """Return the graph of a text. Raises what `parse` raises."""
        graph = self._graphs.get(text)
        if graph is None:
            graph = parse(text)
            if self._nodes > _KEPT:
                self._graphs, self._nodes = {}, 0
            self._graphs[text] = graph
            self._nodes += len(graph) + len(text)
        return graph


def _answer(compute: Compute, parsed: Callable[[str], Graph], line: bytes, number: int) -> dict[str, Any]:
    answered: dict[str, Any] = {"id": None}
    try:
        record = _record(line, number)
        answered["id"] = json_ready(record.get("id"))
        _refuse_options(record, number)
        expr = record.get("expr")
        if not isinstance(expr, str):
            raise RequestError(f'line {number} has no "expr"', hint=_FORM)
        at = record.get("at", {})
        point = parse_point(at) if isinstance(at, str) else point_from_data(at)
        shaped = forms(point)
        graph = parse(expr, **shaped) if any(shaped.values()) else parsed(expr)
        result = compute(graph, point)
    except AdcalcError as error:
        return answered | {"error": error.as_data()}
    answered["value"] = json_ready(result.value)
    if result.mode != "eval":
        answered["grad"] = json_ready(result.structured())
    if not all(map(all_finite, (result.value, *result.gradient.values()))):
        from autodiffcli.api.diagnoses import of_gradient, of_value, said

        answered |= said([*of_value(result), *of_gradient(graph, point, result)])
    return answered


def _refuse_options(record: Mapping[str, Any], number: int) -> None:
    """Refuse a key that asks for another answer; those of a caller's own, such as "note", are left alone."""
    asked = next((name for name in _OPTIONS if name in record), None)
    if asked is not None:
        raise RequestError(
            f'line {number}: "{asked}" is not read from a record, which has "id", "expr" and "at"',
            hint="leave it out: what is computed is said by the command, and is the same for all records",
        )


def _record(line: bytes, number: int) -> Mapping[str, Any]:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RequestError(f"line {number} is not JSON: {error}") from None
    if not isinstance(record, Mapping):
        raise RequestError(f"line {number} is no JSON object", hint=_FORM)
    if isinstance(record.get("id"), list | dict):
        raise RequestError(f'line {number}: "id" is a text or a number', hint=_FORM)
    return record
