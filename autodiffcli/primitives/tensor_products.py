"""Products of arrays, and diagonals. Batches of matrices stand before the last two axes, as in NumPy."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from math import prod

import numpy as np

from autodiffcli.errors import RequestError
from autodiffcli.primitive import Operand, Primitive, Shape, broadcast_shapes, misfit
from autodiffcli.primitive import Term as Rule
from autodiffcli.primitives.tensor import (
    expanded,
    reshape,
    shape_of,
    tensor,
    transposed,
    unbroadcast,
)
from autodiffcli.primitives.tensor_index import scatter

__all__ = ["cross", "diag", "dot", "einsum", "matmul", "outer", "trace"]


def _matmul_shape(a: Shape, b: Shape) -> Shape:
    if not a or not b:
        raise misfit("@", a, b, "a scalar is multiplied by *")
    columns = _columns("@", a, b)
    try:
        batch = broadcast_shapes("@", a[:-2], b[:-2])
    except RequestError:
        raise misfit("@", a, b, "the axes before the last two broadcast") from None
    return (*batch, *a[-2:-1], *columns)


def _columns(name: str, a: Shape, b: Shape) -> Shape:
    """Return the last axis of a product: none, where the right side is a vector. Raises RequestError for misfits."""
    meets, *columns = b[-2:]
    if a[-1] != meets:
        raise misfit(name, a, b, f"the last axis of the left, {a[-1]}, meets {meets} of the right")
    return tuple(columns)


def _as_matrices(bar: Operand, a: Operand, b: Operand) -> tuple[Operand, Operand, Operand]:
    """Return adjoint and factors of a product as matrices: a vector is a row on the left, a column on the right."""
    s, t, u = shape_of(a), shape_of(b), shape_of(bar)
    if len(s) == 1:
        return reshape((*u[:-1], 1, u[-1]))(bar), reshape((1, *s))(a), b
    if len(t) == 1:
        return reshape((*u, 1))(bar), a, reshape((*t, 1))(b)
    return bar, a, b


def _reshaped(x: Operand, shape: Shape) -> Operand:
    return x if shape_of(x) == shape else reshape(shape)(x)


def _left(bar: Operand, y: Operand, a: Operand, b: Operand) -> Operand:
    shape, other = shape_of(a), shape_of(b)
    if len(shape) == 1 and len(other) <= 2:
        return bar * b if len(other) == 1 else matmul(b, bar)
    if len(shape) == 2 and len(other) == 1:
        return outer(bar, b)
    bar, a, b = _as_matrices(bar, a, b)
    return _reshaped(unbroadcast(matmul(bar, transposed(b)), shape_of(a)), shape)


def _right(bar: Operand, y: Operand, a: Operand, b: Operand) -> Operand:
    shape, other = shape_of(b), shape_of(a)
    if len(other) == 1 and len(shape) <= 2:
        return bar * a if len(shape) == 1 else outer(a, bar)
    if len(other) == 2:
        return matmul(transposed(a), bar)
    bar, a, b = _as_matrices(bar, a, b)
    return _reshaped(unbroadcast(matmul(transposed(a), bar), shape_of(b)), shape)


def _products(shape: Shape, met: int) -> tuple[int, int, int]:
    """Return the operations of a product of matrices of which `met` entries meet: the customary 2mnk."""
    return prod(shape) * met, prod(shape) * met, 0


matmul: Primitive = tensor(
    "matmul",
    np.matmul,
    work=lambda a, b: _products(_matmul_shape(a, b), a[-1]),
    shape=_matmul_shape,
    jvp=(lambda dot, y, a, b: matmul(dot, b), lambda dot, y, a, b: matmul(a, dot)),
    vjp=(_left, _right),
    arity=(2, 2),
    operator=("@", 6),
    code="{0} @ {1}",
    latex="{0} {1}",
    meaning="the matrix product, of matrices, vectors, and batches of matrices",
)


@lru_cache(maxsize=1024)
def einsum(subscripts: str) -> Primitive:
    """Return the sum of products that Einstein's notation says: "ij,jk->ik"; the part after -> may be left out."""
    spec = subscripts.replace(" ", "")
    left, arrow, right = spec.partition("->")
    terms = left.split(",")
    if not arrow:
        letters = left.replace(",", "")
        right = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    bad = not all((c.isalpha() and c.isascii()) for t in (*terms, right) for c in t)
    if bad or len(set(right)) != len(right) or not set(right) <= set(left):
        raise RequestError(
            f"einsum: '{subscripts}' is not understood", hint='letters for axes, as in einsum("ij,jk->ik", A, B)'
        )
    whole = f"{','.join(terms)}->{right}"

    def sizes(*shapes: Shape) -> dict[str, int]:
        if len(shapes) != len(terms):
            raise RequestError(f"einsum: '{subscripts}' names {len(terms)} arrays, and {len(shapes)} are given")
        found: dict[str, tuple[int, Shape]] = {}
        for term, s in zip(terms, shapes, strict=True):
            if len(term) != len(s):
                raise RequestError(f"einsum: '{term}' names {len(term)} axes, and the shape {s} has {len(s)}")
            for c, n in zip(term, s, strict=True):
                if found.setdefault(c, (n, s))[0] != n:
                    raise misfit(f"einsum '{subscripts}'", found[c][1], s, f"axis {c} has one length")
        return {c: n for c, (n, _) in found.items()}

    def shape(*shapes: Shape) -> Shape:
        known = sizes(*shapes)
        return tuple(known[c] for c in right)

    def work(*shapes: Shape) -> tuple[int, int, int]:
        terms_added = prod(sizes(*shapes).values())
        return terms_added * (len(terms) - 1), max(0, terms_added - prod(shape(*shapes))), 0

    def back(k: int, count: int) -> Rule:
        def rule(bar: Operand, y: Operand, *xs: Operand) -> Operand:
            known = sizes(*map(shape_of, xs))
            wanted = "".join(dict.fromkeys(terms[k]))
            others = [(terms[n], x) for n, x in enumerate(xs) if n != k]
            parts = [(right, bar), *others]
            present = set("".join(t for t, _ in parts))
            lone = "".join(c for c in wanted if c not in present)  # summed over alone: the adjoint is spread along it
            found = "".join(c for c in wanted if c in present)
            op = einsum(",".join(t for t, _ in parts) + "->" + found)
            g = op(*[x for _, x in parts])
            if lone:
                g = reshape(tuple(known[c] if c in present else 1 for c in wanted))(g)
                g = expanded(g, tuple(known[c] for c in wanted))
            if wanted != terms[k]:  # a diagonal: the adjoint is zero beside it
                grid = np.indices([known[c] for c in wanted])
                places = tuple(tuple(grid[wanted.index(c)].ravel().tolist()) for c in terms[k])
                g = scatter(places, shape_of(xs[k]))(_flat(g))
            return g

        return rule

    def forward(k: int, count: int) -> Rule:
        return lambda dot, y, *xs: op(*xs[:k], dot, *xs[k + 1 :])

    op = tensor(
        "einsum",
        lambda *xs: np.einsum(whole, *xs, optimize=len(xs) > 1),
        work=work,
        shape=shape,
        jvp=forward,
        vjp=back,
        arity=(len(terms), len(terms)),
        text=f'einsum("{spec}", {{*}})',
        code=f'np.einsum("{whole}", {{*}}, optimize=True)',
        latex=r"\operatorname{einsum}_{" + spec.replace("->", r"\to ") + r"}\left({*}\right)",
        meaning="sums of products in Einstein's notation",
    )
    return op


