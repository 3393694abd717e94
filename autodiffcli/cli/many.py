"""Many expressions: JSON Lines in, JSON Lines out, one process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from autodiffcli.backends import Gradient
from autodiffcli.errors import AdcalcError, RequestError
from autodiffcli.graph import Graph
from autodiffcli.language.parser import parse
from autodiffcli.language.point import parse_point, point_from_data
from autodiffcli.report.data import json_ready

__all__ = ["answer"]

Compute = Callable[[Graph, dict[str, float]], Gradient]


def answer(compute: Compute) -> int:
    """Answer each record {"id", "expr", "at"} of standard input in order: with value and gradient or with the error."""
    parsed = lru_cache(maxsize=256)(parse)  # a stream often repeats an expression at other points
    for number, line in enumerate(sys.stdin.buffer, 1):
        if line.strip():
            result = _answer(compute, parsed, line, number)
            sys.stdout.write(json.dumps(result, ensure_ascii=False, allow_nan=False) + "\n")
            sys.stdout.flush()
    return 0


def _answer(compute: Compute, parsed: Callable[[str], Graph], line: bytes, number: int) -> dict[str, Any]:
    record: Any = None
    try:
        record = _record(line, number)
        at = record.get("at", {})
        point = parse_point(at) if isinstance(at, str) else point_from_data(at)
        result = compute(parsed(record["expr"]), point)
    except AdcalcError as error:
        return {"id": record.get("id") if isinstance(record, Mapping) else None, "error": error.as_data()}
    found: dict[str, Any] = {"id": record.get("id"), "value": result.value}
    if result.mode != "eval":
        found["grad"] = result.gradient
    return json_ready(found)  # type: ignore[no-any-return]


def _record(line: bytes, number: int) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"line {number} is not JSON: {error}") from None
    if not isinstance(record, Mapping) or not isinstance(record.get("expr"), str):
        raise RequestError(f'line {number} has no "expr"', hint='write {"id": 1, "expr": "x^2", "at": {"x": 3}}')
    return record
