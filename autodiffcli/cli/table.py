"""Tables of points: --points, --out and what belongs to them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, BinaryIO

from autodiffcli.api.expressions import chosen, of_one_output
from autodiffcli.api.gradients import Compiled
from autodiffcli.cli.options import read_graph, read_once, read_point, refuse, standard_input
from autodiffcli.cli.output import warn
from autodiffcli.cli.progress import Progress
from autodiffcli.derivatives import scalar_output
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.language.point import forms
from autodiffcli.points.kinds import (
    beginning,
    files_of,
    kind_by_content,
    kind_by_name,
    kind_to_write,
    kind_told,
    named_kind,
    needs_database,
)
from autodiffcli.points.out import compressed, open_already, whole_file
from autodiffcli.points.pipes import is_pipe
from autodiffcli.points.source import open_points
from autodiffcli.points.stream import Summary, stream

__all__ = ["eval_table", "grad_table"]


def grad_table(expr: str, at: tuple[str, ...], mode: str | None, options: dict[str, Any]) -> int:
    """Write the table with value and gradient of each row added."""
    if mode not in (None, "reverse"):
        raise RequestError(f"tables of points are computed in reverse mode, not {mode}", hint="leave --mode out")
    graph = read_graph(expr)
    return _table(expr, graph, chosen(graph, options["wrt"]), at, options)


def eval_table(expr: str, at: tuple[str, ...], options: dict[str, Any]) -> int:
    """Write the table with the value of each row added."""
    return _table(expr, read_graph(expr), [], at, options)


def _table(expr: str, graph: Graph, wrt: list[str], at: tuple[str, ...], options: dict[str, Any]) -> int:
    of_one_output(graph, "a row of a table has one value")
    scalar_output(graph, "the value of a row is a number")
    refuse(("precision", "trace", "share", "corr"), "in a table of points")
    path, out = options["points"], options["out"]
    if out is not None and open_already(out) == 1:
        out = None
    read_once(expr, *at, path, what="the expression or the point")
    format_ = options["format_"] or ""
    if format_ not in ("", "csv", "tsv", "jsonl"):
        raise RequestError(
            f"a table of points is written as csv, tsv or jsonl, not {format_}", hint="leave --format out"
        )
    fixed = read_point(at)
    unknown = [name for name in fixed if name not in graph.inputs]
    if unknown:
        raise RequestError(f"'{unknown[0]}' is not in the expression", hint="take it out of --at")
    if any(forms(fixed).values()):
        raise RequestError(
            "the inputs of a table of points are numbers, and --at gives another",
            hint='for points of arrays, JSON Lines of {"expr": ..., "at": {...}}: adcalc grad - --format jsonl',
        )
    compiled = Compiled(graph, wrt)
    compiled.check_columns()
    columns = [name for name in graph.inputs if name not in fixed]

    def evaluate(arrays: Any) -> Any:
        given = dict(zip(columns, arrays, strict=True)) | fixed
        return compiled.value_and_gradient(*[given[name] for name in compiled.inputs])

    names = ["value", *[f"d_{name}" for name in wrt]]
    asked: dict[str, Any] = {"inputs": columns, "outputs": names, "evaluate": evaluate, "fixed": list(fixed)}
    asked |= {name: options[name] for name in ("keep", "prefix", "on_error")}
    seen: set[str] = set()
    asked["seen"] = seen.update
    progress = Progress(beside_rows=out is None and sys.stdout.isatty())
    asked["progress"] = progress
    try:
        if options["engine"] == "spark":
            summary = _by_spark(path, out, format_, options["master"] or "", asked)
        else:
            with _piped(path) as pipe:
                summary = _on_this_machine(path, pipe, out, format_, options["engine"], asked)
    finally:
        progress.clear()
    progress.finish(summary.rows)
    for name in sorted(seen.intersection(graph.constant_names.values())):
        warn(f"the column '{name}' of {path} is not read: '{name}' is a constant; to read the column, rename it")
    *others, last = summary.notes() or [""]
    for note in others:
        warn(note)
    if summary.first_undefined is not None:
        point = dict(zip(columns, summary.first_point, strict=True)) | fixed
        from autodiffcli.api.diagnoses import first_cause

        warn(first_cause(graph, point, wrt, last) or last)
    elif last:
        warn(last)
    return 0


@contextmanager
def _piped(path: str) -> Iterator[BinaryIO | None]:
    """Give standard input, or a pipe with a name: what is read once. None for a file."""
    if path == "-":
        yield standard_input()
    elif is_pipe(path):
        with open_points(path) as pipe:
            yield pipe
    else:
        yield None


def _on_this_machine(
    path: str, pipe: BinaryIO | None, out: str | None, format_: str, engine: str | None, asked: dict[str, Any]
) -> Summary:
    head = beginning(path) if pipe is None else _arrived(pipe)
    kind, packed = kind_told(path, head, format_)
    if format_ and head.strip() and not packed and kind != "parquet":
        _check_format(path, format_, kind_by_content(head), asked["on_error"])
    written, compression = kind_to_write(out or "", format_)
    if not written and kind == "parquet" and (out is None or compression):
        written = "csv"  # a pipe, or a terminal, takes text
    if engine == "numpy" and kind not in ("", "parquet") and written not in ("", kind):
        raise RequestError(
            f"--engine numpy writes {path}, which is {kind}, as that, not as {written}", hint="leave --engine out"
        )
    engine = engine or ("duckdb" if needs_database(path, kind, packed, written) else "numpy")
    refuse(("master",), f"with --engine {engine}", "add --engine spark")
    within = written == "parquet"  # which compresses its columns by itself
    with (
        nullcontext(sys.stdout.buffer) if out is None else whole_file(out) as file,
        compressed(file, "" if within else compression) as target,
    ):
        if engine == "duckdb":
            asked |= {"written": written or format_, "compression": compression if within else ""}
            summary = _by_database(path, pipe, format_, target, asked)
        else:
            summary = _by_numpy(path, pipe, format_, target, asked)
        target.flush()
    return summary


def _check_format(path: str, format_: str, begins: str, on_error: str) -> None:
    """Raise RequestError where --format is meant for what is written; a first row that is bad may be skipped."""
    if "jsonl" not in (format_, begins) or begins == format_:
        return
    if on_error == "fail" or named_kind(path)[0] not in ("", format_):
        name = "standard input" if path == "-" else path
        said = f"--format {format_} says what the table is that is read, and {name} begins as {begins}"
        raise RequestError(said, hint=f"leave it out; to write {format_}, name it so: --out FILE.{format_}")


def _arrived(pipe: BinaryIO) -> bytes:
    """Return what has come first, without taking it."""
    seen = b""
    with suppress(OSError):  # said where it is read
        seen = getattr(pipe, "peek", lambda: b"")()
    return seen


def _by_numpy(path: str, pipe: BinaryIO | None, format_: str, target: BinaryIO, asked: dict[str, Any]) -> Summary:
    with nullcontext(pipe) if pipe is not None else open_points(path) as source:
        return stream(source, target, kind=kind_by_name(path, format_), name=path, **asked)


def _by_database(path: str, pipe: BinaryIO | None, format_: str, target: BinaryIO, asked: dict[str, Any]) -> Summary:
    from autodiffcli.points.database import convert

    return convert(files_of(path), target, kind=format_, piped=pipe, **asked)


def _by_spark(path: str, out: str | None, format_: str, master: str, asked: dict[str, Any]) -> Summary:
    from autodiffcli.points.spark import convert

    return convert(path, sys.stdout.buffer if out is None else out, master=master, kind=format_, **asked)
