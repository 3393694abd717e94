"""Operations on whole arrays: what they are made of, and those that move entries about and add them up.

Each has static parameters (an axis, a shape, an index) and is made once for each choice of them by a cached function.
`jvp` and `vjp` are arithmetic on operands as partials are elsewhere: they run on arrays, and on nodes, where running
them builds the derivative's graph.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from math import prod
from typing import Any

import numpy as np

from autodiffcli.errors import RequestError
from autodiffcli.primitive import Corner, Operand, Primitive, Shape, broadcast_shapes, misfit
from autodiffcli.primitive import Term as Rule

__all__ = [
    "Axis",
    "axes_of",
    "axis_latex",
    "axis_text",
    "broadcast",
    "expanded",
    "kept",
    "normal_axis",
    "reduced",
    "reshape",
    "restored",
    "shape_of",
    "sum_over",
    "tensor",
    "transpose",
    "transposed",
    "unbroadcast",
    "zeros",
]

Axis = int | tuple[int, ...] | None
"""One axis or several, counted from the end where negative; None: all."""


def tensor(
    name: str,
    kernel: Callable[..., Any],
    *,
    shape: Callable[..., Shape],
    vjp: tuple[Rule, ...] | Callable[[int, int], Rule],
    jvp: tuple[Rule, ...] | Callable[[int, int], Rule] | None = None,
    work: Callable[..., tuple[int, int, int]] | None = None,
    moves: bool = False,
    picks: bool = False,
    analytic: bool = True,
    arity: tuple[int, int | None] = (1, 1),
    text: str = "",
    code: str = "",
    latex: str = "",
    operator: tuple[str, int] | None = None,
    corners: tuple[Corner, ...] = (),
    meaning: str = "",
) -> Primitive:
    """Declare an operation on whole arrays.

    kernel:  evaluates floats and float64 arrays.
    shape:   gives the result's shape by those of the arguments; raises RequestError where they do not fit.
    vjp:     for each argument the term of its adjoint, a function of (adjoint of y, y, *x).
    jvp:     for each argument the term of y's tangent, a function of (tangent of x, y, *x). None: it is linear in all
             of its arguments together, and the tangent is its own value at the tangents.
    work:    the products, sums and other operations on entries that a value takes, by the arguments' shapes. None: a
             sum for each entry that comes to another.
    moves:   every entry of the result is a sum of entries of the arguments, so that what is structurally zero stays so.
    picks:   of those some are of no entry of the result: they have no part in the derivative, whatever it is there.
    analytic: whether the kernel takes complex numbers beside the real line, as every linear one does.
    corners: where the derivative is a choice, of y and the arguments as a whole.
    text:    how the language writes it, with {0} or {*} for the arguments; code: how NumPy does, or a helper of
             targets/numpy.py. Without it NumPy's function of that name is meant.
    """
    op = Primitive(name)

    @wraps(kernel)  # what it is, and takes, is the kernel's
    def evaluate(*xs: Any) -> Any:
        y = kernel(*xs)
        return y if y.__class__ is np.ndarray and y.ndim else float(y)

    def beside(*zs: Any) -> Any:
        if op.linear:
            return evaluate(*map(np.real, zs)) + 1j * evaluate(*map(np.imag, zs))
        return kernel(*zs)

    def linear(k: int, count: int) -> Rule:
        return lambda dot, y, *xs: op(*[dot if n == k else zeros(shape_of(x)) for n, x in enumerate(xs)])

    def added(*shapes: Shape) -> tuple[int, int, int]:
        return 0, max(0, sum(map(prod, shapes)) - prod(shape(*shapes))), 0

    op.arity, op.scalar, op._array, op.edge = arity, evaluate, evaluate, evaluate
    op._analytic = beside if analytic else None
    op.shape, op.vjp, op.jvp = shape, vjp, jvp or linear
    op.linear, op.moves, op.picks = jvp is None, moves, picks
    op.work = work or added
    op.partials = lambda k, count: None  # there is none to multiply by
    op.text, op.code = text, code or f"np.{name}({{*}})"
    op.latex, op.operator, op.corners, op.meaning = latex, operator, corners, meaning
    return op


# Operands


def shape_of(x: Operand) -> Shape:
    """Return the shape of an operand of any kind: a float's is ()."""
    return getattr(x, "shape", ())


