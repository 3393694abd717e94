"""Sine and cosine of an array together: against mpmath, and shared within a run of blocks."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

from autodiffcli.graph import Graph, Node
from autodiffcli.interpreter import run_blocks
from autodiffcli.primitives import cos, sin, sincos
from autodiffcli.primitives.sincos import sin_and_cos

RANDOM = np.random.default_rng(5)
ANGLES = {
    "turns": RANDOM.uniform(-7, 7, 2000),
    "many turns": RANDOM.uniform(-1e5, 1e5, 2000),
    "near quarter turns": np.array([k * math.pi / 2 * (1 + j * 2.0**-30) for k in range(-9, 99) for j in range(-9, 9)]),
    "large": RANDOM.uniform(1e6, 1e9, 100),
    "every exponent": np.ldexp(RANDOM.uniform(-1, 1, 2000), RANDOM.integers(-1080, 1024, 2000)),
}


@pytest.mark.parametrize("angles", ANGLES.values(), ids=ANGLES)
def test_both_are_right_to_one_ulp(angles: np.ndarray) -> None:
    with mp.workprec(1200):
        for name, results in zip(("sin", "cos"), sin_and_cos(angles), strict=True):
            for x, got in zip(angles.tolist(), results.tolist(), strict=True):
                true = getattr(mp, name)(mp.mpf(x))
                assert abs(mp.mpf(got) - true) < math.ulp(float(true)), (name, x)


def test_special_values() -> None:
    sines, cosines = sin_and_cos(np.array([0.0, -0.0, math.inf, -math.inf, math.nan]))
    assert list(map(repr, sines.tolist())) == ["0.0", "-0.0", "nan", "nan", "nan"]
    assert list(map(repr, cosines.tolist())) == ["1.0", "1.0", "nan", "nan", "nan"]
    assert [y.size for y in sin_and_cos(np.array([]))] == [0, 0]
    assert repr(sin_and_cos(np.array([-0.0]))[0].tolist()) == "[-0.0]"
    table = np.array([[0.5, 2.0], [3.0, -1.0]])
    np.testing.assert_array_equal(sin_and_cos(table), (np.sin(table), np.cos(table)))
    assert sin_and_cos(0.5) == (np.sin(0.5), np.cos(0.5))


def test_a_result_does_not_depend_on_the_block_it_is_in() -> None:
    whole = sin_and_cos(ANGLES["turns"])
    for start in range(0, 2000, 70):
        for all_, some in zip(whole, sin_and_cos(ANGLES["turns"][start : start + 70]), strict=True):
            assert all_[start : start + 70].tolist() == some.tolist()


def test_one_run_computes_each_argument_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(x: object) -> object:
        calls.append(x)
        return sin_and_cos(x)

    monkeypatch.setattr(sincos, "sin_and_cos", counted)
    graph = Graph(share=False)
    x, y = (Node(graph, graph.input(name)) for name in "xy")
    terms = [sin(x), sin(y), cos(y), cos(x), cos(x), sin(x)]
    column = np.array([0.3, 4.0])
    values = run_blocks(graph, [column, column + 1])
    assert len(calls) == 3  # x is asked for twice
    at = [0.3, 4], [1.3, 5], [1.3, 5], [0.3, 4], [0.3, 4], [0.3, 4]
    for term, expected in zip(terms, at, strict=True):
        f = np.sin if graph.ops[term.id] is sin else np.cos
        np.testing.assert_allclose(values[term.id], f(np.array(expected)), rtol=1e-15)
