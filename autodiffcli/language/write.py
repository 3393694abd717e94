"""Writing a graph back as text: for the parser, for people, and for LaTeX.

Every operation is written by a layout: texts and holes, each hole with the precedence it asks of what fills it. Layouts
come from the primitive's own declaration, and a loop with a stack fills them, so no depth is too deep.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

from autodiffcli.errors import RequestError
from autodiffcli.graph import CONSTANT, INPUT, Graph
from autodiffcli.language.notation import latex_name, latex_number, one_line
from autodiffcli.limits import FORMULA
from autodiffcli.primitive import FUNCTIONS, Primitive

__all__ = ["LATEX", "PLAIN", "UNICODE", "Style", "array_text", "entries_text", "number", "write"]


class Style(Enum):
    """For whom a formula is written: the parser, people, LaTeX."""

    PLAIN = "plain"
    UNICODE = "unicode"
    LATEX = "latex"


PLAIN, UNICODE, LATEX = Style.PLAIN, Style.UNICODE, Style.LATEX

_SUM, _PRODUCT, _UNARY, _POWER, _ATOM = 5, 6, 7, 8, 9
_MATRICES = 6.5
_SYMBOLS = {"*": "·", "@": "·", "-": "−", "<=": "≤", ">=": "≥", "!=": "≠"}
_CONSTANTS = {"pi": "π", "tau": "τ"}
_TIGHT = frozenset("*·/^")
_ENTRIES = {Style.UNICODE: " ⊙ ", Style.LATEX: r" \odot "}
"""The product entry by entry of two arrays, where the matrix product has the sign of a product."""

_TRANSPOSED = {Style.UNICODE: "ᵀ", Style.LATEX: r"^\mathsf{T}"}


class _Hole(NamedTuple):
    argument: int
    need: float  # parenthesised where looser than this
    after: bool | None = False  # behind a sign or a dot, where a minus is parenthesised; None: as the whole is


class _Layout(NamedTuple):
    precedence: float
    minus: bool  # begins with a minus sign
    parts: tuple[str | _Hole, ...]


def write(
    graph: Graph,
    node: int,
    style: Style = PLAIN,
    atom: Callable[[int], str | None] = lambda node: None,
    limit: int | None = None,
    *,
    within: int = 0,
    after: bool = False,
) -> str:
    """Return a node as a formula.

    atom:   a text for a node that is not to be written out (v3, or the number it has), or None.
    limit:  cut the formula to so many characters, the last of them "…". Without it RequestError is raised where the
            formula has more than a million.
    within: parenthesise what binds looser than this precedence; after: and what begins with a minus sign.

    >>> import autodiffcli.primitives
    >>> from autodiffcli.graph import Node
    >>> g = Graph()
    >>> x = Node(g, g.input("x"))
    >>> y = (x - 1) ** 2 / (-x * 3)
    >>> write(g, y.id), write(g, y.id, UNICODE)
    ('(x - 1)^2/(-x*3)', '(x − 1)^2/(−x·3)')
    >>> write(g, y.id, LATEX)
    '\\\\frac{\\\\left(x - 1\\\\right)^{2}}{-x \\\\cdot 3}'
    """
    pieces: list[str] = []
    room = FORMULA if limit is None else limit
    stack: list[str | tuple[int, float, bool]] = [(node, within, after)]
    opening, closing = ("\\left(", "\\right)") if style is LATEX else ("(", ")")
    forms: dict[int, str | _Layout] = {}
    while stack and room >= 0:
        item = stack.pop()
        if isinstance(item, str):
            pieces.append(item)
            room -= len(item)
            continue
        i, need, behind = item
        form = forms.get(i)
        if form is None:
            form = forms[i] = _form(graph, i, style, atom)
        if isinstance(form, str):
            minus = form.startswith(("-", "−"))
            loose = minus or (style is LATEX and "\\cdot" in form)
            if (loose and need > (_UNARY if minus else _PRODUCT)) or (minus and behind):
                form = f"{opening}{form}{closing}"
            pieces.append(form)
            room -= len(form)
            continue
        args, layout = graph.args[i], form
        if layout.precedence < need or (layout.minus and behind):
            stack.append(closing)
            pieces.append(opening)
            room -= len(opening)
            behind = False
        for part in reversed(layout.parts):
            if isinstance(part, str):
                stack.append(part)
            else:
                argument, need, sign = part
                stack.append((args[argument], need, behind if sign is None else sign))
    if room >= 0:
        return "".join(pieces)
    if limit is None:
        raise RequestError(
            f"the formula has more than {FORMULA:,} characters",
            hint="parts that the graph shares are written out each time: look at the graph instead",
        )
    return "".join(pieces)[: max(limit - 1, 0)] + "…"


def _form(graph: Graph, i: int, style: Style, atom: Callable[[int], str | None]) -> str | _Layout:
    """Return the text of a node that is not written out, or how an operation is."""
    text = atom(i)
    if text is None:
        text = _leaf(graph, i, style)
    if text is not None:
        return text
    op, args = graph.ops[i], graph.args[i]
    layout = _layout(op, len(args), style)
    if graph.shapes and style is not PLAIN and op.symbol == "*" and all(map(graph.shape, args)):
        layout = _Layout(_PRODUCT, False, (_Hole(0, _PRODUCT, None), _ENTRIES[style], _Hole(1, _MATRICES, True)))
    if graph.shapes and style is not PLAIN and op.symbol == "@" and _is_row(graph, args[0], atom):
        layout = layout._replace(parts=(_Hole(0, _ATOM), _TRANSPOSED[style], *layout.parts[1:]))
    return layout


def _is_row(graph: Graph, left: int, atom: Callable[[int], str | None]) -> bool:
    """Return whether the left factor of a matrix product is a vector that on paper is turned to be a row: xᵀA."""
    if len(graph.shape(left)) != 1 or atom(left) is not None or graph.ops[left].name == "transpose":
        return False
    return graph.ops[left].symbol != "@" or len(graph.shape(graph.args[left][0])) > 1  # xᵀA is a row already


def number(x: float, precision: int | None = 6, style: Style = PLAIN) -> str:
    """Return a number in so many significant digits, or with precision=None as the shortest text that reads back as it.

    >>> number(11.652071455223084), number(5.0), number(1 / 3, None), number(-1e-7, 6, UNICODE)
    ('11.6521', '5', '0.3333333333333333', '−1e−7')
    """
    text = repr(float(x)).removesuffix(".0") if precision is None else f"{x:.{precision}g}"
    if style is PLAIN:
        return text
    mantissa, mark, exponent = text.partition("e")
    exponent = str(int(exponent)) if mark else ""
    if style is LATEX:
        return latex_number(mantissa, exponent)
    return (mantissa + mark + exponent).replace("-", "−")


def _leaf(graph: Graph, i: int, style: Style) -> str | None:
    """Return the text of an input or a constant, None for an operation."""
    op = graph.ops[i]
    if op is INPUT:
        name = graph.names[i]
    elif op is CONSTANT:
        name = graph.constant_names.get(i, "")
        if not name:
            value = graph.constants[i]
            return array_text(value, style) if graph.shape(i) else number(value, None, style)
        if "(" in name:  # an array, as zeros(3, 4)
            return name if style is not LATEX else latex_array_name(name)
        if style is UNICODE:
            name = _CONSTANTS.get(name, name)
    else:
        return None
    return latex_name(name) if style is LATEX else one_line(name)


@lru_cache(maxsize=1024)
def _layout(op: Primitive, count: int, style: Style) -> _Layout:
    if style is LATEX:
        return _latex_layout(op, count)
    if op.text:
        text = op.text if style is PLAIN else op.text.replace("{0}'", "{0}ᵀ")
        return _Layout(_ATOM, False, _filled(text, count))
    if op.name == "factorial" or (op.operator and op.operator[0] == "!"):
        return _Layout(_ATOM, False, (_Hole(0, _ATOM + 1, None), "!"))
    if op.operator is None:
        holes = [_Hole(k, 0) for k in range(count)]
        return _Layout(_ATOM, False, (f"{_word(op)}(", *_joined(holes, ", "), ")"))
    symbol, precedence = op.operator
    needs, after = _needs(op), precedence == _SUM or (precedence == _PRODUCT and style is UNICODE)
    shown = _SYMBOLS.get(symbol, symbol) if style is UNICODE else symbol
    if count == 1:
        return _Layout(precedence, symbol == "-", (shown + " " * symbol.isalpha(), _Hole(0, needs[0])))
    between = shown if shown in _TIGHT else f" {shown} "
    return _Layout(precedence, False, (_Hole(0, needs[0], None), between, _Hole(1, needs[1], after)))


def _filled(template: str, count: int) -> tuple[str | _Hole, ...]:
    """Return a template with {0} or {*} as texts and holes; what stands before an index or a ' is an atom."""
    before, mark, after = template.partition("{0}")
    if not mark:
        before, _, after = template.partition("{*}")
        holes = [_Hole(k, 0) for k in range(count)]
    else:
        holes = [_Hole(0, 0 if before else _ATOM, False if before else None)]
    return tuple(part for part in (before, *_joined(holes, ", "), after) if part)


