"""Plant one fault at a time in the declarations and the chain rule, and see whether a test finds it.

    python -m tests.mutation [MODULE ...] [--jobs N] [--sample N] [--log FILE] [--tests TEST ...] [--seconds S]

A mutant survives if no test fails with it. Those in explained.txt are survivors that change nothing that is promised,
each below its reason; any other ends with status 1. With a log what was killed before is not run again: after a test
was added, --log FILE --tests TEST runs only the survivors, with that test.

Mutants are made by cosmic-ray (group `mutation`). The tests are collected and run once without a fault, which tells
which of them reach which lines and how long each takes; then each mutant runs in a process forked from that one, with
the tests that reach its line: those that killed its neighbours first, then those named like its primitive, then the
fastest, until one fails or SECONDS of them have passed. Random tests draw EXAMPLES examples.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.plant import ROOT, compiled, path_of, plant
from tests.mutation.reach import GLOBALS, Reports, measure, perform

EXPLAINED = Path(__file__).with_name("explained.txt")
MODULES = [
    "autodiffcli.chain",
    *(f"autodiffcli.primitives.{path.stem}" for path in sorted((ROOT / "autodiffcli/primitives").glob("[a-z]*.py"))),
]
TESTS = [
    *("tests/primitives", "tests/precise", "tests/arrays", "tests/language/test_parser.py"),
    *("tests/differences/test_estimates.py", "tests/diagnosis/test_gates.py", "tests/diagnosis/test_messages.py"),
    *(f"tests/test_{name}.py" for name in ("conformance", "derivatives", "trace", "independent", "agreement")),
    *(f"tests/test_{name}.py" for name in ("partials", "write")),
    "tests/targets/test_arrays.py",
    *("autodiffcli/chain.py", "autodiffcli/primitives"),
]
SLOW = (  # in the names of tests that take long, and would find no more
    *("command", "test_layers", "bytecode", "depth", "linear_in", "exponentially", "memory", "jax", "bounds_the_error"),
    "numdifftools",
)
EXAMPLES = 50
SECONDS = 3
PATIENCE = 5  # times as long as without a fault, and a second, are what a mutant may compute
LATE = 300  # seconds in all after which it hangs


class Runner:
    """Runs mutants when pytest has collected the tests: a plugin of pytest."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.reports = Reports()
        self.killers: Counter[tuple[str, str]] = Counter()
        self.log: dict[str, str] = {}
        if options.log and options.log.exists():
            for line in options.log.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                self.log[entry["mutant"]] = self.log.get(entry["mutant"]) or entry["by"]
        self.explained = set(EXPLAINED.read_text(encoding="utf-8").splitlines()) if EXPLAINED.exists() else set()
        self.unexplained = 0

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Measure, then run the mutants in place of the tests."""
        items = [item for item in session.items if not any(word in item.nodeid for word in SLOW)]
        for item in items:
            _draw_few(item)
        start = time.monotonic()
        self.reach = measure(items, MODULES, self.reports)
        print(f"{len(items)} tests, {time.monotonic() - start:.0f} s", flush=True)
        compiled()
        gc.freeze()
        first = MODULES[-1]
        none = Mutant(first, "", 0, "no fault", (), path_of(first).read_text(encoding="utf-8"))
        for name in self.run([(none, list(self.reach.seconds))])[none.key].splitlines():
            print(f"left out, since it fails when the modules are loaded again: {name}", flush=True)
            del self.reach.seconds[next(item for item in self.reach.seconds if item.nodeid == name)]
        for module in self.options.modules:
            self.module(module)
        return True

    def module(self, module: str) -> None:
        """Run the mutants of a module and say how many survive."""
        start = time.monotonic()
        all_ = list(mutants(path_of(module), module))
        if self.options.sample is not None:
            all_ = random.Random(1).sample(all_, min(self.options.sample, len(all_)))
        done = {key for key, by in self.log.items() if by or key in self.explained}
        self.log |= self.run([(mutant, None) for mutant in all_ if mutant.key not in done])
        alive = [mutant for mutant in all_ if not self.log[mutant.key]]
        new = [mutant for mutant in alive if mutant.key not in self.explained]
        self.unexplained += len(new)
        print(
            f"{module}: {len(all_)} mutants, {len(all_) - len(alive)} killed, {len(alive) - len(new)} explained, "
            f"{len(new)} unexplained, {time.monotonic() - start:.0f} s",
            flush=True,
        )

    def run(self, waiting: list[tuple[Mutant, list[pytest.Item] | None]]) -> dict[str, str]:
        """Return by which test each mutant is killed, "" for none, several at a time."""
        running: dict[int, tuple[Mutant, int, float]] = {}
        found = {}
        waiting = waiting[::-1]
        while waiting or running:
            while waiting and len(running) < self.options.jobs:
                mutant, tests = waiting.pop()
                pid, pipe = self.fork(mutant, self.order(mutant) if tests is None else tests, tests is None)
                running[pid] = mutant, pipe, time.monotonic()
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if not pid:
                for pid, (mutant, _, start) in running.items():
                    if mutant.line and time.monotonic() - start > LATE:
                        os.killpg(pid, 9)
                time.sleep(0.005)
                continue
            mutant, pipe, start = running.pop(pid)
            with os.fdopen(pipe, encoding="utf-8") as stream:
                text = stream.read()
            by = text.removesuffix("\n") if text.endswith("\n") else "it hangs or crashes"
            found[mutant.key] = by
            self.killers[mutant.module + mutant.scope, by] += 1
            self.note(mutant, by, time.monotonic() - start)
        return found

    def note(self, mutant: Mutant, by: str, seconds: float) -> None:
        """Write an entry of the log, and say what survives."""
        if not by and mutant.line:
            print(f"survives, line {mutant.line}: {mutant.key}", flush=True)
        if self.options.log and mutant.line:
            entry = {"mutant": mutant.key, "by": by, "seconds": round(seconds, 2)}
            with self.options.log.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def order(self, mutant: Mutant) -> list[pytest.Item]:
        """Return the tests that may find a mutant, the most promising first."""
        objects = [getattr(sys.modules[mutant.module], name, None) for name in mutant.names]
        named = [f"[{name}]" for name in {*mutant.names, *(getattr(o, "name", "") for o in objects)}]

        def promise(item: pytest.Item) -> tuple[Any, ...]:
            kills = self.killers[mutant.module + mutant.scope, item.nodeid]
            return -kills, not item.nodeid.endswith(tuple(named)), self.reach.seconds[item]

        return sorted(self.reach.tests(mutant) & self.reach.seconds.keys(), key=promise)

    def limit(self, tests: Sequence[pytest.Item]) -> int:
        """Return after how many seconds of the processor a mutant hangs, by what its tests take without a fault."""
        total = 0.0
        for item in tests:
            total += self.reach.seconds[item]
            if total > self.options.seconds:
                break
        return PATIENCE * math.ceil(total + 1)

    def fork(self, mutant: Mutant, tests: list[pytest.Item], capped: bool) -> tuple[int, int]:
        """Return the process that runs a mutant, silently, and the end of a pipe that tells what killed it."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writing)
            return pid, reading
        try:
            os.setpgid(0, 0)
            silence = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(silence, stream)
            if capped:
                limit = self.limit(tests)
                resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
                resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
            by = self.killer(mutant, tests, capped)
            os.write(writing, f"{by}\n".encode())
        finally:
            os._exit(0)

    def killer(self, mutant: Mutant, tests: Sequence[pytest.Item], capped: bool) -> str:
        """Return what finds a mutant, "" for nothing."""
        try:
            parameters = [item.callspec.params for item in tests if hasattr(item, "callspec")]
            plant(mutant.module, mutant.source, [*GLOBALS.values(), *parameters])
        except Exception:
            return "the import"
        start, found = time.process_time(), []
        for item in tests:
            perform(item)
            if self.reports.failed:
                found.append(item.nodeid)
                self.reports.failed = False
            if capped and (found or time.process_time() - start > self.options.seconds):
                break
        return "\n".join(found)


def _draw_few(item: pytest.Item) -> None:
    """Make a random test small, and the same each time."""
    test = getattr(item, "obj", None)
    drawn = getattr(test, "_hypothesis_internal_use_settings", None)
    if drawn is not None:
        test._hypothesis_internal_use_settings = settings(  # type: ignore[union-attr]
            max_examples=min(drawn.max_examples, EXAMPLES),
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=MODULES)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", type=int, help="so many mutants of each module, drawn at random")
    parser.add_argument("--tests", nargs="+", default=TESTS, metavar="TEST", help="in place of those that reach most")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of tests after which a mutant survives")
    parser.add_argument("--log", type=Path, help="where results are added, and those of earlier runs read")
    options = parser.parse_args()
    from tests.primitives import references

    references.exact = cache(references.exact)
    runner = Runner(options)
    without = ("cacheprovider", "terminal", "cov", "benchmark", "unraisableexception")
    arguments = ["-s", "--assert=plain", *(word for plugin in without for word in ("-p", f"no:{plugin}"))]
    status = pytest.main([*arguments, *options.tests], plugins=[runner, runner.reports])
    print(f"{runner.unexplained} unexplained")
    return 1 if runner.unexplained else int(status)


if __name__ == "__main__":
    sys.exit(main())
