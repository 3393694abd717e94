"""Pipes that hold a block of rows, so that the programs at their ends need not wait for each other within it."""

from __future__ import annotations

import os
from contextlib import suppress

__all__ = ["is_pipe", "widen"]

_BYTES = 1 << 20
"""What Linux lets anybody have; it gives a pipe 64 KiB."""


def is_pipe(path: str) -> bool:
    """Tell whether a path is a pipe with a name, or a device: what is read once.

    >>> is_pipe("/dev/null"), is_pipe("/"), is_pipe("no such file")
    (True, False, False)
    """
    return os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))


def widen(stream: object) -> None:
    """Let a stream's pipe hold 1 MiB, where the system can do that and allows it; what is no pipe stays as it is.

    >>> from io import BytesIO
    >>> widen(BytesIO())
    """
    with suppress(ImportError, AttributeError, OSError, ValueError):  # not Linux, no descriptor, no pipe
        from fcntl import F_SETPIPE_SZ, fcntl

        fcntl(stream.fileno(), F_SETPIPE_SZ, _BYTES)  # type: ignore[attr-defined]
