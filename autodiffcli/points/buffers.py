"""Columns between NumPy and Arrow, by their buffers.

Arrow's own ways load pandas, where that is installed, and it takes as long to load as a million rows take.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from autodiffcli.points.rows import Floats

__all__ = ["doubles", "flags", "missing", "numbers", "texts"]


def numbers(array: pa.Array) -> NDArray[Any]:
    """Return the numbers of a column, integers or floats; where they are missing, they are any.

    >>> numbers(doubles(np.array([1.0, 2.0]))[1:])
    array([2.])
    """
    kind = np.dtype(array.type.to_pandas_dtype())
    return np.frombuffer(array.buffers()[1], kind, len(array), array.offset * kind.itemsize)


def missing(array: pa.Array) -> NDArray[np.bool_]:
    """Return where a column has no value.

    >>> missing(doubles(np.array([1.0, 2.0, 3.0]), np.array([False, True, False]))[1:])
    array([ True, False])
    """
    valid = array.buffers()[0] if array.null_count else None
    if valid is None:
        return np.zeros(len(array), dtype=bool)
    bits = np.unpackbits(np.frombuffer(valid, np.uint8), count=array.offset + len(array), bitorder="little")
    found: NDArray[np.bool_] = bits[array.offset :] == 0
    return found


def doubles(values: Floats, missing: NDArray[np.bool_] | None = None) -> pa.DoubleArray:
    """Return floats as a column, without those that are missing."""
    valid = None if missing is None else _bits(~missing)
    data = pa.py_buffer(np.ascontiguousarray(values, dtype=np.float64))
    return pa.Array.from_buffers(pa.float64(), len(values), [valid, data])


def flags(values: NDArray[np.bool_]) -> pa.BooleanArray:
    """Return truth values as a column."""
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bits(values)])


def texts(values: Sequence[bytes]) -> pa.StringArray:
    """Return texts as a column; an entry of it is what Arrow takes for a text that is the same in all rows."""
    stops = np.cumsum([0, *map(len, values)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(stops), pa.py_buffer(b"".join(values)))


def _bits(values: NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(values, bitorder="little"))
