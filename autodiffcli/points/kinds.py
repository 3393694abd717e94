"""Which kind of table: by what the user says, else by the file's name, else by how it begins."""

from __future__ import annotations

from pathlib import PurePath

from autodiffcli.errors import RequestError

__all__ = ["kind_by_content", "kind_by_name"]

KINDS = ("csv", "tsv", "jsonl")

_SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


def kind_by_name(path: str, explicit: str = "") -> str:
    """Return "csv", "tsv" or "jsonl"; "" where only the content can tell (standard input, another suffix).

    >>> kind_by_name("points.ndjson"), kind_by_name("-"), kind_by_name("points.txt", "tsv")
    ('jsonl', '', 'tsv')
    """
    kind = explicit or _SUFFIXES.get(PurePath(path).suffix.lower(), "")
    if kind == "parquet":
        raise RequestError(
            f"{path}: Parquet is read by the 'data' extra, which this version does not have",
            hint="write the table as CSV or JSON Lines",
        )
    if kind and kind not in KINDS:
        raise RequestError(f"a table of points is one of {', '.join(KINDS)}, not {kind}")
    return kind


def kind_by_content(head: bytes) -> str:
    r"""Return the kind of a table that begins so.

    >>> kind_by_content(b' {"x": 1}'), kind_by_content(b"x\ty\n1\t2\n"), kind_by_content(b"x,y\n")
    ('jsonl', 'tsv', 'csv')
    """
    text = head.lstrip()
    if text.startswith(b"{"):
        return "jsonl"
    return "tsv" if b"\t" in text.split(b"\n", 1)[0] else "csv"
