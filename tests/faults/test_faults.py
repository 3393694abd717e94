"""What the system does to a command: it leaves no half file, loses no row, and says what happened."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from autodiffcli.errors import RequestError
from autodiffcli.points.out import whole_file
from tests.cli.support import PROGRAM, Done, environment, interruptible, run

TABLE = b"x\n" + b"".join(b"%d\n" % k for k in range(200_000))
NOBODY = 65534


@pytest.fixture(params=["nameless", "named"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to write a file whole: where the system has files without a name, and where not."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return str(request.param)


def shell(command: str, stdin: bytes = b"", cwd: Path | None = None) -> Done:
    script = command.replace("$adcalc", "'" + "' '".join(PROGRAM) + "'")
    done = subprocess.run(
        ["bash", "-c", script], input=stdin, capture_output=True, env=environment(), cwd=cwd, timeout=60, check=False
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


# Writing whole files


def test_a_file_is_there_whole_or_not_at_all(way: str, tmp_path: Path) -> None:
    file = tmp_path / "out"
    with whole_file(str(file)) as target:
        target.write(b"half")
        target.flush()
        assert not file.exists()
        assert len(list(tmp_path.iterdir())) == (way == "named")
    assert file.read_bytes() == b"half" and list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o666 & ~_umask()
    with pytest.raises(KeyboardInterrupt), whole_file(str(file)) as target:  # noqa: PT012  # raised inside
        target.write(b"other")
        raise KeyboardInterrupt
    assert file.read_bytes() == b"half" and list(tmp_path.iterdir()) == [file]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("fails", ["fsync", "link", "replace", "flush"])
def test_every_step_of_writing_may_fail(fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "out"
    file.write_bytes(b"old")

    def refuse(*args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if fails == "link" and not hasattr(os, "O_TMPFILE"):
        pytest.skip("every file has a name here")
    if fails == "replace":
        monkeypatch.setattr(Path, "replace", refuse)
    elif fails != "flush":
        monkeypatch.setattr(os, fails, refuse)
    with pytest.raises(RequestError, match="No space left"), whole_file(str(file)) as target:  # noqa: PT012
        if fails == "flush":
            refuse()
        target.write(b"new")
    assert file.read_bytes() == b"old" and list(tmp_path.iterdir()) == [file]


def test_disk_full_while_a_table_is_written(tmp_path: Path) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    file = tmp_path / "out.csv"
    file.write_text("old\n")
    done = run("grad", "x^2", "--points", "-", "--out", str(file), stdin=TABLE, limit=limit)
    assert done == (2, "", f"error: cannot write {file}: File too large\n")
    assert file.read_text() == "old\n" and list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("args", ["eval 2", "grad 'x^2' --at x=1 --format json", "eval x --points -", "ops", "--help"])
def test_disk_full_on_standard_output(args: str) -> None:
    done = shell(f"$adcalc {args} > /dev/full", b"x\n1\n")
    assert done.status == 2 and done.err == "error: cannot write the output: No space left on device\n"


def test_disk_full_where_files_are_named() -> None:
    assert "No space left on device" in shell("$adcalc eval x --points - --out /dev/full", b"x\n1\n").err


# Pipes and streams


@pytest.mark.parametrize("args", ["eval 2", "grad x --points -", "ops", "eval - --format jsonl"])
def test_closed_pipe(args: str) -> None:
    done = shell(f"set -o pipefail; $adcalc {args} | true; echo ${{PIPESTATUS[0]}} >&2", TABLE)
    assert done.err in ("141\n", "0\n"), done  # 0 where it was done before the reader went


def test_pipe_closed_in_the_middle_of_a_table() -> None:
    done = shell("set -o pipefail; $adcalc grad 'x^2' --points - | head -n 1000", TABLE)
    lines = done.out.splitlines()
    assert done.status == 141 and done.err == ""
    assert lines[:3] == ["x,value,d_x", "0,0.0,0.0", "1,1.0,2.0"] and len(lines) == 1000


def test_closed_streams() -> None:
    assert shell("$adcalc eval 2 >&-") == (2, "", "error: cannot write the output: standard output is closed\n")
    assert shell("$adcalc eval - <&-").err.startswith("error: standard input is closed\n")
    assert shell("$adcalc eval x --points - <&-").err.startswith("error: standard input is closed\n")
    assert shell("$adcalc eval 1+ 2>&-") == (2, "", "")


# Ends that come from outside


def started(*args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*PROGRAM, *args],
        stdin=-1,
        stdout=-1,
        stderr=-1,
        env=environment(),
        preexec_fn=interruptible,  # noqa: PLW1509 - the tests run no threads
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_ended_while_a_file_is_written(number: signal.Signals, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    file.write_text("old\n")
    with started("grad", "x^2", "--points", "-", "--out", str(file)) as process:
        assert process.stdin and process.stderr
        process.stdin.write(TABLE)  # more than a pipe holds: when this is done, rows have been read
        process.stdin.flush()
        process.send_signal(number)
        status = process.wait(20)
        assert status == (130 if number == signal.SIGINT else -number)
        assert process.stderr.read() == b""
    assert file.read_text() == "old\n"
    if hasattr(os, "O_TMPFILE"):
        assert list(tmp_path.iterdir()) == [file]  # even kill -9 leaves nothing behind


# Files that are not what they seem


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make itself nobody")
def test_no_permission() -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        _check_permissions(Path(folder))


def _check_permissions(tmp_path: Path) -> None:
    closed, secret = tmp_path / "closed", tmp_path / "secret"
    closed.mkdir(mode=0o555)
    secret.write_text("x\n1\n")
    secret.chmod(0)
    for folder in [tmp_path, *tmp_path.parents][:-1]:
        if folder.stat().st_mode & 0o001 == 0:
            pytest.skip(f"nobody may not enter {folder}")

    def attempt(action: Callable[[], object]) -> str:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.setuid(NOBODY)
                action()
            except RequestError as error:
                status = 0 if "Permission denied" in str(error) or "write-protected" in str(error) else 2
            finally:
                os._exit(status)
        return "refused" if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 else "not refused"

    def write(path: Path) -> None:
        with whole_file(str(path)) as target:
            target.write(b"new")

    from autodiffcli.cli.options import read_text
    from autodiffcli.points.source import open_points

    assert attempt(lambda: write(closed / "out")) == "refused"
    assert attempt(lambda: write(secret)) == "refused"
    assert attempt(lambda: read_text(f"@{secret}", "the point")) == "refused"
    assert attempt(lambda: open_points(str(secret))) == "refused"
    assert list(closed.iterdir()) == [] and secret.read_text() == "x\n1\n"


def test_folders_and_missing_files(tmp_path: Path) -> None:
    for args in (
        ["eval", f"@{tmp_path}"],
        ["eval", "x", "--at", f"@{tmp_path}"],
        ["eval", "x", "--points", str(tmp_path)],
    ):
        done = run(*args)
        assert done.status == 2 and "Is a directory" in done.err
    assert "is a folder" in run("eval", "x", "--points", "-", "--out", str(tmp_path), stdin=b"x\n1\n").err
    missing = tmp_path / "no" / "file"
    assert "No such file" in run("eval", "x", "--points", "-", "--out", str(missing), stdin=b"x\n1\n").err
    assert "No such file" in run("eval", "x", "--points", str(missing)).err


def test_a_fifo(tmp_path: Path) -> None:
    fifo, answer = tmp_path / "in", tmp_path / "out"
    os.mkfifo(fifo)
    os.mkfifo(answer)
    threads = [threading.Thread(target=fifo.write_bytes, args=(b"x\n1\n2\n",))]
    read: list[bytes] = []
    threads.append(threading.Thread(target=lambda: read.append(answer.read_bytes())))
    for thread in threads:
        thread.start()
    assert run("eval", "x^2", "--points", str(fifo), "--out", str(answer)) == (0, "", "")
    for thread in threads:
        thread.join(20)
    assert read == [b"x,value\n1,1.0\n2,4.0\n"]


def test_a_file_that_grows_and_one_that_shrinks(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes(b"x\n1\n2\n")
    with file.open("ab") as more, started("eval", "x", "--points", str(file), "--out", str(file)) as process:
        assert process.stdout
        more.write(b"3\n")
        assert process.wait(20) == 0
    assert file.read_bytes() in (b"x,value\n1,1.0\n2,2.0\n", b"x,value\n1,1.0\n2,2.0\n3,3.0\n")
    with started("eval", "x", "--points", "-") as process:
        assert process.stdin and process.stdout
        process.stdin.write(b"x\n1\n2")
        process.stdin.flush()
        time.sleep(0.3)
        process.stdin.write(b"5\n")
        process.stdin.close()
        assert process.stdout.read() == b"x,value\n1,1.0\n25,25.0\n"  # a row that comes in two pieces is one
        process.stdin = None


@pytest.mark.parametrize(
    ("data", "rows", "said"),
    [
        (b"x,y\n1,2\n3", 1, "row 2 (line 3): 1 field, but the header has 2"),
        (b'x,y\n1,2\n3,"4', 1, "ends inside quotes, in the row that begins in line 3"),
        (b'{"x": 1, "y": 2}\n{"x": 3, "y', 1, "not JSON"),
        (b"x,y\n1,2\n3,\xff\n", 1, "byte 0xff, which is not UTF-8, in line 3"),
        (b"x,y\n1,2\n3,\x00\n", 1, "a NUL byte, in line 3"),
        (b"x,y\n1,2\n\x1a", 1, "line 3"),
    ],
    ids=["line", "quotes", "json", "utf-8", "nul", "ctrl-z"],
)
def test_truncated_and_broken_tables(data: bytes, rows: int, said: str, tmp_path: Path) -> None:
    """The rows before the damage are answered on standard output, and no file is written."""
    done = run("eval", "x*y", "--points", "-", stdin=data)
    assert done.status in (1, 2) and said in done.err
    assert len([line for line in done.out.splitlines() if "2.0" in line]) == rows
    file = tmp_path / "out"
    assert run("eval", "x*y", "--points", "-", "--out", str(file), stdin=data).status == done.status
    assert list(tmp_path.iterdir()) == []


def test_marks_and_line_ends() -> None:
    assert run("eval", "x", "--points", "-", stdin=b"\xef\xbb\xbfx\r\n1\r\n2") == (
        0,
        "\ufeffx,value\r\n1,1.0\r\n2,2.0\r\n",
        "",
    )
    assert run("eval", "-", stdin=b"\xef\xbb\xbf1 +\r\n".replace(b"+\r\n", b"+ 2\r\n")) == (0, "value=3\n", "")
    assert run("eval", "x", "--at", "-", stdin=b"\xef\xbb\xbfx=1\r\n") == (0, "value=1\n", "")


@pytest.mark.parametrize(("data", "said"), [(b"x\xff", "not UTF-8"), (b"x\x00y", "error: ")], ids=["bytes", "nul"])
def test_text_that_is_none(data: bytes, said: str) -> None:
    for args in (["eval", "-"], ["eval", "x", "--at", "-"]):
        done = run(*args, stdin=data)
        assert done.status == 2 and said in done.err and "\x00" not in done.err
