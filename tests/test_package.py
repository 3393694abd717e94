"""The package as people get it: what is packed, what comes with it, and that it works however it is installed."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
NOT_SOURCES = ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "_tables.py", "build", "dist")
DEPENDENCIES = {"click", "lark", "numpy", "rich", "markdown-it-py", "mdurl", "pygments"}  # the last three are Rich's
EXAMPLE = """adcalc grad "ln(x1)+x1*x2-sin(x2)" --at x1=2,x2=5 | cat"""


def run(*command: str | Path) -> str:
    words = [str(part) for part in command]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pip(*arguments: str | Path) -> str:
    return run(sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the sources as a fresh clone has them: without the tables, which the build makes."""
    return Path(copytree(ROOT, tmp_path_factory.mktemp("checkout") / "adcalc", ignore=NOT_SOURCES))


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--wheel-dir", folder, checkout)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--sdist", "--outdir", folder, checkout)
    return next(folder.glob("*.tar.gz"))


def test_the_wheel_holds_grammar_and_tables_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"autodiffcli/{name}" for name in ("grammars/expression.lark", "language/_tables.py", "py.typed")} <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"autodiffcli"}


def test_the_sdist_holds_what_a_build_and_its_tests_need(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "grammars/expression.lark"} <= names
    assert {"autodiffcli/language/build.py", "tests/test_package.py"} <= names
    assert "autodiffcli/language/_tables.py" not in names  # made from the grammar again


@pytest.mark.parametrize("source", ["wheel", "checkout", "sdist"])
def test_core_packages_are_enough(source: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Install the wheel, the checkout as editable, and the sdist (pip makes its wheel), each in a fresh environment."""
    package: Path = request.getfixturevalue(source)
    venv.create(tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    pip("--python", python, "install", *(["--editable"] if source == "checkout" else []), package)
    listing = "from importlib.metadata import distributions as d; print(*{x.name.lower() for x in d()})"
    assert set(run(python, "-c", listing).split()) == DEPENDENCIES | {"autodiffcli"}
    answer = run("env", f"PATH={python.parent}:/usr/bin:/bin", "sh", "-c", f"cd {tmp_path} && {EXAMPLE}")
    assert answer == "x1=5.5\nx2=1.7163378145367738\n"
