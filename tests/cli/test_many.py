"""Many expressions: JSON Lines records in, answers out, in order, whatever is in the records."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.support import good, refused, run


def answers(lines: str | bytes, *options: str, command: str = "grad") -> list[dict[str, Any]]:
    stdin = lines if isinstance(lines, bytes) else lines.encode()
    return [json.loads(line) for line in good(command, "-", "--format", "jsonl", *options, stdin=stdin).splitlines()]


def test_records_are_answered_in_order_good_and_bad() -> None:
    found = answers(
        '{"id": 1, "expr": "x^2", "at": {"x": 3}}\n'
        "not json\n"
        "\n"
        '{"id": "b", "expr": "ln(x)", "at": {"x": -1}}\n'
        '{"id": 3, "expr": "x+", "at": "x=1"}\r\n'
        '{"id": null, "expr": "x*y", "at": "x=pi,y=2"}\n'
        '{"expr": "2", "note": "mine"}'
    )
    assert found[0] == {"id": 1, "value": 9.0, "grad": {"x": 6.0}}
    assert found[1]["id"] is None and "line 2 is not JSON" in found[1]["error"]["message"]
    assert found[2]["id"] == "b" and found[2]["error"]["message"] == "ln is undefined at -1"
    assert found[2]["error"]["span"] == [0, 5]
    assert found[3]["error"] == {
        "message": "an operand is missing after '+'",
        "line": 1,
        "column": 2,
        "span": [1, 2],
    }
    assert found[4] == {"id": None, "value": 6.283185307179586, "grad": {"x": 2.0, "y": 3.141592653589793}}
    assert found[5] == {"id": None, "value": 2.0, "grad": {}}
    assert len(found) == 6


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[]", "line 1 is no JSON object"),
        ("7", "line 1 is no JSON object"),
        ('{"id": 1}', 'line 1 has no "expr"'),
        ('{"id": 1, "expr": 2}', 'line 1 has no "expr"'),
        ('{"id": [1], "expr": "1"}', '"id" is a text or a number'),
        ('{"expr": "x", "at": [1]}', "a point in JSON is an object"),
        ('{"expr": "x", "at": null}', "a point in JSON is an object"),
        ('{"expr": "x", "at": {"x": [[1]]}}', "a gradient is that of a number, and this is an array of shape (1, 1)"),
        ('{"expr": "x", "at": {"x": "1,y=2"}}', "',' is not expected here"),
        ('{"expr": "x"}', "'x' has no value"),
        ('{"expr": "x*y", "at": {"x": 1, "y": 2}, "wrt": "x"}', 'line 1: "wrt" is not read from a record'),
        ('{"expr": "1", "mode": "forward"}', 'line 1: "mode" is not read from a record'),
        ('{"expr": "x", "at": {"x": 1, "y": 1}}', "'y' is not in the expression"),
        ('{"expr": ""}', "the expression is empty"),
        ('{"expr": "\\ud800"}', "has no meaning in an expression"),
        ('{"expr": ' + "[" * 100_000, "is not JSON"),
    ],
)
def test_records_that_are_refused(line: str, said: str) -> None:
    (found,) = answers(line)
    assert said in found["error"]["message"]


def test_bytes_that_are_no_text() -> None:
    found = answers(b'\xff\xfe\n{"expr": "1"}\n\x00\n')
    assert "is not JSON" in found[0]["error"]["message"] and "is not JSON" in found[2]["error"]["message"]
    assert found[1]["value"] == 1.0


def test_numbers_that_are_not_finite_are_texts() -> None:
    lines = '{"id": NaN, "expr": 1}\n{"id": 1e999, "expr": "1/x", "at": {"x": 0}}\n{"expr": "x", "at": {"x": "-inf"}}\n'
    found = answers(lines)
    assert found[0]["id"] == "nan" and "error" in found[0]
    diagnosis = found[1].pop("diagnosis")
    assert found[1] == {"id": "inf", "value": "inf", "grad": {"x": "-inf"}}
    assert [(d["what"], d["kind"], d["span"]) for d in diagnosis] == [
        ("the value", "pole", [0, 3]),
        ("the derivative by x", "pole", [0, 3]),
    ]
    (given,) = found[2].pop("diagnosis")
    assert given["message"] == "the value is -inf: x is -inf" and given["kind"] == "input"
    assert found[2] == {"id": None, "value": "-inf", "grad": {"x": 1.0}}


def test_every_mode_and_wrt() -> None:
    record = '{"id": 1, "expr": "x^2*y", "at": {"x": 3, "y": 2}}\n'
    for mode in ("reverse", "forward", "backprop", "symbolic"):
        assert answers(record, "--mode", mode) == [{"id": 1, "value": 18.0, "grad": {"x": 12.0, "y": 9.0}}]
    assert answers(record, "--wrt", "y")[0]["grad"] == {"y": 9.0}
    assert answers(record, command="eval") == [{"id": 1, "value": 18.0}]


def test_a_point_for_all_is_refused() -> None:
    assert "--at has no place" in refused("grad", "-", "--format", "jsonl", "--at", "x=1", stdin=b"{}")


def test_what_a_terminal_would_obey_is_escaped() -> None:
    record = json.dumps({"id": "\x1b[31m\u202e\x9b\U000e0001é", "expr": "x"}).encode()
    done = good("grad", "-", "--format", "jsonl", stdin=record)
    assert "é" in done and not {"\x1b", "\u202e", "\x9b", "\U000e0001"} & set(done)
    assert json.loads(done)["id"] == "\x1b[31m\u202e\x9b\U000e0001é"


def test_an_encoding_without_the_letters() -> None:
    done = run(
        "grad", "-", "--format", "jsonl", stdin='{"id": "é😀", "expr": "x"}'.encode(), env={"PYTHONIOENCODING": "ascii"}
    )
    assert done.status == 0 and json.loads(done.out)["id"] == "é😀"
