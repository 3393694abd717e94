"""Reductions of arrays along axes, and what is made of them: means, spreads, extremes, norms, softmax."""

from __future__ import annotations

from functools import lru_cache
from math import prod as product_of
from typing import Any

import numpy as np

from autodiffcli.errors import RequestError
from autodiffcli.primitive import Corner, Gated, Operand, Primitive, Shape
from autodiffcli.primitives.arithmetic import div
from autodiffcli.primitives.selection import equal, not_equal, where
from autodiffcli.primitives.tensor import (
    Axis,
    axes_of,
    axis_latex,
    axis_text,
    expanded,
    kept,
    normal_axis,
    reduced,
    reshape,
    restored,
    shape_of,
    sum_over,
    tensor,
    transpose,
)
from autodiffcli.primitives.tensor_index import concat, gather, stack

__all__ = [
    "cumsum",
    "greatest",
    "least",
    "logsumexp_over",
    "mean",
    "norm",
    "prod",
    "softmax",
    "std",
    "var",
]


def _as(x: Operand, y: Operand) -> Operand:
    """Return an operand in the shape of another that has as many entries."""
    return x if shape_of(x) == shape_of(y) else reshape(shape_of(y))(x)


def _count(name: str, shape: Shape, axis: Axis) -> int:
    return product_of([shape[a] for a in axes_of(name, axis, shape)])


def _over(name: str, axis: Axis, keepdims: bool) -> dict[str, Any]:
    """Return what every reduction declares: its shape and how it is written."""
    return {
        "shape": lambda s: reduced(name, s, axis, keepdims),
        "text": f"{name}({{0}}{axis_text(axis, int(keepdims))})",
        "code": f"np.{name}({{0}}{axis_text(axis, keepdims)})",
        "latex": rf"\operatorname{{{name}}}{axis_latex(axis)}\left({{0}}\right)",
    }


@lru_cache(maxsize=1024)
def mean(axis: Axis, keepdims: bool) -> Primitive:
    """Return the mean over axes; that of nothing is nan."""

    def kernel(x: Any) -> Any:
        return np.sum(x, axis=axis, keepdims=keepdims) / np.float64(_count("mean", np.shape(x), axis))

    def back(bar: Operand, y: Operand, x: Operand) -> Operand:
        count = _count("mean", shape_of(x), axis) or 1  # of no entries there is no derivative, whatever this is
        return restored(bar / float(count), shape_of(x), axis)

    return tensor(
        "mean",
        kernel,
        work=lambda s: (product_of(reduced("mean", s, axis)), *_added(s, axis)),
        vjp=(back,),
        meaning="the mean",
        **_over("mean", axis, keepdims),
    )


def _added(shape: Shape, axis: Axis) -> tuple[int, int]:
    """Return the sums that add entries up over axes, and no other operations."""
    return max(0, product_of(shape) - product_of(reduced("", shape, axis))), 0


def _spread_work(axis: Axis, roots: int) -> Any:
    """Return the work of a variance: mean, deviations, squares, and their mean; and of its roots."""

    def work(s: Shape) -> tuple[int, int, int]:
        left = product_of(reduced("", s, axis))
        return product_of(s) + 2 * left, product_of(s) + 2 * _added(s, axis)[0], roots * left

    return work


def _deviations(x: Operand, axis: Axis) -> Operand:
    return x - mean(axis, True)(x)


def _variance(x: Any, axis: Axis, keepdims: bool, ddof: int) -> Any:
    x = np.asarray(x)
    n = np.float64(_count("var", x.shape, axis))
    d = x - np.sum(x, axis=axis, keepdims=True) / n
    return np.sum(d * d, axis=axis, keepdims=keepdims) / np.maximum(n - ddof, 0)


