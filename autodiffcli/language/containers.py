"""What the aliases of arrays, tuples and dicts mean: making them, and taking entries out of them.

While a program is read a value is a node, or a structure of values: a dict, `Items` (a tuple), a list of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from autodiffcli.errors import RequestError, Span
from autodiffcli.graph import UNKNOWN, Graph
from autodiffcli.limits import expansion
from autodiffcli.structures import Items, Leaf, Step, leaves, path_text

__all__ = ["MAX_AXES", "Containers", "Keyword", "Place", "shape_text", "told"]

MAX_AXES = 32
"""Axes of an array: what every release of NumPy takes."""


@dataclass(eq=True)  # so that it cannot be hashed: no operation takes it for a node
class Key:
    """A text in brackets, or in a call."""

    text: str


@dataclass(eq=True)
class Keyword:
    """An argument of a call that is given by its name."""

    name: str
    value: Any
    span: Span


class Place(NamedTuple):
    """An entry of what a name stands for: its text, d["cat"], and the path to it; None where that ends in an array."""

    name: str
    text: str
    path: tuple[Step, ...] | None


class Containers:
    """The part of the parser that knows arrays, tuples and dicts."""

    source: str
    graph: Graph
    generic: bool

    # What is written

    def nothing(self, v: list[Any], start: int, end: int) -> int:
        return self._stacked([], start, end)

    def array(self, v: list[Any], start: int, end: int) -> Any:
        items = v[1]
        if any(item.__class__ is not int for item in items):
            return items
        return self._stacked(items, start, end)

    def _stacked(self, nodes: list[int], start: int, end: int) -> int:
        """Return the array of some numbers or arrays: a constant where they are constants."""
        if self.graph.exact:
            self.refuse("digits are proven of numbers, and this is an array", (start, end), "leave --digits out")
        from autodiffcli.primitives.tensor_functions import literal

        shapes = [self.graph.shape(node) for node in nodes]
        odd = next((k for k, shape in enumerate(shapes) if shape != shapes[0] and UNKNOWN not in (shape, shapes[0])), 0)
        if odd:
            unlike = f"entry 0 is {told(shapes[0])} and entry {odd} is {told(shapes[odd])}"
            hint = "what is not alike is a tuple: ([1, 2], [3])"
            self.refuse(f"an array has entries of one shape, and here {unlike}", (start, end), hint)
        if shapes and len(shapes[0]) >= MAX_AXES:
            self.refuse(f"an array has {MAX_AXES} axes at most", (start, end), "fewer brackets within each other")
        return literal(self.graph, nodes, (start, end))

    def no_items(self, v: list[Any], start: int, end: int) -> Items:
        return Items()

    def single(self, v: list[Any], start: int, end: int) -> Items:
        return Items([v[1]])

    def several(self, v: list[Any], start: int, end: int) -> Items:
        return Items([v[1], *v[3]])

    def no_entries(self, v: list[Any], start: int, end: int) -> dict[str, Any]:
        return {}

    def mapping(self, v: list[Any], start: int, end: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value, span in v[1]:
            if key in made:
                self.refuse(f'"{key}" is twice in a dict', span, "give each key one value")
            made[key] = value
        return made

    def entry(self, v: list[Any], start: int, end: int) -> tuple[str, Any, Span]:
        return self._text(v[0], start), v[2], (start, start + len(v[0]))

    def keyword(self, v: list[Any], start: int, end: int) -> Keyword:
        return Keyword(v[0], v[2], (start, end))

    def _text(self, quoted: str, start: int) -> str:
        """Return what a key in quotes says."""
        if "\\" not in quoted:
            return quoted[1:-1]
        import json

        try:
            return str(json.loads(quoted))
        except ValueError:
            hint = r"a backslash is written \\, a quote \""
            self.refuse(f"{quoted} is not a text as JSON spells it", (start, start + len(quoted)), hint)

    # What is taken out

    def key(self, v: list[Any], start: int, end: int) -> Key:
        return Key(self._text(v[0], start))

    def part(self, v: list[Any], start: int, end: int) -> list[Any]:
        """Return the bounds of a slice: [from, to], None where left out."""
        colon = v.index(":")
        return [v[0] if colon else None, v[-1] if colon < len(v) - 1 else None]

    def slicing(self, v: list[Any], start: int, end: int) -> slice:
        """Return a slice of whole numbers."""
        bounds = [*v[0], v[2] if len(v) > 1 else None]
        first, last, step = [None if node is None else self.whole(node, (start, end), "a bound") for node in bounds]
        if step == 0:
            self.refuse("the step of a slice cannot be 0", (start, end))
        return slice(first, last, step)

    def member(self, v: list[Any], start: int, end: int) -> Any:
        return self._taken(v[0], Key(v[2]), start, end)

    def index(self, v: list[Any], start: int, end: int) -> Any:
        target, subscripts = v[0], v[2]
        if target.__class__ is not int or isinstance(subscripts[0], Key):
            if len(subscripts) > 1:
                hint = 'take one after the other: d["cat"][0]'
                self.refuse("an entry of a structure is taken by one key or one number", (start, end), hint)
            return self._taken(target, subscripts[0], start, end)
        for subscript in subscripts:
            if isinstance(subscript, Key):
                self._taken(target, subscript, start, end)
        return self._entries(target, subscripts, start, end)

    def placed(self, v: list[Any], start: int, end: int) -> Place:
        """Return the place that a point gives a value to: an entry of what a name stands for."""
        owner = v[0] if isinstance(v[0], Place) else Place(v[0], v[0], ())
        if v[1] == ".":
            steps: list[Any] = [v[2]]
        else:
            steps = [
                step.text if isinstance(step, Key) else self.whole(step, (start, end), "an index") for step in v[2]
            ]
        if len(steps) == 1 and owner.path is not None:
            return Place(owner.name, path_text(owner.text, steps), (*owner.path, *steps))
        return Place(owner.name, f"{owner.text}[{','.join(map(str, steps))}]", None)

    def _entries(self, target: int, subscripts: list[Any], start: int, end: int) -> int:
        """Return entries of an array."""
        from autodiffcli.primitives.tensor_functions import index, static_value

        shape, span = self.graph.shape(target), (start, end)
        key: list[Any] = []
        if not shape:
            self.refuse(
                f"'{_short(self.source[start:end])}' takes an entry of a number",
                span,
                "an input is an array or a tuple where its value is one: --at x=[1, 2, 3]",
            )
        for subscript in subscripts:
            if not isinstance(subscript, slice):
                self.numeric([subscript], "an index", span)
            picked = None if isinstance(subscript, slice) else static_value(self.graph, subscript)
            if isinstance(picked, tuple) and picked and all(isinstance(n, int) for n in picked):
                key.append(picked)
            else:
                key.append(subscript if isinstance(subscript, slice) else self.whole(subscript, span, "an index"))
        if shape != UNKNOWN:
            self._within(shape, key, span)
        return index(self.graph, target, tuple(key), span)

    def _within(self, shape: tuple[int, ...], key: list[Any], span: Span) -> None:
        """Refuse an index that the array does not have."""
        if len(key) > len(shape):
            self.refuse(f"{len(key)} indices are too many for {told(shape)}", span, f"it has {len(shape)} axes")
        for axis, (length, part) in enumerate(zip(shape, key, strict=False)):
            for at in (part,) if isinstance(part, int) else part if isinstance(part, tuple) else ():
                if not -length <= at < length:
                    last = f"from 0 to {length - 1}" if length else "and that axis is empty"
                    size = f"axis {axis} of {told(shape)} has length {length}"
                    self.refuse(f"there is no entry {at}: {size}", span, f"indices count {last}; -1 is the last")

    def transposed(self, v: list[Any], start: int, end: int) -> int:
        self.numeric(v[:1], "'", (start, end))
        from autodiffcli.primitives.tensor import transpose

        return self.graph.apply(transpose(), (v[0],), start, end)

    def product(self, v: list[Any], start: int, end: int) -> int:
        self.numeric([v[0], v[2]], "@", (start, end))
        for node in (v[0], v[2]):
            if not self.graph.shape(node):
                what = _short(self.graph.text(node) or "what stands beside it")
                self.refuse(
                    f"@ is the product of arrays, and '{what}' is a number",
                    (start, end),
                    "numbers are multiplied by *; an input is an array where its value is one: --at X=[[1, 2], [3, 4]]",
                )
        from autodiffcli.primitives.tensor_products import matmul

        return self.graph.apply(matmul, (v[0], v[2]), start, end)

    def numeric(self, values: Iterable[Any], what: str, span: Span) -> None:
        """Refuse structures, and arguments by name, where only numbers and arrays can stand."""
        for value in values:
            if isinstance(value, Key):
                self.refuse(f'"{value.text}" is a text, and {what} takes none', span, "only keys are texts")
            if isinstance(value, Keyword):
                self.refuse(f"{what} has no argument '{value.name}'", value.span, "give it without its name")
            if value.__class__ is not int:
                entry = f"[{next(iter(value), 'key')!r}]" if isinstance(value, dict) else "[0]"
                kind = "a dict" if isinstance(value, dict) else "a tuple" if isinstance(value, Items) else "a list"
                hint = f"take an entry of it, by {entry}".replace("'", '"')
                self.refuse(f"{what} takes numbers and arrays, not {kind}", span, hint)

    def _taken(self, target: Any, step: Any, start: int, end: int) -> Any:
        """Return an entry of a structure."""
        span = (start, end)
        if target.__class__ is int:
            if self.graph.shape(target) == UNKNOWN:  # a parameter: what it is, the call says
                self.generic = True
                return self.graph.parameter(UNKNOWN)
            hint = 'only dicts have keys; an input is one where its value is: --at d={"cat": 2}'
            if isinstance(step, Key) and step.text == "T":
                hint = "a transpose is written X'"
            self.refuse(
                f"'{_short(self.source[start:end])}' takes a key of {told(self.graph.shape(target))}", span, hint
            )
        if isinstance(target, dict):
            if not isinstance(step, Key):
                self.refuse("an entry of a dict is taken by its key", span, f"write {_keys(target)[:200]}")
            if step.text not in target:
                self._no_key(target, step.text, span)
            return target[step.text]
        if isinstance(step, Key | slice):
            kind = "key" if isinstance(step, Key) else "slice"
            self.refuse(f"a tuple has no {kind}s", span, "its entries are taken by their numbers: t[0]")
        at = self.whole(step, span, "an index")
        if not -len(target) <= at < len(target):
            self.refuse(f"there is no entry {at} in a tuple of {len(target)}", span, f"they are 0 to {len(target) - 1}")
        return target[at]

    def _no_key(self, target: dict[str, Any], key: str, span: Span) -> NoReturn:
        from difflib import get_close_matches

        near = get_close_matches(key, list(target), 1, 0.5)
        meant = f'did you mean "{near[0]}"?' if near else ""
        self.refuse(f'the dict has no key "{key}": it has {_keys(target)}', span, meant)

    # Numbers that shape arrays

    def whole(self, node: Any, span: Span, what: str) -> int:
        """Return a whole number that a program writes out. Raises RequestError for what is none."""
        value = self.graph.constants.get(node) if node.__class__ is int else None
        if not isinstance(value, float) or value % 1 != 0 or abs(value) > 2**53:
            self.refuse(f"{what} must be a whole number that is written out", span, "for example a[0], or a[1:3]")
        return int(value)

    def array_call(self, name: str, args: list[Any], start: int, end: int) -> int | None:
        """Return the node of a call of a function of arrays, None if there is none of that name."""
        from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS

        function = ARRAY_FUNCTIONS.get(name)
        if function is None:
            return None
        if self.graph.exact:
            self.refuse(f"digits are proven of numbers, and {name} takes arrays", (start, end), "leave --digits out")
        operands: list[int] = []
        values: list[Any] = []
        named: dict[str, Any] = {}
        if function.most is None and len(args) > 0 and isinstance(args[0], Items | list):  # stack((a, b), axis=1)
            args = [*args[0], *args[1:]]
        for arg in args:
            if isinstance(arg, Keyword):
                if arg.name in named:
                    self.refuse(f"'{arg.name}' is given twice", arg.span)
                named[arg.name] = self.static(arg.value, arg.span, f"{name}: {arg.name}")
            elif isinstance(arg, Key):
                values.append(arg.text)
            elif arg.__class__ is int and not values and (function.most is None or len(operands) < function.most):
                operands.append(arg)
            elif function.most is None and not isinstance(arg, Items):
                self.numeric([arg], name, (start, end))
                operands.append(arg)
            elif len(operands) < function.least:
                self.numeric([arg], name, (start, end))
            else:
                values.append(self.static(arg, (start, end), f"{name}: an argument that is no array"))
        if function.parameters == ("shape",) and len(values) > 1:
            values = [tuple(values)]  # zeros(2, 3)
        try:
            return function.call(self.graph, operands, values, named, (start, end))
        except RequestError as error:
            numbers = [self.graph.names[n] for n in operands if n in self.graph.names and not self.graph.shape(n)]
            if numbers:
                error.hint = f"an input is an array where its value is one: --at '{numbers[0]}=[[1, 2], [3, 4]]'"
            raise

    def static(self, value: Any, span: Span, what: str) -> Any:
        """Return the number or tuple of numbers that a program writes out. Raises RequestError for what is none."""
        from autodiffcli.primitives.tensor_functions import static_value

        if isinstance(value, Items):
            self.leaves_of(value, span)  # so that it is neither deep nor endless
            return tuple([self.static(item, span, what) for item in value])
        if isinstance(value, Key):
            return value.text
        found = static_value(self.graph, value) if value.__class__ is int else None
        if found is None:
            self.refuse(f"{what} must be a number that is written out", span, "an axis or a shape is no variable")
        return found

    def leaves_of(self, value: Any, span: Span) -> list[Leaf]:
        """Return the leaves of a structure, which may be exponentially many. Raises RequestError beyond the limit."""
        try:
            return list(leaves(value, expansion(len(self.source))))
        except RequestError as error:
            self.refuse(error.message, span, error.hint)

    def refuse(self, message: str, span: Span, hint: str = "") -> NoReturn:
        raise RequestError(message, source=self.source, span=span, hint=hint)


def told(shape: tuple[int, ...]) -> str:
    """Return what a value of a shape is called.

    >>> told(()), told((2, 3))
    ('a number', 'an array of shape (2, 3)')
    """
    return f"an array of shape {shape_text(shape)}" if shape else "a number"


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape as Python writes it.

    >>> shape_text((3,)), shape_text([2, 3])
    ('(3,)', '(2, 3)')
    """
    return repr(tuple(shape))


def _keys(target: dict[str, Any]) -> str:
    shown = ", ".join(f'"{key}"' for key in list(target)[:8])
    return (shown if len(target) <= 8 else f"{shown} and {len(target) - 8:,} more") or "none"


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
