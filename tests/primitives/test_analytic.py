"""Primitives at complex numbers, against mpmath: far from the real line, and so near that only the slope is left."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import pytest

from autodiffcli.primitive import PRIMITIVES
from tests.primitives.references import REFERENCES

FUNCTIONS: dict[str, Any] = {
    "expm1": mp.expm1, "exp2": lambda z: 2**z, "log2": lambda z: mp.log(z) / mp.log(2), "sech": mp.sech,
    "sinc": mp.sinc, "log": lambda z, b: mp.log(z) / mp.log(b), "log1p": lambda z: mp.log(1 + z),
    "pow": lambda z, n: z**n,
    "logsumexp": lambda *zs: mp.log(sum(map(mp.exp, zs))), "hypot": lambda a, b: mp.sqrt(a * a + b * b),
    "sigmoid": lambda z: 1 / (1 + mp.exp(-z)), "deg": mp.degrees, "rad": mp.radians, "tan": mp.tan, "cot": mp.cot,
}  # fmt: skip
FAR = [
    *[("exp2", (1.3 + 0.7j,)), ("log2", (1.3 + 0.7j,)), ("sech", (0.3 + 0.4j,)), ("log", (1.3 + 0.7j, 2.5 - 0.3j))],
    *[("sinc", (z,)) for z in (0.3 + 0.4j, 0.9 - 0.3j, 1.3 + 0.7j, -0.6 + 0.8j, 0j, 1.0 + 0j)],
    *[("pow", (1.3 + 0.7j, 2.5 + 0j)), ("pow", (1.3 + 0.7j, 2.5 - 0.3j)), ("pow", (-1.3 + 0.7j, 3.0 + 0j))],
    *[("pow", (-1.3 + 0.7j, 2.0 + 0j)), ("pow", (-1.3 + 0.7j, -1.0 + 0j)), ("hypot", (1.3 + 0.7j, 2.5 - 0.3j))],
    *[("hypot", (-3.3 + 0.7j, 2.5 - 0.3j)), ("logsumexp", (0.3 + 0.1j, 1.3 - 0.7j, -0.5j)), ("tan", (0.3 + 0.4j,))],
    *[("sigmoid", (0.3 + 0.4j,)), ("deg", (0.3 + 0.4j,)), ("rad", (0.3 + 0.4j,)), ("cot", (0.3 + 0.4j,))],
]


@pytest.mark.parametrize(("name", "zs"), FAR)
def test_far_from_the_real_line(name: str, zs: tuple[complex, ...]) -> None:
    assert PRIMITIVES[name].analytic(*zs) == pytest.approx(complex(FUNCTIONS[name](*zs)), rel=1e-14)


BESIDE = [
    *[(name, (x,)) for name in ("abs", "relu", "cbrt", "expm1", "exp2", "log1p", "sech", "sinc") for x in (0.3, 2.5)],
    *[(name, (-0.3,)) for name in ("abs", "relu", "cbrt", "expm1", "exp2", "log1p", "sech", "sinc", "leaky_relu")],
    *[("expm1", (1e-9,)), ("log1p", (1e-9,)), ("sinc", (1e-9,)), ("cbrt", (-8.0,)), ("log2", (2.5,))],
    *[("mod", xs) for xs in ((7.3, 2.0), (-7.3, 2.0), (7.3, -2.0), (5.5, 1.5))],
    *[("atan2", xs) for xs in ((0.3, 0.7), (0.7, 0.3), (-0.3, -0.7), (0.7, -0.3), (-2.0, 0.0), (0.0, 2.0))],
    *[("pow", xs) for xs in ((2.5, 1.5), (-2.5, 2.0), (-2.5, 3.0), (-0.5, -3.0), (1.5, -0.5), (0.5, 2.0))],
    *[("hypot", xs) for xs in ((3.0, -4.0), (-0.3, 0.2), (1e200, 1e200), (1e-200, -1e-200))],
    *[("log", xs) for xs in ((2.5, 3.0), (0.3, 0.7))],
    *[("max", xs) for xs in ((0.3, 0.7), (0.7, 0.3, 0.5))],
    *[("min", xs) for xs in ((0.3, 0.7), (0.7, 0.3, 0.5))],
    *[("logsumexp", xs) for xs in ((0.3, 0.7), (800.0, 801.0, 799.0))],
    *[("where", xs) for xs in ((1.0, 0.3, 0.7), (0.0, 0.3, 0.7))],
    *[("floor", (0.3,)), ("sign", (-0.3,)), ("less", (0.3, 0.7)), ("and", (1.0, 0.0)), ("not", (0.0,))],
    *[("clip", xs) for xs in ((0.3, -1.0, 1.0), (2.5, -1.0, 1.0), (-2.5, -1.0, 1.0))],
]


@pytest.mark.parametrize(("name", "xs"), BESIDE)
def test_beside_the_real_line(name: str, xs: tuple[float, ...]) -> None:
    op, reference = PRIMITIVES[name], REFERENCES[name]
    for k in range(len(xs)):
        partial = reference.partial(k)
        assert partial is not None
        step = 1e-100 * (abs(xs[k]) or 1.0)
        z = op.analytic(*[complex(x, step * (n == k)) for n, x in enumerate(xs)])
        with mp.workdps(60):
            value, slope = float(reference.value(*map(mp.mpf, xs))), float(partial(*map(mp.mpf, xs)))
        if (name == "where" and k == 0) or (name == "pow" and xs[0] < 0 and k == 1):
            continue  # neither has a slope there
        assert z.real == pytest.approx(value, rel=1e-14)
        assert z.imag / step == pytest.approx(slope, rel=1e-13, abs=1e-300), k


def test_corners_and_what_is_undefined() -> None:
    power, absolute, relu, hypot = (PRIMITIVES[name].analytic for name in ("pow", "abs", "relu", "hypot"))
    assert absolute(1e-200j) == relu(1e-200j) == 0
    assert power(0j, 2.0 + 0j) == 0
    assert power(0j, 2.0 + 1e-200j) == PRIMITIVES["cbrt"].analytic(0j) == 0
    assert power(0j, 0j) == 1
    assert all(math.isnan(part) for part in (power(-2.0 + 0j, 2.0 + 1e-200j).real, power(-2.0 + 0j, 1e-200j).imag))
    assert hypot(0j, 1e-200j) == 0
    assert hypot(0.3j, 0.4j) == pytest.approx(0.5j)
    assert PRIMITIVES["sinc"].analytic(0j) == 1
