"""Sparse Hessians: the extended Rosenbrock function of n variables, its Hessian at a point, beside CasADi's."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import autodiffcli
from autodiffcli.higher.results import Matrix
from tests.bench.timing import Row, in_turns, peer

SIZES = (1_000, 10_000, 100_000)


class Rosenbrock:
    """Σ 100·(x2 - x1²)² + (1 - x1)² over pairs of n variables (Moré, Garbow & Hillstrom 1981, problem 21)."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.text = "+".join(f"100*(x{i + 1}-x{i}^2)^2+(1-x{i})^2" for i in range(1, n, 2))
        self.graph = autodiffcli.parse(self.text)
        self.at = {name: -1.2 if int(name[1:]) % 2 else 1.0 for name in self.graph.inputs}

    def hessian(self) -> Matrix:
        """Pattern, colouring, and the passes, at a point."""
        return autodiffcli.hessian(self.graph, self.at)

    def from_text(self) -> object:
        return autodiffcli.hessian(autodiffcli.parse(self.text), self.at)

    def casadi(self) -> object:
        """From Python's operators to CasADi's sparse Hessian at a point."""
        casadi = peer("casadi")
        x = casadi.SX.sym("x", self.n)
        odd, even = x[0::2], x[1::2]
        f = casadi.sumsqr(10 * (even - odd**2)) + casadi.sumsqr(1 - odd)
        return casadi.Function("h", [x], [casadi.hessian(f, x)[0]])([-1.2, 1.0] * (self.n // 2))

    def casadi_scalars(self) -> object:
        """Do the same from one scalar term after another, as a text or a modelling language gives them."""
        casadi = peer("casadi")
        x = casadi.vertcat(*[casadi.SX.sym(f"x{i}") for i in range(self.n)])
        f = 0
        for i in range(0, self.n, 2):
            f += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
        return casadi.Function("h", [x], [casadi.hessian(f, x)[0]])([-1.2, 1.0] * (self.n // 2))


def rows(long: bool) -> Iterator[Row]:
    """Yield the Hessian of each n, the way from text to it, and the time per variable, which shows linearity."""
    per_variable: dict[str, float | None] = {}
    for n in SIZES:
        f = Rosenbrock(n)
        found = f.hessian()
        note = f"{found.passes} passes, {max(found.colours) + 1} colours, {len(found.entries):,} entries"
        gc.collect()
        casadi = peer("casadi") is not None
        times = in_turns(
            {
                "hessian": f.hessian,
                "ours": f.from_text,
                "casadi, on vectors": f.casadi if casadi else None,
                "casadi, term by term": f.casadi_scalars if casadi and n <= 10_000 else None,
            },
            turns=3,
            warm_up=n < SIZES[-1],
        )
        yield Row(f"rosenbrock {n:,}: hessian", times["hessian"], {}, note=note)
        peers = {name: times[name] for name in ("casadi, on vectors", "casadi, term by term")}
        yield Row(f"rosenbrock {n:,}: text to hessian", times["ours"], peers)
        per_variable[f"a variable of {n:,}"] = times["hessian"] and times["hessian"] / n
    last = per_variable.pop(f"a variable of {SIZES[-1]:,}")
    yield Row("rosenbrock: time a variable, of 100,000", last, per_variable, "a variable of 1,000", at_most=1.5)
