"""Structures: dicts, tuples and lists of values, flattened into named leaves and rebuilt from them.

A leaf is a number or an array. Graphs know leaves alone: the input d = {"cat": 2, "dog": (3, [1, 2])} is the inputs
d["cat"], d["dog"][0] and d["dog"][1]. What has the form of a structure but for its leaves is one, too: its form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, isfinite, isnan
from typing import Any, NamedTuple

from autodiffcli.errors import RequestError

__all__ = [
    "MAX_DEPTH",
    "Items",
    "Leaf",
    "Step",
    "all_finite",
    "any_nan",
    "assembled",
    "folded",
    "form_of",
    "is_structure",
    "leaves",
    "mapped",
    "path_text",
    "quoted",
    "rebuilt",
    "regrouped",
]

MAX_DEPTH = 100
"""Dicts, tuples and lists within each other, at most."""

Step = str | int
"""A key of a dict, or an index of a tuple or a list."""


class Items(tuple[Any, ...]):
    """A tuple of values while a program is read: it cannot be hashed, so no operation takes it for a node."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]


class Leaf(NamedTuple):
    """A leaf of a structure with the steps that lead to it."""

    path: tuple[Step, ...]
    value: Any


def is_structure(value: object) -> bool:
    """Tell dicts, tuples, and lists that hold one of them, from numbers, arrays and lists that are arrays.

    >>> is_structure({}), is_structure((1, 2)), is_structure([[1, 2], [3, 4]]), is_structure([1, {"a": 2}])
    (True, True, False, True)
    """
    stack, depth = [(value, 0)], 0
    while stack:
        value, depth = stack.pop()
        if isinstance(value, Mapping | tuple):
            return True
        if isinstance(value, list):
            if depth > MAX_DEPTH:
                raise _too_deep()
            if not all(item.__class__ is float or item.__class__ is int for item in value):
                stack += [(item, depth + 1) for item in value if not isinstance(item, int | float)]
    return False


def leaves(value: Any, most: float = inf) -> Iterator[Leaf]:
    """Return the leaves of a structure in their order, a number or an array as its own one leaf.

    Raises RequestError for keys that are no texts, beyond MAX_DEPTH, and where there are more than `most` structures
    and leaves: what stands in one twice is counted twice.

    >>> [(path_text("d", leaf.path), leaf.value) for leaf in leaves({"cat": 2.0, "dog": (3.0, {"a b": 4.0})})]
    [('d["cat"]', 2.0), ('d["dog"][0]', 3.0), ('d["dog"][1]["a b"]', 4.0)]
    """
    stack: list[Leaf] = [Leaf((), value)]
    count = 0
    while stack:
        leaf = stack.pop()
        count += 1
        if count > most:
            raise RequestError(f"a structure has more than {most:,} parts", hint="leave out what it repeats")
        inside = _entries(leaf.value)
        if inside is None:
            yield leaf
            continue
        if len(leaf.path) >= MAX_DEPTH:
            raise _too_deep()
        stack += reversed([Leaf((*leaf.path, step), entry) for step, entry in inside])


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """Return a structure of the same form with a function of each leaf in its place.

    >>> mapped(lambda x: -x, {"cat": 1.0, "dog": (2.0, 3.0)})
    {'cat': -1.0, 'dog': (-2.0, -3.0)}
    """
    return rebuilt(value, map(function, (leaf.value for leaf in leaves(value))))


def form_of(value: Any) -> Any:
    """Return a structure with its leaves left out: None in their places."""
    return mapped(lambda leaf: None, value)


def rebuilt(form: Any, values: Iterator[Any], tuples: Callable[[list[Any]], Any] = tuple) -> Any:
    """Return a structure of the form of another with leaves taken from `values` in their order.

    tuples: makes its tuples.

    >>> rebuilt({"cat": None, "dog": (None, None)}, iter([1.0, 2.0, 3.0]))
    {'cat': 1.0, 'dog': (2.0, 3.0)}
    """

    def make(form: Any, made: list[Any]) -> Any:
        if isinstance(form, Mapping):
            return dict(zip(form, made, strict=True))
        return made if isinstance(form, list) else tuples(made)

    return folded(form, values, make)


def folded(form: Any, values: Iterator[Any], make: Callable[[Any, list[Any]], Any]) -> Any:
    """Return what `make` makes of each dict, tuple and list of a form and its entries, the innermost first.

    values: what stands for the leaves, in their order.

    >>> folded({"cat": None, "dog": (None, None)}, iter([1, 2, 3]), lambda form, made: sum(made))
    6
    """
    done: list[Any] = []
    stack: list[tuple[Any, int | None]] = [(form, None)]  # a structure to enter, or to make of so many done values
    while stack:
        value, count = stack.pop()
        if count is not None:
            made = done[len(done) - count :]
            del done[len(done) - count :]
            done.append(make(value, made))
            continue
        inside = _entries(value)
        if inside is None:
            done.append(next(values))
            continue
        stack.append((value, len(inside)))
        stack += reversed([(entry, None) for _, entry in inside])
    return done[0]


