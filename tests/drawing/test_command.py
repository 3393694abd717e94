"""adcalc graph, as a process and on a terminal."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

import autodiffcli
from autodiffcli.api.pictures import draw, pictured
from autodiffcli.interpreter import run as evaluated
from autodiffcli.language.parser import parse
from autodiffcli.report.graphs import view
from tests.cli.support import LECTURE, run

POINT = "x1=2,x2=5"


def shown(text: str, width: int = 80, **options: object) -> str:
    file = io.StringIO()
    picture = pictured(text, **options)  # type: ignore[arg-type]
    Console(file=file, width=width, color_system=None, highlight=False, markup=False, emoji=False).print(view(picture))
    return file.getvalue()


def test_a_pipe_gets_the_listing() -> None:
    done = run("graph", LECTURE, "--backward", "--at", POINT)
    assert (done.status, done.err) == (0, "")
    assert done.out == draw(LECTURE, "text", backward=True, at=POINT)


def test_a_terminal_of_80_columns_shows_the_halves_beside_each_other() -> None:
    lines = shown(LECTURE, at=POINT, backward=True).splitlines()
    assert len(lines) <= 22
    assert max(map(len, lines)) <= 84  # the macrons take no column
    assert lines[2].split("  ")[0].strip() == "forward"
    assert "backward: v̄ᵢ = ∂y/∂vᵢ" in lines[2]
    assert "−0.283662" in lines[8]
    assert lines[-1] == " nodes: 18 (7 forward, 11 backward); edges: 24"


def test_a_terminal_says_what_optimisation_did() -> None:
    lines = shown(LECTURE, backward=True, optimize=True).splitlines()
    assert " merged: v̄7 = v̄6 = v̄4 = v̄3 = 1; v̄5 = −1; v̄2→4 = v1; v̄1→4 = v2" in lines
    assert " not computed: v̄2→5" in lines
    assert lines[-1] == " nodes: 18 before, 10 after (7 forward, 3 backward); edges: 24 before, 13 after"


def test_a_large_graph_is_cut_on_a_terminal() -> None:
    lines = shown("+".join(f"sin(x{i})" for i in range(500)), backward=True).splitlines()
    assert len(lines) < 120
    assert any("more rows" in line for line in lines)


@pytest.mark.parametrize("name", ["g.dot", "g.gv", "g.mmd", "g.mermaid", "g.json", "g.txt", "g.SVG", "g.png", "g.html"])
def test_the_name_of_the_file_says_the_format(name: str, tmp_path: Path) -> None:
    if name.lower().endswith(("svg", "png", "html")):
        pytest.importorskip("pygraphviz")
    done = run("graph", LECTURE, "--out", name, cwd=tmp_path)
    assert done == (0, "", "")
    start = (tmp_path / name).read_bytes()[:60]
    starts = {
        "dot": b"digraph",
        "gv": b"digraph",
        "mmd": b"flowchart LR",
        "mermaid": b"flowchart LR",
        "json": b'{"nodes": [',
        "txt": b"v1 = x1\n",
        "svg": b"<?xml",
        "png": b"\x89PNG",
        "html": b"<!DOCTYPE html>",
    }
    assert start.startswith(starts[name.rpartition(".")[2].lower()])


def test_formats_go_to_a_pipe() -> None:
    done = run("graph", LECTURE, "--backward", "--optimize", "--format", "json")
    assert json.loads(done.out)["before"]["nodes"] == 18


def test_refusals() -> None:
    done = run("graph", LECTURE, "--out", "graph.jpeg")
    assert done.status == 2
    assert "the name graph.jpeg does not say the format" in done.err
    assert "hint: end it in one of .dot, .mermaid" in done.err
    done = run("graph", LECTURE, "--format", "pgn")
    assert done.status == 2
    assert "did you mean png?" in done.err
    assert run("graph", "ln(x)", "--at", "x=-1").status == 1
    assert "no value" in run("graph", LECTURE, "--at", "x1=2").err
    assert run("graph", LECTURE, "--wrt", "z").status == 2


def test_nothing_of_the_layout_reaches_standard_error() -> None:
    """Graphviz's Fontconfig warns of configuration files newer than it is."""
    pytest.importorskip("pygraphviz")
    done = run("graph", LECTURE, "--format", "svg")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("<?xml")


@pytest.mark.parametrize("source", ["x^y", "(x*y)^(x + y)", "tanh(x)*erfcx(y)", "erfcx(x)^(y + 1/x)"])
def test_the_drawn_formulas_are_of_the_language_and_compute_the_gradient(source: str) -> None:
    picture = json.loads(run("graph", source, "--backward", "--format", "json").out)
    point = {"x": 2.0, "y": 3.0}
    values = dict(point)
    text = {ord("̄"): "b", ord("→"): "to"}
    for node in picture["nodes"]:
        formula = parse(node["formula"].translate(text))
        given = [values[name] for name in formula.inputs]
        values[node["name"].translate(text)] = values[node["id"]] = evaluated(formula, given)[formula.outputs[0]]
    wanted = autodiffcli.gradient(source, point).gradient
    for name, slope in wanted.items():
        assert values[picture["results"][f"∂f/∂{name}"]] == pytest.approx(slope, rel=1e-13)
