"""Dicts and tuples in generated Python: parameters that are taken apart, and gradients put together in their form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autodiffcli.graph import Graph
from autodiffcli.structures import folded, leaves, path_text, quoted, regrouped
from autodiffcli.targets.function import Function

__all__ = ["grouped", "labels", "taken_apart"]


def taken_apart(graph: Graph, names: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the parameters by their own names, and for each leaf of a structure the code that takes it out.

    names: what the code calls inputs and structures.
    """
    taken: dict[str, str] = {}
    owners: dict[str, str] = {}
    for name, form in graph.structures.items():
        for leaf in leaves(form):
            own = path_text(name, leaf.path)
            taken[own], owners[own] = path_text(names[name], leaf.path), name
    tops = dict.fromkeys(owners.get(name, name) for name in graph.inputs)
    return {name: names[name] for name in tops}, taken


def labels(function: Function) -> list[str]:
    """Return what each result is, the derivatives by a structure being one."""
    if not function.graph.structures:
        return function.labels
    return ["value" if name == "" else f"d_{name}" for name in _regrouped(function, function.labels)]


def grouped(function: Function, results: Sequence[str]) -> list[str]:
    """Return the code of each result, the derivatives by a structure as that structure."""
    return [_written(value) for value in _regrouped(function, results).values()]


def _regrouped(function: Function, results: Sequence[str]) -> dict[str, Any]:
    by_name = {"_".join(names): text for names, text in zip(function.derivatives, results, strict=True)}
    return regrouped(by_name, function.graph.structures)


def _written(value: Any) -> str:
    def make(form: Any, made: list[str]) -> str:
        if isinstance(form, Mapping):
            return "{" + ", ".join(f"{quoted(key)}: {text}" for key, text in zip(form, made, strict=True)) + "}"
        if isinstance(form, list):
            return f"[{', '.join(made)}]"
        return f"({', '.join(made)}{',' * (len(made) == 1)})"

    return str(folded(value, (leaf.value for leaf in leaves(value)), make))
