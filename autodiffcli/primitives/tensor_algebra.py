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
    *_, n = s
    cubes = round(times * prod(s) * n)
    return cubes, cubes, 0


def _solve_work(a: Shape, y: Shape) -> tuple[int, int, int]:
    *_, n = a
    factors, _, others = _cubes(a, 1 / 3)
    both = factors + prod(y) * n
    return both, both, others


def _or_nan(kernel: Any, signature: str) -> Any:
    """Return a kernel of NumPy's for batches of matrices, which gives nan for those that are singular."""

    def one(*matrices: Any) -> Any:
        try:
            return kernel(*matrices)
        except np.linalg.LinAlgError:
            return np.full(matrices[-1].shape, np.nan, np.result_type(*matrices))  # the shape is that of the result

    each = np.vectorize(one, signature=signature)

    def every(*batches: Any) -> Any:
        try:
            return kernel(*batches)
        except np.linalg.LinAlgError:
            return each(*batches)

    return every


_solve_matrix = _or_nan(np.linalg.solve, "(n,n),(n,m)->(n,m)")


def _solve(a: Any, b: Any) -> Any:
    return _solve_matrix(a, b) if np.ndim(b) > 1 else _solve_matrix(a, b[:, None])[..., 0]


inv: Primitive = tensor(
    "inv",
    _or_nan(np.linalg.inv, "(n,n)->(n,n)"),
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
    _or_nan(_cofactor, "(n,n)->(n,n)"),
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
    *batch, n, _ = _square("solve", a)
    if b[-2:][:1] != (n,):  # of a vector its own length
        raise misfit("solve", a, b, f"the right side has {n} rows")
    if len(b) == 1:
        return (*batch, n)
    try:
        return (*broadcast_shapes("solve", tuple(batch), b[:-2]), *b[-2:])
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
    if len(shape_of(a)) == 2:
        return solve(transposed(a), bar)
    vector = len(shape_of(b)) == 1
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
