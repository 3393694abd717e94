"""Which derivatives can differ from 0, and which columns one pass can serve together: patterns and colourings.

Gebremedhin, Manne & Pothen, What Color Is Your Jacobian? Graph Coloring for Computing Derivatives (2005).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autodiffcli.graph import Graph

__all__ = ["colour_columns", "colour_star", "pattern", "transposed"]

MAX_MEMBERS = 20
"""Members that the index sets of a pattern may have for each node on average, beyond the first million: more would cost
more than they save.
"""

Pattern = list[list[int]]
"""For each row, the columns in which it may hold something, ascending."""


def pattern(graph: Graph, columns: Sequence[int]) -> Pattern | None:
    """Return for each output the places in `columns` (nodes) of those that its derivative may not vanish by.

    A derivative that a declaration makes 0 everywhere, as that of floor, is no dependence. None: nearly everything
    depends on everything, and the index sets would take more room than they could save.

    >>> from autodiffcli.language.parser import parse
    >>> g = parse("(x*y, floor(x) + z)")
    >>> pattern(g, list(g.inputs.values()))
    [[0, 1], [2]]
    """
    live = graph.live(graph.outputs)
    sets: list[frozenset[int] | None] = [None] * len(graph)
    for place, i in enumerate(columns):
        sets[i] = frozenset([place])
    members = -1_000_000
    for j, args in enumerate(graph.args):
        if not live[j] or not args:
            continue
        rules = graph.ops[j].rules(len(args))
        found = sets[j]
        for k, i in enumerate(args):
            other = sets[i]
            rule = rules[k]
            if other is None or other is found or (rule.__class__ is float and rule == 0.0):
                continue
            if found is None or found < other:
                found = other  # shared: a chain of operations on the same inputs holds one set
            elif not other <= found:
                found = found | other
                members += len(found)
        sets[j] = found
        if members > MAX_MEMBERS * len(graph):
            return None
    return [sorted(sets[i] or ()) for i in graph.outputs]


def transposed(rows: Pattern, count: int) -> Pattern:
    """Return a pattern's `count` columns as rows.

    >>> transposed([[0, 1], [1]], 3)
    [[0], [0, 1], []]
    """
    columns: Pattern = [[] for _ in range(count)]
    for i, row in enumerate(rows):
        for j in row:
            columns[j].append(i)
    return columns


def colour_columns(rows: Pattern, count: int) -> list[int]:
    """Return a colour for each of `count` columns, so that no two of one colour share a row.

    Greedy, columns of many entries first. Time is linear in the entries as long as the colours are few.

    >>> colour_columns([[0, 1], [1, 2], [2, 3]], 4)
    [1, 0, 1, 0]
    """
    if any(len(row) == count for row in rows):  # no two columns can share a colour
        return list(range(count))
    columns = transposed(rows, count)
    used = [0] * len(rows)  # the colours in each row, as the bits of a number
    colours = [0] * count
    for j in _largest_first(columns):
        taken = 0
        for i in columns[j]:
            taken |= used[i]
        colours[j] = _lowest_free(taken)
        for i in columns[j]:
            used[i] |= 1 << colours[j]
    return colours


def colour_star(rows: Pattern) -> list[int]:
    """Return a star colouring for a symmetric pattern: neighbours differ, and so do two of four on every path.

    Then each entry h_ij stands alone in its colour in row i or in row j of the compressed matrix, and is read there:
    an arrowhead of any size has 2 colours, where its columns have as many as there are. Greedy, the vertices of many
    neighbours first; the sets of colours are bits of numbers, and each pair of a vertex and a colour that appears
    twice beside it is looked at once.

    >>> colour_star([[0, 1, 2, 3], [0, 1], [0, 2], [0, 3]])
    [0, 1, 1, 1]
    """
    neighbours = [[j for j in row if j != i] for i, row in enumerate(rows)]
    colours = [-1] * len(rows)
    once = [0] * len(rows)  # the colours beside a vertex
    twice = [0] * len(rows)  # those of two or more of its neighbours
    # The colours c of neighbours that have another neighbour of this vertex's colour b: who comes beside this vertex
    # and takes c would complete the path c b c b.
    ends = [0] * len(rows)
    for v in _largest_first(neighbours):
        taken = once[v]
        for w in neighbours[v]:
            if colours[w] >= 0:
                taken |= ends[w]
                if twice[v] >> colours[w] & 1:  # v would be inside of a path: w, another of its colour, and v between
                    taken |= once[w]
        colour = colours[v] = _lowest_free(taken)
        bit = 1 << colour
        for w in neighbours[v]:
            if not once[w] & bit:
                once[w] |= bit
            elif not twice[w] & bit:
                twice[w] |= bit
                if colours[w] >= 0:
                    for x in neighbours[w]:
                        if colours[x] == colour:
                            ends[x] |= 1 << colours[w]
            elif colours[w] >= 0:
                ends[v] |= 1 << colours[w]
        if twice[v]:
            for x in neighbours[v]:
                if colours[x] >= 0 and twice[v] >> colours[x] & 1:
                    ends[x] |= bit
    return colours


def _largest_first(lists: Sequence[Sequence[int]]) -> Iterable[int]:
    return sorted(range(len(lists)), key=lambda i: -len(lists[i]))


def _lowest_free(taken: int) -> int:
    return (~taken & (taken + 1)).bit_length() - 1
