"""Blocks of plain text by Arrow and orjson (the extra `data`), on threads: Arrow lets go of the interpreter's lock.

Arrow reads numbers six times as fast as Python, and orjson writes them five times as fast as NumPy does in `shortest`;
both are correctly rounded. What orjson spells otherwise than `repr` is mended; what Arrow cannot read is for others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv
from pyarrow._compute import call_function  # pyarrow.compute makes 300 Python functions of it, in 30 ms

from autodiffcli.points.buffers import flags, numbers, texts
from autodiffcli.points.rows import Floats
from autodiffcli.points.shortest import float_texts
from autodiffcli.points.source import BOM, Text

__all__ = ["read_columns", "write_rows"]

_POOL = pa.system_memory_pool()  # Arrow's own keeps twice as much as it needs, the more the longer it runs
_FEW = 32
"""Where less than one row in so many has a number that is spelled otherwise, these rows are replaced."""


def read_columns(text: bytes, width: int, places: Sequence[int], delimiter: bytes) -> list[Floats] | None:
    r"""Return columns of a table without quotes, if each line has so many fields and a number for each column.

    text: lines that end in "\n", without "\r".

    >>> read_columns(b"a,1\nb,-2.5\n", 2, [1], b",")
    [array([ 1. , -2.5])]
    >>> read_columns(b"a,1\nb\n", 2, [1], b",")
    """
    if text.startswith(BOM):
        return None  # Arrow would drop it
    names = [str(place) for place in range(width)]
    wanted = [names[place] for place in places]
    try:
        table = csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
            csv.ParseOptions(delimiter=delimiter.decode(), quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.float64()), null_values=[]
            ),
            memory_pool=_POOL,
        )
    except pa.ArrowException:
        return None
    columns = [numbers(column.chunk(0)) for column in table.columns]
    if b"(" in text and any(np.isnan(column).any() for column in columns):
        return None  # it may be C's nan(...)
    return columns


def write_rows(text: bytes, results: Sequence[Floats], delimiter: bytes) -> list[Text]:
    r"""Return the text of rows with results behind them, in pieces; without text (b""), that of the results alone.

    text: lines that end in "\n", without "\r".

    >>> b"".join(write_rows(b"a,1\nb,2\n", [np.array([0.5, 1e-7]), np.array([3.0, np.nan])], b","))
    b'a,1,0.5,3.0\nb,2,1e-07,nan\n'
    >>> b"".join(write_rows(b"", [np.array([0.5, 1e22])], b","))
    b'0.5\n1e+22\n'
    """
    count, width = len(results[0]), len(results)
    flat = np.zeros(count * width + 1)  # row by row, behind a number that gives the first one its comma
    for place, result in enumerate(results, 1):
        flat[place::width] = result
    made = orjson.dumps(flat, option=orjson.OPT_SERIALIZE_NUMPY)  # [0.0,1.0,2.0]
    if delimiter != b",":
        made = made.replace(b",", delimiter)
    codes = np.frombuffer(made, dtype=np.uint8)
    starts = np.full(len(flat), len(made) - 1, dtype=np.int32)
    starts[:-1] = np.flatnonzero(codes == delimiter[0])
    if not text:
        codes = codes.copy()
        codes[starts[:-1:width]] = ord("\n")
    cells, odd = _texts(starts, codes), _spelled_otherwise(flat[1:])
    places = np.flatnonzero(odd)
    odd_rows = np.flatnonzero(np.bincount(places // width)).tolist()
    if len(odd_rows) * _FEW > count:
        leads = [delimiter if text or place % width else b"\n" for place in places.tolist()]
        shown = map(str.encode, float_texts(flat[1:][odd]))
        cells = _call("replace_with_mask", cells, flags(odd), texts([*map(bytes.__add__, leads, shown)]))
        odd_rows = []
    _, offsets, data = cells.buffers()
    rows = _texts(np.frombuffer(offsets, dtype=np.int32)[::width].copy(), data)
    if text:
        # Each row with the line end before it, so that one begins where the other ends, as Arrow has its texts.
        ends = np.zeros(count + 1, dtype=np.int32)
        ends[1:] = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
        rows = _call("binary_join_element_wise", _texts(ends, text), rows, *texts([b""]))
    _, offsets, data = rows.buffers()
    stops, written = np.frombuffer(offsets, dtype=np.int32), memoryview(data)
    pieces: list[Text] = []
    done = stops[0] + (not text)
    for i in odd_rows:
        before = text[ends[i] : ends[i + 1]] + delimiter if text else b"\n"[:i]
        row = delimiter.join([repr(float(result[i])).encode() for result in results])
        pieces += [written[done : stops[i]], before + row]
        done = stops[i + 1]
    return [*pieces, written[done : stops[count]], b"\n"]


def _spelled_otherwise(values: Floats) -> NDArray[np.bool_]:
    """Return where orjson, of any version, writes a number otherwise than `repr`."""
    size = np.abs(values)
    found: NDArray[np.bool_] = ~((size >= 1e-4) & (size < 1e16) | (size == 0))
    return found


def _texts(starts: NDArray[np.int32], codes: Any) -> pa.StringArray:
    return pa.StringArray.from_buffers(len(starts) - 1, pa.py_buffer(starts), pa.py_buffer(codes))


def _call(function: str, *arguments: Any) -> Any:
    return call_function(function, list(arguments), None, _POOL)
