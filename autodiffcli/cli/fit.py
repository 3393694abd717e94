"""adcalc fit: parameters that make a written loss over data small."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from autodiffcli.cli.options import (
    Choice,
    Command,
    expression,
    output_options,
    read_once,
    read_point,
    read_text,
    refuse,
    standard_input,
)
from autodiffcli.cli.output import Output, report, warn
from autodiffcli.errors import RequestError, printable

if TYPE_CHECKING:
    from autodiffcli.fitting.descent import State

__all__ = ["command"]

_NAMED = re.compile(r"\w+\s*=")
"""How data begin that are arrays by name."""
_OPTIMIZERS = ("gd", "momentum", "adam", "l-bfgs", "bfgs", "cg")


@click.command("fit", cls=Command)
@expression
@click.option(
    "--data",
    multiple=True,
    required=True,
    metavar="DATA",
    help="A CSV, TSV or JSON Lines table, its columns being vectors; - reads a pipe. Or arrays, their first axis being "
    "the rows: FILE.npz, or X=@FILE (.npy, .npz, .csv without header, .json), which may be repeated.",
)
@click.option("--params", multiple=True, metavar="POINT", help="Parameters with start values, as --at takes them.")
@click.option("--random", multiple=True, metavar="POINT", help="Parameters that start at random: standard deviations.")
@click.option(
    "--optimizer", type=Choice(_OPTIMIZERS), default="gd", help="The last three are SciPy's, of all rows: gd."
)
@click.option("--lr", type=float, metavar="A", help="The step size α: 0.1, of adam 0.001.")
@click.option("--momentum", type=float, metavar="B", help="What --optimizer momentum keeps of its last step: 0.9.")
@click.option("--batch", type=int, metavar="B", help="Rows of a step: by default all. With it, a table streams.")
@click.option("--epochs", type=int, metavar="N", help="Passes over the data at most: 100, or as --steps says.")
@click.option("--steps", type=int, metavar="N", help="Steps at most.")
@click.option("--gradient-tol", type=float, metavar="G", help="Stop where the gradient of an epoch has this norm.")
@click.option("--loss-tol", type=float, metavar="R", help="Stop where the loss of an epoch changes by this part.")
@click.option("--seed", type=int, default=0, metavar="S", help="Seed of random starts and of the order of rows: 0.")
@click.option("--shuffle/--no-shuffle", default=True, help="Whether batches take the rows in a random order.")
@click.option(
    "--engine",
    type=Choice(["numpy", "duckdb", "spark"]),
    help="What computes a step: numpy; or one query over a table that may be larger than memory, by duckdb, which is "
    "taken for Parquet, compressed files and patterns by itself, or by spark on a cluster.",
)
@click.option(
    "--master",
    default="",
    metavar="URL",
    help="The cluster of --engine spark: spark://HOST:7077; by default the processors of this machine.",
)
@click.option("--on-error", type=Choice(["fail", "skip"]), default="fail", help="What a row without numbers does.")
@click.option("--resume", metavar="FILE", help="Keep the state there, on Ctrl-C too, and go on from it if it is there.")
@click.option("--out", metavar="FILE", help="Write the parameters there, whole or not at all: lines, or FILE.json.")
@output_options
def command(expr: str, data: tuple[str, ...], resume: str | None, out: str | None, **options: Any) -> int:
    """Fit the parameters of the loss EXPR to data by gradient descent: θ ← θ − α/B·Σ∇loss.

    \b
    adcalc fit "mean((w*x + b - y)^2)" --data data.csv --params w=0,b=0
    """
    from autodiffcli.api.fits import engine_of, fit
    from autodiffcli.points.out import whole_file

    output = Output.chosen(options)
    engine = options["engine"] = options["engine"] or (engine_of(data[0]) if _is_table(data[0]) else "numpy")
    if engine != "numpy":
        refuse(("batch", "shuffle"), f"with --engine {engine}", "each step is of all rows: leave it out")
    elif options["batch"] is None:
        refuse(("shuffle",), "without --batch")
    if engine != "spark":
        refuse(("master",), f"with --engine {engine}", "add --engine spark")
    if out is not None and output.format == "plain":
        refuse(("precision",), "with --out", "the file has every digit: leave it out")
    read_once(expr, *data, *options["params"], *options["random"], what="the data, the expression or a point")
    given, spread = (read_point(options[name], expr, "the parameters") for name in ("params", "random"))
    loss = read_text(expr, "the expression")
    if out is not None:
        _keep(out, data, resume)
    names = (
        *("optimizer", "lr", "momentum", "batch", "epochs", "steps"),
        *("gradient_tol", "loss_tol", "seed", "shuffle", "on_error", "engine", "master"),
    )
    settings = {name: options[name] for name in names}
    rows = _data(data, [*given, *spread], settings)
    with nullcontext() if out is None else whole_file(out) as target:
        try:
            with _progress(settings) as progress:
                found = fit(loss, rows, given, random=spread, resume=resume, progress=progress, **settings)
        except KeyboardInterrupt:
            if resume is not None:
                click.echo(f"interrupted; the same command goes on from {printable(resume)}", err=True)
            raise
        page = report("fits")
        if target is not None:
            target.write(_written(page, found, out or ""))
    for warning in found.warnings:
        warn(warning)
    if out is None or output.format != "plain":
        output.show(
            table=lambda precision: page.fit_view(found, precision),
            plain=lambda: page.fit_plain(found, output.precision),
            data=lambda: page.fit_data(found),
            tables=lambda style: page.fit_tables(found),
        )
    return 0


def _keep(out: str, data: tuple[str, ...], resume: str | None) -> None:
    """Raise RequestError where --out names a file of the data or the state, which the fit could not go on without."""
    from autodiffcli.points.kinds import files_of

    kept = dict.fromkeys([] if resume is None else [resume], "the state of --resume")
    for text in data:
        named = re.findall(r'=\s*@("[^"]*"|[^\s,;"]+)', text) if _NAMED.match(text) else files_of(text)
        kept |= dict.fromkeys([name.strip('"') for name in named], "the data")
    with suppress(ValueError):  # a NUL in a name, which is said where it is opened
        place = os.path.realpath(out)
        for name, what in kept.items():
            if os.path.realpath(name) == place and (os.path.isfile(place) or not os.path.exists(place)):
                raise RequestError(f"--out {out} would replace {what}", hint="name another file")


def _written(page: Any, found: Any, path: str) -> bytes:
    """Return the parameters as --at @FILE reads them from a file of that name."""
    if not path.endswith(".json"):
        return str(page.fit_plain(found)).encode()
    import json

    return json.dumps(page.fit_data(found)["parameters"], ensure_ascii=False).encode() + b"\n"


def _is_table(text: str) -> bool:
    return not (_NAMED.match(text) or text.endswith((".npy", ".npz")))


def _data(data: tuple[str, ...], fixed: list[str], settings: dict[str, Any]) -> Any:
    """Return the rows that --data names: one table, or arrays by name."""
    from autodiffcli.fitting.rows import Arrays, Table
    from autodiffcli.points.kinds import kind_by_name
    from autodiffcli.points.source import open_points

    arrays: dict[str, Any] = {}
    for text in data:
        if _NAMED.match(text):
            part = read_point((text,), what="the data")
        elif text.endswith(".npz"):
            from autodiffcli.cli.arrays import load_all

            part = load_all(text)
        elif text.endswith(".npy"):
            raise RequestError(f"{text} does not say which input it is", hint=f"give it a name: --data X=@{text}")
        elif len(data) > 1:
            raise RequestError(f"{text} is a table, which is the only --data", hint="give arrays by name: X=@FILE")
        elif settings["engine"] != "numpy":
            return text
        else:
            opened = partial(open_points, text) if text != "-" else lambda: nullcontext(standard_input())
            again = os.path.isfile(text) or settings["epochs"] == 1
            kept = {"again": again, "fixed": fixed, "on_error": settings["on_error"]}
            return Table(opened, text, kind_by_name(text), **kept)
        if twice := arrays.keys() & part.keys():
            raise RequestError(f"'{min(twice)}' is given twice in --data", hint="give each array once")
        arrays |= part
    return Arrays(arrays, "the data", fixed=fixed, on_error=settings["on_error"])


@contextmanager
def _progress(settings: dict[str, Any]) -> Iterator[Callable[[State], object] | None]:
    """Show a person at a terminal how far the fit is, on standard error."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from time import monotonic

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), TimeRemainingColumn()
    epochs, steps = settings["epochs"], settings["steps"]
    total = steps or epochs or 100
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)
        last = 0.0

        def show(state: State) -> None:
            nonlocal last
            if monotonic() - last > 0.1:
                last = monotonic()
                loss = state.mean().loss if state.done else state.history[state.epochs - 1].loss
                said = f"epoch {state.epochs + 1:,}, step {state.steps:,}, loss {loss:.6g}"
                bar.update(task, completed=state.steps if steps else state.epochs, description=said)

        yield show
