"""What a picture shows: nodes with their names and formulas, and the edges between them; nothing is evaluated here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from autodiffcli.drawing.chain_rule import Quantity, Unfolded, adjoints, values
from autodiffcli.graph import CONSTANT, INPUT, Graph, growing
from autodiffcli.interpreter import run
from autodiffcli.language.notation import one_line
from autodiffcli.language.write import PLAIN, UNICODE, Style, write
from autodiffcli.passes.simplify import hidden, in_words, simplify
from autodiffcli.tracing.quantities import Quantities

__all__ = ["Drawn", "Edge", "Picture", "picture"]


class Edge(NamedTuple):
    """An argument of a node, by ids: within the forward graph, within the backward one, or from forward to backward."""

    source: int
    target: int
    kind: Literal["forward", "backward", "reuse"]


class Drawn(NamedTuple):
    """A node of a picture.

    key:      v3, a3 (v̄3), a2_4 (v̄2→4), t1: for programs, of ASCII letters alone.
    name:     what the trace calls it; also: other quantities that are the same node.
    formula:  of the names of other nodes; for an input its own name.
    results:  y, and ∂y/∂x1, where it is one of them.
    """

    id: int
    key: str
    name: str
    kind: Literal["input", "value", "adjoint", "partial", "helper"]
    backward: bool
    formula: str
    also: list[str]
    results: list[str]
    value: float | None


class Picture:
    """A graph ready to be written in any format.

    graph:   the nodes; `values` holds one number for each, or is None.
    order:   the ids that are drawn: first what the value depends on, then the rest, each in order of evaluation.
    before:  nodes and edges of the picture this one was made from by `optimised`, else None.
    """

    def __init__(
        self,
        unfolded: Unfolded,
        names: Sequence[str],
        point: Sequence[float] | None = None,
        before: tuple[int, int] | None = None,
    ) -> None:
        graph = self.graph = unfolded.graph
        self.names, self.point, self.before = names, point, before
        self.backward = unfolded.seed >= 0 or len(graph.outputs) > 1
        self.values = run(graph, point) if point is not None else None
        self._unfolded = unfolded
        self._forward = graph.live(graph.outputs[:1])
        self._live = graph.live(graph.outputs)
        for i in graph.inputs.values():
            self._live[i] = self._forward[i] = 1
        self._named: dict[int, list[Quantity]] = {}
        for quantity in unfolded.quantities:
            self._named.setdefault(quantity.node, []).append(quantity)
        self._folded = self._single_helpers()
        for i in graph.outputs[1:]:
            if i in graph.constants and i != graph.outputs[0]:
                self._forward[i] = 0  # a derivative that is constant, though the value may have a use for that number
        drawn = [i for i in range(len(graph)) if self._is_drawn(i)]
        self.order = [i for i in drawn if self._forward[i]]
        self.size = len(self.order)
        self.order += [i for i in drawn if not self._forward[i]]
        self._helpers = {i: n for n, i in enumerate((i for i in self.order if i not in self._named), 1)}

    def optimised(self) -> Picture:
        """Return the picture after `passes.simplify` with the rules that change no bit of any value.

        The quantities keep their names, so that those that have become one node are seen to.
        """
        unfolded = self._unfolded
        plain = unfolded.graph.copy()
        plain.constant_names.pop(unfolded.seed, None)  # a constant that has a name is kept, and this one is a 1
        plain.outputs = [*plain.outputs, *[q.node for q in unfolded.quantities]]
        shorter = simplify(plain, exact=True)
        count = len(unfolded.graph.outputs)
        shorter.outputs, nodes = shorter.outputs[:count], shorter.outputs[count:]
        quantities = [q._replace(node=i) for q, i in zip(unfolded.quantities, nodes, strict=True)]
        return Picture(Unfolded(shorter, quantities, set()), self.names, self.point, self.counts())

    def counts(self) -> tuple[int, int]:
        """Return how many nodes and edges are drawn."""
        return len(self.order), sum(len(self.sources(i)) for i in self.order)

    def sources(self, node: int) -> list[int]:
        """Return the drawn nodes that a drawn node is computed from, each once, in the order they are written in."""
        args, folded, constants = self.graph.args, self._folded, self.graph.constants
        found: dict[int, None] = {}
        stack = list(reversed(args[node]))
        while stack:
            a = stack.pop()
            if a in folded:
                stack += reversed(args[a])
            elif a not in constants or a == self._unfolded.seed:
                found[a] = None
        return list(found)

    def edges(self) -> Iterator[Edge]:
        """Yield the edges, by the node they end in."""
        forward = self._forward
        for target in self.order:
            for source in self.sources(target):
                kind = "backward" if not forward[source] else "reuse" if not forward[target] else "forward"
                yield Edge(source, target, kind)  # type: ignore[arg-type]

    def key(self, node: int) -> str:
        """Return the name of a drawn node for programs."""
        named = self._named.get(node)
        if named is None:
            return f"t{self._helpers[node]}"
        _, number, bar, user = named[0]
        return f"a{number}_{user}" if user else f"a{number}" if bar else f"v{number}"

    def nodes(
        self, style: Style = UNICODE, limit: int | None = None, ids: Iterable[int] | None = None
    ) -> Iterator[Drawn]:
        """Yield the drawn nodes in order, or those of `ids`. limit: cut formulas to so many characters."""
        say = Quantities(self.graph, style)
        results: dict[int, list[str]] = {}
        for result, i in self.results(style):
            results.setdefault(i, []).append(result)
        for i in self.order if ids is None else ids:
            names = [said(say, q) for q in self._named.get(i, ())]
            yield Drawn(
                i,
                self.key(i),
                self.name(i, say),
                self._kind(i),
                not self._forward[i],
                self.formula(i, say, limit),
                names[1:],
                results.get(i, []),
                None if self.values is None else self.values[i],
            )

    def results(self, style: Style = UNICODE) -> list[tuple[str, int]]:
        """Return y and every ∂y/∂x, each with its node."""
        say = Quantities(self.graph, style)
        return list(zip([say.output, *map(say.gradient, self.names)], self.graph.outputs, strict=False))

    def elsewhere(self, style: Style = UNICODE) -> Iterator[tuple[str, int | float | None]]:
        """Yield the quantities that are no node of their own: each with the node that it is one with (an int), with the
        constant that it is (a float), or with None where what it was part of is computed in another way.
        """
        say = Quantities(self.graph, style)
        shown, constants = set(self.order), self.graph.constants
        for q in self._unfolded.quantities:
            if q.node not in shown:
                yield said(say, q), float(constants[q.node]) if q.node in constants else None
            elif self._named[q.node][0] is not q:
                yield said(say, q), q.node

    def formula(self, node: int, say: Quantities, limit: int | None = None) -> str:
        """Return how a drawn node is computed from others."""
        graph, copies = self.graph, self._unfolded.copies
        if graph.ops[node] is INPUT:
            return one_line(graph.names[node])
        if node == self._unfolded.seed:
            return "1"
        if node in copies:
            return self.name(graph.args[node][0], say)

        def atom(a: int) -> str | None:
            if a == node or a in self._folded or (graph.ops[a] is CONSTANT and a != self._unfolded.seed):
                return None if a not in copies else self.name(graph.args[a][0], say)
            return self.name(a, say)

        inside = self._inside(node)
        if not any(graph.args[i] and hidden(graph.ops[i]) for i in inside):
            return write(graph, node, say.style, atom, limit)
        alone, names = self._on_paper(inside, atom)
        return write(alone, alone.outputs[0], say.style, names.get, limit)

    def _inside(self, node: int) -> list[int]:
        """Return a drawn node, and before it the nodes that are written in its formula."""
        found, stack = {node}, [node]
        while stack:
            args, copies = self.graph.args[stack.pop()], self._unfolded.copies
            within = [a for a in args if a in self._folded and a not in copies and a not in found]
            found.update(within)
            stack += within
        return sorted(found)

    def _on_paper(self, inside: list[int], atom: Callable[[int], str | None]) -> tuple[Graph, dict[int, str]]:
        """Return a graph of the last of these nodes alone, without hidden operations, and the names of its inputs."""
        graph, alone = self.graph, Graph()
        ids: dict[int, int] = {}
        for i in inside:
            for a in graph.args[i]:
                name = atom(a)
                if name is not None:
                    ids[a] = alone.input(name, shape=graph.shape(a))
                elif a in graph.constants:
                    ids[a] = alone.constant(graph.constants[a], graph.constant_names.get(a, ""))
            ids[i] = alone.apply(graph.ops[i], tuple([ids[a] for a in graph.args[i]]))
        alone.outputs = [ids[inside[-1]]]
        alone = in_words(alone)
        return alone, {i: name for name, i in alone.inputs.items()}

    def name(self, node: int, say: Quantities) -> str:
        """Return what a drawn node is called."""
        named = self._named.get(node)
        if named is not None:
            return said(say, named[0])
        return say.output if node == self.graph.outputs[0] else say.helper(self._helpers[node])

    def _kind(self, node: int) -> Literal["input", "value", "adjoint", "partial", "helper"]:
        named = self._named.get(node)
        if self.graph.ops[node] is INPUT:
            return "input"
        if named is None:
            return "helper"
        return "partial" if named[0].user else "adjoint" if named[0].bar else "value"

    def _single_helpers(self) -> set[int]:
        """Return the operations without a name that one node alone uses: they are written in its formula."""
        graph, live = self.graph, self._live
        uses = graph.uses(live)
        for i in graph.outputs:
            uses[i] += 2
        named = self._named
        return {i for i, args in enumerate(graph.args) if args and live[i] and uses[i] < 2 and i not in named}

    def _is_drawn(self, i: int) -> bool:
        if not self._live[i] or i in self._folded:
            return False
        return i not in self.graph.constants or i == self._unfolded.seed or i in self.graph.outputs


def said(say: Quantities, quantity: Quantity) -> str:
    """Return what a quantity is called."""
    _, number, bar, user = quantity
    if user:
        return say.partial_adjoint(number, user)
    return say.adjoint(number) if bar else say.value(number)


def picture(
    graph: Graph,
    wrt: Iterable[str] | None = None,
    point: Sequence[float] | None = None,
    optimize: bool = False,
) -> Picture:
    """Return the picture of a graph, with its backward half if the inputs to differentiate by are given.

    point: a value for each input in order of appearance, to put values on the nodes.

    >>> from autodiffcli.language.parser import parse
    >>> for node in picture(parse("x*sin(x)"), ["x"]).nodes():
    ...     print(node.name, "=", node.formula)
    v1 = x
    v2 = sin(v1)
    v3 = v1·v2
    v̄3 = 1
    v̄2 = v̄3·v1
    v̄1→3 = v̄3·v2
    v̄1→2 = v̄2·cos(v1)
    v̄1 = v̄1→3 + v̄1→2
    """
    names = [] if wrt is None else list(wrt)
    with growing():
        if wrt is None:
            unfolded = values(graph)
        else:
            number = len(values(graph).quantities)
            unfolded = adjoints(graph, names, Quantities(graph, PLAIN).adjoint(number))
        first = Picture(unfolded, names, point)
        return first.optimised() if optimize else first
