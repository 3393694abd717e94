"""A file that is written whole or not at all, compressed where its name says so."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from autodiffcli.errors import RequestError, missing_extra

__all__ = ["compressed", "open_already", "whole_file"]

_SENT_AT_ONCE = 1 << 23
_DESCRIPTORS = "/proc/self/fd"
"""Where Linux shows the open files of a process."""


@contextmanager
def whole_file(path: str) -> Iterator[BinaryIO]:
    """Give a stream whose bytes become the file at path when the block ends well; otherwise what was there stays.

    They are written to a file without a name, where the system has such, else beside the file under a name of its own,
    and take its place in one step: nobody sees a half, a process that is killed leaves nothing behind, and the file may
    be the one that is read from. A link stays a link. Devices, pipes and what is open already (/dev/stdout) have no
    whole and are written to directly; "-" is standard output. What the system refuses (no such folder, no permission,
    disk full) is a RequestError that names the file.
    """
    if "\0" in path:
        raise RequestError(f"cannot write {path}: embedded null byte")
    try:
        mode = _mode(path)
        number = open_already(path)
        if number is not None or (mode is not None and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))):
            with open(path, "wb") if number is None else os.fdopen(os.dup(number), "wb") as device:
                yield device
            return
        if mode is None and path.endswith("/"):
            raise RequestError(f"cannot write {path}: it names a folder")
        place = Path(os.path.realpath(path))
        if mode is not None and stat.S_ISDIR(mode):
            raise RequestError(f"cannot write {path}: it is a folder")
        if mode is not None and not os.access(place, os.W_OK):
            raise RequestError(f"cannot write {path}: it is write-protected")
        yield from _replacing(place, mode)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RequestError(f"cannot write {path}: {error.strerror or error}") from error


def _mode(path: str) -> int | None:
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def open_already(path: str) -> int | None:
    """Return the number of an open file that a path means: opened again it would be written to from its beginning."""
    found = re.fullmatch(r"-|/dev/(?:stdout|(stderr)|fd/(\d{1,9}))|/proc/self/fd/(\d{1,9})", path)
    if found is None:
        return None
    error, *numbers = found.groups()
    return 2 if error else int(next(filter(None, numbers), 1))


def _replacing(place: Path, mode: int | None) -> Iterator[BinaryIO]:
    beside = place.with_name(f".adcalc-{os.urandom(8).hex()}.tmp")
    number, nameless = _opened(beside)
    try:
        with io.BufferedWriter(_Written(number, "wb")) as target:
            yield target
            target.flush()
            os.fsync(number)
            if nameless:
                _name(number, beside)
        if mode is not None:
            beside.chmod(stat.S_IMODE(mode))
        beside.replace(place)
    except BaseException:  # Ctrl-C as well
        with suppress(OSError):
            beside.unlink()
        raise


@contextmanager
def compressed(target: BinaryIO, compression: str) -> Iterator[BinaryIO]:
    """Give a stream whose bytes go to target: compressed by "gzip" or "zstd", or as they are, ""."""
    if not compression:
        yield target
    elif compression == "gzip":
        from gzip import GzipFile

        with GzipFile("", "wb", 6, target, mtime=0) as packed:  # the same table makes the same file at any time
            yield cast(BinaryIO, packed)
    else:
        try:
            import pyarrow
        except ImportError:
            raise missing_extra("--out FILE.zst", "data") from None
        with pyarrow.CompressedOutputStream(_LeftOpen(target), "zstd") as packed:
            yield packed


class _LeftOpen:
    """A stream that the end of what is written into it does not close."""

    closed = False

    def __init__(self, target: BinaryIO) -> None:
        self.write, self.flush = target.write, target.flush

    def close(self) -> None:
        """Leave it open."""


class _Written(io.FileIO):
    """A file whose bytes set out for the disk as they come, so that `fsync` need not wait for all of them."""

    _sent = _since = 0

    def write(self, data: Any, /) -> int:
        count = super().write(data) or 0
        self._since += count
        if self._since >= _SENT_AT_ONCE and hasattr(os, "posix_fadvise"):
            # Linux begins to write what is asked to leave its memory
            os.posix_fadvise(self.fileno(), self._sent, self._since, os.POSIX_FADV_DONTNEED)
            self._sent, self._since = self._sent + self._since, 0
        return count


def _opened(beside: Path) -> tuple[int, bool]:
    """Open a new file for writing, and return its descriptor and whether it has no name yet."""
    if hasattr(os, "O_TMPFILE") and os.path.isdir(_DESCRIPTORS):
        with suppress(OSError):  # a file system that has no such files, or a folder that refuses any
            return os.open(beside.parent, os.O_WRONLY | os.O_TMPFILE, 0o666), True
    # Made by os.open, not by tempfile: the umask applies, as to any new file. O_EXCL: never through somebody's link.
    return os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666), False


def _name(number: int, beside: Path) -> None:
    """Give the file behind a descriptor a name."""
    folder = os.open(_DESCRIPTORS, os.O_RDONLY)
    try:  # by a descriptor of the folder: only so does Python ask that the link to the file be followed
        os.link(str(number), beside, src_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)
