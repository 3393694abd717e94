"""Products and sums as maps with exact fractions: the data of the normal form."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

__all__ = [
    "HALF",
    "NONE",
    "ONE",
    "ZERO",
    "Factor",
    "Parts",
    "Product",
    "Terms",
    "add_terms",
    "fits",
    "merged",
    "parts_of",
    "raised",
    "without_zeros",
]

BITS = 256
"""Size of the integers in a fraction; numbers beyond are left as they are."""

NONE = -1
ONE, ZERO, HALF = Fraction(1), Fraction(0), Fraction(1, 2)


class Factor(NamedTuple):
    """base^(number + rest): a number, and a node for what else the exponent has, or NONE."""

    base: int
    number: Fraction
    rest: int = NONE


class Product(NamedTuple):
    """coefficient * Π factors, ordered by base."""

    coefficient: Fraction
    factors: tuple[Factor, ...]


Parts = dict[int, tuple[Fraction, list[tuple[int, Fraction]]]]
"""A product that grows: base -> the number in its exponent, and the other terms of it."""

Terms = dict[int, Fraction]
"""A sum: node of a product -> coefficient. A constant term stands by the node 1."""


def parts_of(factors: Iterable[Factor]) -> Parts:
    """Return factors as a product that grows."""
    return {f.base: (f.number, [(f.rest, ONE)] if f.rest != NONE else []) for f in factors}


def merged(parts: Parts, others: Parts) -> Parts:
    """Multiply a product that grows by another, and return it."""
    for base, (number, rests) in others.items():
        total, old = parts.get(base) or (ZERO, [])
        parts[base] = (total + number, old + rests)
    return parts


def add_terms(total: Terms, terms: Terms, c: Fraction = ONE) -> None:
    """Add a sum, c times, to one that grows."""
    for mono, k in terms.items():
        total[mono] = total.get(mono, ZERO) + c * k


def without_zeros(terms: Terms) -> Terms:
    """Return a sum without the terms that have cancelled."""
    return {mono: c for mono, c in terms.items() if c}


def raised(c: Fraction, p: Fraction) -> Fraction | None:
    """Return c^p where that is a fraction of bearable size.

    >>> raised(Fraction(9, 4), HALF), raised(Fraction(2), HALF)
    (Fraction(3, 2), None)
    """
    if c == 1 or p == 1:
        return c
    if p == HALF and c > 0:
        root = Fraction(math.isqrt(c.numerator), math.isqrt(c.denominator))
        return root if root * root == c else None
    if p.denominator != 1 or (c == 0 and p < 0):
        return None
    size = max(c.numerator.bit_length(), c.denominator.bit_length())
    return c ** int(p) if abs(p) * size <= 2 * BITS else None


def fits(c: Fraction) -> bool:
    """Return whether a fraction is of bearable size."""
    return c.numerator.bit_length() <= BITS and c.denominator.bit_length() <= BITS
