"""SQL, run: every dialect against 25 digits, against the library at the edges of IEEE 754, and on hostile names."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from autodiffcli import PRIMITIVES, RequestError, compile, parse, query
from autodiffcli.graph import Graph, Node
from autodiffcli.targets.dialects import DIALECTS
from tests.cli.support import good, refused
from tests.targets.databases import Answer, Rows, answers
from tests.targets.test_sources import DATA, LINES, primitive_jobs

dialects = pytest.mark.parametrize("dialect", DIALECTS)
MISSING = {
    "duckdb": {"erf", "erfc", "erfinv"},
    "spark": {"erf", "erfc", "erfinv", "gamma", "lgamma"},
    "postgres": {"erf", "erfc", "erfinv", "gamma", "lgamma"},
}
SPECIAL = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 7.25)
EDGES = (
    "x/y",
    "1/x",
    "x^y",
    "x^3 + x^-2",
    "ln(x)*y",
    "log10(x) + log2(x)",
    "log1p(x)",
    "sqrt(x)",
    "exp(x)*y",
    "expm1(x)",
    "sin(x) + tan(y)",
    "asin(x)*acos(x)",
    "atan2(x, y)",
    "acosh(x) + asinh(y)",
    "atanh(x)",
    "cbrt(x)",
    "max(x, y)",
    "min(x, y, 1)",
    "where(x < y, x, y*2)",
    "where(x >= y and not (x == 1), sqrt(x), -x)",
    "(x <= y) + (x > 1)*2 + (x != y)*4 + (x == y)*8",
    "abs(x)*sign(y)",
    "x % y",
    "floor(x) + ceil(y)*10 + round(x*2)*100 + trunc(y)*1000",
    "sigmoid(x) + tanh(y)",
    "relu(x) + clip(y, -1, 1)",
    "softplus(x)",
    "hypot(x, y)",
    "logsumexp(x, y)",
    "x^2*y - sinc(x)",
    "3*x",
)


def ask(dialect: str, expr: str | Graph, rows: Rows, **options: object) -> Answer:
    graph = parse(expr) if isinstance(expr, str) else expr
    settings = {"keep": []} | options
    return answers(dialect, query(graph, "points", dialect, **settings), list(graph.inputs), rows)  # type: ignore[arg-type]


def close(found: float, true: float, ulps: float) -> bool:
    if math.isnan(true) or math.isinf(true):
        return str(found) == str(true)
    return abs(found - true) <= max(ulps * math.ulp(true), 1e-300)


@dialects
def test_the_digits(dialect: str) -> None:
    """One query for all lines would be faster, but no reader of it the wiser."""
    for line in LINES:
        names = list(parse(line["expr"]).inputs)
        if line["expr"].partition("(")[0] in MISSING[dialect]:
            continue
        if dialect == "spark" and len(query(line["expr"], "points", dialect)) > 20_000:
            continue  # it takes minutes to compile
        (found,) = ask(dialect, line["expr"], [[float(line["at"][name]) for name in names]])
        true = [float(line["value"]), *[float(line["grad"][name]) for name in names]]
        assert all(close(a, b, 24) for a, b in zip(found, true, strict=True)), (line["expr"], found, true)


@dialects
def test_every_primitive_is_as_in_the_library(dialect: str) -> None:
    for graph, _, point in primitive_jobs("numpy"):
        assert isinstance(graph, Graph)
        try:
            (found,) = ask(dialect, graph, [point])
        except RequestError:
            continue
        except AssertionError as error:
            if dialect == "postgres" and "out of range" in str(error):
                continue  # as the notes say
            raise
        true = [float(column[0]) for column in compile(graph).value_and_gradient(*[[x] for x in point])]
        for a, b in zip(found, true, strict=True):
            assert a == pytest.approx(b, rel=1e-11, abs=1e-14, nan_ok=True), (graph.ops[-1].name, point)


@dialects
def test_the_edges_of_ieee_754(dialect: str) -> None:
    for expr in EDGES:
        names = list(parse(expr).inputs)
        rows = [[x, y][: len(names)] for x in SPECIAL for y in SPECIAL[:: 1 if len(names) > 1 else len(SPECIAL)]]
        found = ask(dialect, expr, rows)
        columns = np.array(rows).reshape(len(rows), len(names)).T
        true = compile(expr).value_and_gradient(*columns)
        for row, answer, wanted in zip(rows, found, zip(*true, strict=True), strict=True):
            if expr == "atan2(x, y)" and dialect == "spark" and 0.0 in row:
                continue  # as the notes say
            assert all(close(a, b, 16) for a, b in zip(answer, wanted, strict=True)), (expr, row, answer, wanted)


def test_a_pole_with_two_signs_is_undefined() -> None:
    pytest.importorskip("duckdb", reason="DuckDB is not installed")
    assert repr(ask("duckdb", "lgamma(x)", [[-1.0], [-700.0]])) == "[(inf, nan), (inf, nan)]"


@dialects
def test_rows_that_lack_an_input_have_no_results(dialect: str) -> None:
    rows: list[list[float | None]] = [[1.0, 2.0], [None, 2.0], [3.0, None]]
    assert ask(dialect, "where(x > 0, x*y, x/y)", rows) == [(2.0, 2.0, 1.0), (None,) * 3, (None,) * 3]
    assert ask(dialect, "x*y", rows, keep=["y"])[1:] == [(2.0, None, None, None), (None,) * 4]
    assert ask(dialect, "x*y", [*rows, [3.0, 4.0]], aggregate="sum") == [(14.0, 6.0, 4.0)]
    assert ask(dialect, "x*y", [*rows, [3.0, 4.0]], aggregate="mean") == [(7.0, 3.0, 2.0)]


@dialects
def test_values_for_all_rows(dialect: str) -> None:
    rows = [[2.0, 5.0], [3.0, 7.0]]
    graph = parse("(w*x + b - y)^2")
    sql = query(graph, "points", dialect, at={"w": -0.5, "b": 2}, wrt=["w", "b"], aggregate="mean")
    errors = [-0.5 * x + 2 - y for x, y in rows]
    wanted = [sum(e * e for e in errors) / 2, sum(2 * e * x for e, (x, _) in zip(errors, rows, strict=True)) / 2]
    assert answers(dialect, sql, ["x", "y"], rows)[0][:2] == tuple(wanted)


@dialects
def test_hostile_names(dialect: str) -> None:
    text = "select_*θ + from_ + t1*step1 + true_^2 + s + where_"
    names = list(parse(text).inputs)
    (found,) = ask(dialect, text, [[0.5 + k for k in range(len(names))]])
    true = [float(c[0]) for c in compile(text).value_and_gradient(*[[0.5 + k] for k in range(len(names))])]
    assert list(found) == true
    assert '"sche""ma"."po.ints"' in query("x", '"sche""ma"."po.ints"', "postgres")
    assert "stage1" in query("sin(x)*cos(x)^2", '"step1"', "postgres")
    assert "`Points`" in query("x # */ \n-- ; drop table points".replace("\n", " "), "Points", "spark")


def test_what_the_table_cannot_have_is_refused() -> None:
    with pytest.raises(RequestError, match="'x' and 'X' would be one column in DuckDB"):
        query("x*X", "points")
    assert query("x*X", "points", "postgres")
    with pytest.raises(RequestError, match="'value' and 'value' would be written twice"):
        query("value^2", "points")
    for name in ("k", "key"):
        with pytest.raises(RequestError, match=f"'{name}' and '{name}' would be written twice"):
            query("x^2", "points", keep=[name, "".join(name)])
    assert '"value"' in query("value^2", "points", keep=[])
    for name in ("", "a b c", "(select 1)", "a;b", "a--b", "a.", ".a", "a..b", "a.b.c.d", '"a', "1a"):
        with pytest.raises(RequestError, match="is no name of a table"):
            query("x", name)
    with pytest.raises(RequestError, match="erf cannot be written in SQL for Spark"):
        query("erf(x)", "points", "spark")
    for options in (
        {"dialect": "basic"},
        {"aggregate": "median"},
        {"aggregate": "sum", "keep": ["x"]},
        {"at": {"y": 1}},
    ):
        with pytest.raises(RequestError):
            query("x", "points", **options)


def test_shared_parts_are_computed_once_and_nothing_nests_deep() -> None:
    code = query("sin(x*y)*exp(sin(x*y)) + sin(x*y)^2", "points")
    assert (code.count("SIN("), code.count("COS("), code.count("EXP(")) == (1, 1, 1)
    n = 3_000
    code = query("sin(" * n + "x" + ")" * n, "points", order=0)
    assert code.count("SIN(") == n
    depths = [line.count("(") for line in code.splitlines() if not line.startswith("--")]
    assert max(depths) <= 100 and code.count("step") < 100


@dialects
def test_a_long_functional(dialect: str) -> None:
    text = (DATA / "pbe.adc").read_text()
    (found,) = ask(dialect, text, [[0.3, 0.1]], order=2)
    from tests.targets.pbe import derivatives

    assert list(found) == pytest.approx([float(x) for x in derivatives(0.3, 0.1)[:6]], rel=1e-11)


def test_a_new_primitive_needs_no_second_file() -> None:
    from autodiffcli.primitive import primitive

    op = primitive("_cube", formula=lambda x: x * x * x, partials=(lambda y, x: 3.0 * x * x,), function=False)
    graph = Graph()
    graph.outputs = [op(Node(graph, graph.input("x"))).id]
    try:
        assert all('"x" * "x" * "x"' in query(graph, "points", dialect).replace("`", '"') for dialect in DIALECTS)
    finally:
        del PRIMITIVES["_cube"]


def test_the_command(tmp_path: Path) -> None:
    sql = ["--to", "sql", "--table", "points"]
    assert good("compile", "x*y", *sql) == query("x*y", "points")
    assert good("compile", "x*y", *sql, "--keep", "id,y", "--order", "2") == query(
        "x*y", "points", order=2, keep=["id", "y"]
    )
    out = tmp_path / "q.sql"
    options = ("--at", "y=2", "--wrt", "y", "--aggregate", "sum", "--dialect", "spark")
    assert good("compile", "x*y", *sql, *options, "--out", str(out)) == ""
    assert out.read_text() == query("x*y", "points", "spark", at={"y": 2}, wrt=["y"], aggregate="sum")
    assert "name it by --table" in refused("compile", "x", "--to", "sql")
    assert "--table does nothing in c" in refused("compile", "x", "--to", "c", "--table", "points")
    assert "--dialect does nothing in python" in refused("compile", "x", "--to", "python", "--dialect", "spark")
    assert "--name does nothing in SQL" in refused("compile", "x", *sql, "--name", "g")
    assert "has no columns to keep" in refused("compile", "x", *sql, "--aggregate", "sum", "--keep", "x")
    assert "'y' is not in the expression" in refused("compile", "x", *sql, "--at", "y=1")
    assert "are numbers" in refused("compile", "x*y", *sql, "--at", "y=[1, 2]")


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    with pytest.raises(RequestError, match="needs the extra 'sql'"):
        query("x", "points")