def _dot_shape(a: Shape, b: Shape) -> Shape:
    if not a or not b:
        return a or b
    columns = _columns("dot", a, b)
    return (*a[:-1], *b[:-2], *columns)


def _dot_back(k: int, count: int) -> Rule:
    def rule(bar: Operand, y: Operand, a: Operand, b: Operand) -> Operand:
        s, t = shape_of(a), shape_of(b)
        if not s or not t:
            return unbroadcast(bar * (b, a)[k], (s, t)[k])
        if len(t) <= 2:  # the same as a @ b
            return (_left, _right)[k](bar, y, a, b)
        letters = iter("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        rows, meet, batch, column = ("".join(islice(letters, n)) for n in (len(s) - 1, 1, len(t) - 2, 1))
        terms = rows + meet, batch + meet + column
        return einsum(f"{rows}{batch}{column},{terms[1 - k]}->{terms[k]}")(bar, (b, a)[k])

    return rule


dot: Primitive = tensor(
    "dot",
    np.dot,
    work=lambda a, b: _products(_dot_shape(a, b), a[-1]) if a and b else (prod(a or b), 0, 0),
    shape=_dot_shape,
    jvp=(lambda t, y, a, b: dot(t, b), lambda t, y, a, b: dot(a, t)),
    vjp=_dot_back,
    arity=(2, 2),
    text="dot({*})",
    latex=r"{0} \cdot {1}",
    meaning="the product over the last axis of a and the last but one of b",
)


def _flat(x: Operand) -> Operand:
    return x if len(shape_of(x)) == 1 else reshape((-1,))(x)


outer: Primitive = tensor(
    "outer",
    np.outer,
    work=lambda a, b: (prod(a) * prod(b), 0, 0),
    shape=lambda a, b: (int(np.prod(a)), int(np.prod(b))),
    jvp=(lambda t, y, a, b: outer(t, b), lambda t, y, a, b: outer(a, t)),
    vjp=(
        lambda bar, y, a, b: _reshaped(matmul(bar, _flat(b)), shape_of(a)),
        lambda bar, y, a, b: _reshaped(matmul(_flat(a), bar), shape_of(b)),
    ),
    arity=(2, 2),
    text="outer({*})",
    latex=r"{0} {1}^\mathsf{T}",
    meaning="every product of an entry of a and one of b",
)


def _cross_shape(a: Shape, b: Shape) -> Shape:
    if a[-1:] != (3,) or b[-1:] != (3,):
        raise misfit("cross", a, b, "both have a last axis of length 3")
    return broadcast_shapes("cross", a, b)


cross: Primitive = tensor(
    "cross",
    np.cross,
    work=lambda a, b: (2 * prod(_cross_shape(a, b)), prod(_cross_shape(a, b)), 0),
    shape=_cross_shape,
    jvp=(lambda t, y, a, b: cross(t, b), lambda t, y, a, b: cross(a, t)),
    vjp=(
        lambda bar, y, a, b: unbroadcast(cross(b, bar), shape_of(a)),
        lambda bar, y, a, b: unbroadcast(cross(bar, a), shape_of(b)),
    ),
    arity=(2, 2),
    text="cross({*})",
    latex=r"{0} \times {1}",
    meaning="the cross product of vectors in space",
)


def _diagonal_key(shape: Shape, k: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    rows, columns = shape
    length = max(0, min(rows + min(k, 0), columns - max(k, 0)))
    first = range(max(-k, 0), max(-k, 0) + length)
    return tuple(first), tuple(i + k for i in first)


@lru_cache(maxsize=256)
def diag(k: int) -> Primitive:
    """Return the k-th diagonal of a matrix, or the matrix that has a vector there."""

    def shape(s: Shape) -> Shape:
        if len(s) == 1:
            return (s[0] + abs(k), s[0] + abs(k))
        if len(s) != 2:
            raise RequestError(f"diag takes a vector or a matrix, not the shape {s}")
        rows, _ = _diagonal_key(s, k)
        return (len(rows),)

    def back(bar: Operand, y: Operand, x: Operand) -> Operand:
        s = shape_of(x)
        return diag(k)(bar) if len(s) == 1 else scatter(_diagonal_key(s, k), s)(bar)

    return tensor(
        "diag",
        lambda x: np.diag(x, k),
        picks=True,
        work=lambda s: (0, 0, 0),
        shape=shape,
        vjp=(back,),
        moves=True,
        text=f"diag({{0}}, k={k})" if k else "diag({0})",
        code=f"np.diag({{0}}, {k})",
        latex=r"\operatorname{diag}\left({0}\right)",
        meaning="the diagonal of a matrix, or the matrix with a vector on its diagonal",
    )


def _trace_shape(s: Shape) -> Shape:
    if len(s) < 2:
        raise RequestError(f"trace takes a matrix, not the shape {s}")
    return s[2:]


def _trace_back(bar: Operand, y: Operand, x: Operand) -> Operand:
    rows, columns, *rest = shape_of(x)
    return expanded(bar, shape_of(x)) * np.eye(rows, columns).reshape(rows, columns, *[1] * len(rest))


trace = tensor(
    "trace",
    np.trace,
    work=lambda s: (0, max(0, min(s[:2]) - 1) * prod(s[2:]), 0),
    shape=_trace_shape,
    vjp=(_trace_back,),
    picks=True,
    moves=True,
    text="trace({0})",
    latex=r"\operatorname{tr}\left({0}\right)",
    meaning="the sum of the diagonal",
)
