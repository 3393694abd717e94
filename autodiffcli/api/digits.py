"""Value and gradient with proven digits, as `import autodiffcli` offers them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from autodiffcli.api.expressions import chosen, of_one_output
from autodiffcli.errors import RequestError, missing_extra
from autodiffcli.graph import Graph
from autodiffcli.language.parser import normalised, parse
from autodiffcli.language.point import arrange, point_texts

if TYPE_CHECKING:
    from autodiffcli.precise.prove import Proven

__all__ = ["proven"]


def proven(
    expression: str | Graph,
    at: Mapping[str, str | float] | str = "",
    *,
    digits: int = 40,
    mode: str = "reverse",
    wrt: Iterable[str] | None = None,
    value: bool = True,
) -> Proven:
    """Return value and gradient as texts of so many significant digits, each of them proven right.

    expression: a text, or a graph from parse(text, exact=True).
    at:   as `gradient` takes it. A text is taken as it is written: "0.1" is a tenth. So is a number of Python, which is
          the binary fraction that it is: 0.1 is 0.1000000000000000055511151231257827...
    mode: reverse, forward, backprop or symbolic; eval for the value alone.
    value: whether the digits of the value are wanted beside those of the gradient.

    Everything is evaluated in balls (a midpoint and a radius within which the number is, by python-flint) of ever more
    digits. Raises RequestError, and MathError for a value that is undefined or cannot be decided, such as a difference
    that is exactly 0.

    >>> proven("x^2/3", {"x": "0.1"}, digits=20).gradient
    {'x': '0.066666666666666666667'}
    """
    try:
        from autodiffcli.precise.prove import prove
    except ImportError:
        raise missing_extra("proving digits", "precise") from None
    graph = parse(expression, exact=True) if isinstance(expression, str) else expression
    of_one_output(graph, "digits are proven of one output", "take one of them at a time")
    point = point_texts(at) if isinstance(at, str) else {normalised(name): _text(name, x) for name, x in at.items()}
    names = [] if mode == "eval" else chosen(graph, wrt)
    arranged = dict(zip(graph.inputs, arrange(point, graph), strict=True))
    return prove(graph, arranged, names, mode, digits, value)


def _text(name: str, value: str | float) -> str:
    """Return the text of a value: exactly, since a text is taken as it is written."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RequestError(f"the value of '{name}' must be a number or its text")
    from decimal import Decimal

    return str(Decimal(value)).replace("Infinity", "inf").replace("NaN", "nan")
