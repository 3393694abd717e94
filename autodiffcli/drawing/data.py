"""A picture as JSON, written node by node."""

from __future__ import annotations

from collections.abc import Iterator

from autodiffcli.drawing.listing import LONGEST
from autodiffcli.drawing.model import Picture
from autodiffcli.language.notation import json_ready
from autodiffcli.language.write import PLAIN

__all__ = ["lines"]

_COUNTED = "nodes", "edges"


def lines(picture: Picture) -> Iterator[str]:
    """Yield the parts of one JSON object: nodes, edges, results, what was folded away, and counts.

    Formulas are as the parser reads them, cut where they are very long; the edges are all there.
    """
    from json import dumps

    ops, names = picture.graph.ops, picture.graph.names
    yield '{"nodes": ['
    comma = ""
    for node in picture.nodes(PLAIN, LONGEST):
        data: dict[str, object] = {"id": node.key, "name": node.name, "kind": node.kind}
        data |= {"part": "backward" if node.backward else "forward", "op": ops[node.id].name, "formula": node.formula}
        if node.kind == "input":
            data["input"] = names[node.id]
        if node.value is not None:
            data["value"] = json_ready(node.value)
        if node.also:
            data["also"] = node.also
        yield f"{comma}\n{dumps(data, ensure_ascii=False)}"
        comma = ","
    yield '\n], "edges": ['
    comma = ""
    for edge in picture.edges():
        ends = {"from": picture.key(edge.source), "to": picture.key(edge.target), "kind": edge.kind}
        yield f"{comma}\n{dumps(ends)}"
        comma = ","
    elsewhere = dict(picture.elsewhere(PLAIN))
    rest: dict[str, object] = {
        "results": {result: picture.key(i) for result, i in picture.results(PLAIN)},
        "constants": {name: json_ready(x) for name, x in elsewhere.items() if isinstance(x, float)},
        "dropped": [name for name, x in elsewhere.items() if x is None],
        "counts": dict(zip(_COUNTED, picture.counts(), strict=True)),
    }
    if picture.before is not None:
        rest["before"] = dict(zip(_COUNTED, picture.before, strict=True))
    yield "\n], " + dumps(rest, ensure_ascii=False)[1:] + "\n"
