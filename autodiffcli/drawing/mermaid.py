"""Mermaid, the language of diagrams in Markdown (GitHub, GitLab, notebooks)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autodiffcli.drawing.dot import BACKWARD, LONGEST, others
from autodiffcli.drawing.model import Drawn, Picture
from autodiffcli.language.notation import one_line
from autodiffcli.language.write import UNICODE
from autodiffcli.value_text import shown

__all__ = ["lines"]

_SYNTAX = re.compile(r"""[!"#$%&*:;<>?@`~|\\\[\]{}]""")


def lines(picture: Picture, rankdir: str = "LR", precision: int | None = 6) -> Iterator[str]:
    """Yield the lines of a flowchart: backward edges are thick, those that use a forward value again dotted."""
    yield f"flowchart {rankdir}\n"
    for node in picture.nodes(UNICODE, LONGEST):
        left, right = ("([", "])") if node.kind == "input" else ("(", ")")
        mark = ":::backward" if node.backward else ":::forward"
        yield f'  {node.key}{left}"{_label(node, precision)}"{right}{mark}\n'
    arrows = {"forward": "-->", "backward": "==>", "reuse": "-.->"}
    key = picture.key
    for edge in picture.edges():
        yield f"  {key(edge.source)} {arrows[edge.kind]} {key(edge.target)}\n"
    yield "  classDef forward fill:#fff,stroke:#000,color:#000\n"
    if picture.backward:
        yield f"  classDef backward fill:#fff,stroke:{BACKWARD},color:{BACKWARD}\n"


def _label(node: Drawn, precision: int | None) -> str:
    rows = [" = ".join(dict.fromkeys([*node.results, node.name, node.formula]))]
    if node.also:
        rows.append(others(node))
    if node.value is not None and node.formula != shown(node.value, None, UNICODE):
        rows.append(shown(node.value, precision, UNICODE))
    return "<br>".join(map(_escaped, rows))


def _escaped(text: str) -> str:
    """Return text in which Mermaid and the HTML that it makes see no syntax: #34; is a quotation mark."""
    return _SYNTAX.sub(lambda match: f"#{ord(match[0])};", one_line(text))
