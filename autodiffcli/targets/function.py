"""The body of a function: every shared node a local variable, every other one inside its user's expression.

The languages differ in words, and those are rows of a `Target`; the loop that writes is one. It goes over ids, and no
expression nests deeper than a bound, so a graph of any depth gives code that compilers accept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple

from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.primitive import PRIMITIVES, Primitive
from autodiffcli.targets.formulas import FOLDED, SPECIAL_ORDERS, helper_graph

__all__ = ["CURLY", "INFIX", "WIDEST", "Body", "Form", "Function", "Helper", "Target", "call", "in_math"]

DEEPEST, WIDEST = 6, 88
"""How deep an expression nests, and how many characters it has, before a part of it becomes a local variable."""

ATOM = 9


@dataclass(frozen=True)
class Function:
    """What is to be written: the outputs of a graph under a name, and what each output is."""

    name: str
    graph: Graph
    derivatives: tuple[tuple[str, ...], ...]
    """By which inputs each output is differentiated: () is the value, ("x", "x", "y") is d_x_x_y."""

    @property
    def labels(self) -> list[str]:
        """What each output is, in a word."""
        return ["_".join(["d", *names]) if names else "value" for names in self.derivatives]


class Piece(NamedTuple):
    """A part of an expression as text."""

    text: str
    precedence: int = ATOM
    depth: int = 0
    condition: bool = False
    atom: bool = True  # a name or a number, which may be written as often as wanted


class Form(NamedTuple):
    """How an operation is written: its holes {0}, {1}, ... each ask for a precedence."""

    template: str
    precedence: int
    needs: tuple[int, ...]


class Helper(NamedTuple):
    """A function that generated code defines for itself; `needs` are primitives whose helpers it calls."""

    name: str
    definition: str
    needs: tuple[str, ...] = ()


# The operators that C, JavaScript and Python write alike. A factor on the right that begins with a minus is bracketed.
INFIX = {
    "add": Form("{0} + {1}", 5, (5, 6)),
    "sub": Form("{0} - {1}", 5, (5, 6)),
    "mul": Form("{0}*{1}", 6, (6, 8)),
    "div": Form("{0}/{1}", 6, (6, 8)),
    "neg": Form("-{0}", 7, (8,)),
    "less": Form("{0} < {1}", 4, (5, 5)),
    "less_equal": Form("{0} <= {1}", 4, (5, 5)),
    "greater": Form("{0} > {1}", 4, (5, 5)),
    "greater_equal": Form("{0} >= {1}", 4, (5, 5)),
    "equal": Form("{0} == {1}", 4, (5, 5)),
    "not_equal": Form("{0} != {1}", 4, (5, 5)),
    "square": Form("{0}*{0}", 6, (ATOM,)),
}

# C and JavaScript write these alike too.
CURLY = INFIX | {
    "and": Form("{0} && {1}", 2, (3, 3)),
    "or": Form("{0} || {1}", 1, (3, 3)),
    "not": Form("!{0}", 7, (8,)),
    "where": Form("{0} ? {1} : {2}", 0, (1, 1, 0)),
}

CONDITIONS = {"where": (0,), "and": (0, 1), "or": (0, 1), "not": (0,)}
"""Which arguments are conditions; those of every other primitive are numbers."""


def in_math(op: Primitive) -> str:
    """Return the name of the function in Python's math that a primitive is declared by, or ""."""
    name = getattr(op.scalar, "__name__", "")
    return name if getattr(math, name, None) is op.scalar else ""


def call(function: str, count: int = 1) -> Form:
    """Return the form of a call."""
    return Form(f"{function}({', '.join(f'{{{k}}}' for k in range(count))})", ATOM, (0,) * count)


