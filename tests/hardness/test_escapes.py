"""Hostile names and texts in every output: each is read back by a parser of its format, and says what was put in."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import redirect_stdout
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from autodiffcli import gradient, source
from autodiffcli.api.pictures import pictured
from autodiffcli.cli.output import warn, write_json
from autodiffcli.drawing.renderers import render
from autodiffcli.errors import AdcalcError
from autodiffcli.language.notation import latex_name, latex_text, one_line
from autodiffcli.language.parser import parse
from autodiffcli.report import tables
from autodiffcli.report.formats import FORMATS
from autodiffcli.report.table import Column, Table
from autodiffcli.targets.names import comment_lines
from tests.cli.support import call, refused

HOSTILE = [
    *("<script>alert(1)</script>", "</td></table>", "&lt;", "\"' onload='x", "-->", "]]>", "<!--", "&#0;"),
    *("a|b", "`x`", "**b**", "[l](javascript:x)", "\\|", "a\nb", "a\r\nb", "# h", "<br>", "![i](x)"),
    *("$x$", "\\input{/etc/passwd}", "a & b", "50%", "{", "}", "\\", "~^_#", "\\end{tabular}", "^^M"),
    *('a"b', "a,b", "a;b", "=cmd|' /C calc'!A0", "+1", "@SUM(1)", "\ta", " a ", '"', '""'),
    *("\x1b[31mred", "\x9b31m", "\x07", "\x00", "\u202eevil", "\u2066", "\u200f", "\ufeff", "\u2028", "\x7f", "\x85"),
    *("[red]x[/red]", "[/]", ":smile:", "\ud800", "\U0010ffff", "*/", "/*", "//", "'''", '"""', "??/", "\\u000a"),
]
WORDS = ["lambda", "class", "int", "double", "return", "function", "yield", "None", "async", "await", "restrict", "NaN"]
WORDS += [
    "import",
    "math",
    "np",
    "numpy",
    "Math",
    "f",
    "out",
    "let",
    "auto",
    "_",
    "__init__",
    "t1",
    "pi2",
    "eval",
    "NULL",
]
LETTERS = ["θ", "ß", "ﬁ", "x₁", "x̄", "変数", "ǆ", "ℵ", "İ", "ı", "a\u0301", "Ω", "ªb", "मूल", "ا", "א", "𝑥", "ᵢ"]

texts = st.one_of(st.sampled_from(HOSTILE), st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join), st.text())
names = st.one_of(st.sampled_from([*WORDS, *LETTERS]), st.from_regex(r"[^\W\d]\w{0,8}", fullmatch=True))
quick = settings(max_examples=120, deadline=None, database=None)


def accepted(found: Sequence[str]) -> list[str]:
    """Return the names that the language takes as inputs, as it spells them."""
    kept: list[str] = []
    for name in found:
        try:
            graph = parse(f"{name}*2")
        except AdcalcError:
            continue
        if len(graph.inputs) == 1:
            kept += graph.inputs
    return list(dict.fromkeys(kept))


def table(rows: Sequence[Sequence[str]], title: str = "t") -> Table:
    return Table.of(title, [Column(f"c{k}") for k in range(len(rows[0]))], rows)


cells = st.lists(st.tuples(texts, texts), min_size=1, max_size=3)


