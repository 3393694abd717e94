"""Each format says what the picture holds, and takes nothing in a name for its own syntax."""

from __future__ import annotations

import json
import re
import sys
from xml.etree import ElementTree

import pytest

from autodiffcli.api.pictures import draw, pictured
from autodiffcli.drawing import image
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph, Node

EXAMPLE = "ln(x1)+x1*x2-sin(x2)"
AT = {"x1": 2.0, "x2": 5.0}
HOSTILE = (
    '"];',
    '<b onclick="x">&amp;',
    "end",
    "`md`",
    "#35;",
    "[x](y)",
    "%%{init}%%",
    "A --> B",
    "\\N\\l",
    "|{}",
    "*b*",
    "</text>]]>",
    "</svg><script>alert(1)</script>",
    "a\u202eb",
    "\x1b[31m",
    "x\ny",
    "\ud800",
    "שלום",
    "متغير",
)


def hostile() -> Graph:
    graph = Graph()
    product = Node(graph, graph.input(HOSTILE[0]))
    for name in HOSTILE[1:]:
        product = product * Node(graph, graph.input(name))
    graph.outputs = [product.id]
    return graph


def text(*args: object, **options: object) -> str:
    drawn = draw(*args, **options)  # type: ignore[arg-type]
    assert isinstance(drawn, str)
    return drawn


def picture_bytes(*args: object, **options: object) -> bytes:
    pytest.importorskip("pygraphviz")
    drawn = draw(*args, **options)  # type: ignore[arg-type]
    assert isinstance(drawn, bytes)
    return drawn


def test_text() -> None:
    lines = text(EXAMPLE, "text", backward=True, at=AT).splitlines()
    assert lines[2] == "v3 = ln(v1) = 0.6931471805599453"
    assert lines[7:10] == ["v̄7 = 1", "v̄6 = v̄7 = 1", "v̄5 = -v̄7 = -1"]
    assert lines[-5:] == ["y = v7", "∂y/∂x1 = v̄1", "∂y/∂x2 = v̄2", "nodes: 18", "edges: 24"]


def test_a_listing_of_the_forward_graph_is_ascii() -> None:
    assert text(EXAMPLE, "text", at=AT).isascii()


@pytest.mark.parametrize("graph", [EXAMPLE, "max(a,b)*sigmoid(a*b)+a^3", hostile()], ids=["lecture", "max", "hostile"])
@pytest.mark.parametrize("backward", [False, True])
def test_graphviz_reads_dot(graph: str | Graph, backward: bool) -> None:
    pygraphviz = pytest.importorskip("pygraphviz")
    picture = pictured(graph, backward=backward)
    with image._quiet() as said:
        read = pygraphviz.AGraph(string=text(graph, "dot", backward=backward))
        said.seek(0)
        assert said.read() == b""
    assert (read.number_of_nodes(), read.number_of_edges()) == picture.counts()
    assert set(read.nodes()) == {picture.key(i) for i in picture.order}
    # Edges of the backward graph are written the other way round and drawn with dir=back.
    ends = set()
    for edge in read.edges():
        source, target = map(str, edge)
        ends.add((target, source) if edge.attr["dir"] == "back" else (source, target))
    assert ends == {(picture.key(e.source), picture.key(e.target)) for e in picture.edges()}
    red = {str(node) for node in read.nodes() if node.attr["color"]}
    assert red == {node.key for node in picture.nodes() if node.backward}


def test_dot_shows_values_and_tells_halves_apart() -> None:
    dot = text(EXAMPLE, "dot", backward=True, at=AT)
    forward, _, backward = dot.partition('node [color="#c00000"')
    assert 'v7 [label=<y = v7 = v6 − v5<BR/><FONT POINT-SIZE="12"><B>11.6521</B></FONT>>' in forward
    assert 'a2 [label=<∂y/∂x2 = v̄2 = v̄2→5 + v̄2→4<BR/><FONT POINT-SIZE="12"><B>1.71634</B></FONT>>' in backward
    assert "style=dotted" in backward
    assert "rankdir=LR" in forward
    assert "rankdir=TB" in text(EXAMPLE, "dot", rankdir="TB")


def test_mermaid() -> None:
    """Also read once by Mermaid 12's own parser, by hand."""
    lines = text("exp(x1)*(exp(x1)+1)", "mermaid", backward=True, at={"x1": 0}).splitlines()
    assert lines[0] == "flowchart LR"
    assert '  v4("y = v4 = v2·v3<br>2"):::forward' in lines
    assert '  a1("∂y/∂x1 = v̄1 = v̄2·v2<br>3"):::backward' in lines
    assert {"  v1 --> v2", "  a4 ==> a3", "  v2 -.-> a3"} <= set(lines)
    node = r'  \w+\(\[?"[^"\\`;#]*"\]?\):::(forward|backward)'
    edge = r"  \w+ (-->|==>|-\.->) \w+"
    assert all(re.fullmatch(f"{node}|{edge}|  classDef .*", line) for line in lines[1:])


