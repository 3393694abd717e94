"""Many points in memory: value and gradient of three expressions at 2,000,000 points, and of a product at few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import autodiffcli
from tests.bench.timing import EXAMPLE, Row, in_turns, peer

COUNT = 2_000_000
FACTORS = 10_000
ENERGY = (Path(__file__).parents[1] / "data" / "pbe.adc").read_text()
VALLEY = "+".join(f"100*(x{i + 1} - x{i}^2)^2 + (1 - x{i})^2" for i in range(1, 10))  # Rosenbrock's, of ten variables
JAX, NUMEXPR = "jax jit(vmap(value_and_grad))", "numexpr, value and partials as formulas"
Columns = Mapping[str, Any]


def rows(long: bool) -> Iterator[Row]:
    """Yield a row for each expression and engine."""
    random = np.random.default_rng(2)
    columns = {"x1": random.uniform(0.5, 4.0, COUNT), "x2": random.uniform(-3.0, 3.0, COUNT)}
    for ours, theirs in zip(_ours(EXAMPLE, columns, "numpy")(), _plain(columns), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=1e-14)
    by_hand = {"numpy, straight-line, by hand": lambda: _plain(columns), "autograd, gradient only": _autograd(columns)}
    formulas = ["log(x1) + x1*x2 - sin(x2)", "1/x1 + x2", "x1 - cos(x2)"]
    yield from _rows("points: 2,000,000", EXAMPLE, columns, formulas, by_hand, {"numpy": 1.2, "c": 1.5})
    valley = {f"x{i}": random.uniform(-2.0, 2.0, COUNT) for i in range(1, 11)}
    yield from _rows("points: Rosenbrock, 10 inputs", VALLEY, valley, _valley(), {}, {"c": 1.5})
    energy = {"n": random.uniform(0.1, 2.0, COUNT), "s2": random.uniform(0.1, 2.0, COUNT)}
    yield from _rows("points: PBE energy", ENERGY, energy, _energy(), {}, {"numpy": 1.5, "c": 1.5})
    yield _repeated()


def _rows(
    name: str,
    expression: str,
    columns: Columns,
    formulas: Sequence[str],
    others: Mapping[str, Callable[[], object] | None],
    goals: Mapping[str, float],
) -> Iterator[Row]:
    """Yield the rows of one expression, an engine each, all measured in turns."""
    peers = {JAX: _jax(expression, columns), NUMEXPR: _numexpr(formulas, columns), **others}
    engines = {engine: _ours(expression, columns, engine) for engine in goals}
    found = in_turns({**engines, **peers}, turns=9)
    for engine, goal in goals.items():
        ours, theirs = found[engine], {peer: found[peer] for peer in peers}
        note = f"engine {engine}, {COUNT / ours / 1e6:.1f} Mpts/s" if ours else ""
        yield Row(name if engine == "numpy" else f"{name}, {engine}", ours, theirs, JAX, at_least=goal, note=note)


def _ours(expression: str, columns: Columns, engine: str) -> Callable[[], list[Any]]:
    """Return the work of our value and gradient; machine code writes into arrays that are there."""
    compiled = autodiffcli.compile(expression, engine=engine)
    given = [columns[name] for name in compiled.inputs]
    out = [np.empty(COUNT) for _ in range(len(given) + 1)] if engine == "c" else None
    return lambda: compiled.value_and_gradient(*given, out=out)


def _plain(columns: Columns) -> list[Any]:
    """Return the example's value and partials as someone writes them by hand."""
    x1, x2 = columns["x1"], columns["x2"]
    return [np.log(x1) + x1 * x2 - np.sin(x2), 1.0 / x1 + x2, x1 - np.cos(x2)]


def _valley() -> list[str]:
    """Return the value and the partials of Rosenbrock's function as someone writes them by hand."""
    slopes = []
    for i in range(1, 11):
        before = f"200*(x{i} - x{i - 1}**2)" if i > 1 else "0"
        after = f"- 400*x{i}*(x{i + 1} - x{i}**2) - 2*(1 - x{i})" if i < 10 else ""
        slopes.append(f"{before} {after}")
    return [VALLEY.replace("^", "**"), *slopes]


def _energy() -> list[str]:
    """Return the energy and its partials as formulas, which nobody writes by hand."""
    partials = [autodiffcli.formula(autodiffcli.derivative(ENERGY, name)) for name in ("n", "s2")]
    return [
        text.replace("^", "**").replace("ln(", "log(").replace("pi", repr(np.pi))
        for text in (autodiffcli.formula(ENERGY), *partials)
    ]


def _numexpr(formulas: Sequence[str], columns: Columns) -> Callable[[], object] | None:
    if (numexpr := peer("numexpr")) is None:
        return None
    return lambda: [numexpr.evaluate(formula, local_dict=columns, optimization="moderate") for formula in formulas]


def _jax(expression: str, columns: Columns) -> Callable[[], object] | None:
    """Return JAX's work; the expression's lines are Python's but for the power."""
    if (jax := peer("jax")) is None:
        return None
    jnp = jax.numpy
    jax.config.update("jax_enable_x64", True)
    *bindings, result = [line for line in expression.replace("^", "**").splitlines() if not line.startswith("#")]
    code = "\n".join([*bindings, f"result = {result}"])

    def f(*xs: Any) -> Any:
        names = {"pi": np.pi, "ln": jnp.log, "exp": jnp.exp, "sqrt": jnp.sqrt, "sin": jnp.sin}
        names |= dict(zip(columns, xs, strict=True))
        exec(code, names)
        return names["result"]

    compiled = jax.jit(jax.vmap(jax.value_and_grad(f, argnums=tuple(range(len(columns))))))
    given = [jnp.asarray(column) for column in columns.values()]
    return lambda: jax.block_until_ready(compiled(*given))


def _autograd(columns: Columns) -> Callable[[], object] | None:
    if (autograd := peer("autograd")) is None:
        return None
    anp = peer("autograd.numpy")
    gradient = autograd.elementwise_grad(lambda x1, x2: anp.log(x1) + x1 * x2 - anp.sin(x2), argnum=(0, 1))
    return lambda: gradient(*columns.values())


def _repeated() -> Row:
    """Return the row of a product's gradient at one point, a hundred times; CasADi's buffers copy nothing."""
    point = np.random.default_rng(3).uniform(0.9999, 1.0001, FACTORS)
    compiled = autodiffcli.compile("*".join(f"x{i}" for i in range(FACTORS)), engine="c")
    casadi = _casadi(point)
    found = in_turns(
        {
            "ours": lambda: [compiled.at(point) for _ in range(100)],
            "casadi, buffers": casadi and (lambda: [casadi() for _ in range(100)]),
        }
    )
    each = {name: seconds and seconds / 100 for name, seconds in found.items()}
    name = f"points: product of {FACTORS:,}, repeated"
    return Row(name, each.pop("ours"), each, "casadi, buffers", at_most=1, note="engine c, at one point")


def _casadi(point: Any) -> Callable[[], object] | None:
    if (casadi := peer("casadi")) is None:
        return None
    x = casadi.SX.sym("x", FACTORS)
    y = x[0]
    for i in range(1, FACTORS):
        y *= x[i]
    buffer, trigger = casadi.Function("g", [x], [y, casadi.gradient(y, x)]).buffer()
    value: Any = np.zeros(1)
    gradient: Any = np.zeros(FACTORS)
    buffer.set_arg(0, memoryview(point))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(gradient))

    def work() -> object:
        trigger()
        return buffer, value, gradient

    return work
