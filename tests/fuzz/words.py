"""What fuzzed inputs are made of: the language's words, expressions that people wrote, and hostile ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import autodiffcli.primitives  # noqa: F401  # fills the table
from autodiffcli.language.parser import RESERVED
from autodiffcli.primitive import FUNCTIONS
from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS

__all__ = [
    "ARRAYS",
    "AT",
    "CHUNKS",
    "ENDS",
    "GROWING",
    "HOSTILE",
    "KEYWORDS",
    "NUMBERS",
    "SIGNS",
    "SUBSCRIPTS",
    "VALUES",
    "WORDS",
    "written",
]

AT = {
    "X": [[0.5, -1.5], [2.0, 0.25]],
    "W": [[1.0, 0.0, -2.0], [0.5, 3.0, 0.1]],
    "w": [0.3, -0.7, 1.1],
    "d": {"cat": 0.7, "dog": (1.5, [0.2, -0.4])},
    "t": (0.6, [1.0, 2.0]),
}
"""Inputs that are no numbers."""

SIGNS = [*"+-*/%^!()=<>,;.#\n \t\r@[]{}'\"|&$\\_:?~`", *"−·×⋅∗÷∕√≤≥≠²³⁻¹½∞°πτ±", "**", "==", "!=", "<=", ">="]
WORDS = ["if", "else", "and", "or", "not", "x", "y", "x1", "f", "θ", "e\u0301", "D", *AT, *RESERVED, *FUNCTIONS]
WORDS += [name for name in ARRAY_FUNCTIONS if name not in FUNCTIONS]
NUMBERS = ["0", "1", "2", "0.5", ".5", "5.", "1e3", "1e-3", "1e999", "1e-999", "1_000", "1__0", "007", "1e", "1.2.3"]
VALUES = ["0.7", "2", "-1", "0", "-0.0", "1e308", "5e-324", "-1e-300", "inf", "nan", "pi/4", "1e16", "0.1+0.2"]
ENDS = ["\n", "\n", "\r\n", "\r", "\n\n", "\u2028", "\x0b", "\x85"]
CHUNKS = [
    *("f(x)=", "f(x,y)=", "f(2)", "where(x>0,", "x if x>0 else ", "a=", "a", "\n", "; ", "(", ")", ", ", "x^2", "sin("),
    *(
        "D(",
        "D(x^3, x)",
        "D(sin(x)*y, x, 3)",
        "grad(x*y, x)",
        "hessian(x^3, x)",
        "g(x)=f(f(x))\n",
        "±0.1",
        "x=1",
        "y=2",
    ),
    *(
        "[1, 2]",
        "[[1,2],[3,4]]",
        "X @ W",
        "X'",
        "X[0, :]",
        "[0]",
        "[-1]",
        "[:, 1:]",
        "d.cat",
        'd["cat"]',
        "t[1]",
        ".cat",
    ),
    *(
        '{"a": x, "b": [y]}',
        '{"a":',
        "(x, y)",
        "(x,)",
        "()",
        "[]",
        "{}",
        "axis=0",
        "axis=(0, 1)",
        "keepdims=1",
        "shape=(2,)",
    ),
]
ARRAYS = [
    *(
        "X",
        "W",
        "w",
        "[1, 2, 3]",
        "[[1,2],[3,4]]",
        "[x, y, 2]",
        "[X[0], [y, y]]",
        "d.dog[1]",
        'd["dog"][1]',
        "t[1]",
        "X'",
    ),
    *(
        "zeros(2, 2)",
        "ones(3)",
        "eye(2)",
        "arange(3)",
        "linspace(0, x, 3)",
        "[]",
        "[[]]",
        "[0]",
        "zeros(0, 3)",
        "d",
        "t",
        "x",
    ),
]
SUBSCRIPTS = [
    "0",
    "-1",
    "1",
    ":",
    "1:",
    ":1",
    "0:2",
    "0, :",
    ":, 0",
    "0, 1",
    ":, :",
    "7",
    "x",
    "0.5",
    "2:1",
    "-9:9",
    ":,:,:",
]
SUBSCRIPTS += ['"cat"', "inf", "1e30", "[0, 1]", ""]
KEYWORDS = [
    "axis=0",
    "axis=1",
    "axis=-1",
    "axis=(0, 1)",
    "keepdims=1",
    "axis=0, keepdims=1",
    "axis=9",
    "axis=x",
    "ddof=1",
]
KEYWORDS += [
    "ord=1",
    "ord=inf",
    "k=1",
    "k=-1",
    "shape=(2, 2)",
    "shape=-1",
    "axes=(1, 0)",
    "0",
    "2, 2",
    "zz=1",
    "axis=1e30",
]

HOSTILE = [
    *("(" * 200, "(" * 100 + "x" + ")" * 100, ")" * 50, "-" * 200 + "x", "x^" * 100 + "x", "√" * 100 + "2x", "#" * 50),
    *("sin(" * 60 + "x" + ")" * 60, "x" * 300, "1" * 400, "0." + "0" * 400 + "1", "x!" * 40, "x" + "!" * 100),
    *("9^9^9^9", "x^9^9^9", "10^400", "exp(exp(exp(9)))", "(9^9^9)!", "x⁹⁹⁹⁹⁹⁹", "x²³⁻¹", "1e400", "0x10", "1e", "½x"),
    *(
        "f(x)=f(x); f(1)",
        "f(x)=x; f=2; f",
        "pi=3; pi",
        "a=a; a",
        "f(x,x)=x; f(1,2)",
        "f()=1; f()",
        "x;x",
        "x\nx",
        ";;;",
    ),
    *("D(x,x,1e9)", "D(x,x,inf)", "D(1,1)", "D(D,D)", "grad(x)", "hessian(hessian(hessian(x^9,x),x),x)", "D(x,x,-1)"),
    *("\x1b[31mx\x1b[0m", "x\x00y", "\u202ex+1", "[red]x[/red]", "<script>alert(1)</script>", "\\input{/etc/passwd}"),
    *(
        "$x$ & y % z",
        "|x|`y`",
        "=cmd|' /C calc'!A0",
        "*/ x /*",
        "'''x'''",
        "\ud800",
        "\ufeffx",
        "x\u200dy",
        "ﬀ",
        "K",
        "ſ",
    ),
    *(
        "besselj(x, 2)",
        "besselj(2, 1e9)",
        "gamma(-171.5)",
        "lambertw(-1)",
        "erfinv(2)",
        "atan2(0,0)",
        "log(0, 0)",
        "x%0",
    ),
    *("max(" + "x," * 100 + "y)", "hypot(1e308,1e308)", "0^0", "(-8)^(1/3)", "inf-inf", "nan", "0*inf", "1/0", "x/x"),
    *(
        "0 < x < 1 < y",
        "not not x > 0",
        "x > 0",
        "(x > 0) + 1",
        "where(x, 1, 2)",
        "(x, y)",
        "(x, (y, x))",
        "x if y else z",
    ),
    *(
        "zeros(1e12)",
        "zeros(0, 1e30)",
        "arange(-1e308, 1e308)",
        "arange(1e18)",
        "eye(1e5)",
        "diag([1, 2], k=1e9)",
        "[" * 150,
    ),
    *(
        "ones(4e3, 4e3) @ ones(4e3, 4e3)",
        "reshape(X, 1e30, 0)",
        "broadcast(x, 1e9)",
        "linspace(0, 1, 1e9)",
        "outer(w, w)",
    ),
    *(
        'einsum("ij,jk->ik", X, W)',
        'einsum("...,,->", X)',
        'einsum("aa", X)',
        "einsum(X)",
        "inv(zeros(2, 2))",
        "det(W)",
    ),
    *(
        "[[1],[2,3]]",
        "X[" * 80 + "0" + "]" * 80,
        "X'" + "'" * 200,
        '{"a": 1, "a": 2}',
        '{"\\ud800": x}',
        'd["no"]',
        "d.no.no",
    ),
    *(
        'f(p) = p.a*p.b; f({"a": x, "b": X})',
        "f(p) = (p, p); f(f(f(f(x))))",
        "sum(X) @ W",
        "D(X, X)",
        "grad(sum(X@X), X)",
    ),
    *("f(x) = ln(2)/len(x); y + f(f(y))", "norm(([[]])[:, (x, y)])", "zeros(0, " + "30, " * 14 + "3)", "det(ln(X))"),
    *("f(x) = concat(2, x); D((2x)!, x) + f(f(y))", "max(acos(√(d)radxis=(0,ue", "D(pi, x, [1, 2])", "√det(0/0*X)"),
    *("f(x) = D(prod(y), y, 7); D(y, y, 7) + f(f(y))", "std(-D(x1, x, y)^-len(ones(3)))", "arange(1e300, 2)"),
    *("linspace(0, inf, 3)", "f(x) = x*sum(linspace(0, x, 3)); f(f(y))"),
    *("stack((x, y), axis=1)", "concat(X, W)", "max(X, axis=0)", "cumsum(W, axis=5)", "norm(zeros(3))", "std(ones(3))"),
    *("1/2x", "2(x)(y)", "x(y+1)", "sin x", "sin²(x)", "sin^2(x)", "2 3", "x y", "x..y", "x1₂", "x′", "f'(x)", "∂x/∂y"),
]
"""Expressions that broke something once, here or elsewhere, or were meant to."""

GROWING = [
    "f(x)=x+x*x\n" + "\n".join(f"f{k}(x)=f{k - 1 or ''}(f{k - 1 or ''}(x)+x)" for k in range(1, 24)) + "\nf23(x)",
    "f(x)=x+x*x\n" + "\n".join(f"f{k}(x)=f{k - 1 or ''}(f{k - 1 or ''}(x)+x)" for k in range(1, 13)) + "\nf12(x)",
    "a=x+x\n" + "\n".join(f"a{k}=a{k - 1 or ''}*a{k - 1 or ''}" for k in range(1, 60)) + "\na59",
    "D(" * 12 + "sin(x)*exp(x)*ln(x)" + ",x)" * 12,
    *("D(x^x^x, x, 30)", "D(gamma(x)*lgamma(x), x, 9)", "D(sin(x*y)^x, x, y, x, y, x, y)", "D(exp(sin(x)), x, 100)"),
    *("D(exp(sin(x)), x, 28)", "D(1/(1+x^2), x, 20)", "+".join(["D(x^2, x)"] * 300), "x" + "^x" * 2000, "sin(" * 3000),
    "f(p)=(p, p, p, p)\n" + "\n".join(f"f{k}(p)=f{k - 1 or ''}(f{k - 1 or ''}(p))" for k in range(1, 6)) + "\nf5(x)",
    *("sum(" + "X@" * 300 + "X)", "X=ones(3e3, 3e3)*x; sum(X*X+X/X)", "a = zeros(4e3, 4e3)\n" + "a*x+" * 40 + "a"),
    *("sum(inv(ones(700, 700)*x + eye(700)))", "[" + "[x, y], " * 300 + "[x, y]]", "cumsum(arange(1e6)*x)[-1]"),
    *("+".join(f"x{k}*y{k}" for k in range(300)), "(" + ",".join(f"x*y^{k}" for k in range(300)) + ")"),
]
"""Short expressions that mean much work: a few among many."""


def written() -> list[str]:
    """Return the expressions of the conformance cases and of the README."""
    root = Path(__file__).parents[2]
    cases = (root / "tests" / "data" / "scalar.jsonl").read_text().splitlines()
    found = [json.loads(line)["expr"] for line in cases]
    readme = (root / "README.md").read_text()
    found += [a or b for a, b in re.findall(r"adcalc (?:[a-z]+ )(?:\"([^\"]+)\"|'([^']+)')", readme)]
    return list(dict.fromkeys(text for text in found if text and len(text) <= 300))
