"""The grammar's LALR tables: made by Lark from grammars/expression.lark when the package is built, loaded when it runs.

A wheel holds them as the module `_tables`, which costs a millisecond to import where Lark and its table construction
cost sixty. A checkout whose grammar differs from the tables, or that has none, makes them anew in memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Tables", "generate", "load"]

_PACKAGE = Path(__file__).resolve().parent.parent
_GRAMMARS = (_PACKAGE.parent / "grammars" / "expression.lark", _PACKAGE / "grammars" / "expression.lark")


class Tables(NamedTuple):
    """Everything the parser needs to know of a grammar, in plain values.

    grammar:   the source they were made from
    terminals: names; an index in it is a token's kind. The last is the end of the text.
    patterns:  (kind, regular expression) in the order in which they are tried; kind -1 is ignored text
    words:     token text -> kind, for keywords and punctuation
    rules:     (nonterminal, number of symbols, callback); no callback: the one child is passed on
    actions:   for each state: kind -> state to shift to, or ~rule to reduce by
    gotos:     for each state: nonterminal -> state
    starts:    start symbol -> (first state, state in which the text is accepted)
    """

    grammar: str
    terminals: list[str]
    patterns: list[tuple[int, str]]
    words: dict[str, int]
    rules: list[tuple[int, int, str]]
    actions: list[dict[int, int]]
    gotos: list[dict[int, int]]
    starts: dict[str, tuple[int, int]]


def load() -> Tables:
    """Return the tables that were built with the package, or make them where they do not fit the grammar beside it."""
    built: Tables | None
    try:
        from autodiffcli.language import _tables

        built = Tables(*_tables.TABLES)
    except ImportError:
        built = None
    checkout = _GRAMMARS[0]
    if checkout.is_file():
        grammar = checkout.read_text(encoding="utf-8")
        return built if built is not None and built.grammar == grammar else make(grammar)
    return built if built is not None else make(_GRAMMARS[1].read_text(encoding="utf-8"))


def generate(grammar: Path) -> str:
    """Return the source of the module `_tables` for a grammar file."""
    tables = make(grammar.read_text(encoding="utf-8"))
    return f'"""LALR tables, generated from {grammar.name}: do not edit."""\n\nTABLES = {tuple(tables)!r}\n'


def make(grammar: str) -> Tables:
    """Build the tables of a grammar with Lark."""
    from lark import Lark
    from lark.lexer import PatternStr
    from lark.parsers.lalr_analysis import Shift

    starts = ["program", "point"]
    lark = Lark(grammar, parser="lalr", lexer="basic", start=starts, keep_all_tokens=True, maybe_placeholders=False)
    table = lark.parser.parser._parse_table
    symbols = {rule.origin.name for rule in lark.rules}
    terminals = [t.name for t in lark.terminals if t.name != "BLANK"] + ["$END"]
    kinds = {name: kind for kind, name in enumerate(terminals)} | {"BLANK": -1}
    nonterminals = {name: k for k, name in enumerate(sorted(symbols))}
    rules = {rule: k for k, rule in enumerate(lark.rules)}
    literal = {t.name: t.pattern.value for t in lark.terminals if isinstance(t.pattern, PatternStr)}
    literal_words = {text: kinds[name] for name, text in literal.items()}
    # DEFINED looks further ahead than NAME
    order = ["BLANK", "NUMBER", "DEFINED", "NAME", "SUPERSCRIPT", "STRING", "FILE"]
    regular = {t.name: t.pattern.value for t in lark.terminals if t.name not in literal}
    separators = {"\n": kinds["SEPARATOR"], ";": kinds["SEPARATOR"]}
    numbers = {state: k for k, state in enumerate(table.states)}
    actions: list[dict[int, int]] = [{} for _ in numbers]
    gotos: list[dict[int, int]] = [{} for _ in numbers]
    for state, row in table.states.items():
        for symbol, (action, argument) in row.items():
            if symbol in symbols:
                gotos[numbers[state]][nonterminals[symbol]] = numbers[argument]
            else:
                target = numbers[argument] if action is Shift else ~rules[argument]
                actions[numbers[state]][kinds[symbol]] = target
    return Tables(
        grammar,
        terminals,
        [(kinds[name], regular[name]) for name in order],
        literal_words | separators,
        [(nonterminals[r.origin.name], len(r.expansion), _callback(r)) for r in lark.rules],
        actions,
        gotos,
        {s: (numbers[table.start_states[s]], numbers[table.end_states[s]]) for s in starts},
    )


def _callback(rule: Any) -> str:
    if rule.alias is None and rule.options.expand1 and len(rule.expansion) == 1:
        return ""
    return str(rule.alias or rule.origin.name)
