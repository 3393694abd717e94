"""Roots, exponentials, logarithms, powers, and the length of a vector in the plane."""

from __future__ import annotations

import math
from typing import Any

from autodiffcli.primitive import FUNCTIONS, Corner, Exact, Operand, Primitive, primitive
from autodiffcli.primitives.selection import (
    absolute,
    equal,
    greater,
    less,
    less_equal,
    logical_and,
    logical_or,
    maximum,
    minimum,
    round_even,
    trunc,
    where,
)

__all__ = [
    "cbrt",
    "direction",
    "exp",
    "exp2",
    "expm1",
    "expsq",
    "hypot",
    "ln",
    "log",
    "log1p",
    "log2",
    "log10",
    "pow",
    "sqrt",
    "two_product",
]

LN_2 = Exact(math.log(2.0), "ln(2)")
LOG2_E = Exact(1.4426950408889634, "log2(e)")
LOG10_E = Exact(0.4342944819032518, "log10(e)")
LEAST = Exact(5e-324, "0")  # the least number above 0: there to be seen by no number but 0
SCALE_UP, SCALE_DOWN = 2.0**60, 0.5
TINY_LIFT = 2.0**500


def _log_edge(x: float) -> float:
    return -math.inf if x == 0 else math.nan


def _pow_edge(x: float, y: float) -> float:
    if x < 0 and y % 1:
        return math.nan
    return math.copysign(math.inf, x) if y % 2 == 1 else math.inf  # 0^y of y < 0, or an overflow


def _cbrt(x: float) -> float:
    y = math.cbrt(x)
    # a step of Newton's, since the C library may be off by 4 ulp
    return y - (y - x / (y * y)) / 3.0 if y and math.isfinite(y) else y


def _cbrt_arrays(x: Any) -> Any:
    import numpy as np

    y = np.cbrt(x)
    return np.where((y != 0) & np.isfinite(y), y - (y - x / (y * y)) / 3.0, y)


def _sqrt(x: float) -> float:
    return math.sqrt(x) + 0.0  # not -0 at -0: sqrt(-x) at 0 would have a derivative of the wrong sign


def _sqrt_arrays(x: Any, out: Any = None) -> Any:
    import numpy as np

    return np.add(np.sqrt(x, out), 0.0, out)


# Powers of fractions, exact where they are fractions again.


def _sqrt_ball(x: Any) -> Any:
    from flint import arb, fmpq

    if isinstance(x, fmpq) and x >= 0:
        p, q = x.p.isqrt(), x.q.isqrt()
        if p * p == x.p and q * q == x.q:
            return fmpq(p, q)
    return arb(x).sqrt()


def _cbrt_ball(x: Any) -> Any:
    return x if x == 0 else x.root(3) if x > 0 else -((-x).root(3))


def _pow_ball(x: Any, n: Any) -> Any:
    from flint import arb, fmpq

    if isinstance(n, fmpq) and n.q == 1 and isinstance(x, fmpq | int):
        base = fmpq(x)
        if base.height_bits() * abs(n.p) <= 8192:
            return base ** int(n.p)
    if n == 0:
        return 1
    if isinstance(n, fmpq) and n.q == 2 and abs(n.p) < 100:
        return _sqrt_ball(x) ** int(n.p)
    return arb(x) ** arb(n)


def _log_ball(x: Any, b: Any) -> Any:
    from flint import arb, fmpq

    y = arb(x).log() / arb(b).log()
    if isinstance(x, fmpq) and isinstance(b, fmpq | int) and y.is_finite():
        n = (y + 0.5).floor().unique_fmpz()
        if n is not None and abs(n) <= 8192 and fmpq(b) ** int(n) == x:
            return n
    return y


def _arb(x: Any) -> Any:
    from flint import arb

    return arb(x)


def _hypot_ball(a: Any, b: Any) -> Any:
    return _sqrt_ball(a * a + b * b)


