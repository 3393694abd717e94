"""Values of any kind as text: numbers, arrays with their shapes, and structures of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from autodiffcli.language.write import LATEX, PLAIN, Style, entries_text, number
from autodiffcli.passes.entries import entry_name, places
from autodiffcli.structures import folded, leaves, path_text, quoted

__all__ = ["compact", "composed", "entries", "is_number", "shaped", "shown", "text"]

_WIDTH = 46
"""Characters of a value in a table: with a name and a shape beside it, the row has 80."""


def is_number(value: Any) -> bool:
    """Tell a number from an array and from a structure."""
    return isinstance(value, float | int)


def text(value: Any, precision: int | None = None, style: Style = PLAIN) -> str:
    """Return a value in full, as the language writes it, which --at takes; arrays as matrices in LaTeX.

    >>> text({"cat": 0.5, "dog": (1.0, -2.0)})
    '{"cat": 0.5, "dog": (1, -2)}'
    """
    if is_number(value):
        return number(value, precision, style)
    return composed(value, [_leaf(x, precision, style) for _, x in leaves(value)], style)


def shaped(value: Any, precision: int | None = 6, style: Style = PLAIN) -> Any:
    """Return a number as it is, and an array as `compact` text that ends in its shape."""
    if is_number(value):
        return value
    found = compact(value, precision, style, _WIDTH if precision else 8 * _WIDTH)
    shape = getattr(value, "shape", ())
    return found if not shape or "…" in found or style is LATEX else f"{found} {shape}"


def shown(value: Any, precision: int | None = 6, style: Style = PLAIN) -> str:
    """Return a number, or an array in short with its shape."""
    found = shaped(value, precision, style)
    return found if isinstance(found, str) else number(found, precision, style)


def compact(value: Any, precision: int | None = 6, style: Style = PLAIN, width: int = _WIDTH) -> str:
    """Return a value so that it fits a table: of a larger array the first and last entries, of a matrix its corners.

    >>> import numpy as np
    >>> compact(np.arange(4.0)), compact(np.arange(6000.0).reshape(3, 2000), width=30)
    ('[0, 1, 2, 3]', '[[0, …, 1999], …, [4000, …, 5999]] (3, 2000)')
    """
    if is_number(value):
        return number(value, precision, style)
    parts = [_short(x, precision, style, width) for _, x in leaves(value)]
    return composed(value, parts, style)


def _short(value: Any, precision: int | None, style: Style, width: int) -> str:
    if is_number(value):
        return number(value, precision, style)
    if value.size * 2 <= width:
        whole = _leaf(value, precision, style)
        if len(whole) <= (width if style is not LATEX else 4 * width):
            return whole
    if value.size <= 5 or (value.ndim == 2 and max(value.shape) <= 2):  # nothing to leave out
        return _leaf(value, precision, style)

    def say(x: Any) -> str:
        return number(float(x), precision, style)

    shape = ", ".join(map(str, value.shape))
    if style is LATEX:
        told = _ends(value.ravel(), 3, 2, say, r"\ldots")
        return rf"\left[{told}\right]_{{" + shape.replace(", ", r" \times ") + "}"
    if value.ndim == 2:
        told = _ends(value, 1, 1, lambda row: f"[{_ends(row, 1, 1, say)}]")
    else:
        told = _ends(value.ravel(), 3, 2, say)
    return f"[{told}] ({shape}{',' * (value.ndim == 1)})"


def _ends(items: Any, head: int, tail: int, say: Callable[[Any], str], dots: str = "…") -> str:
    """Return the first items and the last, with dots for those between."""
    if len(items) <= head + tail:
        return ", ".join(map(say, items))
    return ", ".join([*map(say, items[:head]), dots, *map(say, items[-tail:])])


def entries(name: str, value: Any) -> Iterator[tuple[str, float]]:
    """Return every number of a value with the name of its place: W[0,1], d["cat"].

    >>> import numpy as np
    >>> list(entries("d", {"a": 1.0, "b": np.array([[2.0, 3.0]])}))
    [('d["a"]', 1.0), ('d["b"][0,0]', 2.0), ('d["b"][0,1]', 3.0)]
    """
    for path, leaf in leaves(value):
        inside = path_text(name, path)
        shape = getattr(leaf, "shape", ())
        if not shape:
            yield inside, float(leaf)
            continue
        for place, x in zip(places(shape), leaf.ravel().tolist(), strict=True):
            yield entry_name(inside, place), x


def composed(value: Any, texts: list[str], style: Style = PLAIN) -> str:
    """Return a structure with a text in each leaf's place."""
    opening = {"{": r"\{", "}": r"\}"} if style is LATEX else {"{": "{", "}": "}"}

    def make(form: Any, inside: list[str]) -> str:
        if isinstance(form, Mapping):
            keys = [_key(key, style) for key in form]
            pairs = [f"{key}: {entry}" for key, entry in zip(keys, inside, strict=True)]
            return opening["{"] + ", ".join(pairs) + opening["}"]
        if isinstance(form, list):
            return f"[{', '.join(inside)}]"
        return f"({', '.join(inside)}{',' * (len(inside) == 1)})"

    return str(folded(value, iter(texts), make))


def _key(key: str, style: Style) -> str:
    if style is LATEX:
        from autodiffcli.language.notation import latex_text

        return rf"\text{{{latex_text(key)}}}"
    return quoted(key)


def _leaf(value: Any, precision: int | None, style: Style) -> str:
    """Return a number, or an array whole."""
    return number(value, precision, style) if is_number(value) else entries_text(value, style, precision)
