"""Every primitive, value and partial derivatives, at floats and on arrays, against mpmath over its whole domain."""

from __future__ import annotations

import math
import re

import mpmath as mp
import pytest

from autodiffcli.primitive import PRIMITIVES
from tests.primitives.accuracy import LINE, TABLE, error_in_ulps, errors, measured
from tests.primitives.references import REFERENCES


def test_every_primitive_has_a_reference() -> None:
    assert {name for name, op in PRIMITIVES.items() if op.samples and not name.startswith("_")} <= REFERENCES.keys()


@pytest.mark.parametrize("name", measured())
def test_accuracy(name: str) -> None:
    limit = REFERENCES[name].limit
    found = list(errors(name, thin=True))
    assert found
    wrong = [
        f"{name}{'' if k is None else f' by argument {k + 1}'} at {error.at}: {error.ulp:.3g} ulp"
        for k, error in found
        if not error.allowed <= limit
    ]
    assert not wrong, "\n".join(wrong)


def test_the_grid_reaches_where_it_says() -> None:
    assert {0.0, 5e-324, -5e-324, 2.0**-1022, 1.0, 1e22, math.pi / 2, 1.7976931348623157e308} <= set(LINE)
    exponents = {math.frexp(x)[1] for x in LINE if x}
    assert all({e, e + 1, e + 2} & exponents for e in range(-1073, 1022))


@pytest.mark.parametrize(
    ("got", "true", "ulps"),
    [
        (1.0, mp.mpf(1) + mp.mpf(2) ** -52, 1.0),
        (1.0, mp.mpf(1) - mp.mpf(2) ** -53, 1.0),  # below a power of 2 the ulp is half as large
        (5e-324, mp.mpf(0), 1.0),
        (0.0, mp.mpf(2) ** -1072, 4.0),
        (math.inf, mp.mpf(2) ** 1024, 0.0),
        (math.inf, mp.mpf(2) ** 1023, 2.0**52),
        (1.7976931348623157e308, mp.mpf(2) ** 2000, 1.0),
        (-math.inf, mp.mpf(2) ** 2000, 2.0**54),
        (math.nan, mp.mpf(1), math.inf),
    ],
)
def test_an_ulp_is_that_of_the_true_value(got: float, true: mp.mpf, ulps: float) -> None:
    assert error_in_ulps(got, true) == ulps


def test_the_published_table_has_every_primitive_and_says_why_a_limit_is_exceeded() -> None:
    text = TABLE.read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)`", text, re.MULTILINE) == measured()
    explained = "".join(re.findall(r"^- (.*): ", text, re.MULTILINE))
    assert set(re.findall(r"^\| `(\w+)`.*¹", text, re.MULTILINE)) == set(re.findall(r"`(\w+)`", explained))
    assert "a defect" not in text


@pytest.mark.parametrize("name", [name for name in measured() if PRIMITIVES[name].samples])
def test_samples_lie_inside_the_domain(name: str) -> None:
    reference = REFERENCES[name]
    samples = [xs if isinstance(xs, tuple) else (xs,) for xs in PRIMITIVES[name].samples]
    assert len(samples) >= 2
    assert all(reference.inside(*xs) and math.isfinite(PRIMITIVES[name](*xs)) for xs in samples)