sqrt = primitive(
    "sqrt",
    _sqrt,
    _sqrt_arrays,
    analytic="sqrt",
    partials=(lambda y, x: 0.5 / y,),
    corners=(Corner(lambda y, x: x == 0, "sqrt'(0) = inf"),),
    ball=_sqrt_ball,
    fractions=True,
    latex=r"\sqrt{{0}}",
    meaning="the square root",
    domain="x >= 0",
    samples=(0.3, 2.3, 1e-310, 1e300),
)
cbrt = primitive(
    "cbrt",
    _cbrt,
    _cbrt_arrays,
    analytic="autodiffcli.primitives.analytic:cbrt",
    partials=(lambda y, x: where(equal(x, 0.0), 1.0 / absolute(x), y / x / 3.0),),  # y*y would double the error of y
    corners=(Corner(lambda y, x: x == 0, "cbrt'(0) = inf"),),
    ball=_cbrt_ball,
    latex=r"\sqrt[3]{{0}}",
    meaning="the cube root, also of negative numbers",
    samples=(-1.25, 0.7, 1e-300),
)
exp = primitive(
    "exp",
    math.exp,
    "exp",
    analytic="exp",
    partials=(lambda y, x: y,),
    ball="exp",
    latex="e^{{0}}",
    meaning="e to the power x",
    samples=(-1.25, 0.7, 2.3, -700.0),
)
exp2 = primitive(
    "exp2",
    math.exp2,
    "exp2",
    analytic="autodiffcli.primitives.analytic:exp2",
    partials=(lambda y, x: exp2_slope(x),),
    ball=lambda x: _pow_ball(2, x),
    latex="2^{{0}}",
    meaning="2 to the power x",
    samples=(-1.25, 0.7, 1000.5),
)
exp2_slope: Primitive = primitive(
    "_exp2_slope",
    formula=lambda x: exp2(0.5 * x) * LN_2 * exp2(0.5 * x),  # LN_2·2^x is finite up to 1024.53, where 2^x is not
    partials=(lambda y, x: LN_2 * y,),
    function=False,
    ball=lambda x: _pow_ball(2, x) * _arb(2).log(),
    latex=r"\ln(2) \cdot 2^{{0}}",
    meaning="the derivative of exp2",
)
expm1 = primitive(
    "expm1",
    math.expm1,
    "expm1",
    analytic="autodiffcli.primitives.analytic:expm1",
    partials=(lambda y, x: exp(x),),  # not y + 1, which is 0 for x below -37
    ball="expm1",
    latex="e^{{0}} - 1",
    meaning="e^x - 1, accurate near 0",
    samples=(-40.0, 1e-9, 0.7),
)
ln = primitive(
    "ln",
    math.log,
    "log",
    edge=_log_edge,
    analytic="log",
    partials=(lambda y, x: 1.0 / x,),
    ball="log",
    latex=r"\ln\left({0}\right)",
    meaning="the natural logarithm",
    domain="x > 0",
    synonyms=("log",),
    samples=(0.3, 0.7, 2.3, 1e-300),
)
log2 = primitive(
    "log2",
    math.log2,
    "log2",
    edge=_log_edge,
    analytic="autodiffcli.primitives.analytic:log2",
    partials=(lambda y, x: LOG2_E / x,),  # not 1/(x·ln 2), whose product loses digits where x is subnormal
    ball=lambda x: _log_ball(x, 2),
    fractions=True,
    latex=r"\log_2\left({0}\right)",
    meaning="the logarithm to base 2",
    domain="x > 0",
    samples=(0.7, 8.0, 1e-300),
)
log10 = primitive(
    "log10",
    math.log10,
    "log10",
    edge=_log_edge,
    analytic="log10",
    partials=(lambda y, x: LOG10_E / x,),
    ball=lambda x: _log_ball(x, 10),
    fractions=True,
    latex=r"\log_{10}\left({0}\right)",
    meaning="the logarithm to base 10",
    domain="x > 0",
    samples=(0.7, 1000.0, 1e-300),
)
log1p = primitive(
    "log1p",
    math.log1p,
    "log1p",
    edge=lambda x: -math.inf if x == -1 else math.nan,
    analytic="autodiffcli.primitives.analytic:log1p",
    partials=(lambda y, x: 1.0 / (1.0 + x),),
    ball="log1p",
    latex=r"\ln\left(1 + {0}\right)",
    meaning="ln(1 + x), accurate near 0",
    domain="x > -1",
    samples=(-0.999, 1e-9, 0.7, 1e300),
)


