"""A graph of arrays as a graph of their entries: each a number with a name of its own, W[0,1]."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph, growing
from autodiffcli.limits import OUTPUTS
from autodiffcli.primitive import Shape

__all__ = ["by_entries", "entry_name", "places"]


def places(shape: Shape) -> Iterator[tuple[int, ...]]:
    """Yield the indices of the entries of an array, row by row; those of a number are ()."""
    return product(*map(range, shape))


def entry_name(name: str, place: tuple[int, ...]) -> str:
    """Return how the language writes an entry of an array.

    >>> entry_name("W", (0, 1)), entry_name("x", ())
    ('W[0,1]', 'x')
    """
    return f"{name}[{','.join(map(str, place))}]" if place else name


def by_entries(graph: Graph, output: str = "y") -> Graph:
    """Return a graph whose inputs and outputs are the entries of another's, which has arrays.

    output: what the outputs are called whose entries get names of their own, y[0,1].

    Raises RequestError where there are too many outputs.

    >>> from autodiffcli.language.parser import parse
    >>> found = by_entries(parse("2*x", shapes={"x": (2,)}))
    >>> list(found.inputs), found.labels
    (['x[0]', 'x[1]'], ['y[0]', 'y[1]'])
    """
    entries = sum([prod(graph.shape(i)) for i in graph.outputs])
    if entries > OUTPUTS + 8 * sum([prod(graph.shape(i)) for i in graph.inputs.values()]):
        raise RequestError(
            f"the value has {entries:,} entries, and {OUTPUTS:,} are the limit where they are looked at one by one",
            source=graph.source,
            span=graph.span(graph.outputs[0]),
            hint="sum them, or take some of them by an index",
        )
    from autodiffcli.primitives.tensor import reshape, zeros
    from autodiffcli.primitives.tensor_index import gather, stack

    new, ids = Graph(graph.source, graph.share, graph.exact), [0] * len(graph)
    with growing():
        for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
            span, shape = graph.span(i) or (-1, -1), graph.shape(i)
            if args:
                ids[i] = new.apply(op, tuple([ids[a] for a in args]), *span)
            elif i in graph.constants:
                ids[i] = new.constant(graph.constants[i], graph.constant_names.get(i, ""), *span)
            elif i in graph.names:
                name = graph.names[i]
                names = [new.input(entry_name(name, place), *span) for place in places(shape)]
                if not shape:
                    ids[i] = names[0]
                    continue
                flat = new.apply(stack(), tuple(names), *span) if names else new.constant(zeros(shape))
                ids[i] = flat if len(shape) == 1 or not names else new.apply(reshape(shape), (flat,), *span)
        new.labels = []
        several = len(graph.outputs) > 1
        for n, i in enumerate(graph.outputs, 1):
            label = graph.labels[n - 1] if graph.labels else f"{output}{n}" if several else output
            for place in places(graph.shape(i)):
                new.labels.append(entry_name(label, place))
                new.outputs.append(new.apply(gather(place), (ids[i],)) if place else ids[i])
    return new
