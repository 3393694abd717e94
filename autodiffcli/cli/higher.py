"""What the commands of higher derivatives share: directions, what they show, what is said of entries not finite."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from math import isinf, isnan

from autodiffcli.api.differentials import Direction
from autodiffcli.cli.options import read_once, read_point
from autodiffcli.cli.output import Output, warn
from autodiffcli.errors import MathError
from autodiffcli.graph import Graph
from autodiffcli.higher.results import Directional, Matrix
from autodiffcli.report import matrices as page

__all__ = ["read_direction", "report_entries", "show_matrix", "show_product"]


def read_direction(source: str, at: tuple[str, ...], expr: str) -> Direction:
    """Return the direction that an option gives: x=1,y=0, or 1,0, or - or @FILE like --at."""
    read_once(source, expr, *at)
    return read_point((source,)) if source == "-" or source.startswith("@") else source


def show_matrix(result: Matrix, graph: Graph, output: Output) -> None:
    """Show a Jacobian or a Hessian."""
    output.show(
        table=lambda precision: page.matrix_view(result, graph, precision),
        plain=lambda: page.matrix_plain(result, output.precision),
        data=lambda: page.matrix_data(result),
        tables=lambda style: [page.matrix_table(result)],
    )


def show_product(result: Directional, graph: Graph, output: Output) -> int:
    """Show the product of a matrix with a vector; return the exit status."""
    output.show(
        table=lambda precision: page.directional_view(result, graph, precision),
        plain=lambda: page.directional_plain(result, output.precision),
        data=lambda: page.directional_data(result),
        tables=lambda style: [page.directional_table(result)],
    )
    return report_entries((f"the product's {name}", x) for name, x in result.product.items())


def report_entries(entries: Iterable[tuple[str, float]], most: int = 5) -> int:
    """Warn of infinite entries, and raise MathError for the first that is undefined; return the exit status."""
    bad = [(name, x) for name, x in entries if isnan(x) or isinf(x)]
    for name, x in bad:
        if isnan(x):
            raise MathError(
                f"{name} is undefined (nan)", hint="the expression is not smooth at this point: try one beside it"
            )
    for name, x in islice(bad, most):
        warn(f"{name} is {x}")
    if len(bad) > most:
        warn(f"and {len(bad) - most:,} more entries are infinite")
    return 0
