"""Running generated code: Python and NumPy by exec, C by cc and ctypes, JavaScript by node; many functions at once."""

from __future__ import annotations

import ctypes
import json
import math
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autodiffcli import source
from autodiffcli.graph import Graph

Job = tuple[str | Graph, int, Sequence[float]]
"""An expression, an order, and a point: the values of its inputs in order."""

C_FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")


def execute(text: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {}
    exec(compile(text, "<generated>", "exec"), namespace)
    function: Callable[..., Any] = namespace["f"]
    return function


def run_python(jobs: Sequence[Job], folder: Path) -> list[list[float]]:
    return [list(execute(source(expr, "python", order=order))(*point)) for expr, order, point in jobs]


def run_numpy(jobs: Sequence[Job], folder: Path) -> list[list[float]]:
    results = []
    for expr, order, point in jobs:
        columns = [np.array([x, x, x]) for x in point]
        found = execute(source(expr, "numpy", order=order))(*columns)
        assert all(np.shape(r) == ((3,) if point else ()) for r in found)
        results.append([float(np.ravel(r)[-1]) for r in found])
    return results


def compile_c(texts: Sequence[str], folder: Path, level: str = "-O2") -> ctypes.CDLL:
    # one file, for speed; helpers that several functions need are the same text, and stand there once
    blocks = dict.fromkeys(block for text in texts for block in text.rstrip().split("\n\n"))
    folder = Path(tempfile.mkdtemp(dir=folder))  # a library that is loaded must not be written over
    file = folder / "functions.c"
    file.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    library = folder / "library.so"
    command = ["cc", *C_FLAGS, level, "-shared", "-fPIC", "-o", str(library), str(file), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    return ctypes.CDLL(str(library))


def call_c(function: Any, point: Sequence[float], count: int) -> list[float]:
    out = (ctypes.c_double * count)()
    function((ctypes.c_double * max(len(point), 1))(*point), out)
    return list(out)


def run_c(jobs: Sequence[Job], folder: Path) -> list[list[float]]:
    texts = [source(expr, "c", order=order, name=f"f_{k}") for k, (expr, order, _) in enumerate(jobs)]
    library = compile_c(texts, folder, "-O0")
    counts = [math.comb(len(point) + order, order) for _, order, point in jobs]
    return [call_c(library[f"f_{k}"], job[2], count) for k, (job, count) in enumerate(zip(jobs, counts, strict=True))]


def run_node(texts: Sequence[str], points: Sequence[Sequence[float]], folder: Path) -> list[list[float]]:
    for k, text in enumerate(texts):
        (folder / f"f{k}.mjs").write_text(text, encoding="utf-8")
    special = {math.inf: "Infinity", -math.inf: "-Infinity"}
    written = [[special.get(x, "NaN") if not math.isfinite(x) else repr(x) for x in point] for point in points]
    lines = [f"import {{ f as f{k} }} from './f{k}.mjs';" for k in range(len(texts))]
    lines += [
        "const show = r => r.map(x => { if (typeof x !== 'number') throw new Error(typeof x); return String(x); });"
    ]
    lines += ["console.log(JSON.stringify(["]
    lines += [f"show(f{k}({', '.join(point)}))," for k, point in enumerate(written)]
    main = folder / "main.mjs"
    main.write_text("\n".join([*lines, "]));"]), encoding="utf-8")
    done = subprocess.run(["node", str(main)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    return [[float(x.replace("Infinity", "inf")) for x in row] for row in json.loads(done.stdout)]


def run_javascript(jobs: Sequence[Job], folder: Path) -> list[list[float]]:
    texts = [source(expr, "javascript", order=order) for expr, order, _ in jobs]
    return run_node(texts, [point for _, _, point in jobs], folder)


RUNNERS: Mapping[str, Callable[[Sequence[Job], Path], list[list[float]]]] = {
    "python": run_python,
    "numpy": run_numpy,
    "c": run_c,
    "javascript": run_javascript,
}