def array_text(value: Any, style: Style = PLAIN, precision: int | None = None) -> str:
    """Return an array as a part of a formula. Raises RequestError for one that is too long for any."""
    if value.size > FORMULA // 2:
        raise RequestError(f"an array of {value.size:,} entries is too long to be written")
    return entries_text(value, style, precision)


def entries_text(value: Any, style: Style = PLAIN, precision: int | None = None) -> str:
    """Return an array as the language writes it, [[1, 2], [3, 4]]; in LaTeX a vector or a matrix in brackets.

    >>> import numpy
    >>> entries_text(numpy.eye(2)), entries_text(numpy.array([0.5, -1.0]), LATEX)
    ('[[1, 0], [0, 1]]', '\\\\begin{bmatrix}0.5 & -1\\\\end{bmatrix}')
    """
    if not value.size:
        return f"zeros({', '.join(map(str, value.shape))})"
    texts = [number(x, precision, style) for x in value.ravel().tolist()]
    matrix = style is LATEX and value.ndim <= 2
    for depth, length in enumerate(reversed(value.shape)):
        joint = (" & " if depth == 0 else r" \\ ") if matrix else ", "
        rows = [joint.join(texts[n : n + length]) for n in range(0, len(texts), length)]
        texts = rows if matrix else [f"[{row}]" for row in rows]
    return rf"\begin{{bmatrix}}{texts[0]}\end{{bmatrix}}" if matrix else texts[0]


