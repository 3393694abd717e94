"""Tables as Markdown, LaTeX, HTML, CSV and TSV: one function each, and each escapes what would break out of a cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from autodiffcli.language.notation import latex_text, one_line
from autodiffcli.language.write import LATEX, PLAIN, UNICODE, number
from autodiffcli.report.table import Cell, Column, Table

__all__ = ["FORMATS", "STYLES", "csv", "html", "latex", "markdown", "tsv"]


def markdown(tables: Iterable[Table], precision: int | None = None) -> str:
    """Return tables in Markdown (GitHub's), each under its title."""

    def cell(x: Cell, column: Column) -> str:
        return number(x, precision, UNICODE) if not isinstance(x, str) else _markdown_text(x)

    parts = []
    for table in tables:
        columns = _shown(table)
        lines = [
            "| " + " | ".join(_markdown_text(column.name) for _, column in columns) + " |",
            "|" + "|".join(" ---: " if column.kind == "number" else " --- " for _, column in columns) + "|",
        ]
        lines += ["| " + " | ".join(cell(row[k], column) for k, column in columns) + " |" for row in table]
        parts.append(f"### {_markdown_text(table.title)}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def latex(tables: Iterable[Table], precision: int | None = None) -> str:
    """Return tables as LaTeX `tabular`s; the columns of formulas must be in the LaTeX style already."""

    def cell(x: Cell, column: Column) -> str:
        if not isinstance(x, str):
            return f"${number(x, precision, LATEX)}$"
        if column.kind == "math":
            return f"${x}$" if x else ""
        return latex_text(x)

    parts = []
    for table in tables:
        columns = _shown(table)
        layout = "".join("r" if column.kind == "number" else "l" for _, column in columns)
        lines = [f"% {latex_text(table.title)}", f"\\begin{{tabular}}{{{layout}}}", "\\hline"]
        lines.append(" & ".join(latex_text(column.name) for _, column in columns) + r" \\ \hline")
        lines += [" & ".join(cell(row[k], column) for k, column in columns) + r" \\" for row in table]
        parts.append("\n".join([*lines, "\\hline", "\\end{tabular}"]) + "\n")
    return "\n".join(parts)


_STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 0 0 2rem; }
caption { font-weight: 600; padding: .5rem 0; text-align: left; }
th, td { border-top: 1px solid #8884; overflow-wrap: anywhere; padding: .25rem .75rem; text-align: left; }
.number { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
.backward caption, .backward td { color: #c22; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } .backward * { color: #f88; } }
"""


def html(tables: Iterable[Table], precision: int | None = None, title: str = "adcalc") -> str:
    """Return a page of its own that holds the tables."""
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        f'<head><meta charset="utf-8"><title>{_html_text(title)}</title>',
        f"<style>\n{_STYLE}</style></head>",
        "<body>",
    ]
    for table in tables:
        columns = _shown(table)
        classes = {k: ' class="number"' if column.kind == "number" else "" for k, column in columns}
        lines.append('<table class="backward">' if table.backward else "<table>")
        lines.append(f"<caption>{_html_text(table.title)}</caption>")
        heads = "".join(f'<th scope="col"{classes[k]}>{_html_text(column.name)}</th>' for k, column in columns)
        lines += [f"<thead><tr>{heads}</tr></thead>", "<tbody>"]
        for row in table:
            texts = [(k, x if isinstance(x := row[k], str) else number(x, precision, UNICODE)) for k, _ in columns]
            lines.append("<tr>" + "".join(f"<td{classes[k]}>{_html_text(x)}</td>" for k, x in texts) + "</tr>")
        lines += ["</tbody>", "</table>"]
    return "\n".join([*lines, "</body>", "</html>"]) + "\n"


def csv(tables: Iterable[Table], precision: int | None = None) -> str:
    """Return tables as CSV (RFC 4180 with plain newlines), several as one that says of each row which it is of."""

    def field(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n\r') or text != text.strip() else text

    return _separated(tables, ",", field, precision)


def tsv(tables: Iterable[Table], precision: int | None = None) -> str:
    """Return tables as tab-separated values, several as one, as `csv`; tabs and newlines are written out."""
    return _separated(tables, "\t", one_line, precision)


FORMATS: dict[str, Callable[[Iterable[Table], int | None], str]] = {
    "markdown": markdown,
    "latex": latex,
    "html": html,
    "csv": csv,
    "tsv": tsv,
}
"""The renderers by the name that --format takes."""


STYLES = {"markdown": UNICODE, "latex": LATEX, "html": UNICODE, "csv": PLAIN, "tsv": PLAIN}
"""The style in which each of them wants its formulas written."""


def _separated(tables: Iterable[Table], comma: str, field: Callable[[str], str], precision: int | None) -> str:
    """Return tables as one, which is what readers of such text take: several with all their columns, and their name."""
    found = list(tables)
    names = list(dict.fromkeys([column.name for table in found for column in table.columns]))
    lines = [names if len(found) == 1 else ["table", *names]]
    for table in found:
        places = {column.name: k for k, column in enumerate(table.columns)}
        own = [table.title.partition(":")[0]] if len(found) > 1 else []
        for row in table:
            cells = [one_line(x) if isinstance(x, str) else number(x, precision, PLAIN) for x in row]
            lines.append(own + [cells[places[name]] if name in places else "" for name in names])
    return "".join([comma.join(map(field, line)) + "\n" for line in lines])


def _shown(table: Table) -> list[tuple[int, Column]]:
    """Return the columns that hold anything."""
    if table.count > 10_000:
        return list(enumerate(table.columns))
    filled = {k for row in table for k, x in enumerate(row) if x != ""}
    return [(k, column) for k, column in enumerate(table.columns) if k in filled or column.kind == "number"]


def _markdown_text(text: str) -> str:
    """Escape what Markdown or the HTML in it would take for its own."""
    return re.sub(r"[\\`*_{}\[\]<>|~#&$!]", r"\\\g<0>", one_line(text))


def _html_text(text: str) -> str:
    """Escape for text and attributes alike; html.escape without importing the module's table of entities."""
    for character, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "#39")):
        text = text.replace(character, f"&{name};")
    return one_line(text)