def _log(x: Operand, b: Operand) -> Operand:
    y = ln(x) / ln(b)
    n = round_even(y)
    # exact where x is a power of b: log(125, 5) is 3. Near 1 many powers round to one x, as do subnormal ones.
    telling = logical_and(less(0.5, absolute(ln(x))), less(1e-300, x))
    y = where(logical_and(telling, equal(pow(b, n), x)), n, y)
    return where(equal(b, 2.0), log2(x), where(equal(b, 10.0), log10(x), y))


log = primitive(
    "log",
    formula=_log,
    analytic="autodiffcli.primitives.analytic:log",
    partials=(
        lambda y, x, b: 1.0 / ln(b) / x,  # not 1/(x·ln b), which may overflow
        lambda y, x, b: -y / ln(b) / b,
    ),
    function=False,
    ball=_log_ball,
    fractions=True,
    latex=r"\log_{{1}}\left({0}\right)",
    meaning="the logarithm of x to base b",
    domain="x > 0, b > 0, b != 1",
    samples=((8.0, 2.0), (0.3, 10.0), (2.3, 0.7), (125.0, 5.0)),
)
FUNCTIONS["log"] = {1: ln, 2: log}

pow: Primitive = primitive(
    "pow",
    math.pow,
    "autodiffcli.primitives.power_arrays:power",
    edge=_pow_edge,
    analytic="autodiffcli.primitives.analytic:power",
    partials=(
        lambda y, x, n: _power_by_base(x, n),
        lambda y, x, n: power_log(x, n),
    ),
    operator=("^", 8),
    units=(None, 1.0),
    ball=_pow_ball,
    fractions=True,
    latex="{0}^{{1}}",
    meaning="x to the power n",
    domain="x > 0, or x < 0 and n an integer, or x = 0 and n >= 0",
    samples=((2.5, -1.5), (-2.0, 3.0), (0.0, 2.0)),
)


def _halved(x: float, n: float) -> float:
    """Return x^(n/2), which is far from overflow and underflow where x^n is near them."""
    return pow.evaluate(x, 0.5 * n)


def _power_by_base(x: Operand, n: Operand) -> Operand:
    plain = plain_slope(n)
    if plain.__class__ is float:  # every exponent but arrays and nodes that vary
        return n * pow(x, n - 1.0) if plain else power_slope(x, n)
    return where(plain, n * pow(x, n - 1.0), power_slope(x, n))


plain_slope = primitive(
    "_plain_slope",
    # n - 1 is exact, x^(n-1) overflows only where n·x^(n-1) does, and n magnifies the error of subnormal ones a little
    lambda n: 1.0 if (1.0 <= abs(n) <= 7.0 or 0.05 <= n < 1.0) and (n - 1.0) + 1.0 == n else 0.0,
    lambda n: plain_slope_formula(n),  # noqa: PLW0108 - it is defined below
    partials=(0.0,),
    condition=True,
    function=False,
    ball=lambda n: n != 0,
    latex=r"\operatorname{plain}\left({0}\right)",
    meaning="whether n·x^(n-1) loses no digits as it is written",
)


def plain_slope_formula(n: Operand) -> Operand:
    """Return whether n·x^(n-1) is accurate as it is written, as arithmetic on operands."""
    r = absolute(n)
    whole = logical_and(less_equal(1.0, r), less_equal(r, 7.0))
    small = logical_and(less_equal(0.05, n), less(n, 1.0))
    return logical_and(logical_or(whole, small), equal((n - 1.0) + 1.0, n))


def lost(n: Operand, m: Operand) -> Operand:
    """Return what the rounding of m = n - 1 lost, exactly."""
    return (n - (m - (m - n))) + (-1.0 - (m - n))


