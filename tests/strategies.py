"""Random expressions of the language, and points for them."""

from __future__ import annotations

from hypothesis import strategies as st

import autodiffcli.primitives  # noqa: F401  # fills the table
from autodiffcli.primitive import FUNCTIONS, Primitive

NAMES = ("x", "y", "z")

UNARY = sorted(
    name
    for name, op in FUNCTIONS.items()
    if isinstance(op, Primitive) and op.name == name and op.arity == (1, 1) and op.extra == ""
)
BINARY = ("max", "min", "hypot", "atan2", "pow")

_numbers = st.one_of(
    st.sampled_from(["0", "1", "2", "3", "0.5", "10", "1e3", "pi", "e"]),
    st.floats(0, 1e3, allow_nan=False).map(lambda x: repr(round(x, 3))),
)
_leaves = st.one_of(st.sampled_from(NAMES), _numbers)


def _grown(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(part, st.sampled_from("+-*/^"), part).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        st.tuples(st.sampled_from(UNARY), part).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(BINARY), part, part).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(part, st.sampled_from(["<", "<=", ">", "=="]), part, part, part).map(
            lambda t: f"where({t[0]} {t[1]} {t[2]}, {t[3]}, {t[4]})"
        ),
        part.map(lambda t: f"(-{t})"),
    )


expressions = st.recursive(_leaves, _grown, max_leaves=12)
"""Expressions of every elementary function, of x, y, z and constants."""

points = st.fixed_dictionaries(
    {name: st.one_of(st.floats(-5, 5), st.sampled_from([0.0, -1.0, 1.0, 2.0, -3.0])) for name in NAMES}
)
