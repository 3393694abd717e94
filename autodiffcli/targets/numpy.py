"""NumPy: a function of arrays that returns a tuple of arrays, with SciPy's functions where NumPy lacks them.

Of an expression of numbers the arguments are columns of points. Of one with arrays or structures they are one point,
whose shapes the code is for and checks; gradients have the structure of what they are by.
"""

from __future__ import annotations

from typing import Any

from autodiffcli.graph import Graph
from autodiffcli.primitive import Primitive
from autodiffcli.structures import quoted
from autodiffcli.targets.compose import Composed, compose
from autodiffcli.targets.function import INFIX, Form, Function, Helper, Target, call
from autodiffcli.targets.python import RESERVED, define, literal, module
from autodiffcli.targets.structured import grouped

__all__ = ["TARGET", "source"]

# What the declarations evaluate by functions of their own, built on these of SciPy.
_SCIPY = {
    "erfc": "erfc",
    "erfcx": "erfcx",
    "gamma": "gamma",
    "lgamma": "gammaln",
    "digamma": "digamma",
    "besselj": "jv",
    "bessely": "yv",
}
_NUMPY = {"cbrt": "cbrt", "sin": "sin", "cos": "cos", "tan": "tan", "max": "maximum", "min": "minimum", "pow": "power"}


def library(op: Primitive) -> str | None:
    """Return the function of NumPy or of SciPy that evaluates a primitive, as its declaration says, or None."""
    if op.name in _NUMPY:
        return f"np.{_NUMPY[op.name]}"
    if op.name in _SCIPY:
        return f"special.{_SCIPY[op.name]}"
    module, _, name = op.array_name.rpartition(":")
    if name and module in ("", "numpy"):
        return f"np.{name}"
    return f"special.{name}" if module == "scipy.special" else None


HELPERS = {
    "sqrt": Helper(
        "_sqrt",
        """def _sqrt(a):
    return np.sqrt(a) + 0.0  # 0 at -0, so that its derivative is inf there""",
    ),
    "polygamma": Helper(
        "_polygamma",
        """def _polygamma(n, a):
    return special.polygamma(np.asarray(n, dtype=int), a)""",
    ),
}

ARRAY_HELPERS = {
    "_array": Helper(
        "_array",
        """def _array(name, value, shape):
    value = np.asarray(value, dtype=float)
    if value.shape != shape:
        raise ValueError(f"{name} has the shape {value.shape}, and this code is for {shape}")
    return value if shape else value[()]""",
    ),
    "_scatter": Helper(
        "_scatter",
        """def _scatter(a, key, shape):
    found = np.zeros(shape)
    np.add.at(found, key, a)
    return found""",
    ),
    "_norm": Helper(
        "_norm",
        """def _norm(a, axis, keepdims):
    top = np.max(np.abs(a), axis=axis, keepdims=True, initial=0.0)
    scale = np.where((top > 0) & np.isfinite(top), top, 1.0)  # so that no square overflows
    found = np.sqrt(np.sum((a/scale)**2, axis=axis, keepdims=True))*scale
    return found if keepdims else np.squeeze(found, axis)""",
    ),
    "_shifted": Helper(
        "_shifted",
        """def _shifted(a, axis):
    top = np.max(a, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0.0)  # so that no power overflows
    return top, np.exp(a - top)""",
    ),
    "_softmax": Helper(
        "_softmax",
        """def _softmax(a, axis):
    powers = _shifted(a, axis)[1]
    return powers/np.sum(powers, axis=axis, keepdims=True)""",
        needs=("_shifted",),
    ),
    "_logsumexp": Helper(
        "_logsumexp",
        """def _logsumexp(a, axis, keepdims):
    top, powers = _shifted(a, axis)
    found = np.log(np.sum(powers, axis=axis, keepdims=True)) + top
    return found if keepdims else np.squeeze(found, axis)""",
        needs=("_shifted",),
    ),
    "_solve": Helper(
        "_solve",
        """def _solve(a, b):
    if b.ndim == 1:
        return _solve(a, b[:, None])[..., 0]
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:  # of a batch, the others have a solution
        shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = np.broadcast_to(a, (*shape, *a.shape[-2:])), np.broadcast_to(b, (*shape, *b.shape[-2:]))
        if not shape:
            return np.full(b.shape, np.nan)
        return np.stack([_solve(*pair) for pair in zip(a, b)])""",
    ),
    "_inv": Helper(
        "_inv",
        """def _inv(a):
    return _solve(a, np.eye(a.shape[-1]))""",
        needs=("_solve",),
    ),
    "_cofactor": Helper(
        "_cofactor",
        """def _cofactor(a):
    u, s, vt = np.linalg.svd(a)
    n = s.shape[-1]
    rest = np.stack([np.prod(np.delete(s, k, axis=-1), axis=-1) for k in range(n)], axis=-1) if n else s
    sign = np.sign(np.linalg.det(u)*np.linalg.det(vt))
    return sign[..., None, None]*((u*rest[..., None, :]) @ vt)""",
    ),
}


