"""DOT, the language of Graphviz. The backward graph lies under the forward one, each v̄ᵢ in the rank of its vᵢ."""

from __future__ import annotations

from collections.abc import Iterator

from autodiffcli.drawing.model import Drawn, Picture
from autodiffcli.language.notation import one_line
from autodiffcli.language.write import UNICODE, write
from autodiffcli.tracing.quantities import Quantities, output_name
from autodiffcli.value_text import shown

__all__ = ["BACKWARD", "LONGEST", "heading", "lines", "markup", "others", "title"]

BACKWARD = "#c00000"
"""The colour of the backward graph, red as in the lecture."""

LONGEST = 60
"""Characters of a formula in a node, of a longer one the beginning; a picture's title may have twice as many."""

_ALIASES = 4
"""Names of one node that are written in it."""

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_GAP = " &#160;·&#160; "
_FONT = "Helvetica,Arial,DejaVu Sans,sans-serif"


def lines(picture: Picture, rankdir: str = "LR", precision: int | None = 6) -> Iterator[str]:
    """Yield the lines of a digraph; its edges run as ranks do, so those of the backward graph have dir=back.

    rankdir: LR or TB, where the inputs begin.
    """
    yield "digraph adcalc {\n"
    yield f'  graph [rankdir={rankdir}, bgcolor=white, nodesep=0.28, ranksep=0.42, fontname="{_FONT}",\n'
    yield f"    labelloc=t, fontsize=15, label=<{_legend(picture)}>];\n"
    yield f'  node [shape=box, style="rounded,filled", fillcolor=white, fontname="{_FONT}", fontsize=14,\n'
    yield '    margin="0.11,0.06", height=0.4];\n'
    yield "  edge [arrowsize=0.7];\n"
    backward = False
    for node in picture.nodes(UNICODE, LONGEST):
        if node.backward and not backward:
            yield f'  node [color="{BACKWARD}", fontcolor="{BACKWARD}"];\n'
            backward = True
        yield f"  {node.key} [label=<{_label(node, precision)}>{_accent(node)}];\n"
    yield from _ranks(picture)
    yield from _edges(picture)
    yield "}\n"


def others(node: Drawn) -> str:
    """Return what else a node is: = v̄3 = v̄2→3, of many the first."""
    return " = ".join(["", *node.also[:_ALIASES], *["…"] * (len(node.also) > _ALIASES)]).strip()


def title(picture: Picture) -> str:
    """Return y = formula, shortened."""
    graph = picture.graph
    formula = write(graph, graph.outputs[0], UNICODE, limit=2 * LONGEST)
    return f"{output_name(graph.inputs)} = {formula}"


def heading(picture: Picture) -> str:
    """Return what the backward half is called."""
    say = Quantities(picture.graph, UNICODE)
    return f"backward: {say.adjoint('ᵢ')} = ∂{say.output}/∂{say.value('ᵢ')}"


def markup(text: str) -> str:
    """Escape text for XML, controls and bidirectional overrides written out.

    >>> markup('"<b>&')
    '&quot;&lt;b&gt;&amp;'
    """
    return one_line(text.translate(_ENTITIES))


def _legend(picture: Picture) -> str:
    head = f"<B>{markup(title(picture))}</B>"
    if not picture.backward:
        return f"{head}<BR/> "
    parts = [
        "forward",
        f'<FONT COLOR="{BACKWARD}">{heading(picture)}</FONT>',
        f'<FONT COLOR="{BACKWARD}">dotted: a forward value used again</FONT>',
    ]
    if picture.before is not None:
        parts.append(f"optimised: {picture.before[0]:,} → {picture.counts()[0]:,} nodes")
    return f'{head}<BR/><FONT POINT-SIZE="12">{_GAP.join(parts)}</FONT><BR/> '


def _label(node: Drawn, precision: int | None) -> str:
    """Return the label of a node: y = v7 = v6 − v5, what else it is, and its value, each on its line."""
    rows = [markup(" = ".join(dict.fromkeys([*node.results[:_ALIASES], node.name, node.formula])))]
    if node.also:
        rows.append(f'<FONT COLOR="{BACKWARD}">{markup(others(node))}</FONT>')
    if node.value is not None and node.formula != shown(node.value, None, UNICODE):
        rows.append(f'<FONT POINT-SIZE="12"><B>{markup(shown(node.value, precision, UNICODE))}</B></FONT>')
    return "<BR/>".join(rows)


def _accent(node: Drawn) -> str:
    """Return what sets inputs and results off."""
    if node.results:
        return ', penwidth=2, fillcolor="#fdecec"' if node.backward else ', penwidth=2, fillcolor="#ececec"'
    return ', fillcolor="#f4f4f4"' if node.kind == "input" else ""


def _ranks(picture: Picture) -> Iterator[str]:
    """Yield the ranks: the inputs at one end, and every v̄ᵢ where its vᵢ is."""
    inputs = " ".join(f"{picture.key(i)};" for i in picture.graph.inputs.values())
    if inputs:
        yield f"  {{rank=source; {inputs}}}\n"
    if picture.backward:
        values = {picture.key(i)[1:]: picture.key(i) for i in picture.order[: picture.size]}
        for i in picture.order[picture.size :]:
            key = picture.key(i)
            if key[0] == "a" and key[1:] in values:
                yield f"  {{rank=same; {values[key[1:]]}; {key};}}\n"


def _edges(picture: Picture) -> Iterator[str]:
    key = picture.key
    for kind, style in _STYLES.items() if picture.backward else [("forward", "")]:
        yield style
        for edge in picture.edges():
            if edge.kind == kind:
                ends = (edge.target, edge.source) if kind == "backward" else (edge.source, edge.target)
                yield f"  {key(ends[0])} -> {key(ends[1])};\n"


_STYLES = {
    "forward": "",
    "backward": f'  edge [color="{BACKWARD}", dir=back];\n',
    "reuse": f'  edge [color="{BACKWARD}90", style=dotted, dir=forward, constraint=false];\n',
}