def latex_array_name(name: str) -> str:
    """Return the name of a constant array as on paper: 0, 1 and I for zeros(3), ones(3) and eye(3)."""
    return {"zeros": "0", "ones": r"\mathbf{1}", "eye": "I"}[name.partition("(")[0]]


def _needs(op: Primitive) -> tuple[float, float]:
    """Return the precedence that an operator asks of its left and its right operand."""
    assert op.operator is not None
    symbol, p = op.operator
    if op.arity[0] == 1:
        return (p if symbol.isalpha() else p + 1), 0  # not not c, but -(-x)
    if symbol == "^":
        return p + 1, _UNARY
    if symbol == "*":
        return p, p + 0.25  # what binds closer than it, if only a little, needs no parentheses
    return (p + 1 if p == 4 else p), p + 1  # comparisons have no side to lean to: (a < b) < c is not a chain


@lru_cache(maxsize=1024)
def _word(op: Primitive) -> str:
    """Return what the language calls a primitive: its name, or the word that means it by the number of arguments."""
    if FUNCTIONS.get(op.name) is op:
        return op.name
    for word, meaning in FUNCTIONS.items():
        if meaning is op or (isinstance(meaning, dict) and op in meaning.values()):
            return word
    return op.name


def _joined(holes: list[_Hole], comma: str) -> list[str | _Hole]:
    parts: list[str | _Hole] = []
    for hole in holes:
        parts += [comma, hole] if parts else [hole]
    return parts


_PLACE = re.compile(r"\{(\d+|\*)\}")


def _latex_layout(op: Primitive, count: int) -> _Layout:
    name = latex_name(op.name).removeprefix("\\mathrm")
    template = op.latex or rf"\operatorname{name if name.startswith('{') else '{' + name + '}'}\left({{*}}\right)"
    precedence: float = op.operator[1] if op.operator else _binding(template)
    if op.shape is not None and precedence == _PRODUCT:
        precedence = _MATRICES  # u vᵀ, A⁻¹ b
    if template.startswith("\\frac"):
        precedence = _POWER  # a factor like any other, but not the base of a power
    if op.operator == ("@", _PRODUCT):  # binds closer than the product of entries, whose dot it does without
        return _Layout(_MATRICES, False, (_Hole(0, _MATRICES, None), " ", _Hole(1, _MATRICES, True)))
    parts: list[str | _Hole] = []
    end = 0
    for place in _PLACE.finditer(template):
        if place[1] != "*" and int(place[1]) >= count:
            continue  # {10} in \log_{10} is no argument
        if place.start() > end:
            parts.append(template[end : place.start()])
        end = place.end()
        if place[1] == "*":
            parts += _joined([_Hole(k, 0) for k in range(count)], ", ")
        else:
            k = int(place[1])
            parts.append(_Hole(k, *_context(template[: place.start()], template[end:], op, k)))
    parts.append(template[end:])
    return _Layout(precedence, template.startswith("-"), tuple(part for part in parts if part))


def _context(left: str, right: str, op: Primitive, k: int) -> tuple[float, bool | None]:
    """Return what a hole asks for by what stands beside it: its precedence, and whether it is behind a sign."""
    if right[:1] in ("^", "!"):
        return _ATOM, None if not left else False
    if left.endswith("{") and right.startswith("}"):
        return 0, False
    if right.startswith(" {"):
        return _MATRICES, None
    if left == "-" and not right:
        return _MATRICES, True
    if op.operator is not None:
        behind = bool(left) and bool(right or op.arity[0] > 1) and op.operator[1] in (_SUM, _PRODUCT)
        return _needs(op)[k], behind if left else None
    if left.endswith(("\\cdot ", "} ")):
        return _PRODUCT + 1, True
    if left.endswith((" - ", " + ")):
        return _SUM + left.endswith(" - "), True
    if right.startswith(" \\cdot"):
        return _PRODUCT, False
    return 0, False


def _binding(template: str) -> int:
    """Return the precedence of a function's template: e^{x} - 1 is a sum, though exp is called."""
    flat, bare = template.replace("\\left", "\\left{").replace("\\right", "\\right}"), ""
    depth = 0
    for character in flat:
        depth += (character == "{") - (character == "}")
        bare += character if depth == 0 else ""
    if re.search(" [-+] ", bare):
        return _SUM
    if "\\cdot" in bare or "} {" in template:
        return _PRODUCT
    return _POWER if "^" in bare else _ATOM
