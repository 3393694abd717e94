"""Reading an expression: sin(x_i)*x_{i+1}^2, joined with +, 160,000 tokens."""

from __future__ import annotations

import ast
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from tracemalloc import get_traced_memory, start, stop

import autodiffcli
from tests.bench.timing import Row, in_turns, peer

TOKENS_A_TERM = 9
TOKENS = 160_000
SLOW = 40  # a slow peer reads a text so many times shorter, and its time is multiplied
AST, SYMPIFY = "ast.parse, terms in a list", "sympy.sympify, from 4,000 tokens"
GRAMMAR = Path(__file__).parents[2] / "grammars" / "expression.lark"


def rows(long: bool) -> Iterator[Row]:
    text, short = _text(TOKENS), _text(TOKENS // SLOW)
    # Python's parser recurses over a sum, not over the elements of a list; its power is **
    python = f"[{text.replace('+', ',').replace('^', '**')}]"
    contestants: dict[str, Callable[[], object] | None] = {
        "ours": lambda: autodiffcli.parse(text),
        AST: lambda: ast.parse(python),
        "lark, our grammar, tree only": _lark(text),
    }
    found = in_turns(contestants, turns=5)
    slow = in_turns({"sympy.sympify": _sympify(short)}, turns=3)["sympy.sympify"]
    found[SYMPIFY] = slow and slow * SLOW
    ours = found.pop("ours")
    note = f"{TOKENS / ours / 1e3:.0f} ktok/s" if ours else ""
    yield Row("parse: 160,000 tokens", ours, found, AST, at_least=0.5, note=note)
    yield Row("parse: 160,000 tokens", ours, {SYMPIFY: found[SYMPIFY]}, SYMPIFY, at_least=50)
    half, whole = _memory(_text(TOKENS // 2)), _memory(text)
    yield Row("parse: memory, 2 x the text", whole, {"the text": half}, "the text", at_most=2.2, unit="MB")


def _text(tokens: int) -> str:
    return "+".join(f"sin(x{i})*x{i + 1}^2" for i in range(1, 1 + tokens // TOKENS_A_TERM))


def _lark(text: str) -> Callable[[], object] | None:
    from lark import Lark

    lark = Lark(GRAMMAR.read_text(), parser="lalr", lexer="basic", start="program")
    return lambda: lark.parse(text)


def _sympify(text: str) -> Callable[[], object] | None:
    if (sympy := peer("sympy")) is None:
        return None
    clear = peer("sympy.core.cache").clear_cache  # else a second reading is a look-up
    return lambda: (clear(), sympy.sympify(text))


def _memory(text: str) -> float:
    """Return the megabytes that Python allocates, at most, while a text is read."""
    gc.collect()
    start()
    autodiffcli.parse(text)
    peak = get_traced_memory()[1]
    stop()
    return peak / 1e6