@dataclass(frozen=True)
class Target:
    """A language, as far as bodies of functions need it.

    forms:     how operations are written, by the primitive's name ("square" is a power with exponent 2).
    library:   how a primitive that is no operator is called, or None where the language lacks it.
    helper:    the function to define for a primitive, where one is written by hand, or None.
    number:    a float as a literal, which is bracketed where it begins with a minus.
    assign:    the statement that makes a local: name, text, whether it is a condition.
    test, convert: a number as a condition, and a condition as a number.
    define:    a helper's definition: name, parameters, statements, result.
    prefix:    what the names of helpers begin with.
    structures: whether parameters may be dicts and tuples.
    array:     an array of constants as an expression; array_helpers: functions that operations on arrays call, by name.
    """

    language: str
    reserved: Collection[str]
    forms: Mapping[str, Form]
    library: Callable[[Primitive], str | None]
    helper: Callable[[Primitive], Helper | None]
    number: Callable[[float], str]
    assign: Callable[[str, str, bool], str]
    test: str
    convert: Form
    define: Callable[[str, Sequence[str], Sequence[str], str], str]
    prefix: str
    structures: bool = False
    array: Callable[[Any], str] | None = None
    array_helpers: Mapping[str, Helper] = field(default_factory=dict)


@dataclass
class Body:
    """Writes graphs for a target, collecting the helpers that they need, each after those that it needs itself."""

    target: Target
    helpers: dict[str, str] = field(default_factory=dict)

    def write(self, graph: Graph, names: Mapping[int, str], prefix: str) -> tuple[list[str], list[str]]:
        """Return the statements that make the locals, and the expressions of the outputs.

        names: of the inputs, by id. Raises RequestError for a function that the language does not have.
        """
        target = self.target
        live = graph.live(graph.outputs)
        uses = graph.uses(live)
        for i in graph.outputs:
            uses[i] += 1
        statements: list[str] = []
        pieces: dict[int, Piece] = {}

        def local(piece: Piece) -> Piece:
            name = f"{prefix}{len(statements) + 1}"
            statements.append(target.assign(name, piece.text, piece.condition))
            return Piece(name, condition=piece.condition)

        for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
            if not live[i]:
                continue
            if not args:
                piece = Piece(names[i]) if i in names else self._literal(graph.constants[i])
                pieces[i] = piece if piece.atom or uses[i] == 1 else local(piece)
                continue
            found = [pieces[a] if pieces[a].atom else pieces.pop(a) for a in args]
            piece = self._operation(graph, i, op, found, local)
            pieces[i] = local(piece) if uses[i] > 1 else piece
        return statements, [self._operand(pieces[i], False, 0) for i in graph.outputs]

    def _literal(self, value: Any) -> Piece:
        if value.__class__ is not float and self.target.array is not None and value.shape:
            return Piece(self.target.array(value), atom=False)
        text = self.target.number(value)
        return Piece(text, 7 if text.startswith("-") else ATOM)

    def _operation(
        self, graph: Graph, i: int, op: Primitive, found: list[Piece], local: Callable[[Piece], Piece]
    ) -> Piece:
        """Return an operation as an expression, parts of it made locals first where it would be too deep or wide."""
        constants = [None if graph.shape(a) else graph.constants.get(a) for a in graph.args[i]]
        if op.name in FOLDED and op.shape is None:
            *before, last = found
            if not before:
                return last
            found = [reduce(lambda a, b: local(self._form(op, [a, b], [None, None], local)), before), last]
        return self._form(op, found, constants, local)

    def _form(
        self, op: Primitive, found: list[Piece], constants: Sequence[float | None], local: Callable[[Piece], Piece]
    ) -> Piece:
        if op.name == "pow" and constants[1] == 2.0:
            base = found[0] if found[0].atom else local(found[0])
            return Piece(self._filled(self.target.forms["square"], op, [base]), 6, 1, atom=False)
        order = None
        if op.name in SPECIAL_ORDERS and constants[0] is not None:
            order = int(constants[0])
        form = self._spelled(op, len(found), order, constants)
        if order is not None and "{1}" not in form.template:
            found = found[1:]
        while max(p.depth for p in found) >= DEEPEST or sum(len(p.text) for p in found) > WIDEST:
            widest = max(range(len(found)), key=lambda k: (found[k].depth >= DEEPEST, len(found[k].text)))
            if found[widest].atom:
                break
            found[widest] = local(found[widest])
        depth = 1 + max(p.depth for p in found)
        return Piece(self._filled(form, op, found), form.precedence, depth, op.condition, atom=False)

    def _filled(self, form: Form, op: Primitive, found: Sequence[Piece]) -> str:
        conditions = CONDITIONS.get(op.name, ())
        return form.template.format(
            *[
                self._operand(p, k in conditions, need)
                for k, (p, need) in enumerate(zip(found, form.needs, strict=True))
            ]
        )

    def _operand(self, piece: Piece, condition: bool, need: int) -> str:
        """Return a piece as an operand: of the kind and the precedence that are asked for."""
        text, precedence = piece.text, piece.precedence
        if condition and not piece.condition:
            text, precedence = self.target.test.format(text if precedence > 4 else f"({text})"), 4
        elif piece.condition and not condition:
            form = self.target.convert
            text, precedence = form.template.format(text), form.precedence
        return f"({text})" if precedence < need else text

    def _spelled(self, op: Primitive, count: int, order: int | None, constants: Sequence[float | None]) -> Form:
        """Return how an operation is written: as the language does, by a helper, or by one made of the formula."""
        target = self.target
        if op.shape is not None:
            return self._of_arrays(op, count)
        if op.name == "div" and constants[1] and "quotient" in target.forms:
            return target.forms["quotient"]  # by a number that is not 0
        if op.name in target.forms:
            return target.forms[op.name]
        helper = target.helper(op)
        if helper is not None:
            for other in filter(None, [*map(target.helper, map(PRIMITIVES.__getitem__, helper.needs)), helper]):
                self.helpers.setdefault(other.name, other.definition)
            return call(helper.name, count)
        word = target.library(op)
        if word is not None:
            return call(word, count)
        return self._helper(op, count, order)

    def _of_arrays(self, op: Primitive, count: int) -> Form:
        """Return how NumPy writes an operation on whole arrays; what its code calls and NumPy lacks is a helper."""
        for name, helper in self.target.array_helpers.items():
            if op.code.startswith(f"{name}("):
                for other in (*helper.needs, name):
                    self.helpers.setdefault(other, self.target.array_helpers[other].definition)
        if op.operator is not None:
            return Form(op.code, op.operator[1], (op.operator[1], op.operator[1] + 1))
        need = ATOM if op.code.startswith("{0}") else 0
        return Form(op.code.replace("{*}", ", ".join(f"{{{k}}}" for k in range(count))), ATOM, (need,) * count)

    def _helper(self, op: Primitive, count: int, order: int | None) -> Form:
        """Return the call of a helper that is written from the primitive's formula.

        Formulas are made of simpler primitives, so this recursion is as deep as the table of them, and no deeper.
        """
        target = self.target
        name = target.prefix + op.name + ("" if order is None else f"_{order}")
        if op.arity[1] is None:  # C has one function of a name, not one for each number of arguments
            name += f"_{count}"
        parameters = count - (order is not None)
        if name not in self.helpers:
            if op.name in SPECIAL_ORDERS and order is None:
                raise RequestError(
                    f"{op.name} cannot be written in {target.language} where its order is not a number",
                    hint="write the code for one order",
                )
            graph = helper_graph(op, count, order)
            if graph is None:
                raise RequestError(
                    f"{op.name} cannot be written in {target.language}: its library has no such function",
                    hint="adcalc compile --to numpy takes it from SciPy" if target.language != "NumPy" else "",
                )
            inputs = {i: text for text, i in graph.inputs.items()}
            try:
                statements, results = self.write(graph, inputs, "t")
            except RequestError as error:
                raise RequestError(f"{op.name} cannot be written: {error.message}", hint=error.hint) from None
            self.helpers[name] = target.define(name, list(graph.inputs), statements, results[0])
        return call(name, parameters)
