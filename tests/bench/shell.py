"""One expression, one point, from the shell: whole processes, Python's own start being the unit."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from shutil import which

from tests.bench.timing import ADCALC, EXAMPLE, Row, in_turns, succeed

QALC = "[diff(ln(x)+x*5-sin(5), x, 1, 2), diff(ln(2)+2*x-sin(x), x, 1, 5)]"
SCRIPTS = {
    "casadi": """
from casadi import SX, Function, gradient, log, sin
x = SX.sym("x", 2)
y = log(x[0]) + x[0] * x[1] - sin(x[1])
print(Function("f", [x], [y, gradient(y, x)])([2, 5]))
""",
    "autograd": """
import autograd.numpy as np
from autograd import grad
print(grad(lambda x: np.log(x[0]) + x[0] * x[1] - np.sin(x[1]))(np.array([2.0, 5.0])))
""",
    "sympy": """
from sympy import diff, sympify
y = sympify("ln(x1)+x1*x2-sin(x2)")
print([diff(y, x).evalf(subs={"x1": 2, "x2": 5}) for x in ("x1", "x2")])
""",
    "jax": """
import jax, jax.numpy as np
jax.config.update("jax_enable_x64", True)
print(jax.grad(lambda x: np.log(x[0]) + x[0] * x[1] - np.sin(x[1]))(np.array([2.0, 5.0])))
""",
}


def rows(long: bool) -> Iterator[Row]:
    ours = [ADCALC, "grad", EXAMPLE, "--at", "x1=2,x2=5"]
    contestants: dict[str, Callable[[], object] | None] = {
        "piped": succeed(ours),
        "table": succeed([*ours, "--format", "table"]),
        "python -c pass": succeed([sys.executable, "-c", "pass"]),
        "python -c 'import click'": succeed([sys.executable, "-c", "import click"]),
        "qalc": succeed(["qalc", "-t", QALC]) if which("qalc") else None,
    }
    found = in_turns(contestants, turns=31)
    # the slow ones take fewer turns
    found |= in_turns({name: _script(name, text) for name, text in SCRIPTS.items()}, turns=5)
    piped, table = found.pop("piped"), found.pop("table")
    yield Row("shell: piped", piped, found, "python -c pass", at_most=7)
    yield Row("shell: trace table", table, found, "python -c pass", at_most=11)


def _script(module: str, text: str) -> Callable[[], object] | None:
    return succeed([sys.executable, "-c", text]) if find_spec(module) else None
