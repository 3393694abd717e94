"""Families of expressions: x{i} * ... is x1 * x2 * x3 for n = 3."""

from __future__ import annotations

import re

from autodiffcli.errors import RequestError
from autodiffcli.limits import FAMILY

__all__ = ["member"]

_INDEX = re.compile(r"\{\s*i\s*(?:([+-])\s*(\d{1,9})\s*)?\}")
_OPERATOR = re.compile(r"(\*\*|[-+*/^@%·×÷]|\band\b|\bor\b)\s*$")
_DOTS = re.compile(r"\.\.\.|…")


def member(template: str, n: int) -> str:
    """Return the n-th of a family: in place of `TERM OPERATOR ...` n terms, i in each from 1 to n.

    The term reaches back to the parenthesis, comma or `=` that encloses it, or to the beginning; `{i}`, `{i+1}` and
    `{i-1}` in it become numbers. Raises RequestError for a template without dots, and for one that is not so written.

    >>> member("x{i} * ...", 3), member("ln(2 + sin(x{i})*x{i+1} + ...)^2", 2)
    ('x1 * x2 * x3', 'ln((2 + sin(x1)*x2) + (2 + sin(x2)*x3))^2')
    """
    if n < 1:
        raise RequestError(f"a family has no member {n}", hint="give --n numbers from 1")
    dots = _DOTS.search(template)
    if dots is None:
        raise RequestError(
            "--n needs an expression whose terms repeat, and this one has no '...'", hint='write "x{i} * ..."'
        )
    start = _beginning(template, dots.start())
    operator = _OPERATOR.search(template, start, dots.start())
    if operator is None or not template[start : operator.start()].strip():
        raise RequestError(
            "before '...' stand a term and the operator that joins it to the next",
            source=template,
            span=dots.span(),
            hint='write "x{i} * ..."',
        )
    term = template[start : operator.start()].strip()
    if n * (len(term) + 12) > FAMILY:
        raise RequestError(
            f"the member {n:,} of the family is a text of some {n * len(term):,} characters",
            hint=f"{FAMILY:,} are the limit: give --n smaller numbers",
        )
    if not re.fullmatch(r"[\w{}+-]*\{[^}]*\}\w*", term):
        term = f"({term})"
    joined = f" {operator[1]} ".join([_numbered(term, i) for i in range(1, n + 1)])
    rest = template[dots.end() :]
    if _DOTS.search(rest):
        raise RequestError(
            "an expression may have one '...'", source=template, span=(dots.end(), len(template)), hint="name the rest"
        )
    space = re.match(r"\s*", template[start:])
    return template[:start] + (space[0] if space else "") + joined + rest


def _numbered(term: str, i: int) -> str:
    """Return a term with numbers for its indices."""
    return _INDEX.sub(lambda match: str(i + int((match[1] or "+") + (match[2] or "0"))), term)


def _beginning(text: str, end: int) -> int:
    """Return where the term begins whose dots stand at `end`: behind what encloses it."""
    depth = 0
    for at in range(end - 1, -1, -1):
        c = text[at]
        if c in ")]":
            depth += 1
        elif c in "([":
            if not depth:
                return at + 1
            depth -= 1
        elif not depth and c in ",;=\n":
            return at + 1
    return 0
