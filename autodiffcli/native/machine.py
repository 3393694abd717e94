"""Graphs as machine code, which the machine's own C compiler makes.

A graph of few operations becomes one function, compiled as the C target writes it, and a loop over rows that the
compiler turns into vector instructions: values between operations never leave the registers. One of many operations
would take minutes to compile. It becomes data instead, instructions for an interpreter in C that has the operations of
this graph (as CasADi's functions do); that is compiled in a tenth of a second whatever the graph's size.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph
from autodiffcli.interpreter import last_uses
from autodiffcli.primitive import Primitive
from autodiffcli.targets import c
from autodiffcli.targets.compose import compose
from autodiffcli.targets.formulas import FOLDED, SPECIAL_ORDERS
from autodiffcli.targets.function import Function

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Machine", "address", "built"]

FEW = 500
"""Operations up to which graphs are compiled as they are."""
LANES = 32
"""Rows that the interpreter takes at a time: vector instructions, for one look at an operation."""
# Fast, and with the results of IEEE arithmetic: nothing is contracted or taken in another order.
FLAGS = ["-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
INLINED = ["-fno-semantic-interposition", "-finline-limit=100000"]  # the function becomes part of the loop over rows

Kind = tuple[Primitive, int, float | None]
"""A primitive, its number of arguments, and the constant among them that makes it an operation of its own."""

# Results are in no column's memory. Said by `restrict` alone, compilers still compare the addresses of all pairs of
# columns, and where there are too many of these give vectors up.
_ROWS = """
void rows{k}(const double *const *columns, double *const *results, long first, long last) {{
    {pointers}
    #pragma GCC ivdep
    for (long row = first; row < last; row++) {{
        const double in[] = {{{loads}}};
        double out[{outs}];
        f{k}(in, out);
        {stores}
    }}
}}
"""
_INTERPRETER = """\
#include <math.h>
#include <string.h>

{operations}

typedef struct {{ const int *code, *end, *in, *out; long ins, outs; }} program;

{run}
{run_lanes}
void f(const double *point, double *results, const program *p, double *work) {{
    for (long k = 0; k < p->ins; k++) work[p->in[k]] = point[k];
    run1(p, work);
    for (long k = 0; k < p->outs; k++) results[k] = work[p->out[k]];
}}

void rows(const double *const *columns, double *const *results, long first, long last,
          const program *p, double *work) {{
    for (long row = first; row < last; row += {lanes}) {{
        const size_t size = (last - row < {lanes} ? last - row : {lanes})*sizeof(double);
        for (long k = 0; k < p->ins; k++) memcpy(work + p->in[k]*{lanes}L, columns[k] + row, size);
        run{lanes}(p, work);
        for (long k = 0; k < p->outs; k++) memcpy(results[k] + row, work + p->out[k]*{lanes}L, size);
    }}
}}
"""
_RUN = """
static void run{lanes}(const program *p, double *work) {{
    for (const int *at = p->code; at < p->end; at += {width}) {{
        double *const result = work + at[1]*{lanes}L;
        switch (at[0]) {{{cases}
        }}
    }}
}}
"""
_CASE = """
            case {k}: {each}result[{lane}] = op{k}({arguments}); break;"""
_EACH = '_Pragma("GCC ivdep") for (int l = 0; l < {lanes}; l++) '


class Machine:
    """Graphs of scalars as machine code: functions of one point, and of columns of points.

    Raises RequestError where no C compiler is found, and for a function that C does not have.

    >>> import numpy as np
    >>> from autodiffcli.language.parser import parse
    >>> Machine([parse("x*y + 1"), parse("x")]).point(0, np.array([2.0, 3.0])).tolist()
    [7.0]
    """

    def __init__(self, graphs: Sequence[Graph]) -> None:
        self._counts = [len(graph.outputs) for graph in graphs]
        self._programs: list[_Program] = []
        self._one: list[Any] = []
        self._many: list[Any] = []
        if not graphs:
            return
        names = [str(k) for k in range(len(graphs))]
        if sum([graph.operations() for graph in graphs]) <= FEW:
            source = _source(graphs)
        else:
            kinds: dict[Kind, int] = {}
            written = [_instructions(graph, kinds) for graph in graphs]
            width = 2 + max(count for _, count, _ in kinds)
            self._programs = [_Program(graph, *code, width) for graph, code in zip(graphs, written, strict=True)]
            source, names = _interpreter(list(kinds), width), [""] * len(graphs)
        one, many = built(source)
        self._one, self._many = [one[f"f{name}"] for name in names], [many[f"rows{name}"] for name in names]

    def point(self, k: int, point: Floats) -> Floats:
        """Return the outputs of a graph at one point: float64 arrays, a number for each input and for each output."""
        import numpy as np

        results = np.empty(self._counts[k])
        self._one[k](address(point), address(results), *self._context(k))
        return results

    def rows(self, k: int, columns: Sequence[Floats], results: Sequence[Floats], first: int, last: int) -> None:
        """Write some rows of a graph's results, from those of the columns: contiguous float64 arrays of one length."""
        ends = ctypes.c_long(first), ctypes.c_long(last)
        self._many[k](_addresses(columns), _addresses(results), *ends, *self._context(k, LANES))

    def _context(self, k: int, lanes: int = 1) -> tuple[Any, ...]:
        return self._programs[k].context(lanes) if self._programs else ()


