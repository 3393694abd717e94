"""Rows of delimited text, one by one: their fields, beside their bytes as they stand in the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from autodiffcli.errors import RequestError
from autodiffcli.limits import LINE, RECORD

__all__ = ["DELIMITERS", "Records", "line_end"]

DELIMITERS = {"csv": b",", "tsv": b"\t"}
"""What stands between fields, by kind; in CSV alone fields may be in quotes."""

Record = tuple[list[str] | str, bytes]
"""The fields of a row, or what is wrong with it; and its bytes, line end included."""

csv.field_size_limit(LINE)  # where the lines end: its own 131,072 hold for fields beside a quote, and for others not
_RETURN = "a carriage return within the line"


class Records:
    """Takes text apart into records; what is begun and not ended where the text ends is kept in `open` for the next."""

    def __init__(self, kind: str, table: str) -> None:
        self.open = b""
        self.line = 1
        """The line in which the next record begins."""
        self._delimiter, self._table, self._quoting = DELIMITERS[kind].decode(), table, kind == "csv"

    def read(self, text: bytes) -> Iterator[Record]:
        """Yield the records in text, which begins in line `line`."""
        if self.open and b'"' not in text:  # nothing closes it
            self._keep(self.open + text)
            return
        text, self.open = self.open + text, b""
        for fields, raw in self._quoted(text) if self._quoting and b'"' in text else self._plain(text):
            yield fields, raw
            self.line += raw.count(b"\n")

    def _plain(self, text: bytes) -> Iterator[Record]:
        for raw in io.BytesIO(text):
            line = raw.decode().rstrip("\r\n")
            yield (_RETURN if "\r" in line else line.split(self._delimiter)), raw

    def _quoted(self, text: bytes) -> Iterator[Record]:
        """Let csv.reader say where records end: it takes lines until one is whole, and they are noted as it does."""
        taken: list[bytes] = []
        exhausted = False

        def lines() -> Iterator[str]:
            nonlocal exhausted
            for line in io.BytesIO(text):
                taken.append(line)
                yield line.decode()
            exhausted = True

        reader = csv.reader(lines(), delimiter=self._delimiter, strict=True)
        while True:
            taken.clear()
            fields: list[str] | str
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if exhausted:
                    self._keep(b"".join(taken))
                    return
                fields = _RETURN if "new-line" in str(error) else str(error)
            yield fields, b"".join(taken)

    def _keep(self, text: bytes) -> None:
        self.open = text
        if len(text) > RECORD:
            said = f"{self._table}: the row that begins in line {self.line} is longer than {RECORD >> 20} MiB"
            raise RequestError(said, hint="is a quote opened and not closed?") from None


def line_end(raw: bytes, missing: bytes) -> bytes:
    """Return how a line ends; for the last one of a file, which may have no end, `missing`."""
    if not raw.endswith(b"\n"):
        return missing
    return b"\r\n" if raw.endswith(b"\r\n") else b"\n"
