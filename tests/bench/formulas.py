"""How long derivatives are as formulas, beside SymPy's simplify(diff(...)): textbook cases and random ones.

`python -m tests.bench.formulas` prints every pair.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from autodiffcli import derivative, formula
from tests.bench.timing import Row, peer
from tests.passes.textbook import TEXTBOOK

RANDOM = 60
NAMES = {"arcsin": "asin"}


def rows(long: bool) -> Iterator[Row]:
    for name, texts in (("textbook", [case[0] for case in TEXTBOOK]), ("random", list(random_expressions(RANDOM)))):
        pairs = [(len(ours), theirs and len(theirs)) for _, ours, theirs in compared(texts)]
        ours = sum(a for a, _ in pairs) / len(pairs)
        theirs = None if pairs[0][1] is None else sum(b or 0 for _, b in pairs) / len(pairs)
        title = f"formulas: length of {len(pairs)} {name} derivatives"
        yield Row(title, ours, {"sympy.simplify": theirs}, "sympy.simplify", at_most=1.25, unit="characters")


def compared(texts: list[str]) -> Iterator[tuple[str, str, str | None]]:
    """Yield expression, our derivative, and SymPy's with the powers and blanks that ours are written with."""
    sympy = peer("sympy")
    for text in texts:
        ours = formula(derivative(text, "x"))
        if sympy is None:
            yield text, ours, None
            continue
        x = sympy.Symbol("x")
        words = {"x": x, "n": sympy.Symbol("n"), "e": sympy.E, "log2": lambda u: sympy.log(u, 2)}
        transformations = (*sympy.parsing.sympy_parser.standard_transformations,)
        transformations += (sympy.parsing.sympy_parser.implicit_multiplication, sympy.parsing.sympy_parser.convert_xor)
        parsed = sympy.parsing.sympy_parser.parse_expr(text, words, transformations)
        theirs = str(sympy.simplify(sympy.diff(parsed, x))).replace("**", "^").replace("log(", "ln(")
        yield text, ours, theirs


def random_expressions(count: int, seed: int = 1) -> Iterator[str]:
    """Yield expressions of x as exercises have them: two or three functions, sums, products, quotients, powers."""
    rng = random.Random(seed)
    functions = ("sin", "cos", "exp", "ln", "sqrt", "tan", "atan", "sinh", "tanh")

    def part(depth: int) -> str:
        kind = rng.random()
        if depth == 0 or kind < 0.2:
            return rng.choice(["x", "x", "x", str(rng.randint(2, 5)), "x^2", "x^3", f"{rng.randint(2, 5)}*x"])
        if kind < 0.5:
            return f"{rng.choice(functions)}({part(depth - 1)})"
        if kind < 0.6:
            return f"({part(depth - 1)})^{rng.randint(2, 4)}"
        return f"({part(depth - 1)} {rng.choice('+-**/')} {part(depth - 1)})"

    made = 0
    while made < count:
        text = part(3)
        if "x" in text.replace("exp", "") and "(" in text:
            made += 1
            yield text


if __name__ == "__main__":
    texts = [case[0] for case in TEXTBOOK] + list(random_expressions(RANDOM))
    for text, ours, theirs in compared(texts):
        print(f"{text}\n    {len(ours):4} {ours}\n    {len(theirs or ''):4} {theirs}")
