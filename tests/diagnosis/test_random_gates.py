"""Closed gates at random places of random expressions change no derivative, against differences in 60 digits."""

from __future__ import annotations

from random import Random
from typing import Any

import mpmath
import numpy as np
import pytest

from autodiffcli import compile, gradient, hessian, parse, source, taylor
from autodiffcli.api.formulas import derivative_at
from autodiffcli.backends import EXACT
from autodiffcli.interpreter import run
from tests.diagnosis.test_gates import agree, flat
from tests.targets.runners import execute

# not finite at x = y = 0, in value or in derivative; {u} is a part of the expression itself
SINGULAR = (
    "ln(x)",
    "1/x",
    "sqrt(x)",
    "x^-0.5",
    "1/(x*y)",
    "ln(y)*sqrt(x)",
    "x/y",
    "acosh(x)",
    "exp(1/x)",
    "sqrt(x)/y",
    "atan2(y,x)/x",
    "sqrt(x^2+y^2)",
    "x^y*ln(x)",
    "asin(2+x)",
    "cbrt(y)",
    "exp(1000+x)",
    "y%x",
    "logsumexp(1/x,ln(y))",
    "D(sqrt(x),x)",
    "{u}*ln(x)",
    "sqrt({u}-{u})*x",
    "{u}/x",
    "max(1/x,ln(y))*{u}",
    "abs(1/x)*{u}",
)
TRUE = ("x<=0", "x<1", "y==0", "not x>0", "x>-1 and y<1", "sqrt(x)<1", "0<=y<1", "x>1 or y<1", "ln(x)<0")
GATES = (
    "where({t},{u},{b})",
    "where(not ({t}),{b},{u})",
    "({u} if {t} else {b})",
    "max({u},ln(x))",
    "min({u},1/x^2)",
    "clip({u},ln(x),1/x^2)",
    "(relu(ln(x))+{u})",
    "({u}+where({t},0,{b}))",
    "({u}*where({t},1,{b}))",
    "({u}/where({t},1,{b}))",
    "({u}*x^0)",
    "logsumexp({u},where({t},-inf,{b}))",
    "where({t},({u}),({u})*({b}))",
    "({u}-relu(where({t},0,{b})))",
    "({u}+abs(where({t},0,{b})))",
    "({u}+where({t},where({t},0,{b}),{b}))",
    "({u}+max(-1,where({t},0,{b}),-2))",
    "({u}+leaky_relu(where({t},0,{b})))",
)


def grown(random: Random, depth: int) -> tuple[str, str]:
    """Return a smooth expression of x and y, and the same with closed gates in it."""
    if not depth:
        return (random.choice(["x", "y", "1.5"]),) * 2
    form = random.choice(["({}+{})", "({}-{})", "({}*{})", "({}/(3+{}^2))", "sin({})", "cos({})", "exp({})", "({})^2"])
    parts = [grown(random, depth - 1) for _ in range(form.count("{}"))]
    smooth, gated = (form.format(*texts) for texts in zip(*parts, strict=True))
    if random.random() < 0.4:
        singular = random.choice(SINGULAR).format(u=gated if len(gated) < 100 else "x")
        gated = random.choice(GATES).format(u=gated, t=random.choice(TRUE), b=singular)
    return smooth, gated


def exactly(text: str) -> Any:
    """Return a smooth expression as a function of numbers of 60 digits."""
    names = {"sin": mpmath.sin, "cos": mpmath.cos, "exp": mpmath.exp}
    return eval(f"lambda x, y: 0*x + {text.replace('^', '**')}", names)


@pytest.mark.parametrize("seed", range(60))
def test_closed_gates_change_nothing(seed: int) -> None:
    random = Random(seed)
    smooth, gated = "", ""
    while smooth == gated or len(gated) > 400:
        smooth, gated = grown(random, random.choice([1, 2, 3]))
    gated = f"0*x + 0*y + {gated}"
    f, at = exactly(smooth), {"x": 0.0, "y": 0.0}
    with mpmath.workdps(60):
        d = {
            (i, j): float(mpmath.diff(f, (0, 0), (i, j)) if i + j else f(mpmath.mpf(0), mpmath.mpf(0)))
            for i in range(4)
            for j in range(4 - i)
        }
        series = mpmath.taylor(lambda t: f(t, 2 * t), 0, 3)
    for mode in EXACT:
        agree(list(gradient(gated, at, mode=mode).gradient.values()), [d[1, 0], d[0, 1]])
    agree(flat(hessian(gated, at).matrix), [d[2, 0], d[1, 1], d[1, 1], d[0, 2]])
    agree(taylor(gated, at, order=3, along={"x": 1, "y": 2}).coefficients["f"], list(map(float, series)))
    formula = derivative_at(parse(gated), ["x", "y", "y"])
    agree([run(formula, [0.0, 0.0])[formula.outputs[0]]], [d[1, 2]])
    blocks = compile(gated).value_and_gradient(np.zeros(2), np.zeros(2))
    agree([float(column[0]) for column in blocks], [d[0, 0], d[1, 0], d[0, 1]])
    wanted = [d[k - j, j] for k in range(4) for j in range(k + 1)]
    agree(list(execute(source(gated, "python", order=3))(0.0, 0.0)), wanted)
