"""Watching single inputs: time, memory, and what is raised."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, TextIO

__all__ = ["LONGEST", "MOST", "Finding", "Watch"]

LONGEST = 2.0
"""Seconds of processor time that an input may take."""

MOST = 1 << 30
"""Bytes of memory that an input, and a thousand before it, may add to what the process has."""


class _TooLong(BaseException):
    """Raised out of an input that takes too long; no `except Exception` holds it."""


class Finding(NamedTuple):
    """An input that did what none may do."""

    number: int
    what: str
    given: Any


class Watch:
    """Runs a check on inputs, one after the other, and counts."""

    def __init__(self, check: Callable[[Any], object], log: TextIO) -> None:
        self.check = check
        self.log = log
        self.runs = 0
        self.worst = 0.0
        self.slowest: Any = None
        self.findings: list[Finding] = []
        self.started = time.perf_counter()
        self._seen: set[str] = set()
        # Processor time, not time on the clock: what others do on the machine is no fault of the input.
        signal.signal(signal.SIGVTALRM, _too_long)

    def __call__(self, number: int, given: Any) -> None:
        """Run one input; what it does that none may do is noted, and written to the log once for each kind."""
        if self.runs % 1024 == 0:
            faulthandler.dump_traceback_later(600, exit=True, file=self.log)  # C code that never comes back
            # Anew: what libraries keep for later, addresses mostly, is no fault of the input that comes then.
            used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
            resource.setrlimit(resource.RLIMIT_AS, (used + MOST, resource.RLIM_INFINITY))
        self.runs += 1
        start = time.process_time()
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
            try:
                self.check(given)
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        except _TooLong:
            self._found(number, given, f"over {LONGEST:g} s", sys.exc_info()[2])
        except MemoryError:
            self._found(number, given, f"over {MOST >> 20} MiB", sys.exc_info()[2])
        except Exception as error:
            self._found(number, given, f"{type(error).__name__}: {error}"[:500], sys.exc_info()[2])
        took = time.process_time() - start
        if took > self.worst:
            self.worst, self.slowest = took, given

    def summary(self) -> str:
        """Return the figures of the run so far."""
        seconds = time.perf_counter() - self.started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return (
            f"{self.runs:,} inputs in {seconds:,.0f} s, {self.runs / max(seconds, 1e-9):,.0f} a second; "
            f"worst {self.worst:.3f} s; peak memory {peak:,.0f} MiB; {len(self.findings)} findings "
            f"of {len(self._seen)} kinds"
        )

    def _found(self, number: int, given: Any, what: str, where: Any) -> None:
        self.findings.append(Finding(number, what, given))
        frames = [f for f in traceback.extract_tb(where) if "autodiffcli" in f.filename or "targets" in f.filename]
        at = ", ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames[-3:])
        kind = what.split(":", maxsplit=1)[0] + at
        if kind not in self._seen:
            self._seen.add(kind)
            print(f"finding at input {number:,}: {what}\n  in {at}\n  {given!r}"[:4000], file=self.log, flush=True)


def _too_long(signum: int, frame: FrameType | None) -> None:
    raise _TooLong
