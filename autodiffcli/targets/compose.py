"""What every language's source is put together from: names, statements, results and helpers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autodiffcli.targets.formulas import check_orders
from autodiffcli.targets.function import Body, Function, Target
from autodiffcli.targets.names import fresh_prefix, function_name, safe_names
from autodiffcli.targets.structured import taken_apart

__all__ = ["Composed", "compose"]


class Composed(NamedTuple):
    """A function in a language, before its frame is put around it.

    names:      what the parameters are called, by their own names. parameters: the same, in order.
    locals:     what the inputs are called, in order. taken: the code that takes out those that a parameter holds.
    statements: that make the locals. results: the expressions of the outputs. helpers: definitions, in order.
    """

    name: str
    names: dict[str, str]
    parameters: Sequence[str]
    statements: Sequence[str]
    results: Sequence[str]
    helpers: Sequence[str]
    locals: Sequence[str]
    taken: dict[str, str]


def compose(function: Function, target: Target) -> Composed:
    """Write a function's body. Raises RequestError for a name, a function or an order that the language lacks."""
    graph = function.graph
    check_orders(graph)
    name = function_name(function.name, target.reserved, target.language)
    structures = graph.structures if target.structures else {}
    own = safe_names([*graph.inputs, *structures], {*target.reserved, name})
    body = Body(target)
    inputs = {i: own[text] for text, i in graph.inputs.items()}
    statements, results = body.write(graph, inputs, fresh_prefix([*own.values(), name]))
    names, taken = taken_apart(graph, own) if structures else ({text: own[text] for text in graph.inputs}, {})
    helpers = list(body.helpers.values())
    return Composed(name, names, list(names.values()), statements, results, helpers, list(inputs.values()), taken)
