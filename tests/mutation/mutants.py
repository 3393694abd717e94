"""The mutants of a module: its source with one small fault each, as cosmic-ray's operators plant them.

Of operators that find the same one is used: a number is made greater by 1, `+` becomes `-` and `*` becomes `/`, an
inequality takes its boundary in or leaves it out, or is turned round. Nothing is planted in annotations, in points to
test at, and in the sizes of caches, which promise nothing.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Mutant", "mutants"]

BINARY = {"Add": "Sub", "Sub": "Add", "Mul": "Div", "Div": "Mul", "Pow": "Mul", "Mod": "Mul", "FloorDiv": "Mul",
          "BitXor": "BitAnd", "BitAnd": "BitOr", "LShift": "RShift", "RShift": "LShift"}  # fmt: skip
COMPARISON = {"Eq": "NotEq", "NotEq": "Eq", "Lt": "LtE Gt", "LtE": "Lt Gt", "Gt": "GtE Lt", "GtE": "Gt Lt",
              "Is": "IsNot", "IsNot": "Is"}  # fmt: skip
OPERATORS = [
    "NumberReplacer",
    *(f"ReplaceBinaryOperator_{a}_{b}" for a, b in BINARY.items()),
    *(f"ReplaceComparisonOperator_{a}_{b}" for a, others in COMPARISON.items() for b in others.split()),
    *("ReplaceUnaryOperator_Delete_USub", "ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_Invert"),
    *("AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue"),
    *("ReplaceContinueWithBreak", "ReplaceBreakWithContinue", "ZeroIterationForLoop", "ExceptionReplacer"),
]
LEFT_OUT = ("samples=", "@lru_cache(", "«* → /»,")


class Mutant(NamedTuple):
    """A source with a fault: the module, what encloses the fault there, its line, and the line with the change marked.

    `names` are those that the statement binds in the module.
    """

    module: str
    scope: str
    line: int
    change: str
    names: tuple[str, ...]
    source: str

    @property
    def key(self) -> str:
        """What names the mutant where its line has moved."""
        return f"{self.module.removeprefix('autodiffcli.')}.{self.scope}: {self.change}"


def mutants(path: Path, module: str) -> Iterator[Mutant]:
    """Yield the mutants of a module that differ from it, and from each other, in meaning."""
    from cosmic_ray.ast import get_ast
    from cosmic_ray.plugins import get_operator

    operators = [get_operator(f"core/{name}")() for name in OPERATORS]
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    tree = get_ast(source)
    for statement in tree.children:
        first, (last, column) = statement.start_pos[0], statement.end_pos
        last -= column == 0  # it ends with its line
        head, tail = "".join(lines[: first - 1]), "".join(lines[last:])
        text = "".join(lines[first - 1 : last])
        seen: set[str | None] = {_meaning(text), None}
        keys = Counter[str]()
        for node, changed in _changed(tree, statement, operators, first, last):
            meaning = _meaning(changed)
            if meaning in seen:
                continue
            seen.add(meaning)
            line, change = _change(text, changed)
            mutant = Mutant(module, _scope(node), first + line, change, _bound(text), head + changed + tail)
            keys[mutant.key] += 1
            if keys[mutant.key] > 1:
                mutant = mutant._replace(change=f"{change} ({keys[mutant.key]})")
            if not change.startswith(LEFT_OUT):
                yield mutant


def _changed(tree: Any, statement: Any, operators: list[Any], first: int, last: int) -> Iterator[tuple[Any, str]]:
    """Yield each node of a statement with the statement's text after each change to it; the tree is left as it was."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        waiting += reversed(getattr(node, "children", []))
        for operator in operators:
            places = len(list(operator.mutation_positions(node)))
            for index in range(min(places, 1) if node.type == "number" else places):  # not made less by 1
                parts = [(part, part.value) for part in _leaves(node)]
                families = [(part, list(part.children)) for part in _branches(node)]
                place = node.parent.children.index(node)
                node.parent.children[place] = operator.mutate(node, index)
                yield node, "".join(tree.get_code().splitlines(keepends=True)[first - 1 : last])
                node.parent.children[place] = node
                for part, value in parts:
                    part.value = value
                for part, children in families:
                    part.children = children


def _leaves(node: Any) -> list[Any]:
    return [node] if hasattr(node, "value") else [leaf for child in node.children for leaf in _leaves(child)]


def _branches(node: Any) -> list[Any]:
    return [node, *(b for child in node.children for b in _branches(child))] if hasattr(node, "children") else []


def _meaning(text: str) -> str | None:
    """Return what a statement says without its annotations; None if it says nothing."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


def _change(old: str, new: str) -> tuple[int, str]:
    """Return the number of the line that differs, and its text with the change marked."""
    pairs = zip(old.splitlines(), new.splitlines(), strict=False)
    line, (a, b) = next((k, pair) for k, pair in enumerate(pairs) if pair[0] != pair[1])
    start = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    end = next((k for k, (x, y) in enumerate(zip(a[::-1], b[::-1], strict=False)) if x != y), min(len(a), len(b)))
    end = min(end, len(a) - start, len(b) - start)
    while start and a[start - 1] not in " ()[]{},:":
        start -= 1
    while end and a[-end] not in " ()[]{},:":
        end -= 1
    before, after = a[start : len(a) - end].strip(), b[start : len(b) - end].strip()
    rest = a[len(a) - end :].partition("  #")[0]
    return line, f"{a[:start]}«{before} → {after}»{rest}".strip()


def _scope(node: Any) -> str:
    names: list[str] = []
    while node.parent is not None:
        if node.type in ("funcdef", "classdef"):
            names.insert(0, node.name.value)
        top, node = node, node.parent
    return ".".join(names or _bound(top.get_code()) or ["module"])


def _bound(text: str) -> tuple[str, ...]:
    """Return the names that a statement binds."""
    (statement,) = ast.parse(text.strip()).body[:1] or [ast.Pass()]
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return (statement.name,)
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return tuple(n.id for target in targets if target for n in ast.walk(target) if isinstance(n, ast.Name))