class Texts(HTMLParser):
    """Collects the tags of a page and the texts of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "td":
            self.cells[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "tr"):
            self.tags.append(tag + " ended")


@quick
@given(cells, texts)
def test_html(rows: list[tuple[str, str]], title: str) -> None:
    rows = [(a or "x", b or "y") for a, b in rows]
    page = Texts()
    page.feed(FORMATS["html"]([table(rows, title)], None))
    assert not {"script", "br", "img", "a"} & set(page.tags)
    assert page.tags.count("td") == 2 * len(rows)
    assert page.cells == [one_line(cell) for row in rows for cell in row]


@quick
@given(cells)
def test_csv_and_tsv(rows: list[tuple[str, str]]) -> None:
    wanted = [["c0", "c1"], *[[one_line(cell) for cell in row] for row in rows]]
    assert list(csv.reader(io.StringIO(FORMATS["csv"]([table(rows)], None), newline=""))) == wanted
    lines = FORMATS["tsv"]([table(rows)], None).split("\n")
    assert [line.split("\t") for line in lines[:-1]] == wanted


@quick
@given(cells, texts)
def test_markdown(rows: list[tuple[str, str]], title: str) -> None:
    rows = [(a or "x", b or "y") for a, b in rows]
    lines = FORMATS["markdown"]([table(rows, title)], None).split("\n")
    assert len(lines) == 4 + len(rows) + 1
    for line in (lines[2], *lines[4:-1]):
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 3  # pipes that no backslash takes away
    for row, line in zip(rows, lines[4:], strict=False):
        bare = re.sub(r"\\.", "", line)
        assert not set("`*_[]<>$!{}") & set(bare)
        plain = re.sub(r"\\([\\`*_{}\[\]<>|~#&$!])", r"\1", line)
        assert plain == "| " + " | ".join(map(one_line, row)) + " |"


@quick
@given(texts)
def test_latex(text: str) -> None:
    for shown in (latex_text(text), latex_name(text) if text else ""):
        assert "\n" not in shown and all(c.isprintable() for c in shown)
        commands = set(
            re.findall(
                r"\\([a-zA-Z]+)", re.sub(r"\\text(?:backslash|asciicircum|asciitilde|less|greater|bar)\{\}", "", shown)
            )
        )
        assert not commands & {"input", "include", "write", "def", "end", "begin", "catcode", "csname", "immediate"}
    bare = re.sub(r"\\text\w+\{\}|\\[{}$&#_%]", "", latex_text(text))
    assert not set("\\{}$&#_%^~<>|") & set(bare)


@quick
@given(
    st.recursive(st.one_of(texts, st.integers(), st.none()), lambda inner: st.dictionaries(texts, inner, max_size=3))
)
def test_json(data: object) -> None:
    written = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
    with redirect_stdout(written):
        write_json(data)
    text = written.buffer.getvalue().decode()
    assert text.endswith("\n") and text[:-1].isprintable()
    assert json.loads(text) == data


@quick
@given(st.lists(names, min_size=1, max_size=3))
def test_a_terminal_obeys_no_name(found: list[str]) -> None:
    inputs = accepted(found)
    if not inputs:
        return
    result = gradient("+".join(f"{name}^2" for name in inputs), dict.fromkeys(inputs, 1.5), trace=True)
    screen = io.StringIO()
    Console(file=screen, width=100, force_terminal=False, markup=False, emoji=False).print(
        tables.grad_report(result, 6, True)
    )
    assert all(c.isprintable() or c == "\n" for c in screen.getvalue())


@quick
@given(texts)
def test_a_terminal_obeys_no_message(text: str) -> None:
    for args in (
        ["eval", text or "?"],
        ["grad", "x", "--at", text],
        ["grad", "x", "--at", "x=1", "--wrt", text or "?"],
    ):
        if args[1].startswith("@") or text.startswith(("@", "-")):
            continue
        done = call(*args)
        assert all(c.isprintable() or c == "\n" for c in done.out + done.err)
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", said)
        warn(text)
    assert all(c.isprintable() or c == "\n" for c in said.getvalue())


@quick
@given(st.lists(names, min_size=1, max_size=3))
def test_pictures(found: list[str]) -> None:
    inputs = accepted(found)
    if not inputs:
        return
    picture = pictured("+".join(f"{name}^2" for name in inputs), dict.fromkeys(inputs, 1.5), backward=True)
    mermaid = "".join(render(picture, "mermaid", "LR", 6))  # type: ignore[arg-type]
    for line in mermaid.splitlines()[1:]:
        label = re.fullmatch(r'  \w+(?:\(\[|\()"([^"]*)"(?:\]\)|\)):::\w+', line)
        assert label or re.fullmatch(r"  (\w+ (-->|==>|-\.->) \w+|classDef .*)", line), line
        if label:
            assert not set('<>"') & set(label[1].replace("<br>", ""))
    dot = "".join(render(picture, "dot", "LR", 6))  # type: ignore[arg-type]
    for label in re.findall(r"label=<(.*)>[,\]]", dot):
        ElementTree.fromstring(f"<label>{label}</label>")  # well-formed, so nothing in it is markup of its own
    json.loads("".join(render(picture, "json", "LR", None)))  # type: ignore[arg-type]


@settings(max_examples=20, deadline=None, database=None)
@given(st.lists(names, min_size=1, max_size=2))
def test_drawn_pictures(found: list[str]) -> None:
    pytest.importorskip("pygraphviz")
    inputs = accepted(found)
    if not inputs:
        return
    picture = pictured("+".join(f"{name}^2" for name in inputs), backward=True)
    svg = render(picture, "svg", "LR", 6)
    assert isinstance(svg, bytes)
    tags = {
        element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter() if isinstance(element.tag, str)
    }
    assert tags <= {"svg", "g", "title", "polygon", "path", "text", "ellipse", "polyline", "a"}


comments = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_characters="\n\r"), max_size=30))


@quick
@given(st.lists(names, min_size=1, max_size=3), comments)
def test_python(found: list[str], comment: str) -> None:
    inputs = accepted(found)
    if not inputs:
        return
    text = "+".join(f"{name}^2" for name in inputs) + " # " + comment.replace("\n", " ")
    try:
        parse(text)
    except AdcalcError:
        return  # a line end among the characters
    for to in ("python", "numpy"):
        module = ast.parse(source(text, to))
        (function,) = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "f"]
        assert len(function.args.args) == len(inputs)
        # what the comment says is nowhere code: only imports, helpers and functions stand at the top
        assert {type(node) for node in module.body} <= {
            ast.Import,
            ast.ImportFrom,
            ast.FunctionDef,
            ast.Expr,
            ast.Assign,
        }


def _hostile_sources(to: str) -> list[str]:
    inputs = accepted([*WORDS, *LETTERS])
    made = [source("+".join(f"{name}^2" for name in inputs), to, name="f0")]
    for k, comment in enumerate(c for c in HOSTILE if "\n" not in c and "\r" not in c):
        try:
            made.append(source(f"x^2 # {comment}", to, name=f"f{k + 1}"))
        except AdcalcError:
            continue
    assert len(made) > 30
    return made


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_c(tmp_path: Path) -> None:
    file = tmp_path / "all.c"
    blocks = dict.fromkeys(block for text in _hostile_sources("c") for block in text.rstrip().split("\n\n"))
    file.write_text("\n\n".join(blocks) + "\n")
    command = ["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-trigraphs", "-fsyntax-only", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:2000]


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_javascript(tmp_path: Path) -> None:
    file = tmp_path / "all.mjs"
    file.write_text("\n".join(text for text in _hostile_sources("javascript")))
    done = subprocess.run(["node", "--check", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:2000]


@quick
@given(texts)
def test_comments(text: str) -> None:
    for line in comment_lines(text):
        assert line.isprintable()
        assert not line.endswith("\\")  # which would join the next line to the comment
        assert not any(sign in line for sign in ("*/", "/*", "??"))


def test_a_spreadsheet_sees_only_the_users_own_formulas() -> None:
    """Cells of ours begin with no sign that makes a formula, but for the minus of a number or of a derivative."""
    out = call("grad", "-x^3-y", "--at", "x=2,y=1", "--format", "csv", "--trace").out
    for row in csv.reader(io.StringIO(out)):
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
    # what stands in a table is the user's, and comes back as it is
    done = call("eval", "x", "--points", "-", stdin=b"note,x\n=1+1,2\n")
    assert done.out == "note,x,value\n=1+1,2,2.0\n"


def test_names_that_generated_code_cannot_have() -> None:
    for to in ("c", "python", "numpy", "javascript"):
        for name in ("return", "f;g", "f\n", "", "*/", "θ", "_f", "ad_f", "f(x)"):
            assert "cannot name a function" in refused("compile", "x", "--to", to, "--name", name)
