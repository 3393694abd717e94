"""The mutants of a module: its source with one small fault each, as cosmic-ray's operators plant them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["Mutant", "mutants"]

BINARY = {"Add": "Sub Mul", "Sub": "Add Mul", "Mul": "Add Div", "Div": "Mul Sub", "Pow": "Mul", "Mod": "Mul",
          "FloorDiv": "Div", "BitXor": "BitAnd", "BitAnd": "BitOr", "LShift": "RShift", "RShift": "LShift"}  # fmt: skip
COMPARISON = {"Eq": "NotEq", "NotEq": "Eq", "Lt": "LtE Gt", "LtE": "Lt GtE", "Gt": "GtE Lt", "GtE": "Gt LtE",
              "Is": "IsNot", "IsNot": "Is"}  # fmt: skip
OPERATORS = [
    "NumberReplacer",
    *(f"ReplaceBinaryOperator_{a}_{b}" for a, others in BINARY.items() for b in others.split()),
    *(f"ReplaceComparisonOperator_{a}_{b}" for a, others in COMPARISON.items() for b in others.split()),
    *("ReplaceUnaryOperator_Delete_USub", "ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_Invert"),
    *("AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue"),
    *("ReplaceContinueWithBreak", "ReplaceBreakWithContinue", "ZeroIterationForLoop", "ExceptionReplacer"),
]


class Mutant(NamedTuple):
    """A source with a fault: which module, the line as it was and as it is, the primitives it may concern."""

    module: str
    line: int
    before: str
    after: str
    names: tuple[str, ...]
    source: str

    @property
    def key(self) -> str:
        """What names the mutant where its line has moved."""
        return f"{self.module}: {self.before}  ->  {self.after}"


def mutants(path: Path, module: str) -> Iterator[Mutant]:
    """Yield the mutants of a module that differ from it, and from each other, in meaning."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    source = path.read_text(encoding="utf-8")
    seen = {ast.dump(ast.parse(source))}
    places = _places(ast.parse(source))
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        occurrence = 0
        while (mutated := mutate_code(source, operator, occurrence)) is not None:
            occurrence += 1
            try:
                meaning = ast.dump(ast.parse(mutated))
            except SyntaxError:
                continue
            if meaning in seen:
                continue
            seen.add(meaning)
            mutant = _mutant(module, source, mutated, places)
            if not mutant.before.startswith("samples="):  # points to test at promise nothing
                yield mutant


def _mutant(module: str, source: str, mutated: str, places: list[tuple[int, int, str]]) -> Mutant:
    old, new = source.splitlines(), mutated.splitlines()
    line = next(k for k, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    names = tuple(name for first, last, name in places if first <= line + 1 <= last)
    return Mutant(module, line + 1, old[line].strip(), new[line].strip(), names, mutated)


def _places(tree: ast.Module) -> list[tuple[int, int, str]]:
    """Return the first and the last line of each declaration, with the primitive's name."""
    found = []
    for statement in tree.body:
        for call in ast.walk(statement):
            if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
                name = call.args[0].value
                if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(name, str):
                    found.append((statement.lineno, statement.end_lineno or statement.lineno, name))
                    break
    return found
