"""What is given as an expression: its text, or its graph."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from operator import index
from typing import Any

from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import fitted
from autodiffcli.language.parser import normalised, parse
from autodiffcli.language.point import arrange, forms, parse_point
from autodiffcli.structures import leaves, path_text, quoted

__all__ = ["Point", "chosen", "entrywise", "graph_of", "of_one_output", "point_of", "shapes_known", "whole"]


Point = Mapping[str, Any] | str
"""Values of the inputs: a text as --at takes it, or a mapping to numbers, arrays, lists, tuples and dicts."""


def point_of(at: Point) -> dict[str, Any]:
    """Return a point's values as floats, float64 arrays, and structures of them. Raises RequestError."""
    if isinstance(at, str):
        return parse_point(at)
    from autodiffcli.language.values import from_python

    if not isinstance(at, Mapping):
        raise RequestError(f"a point is a text or a mapping, not {at!r:.40}", hint='write "x=2" or {"x": 2}')
    if strange := [key for key in at if not isinstance(key, str)]:
        raise RequestError(f"the name of an input is a text, not {strange[0]!r:.40}", hint='write {"x": 2}')
    return {(name := normalised(key)): from_python(name, value) for key, value in at.items()}


def graph_of(expression: str | Graph, at: Point | None = None) -> Graph:
    """Return the graph of an expression, whose inputs have the shapes and structures that they have at a point.

    Raises RequestError for its syntax.
    """
    if isinstance(expression, Graph):
        return expression
    return parse(expression, **forms(point_of(at))) if at else parse(expression)


def entrywise(
    graph: Graph, at: Point, wrt: Iterable[str] | None = None
) -> tuple[Graph, dict[str, Any], list[str] | None]:
    """Return a graph of arrays as that of their entries, with the point and the names to differentiate by.

    A graph whose inputs and outputs are numbers comes back as it is. Raises RequestError for names of no input.
    """
    point, names = point_of(at), None if wrt is None else chosen(graph, wrt)
    if not (graph.shapes.keys() & {*graph.inputs.values(), *graph.outputs}):
        return graph, point, names
    from autodiffcli.passes.entries import by_entries, entry_name, places
    from autodiffcli.tracing.quantities import output_name

    values = zip(graph.inputs, fitted(graph, arrange(point, graph)), strict=True)
    shapes = {name: graph.shape(i) for name, i in graph.inputs.items()}
    spread = {
        entry_name(name, place): float(value[place] if place else value)
        for name, value in values
        for place in places(shapes[name])
    }
    if names is not None:
        names = [entry_name(name, place) for name in names for place in places(shapes[name])]
    return by_entries(graph, output_name(graph.inputs)), spread, names


def chosen(graph: Graph, wrt: Iterable[str] | None) -> list[str]:
    """Return the inputs to differentiate by, all leaves of a structure: a text is one name.

    Raises RequestError for what is no input.
    """
    if wrt is None:
        return list(graph.inputs)
    wrt = [wrt] if isinstance(wrt, str) or not isinstance(wrt, Iterable) else list(wrt)
    if strange := [name for name in wrt if not isinstance(name, str)]:
        raise RequestError(f"wrt names inputs, and {strange[0]!r:.40} is no name", hint='write "x" or ["x", "y"]')
    names = list(dict.fromkeys(leaf for name in wrt for leaf in _leaf_names(graph, normalised(name))))
    for name in names:
        if name not in graph.inputs:
            inputs = ", ".join(list(graph.inputs)[:8]) or "none"
            raise RequestError(f"'{name}' is not an input of the expression", hint=f"its inputs: {inputs}")
    return names


_MEMBER = re.compile(r'"(?:[^"\\]|\\.)*"|\.([^\W\d]\w*)')
"""A key in quotes, which stays as it is, or one after a dot."""


def _leaf_names(graph: Graph, name: str) -> list[str]:
    """Return the leaves of what a name stands for: an input, or a part of a structure, d["cat"] or d.cat."""
    root = re.split(r"[.\[]", name, maxsplit=1)[0]
    if name in graph.inputs or root not in graph.structures:
        return [name]
    place = _MEMBER.sub(lambda found: f"[{quoted(found[1])}]" if found[1] else found[0], name)
    names = [path_text(root, leaf.path) for leaf in leaves(graph.structures[root])]
    return [leaf for leaf in names if leaf == place or leaf.startswith(f"{place}[")] or [name]


_OF_NUMBERS = ("stack", "broadcast", "reshape")
"""Operations on whole arrays that make an array of numbers."""


def shapes_known(graph: Graph) -> None:
    """Raise RequestError where a function of arrays takes a number that depends on an input.

    For what is made without a point, formulas and code: there the shapes of inputs are not known.
    """
    moving = graph.depends(graph.inputs.values())
    for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        of_array = op.shape is not None or (len(args) == 1 and op.arity[1] is None)  # sum(X); min(X)
        if of_array and op.name not in _OF_NUMBERS and moving[i] and not any(map(graph.shape, args)):
            name = next(n for n, k in graph.inputs.items() if graph.depends([k])[i])
            raise RequestError(
                f"{op.symbol} takes an array, and without --at the shape of '{name}' is not known",
                source=graph.source,
                span=graph.span(i),
                hint=f"give it a value, of which the shape alone matters: --at '{name}=zeros(2, 3)'",
            )


def whole(order: int) -> int:
    """Return an order of differentiation. Raises RequestError for what is no whole number.

    >>> whole(2)
    2
    """
    try:
        return index(order)
    except TypeError:
        raise RequestError(f"an order is a whole number, not {order!r:.40}") from None


_SEVERAL = "adcalc jacobian takes several; or take one of them at a time"


def of_one_output(expression: str | Graph, wanted: str, hint: str = _SEVERAL, at: Point | None = None) -> Graph:
    """Return the graph of an expression that has one output; `wanted`, "a gradient has one output", says who asks.

    Raises RequestError for its syntax, and for several outputs.
    """
    graph = graph_of(expression, at)
    if len(graph.outputs) != 1:
        raise RequestError(f"{wanted}, and this expression has {len(graph.outputs)}", hint=hint)
    return graph
