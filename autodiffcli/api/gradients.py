"""Values, gradients and traces, of one point and of arrays of points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

from autodiffcli.api.expressions import Point, chosen, graph_of, of_one_output, point_of
from autodiffcli.backends import Backend, Gradient, backend
from autodiffcli.derivatives import extend
from autodiffcli.errors import MathError, RequestError, missing_extra
from autodiffcli.graph import Graph
from autodiffcli.interpreter import last_uses, run
from autodiffcli.language.parser import parse
from autodiffcli.language.point import arrange
from autodiffcli.limits import processors
from autodiffcli.structures import any_nan, rebuilt

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from autodiffcli.native import Native
    from autodiffcli.program import Blocks
    from autodiffcli.tracing import Trace

    Floats = Sequence[NDArray[np.float64]]

__all__ = ["Compiled", "compile", "evaluate", "evaluation", "gradient", "parse", "trace"]

ENGINES = ("numpy", "c")
"""What runs a compiled expression."""


def evaluate(expression: str | Graph, at: Point = "") -> Any:
    """Return the value of an expression at a point: a float, a float64 array, or a dict or tuple of them.

    Raises RequestError (syntax, missing or superfluous inputs) and MathError (the value is undefined).

    >>> evaluate("x^2 + y", {"x": 3, "y": 1})
    10.0
    >>> evaluate('{"product": X @ W, "sum": sum(X)}', {"X": [[1, 2]], "W": [[3], [4]]})
    {'product': array([[11.]]), 'sum': 3.0}
    >>> evaluate("ln(x)", "x=-1")
    Traceback (most recent call last):
    autodiffcli.errors.MathError: ln is undefined at -1
    """
    return evaluation(expression, at).value


def evaluation(expression: str | Graph, at: Point = "") -> Gradient:
    """Return the value of an expression with that of each of its nodes: a gradient of no inputs.

    Raises what `evaluate` raises.

    >>> evaluation("x*x + 1", "x=3").values
    [3.0, 1.0, 9.0, 10.0]
    """
    point = point_of(at)
    graph = graph_of(expression, point)
    values = run(graph, coordinates(graph, point))
    for output in graph.outputs:
        if any_nan(values[output]):
            raise undefined(graph, values, output)
    value = values[graph.outputs[0]]
    if graph.result is not None:
        value = rebuilt(graph.result, (values[i] for i in graph.outputs))
    return Gradient("eval", graph, len(graph), value, {}, values)


def gradient(
    expression: str | Graph,
    at: Point = "",
    *,
    mode: str | Backend = "reverse",
    wrt: Iterable[str] | None = None,
    trace: bool = False,
) -> Gradient:
    """Return value and gradient of an expression at a point.

    mode:  reverse, forward, backprop, symbolic or numeric, or a backend with its options.
    wrt:   names of the inputs to differentiate by; all, if not given.
    trace: keep the tangents and adjoints of every node.

    Raises RequestError (syntax, names, a refused derivative) and MathError (the value is undefined). A derivative that
    is infinite or nan where the value is defined is returned as such.

    >>> result = gradient("x^3", "x=2", mode="forward")
    >>> result.value, result.gradient
    (8.0, {'x': 12.0})
    >>> gradient("d.cat^2", {"d": {"cat": 3, "dog": (1, 2)}}).structured()
    {'d': {'cat': 6.0, 'dog': (0.0, 0.0)}}
    """
    given = point_of(at)
    graph = of_one_output(expression, "a gradient has one output", at=given)
    names = chosen(graph, wrt)
    way = mode if hasattr(mode, "gradient") else backend(mode)
    point = coordinates(graph, given)
    result = way.gradient(graph, point, names, trace)
    if result.graph is not graph:
        result.graph.structures = graph.structures
    if isnan(result.value):
        raise undefined(graph, run(graph, point), graph.outputs[0])
    return result


def trace(
    expression: str | Graph, at: Point = "", *, mode: str | Backend = "reverse", wrt: Iterable[str] | None = None
) -> Trace:
    """Return the rows of v_i, v_i' and v̄_i that a gradient is made of.

    >>> [row.name for row in trace("x1*x2", "x1=2,x2=5").rows()]
    ['v1', 'v2', 'v3', 'v̄3', 'v̄2→3', 'v̄2', 'v̄1→3', 'v̄1']
    """
    from autodiffcli.tracing import Trace

    return Trace(gradient(expression, at, mode=mode, wrt=wrt, trace=True))


def undefined(graph: Graph, values: Sequence[Any], node: int) -> MathError:
    """Return the error that says where a nan began; its module is imported for those who need it."""
    from autodiffcli.diagnosis import value

    return value(graph, values, node)


class Compiled:
    """An expression ready to be applied to many points: to arrays of them, or to one after the other."""

    block_rows = 65_536
    """Points that are computed at a time: few enough for the cache, enough that threads seldom wait for each other."""

    def __init__(self, graph: Graph, wrt: Sequence[str], engine: str = "numpy") -> None:
        if engine not in ENGINES:
            raise RequestError(f"there is no engine '{engine}'", hint=f"engines are {' and '.join(ENGINES)}")
        self.inputs = list(graph.inputs)
        self._written = graph
        from autodiffcli.passes.simplify import simplify

        self._graph = simplify(extend(graph, wrt).graph, exact=True)
        varies = self._graph.depends(self._graph.inputs.values())
        self._has_arrays = any(varies[i] or engine == "c" for i in self._graph.shapes)
        self._drops = last_uses(self._graph, self._graph.outputs)
        self._blocks: dict[tuple[int, ...], Blocks] = {}
        self._native: Native | None = None
        if engine == "c":
            self.check_columns()
            from autodiffcli.native import Native

            self._native = Native(self._graph)

    def at(self, point: ArrayLike) -> tuple[float, NDArray[np.float64]]:
        """Return the value, and the gradient as one array, at one point: a number for each input.

        >>> compile("x*y^2").at([3.0, 2.0])
        (12.0, array([ 4., 12.]))
        """
        import numpy as np

        given = np.ascontiguousarray(_floats(point, "a point is an array of numbers"))
        if given.shape != (len(self.inputs),):
            raise RequestError(
                f"a point is an array of {len(self.inputs)} numbers, and this one's shape is {given.shape}"
            )
        if self._native is not None:
            results = self._native.point(given)
            return float(results[0]), results[1:]
        values = run(self._graph, given.tolist(), self._drops)
        value, *partials = [values[i] for i in self._graph.outputs]
        return value, np.array(partials)

    def value_and_gradient(
        self, *columns: ArrayLike, out: Sequence[NDArray[np.float64]] | None = None
    ) -> list[NDArray[np.float64]]:
        """Return the value, then each partial derivative, at every point.

        columns: for each input, in order of appearance, its values: float64 arrays of one length, or numbers.
        out:     arrays to write into, which saves what new memory costs: float64, contiguous, of that length, in
                 memory that is none of the columns'.
        Undefined results are nan, overflow is inf.
        """
        import numpy as np

        self.check_columns()
        given = [np.atleast_1d(_floats(column, "columns are numbers, or arrays of them")) for column in columns]
        if len(given) != len(self.inputs):
            raise RequestError(f"{len(self.inputs)} inputs need as many columns, not {len(given)}")
        shapes = [c.shape for c in given if c.shape != (1,)] or [(1,)]
        if len(set(shapes)) > 1 or len(shapes[0]) > 1:
            told = " and ".join(map(str, dict.fromkeys(shapes)))
            raise RequestError(f"columns are numbers, or arrays of one length; these have the shapes {told}")
        count = shapes[0][0]
        results = [np.empty(count) for _ in self._graph.outputs] if out is None else list(out)
        fits = all(
            isinstance(r, np.ndarray)
            and r.shape == (count,)
            and r.dtype == float
            and r.flags.c_contiguous
            and r.flags.writeable
            for r in results
        )
        if len(results) != len(self._graph.outputs) or not fits:
            wanted = f"{len(self._graph.outputs)} contiguous float64 arrays of shape ({count},)"
            raise RequestError(f"out= takes {wanted}, to be written to", hint="leave out= away to have them made")
        try:
            numbers = count > 1 and any(len(column) == 1 for column in given)
            # asked before there are threads, which would each find out
            arithmetic = self._native is not None and self._native.arithmetic
            if self._native is None or (numbers and not arithmetic):
                work = self._by_numpy(given, results)  # a function of a number may be another than that of its column
            else:
                work = self._by_machine(self._native, given, results)
            starts = range(0, count, self.block_rows)
            with_threads(work, [slice(start, min(start + self.block_rows, count)) for start in starts])
        except RequestError as error:
            raise self._named(error) from None
        return results

    def check_columns(self) -> None:
        """Raise RequestError if the expression is none of columns: arrays of inputs have no room for many points."""
        if self._has_arrays:
            raise RequestError(
                "many points at a time take expressions of scalars, and this one has arrays",
                source=self._written.source,
                hint="write it without arrays, a + b for sum([a, b]), or evaluate one point at a time",
            )

    def _named(self, error: RequestError) -> RequestError:
        """Return the error of a missing library, which names the function that asked for it, by what the user wrote."""
        graph = self._written
        for i, op in enumerate(graph.ops):
            if op.extra:
                found = missing_extra(op.name, op.extra)
                return RequestError(found.message, source=graph.source, span=graph.span(i), hint=found.hint)
        return error

    def _by_numpy(self, columns: Floats, results: Floats) -> Callable[[slice], None]:
        """Return what computes some rows. A number among the columns is an array of length 1."""
        import numpy as np

        from autodiffcli.program import Blocks

        several = len(results[0]) > 1
        given = list(zip(self._graph.inputs.values(), columns, strict=True))
        known = {i: column for i, column in given if several and len(column) == 1}
        others = [(i, column) for i, column in given if i not in known]
        blocks = self._blocks.get(tuple(known))
        if blocks is None:
            blocks = self._blocks[tuple(known)] = Blocks(self._graph, known)
        begun = blocks.begin(known)

        def work(rows: slice) -> None:  # NumPy's functions give other last digits where numbers stand apart
            block = {i: np.ascontiguousarray(column[rows]) for i, column in others}
            blocks.run(begun, block, [result[rows] for result in results])

        return work

    def _by_machine(self, native: Native, columns: Floats, results: Floats) -> Callable[[slice], None]:
        """Return what computes some rows by machine code."""
        import numpy as np

        given = [np.ascontiguousarray(np.broadcast_to(column, results[0].shape)) for column in columns]
        return lambda rows: native.rows(given, results, rows.start, rows.stop)


def _floats(numbers: ArrayLike, needed: str) -> NDArray[np.float64]:
    import numpy as np

    try:
        return np.asarray(numbers, dtype=float)
    except (TypeError, ValueError) as error:
        raise RequestError(f"{needed}: {error}") from None


def with_threads(work: Callable[[slice], None], blocks: Sequence[slice]) -> None:
    """Call work for each block on as many threads as there are processors: NumPy lets go of the interpreter's lock."""
    threads = min(processors(), len(blocks))
    if threads <= 1:
        for block in blocks:
            work(block)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, blocks):  # which raises what work raises
            pass


def compile(expression: str | Graph, *, wrt: Iterable[str] | None = None, engine: str = "numpy") -> Compiled:
    """Return an expression as a function of arrays: value and gradient of millions of points.

    engine: numpy, or c: machine code that the machine's C compiler makes, for many operations at few points and for
            arithmetic at many. Over columns functions such as exp are NumPy's there too, and the numbers the same.

    Raises RequestError (syntax, names, an unknown engine, no C compiler, a function that C does not have).

    >>> value, d_x = compile("x^2").value_and_gradient([1.0, 2.0, 3.0])
    >>> d_x.tolist()
    [2.0, 4.0, 6.0]
    """
    graph = of_one_output(expression, "a gradient has one output")
    return Compiled(graph, chosen(graph, wrt), engine)


def coordinates(graph: Graph, at: Point) -> list[Any]:
    """Return a point's values in the order of the inputs. Raises RequestError for missing and superfluous names."""
    return arrange(point_of(at), graph)
