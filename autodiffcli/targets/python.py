"""Python: a function of floats that returns a tuple, with the standard library alone.

Python's arithmetic raises where IEEE 754 gives inf or nan; helpers give what adcalc itself gives there.
"""

from __future__ import annotations

import builtins
import keyword
import math
from collections.abc import Mapping, Sequence

from autodiffcli.primitive import Primitive
from autodiffcli.targets.compose import Composed, compose
from autodiffcli.targets.function import INFIX, WIDEST, Form, Function, Helper, Target, call, in_math
from autodiffcli.targets.header import header
from autodiffcli.targets.structured import grouped, labels

__all__ = ["RESERVED", "TARGET", "define", "literal", "module", "source"]

RESERVED = frozenset([*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "math", "np", "special"])

# What a helper returns where the function of math raises; of one that is not here, inf for an overflow, else nan.
_EDGES = dict.fromkeys(("exp", "exp2", "expm1", "cosh"), "math.inf") | {
    "ln": "-math.inf if a == 0 else math.nan",
    "log2": "-math.inf if a == 0 else math.nan",
    "log10": "-math.inf if a == 0 else math.nan",
    "log1p": "-math.inf if a == -1 else math.nan",
    "sinh": "math.copysign(math.inf, a)",
    "atanh": "math.copysign(math.inf, a) if abs(a) == 1 else math.nan",
    "gamma": "math.copysign(math.inf, a) if abs(a) < 1 else math.inf if a > 0 else math.nan",
    "lgamma": "math.inf",
}
_EDGES |= dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "acosh"), "math.nan")
_NEVER_RAISE = frozenset(["atan", "atan2", "tanh", "asinh", "erf", "erfc", "abs", "cbrt", "hypot", "deg", "rad"])
_STEPS = {"floor": "math.floor(a)", "ceil": "math.ceil(a)", "round": "round(a)", "trunc": "math.trunc(a)"}

HELPERS = {
    "sqrt": Helper(
        "_sqrt",
        """def _sqrt(a):
    return math.sqrt(a) + 0.0 if a >= 0 else math.nan  # 0 at -0, so that its derivative is inf there""",
    ),
    "div": Helper(
        "_div",
        """def _div(a, b):
    try:
        return a/b
    except ZeroDivisionError:  # as IEEE 754 has it: 1/0 is inf, 0/0 is nan
        return math.nan if a == 0 or a != a else math.copysign(math.inf, a)*math.copysign(1.0, b)""",
    ),
    "mod": Helper(
        "_mod",
        """def _mod(a, b):
    return a % b if b else math.nan""",
    ),
    "pow": Helper(
        "_pow",
        """def _pow(a, b):
    try:
        return math.pow(a, b)
    except (OverflowError, ValueError):
        odd = math.isfinite(b) and b % 2 == 1
        if a == 0:
            return math.copysign(math.inf, a) if odd else math.inf
        if math.isfinite(a) and a < 0 and b % 1 != 0:
            return math.nan
        return -math.inf if a < 0 and odd else math.inf""",
    ),
    "max": Helper(
        "_max",
        """def _max(a, b):
    return a if a >= b or a != a else b""",
    ),
    "min": Helper(
        "_min",
        """def _min(a, b):
    return a if a <= b or a != a else b""",
    ),
} | {
    name: Helper(
        f"_{name}",
        f"""def _{name}(a):
    return math.copysign({text}, a) if math.isfinite(a) else a""",
    )
    for name, text in _STEPS.items()
}

FORMS = INFIX | {
    "quotient": INFIX["div"],
    "and": Form("{0} and {1}", 2, (2, 3)),
    "or": Form("{0} or {1}", 1, (1, 2)),
    "not": Form("not {0}", 3, (3,)),
    "where": Form("{1} if {0} else {2}", 0, (1, 1, 0)),
    "abs": call("abs"),
}
del FORMS["div"]


def literal(x: float, module: str = "math") -> str:
    """Return a float as Python writes it."""
    return repr(float(x)) if math.isfinite(x) else f"{module}.{x}".replace("math.-inf", "-math.inf")


def _called(op: Primitive) -> str | None:
    # these are declared with a correction that is not worth its code here
    name = op.name if op.name in ("sqrt", "cbrt", "lgamma", "sin", "cos", "tan") else in_math(op)
    if not name:
        return None
    return f"math.{name}" if op.name in _NEVER_RAISE else f"_{op.name}"


def _wrapped(op: Primitive) -> str:
    """Return the helper that calls a function of math and gives the IEEE value where it raises."""
    name = op.name if op.name in ("lgamma", "sin", "cos", "tan") else op.scalar.__name__
    edge = _EDGES.get(op.name)
    lines = [f"def _{op.name}(a):", "    try:", f"        return math.{name}(a)"]
    if edge is None:
        lines += [
            "    except OverflowError:",
            "        return math.inf",
            "    except ValueError:",
            "        return math.nan",
        ]
    else:
        lines += ["    except (OverflowError, ValueError):", f"        return {edge}"]
    return "\n".join(lines)


def define(name: str, parameters: Sequence[str], statements: Sequence[str], result: str) -> str:
    """Return the definition of a helper."""
    return "\n".join(
        [f"def {name}({', '.join(parameters)}):", *[f"    {s}" for s in [*statements, f"return {result}"]]]
    )


def _helper(op: Primitive) -> Helper | None:
    name = _called(op) or ""
    return HELPERS.get(op.name) or (Helper(name, _wrapped(op)) if name.startswith("_") else None)


TARGET = Target(
    language="Python",
    reserved=RESERVED,
    forms=FORMS,
    library=_called,
    helper=_helper,
    number=literal,
    assign=lambda name, text, condition: f"{name} = {text}",
    test="{0} != 0.0",
    convert=call("float"),
    define=define,
    prefix="_",
    structures=True,
)


def source(function: Function) -> str:
    """Return the function as Python."""
    made = compose(function, TARGET)
    taken = [f"{text} = {made.taken[name]}" for name, text in zip(function.graph.inputs, made.locals, strict=True)
             if name in made.taken]  # fmt: skip
    lines = [*taken, *made.statements, *_results(grouped(function, made.results))]
    head = f"def {made.name}({', '.join(made.parameters)}):"
    return module(function, made, "\n".join([head, *[f"    {line}" for line in lines]]), {"math.": "import math"})


def module(function: Function, made: Composed, definition: str, imports: Mapping[str, str]) -> str:
    """Return a module: the comment, the imports of what the code mentions, the helpers, the function."""
    comment = ["# " + line for line in header(function, made.names, None, lambda k: f"[{k}]", labels(function))]
    code = "\n\n\n".join([*made.helpers, definition])
    needed = [line for mention, line in imports.items() if mention in code]
    return "\n".join([*comment, *needed, "", "", code]) + "\n"


def _results(results: Sequence[str]) -> list[str]:
    line = f"return ({', '.join(results)}{',' * (len(results) == 1)})"
    return [line] if len(line) <= WIDEST else ["return (", *[f"    {text}," for text in results], ")"]
