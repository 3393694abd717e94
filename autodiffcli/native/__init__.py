"""A graph run by machine code where it is arithmetic, and by NumPy where it is functions.

Arithmetic becomes one pass over the columns instead of one for each operation; NumPy's functions take several numbers
at once, which the C library's do not. The results are those of NumPy alone, to the last bit: IEEE 754 defines what
arithmetic gives, and the functions are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from autodiffcli.graph import Graph
from autodiffcli.native.machine import Machine
from autodiffcli.native.parts import Parted, cut

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Native"]


class Native:
    """A graph of scalars: a function of one point, and of columns of points.

    Raises RequestError where no C compiler is found, and for a function that C does not have.

    >>> import numpy as np
    >>> from autodiffcli.language.parser import parse
    >>> native, out = Native(parse("x*sin(y) + 1")), np.empty(2)
    >>> native.point(np.array([2.0, 0.0])).tolist()
    [1.0]
    >>> native.rows([np.array([2.0, 3.0]), np.zeros(2)], [out], 0, 2)
    >>> out.tolist()
    [1.0, 1.0]
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._whole = Machine([graph])

    def point(self, point: Floats) -> Floats:
        """Return the outputs at one point: float64 arrays, a number for each input and one for each output."""
        return self._whole.point(0, point)

    def rows(self, columns: Sequence[Floats], results: Sequence[Floats], first: int, last: int) -> None:
        """Write some rows of the results, from those of the columns: contiguous float64 arrays of one length."""
        if self._parted is None:
            self._whole.rows(0, columns, results, first, last)
        else:
            self._parted.rows(columns, results, first, last)

    @property
    def arithmetic(self) -> bool:
        """Whether all of the graph is arithmetic."""
        return self._parted is None

    @cached_property
    def _parted(self) -> Parted | None:
        """The graph in parts, None where all of it is arithmetic: made for the first columns, not for points."""
        parts = cut(self._graph)
        return None if all(part.arithmetic for part in parts) else Parted(self._graph, parts)
