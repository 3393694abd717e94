"""python -m tests.fuzz TARGET --runs N [--seed S] [--only I] [--atheris]."""

from __future__ import annotations

import argparse
import os
import random
import sys
import warnings
from typing import Any


def main() -> int:
    """Fuzz a target; print what was found and the figures; return 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=["grammar", "point", "table", "records", "command"])
    parser.add_argument("--runs", type=int, default=10_000, help="how many inputs")
    parser.add_argument("--seed", type=int, default=0, help="input i of seed s is always the same")
    parser.add_argument("--only", type=int, metavar="I", help="show input I and run it alone, unwatched")
    parser.add_argument("--atheris", action="store_true", help="let coverage guide the choices")
    asked = parser.parse_args()
    warnings.simplefilter("error")  # none may reach a user
    warnings.simplefilter("ignore", ResourceWarning)
    log = os.fdopen(os.dup(1), "w")  # a command that fails to write leads standard output away
    if asked.atheris:
        return _guided(asked, log)
    from tests.fuzz.inputs import Inputs
    from tests.fuzz.targets import TARGETS
    from tests.fuzz.watch import Watch

    target = TARGETS[asked.target]
    dice = random.Random()
    make = Inputs(dice.random)

    def made(number: int) -> Any:
        dice.seed(asked.seed * 1_000_000_007 + number)
        return target.make(make)

    if asked.only is not None:
        given = made(asked.only)
        print(repr(given))
        target.check(given)
        return 0
    made(0)
    target.check(target.make(make))  # what is loaded at the first use is no input's fault
    watch = Watch(target.check, log)
    for number in range(asked.runs):
        watch(number, made(number))
        if (number + 1) % 50_000 == 0:
            print(watch.summary(), file=log, flush=True)
    return _told(watch, log)


def _guided(asked: argparse.Namespace, log: Any) -> int:
    """Let atheris choose: it mutates the dice, and keeps what reaches new code."""
    import atheris

    with atheris.instrument_imports(include=["autodiffcli"]):
        from tests.fuzz.targets import TARGETS
    from tests.fuzz.inputs import Inputs, dice_of
    from tests.fuzz.watch import Watch

    target = TARGETS[asked.target]
    watch = Watch(target.check, log)

    def one(data: bytes) -> None:
        watch(watch.runs, target.make(Inputs(dice_of(data))))
        if watch.runs % 50_000 == 0:
            print(watch.summary(), file=log, flush=True)
        if watch.runs >= asked.runs:
            os._exit(_told(watch, log))  # libFuzzer's own end says nothing of ours

    options = [f"-seed={asked.seed + 1}", "-max_len=600", "-len_control=0", "-timeout=0", "-rss_limit_mb=0"]
    atheris.Setup([sys.argv[0], *options, "-handle_abrt=0", "-verbosity=0"], one)
    atheris.Fuzz()
    return 0


def _told(watch: Any, log: Any) -> int:
    print(watch.summary(), file=log)
    print(f"slowest: {watch.slowest!r}"[:1000], file=log, flush=True)
    return 1 if watch.findings else 0


if __name__ == "__main__":
    sys.exit(main())
