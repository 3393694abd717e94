"""A descent that is interrupted and resumed ends with the same bits; a table streams; no file is half written."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiffcli
from autodiffcli.errors import RequestError
from autodiffcli.fitting import rows
from autodiffcli.fitting.descent import State
from tests.cli.support import PROGRAM, environment, good, interruptible, run
from tests.fitting.support import LINE, NETWORK, digits, network_start


def table(path: Path, count: int, seed: int = 0) -> Path:
    draw = np.random.default_rng(seed)
    x, noise = draw.normal(size=count), draw.normal(size=count)
    lines = [f"{a!r},{2 * a + 1 + b / 10!r}\n" for a, b in zip(x.tolist(), noise.tolist(), strict=True)]
    path.write_text("x,y\n" + "".join(lines))
    return path


def until(step: int) -> Any:
    def interrupt(state: State) -> None:
        if state.steps == step:
            raise KeyboardInterrupt

    return interrupt


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_the_bits_are_the_same(optimizer: str, shuffle: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted at every step: within an epoch, at its end, between and within the buffers of a table."""
    monkeypatch.setattr(rows, "BUFFER", 20)
    data = table(tmp_path / "data.csv", 50)
    saved = str(tmp_path / "state.npz")
    options: dict[str, Any] = {"optimizer": optimizer, "batch": 8, "lr": 0.01, "shuffle": shuffle, "random": "w=1"}
    wanted = autodiffcli.fit(LINE, data, "b=0", epochs=3, **options)
    assert wanted.steps == 21
    for step in range(1, 22):
        with pytest.raises(KeyboardInterrupt):
            autodiffcli.fit(LINE, data, "b=0", epochs=3, resume=saved, progress=until(step), **options)
    with np.load(saved) as state:
        assert len(state["history"]) == 3
    found = autodiffcli.fit(LINE, data, "b=0", epochs=3, resume=saved, **options)
    assert found == wanted
    more = autodiffcli.fit(LINE, data, "b=0", epochs=5, resume=saved, **options)
    assert more.parameters == autodiffcli.fit(LINE, data, "b=0", epochs=5, **options).parameters


def test_a_network_goes_on_too(tmp_path: Path) -> None:
    data, start, saved = digits()[0], network_start(), str(tmp_path / "state.npz")
    options: dict[str, Any] = {"optimizer": "adam", "batch": 100, "epochs": 3, "loss_tol": 1e-9}
    wanted = autodiffcli.fit(NETWORK, data, start, **options)
    with pytest.raises(KeyboardInterrupt):
        autodiffcli.fit(NETWORK, data, start, resume=saved, progress=until(17), **options)
    found = autodiffcli.fit(NETWORK, data, start, resume=saved, **options)
    assert all((found.parameters[name] == value).all() for name, value in wanted.parameters.items())
    assert found.history == wanted.history


