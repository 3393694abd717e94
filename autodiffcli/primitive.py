"""Primitives: one declaration each, from which every interpreter derives what it needs.

A declaration says how a primitive is evaluated on numbers and on arrays, and what its partial derivatives are. The
partials are ordinary arithmetic on operands, output first, so the same rule runs on floats, on NumPy arrays and on
graph nodes, where running it builds the derivative's graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib import import_module
from math import inf, nan
from typing import Any, ClassVar, NamedTuple, cast

from autodiffcli.errors import RequestError, missing_extra

__all__ = [
    "ARITHMETIC_ERRORS",
    "FUNCTIONS",
    "PRIMITIVES",
    "Corner",
    "Exact",
    "Gate",
    "Gated",
    "NotAnalytic",
    "Operators",
    "Primitive",
    "Shape",
    "broadcast_shapes",
    "evaluate_together",
    "misfit",
    "primitive",
]

Operand = Any
"""What primitives work on: a float, a NumPy array, or anything that defines `apply_primitive` (a graph node)."""

ARITHMETIC_ERRORS = (ZeroDivisionError, OverflowError, ValueError)
"""What Python's float arithmetic raises where IEEE 754 gives inf or nan."""


class Exact(float):
    """A float that stands for a number which it can only round; the text says which, in the language.

    Where digits are proven the text is evaluated, elsewhere it is a float like any other. In place of a partial
    derivative it is a constant slope.

    >>> LN_2 = Exact(0.6931471805599453, "ln(2)")
    >>> LN_2 * 2.0, LN_2.text
    (1.3862943611198906, 'ln(2)')
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, value: float, text: str) -> Exact:
        """Return the float, with the text beside it."""
        new = super().__new__(cls, value)
        new.text = text
        return new

    def __getnewargs__(self) -> tuple[float, str]:  # type: ignore[override]  # float's has no text
        """Return what makes it again, for pickle."""
        return float(self), self.text

    def __neg__(self) -> Exact:
        """Return the negative, exact as well; other arithmetic gives a plain float."""
        return Exact(-float(self), f"-({self.text})")

    def __call__(self, *operands: Operand) -> Exact:
        """Return the constant, for a partial derivative that is one."""
        return self


class Gate(NamedTuple):
    """A partial derivative that is `slope` where `condition` holds and *structurally* zero elsewhere.

    Nothing flows through a closed gate, whatever stands behind it: 0·inf does not make a nan of where(x>0, sqrt(x), 0)
    at 0. Both members are functions of (y, *x), or a constant slope.
    """

    condition: Callable[..., Operand]
    slope: Callable[..., Operand] | float = 1.0


class Corner(NamedTuple):
    """A point where the derivative is a documented choice; the trace says when it was used."""

    at: Callable[..., Operand]
    choice: str


class Gated(NamedTuple):
    """A term that counts where the condition holds and is structurally zero elsewhere: what a pullback may give."""

    term: Operand
    condition: Operand


Shape = tuple[int, ...]
"""The lengths of an array's axes; a scalar has none: ()."""

Partial = Callable[..., Operand] | float | Gate | None
"""∂y/∂xᵢ: a function of (y, *x), a constant, a gate, or None where the derivative is refused."""

Term = Callable[..., Any] | float | None
"""A term of a tangent or adjoint of arrays: a function of (tangent of xᵢ, or adjoint of y; y, *x), 0.0, or None."""


