"""NumPy: a function of arrays that returns a tuple of arrays, with SciPy's functions where NumPy lacks them."""

from __future__ import annotations

from autodiffcli.primitive import Primitive
from autodiffcli.targets.compose import Composed, compose
from autodiffcli.targets.function import INFIX, Form, Function, Helper, Target, call
from autodiffcli.targets.python import RESERVED, define, literal, module

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
_NUMPY = {"sqrt": "sqrt", "cbrt": "cbrt", "sin": "sin", "cos": "cos", "tan": "tan", "max": "maximum", "min": "minimum"}


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
    "polygamma": Helper(
        "_polygamma",
        """def _polygamma(n, a):
    return special.polygamma(np.asarray(n, dtype=int), a)""",
    ),
}

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
    number=lambda x: literal(x, "np").replace("np.-inf", "-np.inf"),
    assign=lambda name, text, condition: f"{name} = {text}",
    test="{0} != 0.0",
    convert=Form("np.where({0}, 1.0, 0.0)", 9, (0,)),
    define=define,
    prefix="_",
)


def source(function: Function) -> str:
    """Return the function as Python on NumPy's arrays."""
    made = compose(function, TARGET)
    imports = {"np.": "import numpy as np", "special.": "from scipy import special"}
    return module(function, made, "\n".join(_definition(function, made)), imports)


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
