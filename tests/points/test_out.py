"""A file is written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from autodiffcli.errors import RequestError
from autodiffcli.points.out import whole_file


def write(path: Path, text: bytes = b"new") -> None:
    with whole_file(str(path)) as target:
        target.write(text)


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    write(tmp_path / "out.csv")
    (tmp_path / "other").write_bytes(b"")
    assert (tmp_path / "out.csv").read_bytes() == b"new"
    assert (tmp_path / "out.csv").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_replaced_file_keeps_its_permissions_and_nothing_is_left_over(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write(path)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, RequestError])
@pytest.mark.parametrize("existed", [True, False])
def test_a_failure_leaves_what_was_there(tmp_path: Path, error: type[BaseException], existed: bool) -> None:
    path = tmp_path / "out.csv"
    if existed:
        path.write_bytes(b"old")
    with pytest.raises(error), whole_file(str(path)) as target:  # noqa: PT012
        target.write(b"half")
        target.flush()
        raise error("stop")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"] * existed


def test_what_cannot_be_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "out.csv").write_bytes(b"old")
    names = (f"{tmp_path}/loop", f"{tmp_path}/out.csv/", f"{tmp_path}/none/", "/dev/fd/" + "9" * 20, f"{tmp_path}/a\0b")
    for name in names:
        with pytest.raises(RequestError, match="cannot write "), whole_file(name):
            pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loop", "out.csv"]
    assert (tmp_path / "out.csv").read_bytes() == b"old"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_bytes(b"old")
    (tmp_path / "link").symlink_to("out.csv")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "out.csv").read_bytes() == b"new"


def test_a_device_is_written_to_and_stays_a_device(tmp_path: Path) -> None:
    write(Path(os.devnull))
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    os.mkfifo(tmp_path / "fifo")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "fifo").read_bytes()))
    reader.start()
    write(tmp_path / "fifo")
    reader.join(5)
    assert got == [b"new"]


def refuse(number: int) -> Callable[..., None]:
    def refusing(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return refusing


@pytest.mark.parametrize(
    ("call", "number", "said"),
    [
        ("fsync", errno.ENOSPC, "No space left"),
        ("open", errno.EACCES, "Permission denied"),
        ("replace", errno.EIO, "error"),
    ],
)
def test_what_the_system_refuses_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, said: str
) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    monkeypatch.setattr(Path if call == "replace" else os, call, refuse(number))
    with pytest.raises(RequestError, match=rf"cannot write .*out\.csv: .*{said}"):
        write(path)
    monkeypatch.undo()
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def test_folders_and_missing_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="it is a folder"):
        write(tmp_path)
    with pytest.raises(RequestError, match=r"cannot write .*no/out\.csv: No such file or directory"):
        write(tmp_path / "no" / "out.csv")


def test_a_closed_pipe_is_not_an_error_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(BrokenPipeError), whole_file(str(tmp_path / "out.csv")):
        raise BrokenPipeError
    assert not list(tmp_path.iterdir())
