"""Random inputs as hypothesis makes them, which finds the smallest that fails."""

from __future__ import annotations

import json
import string
from itertools import chain
from typing import TypeVar

from hypothesis import strategies as st

from autodiffcli.backends import MODES
from autodiffcli.errors import AdcalcError
from autodiffcli.language.parser import parse
from autodiffcli.primitive import FUNCTIONS
from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS
from tests.fuzz.words import ARRAYS, CHUNKS, KEYWORDS, NUMBERS, SIGNS, SUBSCRIPTS, WORDS
from tests.strategies import expressions

__all__ = ["arguments", "data", "lines", "points", "tables", "texts"]

T = TypeVar("T")


def mostly(common: st.SearchStrategy[T], rare: st.SearchStrategy[T], tenths: int = 8) -> st.SearchStrategy[T]:
    """Return a strategy that draws from the first so many times in ten: one_of would weigh by alternatives."""
    return st.integers(0, 9).flatmap(lambda k: common if k < tenths else rare)


def grown(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return expressions made of expressions, with everything the grammar has, most of them right."""
    sign = st.sampled_from([*"+-*/%^·÷−", "**", " - ", "*-", "^-", ""])
    compared = st.tuples(part, st.sampled_from(["<", "<=", "==", "!=", "≥"]), part).map("".join)
    condition = st.one_of(
        compared,
        st.tuples(compared, st.sampled_from([" and ", " or ", " < "]), compared).map("".join),
        compared.map("not {}".format),
    )
    return st.one_of(
        st.tuples(part, sign, part).map("".join),
        part.map("({})".format),
        st.tuples(st.sampled_from(sorted(FUNCTIONS)), part).map("{0[0]}({0[1]})".format),
        st.tuples(st.sampled_from(sorted(FUNCTIONS)), part, part).map("{0[0]}({0[1]}, {0[2]})".format),
        st.tuples(condition, part, part).map("where({0[0]}, {0[1]}, {0[2]})".format),
        st.tuples(part, condition, part).map("({0[0]} if {0[1]} else {0[2]})".format),
        st.tuples(part, st.sampled_from("!²³⁻'")).map("".join),
        st.tuples(part, part).map("[{0[0]}, {0[1]}]".format),
        st.tuples(part, part).map("({0[0]}, {0[1]})".format),
        st.tuples(part, part).map('{{"a": {0[0]}, "b": {0[1]}}}'.format),
        st.tuples(part, part).map("{0[0]} @ {0[1]}".format),
        st.tuples(part, st.sampled_from([*SUBSCRIPTS, '"a"'])).map("{0[0]}[{0[1]}]".format),
        st.tuples(st.sampled_from(sorted(ARRAY_FUNCTIONS)), part).map("{0[0]}({0[1]})".format),
        st.tuples(st.sampled_from(sorted(ARRAY_FUNCTIONS)), part, st.sampled_from(KEYWORDS)).map(
            "{0[0]}({0[1]}, {0[2]})".format
        ),
        part.map("√{}".format),
        part.map("-{}".format),
    )


leaves = st.sampled_from(["x", "y", "θ", "2", "0", "0.5", "1e300", "pi", "e", "inf", "nan", "a", "f(x)", "2x", *ARRAYS])
formulas = st.one_of(st.recursive(leaves, grown, max_leaves=10), expressions)
programs = st.one_of(
    formulas,
    st.tuples(formulas, formulas).map("a = {0[0]}\n{0[1]} # then".format),
    st.tuples(formulas, formulas).map("f(x) = {0[0]}; {0[1]} + f(y)".format),
)
tokens = st.sampled_from([*SIGNS, *WORDS, *NUMBERS, *CHUNKS])
anything = st.text(st.characters(), max_size=30)  # surrogates and controls among them
damaged = st.tuples(programs, st.integers(0, 60), st.integers(0, 3), mostly(tokens, anything)).map(
    lambda t: t[0][: t[1]] + t[3] + t[0][t[1] + t[2] :]
)
noise = st.one_of(
    st.lists(tokens, max_size=25).map("".join),
    st.lists(tokens, max_size=25).map(" ".join),
    st.lists(st.one_of(tokens, anything), max_size=12).map("".join),
    anything,
    st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.binary(max_size=40).map(lambda data: data.decode("latin-1")),
)
texts = mostly(st.one_of(programs, damaged), noise, 6)
values = st.one_of(st.floats(width=64), st.integers(), st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e308, 5e-324]))
pairs = st.tuples(st.sampled_from(["x", "y", "θ", "pi", "sin", "1", ""]), st.one_of(values.map(repr), texts))
points = st.one_of(
    noise,
    st.sampled_from(["x=1", "x=1,y=2", "x=pi/4, y=-2^2, θ=0", "x=0,y=0", ""]),
    st.sampled_from(
        ["X=[[1,2],[3,4]], x=1", 'd={"cat": 2, "dog": (1, [2, 3])}', "t=(1, [2]), w=[1, 2, 3]", "X=[[1],[2, 3]]"]
    ),
    st.lists(pairs.map("=".join), max_size=4).flatmap(lambda p: st.sampled_from(",;\n ").map(lambda s: s.join(p))),
)
data = st.recursive(
    mostly(values, st.one_of(st.none(), st.booleans(), texts), 5),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.sampled_from("xyθ"), texts), inner)
    ),
    max_leaves=5,
)


records = st.one_of(
    st.fixed_dictionaries({}, optional={"id": data, "expr": st.one_of(texts, data), "at": st.one_of(points, data)}),
    data,
)
lines = st.one_of(
    st.tuples(texts, points).map(lambda t: json.dumps({"id": 1, "expr": t[0], "at": t[1]}).encode()),
    records.map(lambda record: json.dumps(record).encode()),
    records.map(lambda record: json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    st.tuples(records, st.integers(0, 80)).map(lambda t: json.dumps(t[0]).encode()[: t[1]]),
    st.binary(max_size=50),
)


cells = st.one_of(
    values.map(repr),
    st.sampled_from(["", " ", "x", "y", "nan", "inf", '"1"', '"', "'1'", "1,5", "1e999", "\x00"]),
    texts,
)
rows = st.lists(st.lists(cells, min_size=1, max_size=4), max_size=5)
ends = st.sampled_from(["\n", "\r\n", "\r", "\n\n"])
tables = st.one_of(
    st.tuples(
        st.sampled_from(["x,y", "y,x,t", '"x","y"', "\ufeffx,y", "x\ty", "x", ""]), rows, st.sampled_from(",\t;"), ends
    ).map(lambda t: t[3].join([t[0], *[t[2].join(row) for row in t[1]]]).encode("utf-8", "surrogateescape")),
    st.lists(st.fixed_dictionaries({}, optional={"x": data, "y": data, "value": data}), max_size=4).map(
        lambda found: "\n".join(map(json.dumps, found)).encode()
    ),
    st.lists(st.one_of(lines, st.binary(max_size=20)), max_size=4).map(b"\n".join),
)


FORMATS = ("table", "plain", "json", "jsonl", "csv", "tsv", "markdown", "latex", "html")
sound = [["--trace"], ["--no-trace"], ["--no-share"], ["--precision", "3"], ["--color", "always"], ["--wrt", "x"]]
sound += [["--mode", mode] for mode in (*MODES, "all")] + [["--format", f] for f in FORMATS]
sound += [["--scheme", "one-sided"], ["--epsilon", "1e-6"]]
of_tables = [["--no-keep"], ["--prefix", "f_"], *(["--on-error", what] for what in ("skip", "null", "fail"))]
misplaced = [["--at", "-"], ["--help"], ["--points", "-"], ["--version"], ["--"], ["-"], ["--at"], ["x"], ["bash"]]
misplaced += [["@missing"], ["@/"], ["@/dev/null"], ["@"], ["--points", "/"]]
valued = ["--at", "--wrt", "--mode", "--format", "--precision", "--epsilon", "--prefix", "--color", "--scheme"]
unsound = st.one_of(
    st.sampled_from(misplaced + of_tables),
    st.tuples(st.sampled_from(valued), st.one_of(texts, points, values.map(str))).map(list),
    texts.map(lambda text: [text]),
    st.text(string.ascii_lowercase + "-=", max_size=8).map(lambda text: [f"--{text}"]),
)
options = st.lists(mostly(st.sampled_from(sound), unsound, 9), max_size=3).map(lambda found: [*chain(*found)])
commands = mostly(st.sampled_from(["grad", "grad", "eval", "ops", "completion"]), noise, 9)


def with_point(argv: tuple[str, str, list[str]]) -> list[str]:
    """Return a command line that gives each input a value, where the expression is right."""
    command, text, given_options = argv
    try:
        at = ",".join(f"{name}=0.7" for name in parse(text).inputs)
    except AdcalcError:
        at = "x=1"
    return [command, text, "--at", at, *given_options]


asked = st.tuples(st.sampled_from(["grad", "grad", "eval"]), texts, options)
arguments = st.integers(0, 9).flatmap(
    lambda k: (
        asked.map(with_point)
        if k < 5
        else st.tuples(asked, points).map(lambda t: [*t[0][:2], "--at", t[1], *t[0][2]])
        if k < 7
        else st.tuples(asked, st.sampled_from(of_tables)).map(lambda t: [*t[0][:2], "--points", "-", *t[1], *t[0][2]])
        if k < 8
        else st.tuples(commands, options, options).map(lambda t: [t[0], *t[1], *t[2]])
    )
)
