"""Values with their uncertainties, as `import autodiffcli` offers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from math import isfinite

from autodiffcli.api.expressions import graph_of
from autodiffcli.api.gradients import gradient
from autodiffcli.diagnosis import corners, derivative
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.higher import matrices
from autodiffcli.language.correlations import parse_correlations
from autodiffcli.language.parser import normalised
from autodiffcli.language.point import arrange, parse_uncertain_point
from autodiffcli.uncertainty import Correlations, SecondOrder, Uncertain, checked, combined, second_order

__all__ = ["propagate", "propagated"]

MAX_SECOND_ORDER = 1_000_000
"""Node evaluations, some of a second's worth, that the look at the second order may take; beyond, it is left out."""

MAX_CORNERS = 5
"""Corners that are named."""


def propagate(
    expression: str | Graph,
    at: Mapping[str, float | tuple[float, float]] | str,
    *,
    correlations: Correlations | str = "",
) -> Uncertain:
    """Return the value of an expression with its standard uncertainty, propagated from the inputs by the gradient.

    at:           a value for each input, or (value, standard uncertainty); or a text as --at takes it, m=2.0±0.1.
    correlations: a coefficient for pairs of inputs that are uncertain; or a text as --corr takes it, x,y=0.3.

    Raises RequestError (syntax, names, an uncertainty below 0, correlations that cannot hold) and MathError (the value
    or a derivative is undefined or infinite). Source: JCGM 100:2008 (the GUM), equations 10 and 13.

    >>> found = propagate("m*g", "m=2.0±0.1, g=9.81±0.02")
    >>> round(found.uncertainty, 6), [(term.name, round(term.share, 4)) for term in found.terms]
    (0.981815, [('m', 0.9983), ('g', 0.0017)])
    >>> propagate("x - y", {"x": (3, 0.2), "y": (1, 0.2)}, correlations={("x", "y"): 1}).uncertainty
    0.0
    """
    if isinstance(at, str):
        point, uncertainties = parse_uncertain_point(at)
    else:
        point, uncertainties = {}, {}
        for name, given in at.items():
            value, *sigma = given if isinstance(given, tuple) else (given,)
            point[normalised(name)] = float(value)
            if sigma:
                uncertainties[normalised(name)] = _sigma(name, sigma)
    pairs = parse_correlations(correlations) if isinstance(correlations, str) else correlations
    pairs = {(normalised(a), normalised(b)): float(rho) for (a, b), rho in pairs.items()}
    return propagated(graph_of(expression), point, uncertainties, pairs)


def propagated(
    graph: Graph, point: Mapping[str, float], uncertainties: Mapping[str, float], correlations: Correlations
) -> Uncertain:
    """Return what `propagate` does, of values and uncertainties by name."""
    if graph.shapes or graph.result is not None:
        raise RequestError(
            "uncertainties are propagated to a number through numbers, and this expression has arrays or structures",
            source=graph.source,
            hint="take the ± out",
        )
    coordinates = arrange(point, graph)
    correlations = checked(correlations, uncertainties)
    result = gradient(graph, point, wrt=uncertainties)
    for name, slope in result.gradient.items():
        if not isfinite(slope):
            error = derivative(graph, coordinates, [{graph.inputs[name]: 1.0}], f"the derivative by {name}", slope)
            error.hint = f"the uncertainty of {name} cannot be propagated through it: give none, or a point beside this"
            raise error
    found = combined(result.value, point, uncertainties, result.gradient, correlations)
    found.second = _second_order(graph, coordinates, uncertainties, correlations)
    uncertain = [name for name, sigma in uncertainties.items() if sigma]
    values = result.values[: result.size]
    found.corners = [str(corner) for corner in islice(corners(graph, values, uncertain), MAX_CORNERS)]
    return found


def _second_order(
    graph: Graph, point: Sequence[float], uncertainties: Mapping[str, float], correlations: Correlations
) -> SecondOrder | None:
    """Return the second order of the uncertainty, or None where it is too dear, or not to be had."""
    names = [name for name, sigma in uncertainties.items() if sigma]
    if len(names) * len(graph) > MAX_SECOND_ORDER:
        return None
    try:
        longer = matrices.gradient_graph(graph, names)
        if len(names) * len(longer) > MAX_SECOND_ORDER:
            return None
        found = matrices.hessian(longer, point, [longer.inputs[name] for name in names])
    except RequestError:  # a rule of the gradient has no derivative
        return None
    entries = dict(zip(zip(found.i, found.j, strict=True), found.entries, strict=True))
    return second_order(names, entries, uncertainties, {p: r for p, r in correlations.items() if {*p} <= {*names}})


def _sigma(name: str, given: list[float]) -> float:
    if len(given) != 1 or not (given[0] >= 0 and isfinite(given[0])):
        raise RequestError(
            f"the uncertainty of '{name}' must be a finite number from 0 up", hint="give (value, standard uncertainty)"
        )
    return float(given[0])
