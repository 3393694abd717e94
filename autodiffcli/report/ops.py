"""The table of primitives, from their declarations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from autodiffcli.graph import Graph, Node
from autodiffcli.language.signatures import argument_names, call_of
from autodiffcli.language.write import LATEX, UNICODE, number, write
from autodiffcli.primitive import PRIMITIVES, Gate, Primitive
from autodiffcli.report.table import Cell, Column, Table
from autodiffcli.tracing.rules import Rule, rule

if TYPE_CHECKING:
    from autodiffcli.primitives.tensor_functions import ArrayFunction

__all__ = ["ops", "ops_data"]


def ops(functions: Iterable[Primitive | ArrayFunction] | None = None) -> Table:
    """Return what every function is: how it is written, its meaning, derivative, domain, synonyms and LaTeX.

    That of a function of arrays is what comes of the adjoint ȳ of its value to each of its arguments.
    """
    from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS, ArrayFunction

    columns = (
        Column("function"),
        Column("meaning"),
        Column("derivative"),
        Column("defined for", wide=100),
        Column("synonyms", wide=120),
        Column("LaTeX", wide=150),
    )
    rows = []
    everything: list[Primitive | ArrayFunction] = [*PRIMITIVES.values(), *ARRAY_FUNCTIONS.values()]
    for op in everything if functions is None else functions:
        if op.name.startswith("_"):
            continue
        if isinstance(op, ArrayFunction):
            rows.append((_called(op), _meaning(op), _adjoints(op), "", "", ""))
            continue
        names = argument_names(op)
        written = [call_of(op, names, style) for style in (UNICODE, LATEX)]
        rows.append((written[0], op.meaning, _derivative(op, names), op.domain, ", ".join(op.synonyms), written[1]))
    return Table.of("functions", columns, rows)


def ops_data(functions: Iterable[Primitive | ArrayFunction] | None = None) -> list[dict[str, Cell]]:
    """Return the same as JSON-ready data."""
    table = ops(functions)
    keys = [column.name.lower().replace(" ", "_") for column in table.columns]
    return [dict(zip(keys, row, strict=True)) for row in table]


def _called(function: ArrayFunction) -> str:
    """Return how a function of arrays is called; one without arrays, by its parameters."""
    operands = ["A", "B"][: function.least] + ["..."] * (function.most is None)
    return f"{function.name}({', '.join(operands or function.parameters)})"


def _meaning(function: ArrayFunction) -> str:
    """Return the meaning, and the parameters that may be given beside arrays."""
    more = f"; by {', '.join(function.parameters)}" if function.least and function.parameters else ""
    return function.meaning + more


def _adjoints(function: ArrayFunction) -> str:
    if not function.adjoints:
        return "none"
    return "; ".join(f"∂{name}: {text}" for name, text in zip("AB", function.adjoints, strict=False))


def _derivative(op: Primitive, names: list[str]) -> str:
    """Return the partial derivatives as formulas of the arguments and of y, the value."""
    found = []
    for k, partial in enumerate(op.rules(len(names))):
        slope = rule(op, len(names), k, (None,) * len(names))
        if partial is None:
            text = "none"
        elif not isinstance(slope, Rule):
            text = "?" if slope is None else number(slope, style=UNICODE)
        else:
            text = _renamed(slope.graph, slope.node, names)
        if isinstance(partial, Gate):
            graph = Graph()
            operands = [Node(graph, graph.input(f"x{i}")) for i in range(len(names) + 1)]
            condition = partial.condition(*operands)
            text += f" where {_renamed(graph, condition.id, names)}"
        found.append(text)
    if len(found) == 1 or set(found) == {"0"}:
        return found[0]
    return "; ".join(f"∂{name}: {text}" for name, text in zip(names, found, strict=True))


def _renamed(graph: Graph, node: int, names: list[str]) -> str:
    called = dict(zip(graph.inputs.values(), ("y", *names), strict=True))
    return write(graph, node, UNICODE, called.get, 200)
