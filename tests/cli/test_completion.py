"""Shell completion, by the shells themselves where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from autodiffcli.cli import adcalc
from tests.cli.support import PROGRAM, environment, good


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return a folder that holds a program adcalc."""
    program = tmp_path / "adcalc"
    program.write_text(f"""#!/bin/sh\nexec {PROGRAM[0]} -c '{PROGRAM[2]}' "$@"\n""", encoding="utf-8")
    program.chmod(0o755)
    return tmp_path


def shell(name: str, script: str, program: Path) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    env = environment({"PATH": f"{program}{os.pathsep}{os.environ['PATH']}"})
    done = subprocess.run([path, "-c", script], capture_output=True, env=env, timeout=60, check=False)
    assert done.returncode == 0 and done.stderr == b"", done
    return done.stdout.decode()


BASH = """
eval "$(adcalc completion bash)"
COMP_WORDS=(adcalc %s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _adcalc_completion adcalc
printf '%%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ev", {"eval"}),
        ("''", set(adcalc.list_commands(click.Context(adcalc)))),
        ("grad --mo", {"--mode"}),
        ("grad x --mode f", {"forward"}),
        ("grad x --format la", {"latex"}),
        ("grad x+asi", {"x+asin(", "x+asinh("}),
        ("ops atan", {"atan", "atan2", "atanh"}),
        ("completion z", {"zsh"}),
        ("grad --nosuch --mo", {"--mode"}),
        ("grad too many words --mo", {"--mode"}),
        ("grad x --at x=1 --on", {"--on-error"}),
    ],
)
def test_bash(words: str, found: set[str], program: Path) -> None:
    assert set(shell("bash", BASH % words, program).split()) == found


def test_bash_of_a_command_that_does_not_exist(program: Path) -> None:
    assert shell("bash", BASH % "grda x --mo", program).strip() == ""


def test_zsh(program: Path) -> None:
    script = 'autoload -U compinit; compinit -D; eval "$(adcalc completion zsh)"; echo $_comps[adcalc]'
    assert shell("zsh", script, program).strip() == "_adcalc_completion"


def test_fish(program: Path) -> None:
    script = "adcalc completion fish | source; complete -C 'adcalc grad --mo'"
    assert "--mode" in shell("fish", script, program)


def test_scripts() -> None:
    assert "complete -o nosort -F _adcalc_completion adcalc" in good("completion", "bash")
    assert good("completion", "zsh").startswith("#compdef adcalc")
    assert "complete --no-files --command adcalc" in good("completion", "fish")
