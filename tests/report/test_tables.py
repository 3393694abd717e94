"""What a terminal shows: it fits, it says it all, and nothing in it is an order."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from autodiffcli.backends.protocol import Gradient
from autodiffcli.graph import Graph, Node
from autodiffcli.language.write import UNICODE, number
from autodiffcli.primitives import cos, sin
from autodiffcli.primitives.selection import absolute
from autodiffcli.report.ops import ops
from autodiffcli.report.tables import compare_report, eval_report, grad_report, ops_report
from autodiffcli.report.wrap import wrap

Run = Callable[..., Gradient]
WIDTHS = [80, 100, 160]


def shown(view: RenderableType, width: int = 80, colour: bool = False) -> str:
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
    )
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    if not colour:
        assert all(cell_len(line) <= width for line in text.splitlines()), text
    return text


def lines(view: RenderableType, width: int = 80) -> list[str]:
    return [line.rstrip() for line in shown(view, width).splitlines()]


def test_the_lecture_at_80_columns(lecture: Graph, differentiated: Run) -> None:
    assert lines(grad_report(differentiated(lecture, [2.0, 5.0], "backprop"))) == [
        "y = ln(x1) + x1·x2 − sin(x2) = 11.6521",
        "",
        " forward evaluation",
        " v1  = x1        2",
        " v2  = x2        5",
        " v3  = ln(v1)    0.693147",
        " v4  = v1·v2    10",
        " v5  = sin(v2)  −0.958924",
        " v6  = v3 + v4  10.6931",
        " v7  = v6 − v5  11.6521",
        "",
        " reverse sweep: v̄ᵢ = ∂y/∂vᵢ",
        " v̄7  = 1                                            1",
        " v̄6  = v̄7·∂v7/∂v6               = 1·1               1",
        " v̄5  = v̄7·∂v7/∂v5               = 1·(−1)           −1",
        " v̄4  = v̄6·∂v6/∂v4               = 1·1               1",
        " v̄3  = v̄6·∂v6/∂v3               = 1·1               1",
        " v̄2  = v̄5·∂v5/∂v2 + v̄4·∂v4/∂v2  = −1·cos(5) + 1·2   1.71634",
        " v̄1  = v̄4·∂v4/∂v1 + v̄3·∂v3/∂v1  = 1·5 + 1·1/2       5.5",
        "",
        " ∂y/∂x1 = 5.5    ∂y/∂x2 = 1.71634",
    ]


def test_the_lecture_on_a_wide_terminal(lecture: Graph, differentiated: Run) -> None:
    text = lines(grad_report(differentiated(lecture, [2.0, 5.0], "backprop")), 100)
    assert text[2].split() == ["forward", "evaluation", "reverse", "sweep:", "v̄ᵢ", "=", "∂y/∂vᵢ"]
    assert len(text) == 12
    assert text[8].startswith(" v6  = v3 + v4  10.6931      v̄2  = v̄5·∂v5/∂v2 + v̄4·∂v4/∂v2  = −1·cos(5) + 1·2   1.71634")


def test_a_block_of_tangents_per_input(lecture: Graph, differentiated: Run) -> None:
    result = differentiated(lecture, [2.0, 5.0], "forward")
    narrow, wide = lines(grad_report(result)), lines(grad_report(result), 160)
    assert " v7'  = v6' − v5'        = 2 − 0.283662  1.71634" in narrow
    assert sum("forward sweep for" in line for line in narrow) == 2
    assert wide[2].count("forward sweep for") == 2


def test_eval(lecture: Graph, differentiated: Run) -> None:
    result = differentiated(lecture, [2.0, 5.0], "eval")
    assert lines(eval_report(result))[2:5] == [" forward evaluation", " v1  = x1        2", " v2  = x2        5"]
    assert lines(eval_report(result, trace=False)) == ["y = ln(x1) + x1·x2 − sin(x2) = 11.6521"]


def test_numeric_and_symbolic(lecture: Graph, differentiated: Run) -> None:
    result = differentiated(lecture, [2.0, 5.0], "numeric")
    found = {"x1": 5.5, "x2": 1.7163378145367738}
    numeric = replace(result, gradient=found, steps={"x1": 1e-5, "x2": 2e-5}, errors={"x1": 1e-11, "x2": math.nan})
    text = shown(grad_report(numeric))
    assert "∂y/∂x2       1.71634    nan  2e−5  both" in text
    x1, x2 = (Node(lecture, i) for i in lecture.inputs.values())
    formulas = {"x1": (1.0 / x1 + x2).id, "x2": (x1 - cos(x2)).id}
    symbolic = replace(result, mode="symbolic", gradient=found, formulas=formulas)
    assert "∂y/∂x1  = 1/x1 + x2     5.5" in shown(grad_report(symbolic))


@pytest.mark.parametrize("precision", [6, 17, None])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_mode_side_by_side(lecture: Graph, differentiated: Run, width: int, precision: int | None) -> None:
    first = differentiated(lecture, [2.0, 5.0], "backprop")
    names = "numeric", "symbolic", "forward", "reverse", "backprop"
    results = [
        replace(first, mode=name, gradient=dict(first.gradient), operations=40 + k) for k, name in enumerate(names)
    ]
    results[0].gradient["x2"] = 1.7163378145
    text = shown(compare_report(results, precision), width)
    assert all(name in text for name in names)
    assert all(str(40 + k) in text for k in range(5))
    assert "largest difference  3.68e−11  (∂y/∂x2, numeric and symbolic)" in text
    if precision is None:
        assert text.count("1.7163378145367738") == 4


def test_a_nan_is_a_difference(lecture: Graph, differentiated: Run) -> None:
    first = differentiated(lecture, [2.0, 5.0], "backprop")
    other = replace(first, mode="numeric", gradient={"x1": math.nan, "x2": 0.0})
    assert "largest difference  nan  (∂y/∂x1, numeric and backprop)" in shown(compare_report([first, other]))


def test_a_big_graph_is_cut_and_says_so(differentiated: Run) -> None:
    graph = Graph()
    x = y = Node(graph, graph.input("x"))
    for _ in range(30_000):
        y = sin(y) + x
    graph.outputs = [y.id]
    text = shown(grad_report(differentiated(graph, [0.3], "backprop")))
    assert "… 59,961 more rows; --format json holds them all" in text
    assert " v60001  = v60000 + v1" in text
    assert text.count("\n") < 200
    # The sum of 30,000 terms is cut as well.
    assert "+ …" in text


@pytest.mark.parametrize("width", WIDTHS)
def test_long_sums_and_formulas_wrap_between_terms(differentiated: Run, width: int) -> None:
    graph = Graph()
    x, w = Node(graph, graph.input("x")), Node(graph, graph.input("a_weight_with_a_long_name"))
    y = (x**3 * w - x / w) * x + sin(x * w) / w + x * x * w * x * w + absolute(x - x)
    graph.outputs = [y.id]
    result = differentiated(graph, [-1.23456789e-5, 123.456789], "backprop")
    for precision in (6, 12, None):
        text = shown(grad_report(result, precision), width)
        assert "…" not in text
        assert all(number(value, precision, UNICODE) in text for value in (*result.values, *result.gradient.values()))
    assert "corner: " in text


def test_full_precision_is_not_cut(lecture: Graph, differentiated: Run) -> None:
    text = shown(grad_report(differentiated(lecture, [2.0, 5.0], "backprop"), None))
    for digits in ("11.652071455223084", "−0.9589242746631385", "0.6931471805599453", "1.7163378145367738"):
        assert digits in text


def test_many_inputs(differentiated: Run) -> None:
    graph = Graph()
    y = Node(graph, graph.input("x0"))
    for k in range(1, 90):
        y = y + Node(graph, graph.input(f"x{k}")) * float(k)
    graph.outputs = [y.id]
    text = lines(grad_report(differentiated(graph, [1.0] * 90, "backprop")))
    assert " ∂y/∂x0 = 1      ∂y/∂x1 = 1      ∂y/∂x2 = 2      ∂y/∂x3 = 3      ∂y/∂x4 = 4" in text
    assert text[-1] == " … 50 more derivatives; --format json holds them all"


@pytest.mark.parametrize("mode", ["forward", "backprop", "eval"])
@pytest.mark.parametrize("width", [20, 40, *WIDTHS])
def test_hostile_names(hostile: Graph, differentiated: Run, width: int, mode: str) -> None:
    result = differentiated(hostile, [1.0] * len(hostile.inputs), mode)
    text = shown(grad_report(result), width)
    flat = "".join(text.split())
    assert "[red]x[/red]" in flat
    assert "new\\nline" in flat
    assert "\\x1b[31mred" in flat
    assert "tab\\tbed" in flat
    assert not set(text) & set("\x1b\r\t")


def test_colours_only_for_the_way_back(lecture: Graph, differentiated: Run) -> None:
    result = differentiated(lecture, [2.0, 5.0], "backprop")
    text = shown(grad_report(result), colour=True)
    red = [line for line in text.splitlines() if "\x1b[31m" in line]
    assert len(red) == 7
    assert all("v̄" in line for line in red)
    assert "\x1b[" not in shown(grad_report(result))


@pytest.mark.parametrize("width", WIDTHS)
def test_ops(width: int) -> None:
    text = shown(ops_report(), width)
    assert "the natural logarithm" in text
    assert ("x > 0" in text.split("ln(x)")[1].splitlines()[0]) == (width >= 100)
    rows = {row[0]: row for row in ops()}
    assert rows["a·b"][2] == "∂a: b; ∂b: a"
    assert rows["relu(x)"][2] == "1 where x > 0"
    assert rows["a < b"][2] == "0"


@pytest.mark.parametrize("width", range(1, 40))
def test_wrap_loses_nothing(width: int) -> None:
    text = "v̄14·∂v14/∂v1 + sin(sin(sin(sin(x)))) − 1.2345e−5·x"
    broken = wrap(text, width)
    assert "".join("".join(broken).split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in broken)
    if width > 12:
        assert any("1.2345e−5" in line for line in broken)
