"""Linear algebra. Batches of matrices stand before the last two axes, as in NumPy.

The derivatives of inv, det and solve are those of Giles, Collected matrix derivative results for forward and reverse
mode algorithmic differentiation (2008), section 2.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autodiffcli.errors import RequestError
from autodiffcli.primitive import Operand, Primitive, Shape, broadcast_shapes, misfit
from autodiffcli.primitives.tensor import kept, reshape, shape_of, sum_over, tensor, transposed, unbroadcast
from autodiffcli.primitives.tensor_products import matmul, outer

__all__ = ["cofactor", "det", "inv", "solve"]


def _square(name: str, s: Shape) -> Shape:
    if len(s) < 2 or s[-1] != s[-2]:
        raise RequestError(f"{name} takes a square matrix, not the shape {s}")
    return s


def _cubes(s: Shape, times: float) -> tuple[int, int, int]:
    """Return the operations of a factorisation of n-by-n matrices: so many times 2n³, half of them products."""
    cubes = round(times * prod(s) * s[-1])
    return cubes, cubes, 0


def _solve_work(a: Shape, y: Shape) -> tuple[int, int, int]:
    products, sums, _ = _cubes(a, 1 / 3)
    return products + prod(y) * a[-1], sums + prod(y) * a[-1], 0


def _or_nan(kernel: Any, a: Any, *more: Any) -> Any:
    """Return what a kernel of NumPy's makes of matrices, with nan for those that are singular."""
    try:
        return kernel(a, *more)
    except np.linalg.LinAlgError:
        pass
    found = kernel(np.broadcast_to(np.eye(a.shape[-1]), a.shape), *more) * np.nan
    if a.ndim > 2 and not more:
        for place in np.ndindex(a.shape[:-2]):
            found[place] = _or_nan(kernel, a[place])
    elif a.ndim > 2:
        (b,) = more
        b = np.broadcast_to(b, (*found.shape[:-2], *b.shape[-2:]))
        a = np.broadcast_to(a, (*found.shape[:-2], *a.shape[-2:]))
        for place in np.ndindex(found.shape[:-2]):
            found[place] = _or_nan(kernel, a[place], b[place])
    return found


def _solve(a: Any, b: Any) -> Any:
    b = np.asarray(b)
    if b.ndim == 1:
        return _or_nan(np.linalg.solve, a, b[:, None])[..., 0]
    return _or_nan(np.linalg.solve, a, b)


inv: Primitive = tensor(
    "inv",
    lambda a: _or_nan(np.linalg.inv, a),
    shape=lambda s: _square("inv", s),
    work=lambda s: _cubes(s, 1),
    jvp=(lambda t, y, a: -matmul(matmul(y, t), y),),
    vjp=(lambda bar, y, a: -matmul(matmul(transposed(y), bar), transposed(y)),),
    text="inv({0})",
    code="_inv({0})",
    latex="{0}^{-1}",
    meaning="the inverse of a matrix",
)


def _cofactor(a: Any) -> Any:
    u, s, vt = np.linalg.svd(a)
    n = s.shape[-1]
    rest = np.stack([np.prod(np.delete(s, k, axis=-1), axis=-1) for k in range(n)], axis=-1) if n else s
    sign = np.linalg.det(u) * np.linalg.det(vt)
    return np.sign(sign)[..., None, None] * np.matmul(u * rest[..., None, :], vt)


def _cofactor_change(t: Operand, a: Operand) -> Operand:
    """Return what a change of a matrix does to its cofactors, det(A)·A^(-T), where it has an inverse."""
    back = transposed(inv(a))
    whole = sum_over((-2, -1), True)(back * t)
    spread = matmul(matmul(back, transposed(t)), back)
    d = det(a)
    return reshape((*shape_of(d), 1, 1))(d) * (whole * back - spread)


cofactor: Primitive = tensor(
    "cofactor",
    lambda a: _or_nan(_cofactor, a),
    analytic=False,
    shape=lambda s: _square("cofactor", s),
    work=lambda s: _cubes(s, 10),  # by the singular value decomposition, some 20n³
    jvp=(lambda t, y, a: _cofactor_change(t, a),),
    vjp=(lambda bar, y, a: _cofactor_change(bar, a),),  # the second derivative of det is symmetric
    text="cofactor({0})",
    code="_cofactor({0})",
    latex=r"\operatorname{cof}\left({0}\right)",
    meaning="the cofactors of a matrix, det(A)·A^(-T) where it has an inverse",
)
det: Primitive = tensor(
    "det",
    np.linalg.det,
    shape=lambda s: _square("det", s)[:-2],
    work=lambda s: _cubes(s, 1 / 3),
    jvp=(lambda t, y, a: sum_over((-2, -1))(cofactor(a) * t),),
    vjp=(lambda bar, y, a: kept(bar, shape_of(a), (-2, -1)) * cofactor(a),),
    text="det({0})",
    code="np.linalg.det({0})",
    latex=r"\det\left({0}\right)",
    meaning="the determinant",
)


def _solve_shape(a: Shape, b: Shape) -> Shape:
    _square("solve", a)
    if not b or a[-1] != (b[-1] if len(b) == 1 else b[-2]):
        raise misfit("solve", a, b, f"the right side has {a[-1]} rows")
    if len(b) == 1:
        return a[:-1]
    try:
        return (*broadcast_shapes("solve", a[:-2], b[:-2]), *b[-2:])
    except RequestError:
        raise misfit("solve", a, b, "the axes before the last two broadcast") from None


def _column(x: Operand, vector: bool) -> Operand:
    return reshape((*shape_of(x), 1))(x) if vector else x


def _solve_a(bar: Operand, y: Operand, a: Operand, b: Operand) -> Operand:
    vector = len(shape_of(b)) == 1
    if vector and len(shape_of(a)) == 2:
        return -outer(solve(transposed(a), bar), y)
    seen = solve(transposed(a), _column(bar, vector))
    return unbroadcast(-matmul(seen, transposed(_column(y, vector))), shape_of(a))


def _solve_b(bar: Operand, y: Operand, a: Operand, b: Operand) -> Operand:
    vector = len(shape_of(b)) == 1
    if vector and len(shape_of(a)) == 2:
        return solve(transposed(a), bar)
    seen = solve(transposed(a), _column(bar, vector))
    return unbroadcast(reshape(shape_of(bar))(seen) if vector else seen, shape_of(b))


def _solve_dot(t: Operand, y: Operand, a: Operand, b: Operand) -> Operand:
    vector = len(shape_of(b)) == 1
    found = -solve(a, matmul(t, _column(y, vector)))
    return reshape(shape_of(y))(found) if vector else found


solve: Primitive = tensor(
    "solve",
    _solve,
    shape=_solve_shape,
    work=lambda a, b: _solve_work(a, _solve_shape(a, b)),
    jvp=(_solve_dot, lambda t, y, a, b: solve(a, t)),
    vjp=(_solve_a, _solve_b),
    arity=(2, 2),
    text="solve({*})",
    code="_solve({*})",
    latex="{0}^{-1} {1}",
    meaning="the x with A @ x = b",
)
