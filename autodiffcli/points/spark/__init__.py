"""Tables that Spark reads, and whose rows the workers of a cluster evaluate as is done everywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO

from autodiffcli.errors import RequestError
from autodiffcli.points.kinds import kind_to_write, named_kind
from autodiffcli.points.out import compressed, whole_file
from autodiffcli.points.pipes import is_pipe
from autodiffcli.points.rows import Evaluate, OnError, Request
from autodiffcli.points.spark.compute import compute
from autodiffcli.points.spark.read import read
from autodiffcli.points.spark.session import spark_session
from autodiffcli.points.spark.write import folder, lines, put_in_place
from autodiffcli.points.stream import Summary

__all__ = ["convert", "is_folder"]


def is_folder(out: str) -> bool:
    """Return whether results go into a folder, not into a file: what ends in a slash, is one, or is at an address."""
    return out.endswith("/") or "://" in out or os.path.isdir(out)


def convert(
    path: str,
    out: str | BinaryIO,
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    evaluate: Evaluate,
    master: str = "",
    kind: str = "",
    keep: bool = True,
    prefix: str = "",
    on_error: OnError = "fail",
    fixed: Sequence[str] = (),
    seen: Callable[[Iterable[str]], object] = lambda names: None,
    progress: Callable[..., object] = lambda rows, share: None,
) -> Summary:
    """Read a table of points by Spark, and write it with a column for each output.

    path:     a file, a folder, or a pattern of files; of any system that the cluster reads, as in hdfs://HOST/points.
    out:      a stream or a file, whose rows are in the order of those read, of several files in that of their names;
              or a folder, into which each worker writes parts: what ends in a slash, is a folder, or is at an address.
              What is on this machine is written whole or not at all.
    evaluate: as in `stream`; it is pickled for the workers.
    master:   the cluster's address, as in spark://HOST:7077; by default the processors of this machine.
    kind:     to write, where the name of `out` does not tell; by default that of the table.

    The rest is as in `stream`, and so are the rows, their numbers, and what is raised. What Spark raises is a
    RequestError.
    """
    request = Request(inputs, [prefix + output for output in outputs], keep, on_error, path, fixed, seen=seen)
    if path == "-" or is_pipe(path):
        raise RequestError("Spark does not read pipes", hint="write the table to a file that all workers can read")
    if not isinstance(out, str):
        return _convert(path, out, kind, master, request, evaluate, progress)
    named, compression = named_kind(out.rstrip("/")) if is_folder(out) else kind_to_write(out, kind)
    written = named or kind or "parquet" * (named_kind(path)[0] == "parquet")
    if not is_folder(out) and written != "parquet":
        with whole_file(out) as file, compressed(file, compression) as target:
            return _convert(path, target, written, master, request, evaluate, progress)
    with put_in_place(out, whole=not is_folder(out)) as place:
        return _convert(path, place, written, master, request, evaluate, progress, whole=not is_folder(out))


def _convert(
    path: str,
    target: str | BinaryIO,
    written: str,
    master: str,
    request: Request,
    evaluate: Evaluate,
    progress: Callable[..., object],
    whole: bool = True,
) -> Summary:
    with spark_session(master) as spark:
        rows = read(spark, path, request, written)
        results = compute(rows.frame, request, evaluate)
        if isinstance(target, str):
            return folder(rows, results, target, request, written or rows.native, whole)
        return lines(rows, results, target, request, progress)
