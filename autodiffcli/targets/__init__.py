"""From a graph to the source of a function, in the languages that `TARGETS` names."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from autodiffcli.graph import Graph
from autodiffcli.partials import Index
from autodiffcli.targets.function import Function
from autodiffcli.targets.sql import Table, query

__all__ = ["TARGETS", "function_source", "table_query"]

TARGETS = ("python", "numpy", "c", "javascript", "latex")
"""What code can be written in, each by the module of that name."""


def function_source(graph: Graph, wrt: Sequence[str], indices: Sequence[Index], to: str, name: str) -> str:
    """Return the source of a function whose results are the graph's outputs, the derivatives by `indices`.

    wrt: the names that the positions in an index stand for.
    Raises RequestError for a name that the language does not allow, and for a function that it does not have.

    >>> from autodiffcli.language.parser import parse
    >>> print(function_source(parse("x*y"), ["x"], [()], "latex", "f"), end="")
    % x*y
    f = x \\cdot y
    """
    module = import_module(f"autodiffcli.targets.{to}")
    source: str = module.source(_function(graph, wrt, indices, name))
    return source


def table_query(graph: Graph, wrt: Sequence[str], indices: Sequence[Index], dialect: str, table: Table) -> str:
    """Return SQL that selects a graph's outputs, the derivatives by `indices`, for the rows of a table.

    Raises RequestError for names that a table cannot have, and for a function that the dialect does not have.
    """
    return query(_function(graph, wrt, indices, "a query"), dialect, table)


def _function(graph: Graph, wrt: Sequence[str], indices: Sequence[Index], name: str) -> Function:
    return Function(name, graph, tuple(tuple(wrt[v] for v in m) for m in indices))