def address(array: NDArray[Any]) -> Any:
    """Return where an array's numbers are, for C."""
    return array.ctypes.data_as(ctypes.c_void_p)  # keeps the array as long as itself


def _addresses(arrays: Sequence[Floats]) -> Any:
    return (ctypes.c_void_p * len(arrays))(*[array.ctypes.data for array in arrays])


def _source(graphs: Sequence[Graph]) -> str:
    """Return the functions as the C target writes them, and for each the loop over rows that it becomes part of."""
    functions = [Function(f"f{k}", graph, ((),) * len(graph.outputs)) for k, graph in enumerate(graphs)]
    loops = [_loop(k, range(len(graph.inputs)), range(len(graph.outputs))) for k, graph in enumerate(graphs)]
    return "\n".join([c.definitions(functions), *loops])


def _loop(k: int, ins: range, outs: range) -> str:
    """Return the loop over rows of the function of that number."""
    pointers = [f"const double *restrict c{i} = columns[{i}];" for i in ins]
    pointers += [f"double *restrict r{o} = results[{o}];" for o in outs]
    loads, stores = [f"c{i}[row]" for i in ins], [f"r{o}[row] = out[{o}];" for o in outs]
    return _ROWS.format(
        k=k, pointers=" ".join(pointers), loads=", ".join(loads) or "0.0", outs=len(outs), stores=" ".join(stores)
    )


