"""JSON Lines: one object a line; results are put in before its closing brace, the rest of its text is untouched."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from autodiffcli.errors import RequestError
from autodiffcli.language.parser import normalised
from autodiffcli.points.columns import check_new_columns, find_columns
from autodiffcli.points.rows import Block, Floats, Request, RowReader, excerpt
from autodiffcli.points.shortest import float_texts
from autodiffcli.points.source import Source
from autodiffcli.points.table import Table

__all__ = ["JsonLines"]

# Integers are read as floats at once: Python refuses to make an int of more than 4300 digits.
_decoder = json.JSONDecoder(parse_int=float)
_NEGATIVE_ZERO = re.compile(rb"-0[^.eE]")


class JsonLines(Table):
    """A table of JSON objects, read block by block. The first one decides whether the columns asked for are there."""

    def __init__(self, source: Source, request: Request) -> None:
        super().__init__(source)
        self._request = request
        self._line, self._number = 1, 1
        self._known = False
        items = [json.dumps(name, ensure_ascii=False).replace("%", "%%") + ": %s" for name in request.outputs]
        self._template = ("%s" if request.keep else "{") + ", ".join(items) + "}"
        self._nulls = ["null"] * len(request.outputs)
        self._added = frozenset(request.outputs)
        self._fixed = frozenset(request.fixed)
        check_new_columns(request.outputs, (), request.table)

    def header(self) -> bytes:
        """Return nothing: every row carries its names."""
        return b""

    def accept(self, block: Block) -> Block:
        """Return the next rows with their numbers in the table."""
        self._known = True
        numbers = range(self._number, self._number + len(block.numbers))
        self._line += len(numbers)
        self._number = numbers.stop
        return replace(block, numbers=numbers)

    def fast(self, text: bytes) -> Block | None:
        """Return the block's rows if every line is an object with a number for each input, as almost all lines are."""
        lines = text.removesuffix(b"\n")
        texts = lines.split(b"\n")
        if lines[:1] + lines[-1:] != b"{}" or lines.count(b"}\n{") != len(texts) - 1:
            return None
        try:
            rows = list(map(self._loads(text), texts))
            cells = [[row[name] for row in rows] for name in self._request.inputs]
        except (ValueError, KeyError, RecursionError):
            return None
        if self._request.keep and not all(map(self._added.isdisjoint, rows)):
            return None
        if self._fixed and not all(map(self._fixed.isdisjoint, rows)):
            return None
        if not all({float, int}.issuperset(map(type, column)) for column in cells):
            return None
        if not self._known:
            self._request.seen(rows[0])
        return Block([np.array(column, dtype=np.float64) for column in cells], texts, b"\n", range(len(texts)))

    def _loads(self, text: bytes) -> Callable[[bytes], Any]:
        """Return what reads a row of the text: orjson (of the extra `data`), which is four times as fast, if it can."""
        if not _NEGATIVE_ZERO.search(text):  # an integer whose sign orjson would lose
            with suppress(ImportError):
                from orjson import loads

                return loads
        return lambda row: _decoder.decode(row.decode())

    def slow(self, text: bytes) -> Iterator[Block]:
        """Yield the block's rows, read one by one."""
        reader = RowReader(self._request, self._number)
        stop: RequestError | None = None
        for raw in io.BytesIO(text):
            if bare := raw.strip(b" \t\r\n"):
                try:
                    self._row(bare, b"\r\n" if raw.endswith(b"\r\n") else b"\n", reader)
                except RequestError as error:
                    stop = error
            self._line += 1
            if reader.error or stop:
                break
        self._number = reader.number
        yield reader.block()
        offence = stop or reader.error
        if offence:
            raise offence

    def render(self, block: Block, results: Sequence[Floats]) -> list[bytes]:
        """Return the rows to write."""
        columns = [_texts(result) for result in results]
        for i in block.nulls:
            for column in columns:
                column[i] = "null"
        parts: list[Sequence[str]] = list(columns)
        if self._request.keep:
            parts.insert(0, [_opened(text) for text in b"\n".join(block.texts).decode().split("\n")])
        rows = [self._template % row for row in zip(*parts, strict=True)]
        if not block.ends:
            end = block.end.decode()
            return [(end.join(rows) + end).encode()]
        return [row.encode() + end for row, end in zip(rows, block.ends, strict=True)]

    def _row(self, text: bytes, end: bytes, reader: RowReader) -> None:
        line = text.decode()
        found: dict[str, object] | str
        try:
            found, stop = _decoder.raw_decode(line)
            if not isinstance(found, dict):
                found = f"a JSON object is needed, not {excerpt(line)}"
            elif stop != len(line):
                found = f"something follows the JSON object: {excerpt(line[stop:])}"
        except json.JSONDecodeError as error:
            found = f"not JSON: {error.msg}, character {error.pos + 1} of {excerpt(line)}"
        except RecursionError:
            found = "JSON that is nested too deeply"
        if isinstance(found, str):
            reader.bad(found, self._line, b"{}", end)
        else:
            found = {normalised(key): value for key, value in found.items()}
            self._check_names(found)
            values = self._values(found)
            if isinstance(values, str):
                reader.bad(values, self._line, text, end)
            else:
                reader.good(values, text, end)

    def _check_names(self, row: dict[str, object]) -> None:
        if not self._known or not self._fixed.isdisjoint(row):
            inputs = [] if self._known else self._request.inputs
            self._known = True
            self._request.seen(row)
            find_columns(inputs, list(row), self._request.table, self._fixed, self._request.fixed_by)
        if self._request.keep and not self._added.isdisjoint(row):
            check_new_columns(self._request.outputs, row, self._request.table)

    def _values(self, row: dict[str, object]) -> list[float] | str:
        """Return the row's values of the inputs, or what is wrong with it."""
        values = []
        for name in self._request.inputs:
            value = row.get(name)
            if not isinstance(value, float):
                number = _not_finite(value)
                if number is None:
                    said = "no value" if value is None else f"{excerpt(json.dumps(value))} is not a number"
                    return f"column {name!r}: {said}"
                value = number
            values.append(value)
        return values


def _not_finite(value: object) -> float | None:
    """Return what the strings "nan", "inf" and "-inf" stand for, in any case; None for all else."""
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return None
        return None if math.isfinite(number) else number
    return None


def _texts(values: Floats) -> list[str]:
    """Return the values as JSON: what is not finite is a string."""
    texts = float_texts(values)
    for i in np.flatnonzero(~np.isfinite(values)).tolist():
        texts[i] = f'"{texts[i]}"'
    return texts


def _opened(text: str) -> str:
    """Return an object's text without its closing brace, ready for another item."""
    body = text[:-1].rstrip()
    return body if body == "{" else body + ", "
