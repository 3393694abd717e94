"""Every function of arrays, as random calls: ours as a node, and the same in NumPy's words, which JAX speaks too."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from autodiffcli.graph import Graph
from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS, index

__all__ = ["CASES", "Call", "build"]

Rng = np.random.Generator
Shape = tuple[int, ...]


class Call(NamedTuple):
    """A call at a point. reference: the same of arrays, in terms of a module that is numpy or jax.numpy."""

    values: list[Any]
    node: Callable[[Graph, list[int]], int]
    reference: Callable[..., Any]


def build(call: Call) -> tuple[Graph, int]:
    """Return the graph of a call on inputs x0, x1, ..., and the node."""
    graph = Graph()
    nodes = [graph.input(f"x{k}", shape=np.shape(value)) for k, value in enumerate(call.values)]
    node = call.node(graph, nodes)
    graph.outputs = [node]
    return graph, node


def _shape(rng: Rng, least: int = 0, most: int = 3, empty: bool = True) -> Shape:
    return tuple(
        int(n) for n in rng.integers(0 if empty and rng.random() < 0.1 else 1, 4, rng.integers(least, most + 1))
    )


def _values(rng: Rng, *shapes: Shape) -> list[Any]:
    return [rng.normal(size=s) for s in shapes]


def _function(name: str, *values: Any, **named: Any) -> Callable[[Graph, list[int]], int]:
    return lambda graph, nodes: ARRAY_FUNCTIONS[name].call(graph, nodes, values, named)


def _axis(rng: Rng, rank: int) -> Any:
    choices: list[Any] = [None]
    choices += [int(a) for a in range(-rank, rank)]
    if rank > 1:
        choices += [tuple(int(a) for a in rng.permutation(rank)[:2])]
    return choices[rng.integers(len(choices))]


def _reduction(name: str, numpy: Callable[..., Any], empty: bool = True) -> Callable[[Rng], Call]:
    def call(rng: Rng) -> Call:
        shape = _shape(rng, empty=empty)
        axis, keepdims = _axis(rng, len(shape)), bool(rng.integers(2))
        values = _values(rng, shape)
        if name == "prod" and rng.random() < 0.5:
            values[0] = np.where(rng.random(shape) < 0.3, 0.0, values[0])
        return Call(
            values,
            _function(name, axis=axis, keepdims=keepdims),
            lambda xp, x: numpy(xp, x, axis=axis, keepdims=keepdims),
        )

    return call


def _variance(xp: Any, x: Any, axis: Any, keepdims: bool, ddof: int = 0) -> Any:
    count = prod(x.shape[a] for a in (range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis))
    d = x - xp.sum(x, axis=axis, keepdims=True) / count
    return xp.sum(d * d, axis=axis, keepdims=keepdims) / (count - ddof)


def _lse(xp: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    return xp.log(xp.sum(xp.exp(x), axis=axis, keepdims=keepdims))


def _picked(pick: str) -> Callable[..., Any]:
    def reduced(xp: Any, x: Any, axis: Any, keepdims: bool) -> Any:
        # by the real parts, so that a complex step goes with the entry that is taken
        best = getattr(np, pick)(np.real(x), axis=axis, keepdims=True)
        return xp.sum(x * (np.real(x) == best), axis=axis, keepdims=keepdims)

    def either(xp: Any, x: Any, axis: Any, keepdims: bool) -> Any:
        return (reduced if xp is np else lambda *a, **k: getattr(xp, pick)(x, **k))(xp, x, axis=axis, keepdims=keepdims)

    return either


def _spread(name: str, root: bool) -> Callable[[Rng], Call]:
    def call(rng: Rng) -> Call:
        shape = tuple(int(n) for n in rng.integers(2, 5, rng.integers(1, 4)))
        axis, keepdims, ddof = _axis(rng, len(shape)), bool(rng.integers(2)), int(rng.integers(2))

        def reference(xp: Any, x: Any) -> Any:
            found = _variance(xp, x, axis, keepdims, ddof)
            return xp.sqrt(found) if root else found

        return Call(_values(rng, shape), _function(name, axis=axis, keepdims=keepdims, ddof=ddof), reference)

    return call


def _norm(rng: Rng) -> Call:
    shape = _shape(rng, 1, empty=False)
    axis, keepdims, order = _axis(rng, len(shape)), bool(rng.integers(2)), [2, 1][rng.integers(2)]

    def reference(xp: Any, x: Any) -> Any:
        if order == 2:
            return xp.sqrt(xp.sum(x * x, axis=axis, keepdims=keepdims))
        return xp.sum(x * np.sign(np.real(x)) if xp is np else xp.abs(x), axis=axis, keepdims=keepdims)

    return Call(_values(rng, shape), _function("norm", order, axis=axis, keepdims=keepdims), reference)


def _softmax(rng: Rng) -> Call:
    shape = _shape(rng, 1)
    axis = int(rng.integers(-len(shape), len(shape)))

    def reference(xp: Any, x: Any) -> Any:
        e = xp.exp(x)
        return e / xp.sum(e, axis=axis, keepdims=True)

    return Call(_values(rng, shape), _function("softmax", axis=axis), reference)


def _batched(rng: Rng) -> tuple[Shape, Shape]:
    """Return two shapes that broadcast, of up to two axes."""
    whole = _shape(rng, 0, 2)
    one, other = (tuple(1 if rng.random() < 0.3 else n for n in whole[rng.integers(len(whole) + 1) :]) for _ in "ab")
    return one, other


def _matmul(rng: Rng) -> Call:
    n, m, k = (int(v) for v in rng.integers(0 if rng.random() < 0.1 else 1, 4, 3))
    one, other = _batched(rng)
    shapes = [((m,), (m,)), ((m,), (*other, m, k)), ((*one, n, m), (m,)), ((*one, n, m), (*other, m, k))]
    a, b = shapes[rng.integers(4)] if rng.random() < 0.6 else shapes[3]
    return Call(_values(rng, a, b), _function("matmul"), lambda xp, a, b: xp.matmul(a, b))


def _dot(rng: Rng) -> Call:
    m, one, other = int(rng.integers(1, 4)), _shape(rng, 0, 2), _shape(rng, 0, 2)
    b = (m,) if not other else (*other[:-1], m, other[-1])
    a, b = ((*one, m), b) if rng.random() < 0.8 else ((), (*one, m))
    return Call(_values(rng, a, b), _function("dot"), lambda xp, a, b: xp.dot(a, b))


def _outer(rng: Rng) -> Call:
    return Call(_values(rng, _shape(rng, 0, 2), _shape(rng, 0, 2)), _function("outer"), lambda xp, a, b: xp.outer(a, b))


def _cross(rng: Rng) -> Call:
    one, other = _batched(rng)
    return Call(_values(rng, (*one, 3), (*other, 3)), _function("cross"), lambda xp, a, b: xp.cross(a, b))


EINSUMS = (
    "ij,jk->ik", "ij,jk", "ii->i", "ii", "ij->ji", "i,j->ij", "bij,bjk->bik", "ij->", "ij->i", "ij,ij->", "i,i,i->i",
    "ij,kl->il", "iji->j", "iij,j->i", "i,ij,j->", "ij,i->j", "ijj,k->ik", "i->i",
)  # fmt: skip


def _einsum(rng: Rng) -> Call:
    spec = EINSUMS[rng.integers(len(EINSUMS))]
    sizes = {c: int(rng.integers(0 if rng.random() < 0.05 else 1, 4)) for c in "ijklb"}
    shapes = [tuple(sizes[c] for c in term) for term in spec.split("->")[0].split(",")]
    return Call(_values(rng, *shapes), _function("einsum", spec), lambda xp, *xs: xp.einsum(spec, *xs))


def _transpose(rng: Rng) -> Call:
    shape = _shape(rng, 0, 4)
    axes = None if rng.random() < 0.4 else tuple(int(a) - (len(shape) if rng.random() < 0.3 else 0)
                                                 for a in rng.permutation(len(shape)))  # fmt: skip
    return Call(_values(rng, shape), _function("transpose", axes=axes), lambda xp, x: xp.transpose(x, axes))


def _reshape(rng: Rng) -> Call:
    shape = _shape(rng, 0, 4)
    new = [int(n) for n in rng.permutation([*shape, 1])]
    if len(new) > 1 and rng.random() < 0.5:
        new[:2] = [new[0] * new[1]]
    if 0 not in new and rng.random() < 0.3:
        new[rng.integers(len(new))] = -1
    wanted = tuple(new)
    return Call(_values(rng, shape), _function("reshape", wanted), lambda xp, x: xp.reshape(x, wanted))


def _broadcast(rng: Rng) -> Call:
    whole = _shape(rng, 0, 4)
    part = tuple(1 if rng.random() < 0.4 else n for n in whole[rng.integers(len(whole) + 1) :])
    return Call(_values(rng, part), _function("broadcast", whole), lambda xp, x: xp.broadcast_to(x, whole))


def _concat(rng: Rng) -> Call:
    shape = _shape(rng, 1)
    axis = int(rng.integers(-len(shape), len(shape)))
    shapes = []
    for _ in range(rng.integers(1, 4)):
        other = list(shape)
        other[axis] = int(rng.integers(0, 4))
        shapes.append(tuple(other))
    return Call(_values(rng, *shapes), _function("concat", axis=axis), lambda xp, *xs: xp.concatenate(xs, axis=axis))


def _stack(rng: Rng) -> Call:
    shape = _shape(rng)
    axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
    shapes = [shape] * int(rng.integers(1, 4))
    return Call(_values(rng, *shapes), _function("stack", axis=axis), lambda xp, *xs: xp.stack(xs, axis=axis))


def _cumsum(rng: Rng) -> Call:
    shape = _shape(rng, 1)
    axis = int(rng.integers(-len(shape), len(shape)))
    return Call(_values(rng, shape), _function("cumsum", axis=axis), lambda xp, x: xp.cumsum(x, axis=axis))


def _diag(rng: Rng) -> Call:
    k = int(rng.integers(-2, 3))
    return Call(_values(rng, _shape(rng, 1, 2)), _function("diag", k), lambda xp, x: xp.diag(x, k))


def _trace(rng: Rng) -> Call:
    return Call(_values(rng, _shape(rng, 2, 4)), _function("trace"), lambda xp, x: xp.trace(x))


def _square(rng: Rng) -> Any:
    """Return a batch of matrices that are far from singular."""
    n = int(rng.integers(0 if rng.random() < 0.03 else 1, 5))
    return rng.normal(size=(*_shape(rng, 0, 1), n, n)) + 3.0 * np.eye(n)


def _linear_algebra(name: str) -> Callable[[Rng], Call]:
    return lambda rng: Call([_square(rng)], _function(name), lambda xp, a: getattr(xp.linalg, name)(a))


def _solve(rng: Rng) -> Call:
    a = _square(rng)
    n = a.shape[-1]
    b = (n,) if rng.random() < 0.4 else (*[1 if rng.random() < 0.3 else s for s in a.shape[:-2]], n, 2)

    def reference(xp: Any, a: Any, b: Any) -> Any:
        return xp.linalg.solve(a, b[..., None])[..., 0] if b.ndim == 1 else xp.linalg.solve(a, b)

    return Call([a, *_values(rng, b)], _function("solve"), reference)


def _linspace(rng: Rng) -> Call:
    num = int(rng.integers(0, 6))

    def reference(xp: Any, a: Any, b: Any) -> Any:
        parts = np.linspace(0.0, 1.0, num)
        return a * (1 - parts) + b * parts

    return Call([float(v) for v in rng.normal(size=2)], _function("linspace", num), reference)


def _index(rng: Rng) -> Call:
    shape = tuple(int(n) for n in rng.integers(1, 5, rng.integers(1, 4)))
    key: list[Any] = []
    picked = 0
    for n in shape[: rng.integers(1, len(shape) + 1)]:
        kind = rng.integers(5)
        if kind == 0:
            key.append(int(rng.integers(-n, n)))
        elif kind == 1 and not picked:
            picked = 1
            key.append(tuple(int(i) for i in rng.integers(-n, n, rng.integers(1, 4))))
        elif kind == 2:
            key.append(slice(None, None, -1))
        elif kind == 3:
            key.append(None)
            key.append(slice(int(rng.integers(-n, n)), None, None))
        else:
            key.append(slice(int(rng.integers(0, n)), int(rng.integers(0, n + 1)), int(rng.integers(1, 3))))
    if rng.random() < 0.3:
        key.append(Ellipsis)
    frozen = tuple(key)
    places = tuple(list(k) if isinstance(k, tuple) else k for k in frozen)
    places = tuple(np.array(k) if isinstance(k, list) else k for k in places)
    return Call(_values(rng, shape), lambda graph, nodes: index(graph, nodes[0], frozen), lambda xp, x: x[places])


CASES: dict[str, Callable[[Rng], Call]] = {
    "sum": _reduction("sum", lambda xp, x, **k: xp.sum(x, **k)),
    "prod": _reduction("prod", lambda xp, x, **k: xp.prod(x, **k)),
    "mean": _reduction("mean", lambda xp, x, **k: xp.mean(x, **k), empty=False),
    "var": _spread("var", root=False),
    "std": _spread("std", root=True),
    "min": _reduction("min", _picked("min"), empty=False),
    "max": _reduction("max", _picked("max"), empty=False),
    "norm": _norm,
    "logsumexp": _reduction("logsumexp", _lse, empty=False),
    "softmax": _softmax,
    "dot": _dot,
    "matmul": _matmul,
    "outer": _outer,
    "cross": _cross,
    "einsum": _einsum,
    "transpose": _transpose,
    "reshape": _reshape,
    "broadcast": _broadcast,
    "concat": _concat,
    "stack": _stack,
    "cumsum": _cumsum,
    "diag": _diag,
    "trace": _trace,
    "det": _linear_algebra("det"),
    "inv": _linear_algebra("inv"),
    "solve": _solve,
    "linspace": _linspace,
    "index": _index,
}
"""A random call of each function that has a derivative, by its name."""
