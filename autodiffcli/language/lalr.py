"""Running LALR tables over a text: tokens in, callbacks out, no tree and no recursion.

Lark's own driver reduces through every level of precedence for each operand, some ten steps for `x`. Here the chain of
steps that only pass their child on is worked out once for each (state, symbol, next token) and then jumped over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain
from sys import maxsize
from typing import Any, NamedTuple

from autodiffcli.errors import Span
from autodiffcli.language.tables import Tables

__all__ = ["Callback", "Grammar", "UnexpectedToken"]

Callback = Callable[[list[Any], int, int], Any]
"""Makes the value of a rule: (values of its symbols, start of the first, end of the last)."""


class UnexpectedToken(Exception):
    """The text does not follow the grammar; carries what the parser had read when it noticed."""

    def __init__(self, terminal: str, start: int, end: int, values: list[Any], starts: list[int]) -> None:
        super().__init__(terminal)
        self.terminal, self.start, self.end = terminal, start, end
        self.values, self.starts = values, starts


class Token(NamedTuple):
    """A piece of text with its place."""

    terminal: str
    text: str
    start: int


class Grammar:
    """A grammar ready to parse: tables, the lexer's patterns, and the chains of passing steps found so far."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._jumps: list[dict[int, int]] = [{} for _ in tables.actions]
        # Index 0 is never a group's number; the last group takes a character that begins no token.
        self._kinds = [0, *[kind for kind, _ in tables.patterns if kind >= 0], -1, -1]

    @cached_property
    def _rules(self) -> tuple[list[int], list[int], list[str]]:
        """The rules by columns: the row of their origin in `_jumps`, how many symbols, the name of the callback."""
        origins, counts, names = zip(*self.tables.rules, strict=True)
        return [origin * len(self.tables.terminals) for origin in origins], list(counts), list(names)

    @cached_property
    def _tokens(self) -> re.Pattern[str]:
        """One alternative a terminal, each its own group, so that `lastindex` is the terminal."""
        patterns = self.tables.patterns
        blank = "|".join(pattern for kind, pattern in patterns if kind < 0)
        regular = [f"({pattern})" for kind, pattern in patterns if kind >= 0]
        symbols = sorted((w for w in self.tables.words if not w.isalpha()), key=len, reverse=True)
        symbols_group = "(" + "|".join(map(re.escape, symbols)) + ")"
        # *+ gives nothing back: else a comment at the end of the text would yield its last letter as a name
        return re.compile(f"(?:{blank})*+(?:{'|'.join([*regular, symbols_group, '(.)'])})", re.DOTALL)

    def _matches(self, text: str, first: int = 0, last: int = maxsize) -> Iterator[re.Match[str]]:
        """Return the matches of one token after the other; finditer would skip what does not match."""
        return iter(self._tokens.scanner(text, first, last).match, None)  # type: ignore[attr-defined]  # known to every CPython

    def tokens(self, text: str) -> list[Token]:
        """Return the tokens of a text, for messages; a character that begins no token has the terminal ""."""
        found = []
        for match in self._matches(text):
            group = match.lastindex or 0
            kind = self.tables.words.get(match[group], self._kinds[group])
            found.append(Token(self.tables.terminals[kind] if kind >= 0 else "", match[group], match.start(group)))
        return found

    def parse(self, start: str, text: str, callbacks: dict[str, Callback], within: Span | None = None) -> Any:
        """Parse a text, or the part of it within a span, from a start symbol; return what its callback made.

        Raises UnexpectedToken.
        """
        first, last = within or (0, len(text))
        tables, jumps, kinds = self.tables, self._jumps, self._kinds
        actions, words = tables.actions, tables.words
        end_kind = len(tables.terminals) - 1
        width = len(tables.terminals)
        origins, counts, names = self._rules
        bound: dict[str, Callback | None] = {"": None, **callbacks}
        rules = list(zip(origins, counts, map(bound.__getitem__, names), strict=True))
        state, accept = tables.starts[start]
        states, starts = [state], [0]
        values: list[Any] = [None]
        end = 0
        for match in chain(self._matches(text, first, last), (None,)):
            if match is None:
                token, kind, begin = "", end_kind, last
            else:
                group = match.lastindex or 0
                token = match[group]
                begin = match.start(group)
                kind = words.get(token, -2)
                if kind == -2:
                    kind = kinds[group]
            while True:
                action = actions[state].get(kind)
                if action is None:
                    terminal = tables.terminals[kind] if kind >= 0 else ""
                    raise UnexpectedToken(terminal, begin, begin + len(token), values[1:], starts[1:])
                if action >= 0:
                    state = action
                    states.append(state)
                    values.append(token)
                    starts.append(begin)
                    end = begin + len(token)
                    break
                origin, count, callback = rules[~action]
                if callback is not None:
                    if count == 1:
                        values[-1] = callback(values[-1:], starts[-1], end)
                    else:
                        value = callback(values[-count:], starts[-count], end)
                        del values[-count:], states[1 - count :], starts[1 - count :]
                        values.append(value)
                base = states[-2]
                key = origin + kind
                jump = jumps[base].get(key)
                if jump is None:
                    jump = jumps[base][key] = self._jump(base, origin // width, kind)
                state = states[-1] = jump
                if state == accept:
                    return values[-1]
        raise AssertionError("the end of the text is either accepted or unexpected")

    def _jump(self, base: int, symbol: int, kind: int) -> int:
        """Return the state after `symbol` on top of `base`, past every step that would only pass its child on."""
        tables = self.tables
        while True:
            state = tables.gotos[base][symbol]
            action = tables.actions[state].get(kind, 0)
            if action >= 0 or tables.rules[~action][2]:
                return state
            symbol = tables.rules[~action][0]