def test_mermaid_takes_no_name_for_syntax() -> None:
    lines = text(hostile(), "mermaid", backward=True).splitlines()
    node = r'  \w+\(\[?"(?:[^"!#$%&*:;<>?@`~|\\\[\]{}]|#\d+;|<br>)*"\]?\):::(forward|backward)'
    edge = r"  \w+ (-->|==>|-\.->) \w+"
    assert [line for line in lines[1:] if not re.fullmatch(f"{node}|{edge}|  classDef .*", line)] == []


def test_json() -> None:
    data = json.loads(text(EXAMPLE, "json", backward=True, at=AT))
    assert data["counts"] == {"nodes": 18, "edges": 24} == {"nodes": len(data["nodes"]), "edges": len(data["edges"])}
    nodes = {node["id"]: node for node in data["nodes"]}
    assert nodes["v4"] == {
        "id": "v4",
        "name": "v4",
        "kind": "value",
        "part": "forward",
        "op": "mul",
        "formula": "v1*v2",
        "value": 10.0,
    }
    assert nodes["a2_5"]["kind"] == "partial"
    assert nodes["a2_5"]["part"] == "backward"
    assert {"from": "v1", "to": "a2_4", "kind": "reuse"} in data["edges"]
    assert data["results"] == {"y": "v7", "∂y/∂x1": "a1", "∂y/∂x2": "a2"}
    assert "before" not in data


def test_json_after_optimisation() -> None:
    data = json.loads(text(EXAMPLE, "json", backward=True, optimize=True))
    assert data["before"] == {"nodes": 18, "edges": 24}
    assert data["counts"] == {"nodes": 10, "edges": 13}
    assert data["dropped"] == ["v̄2→5"]
    assert data["constants"] == {"v̄7": 1.0, "v̄6": 1.0, "v̄5": -1.0, "v̄4": 1.0, "v̄3": 1.0}
    assert {node["name"]: node["also"] for node in data["nodes"] if "also" in node} == {"v1": ["v̄2→4"], "v2": ["v̄1→4"]}


def test_json_keeps_names_and_not_finite_numbers() -> None:
    names = [node["input"] for node in json.loads(text(hostile(), "json"))["nodes"] if node["kind"] == "input"]
    assert names == list(HOSTILE)
    assert json.loads(text("1/x", "json", at={"x": 0}))["nodes"][-1]["value"] == "inf"


@pytest.mark.parametrize("graph", [EXAMPLE, hostile()], ids=["lecture", "hostile"])
def test_svg_is_xml(graph: str | Graph) -> None:
    drawn = picture_bytes(graph, "svg", backward=True)
    root = ElementTree.fromstring(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = "".join(root.itertext())
    assert "script" not in {element.tag.rpartition("}")[2] for element in root.iter()}
    picture = pictured(graph, backward=True)
    groups = [element.get("class") for element in root.iter() if element.get("class")]
    assert (groups.count("node"), groups.count("edge")) == picture.counts()
    if graph == EXAMPLE:
        assert "v̄2→5 = v̄5·cos(v2)" in texts
    assert drawn == picture_bytes(graph, "svg", backward=True)


def test_png_fits_a_screen() -> None:
    drawn = picture_bytes(EXAMPLE, "png", backward=True, at=AT)
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = int.from_bytes(drawn[16:20], "big"), int.from_bytes(drawn[20:24], "big")
    assert 600 < width <= 1600
    assert 300 < height <= 900


def test_html_holds_picture_and_listing() -> None:
    page = picture_bytes(EXAMPLE, "html", backward=True, at=AT).decode()
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("<svg") == 1
    assert "v̄2→5 = v̄5·cos(v2) = −0.283662" in page
    assert "<script" not in picture_bytes(hostile(), "html").decode()


@pytest.mark.parametrize("form", ["svg", "png", "html"])
def test_the_missing_extra_is_named(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(RequestError, match="needs the extra 'graph', which is not installed") as refused:
        draw(EXAMPLE, form)
    assert refused.value.hint == 'pip install "autodiffcli[graph]"'


def test_unknown_formats_and_directions_are_refused() -> None:
    with pytest.raises(RequestError, match="there is no format 'gif'"):
        draw("x", "gif")
    with pytest.raises(RequestError, match="there is no direction 'RL'"):
        draw("x", rankdir="RL")
