"""Derivatives of several outputs and of higher order, as `import autodiffcli` offers them.

A direction is a mapping by name, a text as --at takes it (what it does not name is 0), or one number for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from types import MappingProxyType
from typing import Any

from autodiffcli.api.expressions import Point, chosen, entrywise, graph_of, of_one_output, point_of, whole
from autodiffcli.api.gradients import coordinates, undefined
from autodiffcli.backends.protocol import as_number
from autodiffcli.chain import pull, push
from autodiffcli.errors import MathError, RequestError
from autodiffcli.graph import Graph
from autodiffcli.higher import matrices
from autodiffcli.higher.results import Directional, Matrix, Taylor
from autodiffcli.higher.series import coefficients
from autodiffcli.interpreter import fitted, run
from autodiffcli.language.point import parse_point
from autodiffcli.primitive import Shape
from autodiffcli.structures import all_finite, any_nan, leaves, path_text, regrouped
from autodiffcli.tracing.quantities import output_name, output_names

__all__ = ["Direction", "hessian", "hvp", "jacobian", "jvp", "taylor", "undefined_entry", "vjp"]

Direction = Mapping[str, Any] | Sequence[Any] | str


def jacobian(
    expression: str | Graph, at: Point = "", *, wrt: Iterable[str] | None = None, mode: str = "auto"
) -> Matrix:
    """Return the matrix of ∂yᵢ/∂xⱼ at a point; a program that ends in (a, b) has two outputs, y1 and y2.

    mode: forward (a pass for each input), reverse (one for each output), or auto: the fewer, and fewer still where the
    pattern of zeros lets several inputs or outputs share one.

    Raises RequestError (syntax, names, a refused derivative) and MathError (an output is undefined). An entry that is
    infinite or nan is returned as such (see `undefined_entry`).

    >>> found = jacobian("(x*y, x + y, sin(x))", "x=2,y=3")
    >>> found.matrix
    [[3.0, 2.0], [1.0, 1.0], [-0.4161468365471424, 0.0]]
    >>> found.mode, found.passes
    ('forward', 2)
    """
    graph, point, wrt = _by_entries(expression, at, wrt)
    names, rows = chosen(graph, wrt), output_names(graph)
    _known(mode, matrices.JACOBIAN_MODES)
    found = matrices.jacobian(graph, point, [graph.inputs[name] for name in names], mode)
    _check(graph, point, found.outputs)
    return _matrix("jacobian", rows, names, found.outputs, found)


def hessian(expression: str | Graph, at: Point = "", *, wrt: Iterable[str] | None = None, mode: str = "auto") -> Matrix:
    """Return the matrix of ∂²y/∂xᵢ∂xⱼ at a point, symmetric to the last bit, with the gradient beside it.

    mode: forward-over-reverse or reverse-over-reverse (both a pass over the gradient's graph for each input), or auto:
    the former, in as few passes as a star colouring of the pattern allows.

    Raises what `jacobian` raises, and RequestError for an expression of several outputs.

    >>> found = hessian("x^2*y", {"x": 3, "y": 5})
    >>> found.matrix, found.gradient
    ([[10.0, 6.0], [6.0, 0.0]], {'x': 30.0, 'y': 9.0})
    """
    graph, point, wrt = _by_entries(expression, at, wrt)
    of_one_output(graph, "a Hessian has one output", hint="take one of them at a time")
    names = chosen(graph, wrt)
    _known(mode, matrices.HESSIAN_MODES)
    y = _values(graph, point)[graph.outputs[0]]
    longer = matrices.gradient_graph(graph, names)
    found = matrices.hessian(longer, point, [longer.inputs[name] for name in names], mode)
    result = _matrix("hessian", names, names, [y], found)
    result.gradient = dict(zip(names, found.outputs, strict=True))
    return result


def jvp(expression: str | Graph, at: Point = "", *, tangent: Direction) -> Directional:
    """Return the Jacobian times a vector, J·v: how fast each output changes along it. One forward pass.

    Raises what `jacobian` raises.

    >>> jvp("(x*y, x + y)", "x=2,y=3", tangent="x=1").product
    {'y1': 3.0, 'y2': 1.0}
    """
    graph, point = _ready(expression, at)
    direction = _direction(tangent, list(graph.inputs), "--tangent", "inputs", _shapes(graph), graph.structures)
    dots = push(graph, values := _values(graph, point), _seeds(graph, direction))
    names = output_names(graph)
    outputs = [values[i] for i in graph.outputs]
    product = [as_number(graph, i, dots[i]) for i in graph.outputs]
    values_by_name, product_by_name = (dict(zip(names, found, strict=True)) for found in (outputs, product))
    return Directional("jvp", values_by_name, product_by_name, direction=direction)


def vjp(
    expression: str | Graph, at: Point = "", *, cotangent: Direction, wrt: Iterable[str] | None = None
) -> Directional:
    """Return the transposed Jacobian times a vector, Jᵀ·w: the gradient of Σ wᵢ·yᵢ. One reverse pass.

    Raises what `jacobian` raises.

    >>> vjp("(x*y, x + y)", "x=2,y=3", cotangent=[1, 10]).product
    {'x': 13.0, 'y': 12.0}
    """
    graph, point = _ready(expression, at)
    wanted, names = chosen(graph, wrt), output_names(graph)
    shapes = [graph.shape(i) for i in graph.outputs]
    weights = _direction(cotangent, names, "--cotangent", "outputs", shapes)
    if graph.shapes:
        return _vjp_of_arrays(graph, point, wanted, weights)
    longer = matrices.weighed(graph, [{place: w for place, name in enumerate(names) if (w := weights[name])}])
    inputs = [longer.inputs[name] for name in wanted]
    values = run(longer, point)
    outputs = [values[i] for i in graph.outputs]
    _check(graph, point, outputs)
    bars = pull(longer, values, longer.outputs[0], longer.depends(inputs))
    product = [float(bars[i] or 0.0) if i < len(bars) else 0.0 for i in inputs]
    named, found = dict(zip(names, outputs, strict=True)), dict(zip(wanted, product, strict=True))
    return Directional("vjp", named, regrouped(found, graph.structures), direction=weights)


def _vjp_of_arrays(
    graph: Graph, point: Sequence[Any], wanted: Sequence[str], weights: Mapping[str, Any]
) -> Directional:
    values = _values(graph, point)
    inputs = [graph.inputs[name] for name in wanted]
    active = graph.depends(inputs)
    total: list[Any] = [as_number(graph, i, None) for i in inputs]
    for output, weight in zip(graph.outputs, weights.values(), strict=True):
        bars = pull(graph, values, output, active, weight)
        for place, i in enumerate(inputs):
            total[place] = total[place] + as_number(graph, i, bars[i] if i < len(bars) else None)
    found = regrouped(dict(zip(wanted, total, strict=True)), graph.structures)
    outputs = dict(zip(output_names(graph), [values[i] for i in graph.outputs], strict=True))
    return Directional("vjp", outputs, found, direction=dict(weights))


def hvp(
    expression: str | Graph, at: Point = "", *, tangent: Direction, wrt: Iterable[str] | None = None
) -> Directional:
    """Return the Hessian times a vector, H·v: how fast each partial derivative changes along it. One forward pass.

    The pass goes over the graph of the gradient, so that the Hessian itself is never made.
    Raises what `hessian` raises.

    >>> hvp("x^2*y", {"x": 3, "y": 5}, tangent={"x": 1}).product
    {'x': 10.0, 'y': 6.0}
    """
    graph, point = _single(expression, at, "a Hessian")
    names = chosen(graph, wrt)
    y = _values(graph, point)[graph.outputs[0]]
    longer = matrices.gradient_graph(graph, names)
    values = run(longer, point)
    direction = _direction(tangent, list(graph.inputs), "--tangent", "inputs", _shapes(graph), graph.structures)
    dots = push(longer, values, _seeds(longer, direction))
    product = {name: as_number(longer, i, dots[i]) for name, i in zip(names, longer.outputs, strict=True)}
    gradient = {name: values[i] for name, i in zip(names, longer.outputs, strict=True)}
    product, gradient = regrouped(product, graph.structures), regrouped(gradient, graph.structures)
    return Directional("hvp", {output_name(graph.inputs): y}, product, gradient, direction)


def taylor(expression: str | Graph, at: Point = "", *, order: int = 5, along: Direction | None = None) -> Taylor:
    """Return the Taylor coefficients c_k of each output along a direction: f(at + t·along) = Σ c_k·t^k.

    along: may be left out where there is one input: then it is that input's own.

    Raises what `jacobian` raises, and RequestError for an order below 0 or beyond reason.

    >>> taylor("exp(x)", "x=0", order=4).coefficients["y"]
    [1.0, 1.0, 0.5, 0.16666666666666666, 0.041666666666666664]
    """
    graph, point = _ready(expression, at)
    if graph.shapes:
        raise RequestError(
            "Taylor coefficients are those of numbers, and this expression has arrays",
            source=graph.source,
            hint="jvp and hvp give the first two along a direction of arrays",
        )
    order = whole(order)
    if order < 0:
        raise RequestError(f"there is no order {order}", hint="give a number from 0 up")
    if along is None:
        if len(graph.inputs) > 1:
            example = ",".join(f"{name}=1" for name in list(graph.inputs)[:3])
            raise RequestError(
                f"a direction is missing: the expression has {len(graph.inputs)} inputs",
                hint=f"give one, for example --along {example}",
            )
        along = [1.0] * len(graph.inputs)
    direction = _direction(along, list(graph.inputs), "--along", "inputs")
    _values(graph, point)
    seeds = {graph.inputs[name]: step for name, step in direction.items() if step}
    found = coefficients(graph, point, seeds, order)
    return Taylor(dict(zip(output_names(graph), found, strict=True)), order, direction)


def undefined_entry(expression: str | Graph, at: Point, found: Matrix) -> MathError | None:
    """Return the error that says where the first entry of a matrix that is nan became so; None if there is none."""
    from autodiffcli.api.diagnoses import of_matrix

    bad = (finding for finding in of_matrix(expression, at, found) if isnan(finding.found))
    return next((finding.explain() for finding in bad), None)


def _ready(expression: str | Graph, at: Point) -> tuple[Graph, list[Any]]:
    point = point_of(at)
    graph = graph_of(expression, point)
    return graph, list(fitted(graph, coordinates(graph, point)))


def _by_entries(
    expression: str | Graph, at: Point, wrt: Iterable[str] | None
) -> tuple[Graph, list[float], list[str] | None]:
    """Return the graph with a number for each entry of its arrays, the point, and what to differentiate by."""
    point = point_of(at)
    graph, spread, names = entrywise(graph_of(expression, point), point, wrt)
    return graph, coordinates(graph, spread), names


def _shapes(graph: Graph) -> list[Shape]:
    return [graph.shape(i) for i in graph.inputs.values()]


def _single(expression: str | Graph, at: Point, what: str) -> tuple[Graph, list[Any]]:
    graph, point = _ready(expression, at)
    return of_one_output(graph, f"{what} has one output", hint="take one of them at a time"), point


def _values(graph: Graph, point: Sequence[Any]) -> list[Any]:
    """Return the value of every node. Raises MathError where an output is undefined."""
    values = run(graph, point)
    for output in graph.outputs:
        if any_nan(values[output]):
            raise undefined(graph, values, output)
    return values


def _check(graph: Graph, point: Sequence[float], outputs: Sequence[float]) -> None:
    if any(map(isnan, outputs)):
        _values(graph, point)


def _matrix(kind: str, rows: list[str], columns: list[str], values: list[float], found: matrices.Found) -> Matrix:
    _, i, j, entries, mode, passes, reason, colours = found
    return Matrix(kind, rows, columns, values, mode, i, j, entries, passes, reason, colours)


def _seeds(graph: Graph, direction: Mapping[str, Any]) -> dict[int, Any]:
    return {graph.inputs[name]: step for name, step in direction.items() if getattr(step, "shape", ()) or step}


def _direction(
    direction: Direction,
    names: Sequence[str],
    option: str,
    what: str,
    shapes: Sequence[Shape] = (),
    structures: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return a number for each name, or an array of its shape, 0 of those left out.

    Raises RequestError for names that are not there, a wrong number of them, and arrays that do not fit.
    """
    if isinstance(direction, str):
        parts = _commas(direction) if direction.strip() and "=" not in direction else None
        if parts is None:
            given: Mapping[str, Any] = parse_point(direction)
        else:  # 1,0: in the order of the names
            _as_many(parts, names, option, what)
            given = parse_point(",".join(f"v{n}={part}" for n, part in enumerate(parts)))
            given = dict(zip(names, given.values(), strict=True))
        if names and not given:
            raise RequestError(f"{option} is empty", hint=f"name one of the {what} at least: {names[0]}=1")
    elif isinstance(direction, Mapping):
        given = point_of(direction)
    elif not hasattr(direction, "__len__"):
        raise RequestError(f"{option} is a text, a mapping, or as many numbers as {what}, not {direction!r:.40}")
    else:
        _as_many(direction, names, option, what)
        given = point_of(dict(zip(names, direction, strict=True)))
    given = {
        path_text(name, leaf.path) if name in structures or leaf.path else name: leaf.value
        for name, value in given.items()
        for leaf in leaves(value)
    }
    known = set(names)
    for name in given:
        if name not in known:
            there = ", ".join(names[:8]) or "none"
            raise RequestError(f"'{name}' in {option} is none of the {what}", hint=f"there are: {there}")
        if not all_finite(given[name]):
            told = f" {given[name]}" if isinstance(given[name], float) else " an entry that is not finite"
            raise RequestError(f"{option} gives '{name}'{told}", hint="a direction is made of finite numbers")
    if not any(shapes):
        for name, step in given.items():
            if not isinstance(step, float):
                raise RequestError(f"{option} gives '{name}' an array, and it is a number")
        return {name: given.get(name, 0.0) for name in names}
    return {name: _fitting(name, given.get(name), shape, option) for name, shape in zip(names, shapes, strict=True)}


def _fitting(name: str, step: Any, shape: Shape, option: str) -> Any:
    """Return a step of a shape."""
    if step is None:
        from autodiffcli.primitives.tensor import zeros

        return zeros(shape)
    given = getattr(step, "shape", ())
    if given != shape:
        raise RequestError(f"{option} gives '{name}' the shape {given}, and its shape is {shape}")
    return step


def _as_many(given: Sequence[object], names: Sequence[str], option: str, what: str) -> None:
    if len(given) != len(names):
        wanted = ",".join(f"{name}=..." for name in names[:5])
        raise RequestError(f"{option} has {len(given)} of {len(names)} {what}", hint=f"give names: {wanted}")


def _commas(text: str) -> list[str]:
    """Split at the commas outside of parentheses."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _known(mode: str, modes: Sequence[str]) -> None:
    if mode not in modes:
        raise RequestError(f"there is no mode '{mode}'", hint=f"choose one of {', '.join(modes)}")
