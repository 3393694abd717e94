"""An expression and its partial derivatives as source code: the call behind `adcalc compile`."""

from __future__ import annotations

from collections.abc import Iterable

from autodiffcli.api.expressions import Point, chosen, of_one_output, shapes_known
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.partials import partials
from autodiffcli.targets import TARGETS, function_source

__all__ = ["source"]


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
    names = chosen(graph, wrt)
    if to != "latex":
        graph = graph.copy()
        graph.constant_names.clear()  # 4*pi is one number in code
    built, indices = partials(graph, names, order)
    built.structures = graph.structures
    return function_source(built, names, list(indices), to, name)


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
