"""Arrays from files: --at W=@w.npy, .npz, .csv and .json, and nothing but arrays of numbers."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from autodiffcli import RequestError, gradient
from tests.cli.support import good, refused

W = np.array([[1.5, -2.0], [0.1, 1e300]])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_kind_of_file(folder: Path) -> None:
    np.save(folder / "w.npy", W)
    np.save(folder / "n.npy", np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)))
    np.save(folder / "s.npy", np.float32(2.5))
    np.savez(folder / "w.npz", V=W + 1, W=W)
    np.savetxt(folder / "w.csv", W, delimiter=",", fmt="%.17g")
    (folder / "v.csv").write_text("\ufeff1\n2\n\n3\n", encoding="utf-8")
    (folder / "w.json").write_text(json.dumps(W.tolist()))
    (folder / "d.json").write_text('{"cat": [1, 2], "dog": "pi"}')
    (folder / "with blank.json").write_text("[1, 2]")
    whole = "value=[[1.5, -2], [0.1, 1e+300]]\n"
    for file in ("w.npy", "w.npz", "w.csv", "w.json"):
        assert good("eval", "W", "--at", f"W=@{file}") == whole
    assert good("eval", "W*x", "--at", "W = @w.npy, x=1") == whole
    assert good("eval", "N", "--at", "N=@n.npy") == "value=[[0, 1, 2], [3, 4, 5]]\n"
    assert good("eval", "s", "--at", "s=@s.npy") == "value=2.5\n"
    assert good("eval", "v", "--at", "v=@v.csv") == "value=[1, 2, 3]\n"
    assert good("eval", "d.cat", "--at", "d=@d.json") == "value=[1, 2]\n"
    assert good("eval", "v", "--at", 'v=@"with blank.json"') == "value=[1, 2]\n"
    assert good("grad", "sum(X@W)", "--at", "X=[[1, 0]]\nW=@w.npy", "--wrt", "W") == "W=[[1, 1], [0, 0]]\n"


def test_what_is_no_array_of_numbers_is_refused(folder: Path) -> None:
    (folder / "evil.npy").write_bytes(pickle.dumps({"a": 1}))
    np.save(folder / "object.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.save(folder / "complex.npy", np.array([1j]))
    np.save(folder / "text.npy", np.array(["a"]))
    (folder / "cut.npy").write_bytes((b"\x93NUMPY\x01\x00v\x00")[:8])
    np.savez(folder / "other.npz", V=W)
    np.savez(folder / "object.npz", W=np.array([{"a": 1}], dtype=object))
    np.savez(folder / "text.npz", W=np.array(["a"]))
    (folder / "cut.npz").write_bytes((folder / "other.npz").read_bytes()[:-9])
    (folder / "renamed.npz").write_bytes((folder / "text.npy").read_bytes())
    (folder / "renamed.npy").write_bytes((folder / "other.npz").read_bytes())
    (folder / "empty.csv").write_text("\n")
    (folder / "head.csv").write_text("a,b\n1,2\n")
    (folder / "ragged.csv").write_text("1,2\n3\n")
    (folder / "ragged.json").write_text("[[1, 2], [3]]")
    (folder / "bad.json").write_text("[1,")
    for name, said in {
        "evil.npy": "no array of numbers",
        "object.npy": "no array of numbers",
        "complex.npy": "an array of complex128",
        "text.npy": "an array of <U1",
        "cut.npy": "no array of numbers",
        "none.npy": "No such file",
        "none.npz": "No such file",
        "other.npz": "other.npz has no array 'W'\nhint: its arrays: V",
        "object.npz": "no array of numbers",
        "text.npz": "an array of <U1",
        "cut.npz": "no array of numbers",
        "renamed.npz": "is one array, and .npz holds several by name",
        "renamed.npy": "holds several arrays by name",
        "empty.csv": "is empty",
        "head.csv": "line 1: 'a,b' is no row of numbers",
        "ragged.csv": "line 2 has 1 numbers, line 1 has 2",
        "ragged.json": "W[0] has 2 entries and W[1] has 1 entry",
        "bad.json": "is not JSON",
        "w.bin": "does not say what the file holds",
    }.items():
        assert said in refused("eval", "W", "--at", f"W=@{name}"), name


def test_only_the_command_line_reads_files(folder: Path) -> None:
    np.save(folder / "w.npy", W)
    with pytest.raises(RequestError, match="files are not read here"):
        gradient("sum(W)", "W=@w.npy")
    record = json.dumps({"expr": "sum(W)", "at": "W=@w.npy"}).encode()
    assert "files are not read here" in good("grad", "-", "--format", "jsonl", stdin=record)
