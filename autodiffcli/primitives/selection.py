"""Comparisons, logic, selection, and the functions made of pieces.

A condition is a number, 1 or 0, whose derivative is 0. Where a function selects one of its arguments, its partials are
gates: nothing flows to the argument that was not taken.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

from autodiffcli.primitive import Corner, Exact, Gate, Operand, Partial, Primitive, primitive

__all__ = [
    "absolute",
    "ceil",
    "clip",
    "equal",
    "floor",
    "greater",
    "greater_equal",
    "heaviside",
    "leaky_relu",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "minimum",
    "not_equal",
    "relu",
    "round_even",
    "sign",
    "trunc",
    "where",
]


Test = Callable[[Any, Any], Any]


def _comparison(name: str, symbol: str, test: Test, opposite: Test, latex: str, meaning: str) -> Primitive:
    def decided(a: Any, b: Any) -> bool | None:
        # tests of balls hold where they are certain; one ball, of one number, equals itself
        return bool(test(0, 0)) if a is b else True if test(a, b) else False if opposite(a, b) else None

    def arrays(a: Any, b: Any, out: Any = None) -> Any:
        import numpy as np

        found = getattr(np, name)(a, b, out)
        return found.astype(float) if out is None else out

    return primitive(
        name,
        lambda a, b: 1.0 if test(a, b) else 0.0,
        arrays,
        partials=(0.0, 0.0),
        operator=(symbol, 4),
        condition=True,
        function=False,
        analytic="real",
        ball=decided,
        fractions=True,
        latex=latex,
        meaning=meaning,
    )


less = _comparison("less", "<", operator.lt, operator.ge, "{0} < {1}", "a is less than b")
less_equal = _comparison(
    "less_equal", "<=", operator.le, operator.gt, r"{0} \le {1}", "a is less than b or equal to it"
)
greater = _comparison("greater", ">", operator.gt, operator.le, "{0} > {1}", "a is greater than b")
greater_equal = _comparison(
    "greater_equal", ">=", operator.ge, operator.lt, r"{0} \ge {1}", "a is greater than b or equal to it"
)
equal = _comparison("equal", "==", operator.eq, operator.ne, "{0} = {1}", "a equals b")
not_equal = _comparison("not_equal", "!=", operator.ne, operator.eq, r"{0} \ne {1}", "a differs from b")

logical_and = primitive(
    "and",
    lambda a, b: 1.0 if a and b else 0.0,
    lambda a, b: a * b,
    analytic="real",
    partials=(0.0, 0.0),
    operator=("and", 2),
    condition=True,
    function=False,
    ball=lambda a, b: 0 if a == 0 or b == 0 else 1 if a == 1 and b == 1 else None,
    latex=r"{0} \land {1}",
    meaning="both conditions hold",
)
logical_or = primitive(
    "or",
    lambda a, b: 1.0 if a or b else 0.0,
    "autodiffcli.primitives.selection:_either",
    analytic="real",
    partials=(0.0, 0.0),
    operator=("or", 1),
    condition=True,
    function=False,
    ball=lambda a, b: 1 if a == 1 or b == 1 else 0 if a == 0 and b == 0 else None,
    latex=r"{0} \lor {1}",
    meaning="at least one of the conditions holds",
)
logical_not = primitive(
    "not",
    lambda a: 0.0 if a else 1.0,
    lambda a: 1.0 - a,
    analytic="real",
    partials=(0.0,),
    operator=("not", 3),
    condition=True,
    function=False,
    ball=lambda a: 1 - a,
    latex=r"\lnot {0}",
    meaning="the condition does not hold",
)


def _where_ball(c: Any, a: Any, b: Any) -> Any:
    if c == 1 or a is b:
        return a
    if c == 0:
        return b
    from flint import arb

    return arb(a).union(arb(b))


def _greater_ball(a: Any, b: Any) -> Any:
    if a >= b or b >= a:
        return a if a >= b else b
    from flint import arb

    return arb(a).max(arb(b))


where = primitive(
    "where",
    lambda c, a, b: a if c else b,
    "autodiffcli.primitives.selection:_chosen",
    analytic="autodiffcli.primitives.analytic:where",
    partials=(0.0, Gate(lambda y, c, a, b: c), Gate(lambda y, c, a, b: logical_not(c))),
    ball=_where_ball,
    fractions=True,
    latex=r"\begin{cases}{1} & {0}\\{2} & \text{otherwise}\end{cases}",
    meaning="a where the condition holds, else b; only the side taken counts",
)


def _chosen(c: Operand, a: Operand, b: Operand, out: Any = None) -> Operand:
    """Return np.where(c, a, b), on bits where it can: a branch at every entry takes seven times as long."""
    import numpy as np

    c, a, b = np.asarray(c), np.asarray(a), np.asarray(b)
    if not c.size or not {a.shape, b.shape} <= {c.shape, ()} or not a.dtype == b.dtype == np.float64:
        return np.where(c, a, b)
    taken, other = (c != 0).view(np.int8), b.view(np.int64)
    bits = (-taken).astype(np.int64) if out is None else np.negative(taken, out=out.view(np.int64))
    if not other.any():  # the other side is 0
        bits &= a.view(np.int64)
    else:
        bits &= a.view(np.int64) ^ other
        bits ^= other
    return bits.view(np.float64) if out is None else out


def _either(a: Operand, b: Operand) -> Operand:
    import numpy as np

    return np.maximum(a, b)


def _extreme(name: str, pick: Callable[..., float], array: str, ball: Callable[..., Any], test: str) -> Primitive:
    def scalar(*xs: float) -> float:
        return math.nan if any(map(math.isnan, xs)) else pick(xs)

    def arrays(*xs: Any) -> Any:
        import numpy as np

        return reduce(getattr(np, array), xs)

    def partial(k: int, count: int) -> Partial:
        def ties(y: Operand, *xs: Operand) -> Operand:
            return 1.0 / reduce(operator.add, [equal(x, y) for x in xs])

        return Gate(lambda y, *xs: equal(xs[k], y), ties)

    return primitive(
        name,
        scalar,
        arrays,
        partials=partial,
        analytic=f"autodiffcli.primitives.analytic:{test}",
        ball=lambda *xs: reduce(ball, xs),
        fractions=True,
        corners=(Corner(lambda y, *xs: sum(x == y for x in xs) > 1, f"a tie in {name} shares the derivative equally"),),
        latex=rf"\{name}\left({{*}}\right)",
        meaning=f"the {test} of its arguments",
        samples=((0.3, 1.2), (2.0, -1.0, 0.5)),
    )


maximum = _extreme("max", max, "maximum", _greater_ball, "greatest")
minimum = _extreme("min", min, "minimum", lambda a, b: -_greater_ball(-a, -b), "least")


def _steps(
    name: str, scalar: Callable[[float], float], array: str, ball: Callable[[Any], Any], latex: str, meaning: str
) -> Primitive:
    """Declare a function whose derivative is 0 between its jumps."""
    return primitive(
        name,
        lambda x: math.copysign(float(scalar(x)), x),
        array,
        edge=lambda x: x,  # inf and nan have no integer beside them: they stay what they are
        partials=(0.0,),
        analytic="real",
        ball=ball,
        fractions=True,
        corners=(Corner(lambda y, x: _jumps(name, x), f"{name}' = 0 at its jumps"),),
        latex=latex,
        meaning=meaning,
        samples=(-1.7, 0.3, 2.6),
    )


def _jumps(name: str, x: float) -> bool:
    return math.isfinite(x) and (x - 0.5 if name == "round" else x) % 1 == 0


def _round_ball(x: Any) -> Any:
    y = (2 * x + 1) / 2
    n = y.floor()
    return n - 1 if n == y and n % 2 == 1 else n  # halves to even; a ball that is no point is no half


floor = _steps(
    "floor", math.floor, "floor", lambda x: x.floor(), r"\lfloor {0} \rfloor", "the greatest integer not above x"
)
ceil = _steps("ceil", math.ceil, "ceil", lambda x: x.ceil(), r"\lceil {0} \rceil", "the least integer not below x")
round_even = _steps(
    "round", round, "round", _round_ball, r"\operatorname{round}\left({0}\right)", "the nearest integer, halves to even"
)
trunc = _steps(
    "trunc",
    math.trunc,
    "trunc",
    lambda x: x.floor() if x >= 0 else x.ceil() if x <= 0 else None,
    r"\operatorname{trunc}\left({0}\right)",
    "x without its fraction",
)

sign = primitive(
    "sign",
    lambda x: x + 0.0 if math.isnan(x) or x == 0 else math.copysign(1.0, x),  # 0 at -0, as in NumPy
    "sign",
    analytic="real",
    partials=(0.0,),
    corners=(Corner(lambda y, x: x == 0, "sign'(0) = 0"),),
    ball="sgn",
    latex=r"\operatorname{sgn}\left({0}\right)",
    meaning="1, 0 or -1 as x is above, at or below 0",
    synonyms=("sgn",),
    samples=(-1.7, 0.3),
)
absolute = primitive(
    "abs",
    abs,
    "abs",
    analytic="autodiffcli.primitives.analytic:absolute",
    partials=(Gate(lambda y, x: not_equal(x, 0.0), lambda y, x: sign(x)),),
    corners=(Corner(lambda y, x: x == 0, "abs'(0) = 0"),),
    ball=abs,
    fractions=True,
    latex=r"\left|{0}\right|",
    meaning="the absolute value",
    samples=(-1.7, 0.3),
)
heaviside = primitive(
    "heaviside",
    formula=lambda x: (1.0 + sign(x)) / 2.0,
    partials=(0.0,),
    corners=(Corner(lambda y, x: x == 0, "heaviside'(0) = 0"),),
    latex=r"H\left({0}\right)",
    meaning="the unit step: 0 below 0, 1 above, 1/2 at 0",
    samples=(-1.7, 0.3),
)
relu = primitive(
    "relu",
    lambda x: 0.0 if x <= 0 else x,
    "autodiffcli.primitives.selection:_positive_part",
    analytic="autodiffcli.primitives.analytic:relu",
    partials=(Gate(lambda y, x: greater(x, 0.0)),),
    corners=(Corner(lambda y, x: x == 0, "relu'(0) = 0"),),
    ball=lambda x: _greater_ball(x, 0),
    fractions=True,
    latex=r"\operatorname{relu}\left({0}\right)",
    meaning="the positive part: max(x, 0)",
    samples=(-1.7, 0.3),
)
LEAK = Exact(0.01, "0.01")

leaky_relu = primitive(
    "leaky_relu",
    formula=lambda x: where(greater(x, 0.0), x, LEAK * x),
    partials=(lambda y, x: where(greater(x, 0.0), 1.0, LEAK),),
    corners=(Corner(lambda y, x: x == 0, "leaky_relu'(0) = 0.01"),),
    latex=r"\operatorname{leakyrelu}\left({0}\right)",
    meaning="x above 0, 0.01·x below",
    samples=(-1.7, 0.3),
)
clip = primitive(
    "clip",
    formula=lambda x, lo, hi: minimum(maximum(x, lo), hi),
    partials=(
        Gate(lambda y, x, lo, hi: logical_and(less_equal(lo, x), less_equal(x, hi))),
        Gate(lambda y, x, lo, hi: logical_and(less(x, lo), less_equal(lo, hi))),
        Gate(lambda y, x, lo, hi: logical_or(less(hi, x), less(hi, lo))),
    ),
    corners=(Corner(lambda y, x, lo, hi: x in (lo, hi), "clip' at a bound is that of x"),),
    latex=r"\operatorname{clip}\left({0}, {1}, {2}\right)",
    meaning="x held between lo and hi",
    samples=((0.3, -1.0, 1.0), (2.5, -1.0, 1.0), (-2.5, -1.0, 1.0)),
)


def _positive_part(x: Operand, out: Any = None) -> Operand:
    import numpy as np

    return np.maximum(x, 0.0, out=out)