@lru_cache(maxsize=1024)
def var(axis: Axis, keepdims: bool, ddof: int = 0) -> Primitive:
    """Return the mean square of the deviations from the mean; their sum is divided by the count less ddof."""

    def slope(x: Operand) -> Operand:
        n = _count("var", shape_of(x), axis) - ddof
        return _deviations(x, axis) * (2.0 / n if n > 0 else float("nan"))

    def back(bar: Operand, y: Operand, x: Operand) -> Operand:
        return kept(bar, shape_of(x), axis) * slope(x)

    def forward(dot: Operand, y: Operand, x: Operand) -> Operand:
        return sum_over(axis, keepdims)(dot * slope(x))

    return tensor(
        "var",
        lambda x: _variance(x, axis, keepdims, ddof),
        work=_spread_work(axis, 0),
        jvp=(forward,),
        vjp=(back,),
        meaning="the variance",
        **_spread("var", axis, keepdims, ddof),
    )


def _spread(name: str, axis: Axis, keepdims: bool, ddof: int) -> dict[str, Any]:
    found = _over(name, axis, keepdims)
    if ddof:
        found["text"] = f"{name}({{0}}{axis_text(axis, int(keepdims))}, ddof={ddof})"
        found["code"] = f"np.{name}({{0}}{axis_text(axis, keepdims)}, ddof={ddof})"
    return found


def _with_root(axis: Axis, inner: Any, choice: str) -> dict[str, Any]:
    """Return the derivatives of a root of a sum of squares, at 0 the documented 0: y' = inner(x)/y."""

    def back(bar: Operand, y: Operand, x: Operand) -> Gated:
        shape = shape_of(x)
        length = kept(y, shape, axis)
        return Gated(kept(bar, shape, axis) * inner(x) / length, not_equal(length, 0.0))

    def forward(dot: Operand, y: Operand, x: Operand) -> Gated:
        return Gated(_as(sum_over(axis)(dot * inner(x)), y) / y, not_equal(y, 0.0))

    return {"jvp": (forward,), "vjp": (back,), "corners": (Corner(lambda y, x: not np.all(y), choice),)}


@lru_cache(maxsize=1024)
def std(axis: Axis, keepdims: bool, ddof: int = 0) -> Primitive:
    """Return the root of the variance. Where all entries are equal its derivative is 0, by choice."""

    def inner(x: Operand) -> Operand:
        n = _count("std", shape_of(x), axis) - ddof
        return _deviations(x, axis) * (1.0 / n if n > 0 else float("nan"))

    return tensor(
        "std",
        lambda x: np.sqrt(_variance(x, axis, keepdims, ddof)),
        work=_spread_work(axis, 1),
        meaning="the standard deviation",
        **_with_root(axis, inner, "std' = 0 where all are equal"),
        **_spread("std", axis, keepdims, ddof),
    )


@lru_cache(maxsize=1024)
def norm(axis: Axis, keepdims: bool) -> Primitive:
    """Return the Euclidean length over axes. At 0 its derivative is 0, by choice."""

    def kernel(x: Any) -> Any:
        top = np.max(np.abs(x), axis=axis, keepdims=True, initial=0.0)
        scale = np.where((top > 0) & np.isfinite(top), top, 1.0)  # so that no square overflows
        scaled = np.sqrt(np.sum((x / scale) ** 2, axis=axis, keepdims=True)) * scale
        return scaled if keepdims else np.reshape(scaled, reduced("norm", np.shape(x), axis))

    return tensor(
        "norm",
        kernel,
        work=lambda s: (product_of(s), _added(s, axis)[0], product_of(reduced("norm", s, axis))),
        meaning="the root of the sum of squares",
        **_with_root(axis, lambda x: x, "norm'(0) = 0"),
        **_over("norm", axis, keepdims) | {"latex": r"\left\|{0}\right\|", "code": f"_norm({{0}}, {axis}, {keepdims})"},
    )


