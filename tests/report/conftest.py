"""Runs for the renderers: the results of a sweep, filled in by hand from the chain rule alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from autodiffcli.backends.protocol import Gradient, Sweep
from autodiffcli.chain import Edge, pull, push
from autodiffcli.graph import Graph, Node
from autodiffcli.interpreter import run
from autodiffcli.primitives import ln, sin

Run = Callable[..., Gradient]


@pytest.fixture
def lecture() -> Graph:
    """The lecture's example, its nodes in the lecture's order."""
    graph = Graph("ln(x1)+x1*x2-sin(x2)")
    x1, x2 = (Node(graph, graph.input(name)) for name in ("x1", "x2"))
    a, b, c = ln(x1), x1 * x2, sin(x2)
    graph.outputs = [(a + b - c).id]
    return graph


@pytest.fixture
def differentiated() -> Run:
    def differentiate(graph: Graph, point: Sequence[float], mode: str) -> Gradient:
        values, output = run(graph, point), graph.outputs[0]
        result = Gradient(mode, graph, len(graph), values[output], {}, values, passes=1)
        if mode == "forward":
            for name, i in graph.inputs.items():
                edges: list[Edge] = []
                dots = push(graph, values, {i: 1.0}, edges)
                result.sweeps.append(Sweep(name, dots, edges))
                result.gradient[name] = dots[output] or 0.0
        elif mode == "backprop":
            edges = []
            bars = pull(graph, values, output, graph.depends(graph.inputs.values()), 1.0, edges)
            result.sweeps.append(Sweep("", bars, edges))
            result.gradient = {name: bars[i] or 0.0 for name, i in graph.inputs.items()}
        return result

    return differentiate


@pytest.fixture
def hostile() -> Graph:
    """A graph whose inputs' names are somebody's attack on a terminal or a document."""
    names = (
        "[red]x[/red]",
        "a|b",
        "p&q",
        "<b>bold</b>",
        "snake_case_",
        "new\nline",
        "\x1b[31mred",
        "tab\tbed",
        '"=1+1"',
        "$x^2$",
    )
    graph = Graph("hostile")
    total = None
    for name in names:
        x = Node(graph, graph.input(name))
        total = x * 2.0 if total is None else total + x * 2.0
    assert total is not None
    graph.outputs = [total.id]
    return graph
