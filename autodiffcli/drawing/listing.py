"""A picture as lines of text: name = formula = value, the forward part and then the backward part."""

from __future__ import annotations

from collections.abc import Iterator

from autodiffcli.drawing.model import Picture
from autodiffcli.language.write import PLAIN, Style, number
from autodiffcli.tracing.quantities import Quantities
from autodiffcli.value_text import shown

__all__ = ["LONGEST", "ends", "lines", "sizes"]

LONGEST = 10_000
"""Characters of a formula: the adjoint of an input that is used a million times is a sum of a million terms."""


def lines(picture: Picture, style: Style = PLAIN, precision: int | None = None) -> Iterator[str]:
    r"""Yield the lines of a listing.

    >>> from autodiffcli.drawing.model import picture
    >>> from autodiffcli.language.parser import parse
    >>> print("".join(lines(picture(parse("ln(x)*y"), point=[1.0, 3.0]))), end="")
    v1 = x = 1
    v2 = y = 3
    v3 = ln(v1) = 0
    v4 = v3*v2 = 0
    f = v4
    nodes: 4
    edges: 3
    """
    names: dict[int, str] = {}
    for node in picture.nodes(style, LONGEST):
        names[node.id] = node.name
        value = "" if node.value is None else shown(node.value, precision, style)
        yield " = ".join(dict.fromkeys(filter(None, [node.name, node.formula, value]))) + "\n"
    for name, what in picture.elsewhere(style):
        text = "not computed" if what is None else names[what] if isinstance(what, int) else number(what, None, style)
        yield f"{name} = {text}\n"
    yield from (f"{end}\n" for end in ends(picture, style))
    yield from (f"{what}: {count}\n" for what, count in sizes(picture))


def ends(picture: Picture, style: Style = PLAIN) -> list[str]:
    """Return y = v7, and ∂y/∂x1 = v̄1."""
    say = Quantities(picture.graph, style)
    pairs = [(result, picture.name(i, say)) for result, i in picture.results(style)]
    return [f"{result} = {name}" for result, name in pairs if result != name]


def sizes(picture: Picture) -> list[tuple[str, str]]:
    """Return how many nodes and edges there are, and of an optimised picture how many there were."""
    now = picture.counts()
    before = picture.before or now
    return [
        (what, f"{was:,} before, {count:,} after" if picture.before else f"{count:,}")
        for what, was, count in zip(("nodes", "edges"), before, now, strict=True)
    ]
