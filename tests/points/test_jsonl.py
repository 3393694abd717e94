"""JSON Lines: objects keep their text, and results are put in before the brace."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiffcli.errors import AdcalcError, MathError, RequestError
from autodiffcli.points.jsonl import JsonLines
from tests.points.support import OUTPUTS, answers, run, until_error

numbers = st.one_of(st.floats(), st.integers(-(10**30), 10**30))
others = st.dictionaries(
    st.text(max_size=4).filter(lambda key: key not in {"x", "y", *OUTPUTS}),
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=4) | st.integers(), lambda inner: st.lists(inner, max_size=2)
    ),
    max_size=3,
)


def as_json(value: float) -> float | str:
    return value if math.isfinite(value) else repr(float(value))


@given(st.lists(st.tuples(others, numbers, numbers), max_size=6), st.booleans(), st.integers(0, 9))
def test_a_table_goes_round_by_the_json_module(table: list[Any], compact: bool, size: int) -> None:
    rows = [other | {"x": as_json(x), "y": as_json(y)} for other, x, y in table]
    separators = (",", ":") if compact else (", ", ": ")
    texts = [json.dumps(row, ensure_ascii=compact, separators=separators) for row in rows]
    answer, summary = run("\n\n".join(texts).encode(), size=size, kind="jsonl")
    found = answer.decode().split("\n")[:-1]
    assert summary.rows == len(found) == len(table)
    for line, text, row, (_, x, y) in zip(found, texts, rows, table, strict=True):
        assert line.startswith(text[:-1] + ", ")
        assert json.loads(line) == row | dict(zip(OUTPUTS, (as_json(float(v)) for v in answers(x, y)), strict=True))


values = ["1", "-0.5e3", "true", '"inf"', '"x"', "null", "[{}]", "{}", "12345678901234567890", "-0", "1e999", "NaN"]
objects = st.lists(st.tuples(st.sampled_from(["x", "y", "z", "d_x"]), st.sampled_from(values)), max_size=4).map(
    lambda items: "{" + ",".join(f'"{key}":{value}' for key, value in items) + "}"
)
lines = st.one_of(
    objects, objects, st.sampled_from(['{"x":1,"y":2}', '{"x":1,"y":2} ', "", "[]", "3", '"x"', "{", "} {"])
)


@settings(max_examples=300)
@given(st.lists(lines, max_size=6), st.sampled_from(["skip", "null", "fail"]), st.booleans(), st.integers(0, 20))
def test_quick_and_slow_ways_agree(rows: list[str], on_error: str, keep: bool, size: int) -> None:
    data = "\n".join(['{"x":1,"y":2}', *rows]).encode()

    def attempt() -> object:
        try:
            return run(data, size=size, kind="jsonl", on_error=on_error, keep=keep)
        except AdcalcError as error:
            return error.message

    quick = attempt()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "orjson", None)
        assert attempt() == quick
        patch.setattr(JsonLines, "fast", lambda *_: None)
        assert attempt() == quick


NUMBER = r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][-+]?[0-9]{1,3})?"


@given(st.lists(st.from_regex(NUMBER, fullmatch=True), min_size=1))
def test_numbers_are_read_as_python_reads_them(texts: list[str]) -> None:
    answer, _ = run("".join(f'{{"x":{text},"y":1}}\n' for text in texts).encode(), keep=False)
    found = [json.dumps(as_json(float(text))) for text in texts]
    assert answer.decode() == "".join(f'{{"value": {x}, "d_x": 1.0, "d_y": {x}}}\n' for x in found)


def test_text_is_kept_and_results_are_appended() -> None:
    answer, _ = run(b'{"x":1.50, "t":"\\u00e4%s" ,"y":"-inf" }\r\n')
    assert answer == b'{"x":1.50, "t":"\\u00e4%s" ,"y":"-inf", "value": "-inf", "d_x": "-inf", "d_y": 1.5}\r\n'
    assert run(b'{"x":1, "y":2}', keep=False, prefix="%")[0] == b'{"%value": 2.0, "%d_x": 2.0, "%d_y": 1.0}\n'
    assert run(b"{}\n{ }", inputs=[], outputs=["f"], evaluate=lambda _: [1])[0] == b'{"f": 1.0}\n{"f": 1.0}\n'


@pytest.mark.parametrize(
    ("row", "said", "null"),
    [
        ('{"x":1}', "column 'y': no value", b'{"x":1, '),
        ('{"x":null,"y":2}', "column 'x': no value", b'{"x":null,"y":2, '),
        ('{"x":"1","y":2}', "column 'x': '\"1\"' is not a number", b'{"x":"1","y":2, '),
        ('{"x":true,"y":2}', "column 'x': 'true' is not a number", b'{"x":true,"y":2, '),
        ('{"x":[1],"y":2}', "column 'x': '[1.0]' is not a number", b'{"x":[1],"y":2, '),
        ("[1,2]", "a JSON object is needed, not '[1,2]'", b"{"),
        ('{"x":1,"y":2} 3', "something follows the JSON object: ' 3'", b"{"),
        ('{"x":1,"y"', "not JSON: Expecting ':' delimiter, character 11 of '{\"x\":1,\"y\"'", b"{"),
        ("[" * 100_000, "JSON that is nested too deeply", b"{"),
    ],
)
def test_a_bad_row(row: str, said: str, null: bytes) -> None:
    good = '{"x":1,"y":2}\n'
    answer = b'{"x":1,"y":2, "value": 2.0, "d_x": 2.0, "d_y": 1.0}\n'
    before, error = until_error(f"{good}\n{row}\n{good}".encode(), MathError, name="p.jsonl")
    assert before == answer
    assert error.message == f"p.jsonl: row 2 (line 3): {said}"
    assert run(f"{good}{row}\n{good}".encode(), on_error="skip")[0] == answer * 2
    middle = null + b'"value": null, "d_x": null, "d_y": null}\n'
    assert run(f"{good}{row}\n{good}".encode(), on_error="null")[0] == answer + middle + answer


def test_keys_that_collide_or_lack() -> None:
    with pytest.raises(RequestError, match="has no column 'y'") as found:
        run(b'{"x":1,"Y":2}', name="p.jsonl")
    assert found.value.hint.startswith("did you mean 'Y'? its columns are: x, Y")
    before, error = until_error(b'{"x":1,"y":2}\n{"x":1,"y":2,"d_x":0}', RequestError)
    assert before.count(b"\n") == 1
    assert "has a column 'd_x' already" in error.message
    assert run(b'{"x":1,"y":2,"d_x":0}', keep=False)[0].startswith(b'{"value": 2.0')


def test_a_key_is_a_name_in_either_form() -> None:
    row = '{"e\u0301":3, "y":2}'
    answer, _ = run(row.encode(), inputs=["é"], outputs=["f"], evaluate=lambda columns: columns)
    assert answer.decode() == row[:-1] + ', "f": 3.0}\n'


def test_an_integer_of_any_length_is_a_float() -> None:
    assert b'"d_y": 1.0000000000000002e+20' in run(b'{"x":100000000000000016384,"y":1}')[0]
    assert b'"d_y": "inf"' in run(b'{"x":1' + b"0" * 5000 + b',"y":1}')[0]
