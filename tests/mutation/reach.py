"""Which tests reach which lines, and how long each of them takes: one run of them all without a fault."""

from __future__ import annotations

import ast
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import pytest

from autodiffcli.graph import Graph
from autodiffcli.primitive import Primitive
from tests.mutation.mutants import Mutant
from tests.mutation.plant import forget, path_of

__all__ = ["GLOBALS", "Reach", "Reports", "measure", "perform"]

Function = ast.FunctionDef | ast.Lambda

GLOBALS: dict[pytest.Item, dict[str, Any]] = {}
"""The names that a doctest begins with."""


class Reports:
    """Whether the tests that run pass: a plugin of pytest."""

    def __init__(self) -> None:
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure."""
        self.failed = self.failed or report.failed


class Reach(NamedTuple):
    """What one run found: seconds by test, tests by line of a module and by primitive."""

    seconds: dict[pytest.Item, float]
    lines: dict[str, dict[int, set[pytest.Item]]]
    applied: dict[str, set[pytest.Item]]

    def tests(self, mutant: Mutant) -> set[pytest.Item]:
        """Return the tests that run the mutant's line, or where that runs at the import, those that use what it makes.

        Of a line in a function that no test is seen to reach, those that reach the function.
        """
        around = [f for f in _functions(mutant.module) if f.lineno <= mutant.line <= (f.end_lineno or 0)]
        running = set(self.lines[mutant.module].get(mutant.line, ())) if around else set()
        found = set(running)
        if around and not found:
            found = self._inside(mutant.module, min(around, key=lambda f: (f.end_lineno or 0) - f.lineno))
        if not running or all(isinstance(f, ast.Lambda) for f in around):
            names = _spread(mutant.module, mutant.names)
            for name in names:
                found |= self.applied[getattr(getattr(sys.modules[mutant.module], name), "name", "")]
            for module in self.lines:
                for f in _functions(module):
                    if not names.isdisjoint(_mentioned(f)):
                        found |= self._inside(module, f)
            found |= self.seconds.keys() - self._runners()  # which read declarations
            if not names & {name for module in self.lines for f in _functions(module) for name in _mentioned(f)}:
                found |= set().union(*self.lines[mutant.module].values())  # used from elsewhere
        return found

    def _runners(self) -> set[pytest.Item]:
        reached = [*self.applied.values(), *(items for lines in self.lines.values() for items in lines.values())]
        return set().union(*reached)

    def _inside(self, module: str, f: Function) -> set[pytest.Item]:
        lines = self.lines[module]
        return {item for line in range(f.lineno, (f.end_lineno or 0) + 1) for item in lines.get(line, ())}


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(path_of(module).read_text(encoding="utf-8"))


@cache
def _functions(module: str) -> list[Function]:
    return [node for node in ast.walk(_tree(module)) if isinstance(node, Function)]


@cache
def _mentioned(node: ast.AST) -> set[str]:
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}


def _spread(module: str, names: Iterable[str]) -> set[str]:
    """Return names of a module with those that are made of them at its import."""
    found = set(names)
    for statement in _tree(module).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            inner = [f for f in ast.walk(statement) if isinstance(f, ast.Lambda)]
            hidden = {id(n) for f in inner for n in ast.walk(f)}
            used = {n.id for n in ast.walk(statement.value) if isinstance(n, ast.Name) and id(n) not in hidden}
            if not used.isdisjoint(found):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                found |= {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    return found


def perform(item: pytest.Item) -> None:
    """Run a test, again if it has run before."""
    if isinstance(item, pytest.DoctestItem):
        item.dtest.globs = dict(GLOBALS[item])  # which it empties
    item.ihook.pytest_runtest_protocol(item=item, nextitem=None)


def measure(items: list[pytest.Item], modules: list[str], reports: Reports) -> Reach:
    """Run every test; those that fail are left out."""
    from coverage import Coverage

    applied: dict[str, set[pytest.Item]] = defaultdict(set)
    seconds: dict[pytest.Item, float] = {}
    apply, call = Graph.apply, Primitive.__call__

    def watched_apply(graph: Graph, op: Primitive, *rest: Any, **more: Any) -> int:
        applied[op.name].add(item)
        return apply(graph, op, *rest, **more)

    def watched_call(op: Primitive, *xs: Any) -> Any:
        applied[op.name].add(item)
        return call(op, *xs)

    watch = Coverage(data_file=None, include=[str(path_of(name)) for name in modules], config_file=False)
    Graph.apply, Primitive.__call__ = watched_apply, watched_call  # type: ignore
    ours = [module for name, module in sys.modules.items() if name.startswith("autodiffcli")]
    watch.start()
    for item in items:
        if isinstance(item, pytest.DoctestItem):
            GLOBALS[item] = dict(item.dtest.globs)
        forget(ours)  # of what is kept no line runs
        watch.switch_context(item.nodeid)
        start = time.process_time()
        perform(item)
        seconds[item] = time.process_time() - start
        if reports.failed:
            print(f"left out, since it fails where no fault is planted: {item.nodeid}", flush=True)
            del seconds[item]
            reports.failed = False
    watch.stop()
    Graph.apply, Primitive.__call__ = apply, call  # type: ignore[method-assign]
    data, by_name = watch.get_data(), {item.nodeid: item for item in seconds}
    lines = {}
    for name in modules:
        contexts = data.contexts_by_lineno(str(path_of(name)))
        lines[name] = {line: {by_name[c] for c in found if c in by_name} for line, found in contexts.items()}
    return Reach(seconds, lines, applied)
