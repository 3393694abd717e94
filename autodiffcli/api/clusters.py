"""Values and gradients for the rows of a table on a cluster: the call behind `adcalc grad --engine spark`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO

from autodiffcli.api.expressions import chosen, of_one_output
from autodiffcli.api.sources import query
from autodiffcli.graph import Graph
from autodiffcli.points.rows import OnError
from autodiffcli.points.spark import TABLE, convert
from autodiffcli.points.stream import Summary

__all__ = ["on_spark"]


def on_spark(
    expression: str | Graph,
    path: str,
    out: str | BinaryIO,
    *,
    wrt: Iterable[str] | None = None,
    at: Mapping[str, float] | None = None,
    master: str = "",
    kind: str = "",
    keep: bool = True,
    prefix: str = "",
    on_error: OnError = "fail",
    progress: Callable[..., object] = lambda rows, share: None,
) -> Summary:
    """Compute value and gradient at every row of a table on a cluster, and write the table with them.

    wrt: names of the inputs to differentiate by; all, if not given. at: inputs with one value for all rows.

    The rest is as in `points.spark.convert`, and so is what is raised; a function that Spark does not have is a
    RequestError too. Needs the extra 'spark'.
    """
    graph = of_one_output(expression, "a row of a table has one value")
    names, fixed = chosen(graph, wrt), dict(at or {})
    columns = [name for name in graph.inputs if name not in fixed]
    # names of ours: in Spark letters' case does not tell columns apart
    words = {name: f"i{k}" for k, name in enumerate(columns)} | {name: f"f{k}" for k, name in enumerate(fixed)}
    renamed = graph.copy()
    renamed.names = {i: words[name] for i, name in graph.names.items()}
    renamed.inputs = {words[name]: i for name, i in graph.inputs.items()}
    statement = query(
        renamed,
        TABLE,
        "spark",
        order=bool(names),
        wrt=[words[name] for name in names],
        keep=["row", *[words[name] for name in columns]],
        at={words[name]: value for name, value in fixed.items()},
    )
    return convert(
        path,
        out,
        inputs=columns,
        outputs=["value", *[f"d_{name}" for name in names]],
        statement=statement,
        master=master,
        kind=kind,
        keep=keep,
        prefix=prefix,
        on_error=on_error,
        fixed=list(fixed),
        progress=progress,
    )
