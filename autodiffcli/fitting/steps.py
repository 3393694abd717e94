"""What yields loss and gradient, step by step: the graph of the loss, run on one batch of rows after another.

Optimizers see `Epochs` alone. Whatever else can tell the loss and the gradient at θ takes its place, as `queries` do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite, prod
from typing import Any, NamedTuple, Protocol

import numpy as np

from autodiffcli.derivatives import extend
from autodiffcli.diagnosis import value
from autodiffcli.errors import MathError, RequestError
from autodiffcli.fitting.optimizers import Vector
from autodiffcli.fitting.rows import Columns, Rows, no_rows
from autodiffcli.graph import UNKNOWN, Graph
from autodiffcli.interpreter import run
from autodiffcli.language.parser import parse
from autodiffcli.language.point import forms
from autodiffcli.language.write import number
from autodiffcli.passes.simplify import simplify
from autodiffcli.primitive import Shape
from autodiffcli.program import Program
from autodiffcli.structures import leaves, path_text, regrouped
from autodiffcli.value_text import compact, entries

__all__ = ["Batch", "Epochs", "Layout", "Loss", "RowBatches", "free_names", "shuffled", "written"]


class Batch(Protocol):
    """Some rows, and the loss over them."""

    @property
    def rows(self) -> int:
        """How many."""
        ...

    def evaluate(self, theta: Vector) -> tuple[float, Vector]:
        """Return the loss and its gradient at θ."""
        ...

    def explained(self, theta: Vector, when: str) -> MathError:
        """Return the error that says why one of them is not finite."""
        ...


class Epochs(Protocol):
    """All rows, as often as wanted."""

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, counted from 0, without the first few; the same ones whenever it is asked.

        There is at least one, of at least one row. Raises RequestError where there are no rows.
        """
        ...