def test_what_another_fit_left_is_not_gone_on_from(tmp_path: Path) -> None:
    data: dict[str, Any] = {"x": [1.0, 2.0], "y": [1.0, 2.0]}
    saved = str(tmp_path / "state.npz")
    first: dict[str, Any] = {"loss": LINE, "parameters": "w=0,b=0", "epochs": 2, "lr": 0.1}
    autodiffcli.fit(data=data, resume=saved, **first)
    before = Path(saved).read_bytes()
    for change, named in (
        ({"loss": LINE + "*2"}, "loss is"),
        ({"parameters": "w=0,b=1"}, "start is w=0, b=0, not w=0, b=1"),
        ({"lr": 0.2}, "optimizer is"),
        ({"optimizer": "adam"}, "optimizer is"),
        ({"batch": 1}, "batch is None, not 1"),
        ({"seed": 1}, "seed is"),
        ({"data": {"x": [1.0, 2.0], "y": [1.0, 2.5]}}, "data has changed"),
        ({"data": {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0]}}, "data has changed"),
    ):
        with pytest.raises(RequestError, match=f"is the state of another fit: its {named}"):
            autodiffcli.fit(resume=saved, **{"data": data} | first | change)
    assert Path(saved).read_bytes() == before
    for text in (b"", b"no state", before[: len(before) // 2]):
        Path(saved).write_bytes(text)
        with pytest.raises(RequestError, match="it is no state of a fit"):
            autodiffcli.fit(data=data, resume=saved, **first)
        assert Path(saved).read_bytes() == text
    np.savez(saved, theta=np.zeros(2))
    with pytest.raises(RequestError, match="it is no state of a fit"):
        autodiffcli.fit(data=data, resume=saved, **first)
    with pytest.raises(RequestError, match="resume does nothing with l-bfgs"):
        autodiffcli.fit(data=data, resume=saved, **first | {"optimizer": "l-bfgs", "lr": None})


@pytest.mark.parametrize("options", [{}, {"batch": 10}, {"engine": "duckdb"}])
def test_other_data_are_not_gone_on_with(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table(Path("data.csv"), 30)
    table(Path("copy.csv"), 30)
    table(Path("other.csv"), 30, seed=1)
    options = {"resume": "state.npz", **options}
    autodiffcli.fit(LINE, "data.csv", "w=0,b=0", epochs=3, **options)
    before = Path("state.npz").read_bytes()
    with pytest.raises(RequestError, match=r"another fit: its data is data\.csv, not other\.csv"):
        autodiffcli.fit(LINE, "other.csv", "w=0,b=0", epochs=9, **options)
    with Path("data.csv").open("a") as file:
        file.write("99,98\n")
    with pytest.raises(RequestError, match="another fit: its data has changed"):
        autodiffcli.fit(LINE, "data.csv", "w=0,b=0", epochs=9, **options)
    assert Path("state.npz").read_bytes() == before
    assert autodiffcli.fit(LINE, "copy.csv", "w=0,b=0", epochs=9, **options).epochs == 9


def test_a_pipe_is_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = table(Path("data.csv"), 30).read_bytes()
    args = ("fit", LINE, "--params", "w=0,b=0", "--data")
    resumed = ("--resume", "state.npz", "--epochs")
    good(*args, "data.csv", *resumed, "3")
    assert good(*args, "-", *resumed, "9", stdin=rows) == good(*args, "data.csv", "--epochs", "9")
    good(*args, "data.csv", *resumed, "12")


def test_ctrl_c_leaves_a_state_and_no_other_file(tmp_path: Path) -> None:
    data = table(tmp_path / "data.csv", 40)
    args = ["fit", LINE, "--data", str(data), "--params", "w=0,b=0", "--batch", "10", "--resume", "state.npz"]
    args += ["--lr", "0.001", "--out", "out.txt"]
    process = subprocess.Popen(
        [*PROGRAM, *args, "--epochs", "1000000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(),
        preexec_fn=interruptible,  # noqa: PLW1509  # no threads are about
    )
    while not (tmp_path / "state.npz").exists():  # it is there from the first step on
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b""), err
    assert err.decode() == "interrupted; the same command goes on from state.npz\n"
    assert sorted(os.listdir(tmp_path)) == ["data.csv", "state.npz"]
    with np.load(tmp_path / "state.npz") as state:
        done = len(state["history"])
    assert done > 1
    more = str(done + 20)
    assert run(*args, "--epochs", more, cwd=tmp_path) == (0, "", "")
    direct = [*args[: args.index("--resume")], "--lr", "0.001", "--epochs", more]
    assert run(*direct, cwd=tmp_path).out == (tmp_path / "out.txt").read_text()


def test_memory_is_bounded_by_the_buffer_and_not_by_the_table(tmp_path: Path) -> None:
    """1,000,000 rows take what 200,000 do; in memory their two columns alone would be 13 MB more."""
    some = table(tmp_path / "some.csv", 10_000).read_bytes()
    body = some.partition(b"\n")[2]
    script = (
        "import sys; from autodiffcli import fit\n"
        "found = fit(sys.argv[1], sys.argv[2], 'w=0,b=0', batch=1000, epochs=2, lr=0.01)\n"
        "peak = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "print(peak, found.steps)"
    )
    peaks = []
    for times in (20, 100):
        (tmp_path / "data.csv").write_bytes(b"x,y\n" + body * times)
        command = [sys.executable, "-c", script, LINE, str(tmp_path / "data.csv")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
        peak, steps = map(int, done.stdout.split())
        assert steps == 2 * 10 * times
        peaks.append(peak / 1024)
    assert peaks[1] < peaks[0] + 6, peaks


def test_a_full_disk_is_said_and_leaves_what_was_there(tmp_path: Path) -> None:
    table(tmp_path / "data.csv", 10)
    (tmp_path / "out.txt").write_text("old")
    args = ["fit", "mean((sum(w) + x - y)^2)", "--data", "data.csv", "--params", "w=zeros(9999)", "--epochs", "1"]

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    for option in ("--out", "--resume"):
        done = run(*args, option, "out.txt" if option == "--out" else "state.npz", limit=small_files, cwd=tmp_path)
        assert (done.status, done.out) == (2, ""), done
        assert done.err.startswith("error: cannot write ") and "File too large" in done.err
    assert sorted(os.listdir(tmp_path)) == ["data.csv", "out.txt"]
    assert (tmp_path / "out.txt").read_text() == "old"
    done = run(*args, "--out", "/dev/full", cwd=tmp_path)
    assert "cannot write /dev/full: No space left on device" in done.err and done.status == 2
