"""The formats by the name that --format takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from autodiffcli.drawing import data, dot, image, listing, mermaid
from autodiffcli.drawing.model import Picture
from autodiffcli.errors import RequestError
from autodiffcli.language.write import PLAIN

__all__ = ["FORMATS", "SUFFIXES", "render"]

_Renderer = Callable[[Picture, str, int | None], Iterator[str] | bytes]

FORMATS: dict[str, _Renderer] = {
    "text": lambda picture, rankdir, precision: listing.lines(picture, PLAIN, precision),
    "dot": dot.lines,
    "mermaid": mermaid.lines,
    "json": lambda picture, rankdir, precision: data.lines(picture),
    "svg": image.svg,
    "png": image.png,
    "html": image.html,
}

SUFFIXES = {name: name for name in FORMATS} | {"txt": "text", "gv": "dot", "mmd": "mermaid", "htm": "html"}
"""The formats by the ending of a file's name."""


def render(picture: Picture, form: str, rankdir: str = "LR", precision: int | None = None) -> Iterator[str] | bytes:
    """Return the picture in a format, as parts of a text or as bytes.

    precision: significant digits of values; by default 6 in pictures, else all.

    Raises RequestError for an unknown format or direction, and what the format raises.
    """
    if form not in FORMATS:
        raise RequestError(f"there is no format '{form}'", hint=f"there are {', '.join(FORMATS)}")
    if rankdir not in ("LR", "TB"):
        raise RequestError(f"there is no direction '{rankdir}'", hint="LR draws from left to right, TB downwards")
    return FORMATS[form](picture, rankdir, precision if form in ("text", "json") else precision or 6)
