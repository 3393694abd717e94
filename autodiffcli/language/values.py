"""Values from the outside: what decoded JSON or Python gives, as floats, float64 arrays, and structures of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiffcli.errors import RequestError
from autodiffcli.language.containers import MAX_AXES
from autodiffcli.structures import is_structure, leaves, path_text, rebuilt

__all__ = ["from_leaves", "from_python"]

Number = Callable[[str, Any], float]
"""Makes a float of what a name's place holds, or refuses it."""


def from_leaves(name: str, data: Any, number: Number) -> Any:
    """Return a value of data: a float, an array of nested lists, or a structure of such.

    Raises RequestError for lists whose entries differ in length, and what `number` raises.

    >>> from_leaves("x", {"cat": 2, "dog": (3, [])}, lambda name, x: float(x))
    {'cat': 2.0, 'dog': (3.0, array([], dtype=float64))}
    """
    if data.__class__ is float or data.__class__ is int:
        return number(name, data)
    if not is_structure(data):
        return _leaf(name, data, number)
    made = [_leaf(path_text(name, leaf.path), leaf.value, number) for leaf in leaves(data)]
    return rebuilt(data, iter(made))


def from_python(name: str, data: Any) -> Any:
    """Return a value of what a Python program gives: numbers, arrays, lists, tuples, dicts.

    >>> from_python("x", 2), from_python("d", {"a": (1, 2)})
    (2.0, {'a': (1.0, 2.0)})

    Raises RequestError for what is none of these.
    """
    return from_leaves(name, data, _float)


def _float(name: str, x: Any) -> float:
    try:
        return float(x)
    except OverflowError:
        raise RequestError(f"the value of '{name}' is beyond the largest float, 1.8e308") from None
    except (TypeError, ValueError):
        raise RequestError(f"the value of '{name}' must be a number, not {x!r:.40}") from None


def _leaf(name: str, data: Any, number: Number) -> Any:
    if isinstance(data, list):
        return _array(name, data, number)
    if getattr(data, "shape", ()) or hasattr(data, "__array__"):
        import numpy as np

        found = np.asarray(data)
        if found.dtype.kind not in "fiub":
            raise RequestError(f"the value of '{name}' is an array of {found.dtype}", hint="give an array of floats")
        return np.asarray(found, dtype=float) if found.ndim else float(found)
    return number(name, data)


def _array(name: str, data: list[Any], number: Number) -> Any:
    import numpy as np

    shape: tuple[int, ...] = ()
    flat: list[Any] = [data]
    while flat and any(isinstance(entry, list) or getattr(entry, "shape", ()) for entry in flat):
        flat = [entry.tolist() if hasattr(entry, "tolist") else entry for entry in flat]
        lengths = [len(entry) if isinstance(entry, list) else None for entry in flat]
        odd = next((k for k, length in enumerate(lengths) if length is None or length != lengths[0]), None)
        if odd is not None:
            raise _ragged(name, shape, lengths, odd)
        if len(shape) >= MAX_AXES:
            raise RequestError(f"the value of '{name}' has more than {MAX_AXES} axes", hint="nest fewer lists")
        shape += (lengths[0] or 0,)
        flat = [inner for entry in flat for inner in entry]
    numbers = [
        entry if entry.__class__ is float else number(path_text(name, _place(k, shape)), entry)
        for k, entry in enumerate(flat)
    ]
    return np.array(numbers, dtype=float).reshape(shape)


def _ragged(name: str, shape: tuple[int, ...], lengths: list[int | None], odd: int) -> RequestError:
    def told(length: int | None) -> str:
        return "is a number" if length is None else f"has {length} {'entry' if length == 1 else 'entries'}"

    first = path_text(name, _place(0, shape))
    odd = odd or next(k for k, length in enumerate(lengths) if length is not None)
    other = path_text(name, _place(odd, shape))
    where = f"{first} {told(lengths[0])} and {other} {told(lengths[odd])}"
    return RequestError(f"the value of '{name}' is no array: {where}", hint="the rows of an array have one length")


def _place(position: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the indices of an entry by its place in the order of rows."""
    steps: list[int] = []
    for length in reversed(shape):
        position, step = divmod(position, length)
        steps.append(step)
    return tuple(reversed(steps))