class _Fields(ctypes.Structure):
    """The program as the interpreter reads it."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("code", "end", "in", "out")] + [
        (name, ctypes.c_long) for name in ("ins", "outs")
    ]


class _Program:
    """A graph as instructions: for each operation its kind, the slot of its result, and those of its arguments."""

    def __init__(
        self, graph: Graph, code: Sequence[tuple[int, ...]], slots: Mapping[int, int], size: int, width: int
    ) -> None:
        import numpy as np

        self._start = np.zeros(size)
        for i, value in graph.constants.items():
            self._start[slots[i]] = value
        self._code = np.array([(*row, *[0] * (width - len(row))) for row in code], dtype=np.int32)
        self._in = np.array([slots[i] for i in graph.inputs.values()], dtype=np.int32)
        self._out = np.array([slots[i] for i in graph.outputs], dtype=np.int32)
        first = self._code.ctypes.data
        ends = first, first + self._code.nbytes, self._in.ctypes.data, self._out.ctypes.data
        self._fields = _Fields(*ends, len(self._in), len(self._out))

    def context(self, lanes: int) -> tuple[Any, ...]:
        """Return what the interpreter takes: the program, and work space for so many rows that nothing else uses."""
        work = self._start.repeat(lanes) if lanes > 1 else self._start.copy()  # which is faster
        return ctypes.byref(self._fields), address(work)


def _instructions(graph: Graph, kinds: dict[Kind, int]) -> tuple[list[tuple[int, ...]], dict[int, int], int]:
    """Return the operations as instructions, the slot of each node, and how many there are; number the kinds.

    A slot is used again once nothing needs its value any more; a constant's is not, since it is filled but once.
    """
    live, drops = graph.live(graph.outputs), last_uses(graph, graph.outputs)
    leaves = [*graph.inputs.values(), *graph.constants]
    slots = {i: slot for slot, i in enumerate(leaves)}
    free: list[int] = []
    size = len(leaves)
    code: list[tuple[int, ...]] = []
    for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        if not args or not live[i]:
            continue
        if free:
            slots[i] = free.pop()
        else:
            slots[i], size = size, size + 1
        found = [slots[a] for a in args]
        while op.name in FOLDED and len(found) > 2:
            code.append((kinds.setdefault((op, 2, None), len(kinds)), slots[i], *found[:2]))
            found[:2] = [slots[i]]
        constants = [graph.constants.get(a) for a in args]
        own = constants[0] if op.name in SPECIAL_ORDERS else 2.0 if op.name == "pow" and constants[1] == 2.0 else None
        code.append((kinds.setdefault((op, len(found), own), len(kinds)), slots[i], *found))
        free += [slots[a] for a in drops[i] if a not in graph.constants]
    return code, slots, size


def _interpreter(kinds: Sequence[Kind], width: int) -> str:
    """Return the source of the interpreter with these operations, its instructions so many numbers wide."""
    helpers: dict[str, None] = {}
    operations, cases = [], {1: "", LANES: ""}
    for k, (op, count, own) in enumerate(kinds):
        graph, names = Graph(), [f"a{n}" for n in range(count)]
        nodes = [graph.input(name) for name in names]
        if own is not None:
            nodes[0 if op.name in SPECIAL_ORDERS else 1] = graph.constant(own)
        graph.outputs = [graph.apply(op, tuple(nodes))]
        made = compose(Function("f", graph, ((),)), c.TARGET)
        helpers |= dict.fromkeys(made.helpers)
        operations.append(c.TARGET.define(f"op{k}", names, made.statements, made.results[0]))
        for lanes in cases:
            lane, each = ("l", _EACH.format(lanes=lanes)) if lanes > 1 else ("0", "")
            arguments = ", ".join(f"work[at[{n + 2}]*{lanes}L + {lane}]" for n in range(count))
            cases[lanes] += _CASE.format(k=k, each=each, lane=lane, arguments=arguments)
    run, run_lanes = (_RUN.format(lanes=lanes, width=width, cases=texts) for lanes, texts in cases.items())
    return _INTERPRETER.format(
        operations="\n\n".join([*helpers, *operations]), run=run, run_lanes=run_lanes, lanes=LANES
    )


class _Library(NamedTuple):
    """Compiled code: called under the interpreter's lock, which one point is too short to let go of, and without."""

    one: ctypes.PyDLL
    many: ctypes.CDLL


_COMPILING = Lock()


def built(source: str) -> _Library:
    """Compile and load C code, once a process: threads that want the same wait for the first."""
    with _COMPILING:
        return _built(source)


@cache
def _built(source: str) -> _Library:
    try:
        compiler = shlex.split(os.environ.get("CC", "")) or ["cc"]
    except ValueError as error:
        raise RequestError(f"CC={os.environ['CC']} is no command: {error}", hint="name a compiler: CC=gcc") from None
    if shutil.which(compiler[0]) is None:
        raise RequestError(
            f"the engine 'c' needs a C compiler, and '{compiler[0]}' is not found",
            hint="install gcc or clang, name yours in the environment variable CC, or use the engine 'numpy'",
        )
    with TemporaryDirectory(prefix="adcalc") as folder:
        file, library = Path(folder, "native.c"), Path(folder, "native.so")
        file.write_text(source, encoding="utf-8")
        command = [*compiler, *FLAGS, *INLINED, "-shared", "-fPIC", "-o", str(library), str(file), "-lm"]
        made = subprocess.run(command, check=False, capture_output=True, text=True)
        if made.returncode:
            said = next((line for line in made.stderr.splitlines() if "error" in line), made.stderr.strip())
            raise RequestError(f"the C compiler '{compiler[0]}' failed: {said}", hint="use the engine 'numpy'")
        try:
            return _Library(ctypes.PyDLL(str(library)), ctypes.CDLL(str(library)))
        except OSError as error:
            hint = "name another folder by TMPDIR where programs may not run in that one, or use the engine 'numpy'"
            raise RequestError(
                f"what the C compiler '{compiler[0]}' made cannot be loaded: {error}", hint=hint
            ) from None
