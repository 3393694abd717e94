"""The normal form of formulas: products as powers by base, sums as coefficients by term.

Rows of rules cannot collect 2*x*y + 3*y*x, since what belongs together may stand any distance apart. Here a product
is a map from its bases to their exponents, and a sum a map from its terms to their coefficients, both with exact
fractions; equal maps are equal formulas. All of it assumes what `readable` allows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from autodiffcli.graph import Graph
from autodiffcli.passes.identities import EVEN, ODD, RATIOS
from autodiffcli.passes.layout import Layout
from autodiffcli.passes.maps import (
    HALF,
    NONE,
    ONE,
    ZERO,
    Factor,
    Parts,
    Product,
    Terms,
    add_terms,
    fits,
    merged,
    parts_of,
    raised,
    without_zeros,
)
from autodiffcli.passes.rules import fold_for_readers
from autodiffcli.primitive import Primitive
from autodiffcli.primitives import absolute, exp, hypot, ln, neg, not_equal, sign, sqrt, where
from autodiffcli.primitives import pow as power

__all__ = ["LONGEST", "Normal"]

LONGEST = 16
"""Terms or factors that a part may have to be taken apart by all who use it: the bound keeps a sweep linear."""


class Normal:
    """A graph that grows in normal form."""

    def __init__(self, source: str, decimals: bool) -> None:
        """Begin a graph. decimals: write 0.1, not 1/10."""
        self.graph = Graph(source)
        self.layout = Layout(self.graph, decimals)
        self.sums: dict[int, Terms] = {}
        self.products: dict[int, Product] = {}
        self._nodes: dict[Product, int] = {}
        self._sums: dict[tuple[Fraction, int], int] = {}  # exponents, by their number and rest
        self.one = self.constant(1.0)
        self.base_e = self.graph.constant(math.e, "e")

    # Leaves and functions

    def constant(self, value: float, name: str = "") -> int:
        """Return the node of a constant, with its value as the fraction that its digits are."""
        if name or not math.isfinite(value):
            return self.graph.constant(value, name)
        number = Fraction(repr(value))
        return self.number(number) if fits(number) else self.graph.constant(value)

    def number(self, value: Fraction) -> int:
        """Return the node of a number."""
        node = self.layout.number(value)
        self.products[node] = Product(value, ())
        return node

    def apply(self, op: Primitive, args: tuple[int, ...]) -> int:
        """Return the node of an operation that is neither a sum nor a product, or is one in disguise."""
        x = args[0]
        if op is neg:
            return self.product([(x, ONE), (self.number(-ONE), ONE)])
        if op is sqrt:
            return self.product([(x, HALF)])
        if op is exp:
            return self._exp(x)
        if op is power:
            return self._power(x, args[1])
        if op is ln and (inside := self._log(x)) is not None:
            return inside
        if (op in ODD or op in EVEN) and self._negative(x):
            turned = self.product([(x, ONE), (self.number(-ONE), ONE)])
            if not self._negative(turned):  # of a sum that was taken out of a product, both may count as negative
                y = self.apply(op, (turned,))
                return y if op in EVEN else self.product([(y, ONE), (self.number(-ONE), ONE)])
        if op is where and self._is_gate(*args):
            return args[1]
        folded = self._folded(op, args)
        return self.graph.apply(op, args) if folded is None else folded

    def _folded(self, op: Primitive, args: tuple[int, ...]) -> int | None:
        found = [self.products.get(a) for a in args]
        if op.condition and all(p is not None and not p.factors for p in found):
            return self.constant(op.evaluate(*[float(p.coefficient) for p in found if p is not None]))
        folded = fold_for_readers(self.graph, op, args)
        constant = self.graph.constants.get(folded) if folded is not None and folded not in args else None
        return folded if constant is None else self.constant(constant)

    def _is_gate(self, condition: int, taken: int, other: int) -> bool:
        """Return whether where(u != 0, y, 0) is the gate of abs(u): u, |u| or sign(u) is in every term."""
        graph = self.graph
        if graph.ops[condition] is not not_equal or graph.constants.get(other) != 0.0:
            return False
        u, zero = graph.args[condition]
        slopes = ((absolute, (u,)), (sign, (u,)))
        return graph.constants.get(zero) == 0.0 and all(
            any(f.base == u or (graph.ops[f.base], graph.args[f.base]) in slopes for f in self.product_of(mono).factors)
            for mono in self.terms_of(taken)
        )

    def _exp(self, x: int) -> int:
        found = self.product_of(x)
        if len(found.factors) == 1:
            base, number, rest = found.factors[0]
            if self.graph.ops[base] is ln and number == 1 and rest == NONE:  # e^(n·ln u) = u^n
                return self.product([(self.graph.args[base][0], found.coefficient)])
        return self.from_parts(ONE, {self.base_e: (ZERO, [(x, ONE)])})

    def _power(self, x: int, n: int) -> int:
        exponent = self.product_of(n)
        if not exponent.factors:
            return self.product([(x, exponent.coefficient)])
        base = self.product_of(x)
        if x == self.one:
            return x
        if base.coefficient == 1 and len(base.factors) == 1 and base.factors[0].base == self.base_e:
            x, n = self.base_e, self.product([(self._exponent(base.factors[0]), ONE), (n, ONE)])
        return self.from_parts(ONE, {x: (ZERO, [(n, ONE)])})

    def _log(self, x: int) -> int | None:
        if x == self.one:
            return self.number(ZERO)
        found = self.product_of(x)
        if found.coefficient == 1 and len(found.factors) == 1 and found.factors[0].base == self.base_e:
            return self._exponent(found.factors[0])
        return None

    def _exponent(self, factor: Factor) -> int:
        if factor.rest == NONE:
            return self.number(factor.number)
        node = self._sums.get(factor[1:])
        if node is None:
            node = self._sums[factor[1:]] = self.sum([(self.one, factor.number), (factor.rest, ONE)])
        return node

    def _negative(self, x: int) -> bool:
        if x in self.sums:
            return all(c < 0 for c in self.sums[x].values())
        return self.product_of(x).coefficient < 0

    # Products

    def product_of(self, i: int) -> Product:
        """Return the product that a node is, if only of itself."""
        found = self.products.get(i)
        if found is None or len(found.factors) > LONGEST:
            return Product(ONE, (Factor(i, ONE),))
        return found

    def product(self, items: Iterable[tuple[int, Fraction]]) -> int:
        """Return the node of Π itemᵢ^powerᵢ."""
        return self.from_parts(*self.multiplied(items))

    def multiplied(self, items: Iterable[tuple[int, Fraction]]) -> tuple[Fraction, Parts]:
        """Return coefficient and, by base, the number and the other terms of its exponent."""
        coefficient = ONE
        parts: Parts = {}
        for i, p in items:
            found = self.product_of(i)
            scale = raised(found.coefficient, p)
            if scale is None or not fits(coefficient * scale) or not self._opens(found, p):
                found, scale = Product(ONE, (Factor(i, ONE),)), ONE
            coefficient *= scale
            for base, number, rest in found.factors:
                total, rests = parts.get(base) or (ZERO, [])
                if rest != NONE:
                    rests = [*rests, (rest, p)]
                parts[base] = (total + number * p, rests)
        return coefficient, parts

    def _opens(self, found: Product, p: Fraction) -> bool:
        """Return whether (Π bⁿ)^p is Π bⁿᵖ: for whole p, a base alone, a power of e; not for (x^2)^(1/2)."""
        if p.denominator == 1 or not found.factors:
            return True
        if found.coefficient != 1 or len(found.factors) > 1:
            return False
        base, number, rest = found.factors[0]
        return base == self.base_e or (number == 1 and rest == NONE)

    def from_parts(self, coefficient: Fraction, parts: Parts, closed: frozenset[int] = frozenset()) -> int:
        """Return the node of a product; the bases `closed` have been taken apart already."""
        if coefficient == 0:
            return self.number(ZERO)
        factors = []
        again: list[tuple[int, Fraction]] = []
        for base, (number, rests) in parts.items():
            rest = NONE
            if len(rests) == 1 and rests[0][1] == 1 and self.one not in self.sums.get(rests[0][0], ()):
                rest = rests[0][0]  # not gone over again: towers of powers may be high
            elif rests:
                terms = self._added(rests)
                number += terms.pop(self.one, ZERO)
                rest = self.sum_node(terms) if terms else NONE
            opened = None if rest != NONE or base in closed else self._opened(base, number)
            if opened is not None:
                again += opened
                closed |= {base}
            elif number or rest != NONE:
                factors.append(Factor(base, number, rest))
        factors, more = self._identified(factors)
        again += more
        if again:  # a base that is made of older ones has come to a whole power
            scale, others = self.multiplied(again)
            return self.from_parts(coefficient * scale, merged(parts_of(factors), others), closed)
        return self.product_node(Product(coefficient, tuple(sorted(factors))))

    def _opened(self, base: int, number: Fraction) -> list[tuple[int, Fraction]] | None:
        """Return what base^number is the product of, if it is to be taken apart, else None."""
        graph = self.graph
        op = graph.ops[base]
        if number.denominator != 1:
            return None
        found = self.products.get(base)
        if found is not None and len(found.factors) <= LONGEST and raised(found.coefficient, number) is not None:
            return [(base, number)]
        if number % 2:
            return None
        if op is absolute:
            return [(graph.args[base][0], number)]
        if op is sign:
            return []
        if op is hypot:
            a, b = (self.product([(x, Fraction(2))]) for x in graph.args[base])
            return [(self.sum([(a, ONE), (b, ONE)]), number / 2)]
        return None

    def _identified(self, factors: list[Factor]) -> tuple[list[Factor], list[tuple[int, Fraction]]]:
        """Return the factors without those that a quotient of functions is a function of: sin(u)/cos(u) is tan(u)."""
        graph, more = self.graph, []
        plain = {f.base: f for f in factors if f.rest == NONE}
        by_call = {(graph.ops[f.base], graph.args[f.base]): f for f in factors if f.rest == NONE}
        for (op, args), f in list(by_call.items()):
            if op is sign and (other := by_call.get((absolute, args))) and other.number % 2 == 1 and f.number == 1:
                more.append((args[0], other.number))  # sign(u)·|u|^n is u^n for odd n
                factors = [g for g in factors if g not in (f, other)]
            elif op is sign and f.number == 1 and (other := plain.get(args[0])) and abs(other.number) == 1:
                more.append((graph.apply(absolute, args), other.number))  # and sign(u)·u is |u|
                factors = [g for g in factors if g not in (f, other)]
            for below, result in RATIOS.get(op, ()):
                other = by_call.get((below, args))
                if other is not None and f.number > 0 and other.number == -f.number:
                    more.append((graph.apply(result, args), f.number))
                    factors = [g for g in factors if g not in (f, other)]
        return factors, more

    def product_node(self, product: Product) -> int:
        """Return the node of a product in normal form."""
        coefficient, factors = product
        if not factors:
            return self.number(coefficient)
        if coefficient == 1 and len(factors) == 1 and factors[0][1:] == (ONE, NONE):
            return factors[0].base
        node = self._nodes.get(product)
        if node is None:
            exponents = [f if f.rest != NONE else f._replace(number=abs(f.number)) for f in factors]
            node = self.layout.product(product, [self._exponent(f) for f in exponents])
            self.products[node] = product
            self._nodes[product] = node
        return self.shortest(node)

    def shortest(self, node: int) -> int:
        """Return a product as it is; where formulas are to be short, another way to write it (see `shorter`)."""
        return node

    # Sums

    def terms_of(self, i: int) -> Terms:
        """Return the sum that a node is, if only of itself; a number times a sum is a sum."""
        found = self.sums.get(i)
        if found is not None and len(found) <= LONGEST:
            return found
        coefficient, factors = self.product_of(i)
        if len(factors) == 1 and factors[0][1:] == (ONE, NONE):
            inside = self.sums.get(factors[0].base)
            if inside is not None and len(inside) <= LONGEST:
                return {mono: c * coefficient for mono, c in inside.items()}
        if not factors:
            return {self.one: coefficient}
        node = self.product_node(Product(ONE, factors))
        found = self.sums.get(node)  # x*(1 + 1/x) is x + 1
        return (
            {mono: c * coefficient for mono, c in found.items()}
            if found and len(found) <= LONGEST
            else {node: coefficient}
        )

    def _added(self, items: Iterable[tuple[int, Fraction]]) -> Terms:
        total: Terms = {}
        for i, c in items:
            add_terms(total, self.terms_of(i), c)
        return without_zeros(total)

    def sum(self, items: Iterable[tuple[int, Fraction]]) -> int:
        """Return the node of Σ cᵢ·itemᵢ."""
        return self.sum_node(self._added(items))

    def sum_node(self, terms: Terms) -> int:
        """Return the node of a sum as it is; of several ways to write it see `shorter`."""
        return self.plain(terms)

    def plain(self, terms: Terms) -> int:
        """Return the node of a sum as it is."""
        if not terms:
            return self.number(ZERO)
        if len(terms) == 1:
            [(mono, c)] = terms.items()
            return self.product_node(Product(c * self.product_of(mono).coefficient, self.product_of(mono).factors))
        node = self.layout.sum([(self.product_of(mono), mono, c) for mono, c in terms.items()], self.product_node)
        self.sums.setdefault(node, terms)
        return node
