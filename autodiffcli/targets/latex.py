"""LaTeX: an aligned listing of assignments, shared parts first; one formula where there is but one line."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from autodiffcli.language.notation import latex_name
from autodiffcli.language.write import LATEX, write
from autodiffcli.passes.simplify import has_hidden, in_words
from autodiffcli.targets.function import Function
from autodiffcli.targets.names import comment_lines, fresh_prefix

__all__ = ["source"]

DEEPEST = 8


def source(function: Function) -> str:
    """Return the function as LaTeX's mathematics; what only derivatives use is written out as on paper."""
    graph = function.graph
    if has_hidden(graph, graph.outputs):
        graph = in_words(graph)
    live = graph.live(graph.outputs)
    uses, depths = graph.uses(live), [0] * len(graph)
    # t_1 and t₁ look alike here
    prefix = fresh_prefix([unicodedata.normalize("NFKC", name).replace("_", "") for name in graph.inputs])
    locals_: dict[int, str] = {}
    lines: list[tuple[str, str]] = []

    def named(i: int) -> str | None:
        return locals_.get(i)

    for i, args in enumerate(graph.args):
        if not (live[i] and args):
            continue
        depths[i] = 1 + max(depths[a] for a in args)
        if uses[i] > 1 or (uses[i] and depths[i] > DEEPEST):
            text = write(graph, i, LATEX, named)
            depths[i] = 0
            locals_[i] = f"{prefix}_{{{len(locals_) + 1}}}"
            lines.append((locals_[i], text))
    name = latex_name(function.name)
    for i, names in zip(graph.outputs, function.derivatives, strict=True):
        lines.append((_derivative(name, names), write(graph, i, LATEX, named)))
    head = "".join(f"% {line}\n" for line in comment_lines(graph.source))
    if len(lines) == 1:
        return f"{head}{lines[0][0]} = {lines[0][1]}\n"
    rows = " \\\\\n".join(f"  {left} &= {right}" for left, right in lines)
    return f"{head}\\begin{{aligned}}\n{rows}\n\\end{{aligned}}\n"


def _derivative(function: str, names: Sequence[str]) -> str:
    if not names:
        return function
    below = " \\, ".join(f"\\partial {latex_name(name)}{_power(names.count(name))}" for name in dict.fromkeys(names))
    return f"\\frac{{\\partial{_power(len(names))} {function}}}{{{below}}}"


def _power(n: int) -> str:
    return f"^{{{n}}}" if n > 1 else ""
