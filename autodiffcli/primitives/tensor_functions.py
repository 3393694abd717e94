"""The functions of arrays by the names that the language has for them: what their arguments mean, and what they make.

A function's arguments are operands, which are nodes, and parameters, which are Python values known while the graph is
built: an axis, a shape, a number of points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil, inf, prod
from typing import Any, NamedTuple

import numpy as np

from autodiffcli.errors import RequestError
from autodiffcli.graph import UNKNOWN, Graph, Node
from autodiffcli.limits import ENTRIES, MADE
from autodiffcli.primitive import Primitive
from autodiffcli.primitives import tensor, tensor_algebra, tensor_index, tensor_products, tensor_reductions
from autodiffcli.primitives.learning import logsumexp
from autodiffcli.primitives.selection import absolute, maximum, minimum

__all__ = ["ARRAY_FUNCTIONS", "ArrayFunction", "Place", "index", "literal", "static_value"]

Place = tuple[int, int]
NOWHERE: Place = (-1, -1)


class ArrayFunction(NamedTuple):
    """A function of the language.

    least, most: how many operands it takes, None: any number. parameters: the others, in order, which may be given by
    name as well. build: (graph, operands, parameters by name, place in the source) -> node. adjoints: for people, what
    comes of the adjoint ȳ of the value y to each operand A, B, on vectors or matrices: in the language, or in words.
    """

    name: str
    least: int
    most: int | None
    parameters: tuple[str, ...]
    build: Callable[[Graph, Sequence[int], Mapping[str, Any], Place], int]
    meaning: str
    adjoints: tuple[str, ...] = ()

    def call(
        self,
        graph: Graph,
        operands: Sequence[int],
        values: Sequence[Any] = (),
        named: Mapping[str, Any] | None = None,
        place: Place = NOWHERE,
    ) -> int:
        """Return the node of a call.

        values: parameters in order. Raises RequestError, with the place, for a wrong number of operands, a parameter
        that there is not or that is not what it should be, and shapes that do not fit.
        """
        try:
            return self.build(graph, operands, self._parameters(len(operands), values, named or {}), place)
        except RequestError as error:
            if place == NOWHERE or error.span is not None:
                raise
            raise RequestError(error.message, source=graph.source, span=place, hint=error.hint) from None

    def _parameters(self, count: int, values: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        if count < self.least or (self.most is not None and count > self.most):
            takes = str(self.least) if self.least == self.most else f"at least {self.least}"
            raise RequestError(f"{self.name} takes {takes} array{'s' * (takes != '1')}, not {count}")
        if len(values) > len(self.parameters):
            raise RequestError(
                f"{self.name} has no argument number {count + len(self.parameters) + 1}", hint=self.usage()
            )
        found = dict(zip(self.parameters, values, strict=False))
        for name, value in named.items():
            if name not in self.parameters:
                raise RequestError(f"{self.name} has no parameter '{name}'", hint=self.usage())
            if name in found:
                raise RequestError(f"{self.name}: '{name}' is given twice")
            found[name] = value
        return found

    def usage(self) -> str:
        """Return how it is called, in words."""
        operands = ["X", "Y", "Z"][: self.least] + ["..."] * (self.most is None)
        return f"write {self.name}({', '.join([*operands, *[f'{p}=...' for p in self.parameters]])})"


def static_value(graph: Graph, node: int) -> Any:
    """Return the value of a constant node as a parameter: an int where it is whole, a float, a tuple; else None."""
    value = graph.constants.get(node)
    if value is None:
        return None
    return _plain(value.tolist() if hasattr(value, "tolist") else value)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    return int(value) if isinstance(value, float) and value % 1 == 0 else value


def literal(graph: Graph, entries: Sequence[int], place: Place = NOWHERE) -> int:
    """Return the node of [a, b, ...]: a constant where all entries are, else their stack.

    Raises RequestError where the entries have different shapes.
    """
    constants = graph.constants
    if all(i in constants and i not in graph.constant_names for i in entries):
        shapes = dict.fromkeys(map(graph.shape, entries))
        if len(shapes) <= 1:
            shape = (len(entries), *next(iter(shapes), ()))
            return _constant(graph, "[...]", shape, lambda: np.array([constants[i] for i in entries], float), "", place)
    return graph.apply(tensor_index.stack(), tuple(entries), *place)


def index(graph: Graph, node: int, key: tensor_index.Key, place: Place = NOWHERE) -> int:
    """Return the node of X[key]; see `tensor_index.Key`. Raises RequestError where the array has no such entries."""
    return graph.apply(tensor_index.gather(key), (node,), *place)


# Parameters


def _axis(parameters: Mapping[str, Any], default: tensor.Axis = None) -> tensor.Axis:
    axis = parameters.get("axis", default)
    if isinstance(axis, int) or axis is None:
        return axis
    return _integers("axis", axis)


def _integer(name: str, value: Any) -> int:
    if not isinstance(value, int):
        raise RequestError(f"{name} is a whole number", hint=f"write {name}=1, for example")
    return int(value)


def _integers(name: str, value: Any) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,)
    if not isinstance(value, tuple | list) or not all(isinstance(n, int) for n in value):
        raise RequestError(f"{name} is a whole number or several", hint=f"write {name}=(2, 3), for example")
    return tuple(value)


def _size(name: str, value: Any) -> tuple[int, ...]:
    shape = _integers("shape", value)
    if any(n < 0 for n in shape):
        raise RequestError(f"{name}: a shape has no negative lengths: {shape}")
    if prod(n or 1 for n in shape) > ENTRIES:  # NumPy minds the others where one is 0
        raise RequestError(f"{name} would make an array of {prod(shape):,} entries; the limit is {ENTRIES:,}")
    return shape


def _constant(graph: Graph, name: str, shape: tuple[int, ...], make: Callable[[], Any], text: str, place: Place) -> int:
    """Return the node of a constant array. Raises RequestError where those of the graph would fill the memory."""
    made = sum([graph.constants[i].size for i in graph.constants if i in graph.shapes]) + prod(shape)
    if made > MADE:
        raise RequestError(
            f"with {name} the constant arrays of the text would have {made:,} entries together; the limit is {MADE:,}",
            hint="make the arrays smaller",
        )
    with np.errstate(all="ignore"):
        return graph.constant(make(), text, *place)


def _keepdims(parameters: Mapping[str, Any]) -> bool:
    return bool(parameters.get("keepdims", False))


# What builds the nodes


def _simply(op: Primitive) -> Any:
    return lambda graph, operands, parameters, place: graph.apply(op, tuple(operands), *place)


def _reduction(make: Callable[..., Primitive], *more: str) -> Any:
    def build(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
        rest = {name: _integer(name, parameters[name]) for name in more if name in parameters}
        return graph.apply(make(_axis(parameters), _keepdims(parameters), **rest), tuple(operands), *place)

    return build


def _extreme(elementwise: Primitive, make: Callable[..., Primitive]) -> Any:
    def build(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
        if len(operands) == 1 and (parameters or graph.shape(operands[0])):
            return graph.apply(make(_axis(parameters), _keepdims(parameters)), tuple(operands), *place)
        if parameters:
            raise RequestError(f"{elementwise.name} of several arrays has no axis", hint="stack them first")
        return graph.apply(elementwise, tuple(operands), *place)

    return build


def _norm(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
    order, axis, keepdims = parameters.get("ord", 2), _axis(parameters), _keepdims(parameters)
    if order == 2:
        return graph.apply(tensor_reductions.norm(axis, keepdims), tuple(operands), *place)
    if order not in (1, inf):
        raise RequestError(f"norm of order {order} is none of 1, 2 and inf")
    make = tensor.sum_over if order == 1 else tensor_reductions.greatest
    return graph.apply(make(axis, keepdims), (graph.apply(absolute, tuple(operands), *place),), *place)


def _reshape(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
    return graph.apply(tensor.reshape(_integers("shape", parameters.get("shape"))), tuple(operands), *place)


def _broadcast(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
    return graph.apply(tensor.broadcast(_size("broadcast", parameters.get("shape"))), tuple(operands), *place)


def _transpose(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
    axes = parameters.get("axes")
    return graph.apply(tensor.transpose(None if axes is None else _integers("axes", axes)), tuple(operands), *place)


def _along(make: Callable[[int], Primitive]) -> Any:
    def build(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
        return graph.apply(make(_integer("axis", parameters.get("axis", 0))), tuple(operands), *place)

    return build


def _diag(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
    k = _integer("k", parameters.get("k", 0))
    if abs(k) > ENTRIES:  # NumPy fails on what is no C integer
        raise RequestError(f"diag: no matrix has a diagonal so far out; the limit of k is {ENTRIES:,}")
    return graph.apply(tensor_products.diag(k), tuple(operands), *place)


def _softmax(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
    return graph.apply(tensor_reductions.softmax(_axis(parameters, -1)), tuple(operands), *place)


def _einsum(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
    spec = parameters.get("subscripts")
    if not isinstance(spec, str):
        raise RequestError('einsum begins with its subscripts: einsum("ij,jk->ik", A, B)')
    return graph.apply(tensor_products.einsum(spec), tuple(operands), *place)


def _len(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
    shape = graph.shape(operands[0])
    if shape is UNKNOWN:
        return graph.apply(_LENGTH, tuple(operands), *place)
    _length_shape(shape)
    return graph.constant(float(shape[0]))


def _length_shape(s: tuple[int, ...]) -> tuple[int, ...]:
    if not s:
        raise RequestError("len takes an array, and this is a scalar")
    return ()


_LENGTH = tensor.tensor(
    "len", len, work=lambda s: (0, 0, 0), shape=_length_shape, jvp=(0.0,), vjp=(0.0,), text="len({0})"
)


def _full(name: str, value: float) -> Any:
    def build(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
        shape = _size(name, parameters.get("shape", ()))
        text = f"{name}({', '.join(map(str, shape))})" if shape else ""
        return _constant(graph, name, shape, lambda: np.full(shape, value), text, place)

    return build


def _eye(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
    rows = _integer("n", parameters.get("n"))
    shape = _size("eye", (rows, _integer("m", parameters.get("m", rows))))
    text = f"eye({', '.join(map(str, dict.fromkeys(shape)))})"
    return _constant(graph, "eye", shape, lambda: np.eye(shape[0], shape[1]), text, place)


def _arange(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
    given = [parameters[name] for name in ("start", "stop", "step") if name in parameters]
    if not given or not all(isinstance(n, int | float) and abs(n) < inf for n in given) or 0 in given[2:]:
        raise RequestError("arange takes numbers: arange(stop), arange(start, stop) or arange(start, stop, step)")
    start, stop, step = map(float, (0, *given, 1) if len(given) == 1 else (*given, 1)[:3])
    shape = _size("arange", ceil(max(0.0, min((stop - start) / step, 1e30))))
    made = lambda: np.arange(start, stop, step) if shape[0] else np.zeros(0)  # NumPy refuses from 1e300 to 0
    return _constant(graph, "arange", shape, made, "", place)


def _linspace(graph: Graph, operands: Sequence[int], parameters: Mapping[str, Any], place: Place) -> int:
    count = _integer("num", parameters.get("num", 50))
    _size("linspace", (count,))
    start, stop = operands
    for shape in map(graph.shape, operands):
        if shape and shape is not UNKNOWN:
            raise RequestError(
                f"linspace takes two numbers, not an array of the shape {shape}",
                hint="write one linspace for each pair of entries: [linspace(a[0], b[0]), ...]",
            )
    if start in graph.constants and stop in graph.constants:
        first, last = graph.constants[start], graph.constants[stop]
        return _constant(graph, "linspace", (count,), lambda: np.linspace(first, last, count), "", place)
    a, b, parts = Node(graph, start), Node(graph, stop), np.linspace(0.0, 1.0, count)
    ends: Node = a * (1.0 - parts) + b * parts
    return ends.id  # each end exactly what it was given as


_AXES = ("axis", "keepdims")
_T, _I, _P = tensor, tensor_index, tensor_products
_L, _R = tensor_algebra, tensor_reductions

ARRAY_FUNCTIONS: dict[str, ArrayFunction] = {
    f.name: f
    for f in (
        ArrayFunction("sum", 1, 1, _AXES, _reduction(_T.sum_over), "the sum of the entries", ("ȳ",)),
        ArrayFunction("prod", 1, 1, _AXES, _reduction(_R.prod), "the product of the entries", ("ȳ*y/A",)),
        ArrayFunction("mean", 1, 1, _AXES, _reduction(_R.mean), "the mean of the entries", ("ȳ/len(A)",)),
        ArrayFunction(
            "var",
            1,
            1,
            (*_AXES, "ddof"),
            _reduction(_R.var, "ddof"),
            "the variance of the entries",
            ("2*ȳ*(A - mean(A))/len(A)",),
        ),
        ArrayFunction(
            "std",
            1,
            1,
            (*_AXES, "ddof"),
            _reduction(_R.std, "ddof"),
            "the standard deviation",
            ("ȳ*(A - mean(A))/(len(A)*y)",),
        ),
        ArrayFunction(
            "min", 1, None, _AXES, _extreme(minimum, _R.least), "the least entry, or argument", ("where(A == y, ȳ, 0)",)
        ),
        ArrayFunction(
            "max",
            1,
            None,
            _AXES,
            _extreme(maximum, _R.greatest),
            "the greatest entry, or argument",
            ("where(A == y, ȳ, 0)",),
        ),
        ArrayFunction("norm", 1, 1, ("ord", *_AXES), _norm, "the length: the root of the sum of squares", ("ȳ*A/y",)),
        ArrayFunction(
            "logsumexp",
            1,
            None,
            _AXES,
            _extreme(logsumexp, _R.logsumexp_over),
            "ln of the sum of e^x",
            ("ȳ*softmax(A)",),
        ),
        ArrayFunction(
            "softmax",
            1,
            1,
            ("axis",),
            _softmax,
            "e^x over the sum of e^x, by default along the last axis",
            ("y*(ȳ - sum(ȳ*y))",),
        ),
        ArrayFunction("dot", 2, 2, (), _simply(_P.dot), "the inner product", ("ȳ*B", "ȳ*A")),
        ArrayFunction("matmul", 2, 2, (), _simply(_P.matmul), "the matrix product, as a @ b", ("ȳ @ B'", "A' @ ȳ")),
        ArrayFunction("outer", 2, 2, (), _simply(_P.outer), "every product of two entries", ("ȳ @ B", "ȳ' @ A")),
        ArrayFunction("cross", 2, 2, (), _simply(_P.cross), "the cross product", ("cross(B, ȳ)", "cross(ȳ, A)")),
        ArrayFunction(
            "einsum",
            1,
            None,
            ("subscripts",),
            _einsum,
            'sums of products: einsum("ij,jk->ik", A, B)',
            ('einsum("ik,jk->ij", ȳ, B)', 'einsum("ij,ik->jk", A, ȳ)'),
        ),
        ArrayFunction("transpose", 1, 1, ("axes",), _transpose, "the axes reversed, or in another order", ("ȳ'",)),
        ArrayFunction(
            "reshape", 1, 1, ("shape",), _reshape, "the same entries in another shape", ("ȳ in the shape of A",)
        ),
        ArrayFunction(
            "broadcast",
            1,
            1,
            ("shape",),
            _broadcast,
            "repeated to a shape",
            ("ȳ summed over the axes that were repeated",),
        ),
        ArrayFunction(
            "concat",
            1,
            None,
            ("axis",),
            _along(_I.concat),
            "one after the other along an axis",
            ("the part of ȳ that A became",),
        ),
        ArrayFunction(
            "stack",
            1,
            None,
            ("axis",),
            _along(_I.stack),
            "beside each other along a new axis",
            ("the part of ȳ that A became",),
        ),
        ArrayFunction(
            "cumsum", 1, 1, ("axis",), _along(_R.cumsum), "the sums up to each entry", ("cumsum(ȳ[::-1])[::-1]",)
        ),
        ArrayFunction("diag", 1, 1, ("k",), _diag, "the diagonal, or the matrix with that diagonal", ("diag(ȳ)",)),
        ArrayFunction("trace", 1, 1, (), _simply(_P.trace), "the sum of the diagonal", ("ȳ*eye(len(A))",)),
        ArrayFunction("det", 1, 1, (), _simply(_L.det), "the determinant", ("ȳ*det(A)*inv(A)'",)),
        ArrayFunction("inv", 1, 1, (), _simply(_L.inv), "the inverse", ("-y' @ ȳ @ y'",)),
        ArrayFunction(
            "solve", 2, 2, (), _simply(_L.solve), "the x with A @ x = b", ("-outer(solve(A', ȳ), y)", "solve(A', ȳ)")
        ),
        ArrayFunction("zeros", 0, 0, ("shape",), _full("zeros", 0.0), "an array of zeros"),
        ArrayFunction("ones", 0, 0, ("shape",), _full("ones", 1.0), "an array of ones"),
        ArrayFunction("eye", 0, 0, ("n", "m"), _eye, "the identity matrix"),
        ArrayFunction("arange", 0, 0, ("start", "stop", "step"), _arange, "numbers from start to below stop"),
        ArrayFunction(
            "linspace",
            2,
            2,
            ("num",),
            _linspace,
            "numbers from start to stop, in equal steps",
            ("sum(ȳ*linspace(1, 0, len(ȳ)))", "sum(ȳ*linspace(0, 1, len(ȳ)))"),
        ),
        ArrayFunction("len", 1, 1, (), _len, "the length of the first axis"),
    )
}
"""The functions of arrays by name. Those in FUNCTIONS as well (min, max, logsumexp) are elementwise on scalars."""
