"""Many points in memory: value and gradient of the lecture's example at 2,000,000 points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import autodiffcli
from tests.bench.timing import EXAMPLE, Row, in_turns, peer

COUNT = 2_000_000
Columns = Sequence[Any]


def rows(long: bool) -> Iterator[Row]:
    random = np.random.default_rng(2)
    columns = [random.uniform(0.5, 4.0, COUNT), random.uniform(-3.0, 3.0, COUNT)]
    for mine, theirs in zip(ours(columns), plain(columns), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-14, atol=1e-14)
    found = in_turns(
        {
            "ours": lambda: ours(columns),
            "jax jit(vmap(value_and_grad))": _jax(columns),
            "numpy, straight-line, by hand": lambda: plain(columns),
            "autograd, gradient only": _autograd(columns),
        },
        turns=9,
    )
    mine = found.pop("ours")
    note = f"{COUNT / mine / 1e6:.1f} Mpts/s" if mine else ""
    yield Row("points: 2,000,000", mine, found, "jax jit(vmap(value_and_grad))", at_least=1.2, note=note)


def ours(columns: Columns) -> list[Any]:
    """Return value and two partial derivatives, as the library computes them."""
    results: list[Any] = autodiffcli.compile(EXAMPLE).value_and_gradient(*columns)
    return results


def plain(columns: Columns) -> list[Any]:
    """Return the same as someone writes it by hand."""
    x1, x2 = columns
    return [np.log(x1) + x1 * x2 - np.sin(x2), 1.0 / x1 + x2, x1 - np.cos(x2)]


def _jax(columns: Columns) -> Callable[[], object] | None:
    if (jax := peer("jax")) is None:
        return None
    jnp = jax.numpy
    jax.config.update("jax_enable_x64", True)
    f = jax.jit(jax.vmap(jax.value_and_grad(lambda a, b: jnp.log(a) + a * b - jnp.sin(b), argnums=(0, 1))))
    x1, x2 = (jnp.asarray(column) for column in columns)
    return lambda: jax.block_until_ready(f(x1, x2))


def _autograd(columns: Columns) -> Callable[[], object] | None:
    if (autograd := peer("autograd")) is None:
        return None
    anp = peer("autograd.numpy")
    gradient = autograd.elementwise_grad(lambda x1, x2: anp.log(x1) + x1 * x2 - anp.sin(x2), argnum=(0, 1))
    return lambda: gradient(*columns)