def _power_slope(x: float, n: float) -> float:
    m, r = n - 1.0, abs(x)
    if n == 0:
        return 0.0  # x^0 is constant, also at 0 where x^(-1) is not finite
    if not (0.0 < r < math.inf and abs(n) < math.inf) or (x < 0 and n % 1):
        return n * pow.evaluate(x, m)
    h, lift = _halved(r, m), 1.0 if abs(n) > 1e-100 else TINY_LIFT
    y = n * lift * h * (h / lift) * math.exp(max(-1.0, min(1.0, lost(n, m) * math.log(r))))
    return -y if x < 0 and n % 2 == 0 else y


def power_slope_formula(x: Operand, n: Operand) -> Operand:
    """Return n·x^(n-1), by the halves of its exponent and with what n - 1 lost, as arithmetic on operands."""
    m, r = n - 1.0, absolute(x)
    h, lift = pow(r, 0.5 * m), where(greater(absolute(n), 1e-100), 1.0, TINY_LIFT)
    y = n * lift * h * (h / lift) * exp(minimum(maximum(lost(n, m) * ln(r), -1.0), 1.0))
    y = where(logical_and(less(x, 0.0), equal(0.5 * n, trunc(0.5 * n))), -y, y)
    whole = logical_or(less(0.0, x), equal(n, trunc(n)))
    ordinary = logical_and(logical_and(less(0.0, r), less(r, math.inf)), less(absolute(n), math.inf))
    return where(equal(n, 0.0), 0.0, where(logical_and(ordinary, whole), y, n * pow(x, m)))


def _power_slope_by_base(x: Operand, n: Operand) -> Operand:
    constant = equal(n, 0.0)  # x^0 is: no 0·inf where x^-2 is infinite. Where n varies it has a derivative by n
    if constant.__class__ is not float and getattr(constant, "constant", None) is None:
        constant = logical_and(constant, less(absolute(x), 1e-150))
    return where(constant, 0.0, n * power_slope(x, n - 1.0))


power_slope: Primitive = primitive(
    "_power_slope",
    _power_slope,
    "autodiffcli.primitives.power_arrays:slope",
    partials=(
        lambda y, x, n: _power_slope_by_base(x, n),
        lambda y, x, n: pow(x, n - 1.0) + n * power_log(x, n - 1.0),
    ),
    function=False,
    ball=lambda x, n: 0 if n == 0 else n * _pow_ball(x, n - 1),
    fractions=True,
    latex=r"{1} \cdot {0}^{{1} - 1}",
    meaning="n·x^(n-1), also where n - 1 is rounded or x^(n-1) overflows or underflows",
)


def _power_log(x: float, n: float) -> float:
    if x == 0 and n > 0:
        return 0.0
    h = _halved(x, n)
    return h * ln.evaluate(x) * h


def power_log_formula(x: Operand, n: Operand) -> Operand:
    """Return x^n·ln(x), by the halves of its exponent, as arithmetic on operands."""
    h = pow(x, 0.5 * n)
    return where(logical_and(equal(x, 0.0), greater(n, 0.0)), 0.0, h * ln(x) * h)


power_log: Primitive = primitive(
    "_power_log",
    _power_log,
    power_log_formula,
    partials=(
        lambda y, x, n: n * power_log(x, n - 1.0) + pow(x, n - 1.0),
        lambda y, x, n: where(logical_and(equal(x, 0.0), greater(n, 0.0)), 0.0, y * ln(x)),
    ),
    function=False,
    ball=lambda x, n: 0 if x == 0 and n > 0 else _pow_ball(x, n) * _arb(x).log(),
    latex=r"{0}^{{1}} \cdot \ln\left({0}\right)",
    meaning="x^n·ln(x), also where x^n overflows or underflows; 0 at x = 0 < n",
)


def _expsq(a: Operand, x: Operand) -> Operand:
    # rounded products would cost |a·x^2| ulp; where the splitting overflows, the result is 0, 1 or inf without it
    square, rest = two_product(x, x)
    z, more = two_product(a, square)
    lost = more + a * rest
    y = exp(z)
    return where(logical_and(less(absolute(lost), 1e-9), less(y, math.inf)), y + y * lost, y)


