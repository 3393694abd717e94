"""Blocks of points: work arrays that are used again change no result, and no column."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings

from autodiffcli import parse
from autodiffcli.derivatives import extend
from autodiffcli.graph import Graph
from autodiffcli.interpreter import block_steps, run_blocks
from autodiffcli.passes.simplify import simplify
from tests.strategies import expressions

COLUMNS = np.array([[0.3, 2.0, 0.0, -1.0, np.inf], [1.0, 0.5, -2.0, 3.0, np.nan], [4.0, -0.0, 7.0, 1e300, 0.1]])


@settings(max_examples=1000, deadline=None)
@given(expressions)
@example("where((x + y) < 0, -(x + y), x*y) + (x + y)")
@example("x^2")
@example("max(x + 1) * exp(x + 1)")
def test_reuse_changes_nothing(text: str) -> None:
    graph = parse(text)
    for wrt in ([], list(graph.inputs)):
        compare(simplify(extend(graph, wrt).graph, exact=True))


def compare(extended: Graph) -> None:
    columns = list(COLUMNS[: len(extended.inputs)].copy())
    reused = run_blocks(extended, columns, block_steps(extended))
    for mine, theirs in zip(columns, COLUMNS, strict=False):
        np.testing.assert_array_equal(mine, theirs)
    plain = run_blocks(extended, columns)
    for i in extended.outputs:
        np.testing.assert_array_equal(reused[i], plain[i])


def test_arrays_are_used_again() -> None:
    graph = parse("exp(-(x*y + 1))")
    written = {op.name: args[-1] for _, op, args, _ in block_steps(graph) if len(args) > op.arity[0]}
    assert {name: graph.ops[node].name for name, node in written.items()} == {"add": "mul", "neg": "add", "exp": "neg"}