def _extreme(name: str, pick: Any, axis: Axis, keepdims: bool, meaning: str) -> Primitive:
    def shape(s: Shape) -> Shape:
        if not _count(name, s, axis):
            raise RequestError(f"{name}: there is no entry along {_axes_text(axis)} of the shape {s}")
        return reduced(name, s, axis, keepdims)

    def share(y: Operand, x: Operand) -> tuple[Operand, Operand]:
        taken = equal(x, kept(y, shape_of(x), axis))
        return taken, sum_over(axis, True)(taken)

    def back(bar: Operand, y: Operand, x: Operand) -> Gated:
        taken, ties = share(y, x)
        return Gated(expanded(div(kept(bar, shape_of(x), axis), ties), shape_of(x)), taken)

    def forward(dot: Operand, y: Operand, x: Operand) -> Operand:
        taken, ties = share(y, x)
        return _as(div(sum_over(axis, True)(where(taken, dot, 0.0)), ties), y)

    return tensor(
        name,
        lambda x: pick(x, axis=axis, keepdims=keepdims),
        work=lambda s: (0, 0, _added(s, axis)[0]),
        jvp=(forward,),
        vjp=(back,),
        corners=(Corner(lambda y, x: np.any(share(y, x)[1] > 1), f"a tie in {name} shares the derivative equally"),),
        meaning=meaning,
        **_over(name, axis, keepdims) | {"shape": shape},
    )


def _axes_text(axis: Axis) -> str:
    return "the axes" if axis is None else f"axis {axis}"


@lru_cache(maxsize=1024)
def greatest(axis: Axis, keepdims: bool) -> Primitive:
    """Return the greatest entry over axes; a tie shares the derivative equally."""
    return _extreme("max", np.max, axis, keepdims, "the greatest entry")


@lru_cache(maxsize=1024)
def least(axis: Axis, keepdims: bool) -> Primitive:
    """Return the least entry over axes; a tie shares the derivative equally."""
    return _extreme("min", np.min, axis, keepdims, "the least entry")


def _last(x: Operand, axes: tuple[int, ...]) -> tuple[Operand, tuple[int, ...], Shape]:
    """Return an operand as a matrix whose rows are reduced, the order of axes that made it, and the shape between."""
    shape = shape_of(x)
    order = (*[a for a in range(len(shape)) if a not in axes], *axes)
    moved = tuple(shape[a] for a in order)
    rows = product_of(moved[: len(order) - len(axes)])
    columns = product_of(moved[len(order) - len(axes) :])
    return reshape((rows, columns))(transpose(order)(x)), order, moved


def _back(matrix: Operand, order: tuple[int, ...], moved: Shape) -> Operand:
    return transpose(tuple(order.index(n) for n in range(len(order))))(reshape(moved)(matrix))


def _others(x: Operand, axis: Axis) -> Operand:
    """Return for each entry the product of the others along the axes: no division, so that zeros do not matter.

    Products of pairs, of pairs of pairs, and so on, and then from the whole down: the product beside each part.
    """
    if not shape_of(x):
        return 1.0
    rows, order, moved = _last(x, axes_of("prod", axis, shape_of(x)))
    height, count = shape_of(rows)
    levels = []
    while shape_of(rows)[1] > 1:
        length = shape_of(rows)[1]
        if length % 2:
            rows = concat(1)(rows, np.ones((height, 1)))
        even, odd = gather((slice(None), slice(None, None, 2)))(rows), gather((slice(None), slice(1, None, 2)))(rows)
        levels.append((even, odd, length))
        rows = even * odd
    beside: Operand = np.ones((height, min(count, 1)))
    for even, odd, length in reversed(levels):
        both = stack(2)(beside * odd, beside * even)
        beside = reshape((height, 2 * shape_of(even)[1]))(both)
        if length % 2:
            beside = gather((slice(None), slice(0, length)))(beside)
    return _back(beside, order, moved)


