"""Measuring: contestants in turns, medians, processes with their peak memory; and the row that a result becomes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import IO, Any, NamedTuple

ADCALC = str(Path(sys.executable).with_name("adcalc"))
EXAMPLE = "ln(x1)+x1*x2-sin(x2)"
Stream = IO[bytes] | int
# As installed packages are: compiled once (an editable checkout would be compiled anew for each run where this is set)
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Row:
    """One figure of ours beside those of our peers, all in one unit; a peer that is not installed has None.

    against: the peer that the goal is about. at_most: ours ≤ at_most × its figure. at_least: our *speed* is at least so
    many times its speed. note: what the figure means beyond its name.
    """

    name: str
    ours: float | None
    peers: Mapping[str, float | None]
    against: str = ""
    at_most: float | None = None
    at_least: float | None = None
    unit: str = "s"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours to the peer's: of figures where the goal is `at_most`, of speeds where it is `at_least`."""
        theirs = self.peers.get(self.against)
        if not self.ours or not theirs:
            return None
        return self.ours / theirs if self.at_least is None else theirs / self.ours

    @property
    def goal(self) -> str:
        """The goal in words."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}x"
        return "" if self.at_least is None else f">= {self.at_least:g}x"

    @property
    def met(self) -> str:
        """Say whether the goal was met, in this run."""
        if self.ratio is None or not self.goal:
            return ""
        reached = self.ratio <= self.at_most if self.at_most is not None else self.ratio >= (self.at_least or 0)
        return "yes" if reached else "NO"


def in_turns(
    contestants: Mapping[str, Callable[[], object] | None], turns: int = 5, warm_up: bool = True
) -> dict[str, float | None]:
    """Return the median seconds of each contestant; they take turns, so that a slow moment of the machine hits all."""
    ready = {name: work for name, work in contestants.items() if work is not None}
    for work in ready.values() if warm_up else ():
        work()
    times: dict[str, list[float]] = {name: [] for name in ready}
    for _ in range(turns):
        for name, work in ready.items():
            start = perf_counter()
            result = work()
            times[name].append(perf_counter() - start)
            del result  # after the clock was read: freeing is not what is measured
    return {name: median(times[name]) if name in times else None for name in contestants}


def peer(module: str) -> Any:
    """Return a peer's module, or None where it is not installed."""
    return import_module(module) if find_spec(module) else None


def succeed(command: Sequence[str], sink: Stream = subprocess.PIPE) -> Callable[[], object]:
    """Return the work of running a command, which must succeed; its output goes to `sink`, or is read from a pipe."""
    return lambda: subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.DEVNULL, env=ENVIRONMENT, check=True
    )


class Finished(NamedTuple):
    """What a process took: seconds of wall-clock, and the most memory that it held at once, in MB."""

    seconds: float
    megabytes: float


# Linux counts into a process's peak what its parent held when it was started, so a small one starts it, not this one.
LAUNCHER = """
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def measure(command: Sequence[str], source: Stream = subprocess.DEVNULL) -> Finished:
    """Run a command, which must succeed, and tell its time and peak memory; its output is thrown away."""
    launcher = [sys.executable, "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launcher, stdin=source, stdout=subprocess.PIPE, env=ENVIRONMENT, check=True, text=True)
    return Finished(*map(float, done.stdout.split()))
