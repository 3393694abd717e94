"""The architecture, checked: what imports what, what is loaded when, and who talks to the terminal."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "autodiffcli"

# A file imports only from layers above its own, or from its own. The order is DESIGN.md's with two deviations:
# primitive stands before graph (a primitive knows no graph, and a graph's Node needs the primitives' operators),
# chain, derivatives and interpreter before language (what --at gives are constant expressions, which are evaluated).
LAYERS = (
    "errors",
    "limits",
    "structures",
    "primitive",
    "graph",
    "primitives",
    "chain",
    "derivatives",
    "interpreter",
    "program",
    "differences",
    "checkpoint",
    "memory",
    "language",
    "passes",
    "value_text",
    "partials",
    "diagnosis_arrays",
    "diagnosis",
    "backends",
    "checking",
    "precise",
    "tracing",
    "costing",
    "sparsity",
    "higher",
    "uncertainty",
    "drawing",
    "targets",
    "native",
    "points",
    "fitting",
    "report",
    "api",
    "__init__",  # the library's handful of names
    "cli",
    "__main__",
)
HEAVY = {"numpy", "rich", "scipy", "lark", "json", "flint"}
ENDS_OR_TALKS = {"print", "input", "exit", "quit", "breakpoint", "SystemExit"}
TERMINAL = {"sys.exit", "sys.stdin", "sys.stdout", "sys.stderr", "os._exit", "os.ttyname", "os.openpty"}

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "_tables.py")
every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))


def layer(module: str) -> str:
    """Return the layer of a dotted name: autodiffcli.cli.grad is in cli."""
    return [*module.split("."), "__init__"][1]


def own_layer(path: Path) -> str:
    """Return the layer that a file is in, which must be one of LAYERS: a new module is given its place there first."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of every import, those inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            # `from autodiffcli import graph` imports a module, or a name that the library offers
            if node.module == PACKAGE.name:
                yield from ((node.lineno, f"{PACKAGE.name}.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module or ""


def known(module: str) -> str:
    """Return the layer of an import of ours; a name that is no layer is one that the library offers."""
    return layer(module) if layer(module) in LAYERS else "__init__"


@every_module
def test_imports_come_from_layers_above(path: Path) -> None:
    own = LAYERS.index(own_layer(path))
    wrong = [
        f"line {line}: {module}"
        for line, module in imports(ast.parse(path.read_text()))
        if module.split(".")[0] == PACKAGE.name and LAYERS.index(known(module)) > own
    ]
    assert not wrong


def test_no_module_imports_itself_through_others() -> None:
    """Not for a type annotation either: where two files need each other, one of them holds two things."""
    names = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in MODULES}
    modules = {name.removesuffix(".__init__"): ast.parse(path.read_text()) for name, path in names.items()}
    needs: dict[str, set[str]] = {name: set() for name in modules}
    for name, tree in modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in modules:
                whole = {f"{node.module}.{alias.name}" for alias in node.names}
                needs[name] |= whole & modules.keys() or {node.module}
    TopologicalSorter(needs).prepare()  # raises CycleError, which names the circle


def writes_to_terminal(call: ast.Call) -> bool:
    """Say whether a call makes one of Rich's consoles that is given no file."""
    return ast.unparse(call.func).split(".")[-1] == "Console" and "file" not in {k.arg for k in call.keywords}


@every_module
def test_only_the_command_line_talks_and_exits(path: Path) -> None:
    if own_layer(path) == "cli":
        return
    tree = ast.parse(path.read_text())
    wrong = [f"line {line}: import {module}" for line, module in imports(tree) if module.split(".")[0] == "click"]
    for node in ast.walk(tree):
        if (isinstance(node, ast.Name) and node.id in ENDS_OR_TALKS) or (
            isinstance(node, ast.Attribute) and (ast.unparse(node) in TERMINAL or node.attr == "isatty")
        ):
            wrong.append(f"line {node.lineno}: {ast.unparse(node)}")
        if isinstance(node, ast.Call) and writes_to_terminal(node):
            wrong.append(f"line {node.lineno}: a Console without file=")
    assert not wrong


@every_module
def test_the_recursion_limit_is_left_alone(path: Path) -> None:
    assert "setrecursionlimit" not in path.read_text()


def loaded(*options: str) -> tuple[str, set[str]]:
    """Return what a gradient prints, and the modules that it imports."""
    script = "import sys; from autodiffcli.cli import main; sys.exit(main())"
    command = [sys.executable, "-X", "importtime", "-c", script, "grad", "ln(x1)+x1*x2-sin(x2)", "--at", "x1=2,x2=5"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return done.stdout, {line.rsplit("|", 1)[1].strip() for line in lines}


def test_a_piped_gradient_loads_nothing_heavy() -> None:
    """One point needs no NumPy, no Rich, and no grammar tools: each import would cost more than the answer."""
    printed, modules = loaded()
    assert printed.splitlines() == ["x1=5.5", "x2=1.7163378145367738"]
    assert "autodiffcli.cli" in modules
    assert not modules & HEAVY


def test_a_trace_loads_rich_and_nothing_else_heavy() -> None:
    printed, modules = loaded("--trace", "--format", "table")
    assert "x1 = 5.5" in printed
    assert "rich" in modules
    assert not modules & (HEAVY - {"rich"})
