"""Names that a language takes: its own words, other scripts and collisions are avoided, and the change is told."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

from autodiffcli.errors import RequestError, printable
from autodiffcli.language.notation import greek

__all__ = ["comment_lines", "fresh_prefix", "function_name", "safe_names", "words"]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_OWN = ("_", "ad_")
"""How names begin that are the languages' own, and those of our helpers."""

LONGEST_COMMENT = 2000


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def safe_names(names: Iterable[str], reserved: Collection[str]) -> dict[str, str]:
    """Return for each name one of ASCII letters, digits and _ that is neither reserved nor taken by another.

    >>> safe_names(["x", "lambda", "θ₁", "theta1", "aﹼ"], {"lambda"})
    {'x': 'x', 'lambda': 'lambda_', 'θ₁': 'theta1_', 'theta1': 'theta1', 'aﹼ': 'a_u0651'}
    """
    names = list(names)
    taken = {name for name in names if _allowed(name, reserved)}  # a name that can stay does
    chosen: dict[str, str] = {}
    for name in names:
        new = name
        if name not in taken:
            new = re.sub(
                r"\W+", "_", "".join(map(_ascii, unicodedata.normalize("NFKC", name)))
            )  # NFKC of ﹼ has a blank
            if not name.isidentifier():  # a leaf of a structure: d["w"]
                new = new.rstrip("_") or "x"
            if _IDENTIFIER.match(new) is None or new.startswith(_OWN):  # what is put behind it would change nothing
                new = f"x{new}"
            while new in taken or not _allowed(new, reserved):
                new += "_"
            taken.add(new)
        chosen[name] = new
    return chosen


def _allowed(name: str, reserved: Collection[str]) -> bool:
    return _IDENTIFIER.fullmatch(name) is not None and name not in reserved and not name.startswith(_OWN)


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    return greek(character) or f"u{ord(character):04x}"


def fresh_prefix(names: Collection[str]) -> str:
    """Return what the names of locals begin with, so that none of them is among the names.

    >>> fresh_prefix(["x", "t1"])
    'u'
    """
    for prefix in ("t", "u", "w"):
        if not any(re.fullmatch(rf"{prefix}\d+", name) for name in names):
            return prefix
    return "t_" + "_" * max(map(len, names))


def function_name(name: str, reserved: Collection[str], language: str) -> str:
    """Return the name if the language allows it for a function. Raises RequestError if not."""
    if _allowed(name, reserved):
        return name
    why = "is a word of the language" if name in reserved else "is no name of ASCII letters, digits and _"
    if name.startswith(_OWN):
        why = "begins as the helpers of the generated code do"
    raise RequestError(f"'{name}' cannot name a function in {language}: it {why}", hint="choose another --name")


def comment_lines(text: str) -> list[str]:
    r"""Return text as lines that a comment may hold, up to a length: no line breaks, no way to continue or to end it.

    >>> comment_lines("x + 1 # */ \\")
    ['x + 1 # * / \\x5c']
    """
    cut = text if len(text) <= LONGEST_COMMENT else text[:LONGEST_COMMENT] + "…"
    # a backslash, or the trigraph that means one, would join the next line to a C comment
    plain = cut.replace("\\", "\\x5c").replace("??", "? ?").replace("*/", "* /").replace("/*", "/ *")
    return [printable(line).rstrip() for line in plain.strip().splitlines()]
