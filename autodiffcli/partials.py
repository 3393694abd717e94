"""All partial derivatives up to an order as one graph, by Taylor arithmetic on its nodes.

Every node gets the coefficients of its Taylor polynomial in the inputs, ∂^m/m! for each multi-index m, as further
nodes. Products, quotients and selections have rules of their own; for every other primitive y = f(x) the coefficients
follow from its first partials by integrating ∂y/∂v = Σ pₖ·∂xₖ/∂v (Griewank & Walther, Evaluating Derivatives, ch. 13).
An order more costs a term more in each sum, where differentiating the derivative once more would double the graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from math import comb, factorial, prod
from typing import NamedTuple

from autodiffcli.chain import slope_of
from autodiffcli.derivatives import extend
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph, Node, growing
from autodiffcli.limits import PARTIALS
from autodiffcli.passes.simplify import simplify
from autodiffcli.primitives import div, logical_and, logical_not, mul, where

__all__ = ["Index", "partials"]

Index = tuple[int, ...]
"""A multi-index: the positions in `wrt` to differentiate by, in ascending order; (0, 0, 1) is ∂³/∂x²∂y."""

HIGHEST = 170
"""Order of derivatives that are built at most: n! is a float up to here."""

Coefficient = Node | float
Level = dict[Index, Coefficient]
_Pairs = dict[Index, list[tuple[Index, Index]]]


def partials(graph: Graph, wrt: Sequence[str], order: int) -> tuple[Graph, dict[Index, int]]:
    """Return the graph of the value and every partial derivative up to an order, and the outputs' positions.

    The outputs come in graded order: value, ∂x, ∂y, ∂xx, ∂xy, ∂yy, ...; those that symmetry makes equal come once.
    Raises RequestError for an order below 0, more than limits.PARTIALS derivatives, and a derivative that is refused.

    >>> from autodiffcli.interpreter import run
    >>> from autodiffcli.language.parser import parse
    >>> graph, places = partials(parse("x^2*y"), ["x", "y"], 2)
    >>> values = run(graph, [3.0, 5.0])
    >>> {index: values[graph.outputs[place]] for index, place in places.items()}
    {(): 45.0, (0,): 30.0, (1,): 9.0, (0, 0): 10.0, (0, 1): 6.0, (1, 1): 0.0}
    """
    if order < 0:
        raise RequestError(f"the order of a derivative is a whole number from 0, not {order}")
    if order > HIGHEST:
        raise RequestError(
            f"the order of a derivative can be {HIGHEST} at most, not {order}",
            hint=f"the factor {HIGHEST + 1}! is beyond the largest float; adcalc taylor goes on, without it",
        )
    count = comb(len(wrt) + order, order)
    if count > PARTIALS:
        raise RequestError(
            f"{len(wrt)} inputs have {count:,} partial derivatives up to order {order}, and {PARTIALS:,} are the limit",
            hint="choose a lower --order, or fewer inputs with --wrt",
        )
    indices = [m for d in range(order + 1) for m in combinations_with_replacement(range(len(wrt)), d)]
    graph = simplify(graph, exact=True)
    built = _candidates(graph, wrt, order, indices)
    return min(built, key=Graph.operations), {m: place for place, m in enumerate(indices)}


def _candidates(graph: Graph, wrt: Sequence[str], order: int, indices: Sequence[Index]) -> Iterator[Graph]:
    """Yield the ways worth trying: jets of the value, and jets of the gradient that one reverse sweep gives."""
    if order <= 1 or len(wrt) > 1:
        gradient = extend(graph, wrt).graph if order else graph.copy()
        first = dict(zip([(), *[(v,) for v in range(len(wrt))]], gradient.outputs, strict=False))
        yield simplify(_assembled(gradient, first, wrt, order - 1, indices), exact=True)
    if order > 1 and len(wrt) <= 4 * order:  # with more inputs than that a sweep back is cheaper than their jets
        yield simplify(_assembled(graph.copy(), {(): graph.outputs[0]}, wrt, order, indices), exact=True)


def _assembled(
    graph: Graph, first: dict[Index, int], wrt: Sequence[str], order: int, indices: Sequence[Index]
) -> Graph:
    """Append the jets, to an order, of nodes that are derivatives already; make all derivatives the outputs."""
    with growing():
        jets = _Jets(graph, [graph.inputs[name] for name in wrt], max(order, 0))
        outputs = []
        for m in indices:
            # the last position is taken from the gradient: of its derivatives those by no later input are needed
            done = m[-1:] if m[-1:] in first else ()
            outputs.append(jets.derivative(first[done], m[: len(m) - len(done)]))
    graph.outputs = outputs
    return graph


class _Slope(NamedTuple):
    """∂y/∂xₖ of a node y: of which argument, the node or number that it is, and the condition that it stands under."""

    argument: int
    value: Coefficient
    condition: Node | None


class _Jets:
    """The Taylor coefficients of every node of a graph, built degree by degree in the graph itself.

    The coefficient of degree d of a node needs its partials' coefficients below d only, so the partials may be nodes
    that come later: loops over degrees and ids, no recursion. As in the sweeps of `chain`, what stands behind a gate
    is kept without it, the condition beside it, and closed only where paths meet.
    """

    def __init__(self, graph: Graph, inputs: Sequence[int], order: int) -> None:
        self.graph = graph
        self.active = bytearray()
        self.slopes: dict[int, list[_Slope]] = {}
        self.gates: dict[int, Node] = {}
        self.levels: list[list[Level]] = []
        self.scaled: dict[tuple[int, Index, int], Coefficient] = {}
        ends = self._with_partials(inputs, order)
        self.levels = [[{(): Node(graph, i)}] for i in range(ends[0])]
        for d in range(1, order + 1):
            for i in range(ends[d]):
                self.levels[i].append({})
            self._within_limit(d, order)
            for v, i in enumerate(inputs if d == 1 else ()):
                self.levels[i][1][(v,)] = 1.0
            for i in range(ends[d]):
                if self.active[i] and graph.args[i]:
                    self.levels[i][d] = {m: y for m, y in self._coefficients(i, d).items() if _value(y) != 0.0}

    def _within_limit(self, d: int, order: int) -> None:
        graph = self.graph
        most = PARTIALS + 100 * (len(graph.source) or len(graph))
        if len(graph) > most:
            raise RequestError(
                f"the partial derivatives to order {order} take more than {len(graph):,} operations before order {d}, "
                f"and {most:,} are the limit",
                hint="choose a lower --order, or fewer inputs with --wrt; adcalc taylor goes on, at a point",
            )

    def derivative(self, node: int, m: Index) -> int:
        """Return the node that is the derivative of a node by the positions m."""
        value = self._at(node, m, None) if m in self.levels[node][len(m)] else 0.0
        return _node(self.graph, _times(value, float(prod(factorial(m.count(v)) for v in set(m))))).id

    def _with_partials(self, inputs: Sequence[int], order: int) -> list[int]:
        """Append the partials of every node, and of those, order times; return how many nodes need a degree."""
        graph, start, ends = self.graph, 0, [len(self.graph)]
        for _ in range(order):
            end = len(graph)
            for j in range(start, end):
                self._enter(j, inputs)
            start = end
            ends.append(len(graph))
        self.active.extend(bytes(len(graph) - start))  # their values are needed, no coefficients
        return ends[::-1] if order else ends

    def _enter(self, j: int, inputs: Sequence[int]) -> None:
        """Note whether node j depends on the inputs smoothly, and what its partials are."""
        graph = self.graph
        args, op = graph.args[j], graph.ops[j]
        rules = op.rules(len(args)) if args else ()
        live = [k for k, a in enumerate(args) if self.active[a] and rules[k] != 0.0]
        self.active.append(bool(live) or (not args and j in inputs))
        if not live or op in _RULES:
            return
        slopes = self.slopes[j] = []
        operands = [Node(graph, j), *[Node(graph, a) for a in args]]
        for k in live:
            rule = rules[k]
            value, condition = (rule, None) if isinstance(rule, float) else slope_of(graph, j, k, rule, operands)
            if isinstance(value, Node) and value.constant is not None:
                value = value.constant
            if value is not None and value != 0.0:
                slopes.append(_Slope(args[k], value, condition))

    def _at(self, i: int, m: Index, gate: Node | None) -> Coefficient:
        """Return a coefficient that there is, closed unless the reader stands behind the same gate."""
        value = self.levels[i][len(m)][m]
        own = self.gates.get(i) if m else None
        if own is None or (gate is not None and own.id == gate.id):
            return value
        return where(own, value, 0.0)  # type: ignore[no-any-return]

    def _coefficients(self, j: int, d: int) -> Level:
        """Return node j's coefficients of degree d."""
        args = self.graph.args[j]
        live = {a for a in args if self.active[a]}
        gate = self.gates.get(next(iter(live))) if len(live) == 1 else None
        rule = _RULES.get(self.graph.ops[j])
        if rule is not None:
            found = rule(self, j, d, gate)
            if gate is not None:
                self.gates.setdefault(j, gate)
            return found
        slopes = self.slopes.get(j, [])
        if len(live) == len(slopes) == 1 and slopes[0].condition is not None:
            condition = slopes[0].condition
            gate, inner = condition if gate is None else logical_and(gate, condition), gate
            slopes = [slopes[0]._replace(condition=None)]
        else:
            inner = gate
        if gate is not None:
            self.gates.setdefault(j, gate)
        return self._integrated(j, slopes, d, inner)

    def _integrated(self, j: int, slopes: Sequence[_Slope], d: int, gate: Node | None) -> Level:
        """Return the coefficients of degree d of the y with ∂y/∂v = Σ pₖ·∂xₖ/∂v for every v."""
        reciprocal = self._reciprocal(slopes)
        if reciprocal is not None:
            return self._divided(j, *reciprocal, slopes[0].argument, d, gate)
        result: Level = {}
        varying: list[tuple[_Slope, int, _Pairs]] = []
        for s in slopes:
            x, p = s.argument, s.value
            if isinstance(p, Node) and self.active[p.id]:
                varying.append((s, p.id, self._pairs(p.id, x, d, range(d))))
                continue
            for m in self.levels[x][d]:
                term = self._sum(p.id, x, [((), m)], gate) if isinstance(p, Node) else _times(self._at(x, m, gate), p)
                result[m] = _plus(result.get(m), _closed(s.condition, term))
        for m in dict.fromkeys(m for _, _, pairs in varying for m in pairs):
            v = _cheapest(m, [b for _, _, pairs in varying for _, b in pairs.get(m, [])])
            total: Coefficient | None = None
            for s, place, pairs in varying:
                part = self._sum(place, s.argument, [(a, b) for a, b in pairs.get(m, []) if v in b], gate, v)
                total = total if part is None else _plus(total, _closed(s.condition, part))
            if total is not None:
                if m not in result:
                    self.scaled[j, m, v] = total
                result[m] = _plus(result.get(m), _times(total, 1.0 / m.count(v)))
        return result

    def _reciprocal(self, slopes: Sequence[_Slope]) -> tuple[int, int] | None:
        """Return u and w where the one slope is u/w, u a constant and w none."""
        if len(slopes) == 1 and isinstance(slopes[0].value, Node) and slopes[0].condition is None:
            p = slopes[0].value.id
            if self.graph.ops[p] is div and self.active[p] and self.graph.args[p][0] in self.graph.constants:
                return self.graph.args[p]  # type: ignore[return-value]
        return None

    def _divided(self, j: int, u: int, w: int, x: int, d: int, gate: Node | None) -> Level:
        """Integrate where p = u/w with u constant: w·∂y/∂v = u·∂x/∂v spares the coefficients of 1/w."""
        result: Level = {}
        pairs = self._pairs(w, j, d, range(1, d))
        for m in dict.fromkeys([*self.levels[x][d], *pairs]):
            v = _cheapest(m, [b for _, b in pairs.get(m, [])])
            known = self._sum(w, j, [(a, b) for a, b in pairs.get(m, []) if v in b], gate, v)
            total = None if known is None else _times(known, -1.0 / m.count(v))
            if m in self.levels[x][d]:
                total = _plus(_times(self._at(x, m, gate), self.graph.constants[u]), total)
            if total is not None:
                result[m] = total / Node(self.graph, w)
        return result

    def _pairs(self, p: int, x: int, d: int, degrees: range) -> _Pairs:
        """Return for each m of degree d the (a, b) with a + b = m: p has a coefficient a, of these degrees, and x b."""
        found: _Pairs = {}
        for k in degrees:
            if k < len(self.levels[p]) and d - k < len(self.levels[x]):
                for a in self.levels[p][k]:
                    for b in self.levels[x][d - k]:
                        found.setdefault(_joined(a, b), []).append((a, b))
        return found

    def _sum(
        self, p: int, x: int, pairs: Sequence[tuple[Index, Index]], gate: Node | None, v: int | None = None
    ) -> Coefficient | None:
        """Return Σ p_a·x_b, or Σ p_a·b_v·x_b; what stands behind a gate is closed after it was multiplied."""
        groups: dict[Node | None, Coefficient] = {}
        keys: dict[int, Node] = {}
        for a, b in pairs:
            own = self.gates.get(x if b else p)
            if own is not None:
                own = None if gate is not None and gate.id == own.id else keys.setdefault(own.id, own)
            reader = own or gate
            factor = self._at(x, b, reader) if v is None else self._scaled(x, b, v, reader)
            groups[own] = _plus(groups.get(own), _times(self._at(p, a, reader), factor))
        total: Coefficient | None = None
        for own, part in groups.items():
            total = _plus(total, _closed(own, part))
        return total

    def _scaled(self, i: int, m: Index, v: int, gate: Node | None) -> Coefficient:
        """Return m_v times a coefficient; for one that was integrated it is what was there before it was divided."""
        known = self.scaled.get((i, m, v))
        if known is not None and (i not in self.gates or (gate is not None and self.gates[i].id == gate.id)):
            return known
        return _times(self._at(i, m, gate), float(m.count(v)))

    def _product(self, j: int, d: int, gate: Node | None) -> Level:
        a, b = self.graph.args[j]
        result: Level = {}
        for m, pairs in self._pairs(a, b, d, range(d + 1)).items():
            twice = [(s, t) for s, t in pairs if a == b and (len(s), s) < (len(t), t)]
            once = [(s, t) for s, t in pairs if a != b or s == t]
            double = self._sum(a, b, twice, gate)  # a square has every other term twice
            result[m] = _plus(None if double is None else _times(double, 2.0), self._sum(a, b, once, gate))
        return result

    def _quotient(self, j: int, d: int, gate: Node | None) -> Level:
        a, b = self.graph.args[j]
        result: Level = {}
        pairs = self._pairs(j, b, d, range(d))
        for m in dict.fromkeys([*self.levels[a][d], *pairs]):
            known = self._sum(j, b, pairs.get(m, []), gate)
            total = None if known is None else _times(known, -1.0)
            if m in self.levels[a][d]:
                total = _plus(self._at(a, m, gate), total)
            if total is not None:
                result[m] = total / Node(self.graph, b)
        return result

    def _selection(self, j: int, d: int, gate: Node | None) -> Level:
        c, a, b = self.graph.args[j]
        condition = Node(self.graph, c)
        one = [x for x in (a, b) if self.active[x]]
        if len(one) == 1:
            side = condition if one[0] == a else logical_not(condition)
            own = self.gates.get(one[0])
            self.gates[j] = side if own is None else logical_and(own, side)
            return dict(self.levels[one[0]][d])
        taken, other = self.levels[a][d], self.levels[b][d]
        return {
            m: where(
                condition,
                self._at(a, m, gate) if m in taken else 0.0,
                self._at(b, m, gate) if m in other else 0.0,
            )
            for m in dict.fromkeys([*taken, *other])
        }


