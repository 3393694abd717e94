"""Descent: step after step, and when to stop. All that it depends on is a `State`, so that it goes on from any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import NamedTuple

import numpy as np

from autodiffcli.fitting.optimizers import Optimizer, Vector
from autodiffcli.fitting.steps import Batch, Epochs

__all__ = ["Epoch", "State", "Stop", "descend", "evaluated", "start"]


class Epoch(NamedTuple):
    """A pass over all rows: the steps until its end, its rows, the mean loss, and the norm of the mean gradient.

    The means are over its batches, each at the parameters that it met and counted by its rows.
    """

    steps: int
    rows: int
    loss: float
    gradient_norm: float


@dataclass(frozen=True, slots=True)
class State:
    """Where a descent stands.

    kept: the vectors of the optimizer. steps: how many were made, of which `done` in the epoch that is under way; rows,
    loss, gradient: the rows of that epoch so far, and the sums over them. epochs: how many have ended, the first of
    `history`, a list that grows and is shared by the states of a descent.
    """

    theta: Vector
    kept: tuple[Vector, ...]
    gradient: Vector
    steps: int = 0
    done: int = 0
    rows: int = 0
    loss: float = 0.0
    epochs: int = 0
    history: list[Epoch] = field(default_factory=list)

    def mean(self) -> Epoch:
        """Return the epoch that is under way as if it ended here."""
        with np.errstate(over="ignore"):
            norm = float(np.linalg.norm(self.gradient / self.rows))
        return Epoch(self.steps, self.rows, self.loss / self.rows, norm)


@dataclass(frozen=True, slots=True)
class Stop:
    """When to stop: after so many epochs or steps, or where the gradient or the change of the loss has become small."""

    epochs: int | None = None
    steps: int | None = None
    gradient_tol: float | None = None
    loss_tol: float | None = None

    def why(self, state: State) -> str:
        """Return why to stop in a state, "" to go on.

        >>> history = [Epoch(1, 9, 2.0, 1.0), Epoch(2, 9, 1.9, 1.0)]
        >>> Stop(loss_tol=0.1).why(State(np.zeros(1), (), np.zeros(1), epochs=2, history=history))
        'the loss changed by at most 0.1 of itself'
        """
        if not state.done and state.epochs:
            last = state.history[state.epochs - 1]
            if self.gradient_tol is not None and last.gradient_norm <= self.gradient_tol:
                return f"the gradient's norm {last.gradient_norm:.3g} is at most {self.gradient_tol:g}"
            if self.loss_tol is not None and state.epochs > 1:
                before = state.history[state.epochs - 2].loss
                change = abs(last.loss - before)
                if change <= self.loss_tol * max(abs(before), abs(last.loss)):
                    return f"the loss changed by at most {self.loss_tol:g} of itself"
        if self.steps is not None and state.steps >= self.steps:
            return f"after {state.steps:,} step{'s'[: state.steps != 1]}"
        if self.epochs is not None and state.epochs >= self.epochs:
            return f"after {state.epochs:,} epoch{'s'[: state.epochs != 1]}"
        return ""


def start(theta: Vector, optimizer: Optimizer) -> State:
    """Return the state before the first step."""
    zeros = np.zeros_like(theta)
    return State(theta, (zeros,) * optimizer.kept, zeros)


def evaluated(batch: Batch, theta: Vector, step: int, epoch: int) -> tuple[float, Vector]:
    """Return loss and gradient of a batch. Raises MathError, with the cause, where they are not finite."""
    loss, gradient = batch.evaluate(theta)
    if not (isfinite(loss) and np.isfinite(gradient).all()):
        raise batch.explained(theta, f"in step {step:,}, of epoch {epoch:,}")
    return loss, gradient


def descend(source: Epochs, optimizer: Optimizer, state: State, stop: Stop) -> Iterator[State]:
    """Yield the state after each step, until it is time to stop.

    Raises MathError where the loss or its gradient is not finite, and what the source raises.
    """
    while not stop.why(state):
        batches = source.epoch(state.epochs, state.done)
        batch = next(batches, None)
        while batch is not None:
            loss, gradient = evaluated(batch, state.theta, state.steps + 1, state.epochs + 1)
            state = _stepped(optimizer, state, batch.rows, loss, gradient)
            batch = next(batches, None)
            if batch is None:
                state.history[state.epochs :] = [state.mean()]
                zeros = np.zeros_like(gradient)
                state = replace(state, gradient=zeros, done=0, rows=0, loss=0.0, epochs=state.epochs + 1)
            yield state
            if stop.why(state):
                return


def _stepped(optimizer: Optimizer, state: State, rows: int, loss: float, gradient: Vector) -> State:
    """Return the state after a step; where it leads beyond the largest float, the next loss is not finite."""
    with np.errstate(all="ignore"):
        theta, kept = optimizer.step(state.theta, gradient, state.kept, state.steps + 1)
        return replace(
            state,
            theta=theta,
            kept=kept,
            gradient=state.gradient + rows * gradient,
            steps=state.steps + 1,
            done=state.done + 1,
            rows=state.rows + rows,
            loss=state.loss + rows * loss,
        )
