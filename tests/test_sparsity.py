"""Patterns hold every entry that can be; colourings let every entry be read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiffcli import parse
from autodiffcli.sparsity import colour_columns, colour_star, pattern, transposed


@st.composite
def patterns(draw: st.DrawFn) -> tuple[list[list[int]], int]:
    columns = draw(st.integers(1, 12))
    row = st.sets(st.integers(0, columns - 1), max_size=columns).map(sorted)
    return draw(st.lists(row, max_size=12)), columns


@given(patterns())
def test_columns_of_a_colour_share_no_row(case: tuple[list[list[int]], int]) -> None:
    rows, count = case
    colours = colour_columns(rows, count)
    assert len(colours) == count and set(colours) == set(range(max(colours) + 1))
    for row in rows:
        assert len({colours[j] for j in row}) == len(row)


@settings(max_examples=500)
@given(st.integers(1, 11), st.sets(st.tuples(st.integers(0, 10), st.integers(0, 10)), max_size=40))
def test_a_star_colouring_has_no_path_of_two_colours(n: int, pairs: set[tuple[int, int]]) -> None:
    entries = {(i % n, j % n) for i, j in pairs} | {(j % n, i % n) for i, j in pairs}
    rows = [sorted(j for j in range(n) if (i, j) in entries) for i in range(n)]
    colours = colour_star(rows)
    beside = [[j for j in row if j != i] for i, row in enumerate(rows)]
    for i in range(n):
        assert all(colours[i] != colours[j] for j in beside[i])
    for b in range(n):
        for c in beside[b]:
            for a in beside[b]:
                for d in beside[c]:
                    if len({a, b, c, d}) == 4:
                        assert len({colours[v] for v in (a, b, c, d)}) > 2
    for i, j in entries:  # so each entry is alone in its colour, in its row or in its mirror's
        assert [colours[k] for k in rows[i]].count(colours[j]) == 1 or [colours[k] for k in rows[j]].count(
            colours[i]
        ) == 1


def test_known_graphs() -> None:
    n = 50
    band = [sorted({max(i - 1, 0), i, min(i + 1, n - 1)}) for i in range(n)]
    assert max(colour_columns(band, n)) == 2
    assert max(colour_star(band)) == 2
    full = [list(range(n))] * n
    assert colour_columns(full, n) == list(range(n))
    assert sorted(colour_star(full)) == list(range(n))
    assert colour_star([[i] for i in range(n)]) == [0] * n
    arrow = [list(range(n)), *([0, i] for i in range(1, n))]
    assert max(colour_star(arrow)) == 1
    assert max(colour_columns(arrow, n)) == n - 1


@pytest.mark.parametrize(
    ("program", "wanted"),
    [
        ("(x*y, y*z, 3, z)", [[0, 1], [1, 2], [], [2]]),
        ("(x > y, where(x > y, x, z), floor(x)*y)", [[], [0, 2], [1]]),
        ("(D(x^2*y, x), max(x, y, z))", [[0, 1], [0, 1, 2]]),
    ],
)
def test_patterns(program: str, wanted: list[list[int]]) -> None:
    graph = parse(program)
    assert pattern(graph, [graph.inputs[name] for name in sorted(graph.inputs)]) == wanted


def test_one_that_is_too_full_is_not_kept() -> None:
    n = 20_000
    graph = parse(f"({'*'.join(f'x{i}' for i in range(n))}, x0)")
    assert pattern(graph, list(graph.inputs.values())) is None


def test_transposed() -> None:
    assert transposed([[0, 2], [], [2]], 3) == [[0], [], [0, 2]]
