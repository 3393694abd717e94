"""Correlations of uncertain inputs, as `--corr` takes them: x,y=0.3; x,z=-0.1."""

from __future__ import annotations

from collections.abc import Mapping

from autodiffcli.errors import RequestError
from autodiffcli.language.parser import normalised
from autodiffcli.language.point import constant

__all__ = ["add", "correlations_from_data", "parse_correlations"]

Pairs = dict[tuple[str, str], float]

_FORM = "write x,y=0.3; x,z=-0.1"


def parse_correlations(text: str) -> Pairs:
    """Return the coefficient that a text gives to each pair of names, on lines or between semicolons.

    Raises RequestError for syntax errors, for a pair given twice, and for coefficients that are not constant.

    >>> parse_correlations("x,y=0.3; x,z=-1/10")
    {('x', 'y'): 0.3, ('x', 'z'): -0.1}
    """
    found: Pairs = {}
    for line in normalised(text).splitlines():
        for part in line.partition("#")[0].split(";"):
            if part.strip():
                left, _, coefficient = part.partition("=")
                names = [name.strip() for name in left.split(",")]
                if part.count("=") != 1 or len(names) != 2 or not all(names):
                    raise RequestError(f"'{part.strip()}' is no correlation of two inputs", hint=_FORM)
                add(found, (names[0], names[1]), constant(f"the correlation of {left.strip()}", coefficient.strip()))
    return found


def correlations_from_data(data: object) -> Pairs:
    """Return the correlations that decoded JSON gives: {"x": {"y": 0.3, "z": -0.1}}, or the whole matrix so."""
    if not isinstance(data, Mapping) or not all(isinstance(row, Mapping) for row in data.values()):
        raise RequestError("correlations in JSON are an object of objects", hint='write {"x": {"y": 0.3, "z": -0.1}}')
    found: Pairs = {}
    for first, row in data.items():
        for second, rho in row.items():
            a, b = normalised(first), normalised(second)
            if isinstance(rho, bool) or not isinstance(rho, int | float):
                raise RequestError(f"the correlation of '{a}' and '{b}' must be a number")
            if (a == b and rho == 1) or found.get((b, a)) == rho:  # the diagonal, and the other half of a matrix
                continue
            try:
                add(found, (a, b), float(rho))
            except OverflowError:
                raise RequestError(f"the correlation of '{a}' and '{b}' is beyond the largest float") from None
    return found


def add(found: Pairs, pair: tuple[str, str], rho: float) -> None:
    """Add the coefficient of a pair. Raises RequestError if it has one, in either order."""
    if pair in found or pair[::-1] in found:
        message = f"the correlation of '{pair[0]}' and '{pair[1]}' is given twice"
        raise RequestError(message, hint="once says it for both")
    found[pair] = rho
