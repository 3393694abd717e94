"""Symbolic mode: the sum, product and chain rules on the formula, simplified, then evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiffcli.backends.protocol import Backend, Gradient, refuse_endless
from autodiffcli.derivatives import extend, pushforward
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from autodiffcli.passes.simplify import simplify

__all__ = ["BACKEND", "differentiate"]


def differentiate(graph: Graph, wrt: Sequence[str]) -> Graph:
    """Return a graph whose outputs are the value and the formula of each partial derivative, simplified.

    Each formula is written out on its own, as by hand: n partials of a product of n factors cost n(n-2) products. Those
    by arrays have the form that the sweep back gives them, which is that of matrix calculus.
    """
    if graph.shapes:
        return simplify(extend(graph, wrt).graph)
    refuse_endless("symbolic", graph, len(wrt))
    longer, output = graph.copy(), graph.outputs[0]
    for name in wrt:
        longer.outputs += pushforward(longer, [output], {graph.inputs[name]: 1.0})
    return simplify(longer)


class _Symbolic:
    summary = "the rules of differentiation on the formula, simplified, then evaluated"

    def gradient(self, graph: Graph, point: Sequence[Any], wrt: Sequence[str], trace: bool) -> Gradient:
        formulas = differentiate(graph, wrt)
        values = run(formulas, point)
        partials = formulas.outputs[1:]
        gradient = {name: values[node] for name, node in zip(wrt, partials, strict=True)}
        value = run(graph, point)[graph.outputs[0]]  # as it is written: simplifying it may round otherwise
        result = Gradient("symbolic", formulas, len(formulas), value, gradient, values)
        result.formulas = dict(zip(wrt, partials, strict=True))
        return result


BACKEND: Backend = _Symbolic()