@lru_cache(maxsize=1024)
def prod(axis: Axis, keepdims: bool) -> Primitive:
    """Return the product over axes; its derivative is right where entries are 0."""

    def back(bar: Operand, y: Operand, x: Operand) -> Operand:
        return kept(bar, shape_of(x), axis) * _others(x, axis)

    return tensor(
        "prod",
        lambda x: np.prod(x, axis=axis, keepdims=keepdims),
        work=lambda s: (_added(s, axis)[0], 0, 0),
        jvp=(lambda dot, y, x: sum_over(axis, keepdims)(dot * _others(x, axis)),),
        vjp=(back,),
        meaning="the product of the entries",
        **_over("prod", axis, keepdims),
    )


@lru_cache(maxsize=1024)
def cumsum(axis: int) -> Primitive:
    """Return the sums up to each entry along an axis."""

    def shape(s: Shape) -> Shape:
        normal_axis("cumsum", axis, len(s), s)
        return s

    def back(bar: Operand, y: Operand, x: Operand) -> Operand:
        turn = gather((*[slice(None)] * (axis % len(shape_of(x))), slice(None, None, -1)))
        return turn(cumsum(axis)(turn(bar)))

    return tensor(
        "cumsum",
        lambda x: np.cumsum(x, axis=axis),
        work=lambda s: (0, *_added(s, axis)),
        shape=shape,
        vjp=(back,),
        moves=True,
        text=f"cumsum({{0}}, axis={axis})" if axis else "cumsum({0})",
        code=f"np.cumsum({{0}}, axis={axis})",
        latex=r"\operatorname{cumsum}\left({0}\right)",
        meaning="the sums up to each entry",
    )


def _shifted(x: Any, axis: Axis) -> tuple[Any, Any]:
    """Return the greatest entries, and e to the power of the entries less these: no power overflows."""
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return top, np.exp(x - np.where(np.isfinite(top), top, 0.0))


@lru_cache(maxsize=1024)
def softmax(axis: Axis) -> Primitive:
    """Return the share of each exponential in the sum of them over axes."""

    def kernel(x: Any) -> Any:
        _, powers = _shifted(x, axis)
        return powers / np.sum(powers, axis=axis, keepdims=True)

    def shape(s: Shape) -> Shape:
        axes_of("softmax", axis, s)
        return s

    def change(t: Operand, y: Operand, x: Operand) -> Operand:
        part = t * y
        return part - sum_over(axis, True)(part) * y

    return tensor(
        "softmax",
        kernel,
        work=lambda s: (product_of(s), product_of(s) + _added(s, axis)[0], product_of(s)),
        shape=shape,
        jvp=(change,),
        vjp=(change,),  # its Jacobian, diag(y) - y·yᵀ, is symmetric
        text=f"softmax({{0}}{axis_text(None if axis == -1 else axis)})",
        code=f"_softmax({{0}}, {axis})",
        latex=r"\operatorname{softmax}\left({0}\right)",
        meaning="e^x over the sum of e^x",
    )


@lru_cache(maxsize=1024)
def logsumexp_over(axis: Axis, keepdims: bool) -> Primitive:
    """Return the logarithm of the sum of exponentials over axes."""

    def kernel(x: Any) -> Any:
        top, powers = _shifted(x, axis)
        found = np.log(np.sum(powers, axis=axis, keepdims=True)) + np.where(np.isfinite(top), top, 0.0)
        return found if keepdims else np.reshape(found, reduced("logsumexp", np.shape(x), axis))

    def shares(x: Operand) -> Operand:
        rank = len(shape_of(x))
        return softmax(axis if axis is not None else tuple(range(rank)) if rank > 1 else -1 if rank else None)(x)

    return tensor(
        "logsumexp",
        kernel,
        work=lambda s: (0, product_of(s) + _added(s, axis)[0], product_of(s) + product_of(reduced("", s, axis))),
        jvp=(lambda dot, y, x: sum_over(axis, keepdims)(dot * shares(x)),),
        vjp=(lambda bar, y, x: kept(bar, shape_of(x), axis) * shares(x),),
        meaning="the logarithm of the sum of the exponentials",
        **_over("logsumexp", axis, keepdims) | {"code": f"_logsumexp({{0}}, {axis}, {keepdims})"},
    )
