"""Squares that cancel in a sum, by the rows of Pythagorean identities."""

from __future__ import annotations

from fractions import Fraction

from autodiffcli.passes.identities import DOUBLED, PYTHAGOREAN
from autodiffcli.passes.maps import NONE, ONE, Terms, add_terms, without_zeros
from autodiffcli.passes.normal import LONGEST, Normal

__all__ = ["squares"]

TWO = Fraction(2)

_ROWS = [(*row, False) for row in PYTHAGOREAN] + [(*row, True) for row in DOUBLED]


def squares(normal: Normal, terms: Terms) -> Terms:
    """Return a sum without squares that cancel: m*sin(u)^2 + m*cos(u)^2 is m, m + m*tan(u)^2 is m*sec(u)^2.

    Each use takes one term away, so it ends.
    """
    while 2 <= len(terms) <= LONGEST:
        shorter = next(filter(None, (_squared(normal, terms, mono) for mono in terms)), None)
        if shorter is None:
            break
        terms = shorter
    return terms


def _squared(normal: Normal, terms: Terms, mono: int) -> Terms | None:
    """Return the sum with the square in one term met by another term, or None if none does."""
    graph, c = normal.graph, terms[mono]
    for base, number, rest in normal.product_of(mono).factors:
        if rest != NONE or number < 2 or number.denominator != 1:
            continue
        op, args = graph.ops[base], graph.args[base]
        one = NONE

        def times(call: int, power: Fraction = TWO) -> int:
            return normal.product([(one, ONE), (call, power)])  # noqa: B023  # called in this turn of the loop

        for f, g, s, doubled in _ROWS:
            if op not in (f, g):
                continue
            if one == NONE:
                one = normal.product([(mono, ONE), (base, -TWO)])  # m, of the term m·f(u)² or m·g(u)²
            other = times(graph.apply(g if op is f else f, args))
            if doubled:
                if op is f and terms.get(other) == s * c:
                    twice = normal.apply(f, (normal.product([(args[0], ONE), (normal.number(TWO), ONE)]),))
                    return _replaced(normal, terms, (mono, other), times(twice, ONE), c)
            elif op is f and terms.get(other) == -s * c:  # m·f² - s·m·g² = m
                return _replaced(normal, terms, (mono, other), one, c)
            elif (op is f and terms.get(one) == -c) or (op is g and terms.get(one) == s * c):
                return _replaced(normal, terms, (mono, one), other, s * c)  # m·f² - m = s·m·g², m + s·m·g² = m·f²
    return None


def _replaced(normal: Normal, terms: Terms, gone: tuple[int, int], come: int, c: Fraction) -> Terms:
    new = {mono: k for mono, k in terms.items() if mono not in gone}
    add_terms(new, normal.terms_of(come), c)
    return without_zeros(new)
