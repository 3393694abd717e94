"""The other ways to write a sum: multiplied out, before a bracket, over a common denominator."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from autodiffcli.passes.maps import (
    NONE,
    ONE,
    ZERO,
    Factor,
    Product,
    Terms,
    add_terms,
    fits,
    merged,
    parts_of,
    without_zeros,
)
from autodiffcli.passes.normal import LONGEST, Normal
from autodiffcli.passes.squares import squares

__all__ = ["Shorter"]

MANY = 48
"""Terms that multiplying out may make."""


class Shorter(Normal):
    """A graph that grows in normal form, without squares that cancel, and with every sum in its shortest form."""

    def __init__(self, source: str, compact: bool, decimals: bool) -> None:
        """Begin a graph. compact: look for the shortest form of every sum. decimals: write 0.1, not 1/10."""
        self._compact = compact
        self._trying = False  # whether what is built is one of several ways to write a sum
        self._short: dict[int, int] = {}
        self.divisions: dict[int, int] = {}  # what `_divided` found
        super().__init__(source, decimals)

    def sum_node(self, terms: Terms) -> int:
        """Return the node of a sum: as it is, multiplied out, or as a product, whichever is shortest."""
        if not all(map(fits, terms.values())):
            return self.plain(terms)
        terms = squares(self, terms)
        if not self._compact or not 2 <= len(terms) <= LONGEST:
            return self.plain(terms)
        before, self._trying = self._trying, True
        found: list[int] = []
        for choice in (terms, _expanded(self, terms), _divided(self, terms)):
            if choice is not None:
                choice = squares(self, choice)
                found += [self.plain(choice), *_factored(self, choice)]
        self._trying = before
        return self.shortest(min(found, key=self.layout.length))

    def shortest(self, node: int) -> int:
        """Return a product with the sums in it written as products where that is shorter, unless it is only tried."""
        if not self._compact or self._trying or not self.product_of(node).factors:
            return node
        found = self._short.get(node)
        if found is None:
            self._trying = True
            found = self._short[node] = _shortened(self, node)
            self._trying = False
        return found


def _factored(normal: Normal, terms: Terms) -> Iterator[int]:
    """Yield a sum with what its terms have in common before a bracket, and over a common denominator."""
    products = [(normal.product_of(mono).factors, c * normal.product_of(mono).coefficient) for mono, c in terms.items()]
    scale = _content([c for _, c in products])
    for together in (False, True):
        common = _common([factors for factors, _ in products], together)
        if not common and scale == 1:
            continue
        rest: Terms = {}
        for factors, c in products:
            parts = parts_of(factors)
            for base, number, node in common:
                total, rests = parts.get(base) or (ZERO, [])
                parts[base] = (total - number, [] if node != NONE else rests)
            add_terms(rest, normal.terms_of(normal.from_parts(c / scale, parts)))
        rest = squares(normal, without_zeros(rest))
        longer = _expanded(normal, rest)
        for choice in [rest] if longer is None else [rest, longer]:
            factor, others = normal.multiplied([(normal.plain(choice), ONE)])
            if fits(factor * scale):
                yield normal.from_parts(factor * scale, merged(parts_of(common), others))


def _expanded(normal: Normal, terms: Terms) -> Terms | None:
    """Return a sum with its products of sums multiplied out, or None where there is none or it grows too long."""
    total: Terms = {}
    changed = False
    for mono, c in terms.items():
        scale, factors = normal.product_of(mono)
        sums = [f for f in factors if f.base in normal.sums and f.rest == NONE and f.number in (1, 2, 3)]
        changed |= bool(sums)
        others = tuple(f for f in factors if f not in sums)
        made: Terms = {normal.product_node(Product(ONE, others)): c * scale}
        for bracket in [normal.sums[f.base] for f in sums for _ in range(int(f.number))]:
            if len(made) * len(bracket) > MANY:
                return None
            longer: Terms = {}
            for a, p in made.items():
                for b, q in bracket.items():
                    add_terms(longer, normal.terms_of(normal.product([(a, ONE), (b, ONE)])), p * q)
            made = longer
        add_terms(total, made)
    return without_zeros(total) if changed and len(total) <= MANY else None


def _divided(normal: Shorter, terms: Terms) -> Terms | None:
    """Return a sum with each sum in it as a product, x^3 + 5*x as x*(x^2 + 5), so that all have the same factors.

    None where there is nothing to divide.
    """
    total: Terms = {}
    changed = False
    for mono, c in terms.items():
        items = [(mono, ONE)]
        for base, number, rest in normal.product_of(mono).factors:
            if rest == NONE and number.denominator == 1 and base in normal.sums:
                whole = normal.divisions.get(base)
                if whole is None:
                    whole = normal.divisions[base] = next(_wholes(normal, base), base)
                if whole != base:
                    items += [(base, -number), (whole, number)]
        changed |= len(items) > 1
        add_terms(total, normal.terms_of(normal.product(items) if len(items) > 1 else mono), c)
    return without_zeros(total) if changed else None


def _shortened(normal: Normal, node: int) -> int:
    """Return a product with the sums among its factors written as products, where that is shorter.

    x*(1 + 1/x) is x + 1, and (2*x + 2)/2 too. Each change is shorter than the last, so it ends.
    """
    length = normal.layout.length
    while True:
        shorter = next((other for other in _rewritings(normal, node) if length(other) < length(node)), None)
        if shorter is None:
            return node
        node = shorter


def _rewritings(normal: Normal, node: int) -> Iterator[int]:
    for base, number, rest in normal.product_of(node).factors:
        if rest == NONE and number.denominator == 1 and base in normal.sums:
            for whole in _wholes(normal, base):
                yield normal.product([(node, ONE), (base, -number), (whole, number)])


def _wholes(normal: Normal, base: int) -> Iterator[int]:
    """Yield a sum as products of others."""
    if not 2 <= len(normal.sums[base]) <= MANY:
        return
    for whole in _factored(normal, normal.sums[base]):
        made = normal.products.get(whole)
        if made is not None and all(f.base != base for f in made.factors):
            yield whole


def _common(products: list[tuple[Factor, ...]], together: bool) -> list[Factor]:
    """Return the factors of every term; `together`: and the greatest denominators."""
    common = []
    for base in dict.fromkeys(f.base for factors in products for f in factors):
        found = [next((f for f in factors if f.base == base), None) for factors in products]
        rests = {f.rest if f else NONE for f in found}
        if len(rests) > 1 or (None in found and (not together or rests != {NONE})):
            continue
        least = min(f.number if f else ZERO for f in found)
        if least or rests != {NONE}:
            common.append(Factor(base, least, rests.pop()))
    return common


def _content(coefficients: list[Fraction]) -> Fraction:
    """Return the greatest fraction of which all are whole multiples, negative if they all are."""
    above = math.gcd(*[c.numerator for c in coefficients])
    below = math.lcm(*[c.denominator for c in coefficients])
    return Fraction(-above if all(c < 0 for c in coefficients) else above, below)
