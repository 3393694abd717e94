"""Dicts, tuples and lists: flattened and rebuilt, in the language, at the command line and in what is printed."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiffcli import RequestError, evaluate, gradient, parse
from autodiffcli.language.point import parse_point, point_from_data
from autodiffcli.structures import is_structure, leaves, mapped, path_text, rebuilt
from autodiffcli.value_text import text
from tests.cli.support import good, refused

numbers = st.floats(allow_nan=False, allow_infinity=False)
arrays = st.integers(0, 3).flatmap(
    lambda n: st.lists(numbers, min_size=n, max_size=n).map(lambda row: np.array(row).reshape(n))
)
keys = st.text(st.characters(codec="utf-8"), max_size=5)
values = st.recursive(
    numbers | arrays,
    lambda inner: st.dictionaries(keys, inner, max_size=3) | st.lists(inner, max_size=3).map(tuple),
    max_leaves=8,
)


def same(a: Any, b: Any) -> bool:
    """Compare by hand: form, keys in order, and every number to the bit."""
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.shape == b.shape and a.tobytes() == b.tobytes()
    return isinstance(b, float) and (a == b and math.copysign(1, a) == math.copysign(1, b))


@settings(max_examples=150, deadline=None)
@given(values)
def test_what_is_printed_reads_back_as_it_was(value: Any) -> None:
    assert same(parse_point(f"x={text(value)}")["x"], value)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        numbers | arrays,
        lambda inner: (
            st.dictionaries(keys, inner, min_size=1, max_size=3) | st.lists(inner, min_size=1, max_size=3).map(tuple)
        ),
        max_leaves=8,
    )
)
def test_entries_one_by_one_give_the_whole(value: Any) -> None:
    pairs = [f"{path_text('x', path)}={text(leaf)}" for path, leaf in leaves(value)]
    assert same(parse_point(", ".join(pairs))["x"], value)


@settings(max_examples=100, deadline=None)
@given(values)
def test_flattening_and_rebuilding_are_inverse(value: Any) -> None:
    found = list(leaves(value))
    assert same(rebuilt(value, (leaf.value for leaf in found)), value)
    names = [path_text("d", leaf.path) for leaf in found]
    assert len(set(names)) == len(names)
    for leaf in found:
        there = value
        for step in leaf.path:
            there = there[step]
        assert there is leaf.value
    assert is_structure(value) == isinstance(value, dict | tuple)


@settings(max_examples=60, deadline=None)
@given(st.recursive(numbers, lambda inner: st.dictionaries(keys, inner, min_size=1, max_size=3), max_leaves=6))
def test_a_leaf_is_reached_by_its_own_name(value: Any) -> None:
    for leaf in leaves({"k": value}):
        assert evaluate(path_text("d", leaf.path), {"d": {"k": value}}) == leaf.value


def test_mapped_keeps_the_form() -> None:
    assert mapped(lambda x: 2 * x, {"a": (1, {"b": 2}), "c": ()}) == {"a": (2, {"b": 4}), "c": ()}


# The lecture's example: d = {"cat": a0, "dog": a1}; b = d["cat"]; v = f(b)


@pytest.mark.parametrize(
    ("expression", "at", "printed"),
    [
        ('b = d["cat"]; sin(b)', 'd={"cat": 2, "dog": 3}', 'd={"cat": -0.4161468365471424, "dog": 0}'),
        ("b = d.cat; sin(b)", 'd={"cat": 2, "dog": 3}', 'd={"cat": -0.4161468365471424, "dog": 0}'),
        ('d = {"cat": a0, "dog": a1}; b = d["cat"]; sin(b)', "a0=2,a1=3", "a0=-0.4161468365471424\na1=0"),
        ("b = t[0]; sin(b)", "t=(2, 3)", "t=(-0.4161468365471424, 0)"),
        ("t = (a0, a1); sin(t[-2])", "a0=2,a1=3", "a0=-0.4161468365471424\na1=0"),
        ("sin(t[0])", "t=(2,)", "t=(-0.4161468365471424,)"),
        (
            'd["a"]["b"][1]["c"]^2 + d.e',
            'd={"a": {"b": (1, {"c": 3})}, "e": 4}',
            'd={"a": {"b": (0, {"c": 6})}, "e": 1}',
        ),
        ("sum(d.cat * w)", 'd={"cat": [1, 2], "dog": [[5]]}, w=3', 'd={"cat": [3, 3], "dog": [[0]]}\nw=3'),
        ("l[0].a * l[1]", 'l=[{"a": 2}, 5]', 'l=[{"a": 5}, 2]'),
        ('f(d) = d.x*d.y; f(p) + f({"x": 1, "y": q})', 'p={"x": 2, "y": 3},q=7', 'p={"x": 3, "y": 2}\nq=1'),
    ],
)
@pytest.mark.parametrize("mode", ["reverse", "forward", "backprop", "symbolic"])
def test_the_gradient_has_the_input_s_structure(expression: str, at: str, printed: str, mode: str) -> None:
    assert good("grad", expression, "--at", at, "--mode", mode) == printed + "\n"


def test_json_in_and_out(tmp_path: Any) -> None:
    point = {"d": {"cat": 2, "dog": {"a b": [[1, 2], [3, 4]]}}, "x": "pi/2"}
    file = tmp_path / "point.json"
    file.write_text(json.dumps(point))
    done = good("grad", 'd.cat * sum(d["dog"]["a b"]) * x', "--at", f"@{file}", "--format", "json", "--no-trace")
    half = math.pi / 2
    each = [[2 * half, 2 * half]] * 2
    assert json.loads(done)["grad"] == {"d": {"cat": 10 * half, "dog": {"a b": each}}, "x": 20.0}
    line = json.dumps({"id": 1, "expr": "d.cat^2", "at": {"d": {"cat": 3, "dog": 0}}})
    answered = json.loads(good("grad", "-", "--format", "jsonl", stdin=line.encode()))
    assert answered["grad"] == {"d": {"cat": 6.0, "dog": 0.0}}


def test_outputs_are_structures() -> None:
    assert good("eval", '{"a": x, "b": (x, [x, 2x])}', "--at", "x=1") == 'value={"a": 1, "b": (1, [1, 2])}\n'
    assert good("eval", "(x, 2x)", "--at", "x=1") == "value=(1, 2)\n"
    assert "∂y" not in good("jacobian", "(x*y, x)", "--at", "x=2,y=3")
    assert good("jacobian", '{"a": x^2}', "--at", "x=3") == 'd_y["a"]_x=6\n'
    assert evaluate('{"a": x}', "x=2") == {"a": 2.0}


def test_entries_that_are_printed_are_input() -> None:
    expression, at = '{"u": x*y, "v": (x + y, 1)}', ("--at", "x=2,y=3")
    forward = good("jvp", expression, *at, "--tangent", "x=1")
    assert forward == 'f["u"]=3\nf["v"][0]=1\nf["v"][1]=0\n'
    back = good("vjp", expression, *at, "--cotangent", "-", stdin=forward.encode())
    assert back == "x=10\ny=7\n"  # Jᵀ·(3, 1, 0): 3·y + 1, 3·x + 1
    assert good("vjp", expression, *at, "--cotangent", "f.u=3, f.v=(1, 0)") == back
    d = ("--at", 'd={"c": 5, "e": {"f": [1, 2], "g": 3}}')
    part = good("grad", "d.c^2*d.e.g*sum(d.e.f)", *d, "--wrt", 'd["c"]')
    assert part == 'd["c"]=90\n' and good("eval", "d.c/2", "--at", "-", stdin=part.encode()) == "value=45\n"
    assert good("grad", "d.c^2*d.e.g*sum(d.e.f)", *d, "--wrt", "d.c") == part
    part = good("grad", "d.c^2*d.e.g*sum(d.e.f)", *d, "--wrt", "d.e")
    assert part == 'd["e"]["f"]=[75, 75]\nd["e"]["g"]=75\n'
    assert good("eval", "d.e.g + d.e.f[0]", "--at", "-", stdin=part.encode()) == "value=150\n"
    assert "'d.x' is not an input" in refused("grad", "d.c*d.e.g", *d, "--wrt", "d.x")


def test_the_library_takes_and_gives_python_s_own() -> None:
    result = gradient("sum(W @ x)*d.k[1]", {"W": [[1, 2], [3, 4]], "x": np.array([5, 6]), "d": {"k": (7, 8), "n": 9}})
    assert result.gradient['d["k"][1]'] == 56.0
    structured = result.structured()
    assert structured["d"] == {"k": (0.0, 56.0), "n": 0.0}
    assert structured["x"].tolist() == [32.0, 48.0]
    graph = parse("d.a*2", structures={"d": {"a": 1.0}})
    assert gradient(graph, {"d": {"a": 5}}).structured() == {"d": {"a": 2.0}}


@pytest.mark.parametrize(
    ("expression", "at", "said"),
    [
        ("d.cat", 'd={"dog": 1}', 'the dict has no key "cat": it has "dog"'),
        ("d.dg", 'd={"cat": 1, "dog": 2}', 'did you mean "dog"?'),
        ("t[2]", "t=(1, 2)", "there is no entry 2 in a tuple of 2"),
        ("t.a", "t=(1, 2)", "a tuple has no keys"),
        ("d[0]", 'd={"a": 1}', "an entry of a dict is taken by its key"),
        ("d + 1", 'd={"a": 1}', "+ takes numbers and arrays, not a dict"),
        ("sin(t)", "t=(1, 2)", "sin takes numbers and arrays, not a tuple"),
        ("x.a", "x=2", "'x.a' takes a key of a number"),
        ("x", 'x=1, d={"cat": 1}', "'d' is not in the expression"),
        ("x", "x=1, d={}", "'d' is not in the expression"),
        ("{}", "", "the value is an empty structure"),
        ("d", 'd={"a": 1, "a": 2}', '"a" is twice in a dict'),
        ("d", r'd={"\q": 1}', "is not a text as JSON spells it"),
        ("(x, 2x)", "x=1", "a gradient has one output"),
        ("t[0]", "t=" + "(" * 150 + "1" + ",)" * 150, "nested more than 100 deep"),
        ("d['a']", 'd={"a": 1}', "keys stand in double quotes"),
        ("d[a]", 'd={"a": 1}', "an entry of a dict is taken by its key"),
        ('d["a]', 'd={"a": 1}', "a text in quotes is not closed"),
        ("d", "d={cat: 1}", "keys stand in double quotes"),
        ("d", 'd={"cat" 1}', "':' is missing before '1'"),
        ("d", 'd={"cat": 1', "'{' is not closed"),
        ("d", 'd={"cat": 1)', "')' closes '{'"),
    ],
)
def test_refusals_name_the_thing_and_the_remedy(expression: str, at: str, said: str) -> None:
    assert said in refused("grad", expression, *(["--at", at] if at else []))


def test_a_missing_leaf_is_named() -> None:
    graph = parse("d.a*d.b", structures={"d": {"a": 1.0, "b": 2.0}})
    with pytest.raises(RequestError, match=r"'d\[\"b\"\]' has no value") as caught:
        gradient(graph, {"d": {"a": 1}})
    assert "value of d" in caught.value.hint
    with pytest.raises(RequestError, match="given as a structure"):
        gradient(parse("x"), {"x": {"a": 1}})
    with pytest.raises(RequestError, match="is no text"):
        gradient("x", {"x": {1: 2}})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"x": [[1, 2], [3]]}, "x[0] has 2 entries and x[1] has 1 entry"),
        ({"x": [1, [2]]}, "x[0] is a number and x[1] has 1 entry"),
        ({"x": [[[1], [2]], [[3], [4, 5]]]}, "x[0][0] has 1 entry and x[1][1] has 2 entries"),
        ({"d": {"a b": [[1], []]}}, 'd["a b"][0] has 1 entry and d["a b"][1] has 0 entries'),
        ({"x": [1, None]}, "the value of 'x[1]' must be a number, not null"),
        ({"x": [[1], [True]]}, "the value of 'x[1][0]' must be a number, not true or false"),
    ],
)
def test_ragged_lists_are_refused_with_the_place(data: object, said: str) -> None:
    with pytest.raises(RequestError) as caught:
        point_from_data(data)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ({"x": "a"}, "the value of 'x' must be a number, not 'a'"),
        ({"x": 1 + 2j}, "the value of 'x' must be a number, not (1+2j)"),
        ({"x": 10**400}, "the value of 'x' is beyond the largest float"),
        ({"x": [1, None]}, "the value of 'x[1]' must be a number, not None"),
        ({"x": {"a": object}}, """the value of 'x["a"]' must be a number, not <class 'object'>"""),
        ({0: 1.0}, "the name of an input is a text, not 0"),
    ],
)
def test_what_a_program_gives_is_refused_by_an_error_of_adcalc(at: dict[Any, Any], said: str) -> None:
    with pytest.raises(RequestError) as caught:
        gradient("x^2", at)
    assert said in caught.value.message
