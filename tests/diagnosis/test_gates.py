"""No nan through the branch not taken: every gate, in every mode, order and engine, against 60 digits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from math import comb, factorial
from pathlib import Path

import mpmath
import numpy as np
import pytest

from autodiffcli import compile, evaluate, gradient, hessian, hvp, jacobian, jvp, parse, taylor, vjp
from autodiffcli.api.formulas import derivative_at
from autodiffcli.backends import EXACT
from autodiffcli.backends.checkpoint import Checkpointed
from autodiffcli.higher.matrices import HESSIAN_MODES, JACOBIAN_MODES
from tests.cli.support import call
from tests.diagnosis.cases import CASES, Case
from tests.targets.runners import RUNNERS

every_case = pytest.mark.parametrize("case", CASES, ids=str)


def agree(found: Sequence[float], wanted: Sequence[float]) -> None:
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        assert abs(a - b) <= 1e-11 * max(1.0, abs(b)), (found, wanted)  # false for nan and inf


def flat(matrix: Sequence[Sequence[float]]) -> list[float]:
    return [x for row in matrix for x in row]


def gradient_of(case: Case) -> list[float]:
    return [case.derivative(name) for name in case.point]


def differentiated(case: Case, *names: str) -> str:
    """Return the text of a derivative in the language, in which every input still appears."""
    before, _, last = case.expression.rpartition(";")
    for name in names:
        last = f"D({last}, {name})"
    return f"{before};" * bool(before) + last + "".join(f" + 0*{name}" for name in case.point)


@every_case
def test_values_and_gradients(case: Case) -> None:
    wanted = gradient_of(case)
    assert evaluate(case.expression, case.at) == pytest.approx(case.derivative(), rel=1e-15)
    for share in (True, False):
        for mode in EXACT:
            found = gradient(parse(case.expression, share=share), case.at, mode=mode, trace=True)
            agree(list(found.gradient.values()), wanted)
    for budget in ("sqrt", "binomial", 100):
        agree(list(gradient(case.expression, case.at, mode=Checkpointed(budget)).gradient.values()), wanted)
    for mode in JACOBIAN_MODES:
        agree(jacobian(case.expression, case.at, mode=mode).matrix[0], wanted)
    direction = {name: k + 1.0 for k, name in enumerate(case.point)}
    along = sum(a * b for a, b in zip(wanted, direction.values(), strict=True))
    agree(list(jvp(case.expression, case.at, tangent=direction).product.values()), [along])
    agree(list(vjp(case.expression, case.at, cotangent=[3.0]).product.values()), [3 * a for a in wanted])


@every_case
def test_second_derivatives(case: Case) -> None:
    wanted = [[case.derivative(a, b) for b in case.point] for a in case.point]
    for mode in HESSIAN_MODES:
        agree(flat(hessian(case.expression, case.at, mode=mode).matrix), flat(wanted))
    direction = {name: k + 1.0 for k, name in enumerate(case.point)}
    along = [sum(a * b for a, b in zip(row, direction.values(), strict=True)) for row in wanted]
    agree(list(hvp(case.expression, case.at, tangent=direction).product.values()), along)
    for name, row in zip(case.point, wanted, strict=True):
        for mode in EXACT:
            agree(list(gradient(differentiated(case, name), case.at, mode=mode).gradient.values()), row)


@every_case
def test_derivatives_in_expressions_and_as_formulas(case: Case) -> None:
    for name in case.point:
        for order in (1, 2, 3):
            wanted = case.derivative(*[name] * order)
            agree([evaluate(differentiated(case, *[name] * order), case.at)], [wanted])
            agree([evaluate(derivative_at(parse(case.expression), [name] * order), case.point)], [wanted])


@every_case
def test_series(case: Case) -> None:
    direction = {name: k + 1.0 for k, name in enumerate(case.point)}
    point = list(zip(case.point.values(), direction.values(), strict=True))
    with mpmath.workdps(60):
        wanted = [float(mpmath.diff(lambda t: case.taken(*[x + t * d for x, d in point]), 0, k)) for k in range(5)]
    found = taylor(case.expression, case.at, order=4, along=direction).coefficients
    agree(next(iter(found.values())), [c / factorial(k) for k, c in enumerate(wanted)])


@every_case
def test_blocks(case: Case) -> None:
    """The row of the closed gate stands between rows at which it is open."""
    rows = [np.array([x + 0.7, x, x + 0.3]) for x in case.point.values()]
    found = compile(case.expression).value_and_gradient(*rows)
    agree([float(column[1]) for column in found], [case.derivative(), *gradient_of(case)])


@pytest.mark.parametrize("case", CASES[::8], ids=str)
def test_tables_of_points(case: Case) -> None:
    header, row = ",".join(case.point), ",".join(map(repr, case.point.values()))
    done = call("grad", case.expression, "--points", "-", "--no-keep", stdin=f"{header}\n{row}\n".encode())
    assert (done.status, done.err) == (0, "")
    agree([float(x) for x in done.out.splitlines()[1].split(",")], [case.derivative(), *gradient_of(case)])


@pytest.mark.parametrize("language", RUNNERS)
def test_generated_code(language: str, tmp_path: Path) -> None:
    order = 3
    jobs = [(case.expression, order, list(case.point.values())) for case in CASES]
    found = RUNNERS[language](jobs, tmp_path)
    for case, results in zip(CASES, found, strict=True):
        names = list(case.point)
        indices = [m for d in range(order + 1) for m in combinations_with_replacement(names, d)]
        assert len(indices) == comb(len(names) + order, order)
        agree(results, [case.derivative(*index) for index in indices])
