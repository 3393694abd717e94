"""Minimization of a loss over all rows at once, by SciPy: quasi-Newton methods and conjugate gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from autodiffcli.errors import missing_extra
from autodiffcli.fitting.descent import Epoch, State, Stop, evaluated
from autodiffcli.fitting.optimizers import Vector
from autodiffcli.fitting.steps import Epochs

__all__ = ["METHODS", "minimize"]

METHODS = {"l-bfgs": "L-BFGS-B", "bfgs": "BFGS", "cg": "CG"}
"""SciPy's methods by the name that --optimizer takes."""


def minimize(
    source: Epochs, method: str, theta: Vector, stop: Stop, watch: Callable[[State], object]
) -> tuple[State, str, str]:
    """Return where a method of SciPy ends, why, and a warning or "": an epoch is an iteration, a step an evaluation.

    watch: called with the state after each iteration. Raises what `descend` raises, and RequestError without SciPy.
    """
    try:
        from scipy import optimize
    except ImportError:
        raise missing_extra(f"the optimizer {method}", "special") from None
    batch = next(source.epoch(0))
    history: list[Epoch] = []
    state = State(theta, (), np.zeros_like(theta), history=history)

    def value(at: Vector) -> tuple[float, Vector]:
        nonlocal state
        loss, gradient = evaluated(batch, at.copy(), state.steps + 1, state.epochs + 1)
        state = State(at.copy(), (), gradient, state.steps + 1, 0, 1, loss, state.epochs, history)
        return loss, gradient

    def iterated(intermediate_result: Any) -> None:
        nonlocal state
        if not np.array_equal(intermediate_result.x, state.theta):  # the last that was tried is not what was taken
            value(intermediate_result.x)
        history.append(state.mean()._replace(rows=batch.rows))
        state = replace(state, epochs=state.epochs + 1)
        watch(state)
        if stop.why(state):
            raise StopIteration

    options = {"maxiter": stop.epochs or 1 << 30} | _tolerances(method, stop)
    with np.errstate(all="ignore"):
        found = optimize.minimize(value, theta, jac=True, method=METHODS[method], callback=iterated, options=options)
    why = stop.why(state)
    if not np.array_equal(found.x, state.theta):
        value(found.x)
    if not history:  # the start is a minimum
        history.append(state.mean()._replace(rows=batch.rows))
        state = replace(state, epochs=1)
    said = str(found.message).strip().rstrip(".")
    return state, why or f"SciPy: {said}", "" if why or found.success else f"{method} has not converged: {said}"


def _tolerances(method: str, stop: Stop) -> dict[str, float]:
    """Return SciPy's own tolerances, so that one of ours that is given is not met by another before it."""
    if stop.gradient_tol is None and stop.loss_tol is None:
        return {}
    if method == "l-bfgs":  # whose norm is the largest entry
        return {"gtol": 0.0, "ftol": 0.0}
    if stop.gradient_tol is None:
        return {}
    return {"gtol": stop.gradient_tol, "norm": 2}  # not 0, which their line searches miss
