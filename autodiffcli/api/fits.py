"""Fitting parameters to data, as `import autodiffcli` offers it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from time import monotonic
from typing import Any, Literal

import numpy as np

from autodiffcli.api.expressions import Point, point_of
from autodiffcli.errors import RequestError
from autodiffcli.fitting.cut import cut
from autodiffcli.fitting.databases import duckdb_table, spark_table
from autodiffcli.fitting.descent import Epoch, State, Stop, descend, start
from autodiffcli.fitting.minimize import METHODS, minimize
from autodiffcli.fitting.optimizers import OPTIMIZERS, Optimizer
from autodiffcli.fitting.queries import Database, Queries, statements
from autodiffcli.fitting.results import Fit
from autodiffcli.fitting.rows import Arrays, Rows, Table
from autodiffcli.fitting.saved import load, save
from autodiffcli.fitting.steps import Epochs, Layout, Loss, RowBatches, free_names
from autodiffcli.points.kinds import beginning, kind_by_name, kind_told, needs_database
from autodiffcli.points.rows import Request
from autodiffcli.points.source import open_points
from autodiffcli.primitive import Shape
from autodiffcli.structures import all_finite, mapped
from autodiffcli.value_text import shown

__all__ = ["engine_of", "fit"]

SAVE_EVERY = 10.0
"""Seconds between two states that are saved on the way."""

ENGINES = ("duckdb", "spark")
"""What computes a step besides NumPy."""

Data = str | os.PathLike[str] | Mapping[str, Any] | Rows
OnError = Literal["fail", "skip"]


def fit(
    loss: str,
    data: Data,
    parameters: Point = "",
    *,
    random: Point = "",
    optimizer: str | Optimizer = "gd",
    lr: float | None = None,
    momentum: float | None = None,
    batch: int | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    gradient_tol: float | None = None,
    loss_tol: float | None = None,
    seed: int = 0,
    shuffle: bool = True,
    on_error: OnError = "fail",
    resume: str | None = None,
    progress: Callable[[State], object] | None = None,
    engine: str = "",
    master: str = "",
) -> Fit:
    """Find parameters that make a loss over data small, by gradient descent: θ ← θ − α/B·Σ∇loss over B rows.

    loss:       a program whose value is a number: mean((w*x + b - y)^2). Its inputs are parameters and columns, and
                a column is a vector over the rows of a batch, or an array whose first axis is these rows.
    data:       the path of a table (CSV, TSV, JSON Lines), or arrays by name.
    parameters: start values, numbers and arrays and structures of them, as a point.
    random:     parameters that start at normal numbers; the values are their standard deviations.
    optimizer:  gd, momentum, adam, or an `Optimizer`; l-bfgs, bfgs or cg of SciPy, which see all rows in every step.
    lr:         the step size α, by default 0.1, of adam 0.001. momentum: β of the optimizer of that name, 0.9.
    batch:      the rows B of a step; by default all. A table is then held in memory, else it streams, once an epoch.
    epochs, steps: of which to do how many at most; by default 100 epochs.
    gradient_tol, loss_tol: stop after an epoch whose mean gradient has at most this norm, or in which the loss changed
                by at most this part of itself.
    seed:       of random starts and of the order of rows. shuffle: whether batches take the rows in a random order, a
                new one each epoch, among those of a table that are in memory: 65,536, or 4,194,304 numbers.
    on_error:   what a row without a finite number in each column does: "fail" raises, "skip" leaves it out.
    resume:     a file to keep the state of the descent in: at the end, on an error or Ctrl-C, and every 10 seconds. If
                it is there already, the descent goes on from it, and ends with the same bits as one without a break;
                from that of another fit, or of other data, it does not (a pipe's data are not compared).
    progress:   called with the state after every step.
    engine:     numpy; or duckdb or spark, which compute each step by one query over a table in files that may be larger
                than memory, and add up in another order. There the loss is made of sums and means over the rows of what
                each row gives, by numbers alone. duckdb reads also Parquet, compressed files and patterns of files, and
                is taken for these by itself; spark files, patterns and folders that its workers reach. master: its
                cluster's address.

    Raises RequestError (syntax, names, shapes, unreadable files, a loss that is no number, no rows) and MathError (a
    row without numbers; a loss or gradient that is nan or infinite, with the place where that began).

    >>> found = fit("mean((w*x + b - y)^2)", {"x": [0, 1, 2, 3], "y": [1, 3, 5, 7]}, "w=0, b=0", epochs=1000)
    >>> {name: round(value, 6) for name, value in found.parameters.items()}, found.stopped
    ({'w': 2.0, 'b': 1.0}, 'after 1,000 epochs')
    """
    engine = engine or engine_of(data)
    if epochs is None and steps is None:
        epochs = 100
    settings = {"lr": lr, "momentum": momentum, "batch": batch, "epochs": epochs, "steps": steps, "seed": seed}
    _check_numbers(**settings, gradient_tol=gradient_tol, loss_tol=loss_tol)
    layout = Layout(_start(point_of(parameters), point_of(random), seed))
    stop = Stop(epochs, steps, gradient_tol, loss_tol)
    watch = progress or (lambda state: None)
    belongs: dict[str, object] = {"loss": loss, "engine": engine, "start": _digest(layout)}
    belongs |= {"batch": batch, "seed": seed, "shuffle": shuffle}
    way = None
    if isinstance(optimizer, str) and optimizer in METHODS:
        _refuse_with(optimizer, lr=lr, momentum=momentum, batch=batch, steps=steps, resume=resume)
    else:
        way = _optimizer(optimizer, lr, momentum)
        belongs["optimizer"] = str(way)
    with _opened(loss, data, layout, engine, master, on_error, batch, seed if shuffle and batch else None) as opened:
        source, rows, columns = opened
        if way is None:
            state, why, warning = minimize(source, str(optimizer), layout.start, stop, watch)
        else:
            belongs["columns"] = columns
            if resume is not None and (digest := rows.digest(list(columns))):
                belongs["data"] = digest
            told = {"start": _told(layout), "data": rows.name}
            state = _descended(source, way, start(layout.start, way), stop, watch, resume, belongs, told)
            why, warning = stop.why(state), ""
    found = _result(state, layout, why, optimizer if isinstance(optimizer, str) else str(optimizer))
    found.warnings += [warning] if warning else []
    if rows.skipped:
        found.warnings.append(
            f"{rows.skipped:,} row{'s' if rows.skipped > 1 else ''} without numbers left out of each epoch"
        )
    found.warnings += _risen(found.history)
    if batch and state.epochs and batch > (count := state.history[0].rows):
        found.warnings.append(
            f"a batch of {batch:,} is more than the {count:,} rows there are, so each step takes them all"
        )
    return found


def engine_of(data: Data) -> str:
    """Return what computes the steps over data where nothing is said: duckdb for what it alone reads, else numpy.

    Raises RequestError for a pattern that fits no file, and for a file that cannot be read or is not what it is called.
    """
    if not isinstance(data, str | os.PathLike):
        return "numpy"
    path = os.fspath(data)
    return "duckdb" if needs_database(path, *kind_told(path, beginning(path))) else "numpy"


def _start(given: dict[str, Any], spread: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return the start values, those at random drawn. Raises RequestError for a name given twice, and for none."""
    twice = given.keys() & spread.keys()
    if twice:
        raise RequestError(f"'{min(twice)}' is given twice, as a start value and at random", hint="give one of them")
    if not given and not spread:
        raise RequestError("there are no parameters to fit", hint="name them with start values: --params w=0,b=0")
    draw = np.random.default_rng([seed, 0])
    drawn: dict[str, Any] = mapped(lambda scale: scale * draw.standard_normal(np.shape(scale)), spread)
    for name, value in (given | drawn).items():
        if not all_finite(value):
            raise RequestError(f"the start value of '{name}' is not finite")
    return given | drawn


def _check_numbers(**numbers: float | None) -> None:
    """Raise RequestError for the first setting that is below what it may be."""
    for name, number in numbers.items():
        if number is None:
            continue
        least = {"batch": 1, "epochs": 1, "steps": 1}.get(name, 0)
        if not (isfinite(number) and number >= least) or (name == "lr" and number == 0):
            wanted = "above 0" if name == "lr" else f"at least {least}"
            raise RequestError(f"{name.replace('_', '-')} must be {wanted}, not {number:g}")


@contextmanager
def _opened(
    loss: str,
    data: Data,
    layout: Layout,
    engine: str,
    master: str,
    on_error: OnError,
    batch: int | None,
    seed: int | None,
) -> Iterator[tuple[Epochs, Rows | Database, dict[str, list[int]]]]:
    """Give what yields loss and gradient, the rows, and the shapes that a row of each column has."""
    if master and engine != "spark":
        raise RequestError(f"master does nothing with engine {engine}", hint="add --engine spark")
    if engine == "numpy":
        rows = _rows(data, list(layout.parameters), on_error)
        names = _columns(loss, layout, rows.shape, batch or 7)
        yield RowBatches(Loss(loss, layout), rows, names, batch, seed), rows, {n: list(rows.shape(n)) for n in names}
        return
    if engine not in ENGINES:
        raise RequestError(f"there is no engine '{engine}'", hint=f"choose one of numpy, {', '.join(ENGINES)}")
    path = _table_path(data, engine)
    if batch is not None:
        raise RequestError(f"batch does nothing with engine {engine}", hint="each step is of all rows: leave it out")
    names = _columns(loss, layout, lambda name: (), 7)
    statements(cut(loss, layout, names, 7), engine, len(names))  # raises before a large table is read
    request = Request(names, (), True, on_error, path, list(layout.parameters), "--params")
    with spark_table(path, request, master) if engine == "spark" else duckdb_table(path, request) as database:
        yield Queries(Loss(loss, layout), database, names), database, {name: [] for name in names}


def _columns(loss: str, layout: Layout, shape: Callable[[str], Shape], count: int) -> list[str]:
    names = free_names(loss, layout, shape, count)
    if not names:
        raise RequestError("the loss has no column of the data in it", hint="names that are no parameters are columns")
    return names


def _table_path(data: Data, engine: str) -> str:
    """Return the path of a table that can be read again."""
    if not isinstance(data, str | os.PathLike):
        raise RequestError(
            f"engine {engine} reads a table in files, and no arrays", hint="--data FILE; or leave it out"
        )
    if (path := os.fspath(data)) == "-":
        raise RequestError(f"engine {engine} reads no pipe", hint="write the table to a file, and name that")
    return path


def _rows(data: Data, fixed: list[str], on_error: OnError) -> Rows:
    if isinstance(data, str | os.PathLike):
        path = os.fspath(data)
        again = os.path.isfile(path)  # a pipe can be opened again, but has been read
        kind = kind_by_name(path)
        return Table(lambda: open_points(path), path, kind, again=again, fixed=fixed, on_error=on_error)
    if isinstance(data, Mapping):
        return Arrays(point_of(data), "the data", fixed=fixed, on_error=on_error)
    if not hasattr(data, "buffers"):
        told = f"the data is the path of a table, or arrays by name, not a {type(data).__name__}"
        raise RequestError(told, hint='of a frame, its columns: {"x": frame["x"], "y": frame["y"]}')
    return data


def _optimizer(optimizer: str | Optimizer, lr: float | None, momentum: float | None) -> Optimizer:
    if not isinstance(optimizer, str):
        _refuse_with("an Optimizer", lr=lr, momentum=momentum)
        return optimizer
    if optimizer not in OPTIMIZERS:
        raise RequestError(f"'{optimizer}' is no optimizer", hint=f"there are {', '.join([*OPTIMIZERS, *METHODS])}")
    if optimizer != "momentum":
        _refuse_with(optimizer, momentum=momentum)
    settings = {"rate": lr, "momentum": momentum}
    return OPTIMIZERS[optimizer](**{name: x for name, x in settings.items() if x is not None})


def _refuse_with(optimizer: str, **given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise RequestError(f"{name} does nothing with {optimizer}", hint="leave it out, or take another optimizer")


def _descended(
    source: Epochs,
    optimizer: Optimizer,
    first: State,
    stop: Stop,
    watch: Callable[[State], object],
    resume: str | None,
    belongs: dict[str, object],
    told: dict[str, str],
) -> State:
    """Return where a descent ends. Its state is in the file `resume` whatever ends it."""
    state = (load(resume, belongs, told, first) if resume is not None else None) or first
    states = descend(source, optimizer, state, stop)
    if resume is None:
        for state in states:
            watch(state)
        return state
    save(resume, state, belongs, told)  # now, and not after hours, a path that cannot be written is refused
    saved = monotonic()
    try:
        for state in states:
            watch(state)
            if monotonic() - saved > SAVE_EVERY:
                save(resume, state, belongs, told)
                saved = monotonic()
    finally:  # Ctrl-C as well: a state is whole, since a step makes a new one
        save(resume, state, belongs, told)
    return state


def _result(state: State, layout: Layout, why: str, optimizer: str) -> Fit:
    history = state.history[: state.epochs]
    last = history[-1] if history else state.mean()
    parameters = layout.structured(state.theta.copy())
    return Fit(parameters, last.loss, last.gradient_norm, state.epochs, state.steps, why, optimizer, history)


def _risen(history: list[Epoch]) -> list[str]:
    """Return what to say of a loss that ended higher than it began, by more than batches in another order explain."""
    if not history or history[-1].loss <= history[0].loss + 0.01 * abs(history[0].loss):
        return []
    return [f"the loss rose from {history[0].loss:.6g} to {history[-1].loss:.6g}: take a smaller --lr"]


def _told(layout: Layout) -> str:
    return ", ".join([f"{name}={shown(value, None)}" for name, value in layout.structured(layout.start).items()])


def _digest(layout: Layout) -> str:
    from hashlib import blake2b

    return blake2b(str(layout.shapes).encode() + layout.start.tobytes(), digest_size=8).hexdigest()
