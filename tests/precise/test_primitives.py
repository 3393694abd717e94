"""Every primitive in balls: forty digits of its value and partial derivatives against mpmath."""

from __future__ import annotations

import os
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import mpmath as mp
import pytest

from autodiffcli.errors import AdcalcError, MathError
from autodiffcli.graph import Graph, Node
from autodiffcli.precise.prove import prove
from autodiffcli.primitive import PRIMITIVES, Primitive
from tests.primitives.references import GRID, PAIRS, REFERENCES, Reference

DIGITS = 40
ALL = "ADCALC_ALL_DIGITS" in os.environ
FEW = 12
EXACT_CONSTANTS = {"leaky_relu": (lambda x: x if x > 0 else x / 100, lambda x: mp.mpf(1) if x > 0 else mp.mpf("0.01"))}
"""What a reference has as a float, as it is meant."""


def points(op: Primitive, reference: Reference) -> list[tuple[float, ...]]:
    default: Iterable[tuple[float, ...]] = [(x,) for x in GRID] if op.arity[0] == 1 else PAIRS
    found = [xs for xs in (default if reference.points is None else reference.points) if reference.inside(*xs)]
    # far out, and at high orders, mpmath takes minutes for what is 0, 1 or overflow
    far = 1e4 if op.arity[0] == 1 else 100
    near = [xs for xs in found if all(x == 0 or 1e-40 < abs(x) < far for x in xs)]
    return near if ALL else near[:: max(1, len(near) // FEW)]


def agrees(text: str, true: Any) -> bool:
    """Whether a text of forty digits is the true value rounded."""
    found = mp.mpf(text)
    if true == 0 or found == 0:
        return bool(abs(found - true) < mp.mpf("1e-100"))  # an integral that is 0 by quadrature
    return bool(abs(found - true) <= mp.mpf(10) ** (mp.floor(mp.log10(abs(true))) - DIGITS + 1) * mp.mpf("0.500000001"))


@pytest.mark.parametrize("name", [name for name in REFERENCES if name in PRIMITIVES])
def test_forty_digits(name: str) -> None:
    op, reference = PRIMITIVES[name], REFERENCES[name]
    tried = 0
    for xs in points(op, reference):
        graph = Graph("", exact=True)
        names = [f"x{k}" for k in range(len(xs))]
        nodes = [Node(graph, graph.input(n)) for n in names]
        graph.outputs = [graph.apply(op, tuple(node.id for node in nodes))]
        value, partials = EXACT_CONSTANTS.get(name, (reference.value, reference.partial(0)))
        functions: dict[str, Any] = {"": value} | {
            n: partials if k == 0 else reference.partial(k) for k, n in enumerate(names)
        }
        with mp.workdps(150 + int(max(map(abs, xs)))):
            true: dict[str, Any] = {}
            for n, f in functions.items():
                if f is not None:
                    true[n] = mp.re(f(*map(mp.mpf, xs)))
        wrt = [n for n, rule in zip(names, op.rules(len(xs)), strict=True) if rule is not None and n in true]
        wrt = [n for n in wrt if mp.isfinite(true[n])]
        try:
            found = prove(graph, {n: str(Decimal(x)) for n, x in zip(names, xs, strict=True)}, wrt, "backprop", DIGITS)
        except MathError as error:
            pytest.fail(f"{name}{xs}: {error.report()}")
        tried += 1
        for n, text in {"": found.value, **found.gradient}.items():
            if text == "inf" or not mp.isfinite(true[n]):
                continue
            with mp.workdps(70):
                assert agrees(text, true[n]), f"∂{name}{xs}/∂{n or 'value'}: {text} is not {mp.nstr(true[n], 45)}"
    assert tried, name


def test_every_primitive_has_digits_or_says_that_it_has_not() -> None:
    for name, op in PRIMITIVES.items():
        assert op.ball is not None or op.formula is not None, name


def test_a_primitive_without_balls_is_refused() -> None:
    graph = Graph("", exact=True)
    bare = Primitive("bare")
    graph.outputs = [graph.apply(bare, (graph.input("x"),))]
    with pytest.raises(AdcalcError, match="bare has no evaluation with proven digits"):
        prove(graph, {"x": "1"}, [], "eval", 10)


@pytest.mark.parametrize("order", [0, 1, 2, 9, 10, 11, 40])
@pytest.mark.parametrize("x", ["0", "0.001", "2.5", "-30"])
def test_high_derivatives_of_sinc(order: int, x: str) -> None:
    graph = Graph("", exact=True)
    graph.outputs = [graph.apply(PRIMITIVES["dsinc"], (graph.constant(float(order)), graph.input("x")))]
    found = prove(graph, {"x": x}, [], "eval", DIGITS)
    with mp.workdps(120):
        true = REFERENCES["dsinc"].value(mp.mpf(order), mp.mpf(x))
        assert agrees(found.value, true)