def assembled(name: str, parts: Mapping[tuple[Step, ...], Any]) -> Any:
    """Return the structure that is made of parts by their paths, dicts of keys and tuples of indices.

    Raises RequestError beyond MAX_DEPTH, for a part given twice, and for indices of which one is missing.

    >>> assembled("d", {("cat",): 1.0, ("dog", 1): 3.0, ("dog", 0): 2.0})
    {'cat': 1.0, 'dog': (2.0, 3.0)}
    """
    tree = _Tree()
    for path, value in parts.items():
        if len(path) > MAX_DEPTH:
            raise _too_deep()
        inside = tree
        for step in path[:-1]:
            inside = inside.setdefault(step, _Tree())
            if not isinstance(inside, _Tree):
                break
        if not isinstance(inside, _Tree) or path[-1] in inside:
            raise RequestError(f"'{path_text(name, path)}' is given twice: whole, and by its entries")
        inside[path[-1]] = value
    return _grown(tree, name)


class _Tree(dict[Step, Any]):
    """What is known so far of the entries of a structure."""


def _grown(tree: Any, name: str) -> Any:
    if not isinstance(tree, _Tree):
        return tree
    made = {step: _grown(inside, path_text(name, [step])) for step, inside in tree.items()}  # MAX_DEPTH deep at most
    if all(isinstance(step, str) for step in made):
        return made
    missing = next((k for k in range(len(made)) if k not in made), None)
    if missing is not None:
        raise RequestError(
            f"'{name}[{missing}]' has no value", hint="entries of a tuple are given all, those of a dict by keys"
        )
    return tuple([made[k] for k in range(len(made))])


def regrouped(values: Mapping[str, Any], forms: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of leaves by name with those of each structure put together, where none of them is missing.

    >>> regrouped({'d["cat"]': 1.0, 'd["dog"]': 2.0, "x": 3.0}, {"d": {"cat": None, "dog": None}})
    {'d': {'cat': 1.0, 'dog': 2.0}, 'x': 3.0}
    """
    if not forms:
        return dict(values)
    owners: dict[str, str] = {}
    for name, form in forms.items():
        names = [path_text(name, leaf.path) for leaf in leaves(form)]
        if all(leaf in values for leaf in names):
            owners |= dict.fromkeys(names, name)
    found: dict[str, Any] = {}
    for leaf in values:
        name = owners.get(leaf, leaf)
        if name not in found:
            form = forms.get(name) if leaf in owners else None
            paths = [path_text(name, part.path) for part in leaves(form)] if leaf in owners else [leaf]
            found[name] = rebuilt(form, map(values.__getitem__, paths))
    return found


def all_finite(value: Any) -> bool:
    """Tell whether every number of a value, a float or an array or a structure of them, is finite."""
    return all(isfinite(x) if x.__class__ is float else _every("isfinite", x) for _, x in leaves(value))


def any_nan(value: Any) -> bool:
    """Tell whether a number of a value, a float or an array or a structure of them, is nan."""
    return any(isnan(x) if x.__class__ is float else not _every("isnan", x, False) for _, x in leaves(value))


def _every(test: str, array: Any, wanted: bool = True) -> bool:
    import numpy as np

    return bool((getattr(np, test)(array) == wanted).all())


def path_text(name: str, path: Sequence[Step]) -> str:
    r"""Return how the language writes a leaf: its input's name, and a step each in brackets.

    >>> print(path_text("d", ("cat", 0, 'say "hi"')))
    d["cat"][0]["say \"hi\""]
    """
    return name + "".join([f"[{quoted(step) if isinstance(step, str) else step}]" for step in path])


def quoted(key: str) -> str:
    r"""Return a key as the language and JSON write it, on one line and so that it reads back to the letter.

    >>> print(quoted("a b"), quoted("é"), quoted("\u202e"), quoted("e\u0301"))
    "a b" "é" "\u202e" "e\u0301"
    """
    import json  # costs a scalar program nothing
    from unicodedata import normalize

    whole = json.dumps(key, ensure_ascii=normalize("NFC", key) != key)  # programs are read in composed form
    return "".join([c if c.isprintable() else json.dumps(c)[1:-1] for c in whole])


def _entries(value: Any) -> list[tuple[Step, Any]] | None:
    """Return what a structure holds, None of a leaf."""
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise RequestError(f"the key {key!r} of a dict is no text", hint='write {"cat": 2}')
        return list(value.items())
    if isinstance(value, tuple) or (isinstance(value, list) and is_structure(value)):
        return list(enumerate(value))
    return None


def _too_deep() -> RequestError:
    return RequestError(f"a structure is nested more than {MAX_DEPTH} deep", hint="nest fewer dicts and tuples")
