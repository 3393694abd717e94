"""What can go wrong: a message, the place in the source, and the remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["AdcalcError", "MathError", "RequestError", "Span", "missing_extra", "printable", "shortened"]

Span = tuple[int, int]
"""Where something stands in a source text: the offsets of its first character and of the one after its last."""

_LONG_WORD = re.compile(r"\S{201,}")


class AdcalcError(Exception):
    """A failure that is the user's to mend, never a defect of the program.

    >>> print(RequestError("'z' is not defined", source="x+z", span=(2, 3), hint="add z=... to --at").report())
    error: 'z' is not defined
      x+z
        ^
    hint: add z=... to --at
    """

    status = 2
    """Exit status of the command line."""

    def __init__(
        self,
        message: str,
        *,
        source: str = "",
        span: Span | None = None,
        hint: str = "",
        notes: Sequence[str] = (),
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(shortened(message))
        self.message = shortened(message)
        self.source = source
        self.span = span
        self.hint = shortened(hint)
        self.notes = [shortened(note) for note in notes]  # what is known of the place, a line each
        self.facts = dict(facts or {})  # the same for programs

    def place(self) -> tuple[int, int] | None:
        """Return line and column, both counted from 1, or None where the error has no place."""
        if self.span is None:
            return None
        before = self.source[: self.span[0]]
        return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1

    def report(self, kind: str = "error") -> str:
        """Return the whole text for a person: message, source line with carets, notes, hint."""
        lines = [f"{kind}: {printable(self.message)}"]
        place = self.place()
        if self.span is not None and place is not None:
            if "\n" in self.source:
                lines[0] += f" (line {place[0]}, column {place[1]})"
            lines += _excerpt(self.source, self.span)
        lines += map(printable, self.notes)
        if self.hint:
            lines.append(f"hint: {printable(self.hint)}")
        return "\n".join(lines)

    def as_data(self) -> dict[str, object]:
        """Return the error as JSON-ready data."""
        data: dict[str, object] = {"message": self.message}
        place = self.place()
        if place is not None and self.span is not None:
            data |= {"line": place[0], "column": place[1], "span": list(self.span)}
        data |= self.facts
        if self.hint:
            data["hint"] = self.hint
        return data


class RequestError(AdcalcError):
    """The request was wrong: syntax, an unknown name, a missing value, an unreadable file."""

    status = 2


class MathError(AdcalcError):
    """The mathematics failed: an undefined value, a row that has none, a check that does not hold."""

    status = 1


def missing_extra(what: str, extra: str) -> RequestError:
    """Return the error for what an optional dependency does that is not installed."""
    return RequestError(
        f"{what} needs the extra '{extra}', which is not installed", hint=f'pip install "autodiffcli[{extra}]"'
    )


def printable(text: str) -> str:
    r"""Return text with control and bidirectional characters written out, for a terminal to show and never obey.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if text.isascii() and text.isprintable():
        return text
    # isprintable() is false for controls, surrogates, unassigned and format characters (bidi overrides among them).
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode("ascii") for c in text)


def shortened(text: str) -> str:
    """Return text with the middle of very long words left out: a name may have a million letters.

    >>> shortened("'" + "x" * 1000 + "' has no value").count("x")
    118
    """
    return _LONG_WORD.sub(lambda word: f"{word[0][:100]}…{word[0][-20:]}", text)


def _excerpt(source: str, span: Span, around: int = 60) -> list[str]:
    """Return the source line under which carets mark the span, cut to a window around it."""
    start = max(0, min(span[0], len(source)))
    line_start = source.rfind("\n", 0, start) + 1
    line_end = source.find("\n", start)
    line_end = len(source) if line_end < 0 else line_end
    end = max(start + 1, min(span[1], line_end, start + around))
    left, right = max(line_start, start - around), min(line_end, end + around)
    before, marked = printable(source[left:start].replace("\t", " ")), printable(source[start:end].replace("\t", " "))
    after = printable(source[end:right].replace("\t", " "))
    cut_left, cut_right = "…" if left > line_start else "", "…" if right < line_end else ""
    return [
        f"  {cut_left}{before}{marked}{after}{cut_right}",
        "  " + " " * _columns(cut_left + before) + "^" * max(1, _columns(marked)),
    ]


def _columns(text: str) -> int:
    """Return how many terminal columns a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
