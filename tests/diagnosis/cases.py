"""Expressions with a gate that is closed at a point, and what they are around it where only the side taken counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import mpmath

Numbers = Sequence[Any]


class Case(NamedTuple):
    """An expression, a point, and the smooth function that its derivatives at the point are those of."""

    expression: str
    point: dict[str, float]
    taken: Callable[..., Any]

    def __str__(self) -> str:
        return f"{self.expression} at {', '.join(f'{name}={x:g}' for name, x in self.point.items())}"

    @property
    def at(self) -> str:
        return ",".join(f"{name}={x!r}" for name, x in self.point.items())

    def derivative(self, *names: str) -> float:
        """Return the derivative by some names in turn, from differences in 60 digits."""
        orders = tuple(names.count(name) for name in self.point)
        return _derivative(self.taken, tuple(self.point.values()), orders)


@cache
def _derivative(taken: Callable[..., Any], point: tuple[float, ...], orders: tuple[int, ...]) -> float:
    with mpmath.workdps(60):
        if not sum(orders):
            return float(taken(*map(mpmath.mpf, point)))
        return float(mpmath.diff(taken, point if len(point) > 1 else point[0], orders if len(point) > 1 else orders[0]))


def _case(expression: str, taken: Callable[..., Any], **point: float) -> Case:
    return Case(expression, point, taken)


exp, sin, log, sqrt = mpmath.exp, mpmath.sin, mpmath.log, mpmath.sqrt
Z = mpmath.mpf(0)

CASES = (
    # JAX issue 1052: the gradient of a function behind where is nan where it is not taken
    _case("where(x>0, sqrt(x), 0)", lambda x: Z, x=0),
    _case("where(x>0, sqrt(x), 0)", lambda x: Z, x=-1),
    _case("where(x!=0, sin(x)/x, 1 - x^2/6)", lambda x: 1 - x**2 / 6, x=0),
    _case("where(x>0, x*ln(x), x^2)", lambda x: x**2, x=-2),
    # JAX issue 5798: the same with a condition that is itself computed from what is not taken
    _case("where(where(x>0, sqrt(x), 0) > 1, ln(x), x^2)", lambda x: x**2, x=0),
    _case("where(x>0, where(x>1, ln(x-1), sqrt(x)), x^3)", lambda x: x**3, x=0),
    _case("where(x>0, where(x>1, ln(x-1), x^2), sqrt(-x))", lambda x: x**2, x=1),
    # JAX issues 3058 and 11716: norm and standard deviation at 0
    _case("sqrt(x^2+y^2) if x^2+y^2 > 0 else 0", lambda x, y: Z, x=0, y=0),
    _case("sqrt(where(x^2+y^2 > 0, x^2+y^2, 1)) + x*y", lambda x, y: 1 + x * y, x=0, y=0),
    _case("where(x^2+y^2 > 0, x*y/sqrt(x^2+y^2), x*y)", lambda x, y: x * y, x=0, y=0),
    _case("m = (x+y)/2; s = ((x-m)^2+(y-m)^2)/2; where(s > 0, sqrt(s), 0) + m", lambda x, y: (x + y) / 2, x=3, y=3),
    # JAX issue 21723: a sum of exponentials with -inf
    _case("logsumexp(x, -inf)", lambda x: x, x=1),
    _case("logsumexp(x, -inf, y)", lambda x, y: log(exp(x) + exp(y)), x=1, y=2),
    _case("logsumexp(x, where(x>0, ln(x), -inf))", lambda x: x, x=0),
    _case("where(x > -1, x^2, logsumexp(-1/x, ln(x)))", lambda x: x**2, x=0),
    # conditional expressions, conditions joined and in chains
    _case("x^2 if x <= 0 else ln(x)^3", lambda x: x**2, x=0),
    _case("sqrt(x) if x > 0 else exp(x)", exp, x=-1),
    _case("where(x>0 and y>0, ln(x*y), x*y)", lambda x, y: x * y, x=0, y=0),
    _case("where(x>0 or y>0, x/y, x+y)", lambda x, y: x + y, x=0, y=0),
    _case("where(not x > 0, x, ln(x))", lambda x: x, x=0),
    _case("x*where(0 < x < 1, sqrt(x*(1-x)), 0) + x", lambda x: x, x=1),
    # products and quotients with closed gates, gates on gates
    _case("3*where(x>0, 1/x, x)*x", lambda x: 3 * x**2, x=0),
    _case("x*where(x>0, 1/x, 0)", lambda x: Z, x=0),
    _case("where(x>0, sqrt(x), 0)*where(x>0, ln(x), 0)", lambda x: Z, x=0),
    _case("where(x>0, sqrt(x), x)*where(y>0, ln(y), y)", lambda x, y: x * y, x=0, y=0),
    _case("where(x>0, sqrt(x), x)/where(y>0, ln(y), 1+y)", lambda x, y: x / (1 + y), x=0, y=0),
    _case("where(x>0, sqrt(x), x)*exp(y)*where(x>0, ln(x), 1)", lambda x, y: x * exp(y), x=0, y=1),
    _case("where(x>0, 1/x, 0)/where(x>0, x, 1)", lambda x: Z, x=0),
    _case("(where(x>0, sqrt(x), 0) + y)^2", lambda x, y: y**2, x=0, y=3),
    _case("exp(where(x>0, ln(x), x))", exp, x=0),
    _case("sqrt(where(x>0, x, 1+x))", lambda x: sqrt(1 + x), x=0),
    _case("sin(where(x>0, sqrt(x), x))/y", lambda x, y: sin(x) / y, x=0, y=2),
    _case("hypot(x, y)*where(y>0, ln(y), 0)", lambda x, y: Z, x=3, y=0),
    _case("where(x<=0, x, x/(1 - exp(-x)))", lambda x: x, x=0),
    # max, min, relu, clip, abs and leaky_relu as gates
    _case("max(ln(x), x^2)", lambda x: x**2, x=0),
    _case("max(sqrt(x)-1, x)", lambda x: x, x=0),
    _case("min(-ln(x), x)", lambda x: x, x=0),
    _case("min(1/x^2, 3+x^2)", lambda x: 3 + x**2, x=0),
    _case("max(where(x>0, sqrt(x), x), where(x>0, 1/x, -1+x^2))", lambda x: x, x=0),
    _case("relu(ln(x))", lambda x: Z, x=0),
    _case("relu(-1/x^2)", lambda x: Z, x=0),
    _case("clip(ln(x), x, 1)", lambda x: x, x=0),
    _case("clip(1/x, 0, 2+x^2)", lambda x: 2 + x**2, x=0),
    _case("abs(x)*where(x!=0, 1/x, 0)", lambda x: Z, x=0),
    _case("abs(sqrt(x))", lambda x: Z, x=0),
    _case("where(x>0, max(sqrt(x), 1/x), relu(-x))", lambda x: -x, x=-1),
    _case("leaky_relu(where(x>0, sqrt(x), x))", lambda x: x / 100, x=-1),
    # powers: x^0 is constant, also at 0
    _case("x^0", lambda x: 1 + Z, x=0),
    _case("x^0 + where(x>0, x^0.5, x)", lambda x: 1 + x, x=0),
    _case("where(y>0, x^y, x)", lambda y, x: x, y=0, x=0),
    _case("where(x>0, x^x, 1+x)", lambda x: 1 + x, x=0),
    _case("where(x>0, x^-0.5, x)", lambda x: x, x=0),
    # overflow on the side not taken
    _case("where(x > 0, exp(1000*x), x)", lambda x: x, x=-0.5),
    _case("where(x < 100, x^2, exp(x^2))", lambda x: x**2, x=50),
    # gates in definitions and in derivatives, which are differentiated again
    _case("f(t) = where(t>0, sqrt(t), 0); f(x) + f(x)^2 + x", lambda x: x, x=0),
    _case("f(t) = t if t > 0 else t^2; g(t) = f(sqrt(f(t))) if t > 0 else f(t); g(x)", lambda x: x**2, x=0),
    _case("D(where(x>0, sqrt(x), x^3), x)", lambda x: 3 * x**2, x=0),
    _case("D(where(x>0, ln(x), x^4), x, 2)", lambda x: 12 * x**2, x=0),
    _case("D(where(x>0, y*sqrt(x), y*x^3), x)*y", lambda x, y: 3 * x**2 * y**2, x=0, y=2),
    _case("where(x>0, D(ln(x)/x, x, 2), x^2)", lambda x: x**2, x=0),
    # special functions on the side not taken
    _case("where(x>0, erf(1/x)*softplus(1/x)*sigmoid(ln(x)), x)", lambda x: x, x=0),
    _case("where(x>0, atan2(y, x)/ln(y), x*y)", lambda x, y: x * y, x=0, y=0),
    _case("x*where(x > 1, acosh(x), 0) + where(x<1, x^2, 0)", lambda x: x**2, x=0.5),
    _case("where(x>0, x % 0, x^2)", lambda x: x**2, x=0),
)
