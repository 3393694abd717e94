"""How a function is written with its arguments' names, as its declaration calls them: a / b, log(x, b)."""

from __future__ import annotations

from inspect import signature

from autodiffcli.graph import Graph
from autodiffcli.language.write import PLAIN, Style, write
from autodiffcli.primitive import Gate, Primitive

__all__ = ["argument_names", "call_of"]


def argument_names(op: Primitive) -> list[str]:
    """Return the arguments' names as the declaration's own rules call them.

    >>> from autodiffcli.primitives import div, log
    >>> argument_names(div), argument_names(log)
    (['a', 'b'], ['x', 'b'])
    """
    size = op.arity[1] if op.arity[1] is not None else max(op.arity[0], 2)
    functions = [op.formula]
    for partial in op.rules(size):
        if isinstance(partial, Gate):
            functions.append(partial.condition)
        elif callable(partial) and not isinstance(partial, float):
            functions.append(partial)
    for function in functions:
        if function is None:
            continue
        names = [name for name, p in signature(function).parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
        if len(names) in (size, size + 1):
            return names[-size:]
    return ["x"] if size == 1 else [chr(ord("a") + k) if size <= 20 else f"x{k}" for k in range(size)]


def call_of(op: Primitive, names: list[str], style: Style = PLAIN) -> str:
    """Return a primitive applied to arguments of these names.

    >>> from autodiffcli.primitives import div, ln
    >>> call_of(div, ["a", "b"]), call_of(ln, ["x"])
    ('a/b', 'ln(x)')
    """
    graph = Graph(share=False)
    args = [graph.input(name) for name in names]
    return write(graph, graph.apply(op, tuple(args)), style)
