"""Higher derivatives as code: value and 14 partials to order 4 of pbe.adc, beside SymPy's diff and cse, and JAX."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

from autodiffcli import parse, source
from autodiffcli.partials import partials
from tests.bench.timing import ADCALC, Row, in_turns, peer, succeed

PBE = Path(__file__).parents[1] / "data" / "pbe.adc"


def in_python(env: dict[str, Any]) -> Any:
    """Return the functional as a peer's own expression, its statements run in the peer's names."""
    result: Any = None
    for line in PBE.read_text().splitlines():
        name, equals, text = line.partition("#")[0].replace("^", "**").rpartition("=")
        if text.strip():
            result = eval(text.strip(), env)
            if equals:
                env[name.strip()] = result
    return result


def sympy_code() -> list[Any]:
    """Differentiate once for each partial, and take out common parts."""
    sympy = peer("sympy")
    n, s2 = sympy.symbols("n s2", positive=True)
    f = in_python({"n": n, "s2": s2, "pi": sympy.pi, "ln": sympy.log, "sqrt": sympy.sqrt, "exp": sympy.exp})
    found = {(): f}
    for d in range(1, 5):
        for m in combinations_with_replacement((n, s2), d):
            found[m] = found[m[:-1]].diff(m[-1])
    assignments, results = sympy.cse(list(found.values()))
    return [*[part for _, part in assignments], *results]


def jax_fourth() -> object:
    """Take one fourth derivative, eagerly."""
    jax = peer("jax")
    jax.config.update("jax_enable_x64", True)
    np = jax.numpy
    f: Any = lambda n: in_python({"n": n, "s2": 0.1, "pi": np.pi, "ln": np.log, "sqrt": np.sqrt, "exp": np.exp})
    for _ in range(4):
        f = jax.grad(f)
    return f(0.3).block_until_ready()


def rows(long: bool) -> Iterator[Row]:
    """Yield time, operations and assignments; SymPy's are counted by its own count_ops."""
    ours = {"ours": succeed([ADCALC, "compile", f"@{PBE}", "--to", "c", "--order", "4"])}
    found = in_turns(ours | {"jax, one fourth derivative": jax_fourth if peer("jax") else None}, 3)
    parts: list[Any] = []
    if peer("sympy"):
        found |= in_turns({"sympy diff + cse": lambda: parts.extend(sympy_code())}, 1, warm_up=False)
    seconds = found.pop("ours")
    note = "whole process, C source of 15 outputs"
    yield Row("pbe to order 4: time", seconds, found, "sympy diff + cse", at_most=0.2, note=note)
    graph, _ = partials(parse(PBE.read_text()), ["n", "s2"], 4)
    theirs = {"sympy diff + cse": sum(peer("sympy").count_ops(part) for part in parts) if parts else None}
    name = "pbe to order 4: operations"
    yield Row(name, graph.operations(), theirs, "sympy diff + cse", at_most=1, unit="operations")
    count = source(PBE.read_text(), "c", order=4).count(";\n")
    made = {"sympy diff + cse": len(parts) if parts else None}
    yield Row("pbe to order 4: assignments", count, made, "sympy diff + cse", at_most=1, unit="assignments")