def two_product(a: Operand, b: Operand) -> tuple[Operand, Operand]:
    """Return a·b and what its rounding loses (Dekker 1971): the factors are split into halves of 26 digits."""
    p, split = a * b, 134217729.0  # 2^27 + 1
    ah, bh = split * a - (split * a - a), split * b - (split * b - b)
    al, bl = a - ah, b - bh
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


expsq: Primitive = primitive(
    "expsq",
    formula=_expsq,
    partials=(
        # with the root of y twice: y may be 0 or inf where these are not
        lambda y, a, x: (x * expsq(0.5 * a, x)) * (x * expsq(0.5 * a, x)),
        lambda y, a, x: x * expsq(0.5 * a, x) * (2.0 * a) * expsq(0.5 * a, x),
    ),
    ball=lambda a, x: (a * x * x).exp(),
    latex=r"e^{{0} \cdot {1}^2}",
    meaning="e to the power a·x^2, without the rounding of x^2",
    samples=((-1.0, 0.7), (-1.0, 26.3), (-0.5, -37.1), (1.0, 3.3)),
)
hypot = primitive(
    "hypot",
    math.hypot,
    "hypot",
    analytic="autodiffcli.primitives.analytic:hypot",
    partials=(lambda y, a, b: direction(a, b), lambda y, a, b: direction(b, a)),
    corners=(Corner(lambda y, a, b: y == 0, "hypot'(0, 0) = (0, 0)"),),
    ball=_hypot_ball,
    fractions=True,
    latex=r"\sqrt{{0}^2 + {1}^2}",
    meaning="sqrt(a^2 + b^2), without overflow",
    samples=((3.0, -4.0), (1e300, 1e300), (3e-320, 4e-320)),
)


def _direction(a: Operand, b: Operand) -> Operand:
    # a/hypot(a, b) is wrong where hypot overflows or is subnormal, hence the scale; adding the least number changes
    # no length but 0, where it makes 0 of 0/0
    scale = where(less(hypot(a, b), 1.0), SCALE_UP, SCALE_DOWN)
    return a * scale / (hypot(a * scale, b * scale) + LEAST)


direction: Primitive = primitive(
    "direction",
    formula=_direction,
    partials=(
        lambda y, a, b: turn(direction(b, a), b, a),
        lambda y, a, b: -turn(y, b, a),
    ),
    ball=lambda a, b: 0 if a == 0 and b == 0 else a / _hypot_ball(a, b),
    fractions=True,
    latex=r"\frac{{0}}{\sqrt{{0}^2 + {1}^2}}",
    meaning="a/hypot(a, b): the cosine of the angle from (1, 0) to (a, b); 0 at the origin",
    samples=((3.0, -4.0), (1e-200, 1e-200), (1.0, 1e300)),
)


def _turn(c: Operand, a: Operand, b: Operand) -> Operand:
    # scaled by powers of 2 so that the hypotenuse neither overflows nor is subnormal, and a/h does not underflow
    near = less(hypot(a, b), 1.0)
    scale = where(near, 2.0**300, 0.25)
    h = hypot(a * scale, b * scale)
    lifted = c * (a * where(near, 2.0**900, 1.0) / h)
    return lifted / (h * where(near, 2.0**300, 1.0)) * where(near, 1.0, 0.0625)


turn: Primitive = primitive(
    "_turn",
    formula=_turn,
    partials=(
        lambda y, c, a, b: turn(1.0, a, b),
        lambda y, c, a, b: c * (turn(1.0, b, a) - turn(1.0, a, b)) * (turn(1.0, b, a) + turn(1.0, a, b)),
        lambda y, c, a, b: -2.0 * y * turn(1.0, b, a),
    ),
    function=False,
    ball=lambda c, a, b: c * a / (a * a + b * b),
    fractions=True,
    latex=r"\frac{{0} \cdot {1}}{{1}^2 + {2}^2}",
    meaning="c·a/(a^2 + b^2) for |c| <= 1, without overflow or underflow: how fast the angle of a point turns",
)


def horner(x: Any, coefficients: tuple[float, ...]) -> Any:
    """Return the polynomial of x with these coefficients, the constant one first."""
    total: Any = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total
