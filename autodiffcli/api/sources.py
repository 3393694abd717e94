"""An expression and its partial derivatives as source code: the call behind `adcalc compile`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autodiffcli.api.expressions import Point, chosen, of_one_output, point_of, shapes_known
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.language.point import forms
from autodiffcli.partials import Index, partials
from autodiffcli.targets import TARGETS, function_source, table_query
from autodiffcli.targets.dialects import DIALECTS
from autodiffcli.targets.sql import AGGREGATES, Table

__all__ = ["query", "source"]


def source(
    expression: str | Graph,
    to: str = "c",
    *,
    order: int = 1,
    wrt: Iterable[str] | None = None,
    name: str = "f",
    at: Point | None = None,
) -> str:
    """Return the source of a function of the inputs that returns the value and every partial derivative to an order.

    to:    python, numpy, c, javascript or latex.
    order: 0 for the value alone; the results come in graded order: value, d_x, d_y, d_x_x, d_x_y, d_y_y, ...
    wrt:   names of the inputs to differentiate by; all, if not given.
    name:  of the function.
    at:    values of inputs that are arrays, tuples or dicts, for their shapes; see `gradient`. Arrays are written in
           numpy and latex, up to order 1.

    Raises RequestError (syntax, names, a refused derivative, a function that the language does not have).

    >>> print(source("x*exp(x)", to="javascript"), end="")
    // Written by adcalc compile: f, a function of 1 input, 3 operations.
    // The value is that of the expression
    //     x*exp(x)
    // Inputs: x
    // Outputs: [0] = value, [1] = d_x
    <BLANKLINE>
    export function f(x) {
      const t1 = Math.exp(x);
      const t2 = x*t1;
      return [
        t2,
        t1 + t2,
      ];
    }
    """
    if to not in TARGETS:
        raise RequestError(f"code cannot be written in '{to}'", hint=f"choose one of {', '.join(TARGETS)}")
    graph = of_one_output(expression, "the function has one value", at=at)
    if isinstance(expression, str) and not at:
        shapes_known(graph)
    if graph.shapes:
        _takes_arrays(graph, to, order)
    built, names, indices = _function(graph, order, wrt, fold=to != "latex")
    return function_source(built, names, indices, to, name)


def query(
    expression: str | Graph,
    table: str,
    dialect: str = "duckdb",
    *,
    order: int = 1,
    wrt: Iterable[str] | None = None,
    keep: Sequence[str] | None = None,
    at: Point | None = None,
    aggregate: str = "",
) -> str:
    """Return SQL that selects, of every row of a table, the value and every partial derivative to an order.

    table:     its name, after its schema's and a dot if need be. Its columns are the inputs, numbers of any type; a row
               that lacks one has no results.
    dialect:   duckdb, spark or postgres.
    order, wrt: as in `source`.
    keep:      columns of the table to select too; the inputs, if not given.
    at:        inputs with one value for all rows, which no column gives then.
    aggregate: "sum" or "mean" of the value and of each derivative over the rows that have all inputs, in one row.

    Raises RequestError (what `source` raises, and names that a table cannot have). Needs the extra 'sql'.

    >>> print(query("x^2", "points", keep=[]), end="")
    -- Written by adcalc compile: a query, a function of 1 input, 2 operations.
    -- The value is that of the expression
    --     x^2
    -- Inputs: x
    -- Outputs: column 1 = value, column 2 = d_x
    -- DuckDB before 2.0 raises an error at ln(0), sqrt(-1), sin(inf) and the like.
    WITH step1 AS (
    SELECT
      CAST("x" AS DOUBLE) AS "x",
      NOT "x" IS NULL AS "t0"
    FROM "points"
    )
    SELECT
      CASE WHEN "t0" THEN "x" * "x" END AS "value",
      CASE WHEN "t0" THEN 2e0 * "x" END AS "d_x"
    FROM step1;
    """
    for word, known, what in ((dialect, DIALECTS, "SQL"), (aggregate or "sum", AGGREGATES, "an aggregate")):
        if word not in known:
            raise RequestError(f"{what} cannot be written for '{word}'", hint=f"choose one of {', '.join(known)}")
    graph = of_one_output(expression, "the function has one value")
    if graph.shapes:
        raise RequestError(
            "a query is of columns of numbers, and this expression has arrays",
            source=graph.source,
            hint="in Python, autodiffcli.gradient evaluates arrays with NumPy",
        )
    built, names, indices = _function(graph, order, wrt)
    fixed = point_of(at or {})
    if any(forms(fixed).values()):
        raise RequestError("the inputs of a query are numbers, and --at gives another")
    for name in fixed:
        if name not in built.inputs:
            raise RequestError(f"'{name}' is not in the expression", hint="take it out of --at")
    if keep is None:
        keep = [] if aggregate else [name for name in built.inputs if name not in fixed]
    elif aggregate and keep:
        raise RequestError(f"a {aggregate} of all rows has no columns to keep", hint="leave --keep out")
    return table_query(built, names, indices, dialect, Table(table, tuple(keep), fixed, aggregate))


def _function(
    graph: Graph, order: int, wrt: Iterable[str] | None, fold: bool = True
) -> tuple[Graph, list[str], list[Index]]:
    """Return the graph of value and derivatives, the names to differentiate by, and which derivatives they are."""
    names = chosen(graph, wrt)
    if fold:
        graph = graph.copy()
        graph.constant_names.clear()  # 4*pi is one number in code
    built, indices = partials(graph, names, order)
    built.structures = graph.structures
    return built, names, list(indices)


def _takes_arrays(graph: Graph, to: str, order: int) -> None:
    """Refuse an expression with arrays in languages that have none, and higher derivatives by arrays."""
    if to not in ("numpy", "latex"):
        first = min(graph.shapes)
        what = graph.text(first) or "what it computes"
        raise RequestError(
            f"code in {to} is written for numbers, and {what[:60]} is an array of shape {graph.shape(first)}",
            source=graph.source,
            span=graph.span(first),
            hint="adcalc compile --to numpy takes arrays",
        )
    if order > 1:
        raise RequestError(
            f"code with arrays is that of the gradient, and --order {order} asks for more",
            hint="adcalc hessian and adcalc hvp give the second derivatives at a point",
        )
