"""Gradients against high-precision differences of an evaluator that shares nothing with ours: Python and mpmath."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import mpmath as mp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autodiffcli import MathError, gradient, parse
from autodiffcli.graph import Graph
from tests.strategies import NAMES, expressions
from tests.test_agreement import contribution

FUNCTIONS: dict[str, Any] = {
    **{name: getattr(mp, name) for name in ("sqrt", "cbrt", "exp", "expm1", "ln", "log10", "log1p", "hypot", "atan2")},
    **{name: getattr(mp, name) for name in ("sin", "cos", "tan", "sec", "csc", "cot", "asin", "acos", "atan", "sinh")},
    **{name: getattr(mp, name) for name in ("cosh", "tanh", "sech", "csch", "coth", "asinh", "acosh", "atanh")},
    **{"acot": mp.acot, "asec": mp.asec, "acsc": mp.acsc, "asech": mp.asech, "acoth": mp.acoth},
    "exp2": lambda x: mp.mpf(2) ** x,
    "log2": lambda x: mp.log(x, 2),
    "pow": lambda x, y: x**y,
    "max": max,
    "min": min,
    "abs": abs,
    "where": lambda c, a, b: a if c else b,
    "relu": lambda x: max(x, mp.mpf(0)),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "deg": mp.degrees,
    "rad": mp.radians,
    "pi": mp.pi,
    "e": mp.e,
}

OPERATORS = {"input", "constant", "add", "sub", "mul", "div", "neg", "less", "less_equal", "greater"}

COORDINATES = st.integers(-4000, 4000).map(lambda k: (k + 0.5) / 1024)
"""Numbers that are no corner of anything, and far enough from 0."""


def at_corner(graph: Graph, values: Sequence[float]) -> bool:
    """Whether some node is where its derivative is a convention, which a difference quotient does not know."""
    for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        xs = [values[a] for a in args]
        if any(corner.at(values[i], *xs) for corner in op.corners) or (op.condition and len(set(xs)) < len(xs)):
            return True
    return False


@settings(max_examples=1_000, deadline=None)
@given(expressions, st.fixed_dictionaries(dict.fromkeys(NAMES, COORDINATES)))
def test_gradients_are_those_of_high_precision_differences(text: str, at: dict[str, float]) -> None:
    graph = parse(text)
    assume(graph.inputs)
    words = {op.name for op in graph.ops}
    assume(
        words <= {*FUNCTIONS, "input", "constant", "add", "sub", "mul", "div", "neg", "less", "less_equal", "greater"}
    )
    point = {name: at[name] for name in graph.inputs}
    try:
        result = gradient(graph, point, trace=True)
    except MathError:
        return
    assume(not at_corner(graph, result.values))
    size = contribution([result])
    assume(math.isfinite(size) and math.isfinite(result.value))
    slopes = [abs(edge.partial) for sweep in result.sweeps for edge in sweep.edges]
    assume(all(slope == 0 or slope > 1e-290 for slope in slopes))  # a subnormal one has fewer digits
    code = compile(text.replace("^", "**"), "expression", "eval")

    def value(**names: Any) -> Any:
        return eval(code, {"__builtins__": {}, **FUNCTIONS}, names)

    with mp.workdps(300):  # huge intermediate values take digits away from the quotient
        exact = {name: mp.mpf(x) for name, x in point.items()}
        for name, derivative in result.gradient.items():

            def along(x: Any, name: str = name) -> Any:
                return value(**{**exact, name: x})

            try:
                # an ill-conditioned derivative moves with the rounding of the values it comes from: ask less of it
                true, nudged = mp.diff(along, exact[name]), mp.diff(along, exact[name] * (1 + mp.mpf(2) ** -50))
            except (ValueError, ZeroDivisionError, OverflowError, TypeError, AttributeError):
                assume(False)  # complex numbers have no order, nor some functions of mpmath's
            assume(isinstance(true, mp.mpf) and isinstance(nudged, mp.mpf) and mp.isfinite(true))
            assert abs(derivative - true) <= 1e-10 * max(size, abs(true)) + 1e3 * abs(nudged - true) + 1e-290
