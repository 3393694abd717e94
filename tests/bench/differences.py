"""Extrapolated differences beside numdifftools: errors against mpmath, how often the estimate bounds them, and cost.

The seeds were held out: steps and limits were chosen on others.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any, NamedTuple

from autodiffcli.differences import Estimate, estimate
from tests.bench.timing import Row, peer
from tests.differences.cases import Case, drawn, handmade

THEIRS, LIMIT = "numdifftools.Derivative", "1 % of them"
SEED = 20_261_124


class Found(NamedTuple):
    """What a case gave: our estimate, both errors relative to the true derivative, and their evaluations."""

    case: Case
    ours: Estimate
    error: float
    their_error: float
    their_evaluations: int


def rows(long: bool) -> Iterator[Row]:
    nd = peer("numdifftools")
    kinds = {
        "functions of many scales": [_found(case, nd) for case in handmade(SEED, 5_000)],
        "random expressions": [_found(case, nd) for case in drawn(SEED, 5_000)],
    }
    for name, found in {**kinds, "all": [f for group in kinds.values() for f in group]}.items():
        yield from _rows(f"differences: {len(found):,} {name}", found, nd is not None)


def _rows(name: str, found: Sequence[Found], compared: bool) -> Iterator[Row]:
    missed = 100 * sum(f.case.error(f.ours.derivative) > f.ours.error for f in found) / len(found)
    bars = median(f.ours.error / _size(f.case) for f in found)
    unknown = sum(math.isinf(f.ours.error) for f in found)
    note = f"{unknown} have no estimate"
    yield Row(f"{name}: error not bounded", missed, {LIMIT: 1.0}, LIMIT, at_most=1, unit="%", note=note)
    # errors in units of 1e-16, as the figures have one digit after the point
    theirs = median(f.their_error for f in found) * 1e16 if compared else None
    ours = median(f.error for f in found) * 1e16
    note = f"median estimate {bars:.1e}"
    yield Row(f"{name}: median error", ours, {THEIRS: theirs}, THEIRS, at_most=1, unit="e-16", note=note)
    spent = {THEIRS: sum(f.their_evaluations for f in found) / len(found) if compared else None}
    mean = sum(f.ours.evaluations for f in found) / len(found)
    most = max(f.ours.evaluations for f in found)
    yield Row(f"{name}: evaluations", mean, spent, THEIRS, at_most=1, unit="", note=f"at most {most}")


def _size(case: Case) -> float:
    return float(abs(case.true)) or 1.0


def _found(case: Case, nd: Any) -> Found:
    x = case.at[case.name]
    ours = estimate(case.value, x)
    theirs, evaluations = _theirs(case, x, nd) if nd is not None else (math.nan, 0)
    size = _size(case)
    return Found(case, ours, case.error(ours.derivative) / size, case.error(theirs) / size, evaluations)


def _theirs(case: Case, x: float, nd: Any) -> tuple[float, int]:
    import numpy as np

    count = 0

    def f(places: Any) -> Any:
        nonlocal count
        count += np.size(places)
        return np.array([case.value(float(v))[0] for v in np.ravel(places)]).reshape(np.shape(places))

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(nd.Derivative(f)(x)), count
