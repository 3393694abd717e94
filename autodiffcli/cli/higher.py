"""What the commands of higher derivatives share: directions, what they show, what is said of entries not finite."""

from __future__ import annotations

from collections.abc import Sequence

from autodiffcli.api.diagnoses import of_matrix, of_product, remarks
from autodiffcli.api.differentials import Direction
from autodiffcli.cli.options import read_once, read_point
from autodiffcli.cli.output import Output, tell, tell_conventions
from autodiffcli.graph import Graph
from autodiffcli.higher.results import Directional, Matrix
from autodiffcli.report import matrices as page

__all__ = ["read_direction", "show_matrix", "show_product"]


def read_direction(option: str, source: str, at: tuple[str, ...], expr: str) -> Direction:
    """Return the direction that an option gives: x=1,y=0, or 1,0, or - or @FILE like --at.

    Raises RequestError where a file names nothing.
    """
    read_once(source, expr, *at)
    if source != "-" and not source.startswith("@"):
        return source
    return read_point((source,), what=option) or ""  # refused as an empty text is


def show_matrix(result: Matrix, graph: Graph, point: dict[str, float], output: Output) -> int:
    """Show a Jacobian or a Hessian; return the exit status."""
    output.show(
        table=lambda precision: page.matrix_view(result, graph, precision),
        plain=lambda: page.matrix_plain(result, output.precision),
        data=lambda: page.matrix_data(result) | remarks(of_matrix(graph, point, result), graph, point, result.columns),
        tables=lambda style: [page.matrix_table(result)],
    )
    tell_conventions(graph, point, result.columns)
    return tell(of_matrix(graph, point, result))


def show_product(
    result: Directional, graph: Graph, point: dict[str, float], output: Output, wrt: Sequence[str] | None = None
) -> int:
    """Show the product of a matrix with a vector; return the exit status."""
    output.show(
        table=lambda precision: page.directional_view(result, graph, precision),
        plain=lambda: page.directional_plain(result, output.precision),
        data=lambda: page.directional_data(result) | remarks(of_product(graph, point, result), graph, point, wrt),
        tables=lambda style: [page.directional_table(result)],
    )
    tell_conventions(graph, point, wrt)
    return tell(of_product(graph, point, result))