def zeros(shape: Shape) -> Any:
    """Return zeros of a shape, which take no room."""
    return np.broadcast_to(0.0, shape) if shape else 0.0


def expanded(x: Operand, shape: Shape) -> Operand:
    """Return an operand broadcast to a shape."""
    return x if shape_of(x) == shape else broadcast(shape)(x)


def unbroadcast(x: Operand, shape: Shape) -> Operand:
    """Return an operand summed over the axes along which one of the shape was broadcast to it."""
    have = shape_of(x)
    if have == shape:
        return x
    lead = len(have) - len(shape)
    axes = tuple(n for n, length in enumerate(have) if n < lead or shape[n - lead] != length)
    if axes:
        x = sum_over(None if len(axes) == len(have) else axes if len(axes) > 1 else axes[0])(x)
    return x if shape_of(x) == shape else reshape(shape)(x)


def reduced(name: str, shape: Shape, axis: Axis, keepdims: bool = False) -> Shape:
    """Return the shape that a reduction over axes leaves."""
    axes = axes_of(name, axis, shape)
    if keepdims:
        return tuple(1 if n in axes else length for n, length in enumerate(shape))
    return tuple(length for n, length in enumerate(shape) if n not in axes)


def kept(y: Operand, shape: Shape, axis: Axis) -> Operand:
    """Return what a reduction left of a shape, with the axes that it went over of length 1, so that it broadcasts."""
    wanted = reduced("", shape, axis, True)
    return y if shape_of(y) in (wanted, ()) else reshape(wanted)(y)


def restored(y: Operand, shape: Shape, axis: Axis) -> Operand:
    """Return what a reduction left of a shape, spread again over the axes that it went over."""
    return expanded(kept(y, shape, axis), shape)


def axes_of(name: str, axis: Axis, shape: Shape) -> tuple[int, ...]:
    """Return axes as numbers from 0. Raises RequestError for one that there is not, and for one given twice."""
    rank = len(shape)
    if axis is None:
        return tuple(range(rank))
    axes = tuple(normal_axis(name, a, rank, shape) for a in ((axis,) if isinstance(axis, int) else axis))
    if len(set(axes)) != len(axes):
        raise RequestError(f"{name}: an axis is given twice: {axis}")
    return axes


def normal_axis(name: str, axis: int, rank: int, shape: Shape) -> int:
    """Return an axis as a number from 0. Raises RequestError if there is none."""
    if not -rank <= axis < rank:
        last = f"its axes are 0 to {rank - 1}" if rank else "a scalar has no axes"
        raise RequestError(f"{name}: the shape {shape} has no axis {axis}", hint=last)
    return axis % rank


def axis_latex(axis: Axis) -> str:
    """Return the axes of a reduction as an index of its name."""
    return "" if axis is None else rf"_{{\text{{axis }}{axis}}}"


def axis_text(axis: Axis, keepdims: bool | int = False) -> str:
    """Return parameters of a reduction as the language writes them, after a comma; with keepdims=True as Python does.

    >>> axis_text((0, 1), 1), axis_text(None, True)
    (', axis=(0, 1), keepdims=1', ', keepdims=True')
    """
    return (f", axis={axis}" if axis is not None else "") + f", keepdims={keepdims}" * bool(keepdims)


# Adding up, spreading, and moving entries


