"""What is fuzzed: for each target how an input is made, and what must hold of the answer to it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple
from zlib import crc32

import click

from autodiffcli.api import gradients as api
from autodiffcli.api.expressions import point_of
from autodiffcli.backends import MODES
from autodiffcli.cli import adcalc
from autodiffcli.errors import AdcalcError
from autodiffcli.language.parser import RESERVED, parse
from autodiffcli.language.point import forms, parse_point, point_from_data
from autodiffcli.points.stream import stream
from autodiffcli.primitive import FUNCTIONS
from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS
from tests.cli.support import call
from tests.fuzz.inputs import Inputs
from tests.fuzz.words import AT

__all__ = ["TARGETS", "Target", "answers", "command", "error_is_sound", "grammar", "point", "records", "table"]

WORDS_OF_THE_LANGUAGE = {
    *FUNCTIONS,
    *ARRAY_FUNCTIONS,
    *RESERVED,
    "D",
    "grad",
    "hessian",
    "jacobian",
    "if",
    "else",
    "and",
    "or",
    "not",
}


class Target(NamedTuple):
    """How an input is made, and the check that it must pass: an exception but AdcalcError is a finding."""

    make: Callable[[Inputs], Any]
    check: Callable[[Any], object]


def error_is_sound(error: AdcalcError) -> None:
    """Assert that an error can be shown, obeys no terminal, and points into its source."""
    report = error.report()
    assert all(c.isprintable() or c == "\n" for c in report)
    assert report.startswith("error: ") and error.message
    assert len(report) < 3000
    assert error.status in (1, 2)
    json.dumps(error.as_data(), allow_nan=False)
    if error.span is not None:
        start, end = error.span
        assert 0 <= start <= end <= len(error.source)
        line, column = error.place() or (0, 0)
        assert 1 <= line <= error.source.count("\n") + 1 and 1 <= column <= len(error.source) + 1


def answers(target: Callable[[], object]) -> bool:
    """Return whether a call answers; if not, its error must be one of ours, and fit to be shown."""
    try:
        target()
    except AdcalcError as error:
        error_is_sound(error)
        return False
    return True


def grammar(text: str, modes: tuple[str, ...] = ()) -> None:
    """Check an expression: read, evaluated and differentiated; by default in one mode, which its text decides."""
    chosen = crc32(text.encode("utf-8", "surrogatepass"))
    given = point_of(AT) if chosen % 4 else {}
    try:
        graph = parse(text, **forms(given))
    except AdcalcError as error:
        error_is_sound(error)
        return
    assert all(
        span is None or 0 <= span[0] <= span[1] <= len(graph.source) for span in map(graph.span, range(len(graph)))
    )
    at = {name.partition("[")[0].partition(".")[0]: 0.7 for name in graph.inputs}
    at |= {name: value for name, value in given.items() if name in at}
    answered = answers(lambda: api.evaluate(graph, at))
    for mode in modes or (MODES[chosen % len(MODES)],):
        found = answers(lambda mode=mode: api.gradient(graph, at, mode=mode, trace=True))  # type: ignore[misc]
        assert answered or not found  # by some arguments, like the order of besselj, there is no derivative


def point(given: object) -> None:
    """Check a point: a text, or what JSON decodes to."""
    if isinstance(given, str):
        answers(lambda: parse_point(given))
        answers(lambda: api.gradient("x*y", given))
        answers(lambda: api.gradient("sum(X)*d.cat", given))
    else:
        answers(lambda: point_from_data(given))


@cache
def _product() -> api.Compiled:
    return api.compile("x*ln(y)")


def table(given: tuple[bytes, str, str, bool]) -> None:
    """Check a table of points: its bytes, kind, what a bad row does, and whether its columns are kept."""
    data, kind, on_error, keep = given
    target = io.BytesIO()
    summary: list[Any] = []
    done = answers(
        lambda: summary.append(
            stream(
                io.BytesIO(data),
                target,
                inputs=["x", "y"],
                outputs=["value", "d_x", "d_y"],
                evaluate=lambda columns: _product().value_and_gradient(*columns),
                kind=kind,
                keep=keep,
                on_error=on_error,  # type: ignore[arg-type]
            )
        )
    )
    text = target.getvalue().decode()
    if done and kind == "jsonl":
        assert sum(1 for line in text.split("\n") if line.strip()) == summary[0].rows  # no row is lost
        for line in text.split("\n"):
            assert not line.strip() or isinstance(json.loads(line), dict)


def records(stdin: bytes) -> None:
    """Check the answers to JSON Lines of many expressions: one for each line, in order."""
    for name in ("grad", "eval") if crc32(stdin) % 2 else ("eval",):
        done = call(name, "-", "--format", "jsonl", stdin=stdin)
        assert (done.status, done.err) == (0, ""), done
        assert done.out.isprintable() or set(filter(lambda c: not c.isprintable(), done.out)) == {"\n"}
        found = [json.loads(line) for line in done.out.split("\n")[:-1]]
        assert len(found) == sum(bool(line.strip()) for line in stdin.split(b"\n"))
        assert all(("value" in answer) != ("error" in answer) for answer in found)
        assert not any("more memory" in str(answer.get("error")) for answer in found)


def command(given: tuple[list[str], bytes]) -> None:
    """Check a command line: words and standard input."""
    argv, stdin = given
    done = call(*harmless(argv), stdin=stdin)
    assert done.status in (0, 1, 2), done
    for sign in ("Traceback", "failed on this request", "more memory than there is"):
        assert sign not in done.err, done.err
    assert all(c.isprintable() or c in "\n\t" for c in done.err), done.err
    if "png" not in argv and "always" not in argv and "--points" not in argv and "--color=always" not in argv:
        assert done.out.isascii() or all(c.isprintable() or c in "\n\t\xa0" for c in done.out)
        assert "\x1b" not in done.out
    if done.status:
        assert "error: " in done.err or done.err.startswith("Usage") or done.out, done


def harmless(argv: list[str]) -> list[str]:
    """Return a command line that writes no file of ours and reads no device that never ends."""
    kept = [word for word in argv if not word.startswith("--out") and ("/dev/" not in word or word == "@/dev/null")]
    return kept if kept[:1] != ["repl"] else kept[1:]


# Making inputs


def _point(make: Inputs) -> object:
    return make.data(3) if make.below(4) == 3 else make.point()


def _table(make: Inputs) -> tuple[bytes, str, str, bool]:
    kind = make.pick(["csv", "tsv", "jsonl"])
    given = make.pick([kind, kind, "", make.pick(["csv", "tsv", "jsonl"])])
    return make.table(kind), given, make.pick(["fail", "skip", "null"]), not make.below(2)


def _records(make: Inputs) -> bytes:
    return b"\n".join([make.record() for _ in range(1 + make.below(3))])


@cache
def _commands() -> dict[str, list[click.Option]]:
    """Return the commands and their options, as Click has them: a new one is fuzzed from its first day."""
    context = click.Context(adcalc)
    found = {}
    for name in adcalc.list_commands(context):
        made = adcalc.get_command(context, name)
        assert made is not None
        found[name] = [p for p in made.get_params(context) if isinstance(p, click.Option)]
    return found


def _value(make: Inputs, option: click.Option) -> str:
    """Return a value for an option, a sound one mostly."""
    kind = make.below(8)
    if isinstance(option.type, click.Choice) and kind < 7:
        return str(make.pick(list(option.type.choices)))
    if isinstance(option.type, click.IntRange) or option.name in ("sizes", "digits"):
        return make.pick(["1", "2", "3", "5", "17", "0", "-1", "10", "40", "1000", "1000000", "9" * 30, "x", "1.5"])
    if isinstance(option.type, type(click.FLOAT)):
        return make.pick(["1e-6", "0.1", "1", "0", "-1", "inf", "nan", "1e-300", "x"])
    if option.name == "points" and kind < 7:
        return "-"
    if option.name in ("wrt", "tangent", "along", "cotangent") and kind < 6:
        return make.pick(["x", "y", "x,y", "x=1", "1", "1,0", "x,x,y", "y=2,x=1"])
    return make.point() if option.name == "at" or kind < 4 else make.text()


def _options(make: Inputs, options: list[click.Option]) -> list[str]:
    argv: list[str] = []
    for _ in range(make.below(4)):
        option = make.pick(options)
        name = make.pick([*option.opts, *option.secondary_opts])
        argv += [name] if option.is_flag or not make.below(40) else [name, _value(make, option)]
    if not make.below(20):
        argv.insert(
            make.below(len(argv) + 1), make.pick(["--", "-", "x", "@/dev/null", "@missing", "--zz", make.text()])
        )
    return argv


def _command(make: Inputs) -> tuple[list[str], bytes]:
    commands = _commands()
    name = make.pick(list(commands))
    options = commands[name]
    text = make.text()
    argv = [name if make.below(50) else make.noise(6), text]
    given = {option.name for option in options}
    if "at" in given and make.below(5):
        names = dict.fromkeys(word for word in re.findall(r"[^\W\d]\w*", text) if word not in WORDS_OF_THE_LANGUAGE)
        values = {name: json.dumps(AT[name]) if name in AT else "0.7" for name in names}
        point = ",".join(f"{name}={value}" for name, value in values.items()) if make.below(4) else make.point()
        argv += ["--at", point] if point else []
    if name == "compile" and make.below(6):
        argv += ["--to", make.pick(["python", "c", "numpy", "javascript"])]
    argv += _options(make, options)
    if make.below(3):
        return argv, b""
    kind = make.below(4)
    if kind == 1:
        return argv, make.point().encode("utf-8", "surrogatepass")
    if kind == 2:
        return argv, _records(make)
    return argv, make.table(make.pick(["csv", "tsv", "jsonl"]))


TARGETS = {
    "grammar": Target(Inputs.text, grammar),
    "point": Target(_point, point),
    "table": Target(_table, table),
    "records": Target(_records, records),
    "command": Target(_command, command),
}
