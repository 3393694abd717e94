"""First-order optimizers: a step makes new parameters from the gradient, and changes nothing in place.

A step that is interrupted has therefore not happened. θ, the gradient g and what is kept from step to step are vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["OPTIMIZERS", "Adam", "GradientDescent", "Momentum", "Optimizer", "Vector"]

Vector = NDArray[np.float64]


class Optimizer(Protocol):
    """Makes steps; `kept` says how many vectors it keeps between them, which are 0 at first."""

    kept: ClassVar[int]

    def step(
        self, theta: Vector, gradient: Vector, kept: tuple[Vector, ...], count: int
    ) -> tuple[Vector, tuple[Vector, ...]]:
        """Return θ after the step with this count, from 1 on, and what is kept for the next one."""
        ...


@dataclass(frozen=True, slots=True)
class GradientDescent:
    """θ ← θ − α·g (Cauchy 1847; with the gradient of a batch: Robbins and Monro 1951).

    >>> GradientDescent(0.5).step(np.array([1.0]), np.array([0.2]), (), 1)
    (array([0.9]), ())
    """

    rate: float = 0.1
    kept: ClassVar[int] = 0

    def step(
        self, theta: Vector, gradient: Vector, kept: tuple[Vector, ...], count: int
    ) -> tuple[Vector, tuple[Vector, ...]]:
        """Step against the gradient."""
        return theta - self.rate * gradient, ()


@dataclass(frozen=True, slots=True)
class Momentum:
    """u ← β·u + g, θ ← θ − α·u (Polyak 1964, the heavy ball)."""

    rate: float = 0.1
    momentum: float = 0.9
    kept: ClassVar[int] = 1

    def step(
        self, theta: Vector, gradient: Vector, kept: tuple[Vector, ...], count: int
    ) -> tuple[Vector, tuple[Vector, ...]]:
        """Step against the sum of the gradients so far, older ones counting less."""
        u = self.momentum * kept[0] + gradient
        return theta - self.rate * u, (u,)


@dataclass(frozen=True, slots=True)
class Adam:
    """m ← β₁·m + (1−β₁)·g, s ← β₂·s + (1−β₂)·g², θ ← θ − α·m̂/(√ŝ + ε), m̂ = m/(1−β₁ᵗ), ŝ = s/(1−β₂ᵗ).

    Kingma and Ba 2015, algorithm 1, with the constants that it recommends.
    """

    rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    kept: ClassVar[int] = 2

    def step(
        self, theta: Vector, gradient: Vector, kept: tuple[Vector, ...], count: int
    ) -> tuple[Vector, tuple[Vector, ...]]:
        """Step against the mean gradient, each coordinate in units of its own size."""
        m = self.beta1 * kept[0] + (1 - self.beta1) * gradient
        s = self.beta2 * kept[1] + (1 - self.beta2) * gradient**2
        size = np.sqrt(s / (1 - self.beta2**count)) + self.epsilon
        return theta - self.rate * (m / (1 - self.beta1**count)) / size, (m, s)


OPTIMIZERS: dict[str, type[GradientDescent | Momentum | Adam]] = {
    "gd": GradientDescent,
    "momentum": Momentum,
    "adam": Adam,
}
"""Optimizers by the name that --optimizer takes; SciPy's are in `minimize`."""
