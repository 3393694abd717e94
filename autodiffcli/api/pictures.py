"""Pictures for Python: an expression's graph, and the backward graph that extends it, in any format."""

from __future__ import annotations

from collections.abc import Iterable

from autodiffcli.api.expressions import Point, chosen, of_one_output
from autodiffcli.api.gradients import evaluation
from autodiffcli.drawing import Picture, picture, render
from autodiffcli.graph import Graph

__all__ = ["draw", "pictured"]


def draw(
    expression: str | Graph,
    format: str = "dot",
    *,
    at: Point | None = None,
    backward: bool = False,
    wrt: Iterable[str] | None = None,
    optimize: bool = False,
    rankdir: str = "LR",
    precision: int | None = None,
) -> str | bytes:
    """Return the graph of an expression: text, dot, mermaid and json as str; svg, png and html as bytes.

    at:        values of the inputs, to put a value on each node.
    backward:  extend the graph by every adjoint and partial adjoint; wrt: of these inputs only.
    optimize:  merge equal nodes, fold constants and drop what is unused, changing no bit of any value.
    rankdir:   LR or TB: inputs at the left or at the top.
    precision: significant digits of values; by default 6 in pictures, else all.

    Raises RequestError (syntax, names, format, too many nodes for a picture, the extra `graph` missing) and MathError
    (the value at the point is undefined).

    >>> print(draw("exp(x1)*(exp(x1)+1)", "text", backward=True, optimize=True))
    v1 = x1
    v2 = exp(v1)
    v3 = v2 + 1
    v4 = v2*v3
    v̄2 = v3 + v2
    v̄1 = v̄2*v2
    v̄4 = 1
    v̄3 = v2
    v̄2→4 = v3
    v̄2→3 = v2
    y = v4
    ∂y/∂x1 = v̄1
    nodes: 10 before, 6 after
    edges: 13 before, 8 after
    <BLANKLINE>
    """
    drawn = pictured(expression, at, backward=backward, wrt=wrt, optimize=optimize)
    rendered = render(drawn, format, rankdir, precision)
    return rendered if isinstance(rendered, bytes) else "".join(rendered)


def pictured(
    expression: str | Graph,
    at: Point | None = None,
    *,
    backward: bool = False,
    wrt: Iterable[str] | None = None,
    optimize: bool = False,
) -> Picture:
    """Return the picture that `draw` writes. Raises RequestError and MathError as it does."""
    graph = of_one_output(expression, "a picture has one output")
    point = None
    if at is not None:
        values = evaluation(graph, at).values
        point = [values[i] for i in graph.inputs.values()]
    names = chosen(graph, wrt) if backward or wrt is not None else None
    return picture(graph, names, point, optimize)