class Primitive:
    """One operation: how it is evaluated, differentiated, and written."""

    __slots__ = (
        "_analytic",
        "_array",
        "_rules",
        "arity",
        "array_name",
        "ball",
        "code",
        "condition",
        "corners",
        "domain",
        "edge",
        "extra",
        "formula",
        "fractions",
        "involution",
        "joint",
        "jvp",
        "latex",
        "linear",
        "meaning",
        "moves",
        "name",
        "operator",
        "partials",
        "picks",
        "samples",
        "scalar",
        "shape",
        "synonyms",
        "text",
        "units",
        "vjp",
        "work",
    )

    by_name: ClassVar[dict[str, Primitive]] = {}
    """All there are, those of a graph's leaves as well."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.by_name.setdefault(name, self)  # operations on whole arrays come later, and may share one
        self.arity: tuple[int, int | None] = (1, 1)
        self.scalar: Callable[..., float] = _undeclared
        self.edge: Callable[..., float] = _undeclared
        self.formula: Callable[..., Operand] | None = None
        self.partials: tuple[Partial, ...] | Callable[[int, int], Partial] = ()
        self.operator: tuple[str, int] | None = None
        self.units: tuple[float | None, float | None] = (None, None)
        self.condition = self.fractions = False
        self.ball: str | Callable[..., Any] | None = None
        self._analytic: str | Callable[..., complex] | None = None
        self.corners: tuple[Corner, ...] = ()
        self.latex = self.meaning = self.domain = self.extra = ""
        self.synonyms: tuple[str, ...] = ()
        self.samples: tuple[Any, ...] = ()
        self._array: str | Callable[..., Any] = _undeclared
        self.array_name = ""  # where its declaration names a function in numpy, or "module:name"
        self._rules: dict[int, tuple[Partial, ...]] = {}
        self.joint: Joint | None = None
        # of operations on whole arrays (primitives/tensor.py); those of all others are elementwise, and broadcast
        self.shape: Callable[..., Shape] | None = None
        self.jvp: tuple[Term, ...] | Callable[[int, int], Term] | None = None
        self.vjp: tuple[Term, ...] | Callable[[int, int], Term] | None = None
        self.work: Callable[..., tuple[int, int, int]] | None = None
        self.linear = self.moves = self.picks = self.involution = False
        self.text = self.code = ""

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Callable[[str], Primitive], tuple[str]]:
        """Pickle the name alone: graphs go to other processes, which have the declarations themselves."""
        if self.by_name[self.name] is not self:
            raise TypeError(f"{self.name} of arrays goes to no other process")
        return _declared, (self.name,)

    def __call__(self, *xs: Operand) -> Operand:
        """Apply to operands of any kind: floats give a float, arrays an array, nodes a node."""
        arrays = False
        for x in xs:
            kind = x.__class__
            if kind is not float and kind is not int and kind is not Exact:
                lift = getattr(kind, "apply_primitive", None)
                if lift is not None:
                    return lift(self, xs)
                arrays = True
        return self.array(*xs) if arrays else self.evaluate(*xs)

    def evaluate(self, *xs: float) -> float:
        """Return the value at floats by IEEE 754's conventions: 1/0 is inf, ln(-1) is nan; nothing is raised."""
        try:
            return self.scalar(*xs)
        except ARITHMETIC_ERRORS:
            return self.edge(*xs)

    @property
    def symbol(self) -> str:
        """How the language writes it: its operator, or its name."""
        return self.name if self.operator is None else self.operator[0]

    @property
    def array(self) -> Callable[..., Any]:
        """The function that evaluates NumPy arrays; its library is imported at the first use."""
        if isinstance(self._array, str):
            self._array = _load(self._array, self)
        return self._array

    @property
    def analytic(self) -> Callable[..., complex]:
        """The function that evaluates complex numbers beside the real line. Raises NotAnalytic if there is none."""
        if self._analytic == "real":
            return lambda *zs: complex(self.evaluate(*[z.real for z in zs]))
        if isinstance(self._analytic, str):
            module, _, name = self._analytic.rpartition(":")
            self._analytic = getattr(import_module(module or "cmath"), name)
        if self._analytic is not None:
            return cast("Callable[..., complex]", self._analytic)
        formula = self.formula
        if formula is None:
            raise NotAnalytic(self.name)
        return lambda *zs: complex(formula(*map(_Analytic, zs)))

    def rules(self, count: int) -> tuple[Partial, ...]:
        """Return the partial derivatives for `count` arguments."""
        if isinstance(self.partials, tuple):
            return self.partials
        found = self._rules.get(count)
        if found is None:
            found = self._rules[count] = tuple(self.partials(k, count) for k in range(count))
        return found

    def terms(self, rules: tuple[Term, ...] | Callable[[int, int], Term], count: int) -> tuple[Term, ...]:
        """Return `jvp` or `vjp` for `count` arguments."""
        return rules if isinstance(rules, tuple) else tuple(rules(k, count) for k in range(count))


def _declared(name: str) -> Primitive:
    return Primitive.by_name[name]


class Joint:
    """Primitives of one argument that cost less on arrays together than apart."""

    def __init__(self, ops: tuple[Primitive, ...], array: str) -> None:
        self.ops, self._array = ops, array

    def kernels(self, together: Callable[[Any], Sequence[Any]] | None = None) -> dict[Primitive, Callable[[Any], Any]]:
        """Return the functions that evaluate arrays in one run: what one computes for the others is kept for them.

        together: evaluates all of them, as the function that was declared does, which is taken if none is given.
        """
        together = together or _load(self._array, self.ops[0])
        kept: dict[int, tuple[Any, list[Any]]] = {}

        def kernel(place: int) -> Callable[[Any], Any]:
            def evaluate(x: Any) -> Any:
                _, results = kept.get(id(x)) or (x, None)
                if results is None or results[place] is None:
                    kept[id(x)] = x, (results := list(together(x)))
                result, results[place] = results[place], None
                if not any(r is not None for r in results):
                    del kept[id(x)]
                return result

            return evaluate

        return {op: kernel(place) for place, op in enumerate(self.ops)}


