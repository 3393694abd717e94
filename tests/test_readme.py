"""The README's examples do what it says they do."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
CONSOLE = re.findall(r"^```console\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
EXAMPLES = [
    re.split(r"(?<!\\)\n", example, maxsplit=1)  # the command, which may go on behind a backslash, and what it prints
    for block in CONSOLE
    for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
]
MAKING_DATA = [command for command, wanted in EXAMPLES if command.startswith("python -c")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of its own with the data that the README's examples make."""
    path = tmp_path_factory.mktemp("readme")
    for command in MAKING_DATA:
        assert _output(command, path) == []
    return path


SHOWN = [example for example in EXAMPLES if example[0] not in MAKING_DATA]


@pytest.mark.parametrize(("command", "wanted"), SHOWN, ids=[command.partition("\n")[0] for command, _ in SHOWN])
def test_commands(command: str, wanted: str, folder: Path) -> None:
    assert _output(command, folder) == wanted.splitlines()


def _output(command: str, folder: Path) -> list[str]:
    """Return the lines that a command prints in a folder."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {"PATH": path, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        ["sh", "-c", f"{{ {command}\n}} 2>&1"],
        env={**os.environ, **kept},
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return [line.rstrip() for line in done.stdout.splitlines()]


def test_library() -> None:
    failed, tried = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert tried > 5
    assert failed == 0
