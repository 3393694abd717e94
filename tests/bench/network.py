"""Arrays: the gradient of a two-layer network's loss, and one that is matrix products only, beside JAX and PyTorch.

Each number of threads is a process of its own, since libraries read it when they are imported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from tests.bench.timing import ENVIRONMENT, Row, in_turns, peer

THREADS = (1, 2)
TURNS = 31
LOSS = "Z = relu(X@W)@V; mean(logsumexp(Z, axis=1) - sum(Z*Y, axis=1))"
PRODUCTS = "sum(A@B@C)"
JAX, TORCH, NUMPY = "jax jit(value_and_grad)", "torch backward", "numpy, its products"


def rows(long: bool) -> Iterator[Row]:
    """Yield for each number of threads the loss against each peer, and the products against NumPy's own."""
    for threads in THREADS:
        variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = ENVIRONMENT | dict.fromkeys(variables, str(threads))
        environment["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}"
        command = [sys.executable, "-m", "tests.bench.network", str(threads)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        loss, products = json.loads(done.stdout)
        name = f"{threads} thread{'s' * (threads > 1)}"
        ours = loss.pop("ours")
        for theirs in (JAX, TORCH):
            yield Row(f"network loss, 256 x 784-256-10, {name}", ours, loss, theirs, at_most=1.3)
        ours = products.pop("ours")
        yield Row(f"products of 768 x 768, {name}", ours, products, NUMPY, at_most=1.1)


def gradient(text: str, point: dict[str, Any], wrt: list[str]) -> Callable[[], Any]:
    """Return the value and gradient of an expression at a point as what is run again and again."""
    from autodiffcli.derivatives import extend
    from autodiffcli.language.parser import parse
    from autodiffcli.passes.simplify import simplify
    from autodiffcli.program import Program

    graph = parse(text, shapes={name: value.shape for name, value in point.items()})
    longer = simplify(extend(graph, wrt).graph, exact=True)
    program, values = Program(longer), [point[name] for name in longer.inputs]
    return lambda: program.at(values)


def with_jax(point: dict[str, Any]) -> Callable[[], Any] | None:
    jax = peer("jax")
    if jax is None:
        return None
    jax.config.update("jax_enable_x64", True)
    jnp, arrays = jax.numpy, {name: jax.numpy.asarray(value) for name, value in point.items()}

    def loss(w: Any, v: Any) -> Any:
        z = jnp.maximum(arrays["X"] @ w, 0) @ v
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - jnp.sum(z * arrays["Y"], axis=1))

    both = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))
    return lambda: jax.block_until_ready(both(arrays["W"], arrays["V"]))


def with_torch(point: dict[str, Any], threads: int) -> Callable[[], Any] | None:
    torch = peer("torch")
    if torch is None:
        return None
    torch.set_num_threads(threads)
    x, w, v, y = (torch.tensor(point[name], requires_grad=name in "WV") for name in "XWVY")

    def work() -> Any:
        w.grad = v.grad = None
        z = torch.relu(x @ w) @ v
        loss = (torch.logsumexp(z, 1) - (z * y).sum(1)).mean()
        loss.backward()
        return loss.detach(), w.grad, v.grad

    return work


def measure(threads: int) -> list[dict[str, float | None]]:
    """Return the seconds of everybody's gradient, of the loss and of the products."""
    import numpy as np

    affinity = getattr(os, "sched_setaffinity", None)
    if affinity is not None:
        affinity(0, sorted(os.sched_getaffinity(0))[:threads])
    rng = np.random.default_rng(0)
    point = {
        "X": rng.normal(size=(256, 784)),
        "W": rng.normal(size=(784, 256)) / 28,
        "V": rng.normal(size=(256, 10)) / 16,
        "Y": np.eye(10)[rng.integers(0, 10, 256)],
    }
    ours = gradient(LOSS, point, ["W", "V"])
    contestants = {"ours": ours, JAX: with_jax(point), TORCH: with_torch(point, threads)}
    for work in filter(None, contestants.values()):
        for a, b in zip(ours(), work(), strict=True) if work is not contestants[JAX] else ():
            assert np.allclose(a, b, rtol=1e-9)
    a, b, c = (rng.normal(size=(768, 768)) / 28 for _ in "abc")
    ones = np.ones((768, 768))

    def products() -> Any:
        ab = a @ b
        y, d = ab @ c, ones @ c.T
        return y, d @ b.T, a.T @ d, ab.T @ ones

    own = gradient(PRODUCTS, {"A": a, "B": b, "C": c}, ["A", "B", "C"])
    return [in_turns(contestants, TURNS), in_turns({"ours": own, NUMPY: products}, TURNS // 3)]


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