def array_literal(value: Any) -> str:
    """Return an array of constants as NumPy writes it."""
    flat = value.ravel().tolist()
    if len({*map(repr, flat)}) <= 1:  # repr, since nan is not nan
        return f"np.full({value.shape}, {number(flat[0]) if flat else 0.0})"
    if value.ndim == 2 and all((x == 1.0) if n % (value.shape[1] + 1) == 0 else x == 0.0 for n, x in enumerate(flat)):
        return f"np.eye({value.shape[0]}, {value.shape[1]})"
    texts = [number(x) for x in flat]
    for length in reversed(value.shape):
        texts = [f"[{', '.join(texts[n : n + length])}]" for n in range(0, len(texts), length)]
    return f"np.array({texts[0]})"


def number(x: float) -> str:
    """Return a float as NumPy writes it."""
    return literal(x, "np").replace("np.-inf", "-np.inf")


TARGET = Target(
    language="NumPy",
    reserved=RESERVED,
    forms=INFIX
    | {
        "and": call("np.logical_and", 2),
        "or": call("np.logical_or", 2),
        "not": call("np.logical_not"),
        "where": call("np.where", 3),
    },
    library=library,
    helper=lambda op: HELPERS.get(op.name),
    number=number,
    assign=lambda name, text, condition: f"{name} = {text}",
    test="{0} != 0.0",
    convert=Form("np.where({0}, 1.0, 0.0)", 9, (0,)),
    define=define,
    prefix="_",
    structures=True,
    array=array_literal,
    array_helpers=ARRAY_HELPERS,
)


def source(function: Function) -> str:
    """Return the function as Python on NumPy's arrays."""
    imports = {"np.": "import numpy as np", "special.": "from scipy import special"}
    made = compose(function, TARGET)
    if not (function.graph.shapes or function.graph.structures):
        return module(function, made, "\n".join(_definition(function, made)), imports)
    made = made._replace(helpers=[ARRAY_HELPERS["_array"].definition, *made.helpers])
    return module(function, made, "\n".join(_at_a_point(function, made)), imports)


def _at_a_point(function: Function, made: Composed) -> list[str]:
    graph = function.graph
    reads = [
        f"    {text} = _array({quoted(name)}, {made.taken.get(name, text)}, {graph.shape(i)})"
        for (name, i), text in zip(graph.inputs.items(), made.locals, strict=True)
    ]
    results = [_own(graph, i, text) for i, text in zip(graph.outputs, made.results, strict=True)]
    return [
        f"def {made.name}({', '.join(made.parameters)}):",
        *reads,
        '    with np.errstate(all="ignore"):',
        *[f"        {text}" for text in made.statements],
        "        return (",
        *[f"            {text}," for text in grouped(function, results)],
        "        )",
    ]


def _own(graph: Graph, i: int, text: str) -> str:
    """Return an output as what nobody else holds: not an argument, nor a view of one."""
    if not graph.shape(i):
        return f"float({text})" if graph.args[i] else text
    return f"np.array({text})" if not graph.args[i] or graph.ops[i].moves else text


def _definition(function: Function, made: Composed) -> list[str]:
    graph, order = function.graph, made.parameters
    lines = [f"def {made.name}({', '.join(order)}):"]
    arrays = [f"np.asarray({text}, dtype=float)" for text in order]
    if len(order) > 1:
        # of one shape all: the derivative of x*y by x is y, and has the shape of both
        arrays = [f"np.broadcast_arrays({', '.join(arrays)})"]
    lines += [f"    {', '.join(order)} = {array}" for array in arrays]
    moving = graph.depends(graph.inputs.values())
    shaped = [
        text if not order or (moving[i] and graph.args[i]) else f"np.full(np.shape({order[0]}), {text})"
        for i, text in zip(graph.outputs, made.results, strict=True)
    ]
    return [
        *lines,
        '    with np.errstate(all="ignore"):',
        *[f"        {text}" for text in made.statements],
        "        return (",
        *[f"            {text}," for text in shaped],
        "        )",
    ]