def evaluate_together(ops: tuple[Primitive, ...], array: str) -> None:
    """Declare that "module:name" evaluates several primitives of one NumPy array at once, in this order."""
    for op in ops:
        op.joint = Joint(ops, array)


class Operators:
    """Python's operators as primitives, for operands that are not plain numbers: graph nodes, careful floats."""

    __slots__ = ()
    table: ClassVar[dict[str, Primitive]] = {}  # filled by the declarations that name an operator

    def __add__(self, other: Operand) -> Operand:
        return self.table["+"](self, other)

    def __radd__(self, other: Operand) -> Operand:
        return self.table["+"](other, self)

    def __sub__(self, other: Operand) -> Operand:
        return self.table["-"](self, other)

    def __rsub__(self, other: Operand) -> Operand:
        return self.table["-"](other, self)

    def __mul__(self, other: Operand) -> Operand:
        return self.table["*"](self, other)

    def __rmul__(self, other: Operand) -> Operand:
        return self.table["*"](other, self)

    def __truediv__(self, other: Operand) -> Operand:
        return self.table["/"](self, other)

    def __rtruediv__(self, other: Operand) -> Operand:
        return self.table["/"](other, self)

    def __pow__(self, other: Operand) -> Operand:
        return self.table["^"](self, other)

    def __rpow__(self, other: Operand) -> Operand:
        return self.table["^"](other, self)

    def __neg__(self) -> Operand:
        return self.table["neg"](self)


class _Careful(Operators, Exact):  # type: ignore[misc]  # float's operators are narrower than ours on purpose
    """A float whose operators follow IEEE 754 where Python would raise; slower, so used only after a raise.

    Of a float or an Exact on the left Python asks it first, being a kind of both.
    """

    __slots__ = ()

    def __new__(cls, value: float) -> _Careful:
        return float.__new__(cls, value)

    @staticmethod
    def apply_primitive(op: Primitive, xs: Iterable[float]) -> _Careful:
        return _Careful(op.evaluate(*map(float, xs)))


def carefully(formula: Callable[..., Operand], *xs: float) -> float:
    """Evaluate a formula at floats without raising.

    >>> carefully(lambda x: 1 / x, 0.0)
    inf
    """
    if any(getattr(x, "shape", ()) for x in xs):  # beside arrays NumPy's floats, which raise nothing
        import numpy as np

        return formula(*[np.float64(x) if isinstance(x, float) else x for x in xs])  # type: ignore[no-any-return]
    return float(formula(*map(_Careful, xs)))


def broadcast_shapes(name: str, *shapes: Shape) -> Shape:
    """Return the shape that arrays of these shapes broadcast to. Raises RequestError with two that do not fit.

    >>> broadcast_shapes("+", (2, 1), (3,), ())
    (2, 3)
    """
    found: Shape = ()
    for shape in shapes:
        if shape in (found, ()):
            continue
        if not found:
            found = shape
            continue
        rank = max(len(found), len(shape))
        pairs = zip((1,) * (rank - len(found)) + found, (1,) * (rank - len(shape)) + shape, strict=True)
        joined = [b if a == 1 else a if b in (1, a) else -1 for a, b in pairs]
        if -1 in joined:
            raise misfit(name, found, shape, "lengths of an axis are equal, or one of them is 1")
        found = tuple(joined)
    return found


def misfit(name: str, one: Shape, other: Shape, hint: str) -> RequestError:
    """Return the error for two shapes that an operation cannot take together."""
    return RequestError(f"{name}: the shapes {one} and {other} do not fit", hint=hint)


class NotAnalytic(Exception):
    """A primitive has no value at complex numbers. Its name is the argument."""


class _Analytic(Operators, complex):  # type: ignore[misc]  # complex's operators are narrower than ours on purpose
    """A complex number beside the real line, on which the formulas of primitives run."""

    __slots__ = ()

    @staticmethod
    def apply_primitive(op: Primitive, zs: Iterable[complex]) -> _Analytic:
        return _Analytic(op.analytic(*map(complex, zs)))


PRIMITIVES: dict[str, Primitive] = {}
"""Every primitive by its name."""

