"""Dialects of SQL: how each writes what primitives mean, so that inf and nan come out where IEEE 754 has them.

All of them hold nan equal to itself and above every other number, which comparisons allow for. What a dialect has and
never raises at is a word; what it gets wrong somewhere is an expression, whose CASE keeps the dialect from computing it
there; what it lacks is made of others by a formula, here or in `formulas`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from autodiffcli.primitive import Operand
from autodiffcli.primitives import (
    absolute,
    ceil,
    equal,
    exp,
    floor,
    less,
    ln,
    log1p,
    logical_and,
    logical_or,
    maximum,
    minimum,
    pow,
    round_even,
    sign,
    sqrt,
    where,
)
from autodiffcli.primitives.powers import LN_2, LOG2_E
from autodiffcli.targets.names import words

__all__ = ["DIALECTS", "FORMULAS", "Dialect"]


@dataclass(frozen=True)
class Dialect:
    """A dialect of SQL.

    title:  its name for people.
    forms:  how operations are written, by the primitive's name, in the dialect's words: a, b and c are the arguments,
            nan and inf the numbers. "quotient" is a division by a number that is not 0, "reciprocal" of such a number.
    folds:  case of letters tells no column from another.
    fence:  a step is computed once only where OFFSET 0 keeps it apart.
    bare:   a number with a point is a double anywhere.
    total:  its most accurate sum of doubles.
    notes:  what it cannot keep.
    """

    title: str
    forms: Mapping[str, str]
    folds: bool = True
    fence: bool = False
    bare: bool = True
    total: str = "SUM"
    notes: tuple[str, ...] = field(default=())


def _called(unary: str, binary: str = "") -> dict[str, str]:
    """Return the forms of functions that are called by their names here."""
    return {name: f"{name.upper()}(a)" for name in words(unary)} | {
        name: f"{name.upper()}(a, b)" for name in words(binary)
    }


_COMMON = {
    "add": "a + b",
    "sub": "a - b",
    "mul": "a * b",
    "quotient": "a / b",
    "neg": "-a",
    "square": "a * a",
    "less": "a < b AND b <> nan",
    "less_equal": "a <= b AND b <> nan",
    "greater": "a > b AND a <> nan",
    "greater_equal": "a >= b AND a <> nan",
    "equal": "a = b AND a <> nan",
    "not_equal": "a <> b OR a = nan",
    "and": "a AND b",
    "or": "a OR b",
    "not": "NOT a",
    "where": "CASE WHEN a THEN b ELSE c END",
    "max": "GREATEST(a, b)",
    "min": "-GREATEST(-a, -b)",  # LEAST would pass over nan
    "sqrt": "ABS(SQRT(a))",  # 0 at -0, as everywhere here
}
_REMAINDER = "CASE WHEN a % b <> 0 AND (a % b < 0) <> (b < 0) THEN a % b + b ELSE a % b END"


def _division(positive: str) -> dict[str, str]:
    """Return the forms of division where the dialect raises at 0; `positive` tells 0 from -0, for b."""
    signed = f"WHEN (a > 0) = ({positive}) THEN inf ELSE -inf END"
    return {
        "div": f"CASE WHEN b <> 0 THEN a / b WHEN a = 0 OR a = nan THEN nan {signed}",
        "reciprocal": f"CASE WHEN b <> 0 THEN a / b {signed}",
    }


def _above(name: str, least: int = 0) -> str:
    """Return the form of a logarithm where the dialect has no value at `least` and below."""
    return f"CASE WHEN a > {least} THEN {name}(a) WHEN a = {least} THEN -inf ELSE nan END"


_DUCKDB = (
    _COMMON
    | _called("cbrt exp ln log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh", "atan2")
    | _called("abs floor ceil trunc gamma lgamma")
    | {"div": "a / b", "pow": "POW(a, b)", "round": "ROUND_EVEN(a, 0)", "mod": _REMAINDER}
)

# Under ANSI rules Spark raises at 1/0, and under any it gives NULL for ln(0) and rounds to integers of 64 bits.
_SPARK = (
    _COMMON
    | _division("CAST(b AS STRING) = '0.0'")
    | _called("cbrt exp expm1 sin cos tan asin acos atan sinh cosh tanh atanh abs", "atan2 hypot")
    | {name: _above(name.upper()) for name in ("ln", "log2", "log10")}
    | {
        "log1p": _above("LOG1P", -1),
        "mod": f"CASE WHEN b = 0 THEN nan ELSE {_REMAINDER} END",
        # Java has no value for these two
        "pow": "CASE WHEN a = 1 OR (a = -1 AND ABS(b) = inf) THEN 1e0 ELSE POWER(a, b) END",
        "round": "RINT(a)",
        "floor": "CASE WHEN ABS(a) < 4503599627370496 THEN CAST(FLOOR(a) AS DOUBLE) ELSE a END",
        "ceil": "CASE WHEN ABS(a) < 4503599627370496 THEN CAST(CEIL(a) AS DOUBLE) ELSE a END",
    }
)

_ODD = "b = FLOOR(b) AND b <> 2 * FLOOR(b / 2)"
_POSTGRES = (
    _COMMON
    | _division("ATAN2(b, -1) > 0")
    | _called("cbrt atan sinh cosh tanh asinh abs floor ceil trunc round", "atan2")
    | {name: f"CASE WHEN ABS(a) < inf THEN {name.upper()}(a) ELSE nan END" for name in ("sin", "cos", "tan")}
    | {name: f"CASE WHEN ABS(a) <= 1 THEN {name.upper()}(a) ELSE nan END" for name in ("asin", "acos", "atanh")}
    | {
        "ln": _above("LN"),
        "log10": _above("LOG10"),
        "sqrt": "CASE WHEN a > 0 THEN SQRT(a) WHEN a = 0 THEN 0 ELSE nan END",
        "acosh": "CASE WHEN a >= 1 THEN ACOSH(a) ELSE nan END",
        "exp": "CASE WHEN a > 709.782712893384 AND a <> nan THEN inf WHEN a < -745.133219101941 THEN 0 ELSE EXP(a) END",
        "pow": (
            "CASE WHEN a = 1 OR b = 0 THEN 1 WHEN a = nan OR b = nan THEN nan"
            f" WHEN a = 0 THEN CASE WHEN b > 0 THEN 0 WHEN {_ODD} AND ATAN2(a, -1) < 0 THEN -inf ELSE inf END"
            " WHEN a < 0 AND b <> FLOOR(b) THEN CASE WHEN a = -inf THEN POWER(-a, b) ELSE nan END"
            " WHEN ABS(a) = inf OR ABS(b) = inf OR ABS(b) < 1e-290 THEN POWER(a, b)"
            " WHEN GREATEST(-1e290, LEAST(b, 1e290)) * LN(ABS(a)) > 709.782712893384"
            f" THEN CASE WHEN a < 0 AND {_ODD} THEN -inf ELSE inf END"
            " WHEN GREATEST(-1e290, LEAST(b, 1e290)) * LN(ABS(a)) < -745.133219101941 THEN 0"
            " ELSE POWER(a, b) END"
        ),
    }
)

DIALECTS = {
    "duckdb": Dialect(
        "DuckDB",
        _DUCKDB,
        total="FSUM",  # Kahan's
        notes=("DuckDB before 2.0 raises an error at ln(0), sqrt(-1), sin(inf) and the like.",),
    ),
    "spark": Dialect("Spark", _SPARK, notes=("Spark's ATAN2 takes -0 for 0.",)),
    "postgres": Dialect(
        "PostgreSQL",
        _POSTGRES,
        folds=False,
        fence=True,
        bare=False,
        notes=(
            "PostgreSQL raises an error where a sum, product or quotient overflows, and where one underflows to 0.",
        ),
    ),
}
"""By the names that sqlglot has for them."""


def _expm1(x: Operand) -> Operand:
    u = exp(x)  # Kahan: the errors of u - 1 and of ln(u) cancel
    near = where(equal(u - 1.0, -1.0), -1.0, (u - 1.0) * (x / ln(u)))
    return where(equal(u, 1.0), x, where(equal(u, math.inf), u, near))


def _log1p(x: Operand) -> Operand:
    u = 1.0 + x
    return where(equal(u, 1.0), x, where(equal(u, math.inf), u, ln(u) * (x / (u - 1.0))))


def _hypot(a: Operand, b: Operand) -> Operand:
    long, short = maximum(absolute(a), absolute(b)), minimum(absolute(a), absolute(b))
    r = short / long
    infinite = logical_or(equal(absolute(a), math.inf), equal(absolute(b), math.inf))
    return where(infinite, math.inf, where(equal(long, 0.0), 0.0, long * sqrt(1.0 + r * r)))


def _log2(x: Operand) -> Operand:
    y = ln(x) * float(LOG2_E)
    n = round_even(y)
    return where(logical_and(less(absolute(n), 1023.0), equal(pow(2.0, n), x)), n, y)


def _asinh(x: Operand) -> Operand:
    r = absolute(x)
    near = log1p(r + r * (r / (1.0 + sqrt(1.0 + r * r))))
    return sign(x) * where(less(r, 1e8), near, ln(r) + float(LN_2))


def _acosh(x: Operand) -> Operand:
    t = x - 1.0
    return where(less(x, 1e8), log1p(t + sqrt(t * (x + 1.0))), ln(x) + float(LN_2))


def _mod(a: Operand, b: Operand) -> Operand:
    beside = where(logical_or(equal(a, 0.0), less(0.0, a * b)), a, b)  # a, or b where the sign has to be its
    return where(logical_and(equal(absolute(b), math.inf), less(absolute(a), math.inf)), beside, a - b * floor(a / b))


FORMULAS: dict[str, Callable[..., Operand]] = {
    "acosh": _acosh,
    "asinh": _asinh,
    "expm1": _expm1,
    "hypot": _hypot,
    "log1p": _log1p,
    "log2": _log2,
    "mod": _mod,
    "trunc": lambda x: where(less(x, 0.0), ceil(x), floor(x)),
}
"""What primitives are in terms of others, where only dialects of SQL lack them."""
