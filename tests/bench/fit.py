"""Fitting a line to 2,000,000 rows, in memory, streamed and by queries, beside the same steps written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import autodiffcli
from tests.bench.timing import Row, in_turns, peer

COUNT, STEPS, BATCH, RATE = 2_000_000, 20, 10_000, 0.01
LOSS = "mean((w*x + b - y)^2)"
Work = Callable[[], list[float]]
Gradient = Callable[[float, float], tuple[float, float]]
QUERY = "SELECT avg(r * r), avg(2 * r * x), avg(2 * r) FROM (SELECT x, $w * x + $b - y AS r FROM '{}')"


def rows(long: bool) -> Iterator[Row]:
    """Yield ours against by hand: NumPy over arrays, NumPy over what PyArrow reads of CSV, and DuckDB over Parquet."""
    duckdb, pyarrow = peer("duckdb"), peer("pyarrow")
    if duckdb is None or pyarrow is None:
        return
    draw = np.random.default_rng(0)
    x = draw.normal(size=COUNT)
    columns = {"x": x, "y": 2 * x + 1 + draw.normal(size=COUNT) / 10}
    with TemporaryDirectory() as name:
        paths = {kind: str(Path(name) / f"rows.{kind}") for kind in ("csv", "parquet")}
        with duckdb.connect() as connection:
            connection.register("t", pyarrow.table(columns))
            for path in paths.values():
                connection.execute(f"COPY t TO '{path}'")
        query = by_duckdb(paths["parquet"])
        contestants: dict[str, tuple[Work, Work]] = {
            "in memory": (fitted(columns), lambda: descend(lambda: [over(**columns)], STEPS)),
            "CSV, streamed, an epoch": (
                fitted(paths["csv"], batch=BATCH, epochs=1, shuffle=False),
                lambda: descend(lambda: by_pyarrow(paths["csv"]), 1),
            ),
            "Parquet, by DuckDB": (
                fitted(paths["parquet"], engine="duckdb"),
                lambda: descend(lambda: [query], STEPS),
            ),
        }
        for what, (ours, by_hand) in contestants.items():
            assert np.allclose(ours(), by_hand(), rtol=1e-9)
            found = in_turns({"ours": ours, "by hand": by_hand})
            mine = found.pop("ours")
            note = "ours by Kahan's sums" if "DuckDB" in what else ""
            yield Row(f"fit: 2,000,000 rows, {what}", mine, found, "by hand", note=note)


def fitted(data: Any, epochs: int = STEPS, **options: Any) -> Work:
    """Return the work of our fit."""

    def work() -> list[float]:
        return list(autodiffcli.fit(LOSS, data, "w=0, b=0", lr=RATE, epochs=epochs, **options).parameters.values())

    return work


def descend(batches: Callable[[], Iterable[Gradient]], epochs: int) -> list[float]:
    """Return where a descent ends that is written by hand."""
    w = b = 0.0
    for _ in range(epochs):
        for gradient in batches():
            along_w, along_b = gradient(w, b)
            w, b = w - RATE * along_w, b - RATE * along_b
    return [w, b]


def over(x: Any, y: Any) -> Gradient:
    """Return the gradient over arrays, by NumPy."""

    def gradient(w: float, b: float) -> tuple[float, float]:
        r = w * x + b - y
        np.mean(r * r)  # the loss, which is kept for each epoch
        return 2 * np.mean(r * x), 2 * np.mean(r)

    return gradient


def by_pyarrow(path: str) -> Iterator[Gradient]:
    """Yield the gradient of one batch after another of a table of text."""
    from pyarrow import csv

    waiting = {"x": np.zeros(0), "y": np.zeros(0)}
    for block in csv.open_csv(path):
        for name, before in waiting.items():
            waiting[name] = np.concatenate([before, block[name].to_numpy()])
        while len(waiting["x"]) >= BATCH:
            yield over(waiting["x"][:BATCH], waiting["y"][:BATCH])
            waiting = {name: column[BATCH:] for name, column in waiting.items()}


def by_duckdb(path: str) -> Gradient:
    """Return the gradient over a file, by a query."""
    connection = peer("duckdb").connect()

    def gradient(w: float, b: float) -> tuple[float, float]:
        _, along_w, along_b = connection.execute(QUERY.format(path), {"w": w, "b": b}).fetchone()
        return along_w, along_b

    return gradient
