"""What a fit found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from autodiffcli.fitting.descent import Epoch

__all__ = ["Fit"]


@dataclass(slots=True)
class Fit:
    """Parameters that make a loss small, and how they were found.

    parameters: by name, in the form of their start values. loss, gradient_norm: of the last epoch, see `Epoch`, or of
    the part of the first one that was done. history: the epochs. stopped: why. warnings: what a person should hear.
    """

    parameters: dict[str, Any]
    loss: float
    gradient_norm: float
    epochs: int
    steps: int
    stopped: str
    optimizer: str
    history: list[Epoch] = field(default_factory=list, repr=False)
    warnings: list[str] = field(default_factory=list)
