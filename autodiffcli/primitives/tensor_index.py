"""Indices of arrays, and arrays put together: what picks entries, puts them somewhere, and sets arrays side by side."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from autodiffcli.errors import RequestError
from autodiffcli.primitive import Operand, Primitive, Shape, misfit
from autodiffcli.primitive import Term as Rule
from autodiffcli.primitives.tensor import normal_axis, shape_of, tensor

__all__ = ["Key", "concat", "gather", "key_text", "scatter", "stack"]

Key = tuple[Any, ...]
"""An index: integers, slices, None for a new axis, Ellipsis, and tuples of integers for entries picked one by one."""


def key_text(key: Key) -> str:
    """Return an index as the language writes it.

    >>> key_text((0, slice(None, 3, None), slice(None, None, -1)))
    '0, :3, ::-1'
    """

    def part(k: Any) -> str:
        if isinstance(k, slice):
            ends = ["" if n is None else str(n) for n in (k.start, k.stop, k.step)]
            return ":".join(ends if ends[2] else ends[:2])
        return "..." if k is Ellipsis else "newaxis" if k is None else str(list(k) if isinstance(k, tuple) else k)

    return ", ".join(map(part, key))


def _code(key: Key) -> str:
    """Return an index as Python writes it."""
    return key_text(key).replace("newaxis", "np.newaxis")


def _frozen(key: Key) -> Key:
    return tuple(("slice", k.start, k.stop, k.step) if isinstance(k, slice) else k for k in key)


def _thawed(key: Key) -> Key:
    return tuple(slice(*k[1:]) if isinstance(k, tuple) and k[:1] == ("slice",) else k for k in key)


def _numpy_key(key: Key) -> Key:
    return tuple(np.array(k, dtype=np.intp) if isinstance(k, tuple) else k for k in key)


def gather(key: Key) -> Primitive:
    """Return the entries at an index; see `Key`."""
    return _gather(_frozen(key))


def scatter(key: Key, shape: Shape) -> Primitive:
    """Return an array of a shape with the operand added at an index, else zeros."""
    return _scatter(_frozen(key), shape)


@lru_cache(maxsize=4096)
def _gather(frozen: Key) -> Primitive:
    key = _thawed(frozen)
    places = _numpy_key(key)

    def check(s: Shape) -> Shape:
        try:
            return np.broadcast_to(0.0, s)[places].shape
        except (IndexError, ValueError) as error:
            raise RequestError(
                f"[{key_text(key)}] is no index of the shape {s}: {error}",
                hint="indices count from 0, and from the end where negative",
            ) from None

    return tensor(
        "index",
        lambda x: np.asarray(x)[places],
        work=lambda s: (0, 0, 0),
        shape=check,
        vjp=(lambda bar, y, x: scatter(key, shape_of(x))(bar),),
        picks=True,
        moves=True,
        text=f"{{0}}[{key_text(key)}]",
        code=f"{{0}}[{_code(key)}]",
        latex=f"{{0}}_{{[{key_text(key)}]}}",
        meaning="the entries at an index",
    )


@lru_cache(maxsize=4096)
def _scatter(frozen: Key, shape: Shape) -> Primitive:
    key = _thawed(frozen)
    places = _numpy_key(key)
    repeats = any(isinstance(k, tuple) for k in key)

    def kernel(x: Any) -> Any:
        y = np.zeros(shape)
        if repeats:
            np.add.at(y, places, x)
        else:
            y[places] = x
        return y

    def check(s: Shape) -> Shape:
        found = np.broadcast_to(0.0, shape)[places].shape
        if found != s:
            raise misfit("scatter", s, found, "an entry for each place")
        return shape

    return tensor(
        "scatter",
        kernel,
        shape=check,
        vjp=(lambda bar, y, x: gather(key)(bar),),
        moves=True,
        text=f"scatter({{0}}, [{key_text(key)}], {shape})",
        code=f"_scatter({{0}}, np.s_[{_code(key)}], {shape})",
        latex=r"\operatorname{scatter}\left({0}\right)",
        meaning="zeros, with x at an index",
    )


def _slab(axis: int, rank: int, part: slice | int) -> Key:
    return (*[slice(None)] * (axis % rank), part)


@lru_cache(maxsize=4096)
def concat(axis: int) -> Primitive:
    """Return arrays one after the other along an axis that they have."""

    def check(*shapes: Shape) -> Shape:
        first = shapes[0]
        a = normal_axis("concat", axis, len(first), first)
        for s in shapes[1:]:
            if len(s) != len(first) or s[:a] + s[a + 1 :] != first[:a] + first[a + 1 :]:
                raise misfit("concat", first, s, f"they differ in axis {a} only")
        return (*first[:a], sum(s[a] for s in shapes), *first[a + 1 :])

    def rule(k: int, count: int) -> Rule:
        def back(bar: Operand, y: Operand, *xs: Operand) -> Operand:
            rank = len(shape_of(bar))
            start = sum(shape_of(x)[axis] for x in xs[:k])
            return gather(_slab(axis, rank, slice(start, start + shape_of(xs[k])[axis])))(bar)

        return back

    return tensor(
        "concat",
        lambda *xs: np.concatenate(xs, axis=axis),
        shape=check,
        vjp=rule,
        moves=True,
        arity=(1, None),
        text=f"concat({{*}}, axis={axis})" if axis else "concat({*})",
        code=f"np.concatenate([{{*}}], axis={axis})",
        latex=r"\operatorname{concat}\left({*}\right)",
        meaning="arrays one after the other along an axis",
    )


@lru_cache(maxsize=4096)
def stack(axis: int = 0) -> Primitive:
    """Return arrays of one shape beside each other along a new axis."""

    def check(*shapes: Shape) -> Shape:
        first = shapes[0]
        a = normal_axis("stack", axis, len(first) + 1, first)
        for s in shapes[1:]:
            if s != first:
                raise misfit("stack", first, s, "all have one shape")
        return (*first[:a], len(shapes), *first[a:])

    def rule(k: int, count: int) -> Rule:
        return lambda bar, y, *xs: gather(_slab(axis, len(shape_of(bar)), k))(bar)

    return tensor(
        "stack",
        lambda *xs: np.stack(xs, axis=axis),
        shape=check,
        vjp=rule,
        moves=True,
        arity=(1, None),
        text=f"stack({{*}}, axis={axis})" if axis else "[{*}]",
        code=f"np.stack([{{*}}], axis={axis})",
        latex=r"\left[{*}\right]" if axis == 0 else r"\operatorname{stack}\left({*}\right)",
        meaning="arrays beside each other along a new axis; [a, b] is stack(a, b)",
    )