_RULES = {mul: _Jets._product, div: _Jets._quotient, where: _Jets._selection}


def _joined(a: Index, b: Index) -> Index:
    return tuple(sorted(a + b)) if a and b else a or b


def _cheapest(m: Index, seconds: Sequence[Index]) -> int:
    """Return the input to integrate by that leaves the fewest terms, each having an index among `seconds`."""
    return min(dict.fromkeys(m), key=lambda v: sum(v in b for b in seconds))


def _closed(condition: Node | None, term: Coefficient | None) -> Coefficient | None:
    return term if condition is None or term is None else where(condition, term, 0.0)


def _times(a: Coefficient, b: Coefficient) -> Coefficient:
    if isinstance(b, float) or (isinstance(a, Node) and a.id > b.id):
        a, b = b, a  # a number comes first, and equal products have one order
    return -b if _value(a) == -1.0 else a * b


def _plus(a: Coefficient | None, b: Coefficient | None) -> Coefficient:
    """Return a sum of which one term may be missing."""
    if a is None or b is None:
        found = b if a is None else a
        assert found is not None
        return found
    if isinstance(a, Node) and isinstance(b, Node) and a.id > b.id:
        a, b = b, a
    return a + b


def _value(x: Coefficient) -> float | None:
    return x.constant if isinstance(x, Node) else x


def _node(graph: Graph, x: Coefficient) -> Node:
    return x if isinstance(x, Node) else Node(graph, graph.constant(x))
