"""Which kind of table: by what the user says, else by the file's name, else by how it begins."""

from __future__ import annotations

import os
from pathlib import PurePath

from autodiffcli.errors import RequestError
from autodiffcli.points.source import BOM, GZIP, PARQUET, ZSTD

__all__ = [
    "beginning",
    "files_of",
    "kind_by_content",
    "kind_by_name",
    "kind_of",
    "kind_to_write",
    "kind_told",
    "named_kind",
    "needs_database",
]

KINDS = ("csv", "tsv", "jsonl")

_SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}

_UNTOLD = ("", ".txt", ".dat")
_PACKED = {".gz": "gzip", ".zst": "zstd"}
_MAGIC = {PARQUET: "parquet", GZIP: "gzip", ZSTD: "zstd"}


def named_kind(path: str) -> tuple[str, str]:
    """Return the kind and the compression that a file's name tells, each "" where it does not.

    >>> named_kind("points.csv.gz"), named_kind("points.parquet"), named_kind("points")
    (('csv', 'gzip'), ('parquet', ''), ('', ''))
    """
    name = PurePath(path)
    packed = _PACKED.get(name.suffix.lower(), "")
    return _SUFFIXES.get((name.with_suffix("") if packed else name).suffix.lower(), ""), packed


def kind_to_write(out: str, explicit: str = "") -> tuple[str, str]:
    """Return what `named_kind` does. Raises RequestError for a name that promises what is not written.

    >>> kind_to_write("points.tsv.zst"), kind_to_write("points.txt")
    (('tsv', 'zstd'), ('', ''))
    """
    kind, packed = named_kind(out)
    name = PurePath(out).with_suffix("") if packed else PurePath(out)
    untold = name.suffix.lower() in _UNTOLD or (explicit and not named_kind(str(name.with_suffix("")))[0])
    if kind or untold or (os.path.exists(out) and not os.path.isfile(out)):  # no name of a pipe or device counts
        return kind, packed
    hint = "end its name in .csv, .tsv or .jsonl, and after these in .gz or .zst to compress it, or in .parquet"
    raise RequestError(f"cannot write {out}: no table is written as {name.suffix}", hint=hint)


def beginning(path: str) -> bytes:
    """Return how a file begins, b"" where it is none: what is read from a pipe to look at it is gone."""
    if not os.path.isfile(path):
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(1 << 16)
    except OSError:  # said where it is opened
        return b""


def kind_told(path: str, head: bytes, explicit: str = "") -> tuple[str, str]:
    """Return what `kind_of` does, or, where nothing is known of how a file begins, what its name tells."""
    if head:
        return kind_of(path, head, explicit)
    kind, packed = named_kind(path)
    return explicit or kind, packed


def kind_of(path: str, head: bytes, explicit: str = "") -> tuple[str, str]:
    r"""Return the kind and the compression of a file that begins so: of compressed text the name tells, or `explicit`.

    >>> kind_of("points.txt", b"x\ty\n"), kind_of("-", b"PAR1"), kind_of("points.tsv.gz", b"\x1f\x8b")
    (('tsv', ''), ('parquet', ''), ('tsv', 'gzip'))
    """
    found = next((what for magic, what in _MAGIC.items() if head.startswith(magic)), "")
    if found == "parquet":
        return found, ""
    named = explicit or named_kind(path)[0]
    if named == "parquet":
        raise RequestError(f"{path} is no Parquet file: it begins otherwise")
    return named or ("csv" if found else kind_by_content(head)), found


def files_of(path: str) -> list[str]:
    """Return the files that a path means, in the order of their names: itself, or those that a pattern fits.

    Raises RequestError where a pattern fits none.
    """
    if not any(c in path for c in "*?[") or os.path.exists(path):
        return [path]
    from glob import glob

    found = sorted(name for name in glob(path, recursive=True) if not os.path.isdir(name))
    if not found:
        raise RequestError(f"{path} fits no file")
    return found


def needs_database(path: str, kind: str, packed: str, written: str = "") -> bool:
    """Return whether a table is read or written by DuckDB alone: Parquet, compressed, a pattern, or of another kind.

    kind, packed: of what is read. written: the kind to write. Each "" where it is not known.
    """
    return bool(packed or "parquet" in (kind, written) or (written and kind and written != kind)) or (
        files_of(path) != [path]
    )


def kind_by_name(path: str, explicit: str = "") -> str:
    """Return "csv", "tsv" or "jsonl"; "" where only the content can tell (standard input, another suffix).

    >>> kind_by_name("points.ndjson"), kind_by_name("-"), kind_by_name("points.txt", "tsv")
    ('jsonl', '', 'tsv')
    """
    kind = explicit or named_kind(path)[0]
    if kind == "parquet":
        raise RequestError(f"{path}: Parquet is read by --engine duckdb", hint="add --engine duckdb")
    if kind and kind not in KINDS:
        raise RequestError(f"a table of points is one of {', '.join(KINDS)}, not {kind}")
    return kind


def kind_by_content(head: bytes) -> str:
    r"""Return the kind of a table that begins so.

    >>> kind_by_content(b' {"x": 1}'), kind_by_content(b"x\ty\n1\t2\n"), kind_by_content(b"x,y\n")
    ('jsonl', 'tsv', 'csv')
    """
    text = head.removeprefix(BOM).lstrip()
    if text.startswith(b"{"):
        return "jsonl"
    return "tsv" if b"\t" in text.split(b"\n", 1)[0] else "csv"
