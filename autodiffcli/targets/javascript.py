"""JavaScript: an ES module with a function of numbers that returns an array."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autodiffcli.primitive import Primitive
from autodiffcli.targets.compose import compose
from autodiffcli.targets.function import CURLY, Form, Function, Helper, Target, call, in_math
from autodiffcli.targets.header import header
from autodiffcli.targets.names import words

__all__ = ["TARGET", "source"]

_SAME = words("exp expm1 log log2 log10 log1p hypot sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh")
_OTHERS = frozenset(["cbrt", "sin", "cos", "tan", "abs", "floor", "ceil", "trunc", "pow", "max", "min"])

RESERVED = words(
    "abstract arguments async await boolean break byte case catch char class const continue debugger default "
    "delete do double else enum eval export extends false final finally float for function get goto if implements "
    "import in instanceof int interface let long native new null of package private protected public return set "
    "short static super switch synchronized this throw throws transient true try typeof undefined var void "
    "volatile while with yield Math NaN Infinity Number Object Array"
)

HELPERS = {
    "sqrt": Helper(
        "_sqrt",
        """function _sqrt(a) { // 0 at -0, so that its derivative is Infinity there
  return Math.sqrt(a) + 0;
}""",
    ),
    "pow": Helper(
        "_pow",
        """function _pow(a, b) { // IEEE 754 has these two be 1, JavaScript NaN
  return a === 1 || (a === -1 && !Number.isFinite(b) && b === b) ? 1 : Math.pow(a, b);
}""",
    ),
    "mod": Helper(
        "_mod",
        """function _mod(a, b) { // the sign is that of b
  const r = a%b;
  return r !== 0 ? ((r < 0) !== (b < 0) ? r + b : r) : (b < 0 ? -0 : 0) + (r - r);
}""",
    ),
    "round": Helper(
        "_round",
        """function _round(a) { // halves to even
  if (!(Math.abs(a) < 4503599627370496)) return a;
  const r = Math.abs(a) + 4503599627370496 - 4503599627370496;
  return a < 0 || Object.is(a, -0) ? -r : r;
}""",
    ),
    "erf": Helper(
        "_erf",
        """function _erf(a) { // a series of positive terms, then 1 - erfc
  const x = Math.abs(a);
  if (!(x < 2)) return Math.sign(a)*(1 - _erfc(x));
  let term = 1, sum = 1;
  for (let k = 1; k < 60; ++k) sum += term *= 2*x*x/(2*k + 1);
  return a*sum*Math.exp(-x*x)*1.1283791670955126;
}""",
        ("erfc",),
    ),
    "erfc": Helper(
        "_erfc",
        """function _erfc(a) { // a continued fraction, with the square of a in two parts, so that exp keeps its digits
  if (!(a >= 1)) return 1 - _erf(a);
  if (a > 28) return 0;
  let tail = a;
  for (let k = 200; k > 0; --k) tail = a + 0.5*k/tail;
  const head = Math.trunc(a*1024)/1024;
  return Math.exp(-head*head)*Math.exp((head - a)*(head + a))*0.5641895835477563/tail;
}""",
        ("erf",),
    ),
}


def literal(x: float) -> str:
    """Return a number as JavaScript writes it."""
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "Infinity" if x > 0 else "-Infinity"
    return repr(float(x)).removesuffix(".0")


def library(op: Primitive) -> str | None:
    """Return the function of Math that a primitive is, or None."""
    if op.name in _OTHERS:
        return f"Math.{op.name}"
    name = in_math(op)
    return f"Math.{name}" if name in _SAME else None


def _define(name: str, parameters: Sequence[str], statements: Sequence[str], result: str) -> str:
    head = f"function {name}({', '.join(parameters)}) {{"
    return "\n".join([head, *[f"  {line}" for line in statements], f"  return {result};", "}"])


TARGET = Target(
    language="JavaScript",
    reserved=RESERVED,
    forms=CURLY
    | {
        "equal": Form("{0} === {1}", 4, (5, 5)),
        "not_equal": Form("{0} !== {1}", 4, (5, 5)),
    },
    library=library,
    helper=lambda op: HELPERS.get(op.name),
    number=literal,
    assign=lambda name, text, condition: f"const {name} = {text};",
    test="!({0} === 0)",
    convert=call("Number"),
    define=_define,
    prefix="_",
)


def source(function: Function) -> str:
    """Return the function as an ES module."""
    made = compose(function, TARGET)
    lines = ["// " + line for line in header(function, made.names, None, lambda k: f"[{k}]")]
    for helper in made.helpers:
        lines += ["", helper]
    lines += ["", f"export function {made.name}({', '.join(made.parameters)}) {{"]
    lines += [f"  {text}" for text in made.statements]
    lines += ["  return [", *[f"    {text}," for text in made.results], "  ];", "}"]
    return "\n".join(lines) + "\n"
