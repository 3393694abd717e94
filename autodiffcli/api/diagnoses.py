"""Which numbers of a result are not finite, each with the error that says where it was born."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from math import isfinite, isnan
from typing import Any, NamedTuple

from autodiffcli.api.expressions import Point, chosen, graph_of
from autodiffcli.api.gradients import coordinates
from autodiffcli.backends.protocol import Gradient
from autodiffcli.errors import MathError
from autodiffcli.graph import Graph
from autodiffcli.higher.results import Directional, Matrix, Taylor
from autodiffcli.passes.entries import entry_name, places
from autodiffcli.structures import all_finite, leaves, path_text

__all__ = [
    "Finding",
    "conventions",
    "first_cause",
    "of_derivative",
    "of_gradient",
    "of_matrix",
    "of_product",
    "of_series",
    "of_value",
    "remarks",
    "said",
]


class Finding(NamedTuple):
    """A number that is not finite: what it is called, itself, and how to explain it, which takes a sweep."""

    what: str
    found: float
    explain: Callable[[], MathError]


def of_value(result: Gradient) -> Iterator[Finding]:
    """Yield the value if it is infinite; where it is nan, there is no result.

    >>> from autodiffcli.api.gradients import evaluation
    >>> [finding.explain().message for finding in of_value(evaluation("1/x", "x=0"))]
    ['the value is inf: / at 1, 0 is inf']
    """
    if not all_finite(result.value):

        def explain() -> MathError:
            from autodiffcli.diagnosis import value

            graph, where, x = result.graph, *_first(result.value)[::2]
            if where and len(graph.outputs) > 1:
                return _entry(graph, "the value", result.value)
            return value(graph, _run_again(result), graph.outputs[0], f"the value{where}", x)

        yield Finding("the value", _first(result.value)[-1], explain)


def of_gradient(expression: str | Graph, at: Point, result: Gradient) -> Iterator[Finding]:
    """Yield the partial derivatives that are nan or infinite.

    >>> from autodiffcli import gradient
    >>> for finding in of_gradient("sqrt(x)*y", "x=0,y=2", gradient("sqrt(x)*y", "x=0,y=2")):
    ...     print(finding.explain().report("warning"))
    warning: the derivative by x is inf: in the sweep back, sqrt at 0 has the partial derivative inf
      sqrt(x)*y
      ^^^^^^^
    where x = 0
    by convention sqrt'(0) = inf
    """
    for name, found in result.gradient.items():
        if all_finite(found):
            continue
        if result.graph.shapes:
            yield Finding(name, _first(found)[-1], partial(_of_entry, result, name, found))
        else:
            yield _finding(expression, at, f"the derivative by {name}", found, [{name: 1.0}])


def of_matrix(expression: str | Graph, at: Point, result: Matrix) -> Iterator[Finding]:
    """Yield the entries of a Jacobian or a Hessian that are nan or infinite."""
    for i, j, found in zip(result.i, result.j, result.entries, strict=True):
        if not isfinite(found):
            row, column = result.rows[i], result.columns[j]
            if result.kind == "jacobian":
                yield _finding(expression, at, f"∂{row}/∂{column}", found, [{column: 1.0}], i)
            else:
                yield _finding(expression, at, f"∂²/∂{row}∂{column}", found, [{row: 1.0}, {column: 1.0}])


def of_product(expression: str | Graph, at: Point, result: Directional) -> Iterator[Finding]:
    """Yield what is nan or infinite of a Jacobian or a Hessian times a direction."""
    outputs, direction = list(result.values), result.direction
    for name, found in result.product.items():
        if all_finite(found):
            continue
        what = f"the product's {name}"
        graph = graph_of(expression, at)
        if graph.shapes or graph.structures:
            yield Finding(what, _first(found)[-1], partial(_entry, graph, what, found))
            continue
        if result.kind == "jvp":
            yield _finding(expression, at, what, found, [direction], outputs.index(name))
        elif result.kind == "hvp":
            yield _finding(expression, at, what, found, [{name: 1.0}, direction])
        else:
            yield _finding(expression, at, what, found, [{name: 1.0}], weights=[direction[y] for y in outputs])


def of_series(expression: str | Graph, at: Point, result: Taylor) -> Iterator[Finding]:
    """Yield the Taylor coefficients that are nan or infinite."""
    for place, (name, series) in enumerate(result.coefficients.items()):
        for k, found in enumerate(series):
            if not isfinite(found):
                yield _finding(expression, at, f"{name}: c{k}", found, [result.along] * k, place)


def of_derivative(expression: str | Graph, at: Point, names: Sequence[str], found: Any) -> Iterator[Finding]:
    """Yield the derivative by one name after the other if it is nan or infinite."""
    if all_finite(found):
        return
    if not isinstance(found, float):
        graph = graph_of(expression, at)
        yield Finding("the derivative", _first(found)[-1], partial(_entry, graph, "the derivative", found))
    else:
        yield _finding(expression, at, "the derivative", found, [{name: 1.0} for name in names])


def first_cause(graph: Graph, point: Mapping[str, float], wrt: Sequence[str], about: str) -> MathError | None:
    """Return the error that says why a row has undefined results, after a sentence about it; None if it has not.

    >>> from autodiffcli.language.parser import parse
    >>> first_cause(parse("sqrt(x)"), {"x": -1.0}, ["x"], "1 row has undefined results: row 2").message
    '1 row has undefined results: row 2: sqrt is undefined at -1'
    """
    from autodiffcli.api.gradients import gradient

    try:
        result = gradient(graph, point, wrt=wrt)
        finding = next(iter([*of_value(result), *of_gradient(graph, point, result)]), None)
        error = None if finding is None else finding.explain()
    except MathError as undefined:
        error = undefined
    if error is not None:
        message = f"{about}: {error.message}"
        error = MathError(message, source=error.source, span=error.span, hint=error.hint, notes=error.notes)
    return error


def conventions(expression: str | Graph, at: Point, wrt: Sequence[str] | None = None, most: int = 100) -> list[str]:
    """Return the choices that a derivative is made of at a point, of functions that have a corner there.

    >>> conventions("abs(x) + max(x, y, 1)", "x=0,y=1")
    ["abs(x) at 0: by convention abs'(0) = 0", 'max(x, y, 1) at 0, 1, 1: by convention a tie in max shares the \
derivative equally']
    """
    graph = graph_of(expression, at)
    if not any(op.corners for op in set(graph.ops)):
        return []
    from autodiffcli.diagnosis import corners
    from autodiffcli.interpreter import run

    found = corners(graph, run(graph, coordinates(graph, at)), chosen(graph, wrt))
    return list(map(str, islice(found, most)))


def remarks(
    findings: Iterable[Finding], expression: str | Graph, at: Point, wrt: Sequence[str] | None = None, most: int = 5
) -> dict[str, object]:
    """Return what JSON says of findings and of conventions, under "diagnosis" and "notes"; nothing of none.

    >>> from autodiffcli import gradient
    >>> remarks(of_gradient("1/x", "x=0", gradient("1/x", "x=0")), "1/x", "x=0")["diagnosis"][0]["kind"]
    'pole'
    """
    notes = conventions(expression, at, wrt)
    return ({"notes": notes} if notes else {}) | said(findings, most)


def said(findings: Iterable[Finding], most: int = 5) -> dict[str, object]:
    """Return what JSON says of findings alone."""
    found = [{"what": f.what} | f.explain().as_data() for f in islice(findings, most)]
    return {"diagnosis": found} if found else {}


def _run_again(result: Gradient) -> list[Any]:
    from autodiffcli.interpreter import run

    return run(result.graph, [result.values[i] for i in result.graph.inputs.values()])


def _of_entry(result: Gradient, name: str, found: Any) -> MathError:
    """Return the error that says where the derivative by an entry of an input became nan or infinite."""
    from autodiffcli.diagnosis import entry_derivative

    graph, (where, place, x) = result.graph, _first(found)
    return entry_derivative(graph, _run_again(result), graph.inputs[name], place, f"the derivative by {name}{where}", x)


def _first(value: Any) -> tuple[str, tuple[int, ...], float]:
    """Return the first number of a value that is not finite, nan before infinities: where, in its array, and itself."""
    worst: tuple[str, tuple[int, ...], float] = ("", (), 0.0)
    for path, leaf in leaves(value):
        shape = getattr(leaf, "shape", ())
        numbers = leaf.ravel().tolist() if shape else [float(leaf)]
        for place, x in zip(places(shape), numbers, strict=True):
            if isnan(x) or (not isfinite(x) and not worst[-1]):
                worst = entry_name(path_text("", path), place), place, x
            if isnan(x):
                return worst
    return worst


def _entry(graph: Graph, what: str, value: Any) -> MathError:
    """Return the error that says which entry of a value is not finite."""
    where, _, x = _first(value)
    return MathError(f"{what}{where} is {x}", source=graph.source)


def _finding(
    expression: str | Graph,
    at: Point,
    what: str,
    found: float,
    directions: Sequence[Mapping[str, float]],
    output: int = 0,
    weights: Sequence[float] | None = None,
) -> Finding:
    def explain() -> MathError:
        from autodiffcli.diagnosis import derivative, value
        from autodiffcli.higher.matrices import weighed
        from autodiffcli.interpreter import run

        graph = graph_of(expression, at)
        if graph.shapes:
            return _entry(graph, what, found)
        point = coordinates(graph, at)
        if weights is not None:
            graph = weighed(graph, [{place: w for place, w in enumerate(weights) if w}])
        node = graph.outputs[output]
        if not directions:
            return value(graph, run(graph, point), node)
        by_node = [{graph.inputs[name]: step for name, step in d.items()} for d in directions]
        return derivative(graph, point, by_node, what, found, node)

    return Finding(what, found, explain)
