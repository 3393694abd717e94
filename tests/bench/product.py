"""One point, large graphs: f = x1·x2·…·xn, from its text to its gradient."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import autodiffcli
from autodiffcli.chain import pull
from autodiffcli.derivatives import extend
from autodiffcli.graph import Graph
from autodiffcli.interpreter import run
from tests.bench.timing import Row, in_turns, peer

SIZES = (1_000, 10_000, 100_000, 1_000_000)
CASADI_SIZES = (10_000, 100_000)


class Product:
    """The product of n inputs and what is done with it."""

    def __init__(self, n: int) -> None:
        self.text = "*".join(f"x{i}" for i in range(1, n + 1))
        self.point = [1.0 + (-1.0) ** i / (i + 9) for i in range(n)]  # the product stays near 1
        self.graph = self.parse()
        self.values = self.evaluate()
        self.active = self.graph.depends(self.graph.inputs.values())
        self.extended = self.extend()

    def parse(self) -> Graph:
        graph: Graph = autodiffcli.parse(self.text)
        return graph

    def evaluate(self) -> list[float]:
        return run(self.graph, self.point)

    def sweep(self) -> object:
        return pull(self.graph, self.values, self.graph.outputs[0], self.active)

    def extend(self) -> Graph:
        return extend(self.graph, self.graph.inputs).graph

    def run_extended(self) -> object:
        return run(self.extended, self.point)

    def gradient(self) -> object:
        """Go from text to gradient."""
        graph = self.parse()
        bars = pull(graph, run(graph, self.point), graph.outputs[0], graph.depends(graph.inputs.values()))
        return [bars[i] for i in graph.inputs.values()]

    def casadi(self) -> object:
        """Go from Python's operators to CasADi's gradient."""
        casadi = peer("casadi")
        x = casadi.vertcat(*[casadi.SX.sym(f"x{i}") for i in range(len(self.point))])
        y = x[0]
        for i in range(1, len(self.point)):
            y *= x[i]
        return casadi.Function("g", [x], [casadi.gradient(y, x)])(self.point)


def rows(long: bool) -> Iterator[Row]:
    """Yield the rows of each size: sweep, extended graph, total; and the time per factor, which shows linearity."""
    per_factor: dict[str, float | None] = {}
    for n in SIZES:
        turns = 5 if n <= 100_000 else 3
        f = Product(n)
        gc.collect()
        gc.freeze()  # the collector need not visit, while others are timed, what this row keeps for later
        forward = {"parse": f.parse, "evaluation": f.evaluate}
        found = in_turns(forward | {"sweep": f.sweep, "extend": f.extend, "run": f.run_extended}, turns)
        parse, evaluation = {"parse": found["parse"]}, {"evaluation": found["evaluation"]}
        name, nodes = f"product {n:,}", f"{len(f.graph):,} nodes"
        yield Row(f"{name}: sweep", found["sweep"], evaluation, "evaluation", at_most=4, note=nodes)
        yield Row(f"{name}: extending", found["extend"], parse, "parse", at_most=1)
        note = f"{len(f.extended):,} nodes"
        yield Row(f"{name}: extended run", found["run"], evaluation, "evaluation", at_most=4, note=note)
        yield (total := _total(f, n, turns))
        gc.unfreeze()
        per_factor[f"a factor of {n:,}"] = total.ours and total.ours / n
    last = per_factor.pop(f"a factor of {SIZES[-1]:,}")
    yield Row("product: time a factor, of 1,000,000", last, per_factor, "a factor of 10,000", at_most=1.5)


def _total(f: Product, n: int, turns: int) -> Row:
    peers = n in CASADI_SIZES and peer("casadi")
    found = in_turns({"ours": f.gradient, "casadi": f.casadi if peers else None}, min(turns, 3), warm_up=n < SIZES[-1])
    ours = found.pop("ours")
    name = f"product {n:,}: text to gradient"
    return Row(name, ours, found, "casadi", at_most=1) if n in CASADI_SIZES else Row(name, ours, {})
