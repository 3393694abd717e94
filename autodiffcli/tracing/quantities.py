"""What the quantities of a trace are called: v3, v3', v̄3, v̄3→5, ∂v5/∂v3."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from autodiffcli.graph import Graph
from autodiffcli.language.notation import latex_name, one_line
from autodiffcli.language.write import LATEX, PLAIN, UNICODE, Style

__all__ = ["Quantities", "numbering", "output_name", "output_names"]


class Quantities:
    """What the quantities of a trace are called in a style."""

    def __init__(self, graph: Graph, style: Style) -> None:
        self.style = style
        self.letter = _free("vwutsrqpnm", _numbered(graph))
        self._helper = _free("tsrqpnmvwu".replace(self.letter, ""), _numbered(graph))
        self.output = output_name(graph.inputs)
        self.times = {PLAIN: "*", UNICODE: "·", LATEX: " \\cdot "}[style]
        self.minus = "−" if style is UNICODE else "-"

    def gradient(self, name: str) -> str:
        """Return ∂y/∂x for the input of that name."""
        if self.style is LATEX:
            return f"\\frac{{\\partial {self.output}}}{{\\partial {latex_name(name)}}}"
        return f"∂{self.output}/∂{one_line(name)}"

    def value(self, n: int | str) -> str:
        """Return v3."""
        return f"{self.letter}_{{{n}}}" if self.style is LATEX else f"{self.letter}{n}"

    def tangent(self, n: int) -> str:
        """Return v3'."""
        return f"\\dot{{{self.letter}}}_{{{n}}}" if self.style is LATEX else f"{self.letter}{n}'"

    def adjoint(self, n: int | str) -> str:
        """Return v̄3."""
        return f"\\bar{{{self.letter}}}_{{{n}}}" if self.style is LATEX else f"{self.letter}\u0304{n}"

    def partial_adjoint(self, i: int, j: int) -> str:
        """Return v̄2→5."""
        bar = self.adjoint(i)
        return f"{bar[:-1]} \\to {j}}}" if self.style is LATEX else f"{bar}→{j}"

    def derivative(self, j: int, i: int) -> str:
        """Return ∂v5/∂v2."""
        if self.style is LATEX:
            return f"\\frac{{\\partial {self.value(j)}}}{{\\partial {self.value(i)}}}"
        return f"∂{self.value(j)}/∂{self.value(i)}"

    def helper(self, n: int) -> str:
        """Return t1: a node that a transformation added and that is none of the others."""
        return f"{self._helper}_{{{n}}}" if self.style is LATEX else f"{self._helper}{n}"

    def remark(self, text: str) -> str:
        """Return what is said of a number, to stand behind it: 0 (closed gate); for the parser it is a comment."""
        return {PLAIN: f" # {text}", UNICODE: f" ({text})", LATEX: f"\\ \\text{{({text})}}"}[self.style]

    def sum(self, terms: list[tuple[bool, str]]) -> str:
        """Return a sum of terms, each with whether it is subtracted."""
        text = ""
        for subtracted, term in terms:
            if text:
                text += f" {self.minus} {term}" if subtracted else f" + {term}"
            else:
                text = self.minus * subtracted + term
        return text or "0"


def numbering(graph: Graph, size: int | None = None) -> list[int]:
    """Return the nodes that are v1, v2, ...: the inputs, then the operations behind the output in order of evaluation.

    size: the nodes from there on were added by a transformation and have no number.

    >>> from autodiffcli.language.parser import parse
    >>> graph = parse("2 * sin(x) + y")
    >>> [graph.ops[i].name for i in numbering(graph)]
    ['input', 'input', 'sin', 'mul', 'add']
    """
    live = graph.live(graph.outputs if graph.result is not None else graph.outputs[:1])
    count = len(graph) if size is None else min(size, len(graph))
    return [*graph.inputs.values(), *(i for i in range(count) if live[i] and graph.args[i])]


def output_name(inputs: Iterable[str]) -> str:
    """Return what the output is called: y, unless an input is.

    >>> output_name(["x"]), output_name(["x", "y"])
    ('y', 'f')
    """
    return _free("yfzghu", {name.partition("[")[0] for name in inputs})


def output_names(graph: Graph) -> list[str]:
    """Return what the outputs are called: y, or of several y1, y2, ...; another letter where an input has that name.

    >>> from autodiffcli.language.parser import parse
    >>> output_names(parse("x")), output_names(parse("(x, y1)"))
    (['y'], ['f1', 'f2'])
    """
    if graph.labels is not None and len(graph.labels) == len(graph.outputs):
        return graph.labels
    if len(graph.outputs) == 1:
        return [output_name(graph.inputs)]
    letter = output_name(_numbered(graph))
    return [f"{letter}{n}" for n in range(1, len(graph.outputs) + 1)]


def _numbered(graph: Graph) -> set[str]:
    """Return what stands before the number in the inputs' names."""
    return {name.rstrip("0123456789") for name in graph.inputs if name[-1:].isdigit()}


def _free(letters: str, taken: set[str]) -> str:
    return next(letter * n for n in count(1) for letter in letters if letter * n not in taken)
