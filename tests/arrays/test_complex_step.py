"""The complex step on arrays: every function of arrays against its adjoints, which NumPy and JAX have confirmed."""

from __future__ import annotations

import numpy as np
import pytest

from autodiffcli.backends.numeric import Numeric
from autodiffcli.graph import Node
from autodiffcli.primitives.tensor import sum_over
from tests.arrays.cases import CASES, build
from tests.arrays.test_derivatives import by_complex_steps, calls, close, weights
from tests.cli.support import good, refused


@pytest.mark.parametrize("name", CASES)
def test_the_complex_step_is_exact(name: str) -> None:
    for n, call in enumerate(calls(name, 6)):
        graph, node = build(call)
        w = weights(call.reference(np, *map(np.asarray, call.values)), n)
        graph.outputs = [sum_over()(Node(graph, node) * Node(graph, graph.number(w))).id]
        found = Numeric("complex-step").gradient(graph, call.values, list(graph.inputs), False)
        for ours, theirs in zip(found.gradient.values(), by_complex_steps(call, w), strict=True):
            assert close(ours, theirs, 1e-11), (n, call.values, ours, theirs)


def test_on_the_command_line() -> None:
    args = ("--at", "X=[[1,2],[3,4]], W=[[0.1,0.2],[0.3,0.4]]", "--mode")
    step = good("grad", "sum(tanh(X@W)) + max(X)", *args, "numeric", "--scheme", "complex-step")
    exact = good("grad", "sum(tanh(X@W)) + max(X)", *args, "reverse")
    for ours, theirs in zip(step.splitlines(), exact.splitlines(), strict=True):
        np.testing.assert_allclose(eval(ours.partition("=")[2]), eval(theirs.partition("=")[2]), rtol=1e-14)
    error = refused("grad", "sum(erf(X))", "--at", "X=[1,2]", "--mode", "numeric", "--scheme", "complex-step")
    assert "erf has no value at complex numbers here" in error
