"""How uncertain a result is whose inputs are: the law of propagation of uncertainty, by the gradient.

Source: JCGM 100:2008 (the GUM), equations 10 (inputs that are independent), 13 (correlated ones) and the note to 5.1.2
(terms of second order).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import frexp, fsum, inf, isfinite, ldexp, nan, sqrt
from typing import NamedTuple

from autodiffcli.errors import MathError, RequestError
from autodiffcli.language.correlations import add

__all__ = ["Correlations", "Cross", "SecondOrder", "Term", "Uncertain", "checked", "combined", "second_order"]

Correlations = Mapping[tuple[str, str], float]
"""The correlation coefficient of pairs of inputs; a pair that is not there has none."""

MAX_CORRELATED = 2000
"""Inputs whose correlations are checked: the eigenvalues of their matrix take seconds."""

_ROUNDING = 1e-9
"""Relative to what it came from, a number this small may be a rounded 0."""


class Term(NamedTuple):
    """An input's part in the uncertainty: its contribution is ∂y/∂x·σ, its share of the variance that squared over σ².

    The share is nan where the contributions cancel to a variance of 0.
    """

    name: str
    value: float
    uncertainty: float
    derivative: float
    contribution: float
    share: float


class Cross(NamedTuple):
    """The part that the correlation of two inputs has: 2·ρ times the product of their contributions, over σ²."""

    inputs: tuple[str, str]
    correlation: float
    share: float


class SecondOrder(NamedTuple):
    """What the second derivatives add for normally distributed inputs: to the value, and in quadrature to σ."""

    shift: float
    uncertainty: float


@dataclass(slots=True)
class Uncertain:
    """A value with its standard uncertainty, and where that comes from.

    terms: one for each uncertain input. crosses: one for each correlation. All their shares sum to 1.
    second: what the linear theory leaves out, where that was computed. corners: sentences on the nodes at which the
    derivative is a convention.
    """

    value: float
    uncertainty: float
    terms: list[Term]
    crosses: list[Cross] = field(default_factory=list)
    second: SecondOrder | None = None
    corners: list[str] = field(default_factory=list)

    @property
    def poor(self) -> bool:
        """Whether the second order is a third of the first or more, so that the linear theory is no guide."""
        if self.second is None:
            return False
        second = max(abs(self.second.shift), self.second.uncertainty)
        return 3 * second > self.uncertainty and second > _ROUNDING * abs(self.value)


def combined(
    value: float,
    point: Mapping[str, float],
    uncertainties: Mapping[str, float],
    gradient: Mapping[str, float],
    correlations: Correlations,
) -> Uncertain:
    """Return a value with its uncertainty, σ² = Σᵢ (gᵢσᵢ)² + 2·Σᵢ﹤ⱼ ρᵢⱼ·gᵢσᵢ·gⱼσⱼ, split into its terms.

    uncertainties, gradient: of the same inputs. correlations: as `checked` returns them.

    Raises MathError where a contribution is beyond the largest float.

    >>> found = combined(19.62, {"m": 2.0, "g": 9.81}, {"m": 0.3, "g": 0.02}, {"m": 10.0, "g": 200.0}, {})
    >>> found.uncertainty, [round(term.share, 2) for term in found.terms]
    (5.0, [0.36, 0.64])
    """
    parts = {name: gradient[name] * sigma for name, sigma in uncertainties.items()}
    largest = max(map(abs, parts.values()), default=0.0)
    if largest == inf:
        name = next(name for name, part in parts.items() if abs(part) == inf)
        raise MathError(f"the uncertainty overflows: that of {name} times the derivative {gradient[name]:.6g}")
    unit = ldexp(1.0, frexp(largest)[1] - 1)
    scaled = {name: part / unit for name, part in parts.items()}  # so that no square overflows
    pairs = {pair: 2 * rho * scaled[pair[0]] * scaled[pair[1]] for pair, rho in correlations.items()}
    variance = max(0.0, fsum([*(part * part for part in scaled.values()), *pairs.values()]))

    def share(part: float) -> float:
        return part / variance if variance else nan if part else 0.0

    terms = [
        Term(name, point[name], sigma, gradient[name], parts[name], share(scaled[name] ** 2))
        for name, sigma in uncertainties.items()
    ]
    crosses = [Cross(pair, correlations[pair], share(part)) for pair, part in pairs.items()]
    return Uncertain(value, unit * sqrt(variance), terms, crosses)


def second_order(
    names: Sequence[str],
    entries: Mapping[tuple[int, int], float],
    uncertainties: Mapping[str, float],
    correlations: Correlations,
) -> SecondOrder | None:
    """Return what a Hessian H adds for normally distributed inputs of covariance Σ: ½·tr(HΣ), and √(½·tr((HΣ)²)).

    entries: of the Hessian, by the places of the names. None where it is not finite.

    >>> second_order(["x"], {(0, 0): 2.0}, {"x": 0.5}, {})
    SecondOrder(shift=0.25, uncertainty=0.3535533905932738)
    """
    places = {name: place for place, name in enumerate(names)}
    linked: dict[int, list[tuple[int, float]]] = {place: [(place, 1.0)] for place in places.values()}
    for (a, b), rho in correlations.items():
        linked[places[a]].append((places[b], rho))
        linked[places[b]].append((places[a], rho))
    product: dict[tuple[int, int], float] = {}
    for (i, k), entry in entries.items():
        part = entry * uncertainties[names[i]] * uncertainties[names[k]]
        for j, rho in linked[k]:
            product[i, j] = product.get((i, j), 0.0) + part * rho
    shift = 0.5 * sum(part for (i, j), part in product.items() if i == j)
    variance = 0.5 * sum(part * product.get((j, i), 0.0) for (i, j), part in product.items())
    found = SecondOrder(shift, sqrt(max(0.0, variance)))
    return found if all(map(isfinite, found)) else None


def checked(correlations: Correlations, uncertainties: Mapping[str, float]) -> dict[tuple[str, str], float]:
    """Return correlations that can hold, those that are 0 left out.

    Raises RequestError for names that have no uncertainty, for a pair given twice, for coefficients beyond 1, and for
    coefficients that no quantities can have together: their matrix must be positive semi-definite.
    """
    found: dict[tuple[str, str], float] = {}
    for (a, b), rho in correlations.items():
        for name in (a, b):
            if name not in uncertainties:
                have = ", ".join(list(uncertainties)[:8]) or "none"
                raise RequestError(
                    f"'{name}' has a correlation but no uncertainty",
                    hint=f"give it one in --at, {name}=2.0±0.1; those that have one: {have}",
                )
        if a == b:
            raise RequestError(f"'{a}' is correlated with itself", hint="name two inputs: x,y=0.3")
        if not abs(rho) <= 1:
            raise RequestError(
                f"the correlation of '{a}' and '{b}' is {rho:g}", hint="a coefficient is from -1 to 1; 0 is none"
            )
        add(found, (a, b), rho)
    _can_hold(found)
    return {pair: rho for pair, rho in found.items() if rho}


def _can_hold(correlations: Correlations) -> None:
    names = list(dict.fromkeys(name for pair in correlations for name in pair))
    if len(names) == 2 * len(correlations):  # pairs apart from each other
        return
    if len(names) > MAX_CORRELATED:
        raise RequestError(f"correlations of {len(names):,} inputs are too many", hint=f"at most {MAX_CORRELATED:,}")
    import numpy as np

    places = {name: place for place, name in enumerate(names)}
    matrix = np.eye(len(names))
    for (a, b), rho in correlations.items():
        matrix[places[a], places[b]] = matrix[places[b], places[a]] = rho
    least = min(np.linalg.eigvalsh(matrix).tolist(), default=inf)
    if least < -_ROUNDING * len(names):
        raise RequestError(
            f"these correlations cannot all hold: some combination of the inputs would have a negative variance "
            f"(their matrix has the eigenvalue {least:.3g})",
            hint="inputs that are both strongly correlated with a third are so with each other",
        )
