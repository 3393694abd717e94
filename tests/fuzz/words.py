"""What fuzzed inputs are made of: the language's words, expressions that people wrote, and hostile ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import autodiffcli.primitives  # noqa: F401  # fills the table
from autodiffcli.language.parser import RESERVED
from autodiffcli.primitive import FUNCTIONS

__all__ = ["CHUNKS", "ENDS", "GROWING", "HOSTILE", "NUMBERS", "SIGNS", "VALUES", "WORDS", "written"]

SIGNS = [*"+-*/%^!()=<>,;.#\n \t\r@[]{}'\"|&$\\_:?~`", *"−·×⋅∗÷∕√≤≥≠²³⁻¹½∞°πτ±", "**", "==", "!=", "<=", ">="]
WORDS = ["if", "else", "and", "or", "not", "x", "y", "x1", "f", "θ", "e\u0301", "D", *RESERVED, *FUNCTIONS]
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
