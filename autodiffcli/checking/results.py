"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from autodiffcli.checking.evidence import Finding
from autodiffcli.errors import Span
from autodiffcli.graph import Graph

__all__ = ["Check", "Claim", "Comparison", "Fault", "Mode"]


class Comparison(NamedTuple):
    """A derivative beside its difference quotient.

    name: the input, or "" for the random direction δ. derivative: the one under check, δᵀ∇f along δ. reason: why the
    quotient decides nothing, or "".
    """

    name: str
    derivative: float
    finding: Finding
    reason: str = ""


class Mode(NamedTuple):
    """A mode's gradient. along: its δᵀ∇f. differs: the inputs in which it disagrees with the first mode."""

    name: str
    gradient: dict[str, float]
    along: float
    differs: list[str]
    verdict: str


class Fault(NamedTuple):
    """An operation whose own partial derivative is wrong: the message, and where it was written."""

    message: str
    span: Span | None


class Claim(NamedTuple):
    """A derivative that a person found.

    text:  as it was written. derivative: what it should be. formula: the same as a formula, where one was given.
    right: whether it holds. remark: in which sense it is right, or what may have been slipped.
    """

    name: str
    text: str
    value: float
    derivative: float
    formula: str
    right: bool
    remark: str


@dataclass(slots=True)
class Check:
    """What a check found.

    direction: δ by input, zero for inputs whose derivative is infinite. formulas: what the quotient along δ, and those
    by single inputs, say. notes: what a reader must know of the point. sentences: what is wrong.
    verdict: "passed", "failed" or "undecided", and `why` in words.
    """

    graph: Graph
    point: dict[str, float]
    value: float
    seed: int
    epsilon: float | None
    direction: dict[str, float]
    modes: list[Mode] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    fault: Fault | None = None
    verdict: str = ""
    why: str = ""

    @property
    def evaluations(self) -> int:
        """How often the function was evaluated for quotients."""
        return sum(one.finding.evaluations for one in self.comparisons)

    @property
    def gradient(self) -> dict[str, float]:
        """The gradient of the first mode."""
        return self.modes[0].gradient
