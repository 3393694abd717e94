"""Plant one fault at a time in the declarations and the chain rule, and see whether a test finds it.

    python -m tests.mutation [MODULE ...] [--jobs N] [--sample N]

A mutant survives if no test fails with it. Those in explained.txt are survivors that change nothing that is promised;
any other ends with status 1. Mutants are made by cosmic-ray (group `mutation`); each runs in a process of its own,
forked from one that has the libraries loaded, so that it takes a second and not ten.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from tests.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
EXPLAINED = Path(__file__).with_name("explained.txt")
MODULES = [
    "autodiffcli.chain",
    *(f"autodiffcli.primitives.{path.stem}" for path in sorted((ROOT / "autodiffcli/primitives").glob("[a-z]*.py"))),
]
TESTS = [  # from those that find most to those that take longest
    "tests/primitives",
    "tests/test_conformance.py",
    "tests/precise/test_primitives.py",
    "tests/test_derivatives.py",
    "tests/test_trace.py",
    "tests/test_independent.py",
    "tests/test_agreement.py",
    "tests/diagnosis",
    "tests/differences",
    "tests/test_partials.py",
    "autodiffcli/chain.py",
    "autodiffcli/primitive.py",
    "autodiffcli/primitives",
]
SECONDS = 240
KILLED, SURVIVED = 0, 7


class Mutated(SourceFileLoader):
    """Loads a module from another source than its file's."""

    def __init__(self, mutant: Mutant, path: str) -> None:
        super().__init__(mutant.module, path)
        self.mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        """Compile the mutant."""
        return compile(self.mutant.source, self.path, "exec")


class Finder:
    """Finds the mutant in place of the module."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the mutant's spec for its module."""
        if name != self.mutant.module:
            return None
        file = str(path_of(name))
        return importlib.util.spec_from_file_location(name, file, loader=Mutated(self.mutant, file))


def path_of(module: str) -> Path:
    """Return the file of a module."""
    return ROOT / (module.replace(".", "/") + ".py")


def warm() -> None:
    """Load the libraries that tests use, and compute what the primitives are compared with; forget our own modules."""
    import hypothesis  # noqa: F401
    import numpy as np  # noqa: F401
    import pytest  # noqa: F401
    import scipy.special  # noqa: F401

    from tests.primitives import references

    references.exact = cache(references.exact)
    from tests.primitives import accuracy

    for name in accuracy.measured():
        accuracy.measure(name, thin=True)
    for module in list(sys.modules):
        if module.startswith(("autodiffcli", "tests.primitives.accuracy")):
            del sys.modules[module]


def run(mutant: Mutant) -> int:
    """Return whether some test fails with the mutant; first those of the primitives it concerns."""
    sys.meta_path.insert(0, Finder(mutant))
    try:
        from tests.primitives import accuracy

        if not all(accuracy.measure(name, thin=True).good for name in mutant.names if name in accuracy.measured()):
            return KILLED
    except Exception:
        return KILLED
    import pytest

    # plain: assertions cannot be rewritten in modules that are loaded already
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:cov", "--assert=plain", "--hypothesis-seed=1"]
    return SURVIVED if pytest.main([*options, *TESTS]) == pytest.ExitCode.OK else KILLED


def fork(mutant: Mutant) -> int:
    """Return the process that runs a mutant, silently."""
    pid = os.fork()
    if pid:
        return pid
    os.setpgid(0, 0)
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    status = KILLED
    try:
        status = run(mutant)
    finally:
        os._exit(status)


def survivors(candidates: Sequence[Mutant], jobs: int) -> list[Mutant]:
    """Return the mutants that no test finds; one that does not end is found."""
    waiting, running, alive = list(candidates), dict[int, tuple[Mutant, float]](), []
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[fork(mutant)] = mutant, time.monotonic()
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            for late in [p for p, (_, start) in running.items() if time.monotonic() - start > SECONDS]:
                os.killpg(late, 9)
            time.sleep(0.02)
            continue
        mutant, _ = running.pop(pid)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == SURVIVED:
            alive.append(mutant)
            print(f"survived, line {mutant.line}: {mutant.key}", flush=True)
    return alive


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=MODULES)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", type=int, help="so many mutants of each module, drawn at random")
    options = parser.parse_args()
    known = set(EXPLAINED.read_text(encoding="utf-8").splitlines()) if EXPLAINED.exists() else set()
    found = {module: list(mutants(path_of(module), module)) for module in options.modules}
    warm()
    first = options.modules[0]
    if not survivors([Mutant(first, 0, "no fault", "", (), path_of(first).read_text(encoding="utf-8"))], 1):
        sys.exit("the tests fail where no fault is planted: mend them first")
    unexplained, counts = 0, Counter[str]()
    for module, all_ in found.items():
        chosen = all_ if options.sample is None else random.Random(1).sample(all_, min(options.sample, len(all_)))
        alive = survivors(chosen, options.jobs)
        new = [mutant for mutant in alive if mutant.key not in known]
        counts += Counter(mutants=len(chosen), survivors=len(alive))
        unexplained += len(new)
        print(f"{module}: {len(chosen)} mutants, {len(alive)} survive, {len(new)} of them unexplained", flush=True)
    print(f"{counts['mutants']} mutants, {counts['survivors']} survive, {unexplained} of them unexplained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
