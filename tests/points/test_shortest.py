"""Floats to text on arrays: the same as repr, for every kind of float."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiffcli.points.shortest import Floats, float_rows, float_texts

FINITE_POWERS_OF_TWO = np.ldexp(1.0, np.arange(-1074, 1024))
ROUND_DECIMALS = np.array([float(f"{digit}e{e}") for e in range(-323, 308) for digit in range(1, 10)])
RNG = np.random.default_rng(20)

FAMILIES = {
    "any bits": RNG.integers(0, 2**64, 200_000, dtype=np.uint64).view(np.float64),
    "powers of two": FINITE_POWERS_OF_TWO,
    "below powers of two": np.nextafter(FINITE_POWERS_OF_TWO, 0),
    "above powers of two": np.nextafter(FINITE_POWERS_OF_TWO, np.inf),
    "round decimals": ROUND_DECIMALS,
    "below round decimals": np.nextafter(ROUND_DECIMALS, 0),
    "above round decimals": np.nextafter(ROUND_DECIMALS, np.inf),
    "whole": np.arange(-20_000, 20_000, dtype=np.float64),
    "hundredths": np.arange(-20_000, 20_000) / 100,
    "beyond 2^53": RNG.integers(2**52, 2**63, 50_000).astype(np.float64),
    "usual": RNG.normal(size=100_000),
    "special": np.array([0.0, -0.0, np.nan, -np.nan, np.inf, -np.inf, 5e-324, 1.7976931348623157e308, 1e22, 1e23]),
}


@pytest.mark.parametrize("values", FAMILIES.values(), ids=FAMILIES)
def test_text_is_that_of_repr(values: Floats) -> None:
    assert float_texts(values) == list(map(repr, values.tolist()))
    assert float_texts(-values) == list(map(repr, (-values).tolist()))


@given(st.lists(st.floats()))
def test_text_is_that_of_repr_whatever_stands_beside(values: list[float]) -> None:
    assert float_texts(np.array(values, dtype=np.float64)) == list(map(repr, values))


@given(
    st.lists(st.tuples(st.floats(), st.floats()), max_size=9),
    st.sampled_from([b"", b",", b"\t"]),
    st.sampled_from([b",", b"\t"]),
    st.sampled_from([b"\n", b"\r\n"]),
)
def test_rows(rows: list[tuple[float, float]], lead: bytes, separator: bytes, end: bytes) -> None:
    columns = list(np.array(rows, dtype=np.float64).reshape(len(rows), 2).T)  # not contiguous
    expected = b"".join(lead + separator.join(repr(x).encode() for x in row) + end for row in rows)
    assert float_rows(columns, lead=lead, separator=separator, end=end) == expected
