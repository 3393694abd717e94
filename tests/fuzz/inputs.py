"""Inputs out of a stream of random numbers: fast, since a million of each kind are wanted.

The numbers may also be the bytes that a coverage-guided fuzzer mutates (`dice_of`): every number is one choice, and a
stream that has run dry gives 0, with which every choice here takes its plainest alternative and ends.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from tests.fuzz.words import (
    ARRAYS,
    AT,
    CHUNKS,
    ENDS,
    GROWING,
    HOSTILE,
    KEYWORDS,
    NUMBERS,
    SIGNS,
    SUBSCRIPTS,
    VALUES,
    WORDS,
    written,
)

__all__ = ["Dice", "Inputs", "dice_of"]

Dice = Callable[[], float]
"""Numbers from 0 up to but not including 1."""

T = TypeVar("T")

_TOKENS = [*SIGNS, *WORDS, *NUMBERS, *CHUNKS]
_LEAVES = ["x", "y", "2", "θ", "0", "0.5", "1e300", "pi", "e", "inf", "nan", "2x", "z", "x1", "-3", "10"]
_BINARY = ["+", "*", "-", "/", "^", "%", "·", "÷", "−", "**", " - ", "*-", "^-"]
_COMPARED = ["<", "<=", "==", "!=", "≥", ">"]
_CALLS = [word for word in WORDS if word.isascii() and len(word) > 2 and word not in ("else", "and", "not")]
_REDUCED = [
    "sum",
    "mean",
    "prod",
    "norm",
    "max",
    "min",
    "var",
    "std",
    "logsumexp",
    "trace",
    "det",
    "len",
    "dot",
    "softmax",
]
_SHAPED = [f"{name}({{}})" for name in (*_REDUCED, "inv", "cumsum", "diag", "transpose", "sin", "exp", "abs", "ln")]
_SHAPED += [
    "{}'",
    "-{}",
    "{}^2",
    "2*{}",
    "(x, {})[1]",
    '{{"a": {}}}["a"]',
    '{{"a": x, "b": {}}}.b',
    "[{}]",
    "({},)",
    "√{}",
]
_SHAPED += [
    "reshape({}, -1)",
    "reshape({}, 2, 2)",
    "broadcast({}, 2, 2)",
    "stack({}, {})",
    "concat({}, {})",
    "outer({}, {})",
]
_SHAPED += ["dot({}, {})", "solve({}, {})", "cross({}, {})", 'einsum("ij,jk->ik", {}, {})', 'einsum("i,i", {}, {})']
_SHAPED += [
    "where({} > 0, {}, 0)",
    "[{}, {}]",
    "max({}, {})",
    "stack(({}, {}), axis=1)",
    "D({}, x)",
    "grad(sum({}), X)",
]
_MADE = [
    "[[1,2],[3,4]]",
    "[[0.5, -1.5], [2, 0.25]]",
    "[1, 2, 3]",
    "[]",
    "[[1],[2,3]]",
    '{"cat": 2, "dog": (1, [2, 3])}',
]
_MADE += [
    "(1, [2, 3])",
    "{}",
    "()",
    "zeros(2, 2)",
    "eye(2)",
    "[1, nan]",
    "[x]",
    '{"cat": 1, "cat": 2}',
    "@w.npy",
    "arange(1e9)",
]
_MADE += [
    "[" * 60 + "1" + "]" * 60,
    "[[[1, 2]]]",
    "1±0.1",
    "[1]±0.1",
    "[[1,2],[3,4]] @ [1, 2]",
    "[1, 2][0]",
    '{"a": {"a": {}}}',
]
_RANGES = [(0x20, 0x7F), (0x20, 0x7F), (0, 0x20), (0x7F, 0x250), (0x300, 0x370), (0x2000, 0x2300), (0xD800, 0xE000)]
_RANGES += [(0x10000, 0x110000), (0x370, 0x2000), (0xFE00, 0x10000)]


def dice_of(data: bytes) -> Dice:
    """Return dice that fall as bytes say, two for each throw, and show 0 when they are used up."""
    place = 0

    def throw() -> float:
        nonlocal place
        low, high = data[place : place + 1], data[place + 1 : place + 2]
        place += 2
        return (256 * (low[0] if low else 0) + (high[0] if high else 0)) / 65536

    return throw


@cache
def _seeds() -> list[str]:
    return [*written(), *HOSTILE]


class Inputs:
    """Random inputs of every kind, from dice."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self.dice() * len(choices))]

    def below(self, most: int) -> int:
        return int(self.dice() * most)

    def text(self) -> str:
        """Return an expression: mostly grown by the grammar, or a known one, whole or damaged; or noise."""
        kind = self.below(10)
        if kind == 9 and not self.below(200):
            return self.pick(GROWING)
        if kind < 3:
            return self.program()
        if kind < 4:
            return self.pick(_seeds())
        if kind < 7:
            return self.damaged(self.program() if kind == 4 else self.pick(_seeds()))
        if kind < 9:
            return self.pick(["", " "]).join([self.pick(_TOKENS) for _ in range(self.below(25))])
        return self.noise()

    def grown(self, depth: int) -> str:
        """Return an expression of the grammar, right in its syntax."""
        kind = self.below(12) if depth else 0
        if kind < 2:
            return self.pick(_LEAVES)
        part = self.grown(depth - 1)
        if kind < 5:
            return part + self.pick(_BINARY) + self.grown(depth - 1)
        if kind < 7:
            return f"{self.pick(_CALLS)}({part})"
        if kind == 7:
            return f"{self.pick(_CALLS)}({part}, {self.grown(depth - 1)})"
        if kind == 8:
            return f"where({part}{self.pick(_COMPARED)}{self.grown(depth - 1)}, {self.grown(depth - 1)}, x)"
        if kind == 9:
            return self.pick(["({})", "-{}", "√{}", "({})²", "({})!", "(y if {} > 0 else x)", "{}⁻¹"]).format(part)
        if kind == 10:
            return f"{self.pick(_REDUCED)}({self.array(depth - 1)})"
        return f"D({part}, {self.pick(['x', 'y', 'x, 2', 'x, y', 'x, x, x', 'y, 7'])})"

    def array(self, depth: int) -> str:
        """Return an expression whose value is an array, or a structure of them, mostly."""
        kind = self.below(8) if depth else 0
        if kind < 2:
            return self.pick(ARRAYS)
        part = self.array(depth - 1)
        if kind == 2:
            return f"{part} {self.pick(['@', '@', '+', '*', '-', '/', '^', '%'])} {self.array(depth - 1)}"
        if kind == 3:
            return f"({part})[{self.pick(SUBSCRIPTS)}]"
        if kind == 4:
            return f"{self.pick(_REDUCED)}({part}, {self.pick(KEYWORDS)})"
        if kind == 5:
            return f"{self.pick(WORDS)}({part}, {self.pick([*KEYWORDS, self.grown(1)])})"
        shape = self.pick(_SHAPED)
        return shape.format(part, self.array(depth - 1) if shape.count("{}") > 1 else "")

    def program(self) -> str:
        kind = self.below(12)
        if kind == 1:
            return f"a = {self.grown(2)}\n{self.grown(2)} + a # then"
        if kind == 2:
            return f"f(x) = {self.grown(2)}; {self.grown(2)} + f(f(y))"
        if kind == 3:
            return f"({self.grown(2)}, {self.grown(2)})"
        if kind == 4:
            return f'{{"a": {self.grown(2)}, "b": {self.array(2)}}}'
        if kind == 5:
            body = self.pick(["p.a + p.b", "sum(p.b)*p.a", "p", "(p.a, p)", "p[0]", "D(p.a, x)"])
            given = self.pick(["d", "t", f'{{"a": {self.grown(1)}, "b": {self.array(1)}}}'])
            return f"f(p) = {body}; f({given})"
        if kind == 6:
            return f"A = {self.array(2)}; {self.pick(['sum(A)', 'A', 'A[0]', 'sum(A @ A)', 'A.a'])}"
        return self.array(3) if kind == 7 else self.grown(4)

    def damaged(self, text: str) -> str:
        """Return a text with a few pieces cut out, put in, doubled or moved."""
        for _ in range(1 + self.below(3)):
            start = self.below(len(text) + 1)
            end = min(len(text), start + self.below(8))
            kind = self.below(5)
            if kind == 0:
                text = text[:start] + text[end:]
            elif kind == 1:
                text = text[:start] + self.pick(_TOKENS) + text[end:]
            elif kind == 2:
                text = text[:end] + text[start:end] * self.below(20) + text[end:]
            elif kind == 3:
                other = self.pick(_seeds())
                text = text[:start] + other[self.below(len(other)) :]
            else:
                text = text[:start] + self.noise(4) + text[end:]
        return text

    def noise(self, most: int = 30) -> str:
        """Return characters of any kind: controls, combining ones and lone surrogates among them."""
        low, high = self.pick(_RANGES)
        return "".join([chr(low + self.below(high - low)) for _ in range(self.below(most))])

    def point(self) -> str:
        """Return a text as --at takes it."""
        kind = self.below(10)
        if kind == 9:
            return self.noise()
        if kind == 8:
            return self.text()
        names = ["x", "y", "θ", "X", "W", "d", "z", "x1", "pi", "sin", "1", "", "e\u0301"]
        pairs = [
            f"{self.pick(names[: 2 + self.below(12)])}{'=' if self.below(20) else self.pick(_TOKENS)}{self.value()}"
            for _ in range(self.below(5))
        ]
        text = self.pick([",", ", ", "\n", ";", " "]).join(pairs)
        return self.damaged(text) if kind > 5 else text

    def value(self) -> str:
        kind = self.below(9)
        if kind == 8:
            return self.pick(_MADE) if self.below(4) else self.array(2)
        if kind < 4:
            return self.pick(VALUES)
        return repr((self.dice() - 0.5) * 10.0 ** self.below(5)) if kind < 7 else self.text()

    def data(self, depth: int = 2) -> Any:
        """Return what JSON may hold."""
        kind = self.below(10 if depth else 6)
        if kind < 2:
            return (self.dice() - 0.5) * 10
        if kind < 6:
            return [self.below(10**9) * 10 ** self.below(400), self.text(), self.pick([None, True, 1e400]), "1"][
                kind - 2
            ]
        if kind == 6:
            return [self.data(depth - 1) for _ in range(self.below(3))]
        if kind == 7:
            return self.pick(
                [*AT.values(), [[1], [2, 3]], [], [[]], [[[1, 2]]], [1, None], ["1"], [1, [2]], {"cat": [1e400]}]
            )
        return {self.pick(["x", "y", "θ", "X", "d", self.noise(3)]): self.data(depth - 1) for _ in range(self.below(4))}

    def record(self) -> bytes:
        """Return a line of JSON with an expression and a point, or something like it."""
        kind = self.below(10)
        if kind == 9:
            return self.noise().encode("utf-8", "surrogatepass")
        record: dict[str, Any] = {
            "id": self.below(99),
            "expr": self.text(),
            "at": self.point() if kind < 3 else self.data(1),
        }
        if kind in (3, 4):
            record["at"] = {name: self.below(9) / 4 for name in ("x", "y")}
            if kind == 4:
                record["at"] |= {name: AT[name] for name in AT if self.below(2)}
        if kind == 5:
            record[self.pick(["id", "expr", "at", "z"])] = self.data()
        text = json.dumps(record if kind < 8 else self.data(), ensure_ascii=bool(self.below(2)))
        if kind == 7:
            text = self.damaged(text)
        return text.replace("\n", " ").encode("utf-8", "surrogatepass")

    def table(self, kind: str) -> bytes:
        """Return a table of points as csv, tsv or jsonl."""
        rows = range(self.below(6))
        end = self.pick(ENDS[: 1 + self.below(len(ENDS))])
        if kind == "jsonl":
            found = [self.row().encode("utf-8", "surrogatepass") if self.below(8) else self.record() for _ in rows]
            return end.encode().join(found)
        between = "\t" if kind == "tsv" else ","
        header = self.pick(["x,y", "y,x,t", '"x","y"', "\ufeffx,y", "x ,y", "x,x,y", "x", "", "value,x,y", "x,y,θ"])
        lines = [header.replace(",", between)]
        for _ in rows:
            width = 1 + self.below(4) if not self.below(6) else header.count(",") + 1
            lines.append(between.join([self.cell() for _ in range(width)]))
        text = end.join(lines) + self.pick([end, "", '"', "\r", "\x00"][: 1 + self.below(5)])
        text = self.damaged(text) if not self.below(4) else text
        return text.encode("utf-8", "surrogatepass") if self.below(20) else text.encode("utf-16", "surrogatepass")

    def cell(self) -> str:
        kind = self.below(12)
        if kind < 8:
            return repr((self.dice() - 0.5) * 10.0 ** self.below(5))
        if kind < 11:
            return self.pick(
                [*VALUES, "", " ", "x", '"1"', '"', "'1'", '"1,5"', "1e999", "1_000", "\x00", "１", '"a\nb"']
            )
        return self.text()

    def row(self) -> str:
        kind = self.below(8)
        if kind < 5:
            return f'{{"x": {self.pick(VALUES[:8])}, "y": {self.below(9)}.5}}'
        found = {name: self.data(1) for name in ("x", "y", "value", "t")[: 1 + self.below(4)]}
        text = json.dumps(found)
        return self.damaged(text) if kind == 7 else text
