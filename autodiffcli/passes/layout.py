"""How a formula in normal form is laid out: a textbook's order of factors and terms, fractions, signs, its length."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod

from autodiffcli.graph import CONSTANT, INPUT, Graph
from autodiffcli.passes.maps import Factor, Product
from autodiffcli.primitive import PRIMITIVES, Primitive
from autodiffcli.primitives import add, div, exp, mul, neg, sqrt, sub
from autodiffcli.primitives import pow as power

__all__ = ["Layout"]

LARGEST_DENOMINATOR = 10_000
"""Fractions with more below the bar are written as decimals."""
TOO_LONG = 10**9

_CONSTANT, _ROOT, _INPUT, _POWER, _FUNCTION, _LONG_ROOT, _SUM = range(7)
"""The order of factors: 2*pi*sqrt(2)*x*x^n*sin(x)*sqrt(x + 2)*(x + 1)."""


class Layout:
    """Builds the nodes of one graph, and knows how long each is when it is written."""

    def __init__(self, graph: Graph, decimals: bool) -> None:
        self.graph = graph
        self.decimals = decimals
        self._lengths: list[int] = []
        self._places: dict[int, int] = {}
        self._ranks: dict[Primitive, int] = {exp: -1}
        for op in PRIMITIVES.values():
            self._ranks.setdefault(op, len(self._ranks))

    def number(self, value: Fraction) -> int:
        """Return the node of a number: an integer, a decimal, or a quotient of two integers."""
        above, below = self._quotient(value)
        node = self.graph.constant(above)
        return node if below == 1 else self.graph.apply(div, (node, self.graph.constant(below)))

    def _quotient(self, value: Fraction) -> tuple[float, float]:
        """Return what is written above and below the bar."""
        below = value.denominator
        if below == 1 or below > LARGEST_DENOMINATOR or (self.decimals and _is_decimal(below)):
            return _float(value), 1.0
        return _float(value.numerator), _float(below)

    def product(self, product: Product, exponents: Sequence[int]) -> int:
        """Return the node of a product of at least one factor; exponents: the node of each, numbers without sign."""
        graph = self.graph
        above: list[tuple[tuple[int, int, int, int], int]] = []
        below: list[tuple[tuple[int, int, int, int], int]] = []
        for factor, exponent in zip(product.factors, exponents, strict=True):
            side = below if self._is_below(factor) else above
            node = self._power(factor, exponent)
            side.append((self._factor_key(factor, node), node))
        value, divisor = self._quotient(product.coefficient)
        top, bottom = [node for _, node in sorted(above)], [node for _, node in sorted(below)]
        if abs(value) != 1 or not top:
            top.insert(0, graph.constant(value))
        elif value < 0:
            top[0] = graph.apply(neg, (top[0],))
        if divisor != 1:
            bottom.insert(0, graph.constant(divisor))
        node = self._chain(top)
        return graph.apply(div, (node, self._chain(bottom))) if bottom else node

    def _chain(self, nodes: list[int]) -> int:
        node = nodes[0]
        for other in nodes[1:]:
            node = self.graph.apply(mul, (node, other))
        return node

    def _is_e(self, base: int) -> bool:
        return self.graph.constant_names.get(base) == "e"

    def _is_below(self, factor: Factor) -> bool:
        return factor.rest < 0 and factor.number < 0 and not self._is_e(factor.base)

    def _power(self, factor: Factor, exponent: int) -> int:
        base, number, rest = factor
        if rest < 0 and number == 1:
            return base
        if self._is_e(base):
            return self.graph.apply(exp, (exponent if rest >= 0 else self.number(number),))
        if rest < 0 and abs(number) == 1:
            return base
        if rest < 0 and abs(number) == Fraction(1, 2):
            return self.graph.apply(sqrt, (base,))
        return self.graph.apply(power, (base, exponent))

    def _factor_key(self, factor: Factor, node: int) -> tuple[int, int, int, int]:
        op, base = self.graph.ops[node], self.graph.ops[factor.base]
        if base is INPUT:
            return (_INPUT if factor.rest < 0 else _POWER), self._place(factor.base), 0, 0
        if base is CONSTANT and op is not exp:
            return (_CONSTANT if op is CONSTANT else _ROOT), factor.base, 0, 0
        if base in (add, sub):
            return (_LONG_ROOT if op is sqrt else _SUM), self.length(node), node, 0
        return _FUNCTION, self._ranks.get(op if op is exp else base, len(self._ranks)), self.length(node), node

    def _place(self, i: int) -> int:
        """Return the place of an input by its name: a*x whatever was named first, and x2 before x10."""
        names = self.graph.names
        if len(self._places) != len(names):
            ordered = sorted(names, key=lambda node: _natural(names[node]))
            self._places = {node: place for place, node in enumerate(ordered)}
        return self._places[i]

    def sum(self, terms: Sequence[tuple[Product, int, Fraction]], build: Callable[[Product], int]) -> int:
        """Return the node of a sum of terms, each a product, its node, and its coefficient."""
        ordered = sorted(terms, key=lambda term: self._term_key(term[0], term[1]))
        first = next((n for n, term in enumerate(ordered) if term[2] > 0), 0)
        ordered.insert(0, ordered.pop(first))  # 1 - x^2, not -x^2 + 1
        total = -1
        for product, _, c in ordered:
            c *= product.coefficient
            if total < 0:
                total = build(product._replace(coefficient=c))
            else:
                node = build(product._replace(coefficient=abs(c)))
                total = self.graph.apply(add if c > 0 else sub, (total, node))
        return total

    def _term_key(self, product: Product, node: int) -> tuple[bool, Fraction, list[tuple[int, Fraction]], int, int]:
        """Return the place of a term: by falling degree, the inputs in their order, what is constant last."""
        ops = self.graph.ops
        powers = [(self._place(f.base), -f.number) for f in product.factors if ops[f.base] is INPUT and f.rest < 0]
        degree = sum((n for _, n in powers), Fraction(0))
        degree -= sum(f.number for f in product.factors if ops[f.base] in (add, sub) and f.rest < 0)
        constant = all(ops[f.base] is CONSTANT and f.rest < 0 for f in product.factors)
        return constant, degree, sorted(powers), -len(product.factors), node

    def length(self, node: int) -> int:
        """Return about how many characters a node has when it is written."""
        lengths, graph = self._lengths, self.graph
        for i in range(len(lengths), len(graph)):
            op, args = graph.ops[i], graph.args[i]
            if op is INPUT:
                size = len(graph.names[i])
            elif op is CONSTANT and graph.shape(i):
                size = 4 * prod(graph.shape(i))
            elif op is CONSTANT:
                size = len(graph.constant_names.get(i) or repr(graph.constants[i]).removesuffix(".0"))
            elif op.operator is None:
                size = len(op.name) + 2 * len(args) + sum(lengths[a] for a in args)
            else:
                symbol, precedence = op.operator
                size = len(symbol) + 2 * (precedence < 6)
                for k, a in enumerate(args):
                    size += lengths[a] + 2 * (self._precedence(a) < _needed(op, k))
            lengths.append(min(size, TOO_LONG))
        return lengths[node]

    def _precedence(self, node: int) -> int:
        operator = self.graph.ops[node].operator
        return 9 if operator is None else operator[1]


def _needed(op: Primitive, k: int) -> int:
    assert op.operator is not None
    symbol, precedence = op.operator
    if symbol == "^":
        return 9 if k == 0 else 7
    return precedence + (k > 0 or op is neg)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _is_decimal(n: int) -> bool:
    for prime in (2, 5):
        while n % prime == 0:
            n //= prime
    return n == 1


def _float(value: Fraction | int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
