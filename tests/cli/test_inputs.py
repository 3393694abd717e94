"""Where the expression and the point come from: arguments, files, standard input."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.cli.support import LECTURE, good, refused

ANSWER = "x1=5.5\nx2=1.7163378145367738\n"


@pytest.mark.parametrize(
    "at",
    [
        ["--at", "x1=2,x2=5"],
        ["--at=x1=2,x2=5"],
        ["--at", "x1=2", "--at", "x2=5"],
        ["--at", "x1=2\nx2=5\n"],
        ["--at", " x2 = 5 ; x1 = 2 "],
        ["--at", "x1=sqrt(4), x2=max(1, 5) # said at length"],
        ["--at", "x2=5", "--at", "", "--at", "x1=2"],
    ],
    ids=["commas", "equals", "repeated", "lines", "semicolons", "constants", "empty"],
)
def test_points(at: list[str]) -> None:
    assert good("grad", LECTURE, *at) == ANSWER


def test_points_from_files(tmp_path: Path) -> None:
    lines, data = tmp_path / "at.txt", tmp_path / "at.json"
    lines.write_text("# the lecture's point\nx1=2\nx2=5\n", encoding="utf-8")
    data.write_text('{"x1": 2, "x2": "10/2"}', encoding="utf-8")
    assert good("grad", LECTURE, "--at", f"@{lines}") == ANSWER
    assert good("grad", LECTURE, "--at", f"@{data}") == ANSWER
    data.write_text('{"x2": 5}', encoding="utf-8")
    assert good("grad", LECTURE, "--at", f"@{data}", "--at", "-", stdin=b"x1=2\n") == ANSWER
    data.write_text('\ufeff{"x1": 2, "x2": 5}', encoding="utf-8")
    assert good("grad", LECTURE, "--at", f"@{data}") == ANSWER
    for text in ("\ufeffx1=2\r\nx2=5\r\n", '{"x1": 2, "x2": 5}'):  # JSON whatever its name
        lines.write_text(text, encoding="utf-8")
        assert good("grad", LECTURE, "--at", f"@{lines}") == ANSWER


def test_a_file_without_its_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.json").write_text('{"x": 1}', encoding="utf-8")
    assert "to read a file, write --at @p.json" in refused("eval", "x", "--at", "p.json")


def test_expressions_from_files(tmp_path: Path) -> None:
    file = tmp_path / "f.txt"
    file.write_text("a = ln(x1) # first\nb = x1*x2\na + b - sin(x2)\n", encoding="utf-8")
    assert good("grad", f"@{file}", "--at", "x1=2,x2=5") == ANSWER
    assert good("grad", "-", "--at", "x1=2,x2=5", stdin=LECTURE.encode()) == ANSWER
    file.write_text("\ufeffθ^2\r\n", encoding="utf-8")
    assert good("grad", f"@{file}", "--at", "θ=3") == "θ=6\n"


def test_names_are_the_same_however_composed(tmp_path: Path) -> None:
    data = tmp_path / "at.json"
    data.write_text('{"e\\u0301": 2}', encoding="utf-8")
    assert good("eval", "é", "--at", f"@{data}") == "value=2\n"
    assert good("eval", "e\u0301", "--at", "é=2") == "value=2\n"


def test_values_that_a_float_can_be() -> None:
    assert good("eval", "x", "--at", "x=1e-320").startswith("value=1e-320")
    assert math.copysign(1, float(good("eval", "x", "--at", "x=-0").partition("=")[2])) == -1
    assert good("eval", "0*x", "--at", "x=1e308") == "value=0\n"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("x=1", "'y' has no value"),
        ("x=1,y=2,z=3", "'z' is not in the expression: it has 'x', 'y'"),
        ("x=1,Y=2", "'y' has no value, while 'Y' is given and not in the expression"),
        ("x=1,x=2,y=3", "'x' is given twice"),
        ("x=1,y=x", "must be a constant, but 'x' has no value here"),
        ("x=1 y=2", "separate the values by commas"),
        ("x=1,y==2", "write one = in each"),
        ("x=1,y", "a point is written x1=2, x2=pi/4"),
        ("x=1,y=", "an operand is missing after '='"),
        ("x=1,y=1e999", "beyond the largest float"),
        ("x=1,pi=3", "'pi' is a constant"),
        ("x=1,sin=3", "'sin' is a function"),
        ("x:1", "':' is not expected here"),
        ("5", "a name is missing before '5'"),
        ("x=1,2", "a name is missing before '2'"),
        ("(1,2)", "a name is missing before '('"),
        ("@nowhere.txt", "cannot read the point from 'nowhere.txt': No such file"),
        ("@", "cannot read the point from ''"),
        ("@/", "Is a directory"),
        ("@a\0b", "cannot read the point from 'a\\x00b'"),
    ],
)
def test_points_that_are_refused(at: str, said: str) -> None:
    assert said in refused("grad", "x*y", "--at", at)


def test_a_name_given_twice_in_two_points() -> None:
    assert "'x' is given twice" in refused("grad", "x", "--at", "x=1", "--at", "x=1")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("[1, 2]", "a point in JSON is an object"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('{"x": true}', "the value of 'x' must be a number, not true or false"),
        ('{"x": null}', "must be a number, not null"),
        ('{"x": [null]}', "the value of 'x[0]' must be a number, not null"),
        ('{"x": "1, y=2"}', "',' is not expected here"),
        ('{"x": ""}', "the expression is empty"),
        ('{"x": "y"}', "the value of x must be a constant, but 'y' has no value here"),
        ('{"x": 1' + "0" * 400 + "}", "beyond the largest float"),
    ],
)
def test_points_in_json_that_are_refused(tmp_path: Path, data: str, said: str) -> None:
    file = tmp_path / "at.json"
    file.write_text(data, encoding="utf-8")
    assert said in refused("eval", "x", "--at", f"@{file}")


def test_standard_input_is_read_once() -> None:
    assert "standard input can be read once" in refused("grad", "-", "--at", "-", stdin=b"x")
    assert "standard input can be read once" in refused("grad", "x", "--at", "-", "--at", "-", stdin=b"x=1")
    assert "standard input can be read once" in refused("grad", "x*y", "--points", "-", "--at", "-", stdin=b"x=1")


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    file = tmp_path / "latin"
    file.write_bytes(b"x + \xe9")
    assert "is not UTF-8 text: byte 0xe9 at offset 4" in refused("grad", f"@{file}")
    assert "standard input is not UTF-8 text" in refused("grad", "-", stdin=b"\x7fELF\x02\x01\xff")
    assert "standard input is not UTF-8 text" in refused("grad", "x", "--at", "-", stdin=b"x=\xff")


def test_json_of_one_expression_is_read_back(tmp_path: Path) -> None:
    grad = json.loads(good("grad", LECTURE, "--at", "x1=2,x2=5", "--format", "json"))["grad"]
    file = tmp_path / "next.json"
    file.write_text(json.dumps(grad), encoding="utf-8")
    assert good("eval", "x1+x2", "--at", f"@{file}") == f"value={5.5 + 1.7163378145367738!r}\n"


def test_output_is_input_as_json_too() -> None:
    at = ("--at", 'x=3,d={"a": [1, 2]}')
    for command, expression, then in (
        ("grad", "x^2*sum(d.a)", "x + d.a[1]"),
        ("eval", "x^2*sum(d.a)", "value^2"),
    ):
        wanted = good("eval", then, "--at", "-", stdin=good(command, expression, *at).encode())
        for more in ([], ["--no-trace"]):
            printed = good(command, expression, *at, "--format", "json", *more)
            assert good("eval", then, "--at", "-", stdin=printed.encode()) == wanted
    found = good("fit", "mean((w*x-y)^2)", "--data", "x=[1,2],y=[2,4]", "--params", "w=0", "--format", "json")
    assert good("eval", "round(w)", "--at", "-", stdin=found.encode()) == "value=2\n"
    assert good("eval", "grad.x + mode", "--at", '{"grad": {"x": 1}, "mode": 2}') == "value=3\n"
    assert "standard input is not JSON: " in refused("eval", "x", "--at", "-", stdin=b'{"x": 1')


def test_output_is_input() -> None:
    step = good("grad", "x^3/y", "--at", "x=1/3,y=7")
    x, y = (float(line.partition("=")[2]) for line in step.splitlines())
    assert good("eval", "x*y", "--at", "-", stdin=step.encode()) == f"value={x * y!r}\n"
    assert good("eval", "1 if x > y else 2", "--at", "-", stdin=b"x=inf\ny=-inf\n") == "value=1\n"
