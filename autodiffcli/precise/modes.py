"""The exact modes in balls: the graphs of reverse and symbolic mode are run, forward and backprop push and pull."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flint import fmpq

from autodiffcli.backends import EXACT
from autodiffcli.backends.protocol import refuse_endless
from autodiffcli.chain import pull, push
from autodiffcli.derivatives import extend, pushforward
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.precise.balls import Ball, Number, run

__all__ = ["ONE", "way"]

ONE = Ball(fmpq(1))

Way = Callable[[Mapping[int, Number]], list[Number]]
"""Given the inputs by id: the value, then each partial derivative."""


def way(mode: str, graph: Graph, wrt: Sequence[str]) -> Way:
    """Return how a mode finds value and gradient at the working precision. Raises RequestError for the others."""
    if mode == "eval":
        return _run(graph, graph.outputs)
    if mode not in EXACT:
        why = "the error of a difference quotient is estimated, not bounded" if mode == "numeric" else "name one mode"
        raise RequestError(f"--digits does not go with mode {mode}: {why}", hint=f"choose one of {', '.join(EXACT)}")
    if mode == "reverse":
        longer = extend(graph, wrt).graph
        return _run(longer, longer.outputs)
    if mode == "backprop":
        return lambda leaves: _pulled(graph, wrt, leaves)
    refuse_endless(mode, graph, len(wrt))
    if mode == "forward":
        return lambda leaves: _pushed(graph, wrt, leaves)
    longer, output = graph.copy(), graph.outputs[0]
    for name in wrt:  # as the rules write them: to simplify would round their constants
        longer.outputs += pushforward(longer, [output], {graph.inputs[name]: 1.0})
    return _run(longer, longer.outputs)


def _run(graph: Graph, outputs: Sequence[int]) -> Way:
    def found(leaves: Mapping[int, Number]) -> list[Number]:
        values = run(graph, leaves)
        return [values[i].x for i in outputs]

    return found


def _pulled(graph: Graph, wrt: Sequence[str], leaves: Mapping[int, Number]) -> list[Number]:
    inputs, output = [graph.inputs[name] for name in wrt], graph.outputs[0]
    values = run(graph, leaves)
    bars = pull(graph, values, output, graph.depends(inputs), ONE)
    return [values[output].x, *[_number(bars[i] if i < len(bars) else None) for i in inputs]]


def _pushed(graph: Graph, wrt: Sequence[str], leaves: Mapping[int, Number]) -> list[Number]:
    output = graph.outputs[0]
    values = run(graph, leaves)
    found = [push(graph, values, {graph.inputs[name]: ONE})[output] for name in wrt]
    return [values[output].x, *map(_number, found)]


def _number(operand: Any) -> Number:
    return operand.x if isinstance(operand, Ball) else fmpq(int(operand or 0))
