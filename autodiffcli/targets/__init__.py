"""From a graph to the source of a function, in the languages that `TARGETS` names."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from autodiffcli.graph import Graph
from autodiffcli.partials import Index
from autodiffcli.targets.function import Function

__all__ = ["TARGETS", "function_source"]

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
    source: str = module.source(Function(name, graph, tuple(tuple(wrt[v] for v in m) for m in indices)))
    return source
