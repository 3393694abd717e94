"""CSV and TSV: the same tables as the csv module reads, with results behind; quick blocks and slow ones alike."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiffcli.errors import AdcalcError, MathError, RequestError
from autodiffcli.limits import RECORD
from autodiffcli.points.delimited import Delimited
from autodiffcli.points.source import LARGE
from tests.points.support import OUTPUTS, answers, run, until_error

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)
plain = st.text("abc äπ'_;.-", max_size=6)
tables = st.lists(st.tuples(texts, st.floats(), st.floats()), max_size=8)
line_ends = st.sampled_from(["\n", "\r\n"])


def written(rows: list[list[str]], end: str, delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode()


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@given(tables, line_ends, st.integers(0, 9), st.booleans())
def test_a_csv_table_goes_round_by_the_csv_module(
    table: list[tuple[str, float, float]], end: str, size: int, last_end: bool
) -> None:
    rows = [[text, repr(x), repr(y)] for text, x, y in table]
    data = written([["note, or\nso", "x", "y"], *rows], end)
    if not last_end:
        data = data.removesuffix(end.encode())
    answer, summary = run(data, size=size, kind="csv")
    expected = [["note, or\nso", "x", "y", *OUTPUTS]]
    expected += [row + answers(x, y) for row, (_, x, y) in zip(rows, table, strict=True)]
    assert read(answer) == expected
    assert summary.rows == len(table)
    alone, _ = run(data, size=size, kind="csv", keep=False)
    assert read(alone) == [row[3:] for row in expected]


@given(st.lists(st.tuples(plain, st.floats(), st.floats()), max_size=8), line_ends, st.integers(0, 9))
def test_a_row_keeps_its_bytes(table: list[tuple[str, float, float]], end: str, size: int) -> None:
    """Random spellings of text and numbers are kept: a row is its own text and then the results."""
    rows = [f"{text}\t{x:+.20e}\t {y!r} " for text, x, y in table]
    data = end.join(["t\tx\ty", *rows, ""][: len(rows) + 1 + (not rows)]).encode()
    answer, _ = run(data, size=size, kind="tsv")
    new = ["\t".join(answers(float(f"{x:.20e}"), y)) for _, x, y in table]
    assert answer.decode() == end.join(
        ["t\tx\ty\t" + "\t".join(OUTPUTS), *map("\t".join, zip(rows, new, strict=True)), ""]
    )


spelled = [
    "1",
    "\ufeff1",
    "-2.5e3",
    "nan",
    "-INF",
    "infinity",
    " 7 ",
    "",
    "x",
    "1_0",
    "٣",
    "1e999",
    "0x1",
    "a_b",
    "1 2",
    "\x1c1",
]
quoted = ['"2"', '"3,""4"', '"5\n6"', '"7"8', '""', '"8\n"', '"1_0"', '5"']
cells = st.one_of(st.sampled_from(spelled), st.sampled_from(quoted))
lines = st.lists(st.lists(cells, max_size=4).map(",".join), max_size=8)


@settings(max_examples=300)
@given(
    lines,
    line_ends,
    st.sampled_from(["skip", "null", "fail"]),
    st.booleans(),
    st.integers(0, 9),
    st.sampled_from([0, LARGE]),
)
def test_quick_and_slow_ways_agree(rows: list[str], end: str, on_error: str, keep: bool, size: int, large: int) -> None:
    data = end.join(["x,y,z", *rows, ""]).encode()

    def attempt() -> object:
        try:
            return run(data, size=size, kind="csv", on_error=on_error, keep=keep)
        except AdcalcError as error:
            return error.message

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autodiffcli.points.source.LARGE", large)  # 0: by Arrow
        quick = attempt()
        patch.setattr(Delimited, "fast", lambda *_: None)
        assert attempt() == quick


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,", "column 'y': no value"),
        ("1,abc", "column 'y': 'abc' is not a number"),
        ("NA,1", "column 'x': 'NA' is not a number"),
        ("1_000,1", "column 'x': '1_000' is not a number"),
        ("1", "1 field, but the header has 2"),
        ("1,2,3", "3 fields, but the header has 2"),
        ('"1"2,3', "',' expected after '\"'"),
        ("1,2\r3", "a carriage return within the line"),
    ],
)
def test_a_bad_row_is_named_and_the_rows_before_it_are_written(row: str, said: str) -> None:
    before, error = until_error(f'x,y\n"3",4\n\n{row}\n5,6\n'.encode(), MathError, name="p.csv")
    assert before == b'x,y,value,d_x,d_y\n"3",4,12.0,4.0,3.0\n'
    assert error.message == f"p.csv: row 2 (line 4): {said}"
    assert error.status == 1
    answer, summary = run(f"x,y\n3,4\n{row}\n5,6\n".encode(), on_error="skip")
    assert answer == b"x,y,value,d_x,d_y\n3,4,12.0,4.0,3.0\n5,6,30.0,6.0,5.0\n"
    assert (summary.rows, summary.skipped, summary.undefined) == (2, 1, 0)


def test_a_bad_row_can_stay_without_results() -> None:
    answer, summary = run(b"x,y\r\n3,\r\n1\r\n5,6\r\n", on_error="null")
    assert answer == b"x,y,value,d_x,d_y\r\n3,,,,\r\n1,,,,\r\n5,6,30.0,6.0,5.0\r\n"
    assert (summary.rows, summary.nulls, summary.undefined) == (3, 2, 0)
    assert run(b"x,y\n3,\n5,6\n", on_error="null", keep=False)[0] == b"value,d_x,d_y\n,,\n30.0,6.0,5.0\n"


@pytest.mark.parametrize("row", ["1,2,3", '1,2,"3,4"', '"1"2', "1,2\r3"])
def test_a_bad_row_stays_only_where_its_fields_stay_in_their_columns(row: str) -> None:
    data = f"x,y\n3,4\n{row}\n5,6\n".encode()
    before, error = until_error(data, MathError, name="p.csv", on_error="null")
    assert before == b"x,y,value,d_x,d_y\n3,4,12.0,4.0,3.0\n"
    assert error.message.startswith("p.csv: row 2 (line 3): ") and "--on-error skip" in error.hint
    assert run(data, on_error="null", keep=False)[0] == b"value,d_x,d_y\n12.0,4.0,3.0\n,,\n30.0,6.0,5.0\n"


def test_line_ends_and_mark_are_kept_each_row_its_own() -> None:
    answer, _ = run(b"\xef\xbb\xbfx,y\r\n1,2\n3,4\r\n5,6")
    assert answer == (b"\xef\xbb\xbfx,y,value,d_x,d_y\r\n1,2,2.0,2.0,1.0\n3,4,12.0,4.0,3.0\r\n5,6,30.0,6.0,5.0\r\n")


def test_columns_may_stand_anywhere_and_constants_may_be_numbers() -> None:
    answer, _ = run(b"y,t, x\n2,a,3\n", evaluate=lambda c: [c[0] - c[1], 1.0, -1], outputs=["f", "g", "h"])
    assert answer == b"y,t, x,f,g,h\n2,a,3,1.0,1.0,-1.0\n"
    assert run(b"t\na\n\nb\n", inputs=[], outputs=["f"], evaluate=lambda _: [2.0])[0] == b"t,f\na,2.0\nb,2.0\n"


def test_a_new_name_is_quoted_where_it_must_be() -> None:
    assert run(b"x,y\n", prefix='a,"')[0] == b'x,y,"a,""value","a,""d_x","a,""d_y"\n'
    with pytest.raises(RequestError, match="cannot name a column of a TSV table"):
        run(b"x\ty\n", prefix="\t")


@pytest.mark.parametrize("text", [b'x,y\n1,2\n"3,4\n5,6\n', b'x,y\n1,2\n3,"4'])
def test_a_file_cut_off_within_quotes(text: bytes) -> None:
    before, error = until_error(text, RequestError, name="p.csv", on_error="skip")
    assert before == b"x,y,value,d_x,d_y\n1,2,2.0,2.0,1.0\n"
    assert error.message == "p.csv ends inside quotes, in the row that begins in line 3"


def test_a_quote_left_open_is_no_reason_to_read_on_for_ever() -> None:
    good = b"1,2\n" * 3
    before, error = until_error(b"x,y\n" + good + b'"1,2\n' + b"3,4\n" * (RECORD // 4), RequestError, on_error="skip")
    assert before.count(b"\n") == 4
    assert error.message == "standard input: the row that begins in line 5 is longer than 4 MiB"


@pytest.mark.parametrize("other", ["q", '"q"'])
def test_a_long_field_is_one_beside_quotes_too(other: str) -> None:
    answer, _ = run(f"t,x,y\n{'a' * 200_000},1,2\n{other},3,4\n".encode())
    assert answer.endswith(f"{other},3,4,12.0,4.0,3.0\n".encode())
