"""What every declaration owes its readers, and what importing them all may cost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from autodiffcli.graph import Graph, Node
from autodiffcli.primitive import FUNCTIONS, PRIMITIVES, Primitive

LANGUAGE = """
    sqrt cbrt exp exp2 expm1 ln log log2 log10 log1p pow hypot
    sin cos tan sec csc cot asin acos atan atan2 sinh cosh tanh sech csch coth asinh acosh atanh acoth asech acsch
    acot asec acsc sinc deg rad arcsin arccos arctan arctan2 arcsinh arccosh arctanh arccoth arcsech arccsch arccot
    arcsec arccsc abs sign min max clip floor ceil round trunc relu leaky_relu heaviside where
    sigmoid softplus silu gelu logit logsumexp erf erfc erfinv gamma lgamma digamma factorial beta lbeta besselj bessely
    lambertw
"""
MINE = [
    op
    for op in dict.fromkeys(PRIMITIVES.values())
    if op.operator is None and not op.condition and op.rules(2) and op.name[0] != "_"
]


@pytest.mark.parametrize("name", LANGUAGE.split())
def test_the_language_has_its_functions(name: str) -> None:
    assert name in FUNCTIONS


def test_the_language_has_no_function_that_nobody_writes() -> None:
    assert {word for word, op in FUNCTIONS.items() if isinstance(op, Primitive) and op.operator} == {"pow"}
    helpers = "digamma1p beta_slope erfcx_slope besselj_slope bessely_slope lambertw_slope silu_slope gelu_slope"
    assert not [word for word in FUNCTIONS if word[0] == "_" or word in helpers.split()]


UNITS: list[Callable[[Any], Any]] = [
    *(lambda x: x + -0.0, lambda x: -0.0 + x, lambda x: x - 0.0, lambda x: x * 1.0, lambda x: 1.0 * x),
    *(lambda x: x / 1.0, lambda x: x**1.0),
]
CHANGES: list[Callable[[Any], Any]] = [
    *(lambda x: x + 0.0, lambda x: 0.0 + x, lambda x: x - -0.0, lambda x: x - 1.0, lambda x: x * 2.0),  # -0 + 0 is 0
    *(lambda x: 2.0 * x, lambda x: x / 2.0, lambda x: 1.0 / x, lambda x: x**2.0, lambda x: 1.0**x),
]


def test_what_is_a_unit_is_dropped_and_nothing_else() -> None:
    graph = Graph()
    x = Node(graph, graph.input("x"))
    assert [f(x).id for f in UNITS] == [x.id] * len(UNITS)
    assert x.id not in [f(x).id for f in CHANGES]


def test_log_is_chosen_by_its_arguments() -> None:
    assert FUNCTIONS["log"] == {1: PRIMITIVES["ln"], 2: PRIMITIVES["log"]}


@pytest.mark.parametrize("op", MINE, ids=[op.name for op in MINE])
def test_a_declaration_says_how_it_is_written(op: Primitive) -> None:
    assert op.meaning
    places = ["{*}"] if op.arity[1] is None else [f"{{{k}}}" for k in range(op.arity[0])]
    assert all(place in op.latex for place in places)
    filled = op.latex
    for place in places:
        filled = filled.replace(place, "x")
    assert filled.count("{") == filled.count("}")


def test_importing_the_declarations_imports_no_library() -> None:
    code = "import sys, autodiffcli.primitives; print({'numpy', 'scipy', 'mpmath'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
