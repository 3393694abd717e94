"""Bytes from a file or a pipe as blocks of whole lines, checked to be text; what has arrived waits for nothing."""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from autodiffcli.errors import RequestError
from autodiffcli.limits import LINE
from autodiffcli.points.pipes import widen

__all__ = ["BOM", "GZIP", "PARQUET", "ZSTD", "Source", "Text", "open_points"]

Text = bytes | memoryview

BLOCK_ROWS, PIPED_ROWS = 16_384, 12_288  # of a pipe fewer: its blocks take a tenth less memory, and no more time
_SMALLEST, _FIRST, _LARGEST = 1 << 16, 1 << 18, 1 << 20  # bytes of a block
LARGE = 3 << 18
"""Bytes of a table that Arrow and the time to load it take as long for as Python does."""
BOM = b"\xef\xbb\xbf"

PARQUET, GZIP, ZSTD = b"PAR1", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_FOREIGN = {  # how files begin that are no text, what they are, and the remedy
    GZIP: (
        "compressed by gzip",
        "add --engine duckdb, or unpack it first: gzip -dc",
    ),
    ZSTD: (
        "compressed by zstd",
        "add --engine duckdb, or unpack it first: zstd -dc",
    ),
    b"PK\x03\x04": ("a zip archive or a spreadsheet", "save the table as CSV"),
    PARQUET: ("a Parquet file", "add --engine duckdb, which the 'data' extra brings"),
    b"\xff\xfe": ("UTF-16", "convert it first: iconv -f UTF-16 -t UTF-8 FILE"),
    b"\xfe\xff": ("UTF-16", "convert it first: iconv -f UTF-16 -t UTF-8 FILE"),
}


def open_points(path: str) -> AbstractContextManager[BinaryIO]:
    """Open a file of points; what keeps it from being opened is a RequestError that names it."""
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise unreadable(path, error) from error


def unreadable(name: str, error: OSError | ValueError) -> RequestError:
    """Return the error for a file that cannot be opened or read."""
    return RequestError(f"cannot read {name}: {getattr(error, 'strerror', None) or error}")


def _length(fileno: int) -> int:
    """Return how many bytes a file has, 0 for what is no file."""
    status = os.fstat(fileno) if fileno >= 0 else None
    return status.st_size if status is not None and stat.S_ISREG(status.st_mode) else 0


class Source:
    """Whole lines from a binary stream, block by block; a byte order mark is taken off and remembered in `mark`."""

    def __init__(self, raw: BinaryIO, name: str = "-") -> None:
        self.name = "standard input" if name == "-" else name
        self.mark = b""
        self._read1 = getattr(raw, "read1", raw.read)  # one system call: what has arrived, not all that was asked for
        try:
            self._fileno = raw.fileno()
        except (OSError, AttributeError):
            self._fileno = -1
        self._raw, self._length = raw, _length(self._fileno)
        self._rows = BLOCK_ROWS if self._length else PIPED_ROWS
        widen(raw)
        self.idle: Callable[[], object] = lambda: None
        """Called before it waits for what has not arrived."""
        self._size = _FIRST
        self._ended = False
        self._line = self._taken = 0
        self._again: list[bytes] = []
        self._fresh = self._blocks()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return the lines that have arrived, whole ones only; at the end, the last even without its newline."""
        return self._again.pop() if self._again else next(self._fresh)

    def share(self) -> float | None:
        """Return which share of a file has been read, None for a pipe."""
        return self._raw.tell() / self._length if self._length else None

    def large(self) -> bool:
        """Return whether there is much to read; of a pipe, whether there has been."""
        return max(self._length, self._taken) >= LARGE

    def put_back(self, block: bytes) -> None:
        """Make block the next one again."""
        if block:
            self._again.append(block)

    def _blocks(self) -> Iterator[bytes]:
        pieces: list[bytes] = []
        length = 0
        for piece in self._pieces():
            cut = piece.rfind(b"\n") + 1
            length += len(piece)
            if cut:
                yield from self._checked(b"".join([*pieces, memoryview(piece)[:cut]]))
                pieces, length = [], len(piece) - cut
            elif length > LINE:
                where = f"{self.name}: line {self._line + 1}"
                raise RequestError(f"{where} goes on for more than {LINE >> 20} MiB")
            pieces.append(piece[cut:])
        if any(pieces):
            yield from self._checked(b"".join(pieces))

    def _pieces(self) -> Iterator[bytes]:
        """Yield what is read, but for a byte order mark; a file that begins as no text does is turned away."""
        head = self._read()
        while any(magic.startswith(head) and magic != head for magic in (BOM, *_FOREIGN)) and (piece := self._read()):
            head += piece
        for magic, (what, remedy) in _FOREIGN.items():
            if head.startswith(magic):
                raise RequestError(f"{self.name} is {what}, not a table in UTF-8 text", hint=remedy)
        if head.startswith(BOM):
            self.mark = BOM
        yield head.removeprefix(BOM)
        while piece := self._read():
            yield piece

    def _checked(self, block: bytes) -> Iterator[bytes]:
        """Yield the block if it is UTF-8 without NUL; otherwise the lines before the offence, and then raise."""
        offence = block.find(0)
        problem = "a NUL byte"
        if not block.isascii():
            try:
                block.decode()
            except UnicodeDecodeError as error:
                if offence < 0 or error.start < offence:
                    offence, problem = error.start, f"byte 0x{block[error.start]:02x}, which is not UTF-8"
        lines = int(np.count_nonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n")))  # bytes.count holds the lock
        if offence >= 0:
            if good := block[: block.rfind(b"\n", 0, offence) + 1]:
                yield good
            line = self._line + block.count(b"\n", 0, offence) + 1
            raise RequestError(f"{self.name}: {problem}, in line {line}", hint="tables of points are text in UTF-8")
        self._line += lines
        self._taken += len(block)
        if lines:
            self._size = min(_LARGEST, max(_SMALLEST, self._rows * len(block) // lines))
        yield block

    def _read(self) -> bytes:
        """Return at least one byte, then what is there without waiting, up to a block; b"" at the end."""
        pieces: list[bytes] = []
        length = 0
        if not (self._ended or self._ready()):
            self.idle()
        try:
            while not self._ended and length < self._size and (not pieces or self._ready()):
                piece = self._read1(self._size - length)
                self._ended = not piece  # a terminal would have to be told of its end twice
                pieces.append(piece)
                length += len(piece)
        except OSError as error:
            raise unreadable(self.name, error) from error
        return b"".join(pieces)

    def _ready(self) -> bool:
        if self._fileno < 0:
            return False
        try:
            return bool(select.select([self._fileno], [], [], 0)[0])
        except (OSError, ValueError):  # Windows selects sockets only; a descriptor above FD_SETSIZE
            return False
