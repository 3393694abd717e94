"""What is given as an expression: its text, or its graph."""

from __future__ import annotations

from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.language.parser import parse

__all__ = ["graph_of", "of_one_output"]


def graph_of(expression: str | Graph) -> Graph:
    """Return the graph of an expression. Raises RequestError for its syntax."""
    return parse(expression) if isinstance(expression, str) else expression


_SEVERAL = "adcalc jacobian takes several; or take one of them at a time"


def of_one_output(expression: str | Graph, wanted: str, hint: str = _SEVERAL) -> Graph:
    """Return the graph of an expression that has one output; `wanted`, "a gradient has one output", says who asks.

    Raises RequestError for its syntax, and for several outputs.
    """
    graph = graph_of(expression)
    if len(graph.outputs) != 1:
        raise RequestError(f"{wanted}, and this expression has {len(graph.outputs)}", hint=hint)
    return graph
