"""Arrays from files, as --at W=@w.npy names them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from autodiffcli.errors import RequestError
from autodiffcli.language.point import value_from_data
from autodiffcli.language.values import from_python

__all__ = ["load"]

_LARGEST = 1 << 33
"""Bytes of a .npy file."""


def load(name: str, path: str, read_text: Callable[[str, str], str]) -> Any:
    """Return the value of an input from a file: .npy, .csv (numbers between commas, no header) or .json.

    read_text: gives the text of @FILE.

    Raises RequestError for a file that is not there, or holds something else.
    """
    kind = path.rpartition(".")[2].lower()
    if kind == "npy":
        return from_python(name, _from_npy(path))
    if kind == "csv":
        return _from_csv(path, read_text(f"@{path}", f"the value of {name}"))
    if kind == "json":
        import json

        try:
            return value_from_data(name, json.loads(read_text(f"@{path}", f"the value of {name}")))
        except (ValueError, RecursionError) as error:
            raise RequestError(f"{path} is not JSON: {error}") from None
    raise RequestError(f"the name {path} does not say what the file holds", hint="end it in .npy, .csv or .json")


def _from_npy(path: str) -> Any:
    import numpy as np

    try:
        if os.path.getsize(path) > _LARGEST:
            raise RequestError(f"{path} is larger than {_LARGEST >> 30} GiB, the limit for an array")
        with open(path, "rb") as file:
            return np.load(file, allow_pickle=False)  # a pickle could run code
    except OSError as error:
        raise RequestError(f"cannot read '{path}': {error.strerror or error}") from None
    except (ValueError, EOFError) as error:
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
