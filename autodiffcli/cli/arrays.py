"""Arrays from files, as --at W=@w.npy names them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from typing import Any
from zipfile import BadZipFile

from autodiffcli.errors import RequestError
from autodiffcli.language.point import value_from_data
from autodiffcli.language.values import from_python

__all__ = ["load", "load_all"]

_LARGEST = 1 << 33
"""Bytes of a .npy or .npz file."""


def load(name: str, path: str, read_text: Callable[[str, str], str]) -> Any:
    """Return the value of an input from a file: .npy, .npz (its array of that name), .csv (no header) or .json.

    read_text: gives the text of @FILE.

    Raises RequestError for a file that is not there, or holds something else.
    """
    kind = path.rpartition(".")[2].lower()
    if kind == "npy":
        found = _from_numpy(path)
        if isinstance(found, dict):
            raise RequestError(f"{path} holds several arrays by name", hint="end its own name in .npz")
        return from_python(name, found)
    if kind == "npz":
        arrays = load_all(path)
        if name not in arrays:
            raise RequestError(f"{path} has no array '{name}'", hint=f"its arrays: {', '.join(arrays)}")
        return arrays[name]
    if kind == "csv":
        return _from_csv(path, read_text(f"@{path}", f"the value of {name}"))
    if kind == "json":
        import json

        try:
            return value_from_data(name, json.loads(read_text(f"@{path}", f"the value of {name}")))
        except (ValueError, RecursionError) as error:
            raise RequestError(f"{path} is not JSON: {error}") from None
    raise RequestError(f"the name {path} does not say what the file holds", hint="end it in .npy, .npz, .csv or .json")


def load_all(path: str) -> dict[str, Any]:
    """Return the arrays of a .npz file by name. Raises what `load` raises."""
    found = _from_numpy(path)
    if not isinstance(found, dict):
        raise RequestError(f"{path} is one array, and .npz holds several by name", hint="end its name in .npy")
    return {name: from_python(name, array) for name, array in found.items()}


def _from_numpy(path: str) -> Any:
    """Return the array of a .npy file, or those of a .npz file by name."""
    import numpy as np

    try:
        if os.path.getsize(path) > _LARGEST:
            raise RequestError(f"{path} is larger than {_LARGEST >> 30} GiB, the limit for an array")
        with open(path, "rb") as file:
            found = np.load(file, allow_pickle=False)  # a pickle could run code
            if isinstance(found, np.ndarray):
                return found
            if sum(entry.file_size for entry in found.zip.infolist()) > _LARGEST:
                raise RequestError(f"{path} holds more than {_LARGEST >> 30} GiB, the limit for arrays")
            return dict(found)
    except OSError as error:
        raise RequestError(f"cannot read '{path}': {error.strerror or error}") from None
    except (ValueError, EOFError, RuntimeError, BadZipFile, zlib.error) as error:
        raise RequestError(f"{path} is no array of numbers as NumPy saves one: {error}") from None


def _from_csv(path: str, text: str) -> Any:
    import numpy as np

    rows = [line for line in text.splitlines() if line.strip()]
    if not rows:
        raise RequestError(f"{path} is empty", hint="numbers between commas, a row of the matrix on each line")
    found = []
    for n, row in enumerate(rows, 1):
        try:
            found.append([float(cell) for cell in row.split(",")])
        except ValueError:
            hint = "no header; numbers between commas, a row of the matrix on each line"
            raise RequestError(f"{path}, line {n}: '{row[:60]}' is no row of numbers", hint=hint) from None
        if len(found[-1]) != len(found[0]):
            raise RequestError(f"{path}, line {n} has {len(found[-1])} numbers, line 1 has {len(found[0])}")
    array = np.array(found)
    return array.ravel() if 1 in array.shape else array  # one row or one column is a vector