FUNCTIONS: dict[str, Primitive | dict[int, Primitive]] = {}
"""What a call means, by name and synonym; a dict chooses by the number of arguments: log(x), log(x, b)."""


def primitive(
    name: str,
    scalar: Callable[..., float] | str | None = None,
    array: str | Callable[..., Any] = "",
    *,
    formula: Callable[..., Operand] | None = None,
    partials: tuple[Partial, ...] | Callable[[int, int], Partial],
    edge: Callable[..., float] | None = None,
    arity: tuple[int, int | None] | None = None,
    operator: tuple[str, int] | None = None,
    units: tuple[float | None, float | None] = (None, None),
    condition: bool = False,
    corners: tuple[Corner, ...] = (),
    ball: str | Callable[..., Any] | None = None,
    analytic: str | Callable[..., complex] | None = None,
    fractions: bool = False,
    latex: str = "",
    meaning: str = "",
    domain: str = "",
    synonyms: tuple[str, ...] = (),
    function: bool = True,
    extra: str = "",
    samples: tuple[Any, ...] = (),
) -> Primitive:
    """Declare a primitive and enter it in the table.

    scalar:   evaluates floats; may raise Python's arithmetic errors. "module:name" is imported at its first call.
    array:    evaluates NumPy arrays: a function, a name in numpy, or "module:name".
    formula:  in place of the two above: the value as arithmetic on operands of any kind.
    partials: ∂y/∂xᵢ, one for each argument, as functions of (y, *x); for any number of them, (k, count) -> partial.
    edge:     the IEEE value at floats where `scalar` raises; by default nan, and for an overflow inf.
    arity:    least and greatest number of arguments (None: no limit); by default the number of partials.
    operator: symbol and precedence for those written between their operands, or before their one.
    units:    left and right operand that leave the other unchanged, exactly: (1, 1) for *.
    corners:  where the derivative is a choice, and which.
    ball:     evaluates balls of proven digits: the name of a method of flint's `arb`, or a function of arbs, which
              gives None where they are too wide to decide; by default `formula`, which must then be an identity.
    analytic: evaluates complex numbers beside the real line, for the complex step: a function, a name in cmath, or
              "module:name"; "real" for what is constant between its jumps; by default `formula`.
    fractions: it also takes flint's `fmpq` as they are, so that fractions stay exact.
    latex:    template with {0}, {1}, ...; `domain`, `meaning` and `samples` are for people and for tests.
    extra:    the optional dependency that evaluates it.

    >>> double = primitive("_double", formula=lambda x: x + x, partials=(2.0,), function=False)
    >>> double(3.0)
    6.0
    """
    op = Primitive(name)
    if isinstance(partials, tuple):
        arity = arity or (len(partials), len(partials))
    op.arity, op.partials = arity or (1, None), partials
    op.formula, op.extra = formula, extra
    if formula is not None:
        op.scalar, op._array = formula, formula
        op.edge = edge or (lambda *xs: carefully(formula, *xs))
    else:
        op.scalar = scalar if callable(scalar) else _load_scalar(op, str(scalar))
        op._array, op.array_name = array, array if isinstance(array, str) else ""
        op.edge = edge or _default_edge(op)
    op.operator, op.units, op.condition, op.corners = operator, units, condition, corners
    op.ball, op.fractions, op._analytic = ball, fractions, analytic
    op.latex, op.meaning, op.domain, op.synonyms, op.samples = latex, meaning, domain, synonyms, samples
    PRIMITIVES[name] = op
    if operator is not None:
        Operators.table[operator[0] if op.arity[0] != 1 else name] = op
    if function:
        for word in (name, *synonyms):
            FUNCTIONS[word] = op
    return op


def _undeclared(*xs: float) -> float:
    raise NotImplementedError


def _default_edge(op: Primitive) -> Callable[..., float]:
    def edge(*xs: float) -> float:
        try:
            op.scalar(*xs)
        except OverflowError:
            return inf
        except ARITHMETIC_ERRORS:
            pass
        return nan

    return edge


def _load(path: str, op: Primitive) -> Callable[..., Any]:
    """Import "module:name", or a name in numpy; where the module is missing, name the extra that brings it."""
    module, _, name = path.rpartition(":")
    try:
        found: Callable[..., Any] = getattr(import_module(module or "numpy"), name)
    except ImportError:
        raise missing_extra(op.name, op.extra) from None
    return found


def _load_scalar(op: Primitive, path: str) -> Callable[..., float]:
    @lru_cache(maxsize=1)
    def loaded() -> Callable[..., float]:
        return _load(path, op)

    return lambda *xs: float(loaded()(*xs))
