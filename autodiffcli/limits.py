"""What one request may take: every way to grow beyond its length is bounded, so that no short one exhausts the machine.

A request beyond a limit is refused, with a message that names the limit. Work that follows from the length of the input
alone (a sum of a million terms, a table of any length) has no limit but that of the length.
"""

from __future__ import annotations

import os

__all__ = [
    "DERIVATION",
    "EDGES",
    "ENTRIES",
    "ENTRIES_ALL",
    "EXPANSION",
    "EXPANSION_BY_CHARACTER",
    "EXPANSION_MOST",
    "FAMILY",
    "FORMULA",
    "FORMULAS",
    "LINE",
    "MADE",
    "MATRIX",
    "MEASURED",
    "MEASURED_BY_CHARACTER",
    "OUTPUTS",
    "PARTIALS",
    "PASSES",
    "PICTURE",
    "READABLE",
    "RECORD",
    "SERIES",
    "TEXT",
    "WORK",
    "expansion",
    "measured",
    "processors",
]

TEXT = 1 << 25
"""Bytes of an expression, a point, or a record of JSON Lines, read from a file or a pipe."""

LINE = 1 << 26
"""Bytes of a line of a table of points."""

RECORD = 1 << 22
"""Bytes of a row whose quotes go over several lines: one that is not closed would take in all that follows."""

EXPANSION = 50_000
"""Operations that calls of functions and derivatives in an expression may expand to: each f(x) = f0(f0(x)) doubles."""

EXPANSION_BY_CHARACTER = 50
"""As many more for each character of the text."""

EXPANSION_MOST = 5_000_000
"""What they may add to a text of any length."""

FORMULA = 1_000_000
"""Characters of a formula: what the graph shares is written out each time, so that it can be exponentially long."""

SERIES = 150_000_000
"""Products that Taylor coefficients may cost: order² for each operation, and 900 since it must be made first."""

PARTIALS = 100_000
"""Partial derivatives of all orders that are built at most, and operations to build them with, these and a hundred
more for each character of the text."""

MATRIX = 5_000_000
"""Entries of a Jacobian or a Hessian that can differ from 0."""

PASSES = 1_000_000_000
"""Operations that the passes of a mode may take together: passes times operations of the graph."""

DERIVATION = 1_000
"""Operations that differentiation of a formula may pass over, all orders together; a longer text has one for each
character."""

READABLE = 500
"""Operations that calls and derivatives in a text may expand to for its formula to be made readable, which looks for
what the terms of a sum have in common; a longer text has one for each character."""

FAMILY = 4_000_000
"""Characters of a member of a family of expressions: "x{i} * ..." written out for --n."""

FORMULAS = 100_000
"""Operations that all partial derivatives may take as formulas for `cost` to write them out and simplify them."""

MEASURED = 10_000
"""Operations of a run that `cost` measures: with every allocation traced, one takes some ten times as long."""

MEASURED_BY_CHARACTER = 5
"""As many more for each character of the text."""

EDGES = 400
"""Edges of a picture, which take most of the time to lay it out."""

PICTURE = 300
"""Nodes of a graph that is laid out as a picture: of 800, Graphviz takes most of a minute, and nobody reads them."""


ENTRIES = 1 << 24
"""Entries of an array that an operation makes of smaller ones: zeros(1e12) is nobody's wish. Inputs have any size."""


ENTRIES_ALL = 1 << 25
"""Entries of all arrays of a graph together, beside those that come from large inputs: 256 MiB of float64, and twice
that as much for a sweep back."""

MADE = 1 << 22
"""Entries of all arrays that a text makes of nothing, such as zeros(1e3, 1e3)."""

OUTPUTS = 50_000
"""Entries of the value of an expression that are looked at one by one, beside eight for each of its inputs'."""

WORK = 1 << 33
"""Multiplications of all products and inverses of matrices together, beside those of large inputs: half a second."""


def expansion(characters: int) -> int:
    """Return how many operations a text of so many characters may be expanded by.

    >>> expansion(100), expansion(1_000_000)
    (55000, 5000000)
    """
    return min(EXPANSION + EXPANSION_BY_CHARACTER * characters, EXPANSION_MOST)


def measured(characters: int) -> int:
    """Return how many operations a run may have that is measured, for a text of so many characters.

    >>> measured(100)
    10500
    """
    return MEASURED + MEASURED_BY_CHARACTER * characters


def processors() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # only Linux tells
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
