"""Plant a mutant in a process that has the package and its tests loaded."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from autodiffcli import primitive

__all__ = ["ROOT", "compiled", "forget", "path_of", "plant"]

ROOT = Path(__file__).parents[2]
DECLARATIONS = "autodiffcli.primitives."


def path_of(module: str) -> Path:
    """Return the file of a module."""
    return ROOT / (module.replace(".", "/") + ".py")


@cache
def compiled() -> dict[str, CodeType]:
    """Return the code of each module of declarations, those that others import first."""
    imports = {}
    for name in [name for name in sys.modules if name.startswith(DECLARATIONS)]:
        tree = ast.parse(path_of(name).read_text(encoding="utf-8"))
        froms = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        found = {n for node in froms for n in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))}
        imports[name] = {other for other in found if other and other in sys.modules and other.startswith(DECLARATIONS)}
    order = TopologicalSorter(imports).static_order()
    return {name: compile(path_of(name).read_text(encoding="utf-8"), path_of(name), "exec") for name in order}


def plant(module: str, source: str, namespaces: Iterable[dict[str, Any]]) -> None:
    """Run a module of another source in place of it, and whatever was made of it again.

    Primitives stay the objects that they are and are declared anew; what else other modules have imported, or the given
    namespaces hold, is exchanged.
    """
    code = compile(source, path_of(module), "exec")
    codes = {module: code} if module not in compiled() else compiled() | {module: code}
    modules = [m for name, m in sys.modules.items() if name.startswith(("autodiffcli", "tests.")) and m is not None]
    before = {name: dict(vars(sys.modules[name])) for name in codes}
    if module in compiled():
        known = dict(primitive.PRIMITIVES)
        primitive.Primitive.__new__ = lambda cls, name: known.pop(name, None) or object.__new__(cls)  # type: ignore
        for table in (primitive.PRIMITIVES, primitive.FUNCTIONS, primitive.Operators.table):
            table.clear()
    for name, new in codes.items():
        exec(new, vars(sys.modules[name]))
    if module in compiled():
        known.clear()
    exchanged: dict[int, Any] = {}
    for name, old in before.items():
        now = vars(sys.modules[name])
        exchanged |= {id(value): now[k] for k, value in old.items() if not k.startswith("__") and now[k] is not value}
    for namespace in [*map(vars, modules), *namespaces]:
        for k, value in list(namespace.items()):
            if id(value) in exchanged:
                namespace[k] = exchanged[id(value)]
    forget(modules)


def forget(modules: Iterable[ModuleType]) -> None:
    """Empty the caches of the package."""
    for module in modules:
        for value in vars(module).values():
            if hasattr(type(value), "cache_clear") and str(value.__module__).startswith("autodiffcli"):
                value.cache_clear()