class Layout:
    """Where the parameters, numbers and arrays and structures of them, stand in one vector.

    >>> layout = Layout({"w": np.array([1.0, 2.0]), "b": 3.0})
    >>> layout.start, layout.values(np.array([4.0, 5.0, 6.0]))
    (array([1., 2., 3.]), {'w': array([4., 5.]), 'b': 6.0})
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.parameters = parameters
        found = {path_text(name, leaf.path): leaf.value for name, value in parameters.items() for leaf in leaves(value)}
        self.shapes = {name: np.shape(value) for name, value in found.items()}
        self.start = np.concatenate([np.ravel(value) for value in found.values()] or [np.zeros(0)]).astype(float)

    def values(self, theta: Vector) -> dict[str, Any]:
        """Return the parameters, the leaves of structures each by itself: floats, and views of the vector."""
        found, at = {}, 0
        for name, shape in self.shapes.items():
            size = prod(shape)
            found[name] = theta[at : at + size].reshape(shape) if shape else float(theta[at])
            at += size
        return found

    def structured(self, theta: Vector) -> dict[str, Any]:
        """Return the parameters in the form in which they were given."""
        return regrouped(self.values(theta), forms(self.parameters)["structures"])


class _Shapes(dict[str, Shape]):
    """Shapes by name, those of other names found when they are asked for."""

    def __init__(self, known: Mapping[str, Shape], others: Callable[[str], Shape]) -> None:
        super().__init__(known)
        self._others = others

    def get(self, key: str, default: Any = None) -> Shape:
        return self[key] if key in self else self._others(key)


def written(text: str, layout: Layout, shapes: Mapping[str, Shape]) -> Graph:
    """Return the graph of a loss of parameters and of columns that have these shapes.

    Raises RequestError for shapes that do not fit, and for a loss that is no number.
    """
    known = forms(layout.parameters)
    known["shapes"] |= shapes
    graph = parse(text, **known)
    if len(graph.outputs) != 1:
        raise RequestError(f"a loss is one number, and this expression has {len(graph.outputs)}")
    output = graph.outputs[0]
    if graph.shape(output):
        raise RequestError(
            f"a loss is a number, and this is an array of shape {graph.shape(output)}",
            source=graph.source,
            span=graph.span(output),
            hint="sum or mean it over the rows: mean(...)",
        )
    return graph


def free_names(text: str, layout: Layout, shape: Callable[[str], Shape], count: int) -> list[str]:
    """Return the inputs of a loss that are no parameters, so that they are columns; none of these is read for it.

    shape: of a row of a column. count: of the rows of a batch, any where it is not known. Raises RequestError for the
    syntax of the text, and for a parameter that is not in it.
    """
    structures = forms(layout.parameters)["structures"]
    try:
        graph = parse(text, shapes=_Shapes({}, lambda name: UNKNOWN), structures=structures)
    except RequestError:  # zeros(len(x)) needs a number
        shapes = _Shapes(layout.shapes, lambda name: (count, *shape(name)))
        graph = parse(text, shapes=shapes, structures=structures)
    for name in layout.parameters:
        if name not in graph.inputs and name not in graph.structures:
            from difflib import get_close_matches

            near = get_close_matches(name, list(graph.inputs), n=1)
            hint = f"did you mean '{near[0]}'?" if near else "take it out of --params"
            raise RequestError(f"'{name}' is not in the loss", hint=hint)
    return [name for name in graph.inputs if name not in layout.shapes]


class Loss:
    """A loss of parameters and columns, as a graph for each number of rows that it meets."""

    def __init__(self, text: str, layout: Layout) -> None:
        self.text, self.layout = text, layout
        self._programs: dict[tuple[Shape, ...], tuple[Graph, Program]] = {}

    def evaluate(self, theta: Vector, columns: Columns) -> tuple[float, Vector]:
        """Return the loss and its gradient. Raises RequestError for shapes that do not fit, and a loss that has one."""
        written, program = self._program(columns)
        given = self.layout.values(theta) | columns
        loss, *gradient = program.at([given[name] for name in written.inputs])
        return float(loss), np.concatenate([np.ravel(g) for g in gradient])

    def explained(self, theta: Vector, columns: Columns, when: str) -> MathError:
        """Return the error that says where a loss or a gradient that is not finite began."""
        graph, at = self._program(columns)[0], self.layout.values(theta)
        given = at | columns
        values, output = run(graph, [given[name] for name in graph.inputs]), graph.outputs[0]
        loss, span, hint = values[output], None, ""
        if isfinite(loss):
            slopes = self.layout.values(self.evaluate(theta, columns)[1])
            found = (pair for leaf, slope in slopes.items() for pair in entries(leaf, slope))
            name, x = next(pair for pair in found if not isfinite(pair[1]))
            said = f"the loss is {number(loss)}, but its derivative by {name} is {x}"
        else:
            cause = value(graph, values, output)
            span, hint = cause.span, cause.hint
            said = f"the loss is {loss}: {cause.message.removeprefix(f'the value is {loss}: ')}"
        shown = ", ".join(f"{name} = {compact(x)}" for name, x in [*at.items()][:4])
        return MathError(
            f"{when}, {said}",
            source=graph.source,
            span=span,
            hint=hint or "a smaller --lr, or other start values",
            notes=[f"parameters: {shown}{', …' if len(at) > 4 else ''}"],
        )

    def _program(self, columns: Columns) -> tuple[Graph, Program]:
        """Return the graph of the loss, and what computes loss and gradient of columns of these lengths."""
        key = tuple(column.shape for column in columns.values())
        if key not in self._programs:
            shapes = {name: column.shape for name, column in columns.items()}
            graph = written(self.text, self.layout, shapes)
            longer = simplify(extend(graph, self.layout.shapes).graph, exact=True)
            self._programs[key] = graph, Program(longer)
        return self._programs[key]


class RowBatch(NamedTuple):
    """Some rows of columns, and the loss over them."""

    loss: Loss
    columns: Columns
    rows: int

    def evaluate(self, theta: Vector) -> tuple[float, Vector]:
        """Return the loss and its gradient at θ."""
        return self.loss.evaluate(theta, self.columns)

    def explained(self, theta: Vector, when: str) -> MathError:
        """Return the error that says why one of them is not finite."""
        return self.loss.explained(theta, self.columns, when)


class RowBatches:
    """The batches that rows give: in their order, or shuffled by a seed within what is in memory at a time."""

    def __init__(self, loss: Loss, rows: Rows, names: Sequence[str], size: int | None, seed: int | None) -> None:
        self._loss, self._rows, self._names, self._size, self._seed = loss, rows, names, size, seed

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, the last one smaller where the rows end. Raises RequestError for no rows."""
        place = -1
        for place, buffer in enumerate(self._rows.buffers(self._names, self._size)):
            count = len(buffer[self._names[0]])
            size = self._size or count
            order = None if self._seed is None else shuffled(count, self._seed, number, place)
            for start in range(0, count, size):
                if skip:
                    skip -= 1
                    continue
                part = slice(start, start + size)
                chosen = part if order is None else order[part]
                columns = {name: column[chosen] for name, column in buffer.items()}
                yield RowBatch(self._loss, columns, min(size, count - start))
        if place < 0:
            raise no_rows(self._rows.name, self._rows.skipped)


def shuffled(count: int, seed: int, epoch: int, buffer: int) -> Any:
    """Return the order of rows: the numbers alone decide it, so that a run that is resumed needs to keep no more."""
    return np.random.default_rng([seed, 1, epoch, buffer]).permutation(count)