@lru_cache(maxsize=4096)
def sum_over(axis: Axis = None, keepdims: bool = False) -> Primitive:
    """Return the sum over axes."""
    return tensor(
        "sum",
        lambda x: np.sum(x, axis=axis, keepdims=keepdims),
        shape=lambda s: reduced("sum", s, axis, keepdims),
        vjp=(lambda bar, y, x: restored(bar, shape_of(x), axis),),
        moves=True,
        text=f"sum({{0}}{axis_text(axis, int(keepdims))})",
        code=f"np.sum({{0}}{axis_text(axis, keepdims)})",
        latex=r"\operatorname{sum}" + axis_latex(axis) + r"\left({0}\right)",
        meaning="the sum of the entries, or of those along axes",
    )


@lru_cache(maxsize=4096)
def broadcast(shape: Shape) -> Primitive:
    """Return the repetition along new axes, and along those of length 1, by NumPy's rules."""

    def check(s: Shape) -> Shape:
        if any(length < 0 for length in shape) or broadcast_shapes("broadcast", s, shape) != shape:
            raise misfit("broadcast", s, shape, "only axes of length 1 and missing first ones can be repeated")
        return shape

    return tensor(
        "broadcast",
        lambda x: np.broadcast_to(x, shape),
        shape=check,
        vjp=(lambda bar, y, x: unbroadcast(bar, shape_of(x)),),
        moves=True,
        text=f"broadcast({{0}}, {shape})",
        code=f"np.broadcast_to({{0}}, {shape})",
        latex=r"\operatorname{broadcast}\left({0}\right)",
        meaning="x repeated to a shape, by NumPy's rules",
    )


@lru_cache(maxsize=4096)
def reshape(shape: Shape) -> Primitive:
    """Return the same entries in another shape; one length may be -1, which is what is left for it."""

    def check(s: Shape) -> Shape:
        size, known = prod(s), prod([n for n in shape if n != -1])
        found = shape
        if shape.count(-1) == 1 and known:
            found = tuple(size // known if n == -1 else n for n in shape)
        if any(n < 0 for n in found) or prod(found) != size:
            raise misfit("reshape", s, shape, f"the number of entries stays the same: {size:,}")
        return found

    return tensor(
        "reshape",
        lambda x: np.reshape(x, shape),
        shape=check,
        vjp=(lambda bar, y, x: reshape(shape_of(x))(bar),),
        moves=True,
        text=f"reshape({{0}}, {shape})",
        code=f"np.reshape({{0}}, {shape})",
        latex=r"\operatorname{reshape}\left({0}\right)",
        meaning="the same entries in another shape",
    )


@lru_cache(maxsize=4096)
def transpose(axes: tuple[int, ...] | None = None) -> Primitive:
    """Return the array with its axes in another order, by default reversed."""

    def check(s: Shape) -> Shape:
        order = tuple(range(len(s)))[::-1] if axes is None else axes_of("transpose", axes, s)
        if len(order) != len(s):
            raise RequestError(f"transpose: the shape {s} has {len(s)} axes, and {axes} names {len(order)}")
        return tuple(s[a] for a in order)

    def back(bar: Operand, y: Operand, x: Operand) -> Operand:
        if axes is None:
            return transpose()(bar)
        order = [a % len(axes) for a in axes]
        return transpose(tuple(order.index(n) for n in range(len(order))))(bar)

    op = tensor(
        "transpose",
        lambda x: np.transpose(x, axes),
        shape=check,
        vjp=(back,),
        moves=True,
        text="{0}'" if axes is None else f"transpose({{0}}, axes={axes})",
        code=f"np.transpose({{0}}, {axes})" if axes else "np.transpose({0})",
        latex=r"{0}^\mathsf{T}",
        meaning="the array with its axes reversed, or in another order",
    )
    op.involution = axes is None
    return op


def transposed(x: Operand) -> Operand:
    """Return an operand with its last two axes changed."""
    rank = len(shape_of(x))
    if rank <= 2:
        return transpose()(x)
    return transpose((*range(rank - 2), rank - 1, rank - 2))(x)
