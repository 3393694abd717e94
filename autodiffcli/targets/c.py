"""C99: a function `void f(const double in[], double out[])` that needs math.h and nothing else."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from autodiffcli.primitive import Primitive
from autodiffcli.targets.compose import Composed, compose
from autodiffcli.targets.function import CURLY, Form, Function, Helper, Target, in_math
from autodiffcli.targets.header import header
from autodiffcli.targets.names import words

__all__ = ["TARGET", "definitions", "source"]

# What Python's math calls like C99's math.h; the few that differ follow.
_SAME = words(
    "cbrt exp exp2 expm1 log log2 log10 log1p pow hypot sin cos tan asin acos atan atan2 sinh cosh tanh "
    "asinh acosh atanh erf erfc"
)
_OTHERS = {
    "abs": "fabs", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "round": "nearbyint", "gamma": "tgamma",
    "lgamma": "lgamma", "cbrt": "cbrt",
    "sin": "sin", "cos": "cos", "tan": "tan",
}  # fmt: skip

RESERVED = words(
    "auto break case char const continue default do double else enum extern float for goto if inline int long "
    "register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while "
    "asm bool true false class delete explicit export friend mutable namespace new operator private protected "
    "public template this throw try catch typename using virtual alignas alignof constexpr nullptr thread_local "
    "typeof main in out acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 "
    "expm1 fabs fdim floor fma fmax fmin fmod frexp hypot ilogb isfinite isgreater isinf isless isnan isnormal "
    "ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward "
    "pow remainder remquo rint round scalbln scalbn signbit sin sinh sqrt tan tanh tgamma trunc j0 j1 jn y0 y1 yn "
    "gamma signgam drem exp10 pow10 sincos finite significand scalb linux unix i386 errno INFINITY NAN HUGE_VAL "
    "float_t double_t math_errhandling FP_NAN FP_ZERO FP_INFINITE FP_NORMAL FP_SUBNORMAL MATH_ERRNO "
    "MATH_ERREXCEPT M_PI M_E abs labs malloc free printf"
)

HELPERS = {
    "sqrt": Helper(
        "ad_sqrt",
        """static double ad_sqrt(double a) {
    return sqrt(a) + 0.0; /* 0 at -0, so that its derivative is inf there */
}""",
    ),
    "max": Helper(
        "ad_max",
        """static double ad_max(double a, double b) {
    return a >= b || a != a ? a : b; /* nan if either is */
}""",
    ),
    "min": Helper(
        "ad_min",
        """static double ad_min(double a, double b) {
    return a <= b || a != a ? a : b; /* nan if either is */
}""",
    ),
    "mod": Helper(
        "ad_mod",
        """static double ad_mod(double a, double b) { /* the sign is that of b */
    const double r = fmod(a, b);
    return r != 0.0 ? ((r < 0.0) != (b < 0.0) ? r + b : r) : copysign(0.0, b) + (r - r);
}""",
    ),
}


def literal(x: float) -> str:
    """Return a double as C writes it."""
    if math.isnan(x):
        return "NAN"
    if math.isinf(x):
        return "INFINITY" if x > 0 else "-INFINITY"
    return repr(float(x))


def library(op: Primitive) -> str | None:
    """Return the function of math.h that a primitive is, or None."""
    if op.name in _OTHERS:
        return _OTHERS[op.name]
    name = in_math(op)
    return name if name in _SAME else None


def _define(name: str, parameters: Sequence[str], statements: Sequence[str], result: str) -> str:
    head = f"static double {name}({', '.join(f'double {p}' for p in parameters) or 'void'}) {{"
    return "\n".join([head, *[f"    {line}" for line in statements], f"    return {result};", "}"])


TARGET = Target(
    language="C",
    reserved=RESERVED,
    forms=CURLY,
    library=library,
    helper=lambda op: HELPERS.get(op.name),
    number=literal,
    assign=lambda name, text, condition: f"const {'int' if condition else 'double'} {name} = {text};",
    test="{0} != 0.0",
    convert=Form("(double)({0})", 7, (0,)),
    define=_define,
    prefix="ad_",
)


PART = 200
"""Lines of a function: compilers take far more than linear time over the ones of many thousand."""

_ASSIGNED = re.compile(r"const (double|int) (\w+) = ")
_WORD = re.compile(r"[A-Za-z_]\w*")


def source(function: Function) -> str:
    """Return the function as C99; one that is long is cut into parts, which hand on the locals that others need."""
    made = compose(function, TARGET)
    comment = header(function, made.names, lambda k: f"in[{k}]", lambda k: f"out[{k}]")
    return "\n".join([*[f"/* {line} */" for line in comment], _definitions([(function, made)])])


def definitions(functions: Sequence[Function]) -> str:
    """Return functions as C99, one after the other, with the helpers of all."""
    return _definitions([(function, compose(function, TARGET)) for function in functions])


def _definitions(functions: Sequence[tuple[Function, Composed]]) -> str:
    lines = ["#include <math.h>", ""]
    for helper in dict.fromkeys(helper for _, made in functions for helper in made.helpers):
        lines += [helper, ""]
    for function, made in functions:
        graph = function.graph
        live = graph.live(graph.outputs)
        inputs = {
            text: f"const double {text} = in[{k}];"
            for k, (i, text) in enumerate(zip(graph.inputs.values(), made.parameters, strict=True))
            if live[i]
        }
        rows = [*made.statements, *[f"out[{k}] = {text};" for k, text in enumerate(made.results)]]
        head = f"void {made.name}(const double in[{len(made.names) or ''}], double out[{len(made.results)}])"
        lines += [f"{head};", ""]  # declared first: compilers warn of functions that no header declares
        if len(rows) > 2 * PART:
            parts, body = _parts(made.name, inputs, rows)
            lines += parts
        else:
            body = [*(inputs.values() or ["(void)in;"]), *rows]
        lines += [f"{head} {{", *[f"    {line}" for line in body], "}"]
    return "\n".join(lines) + "\n"


def _parts(name: str, inputs: Mapping[str, str], rows: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the functions that the rows are cut into, and the body of the one that calls them."""
    chunks = [rows[k : k + PART] for k in range(0, len(rows), PART)]
    born: dict[str, tuple[int, str]] = {}  # each local's chunk and kind
    kept: dict[str, int] = {}  # the places of those that later chunks need
    loads: list[list[str]] = []
    for c, chunk in enumerate(chunks):
        needed = dict.fromkeys(word for row in chunk for word in _WORD.findall(row))
        loads.append([inputs[word] for word in needed if word in inputs])
        for word in needed:
            if word in born:
                place, kind = kept.setdefault(word, len(kept)), born[word][1]
                loads[-1].append(f"const {kind} {word} = {'(int)' if kind == 'int' else ''}ad_kept[{place}];")
        for match in filter(None, map(_ASSIGNED.match, chunk)):
            born[match[2]] = c, match[1]
    stores: list[list[str]] = [[] for _ in chunks]
    for word, place in kept.items():
        stores[born[word][0]].append(f"ad_kept[{place}] = {word};")
    lines: list[str] = []
    for c, (chunk, loaded) in enumerate(zip(chunks, loads, strict=True)):
        lines.append(f"void {name}_part{c}(const double *in, double *out, double *ad_kept) {{")
        lines += ["    (void)in, (void)out, (void)ad_kept;"]
        lines += [f"    {line}" for line in [*loaded, *chunk, *stores[c]]]
        lines += ["}", ""]
    body = [f"double ad_kept[{max(len(kept), 1)}];"]
    return lines, [*body, *[f"{name}_part{c}(in, out, ad_kept);" for c in range(len(chunks))]]
