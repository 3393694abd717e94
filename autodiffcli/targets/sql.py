"""SQL: one SELECT over a named table, with the value and the partial derivatives of every row, or their sum or mean.

What the results share is computed once: it is a column of a step before. Steps are levels of the graph, each a common
table expression over the one before it, so they are as few as the graph's shared parts are deep, and no expression and
no query nests deeper than a bound.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from autodiffcli.errors import RequestError, missing_extra
from autodiffcli.graph import CONSTANT, INPUT, Graph, Node
from autodiffcli.primitive import Primitive
from autodiffcli.targets.dialects import DIALECTS, FORMULAS, Dialect
from autodiffcli.targets.formulas import FOLDED, ORDERS, SPECIAL_ORDERS, formula_of
from autodiffcli.targets.function import CONDITIONS, Function
from autodiffcli.targets.header import header
from autodiffcli.targets.names import fresh_prefix

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

__all__ = ["AGGREGATES", "Table", "query", "select"]

_WORDS = {"sum": "SUM", "mean": "AVG"}
AGGREGATES = tuple(_WORDS)
_NUMBERS = ("nan", "inf")
LARGEST = 80
"""Nodes of an expression before a part of it becomes a column of its own."""


@dataclass(frozen=True)
class Table:
    """What the query is asked over.

    name: the table's, with its schema's before a dot if need be. keep: columns to be written beside the results.
    fixed: inputs that have one value for all rows. aggregate: "sum" or "mean" of all rows, or "total", the sum by the
    dialect's most accurate function, or "" for every row.
    """

    name: str
    keep: Sequence[str] = ()
    fixed: Mapping[str, float] = field(default_factory=dict)
    aggregate: str = ""


class _Piece(NamedTuple):
    """A part of an expression: its tree, the first step that has all its columns, and how many nodes it has."""

    tree: Expr
    level: int = 0
    size: int = 1
    condition: bool = False
    value: float | None = None  # of a number that is not nan
    atom: bool = False  # a column or a number, which may be written as often as wanted


def query(function: Function, dialect: str, table: Table) -> str:
    """Return the query, with a comment before it. Raises what `select` raises."""
    text = select(function.graph, function.labels, dialect, table)
    names = {name: name for name in function.graph.inputs if name not in table.fixed}
    notes = [
        *header(function, names, None, lambda k: f"column {len(table.keep) + k + 1}"),
        *DIALECTS[dialect].notes,
    ]
    return "".join(f"-- {line}\n" for line in notes) + text + ";\n"


def select(graph: Graph, labels: Sequence[str], dialect: str, table: Table) -> str:
    """Return the query of a graph's outputs under these labels.

    Raises RequestError for names that a table cannot have, what the dialect cannot write, and without the extra 'sql'.
    """
    try:
        import sqlglot  # noqa: F401
    except ImportError:
        raise missing_extra("SQL", "sql") from None
    spoken = DIALECTS[dialect]
    _check_columns(graph, labels, spoken, table)
    return _Writer(_spelled_out(graph, spoken, table.fixed), dialect, spoken, table).write(labels)


def _check_columns(graph: Graph, labels: Sequence[str], dialect: Dialect, table: Table) -> None:
    fold = str.lower if dialect.folds else str
    columns = [name for name in graph.inputs if name not in table.fixed]
    for names, what in (
        (columns, f"one column in {dialect.title}"),
        ([*table.keep, *labels], "written twice"),
    ):
        seen: dict[str, str] = {}
        for name in names:
            if (other := seen.get(fold(name))) is not None:
                hint = "rename one of them" if names is columns else "leave that column out of --keep"
                raise RequestError(f"{other!r} and {name!r} would be {what}", hint=hint)
            seen[fold(name)] = name


def _spelled_out(graph: Graph, dialect: Dialect, fixed: Mapping[str, float]) -> Graph:
    """Return the graph of what the dialect has: operations that it lacks by others, fixed inputs as numbers."""
    new = Graph(graph.source)
    nodes: list[Node | float] = []
    live = graph.live(graph.outputs)
    for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        if op is INPUT:
            name = graph.names[i]
            nodes.append(fixed[name] if name in fixed else Node(new, new.input(name)))
        elif op is CONSTANT:
            nodes.append(graph.constants[i])
        else:
            nodes.append(_spelled(op, [nodes[a] for a in args], dialect) if live[i] else math.nan)
    for i in graph.outputs:
        node = nodes[i]
        new.outputs.append(node.id if isinstance(node, Node) else new.constant(float(node)))
    return new


def _spelled(op: Primitive, xs: list[Node | float], dialect: Dialect) -> Node | float:
    """Apply an operation as the dialect has it.

    Formulas are made of simpler primitives, so this recursion is as deep as the table of them, and no deeper.
    """
    if not any(isinstance(x, Node) for x in xs):
        return op.evaluate(*xs)  # type: ignore[arg-type]
    if op.name in dialect.forms:
        if len(xs) == 1 and op.name in FOLDED:
            return xs[0]
        return Node.apply_primitive(op, xs)
    formula = FORMULAS.get(op.name) or formula_of(op)
    order = op.name in SPECIAL_ORDERS
    if formula is None or (order and (isinstance(xs[0], Node) or xs[0] not in ORDERS)):
        raise RequestError(
            f"{op.name} cannot be written in SQL for {dialect.title}, which has no such function",
            hint="adcalc grad --points computes it for a table in a file",
        )
    if op.name in FOLDED:
        return reduce(lambda a, b: _applied(formula, [a, b], dialect), xs)
    return _applied(formula, [int(xs[0]), *xs[1:]] if order else xs, dialect)  # type: ignore[arg-type]


def _applied(formula: Any, xs: Sequence[Node | float], dialect: Dialect) -> Node | float:
    """Run a formula on nodes of a graph of its own, and apply what it is made of."""
    own = Graph()
    operands = [Node(own, own.input(f"a{k}")) if isinstance(x, Node) else x for k, x in enumerate(xs)]
    result = formula(*operands)
    if not isinstance(result, Node):
        return float(result)
    found: list[Node | float] = []
    given = iter([x for x in xs if isinstance(x, Node)])
    live = own.live([result.id])
    for i, (op, args) in enumerate(zip(own.ops, own.args, strict=True)):
        if op is INPUT:
            found.append(next(given))
        elif op is CONSTANT:
            found.append(own.constants[i])
        else:
            found.append(_spelled(op, [found[a] for a in args], dialect) if live[i] else math.nan)
    return found[result.id]


_HOLES = ("a", "b", "c")
_CALLED = re.compile(r"\b(?!CAST)([A-Z][A-Z0-9_]*)\(")
_GUARDED = re.compile(r"(.*) (?:AND|OR) ([ab]) (?:<>|=) nan")
_BINDING = {"Or": 1, "And": 2, "Not": 3, "Add": 5, "Sub": 5, "Mul": 6, "Div": 6, "Mod": 6, "Neg": 7} | dict.fromkeys(
    ("EQ", "NEQ", "LT", "LTE", "GT", "GTE"), 4
)


_PART = re.compile(r'"((?:[^"]|"")+)"|([^\W\d][\w$]*)')


def _parts(name: str) -> list[str]:
    """Return the names that a table's name has between dots; in double quotes a name may have any character.

    >>> _parts('main."my.points"')
    ['main', 'my.points']
    """
    parts, at = [], 0
    while match := _PART.match(name, at):
        parts.append(match[2] or match[1].replace('""', '"'))
        at = match.end() + 1
        if name[at - 1 : at] != ".":
            break
    if at <= len(name) or len(parts) > 3:
        hint = "for example points, or schema.points; what has other characters, in double quotes"
        raise RequestError(f"{name!r} is no name of a table", hint=hint)
    return parts


class _Writer:
    """Writes the graph as trees of sqlglot's, and puts them together as steps."""

    def __init__(self, graph: Graph, name: str, dialect: Dialect, table: Table) -> None:
        from sqlglot import exp

        self.exp = exp
        self.graph, self.name, self.dialect, self.table = graph, name, dialect, table
        self.columns = list(graph.inputs)
        self.prefix = fresh_prefix([text.lower() for text in (*self.columns, *table.keep)])
        self.given = f"{self.prefix}0"  # whether a row has all its inputs
        self.made: list[tuple[str, _Piece]] = []  # the columns that we make
        self.forms: dict[str, Expr] = {}

    def write(self, labels: Sequence[str]) -> str:
        """Return the query, its results under these names."""
        exp, table = self.exp, self.table
        results = self._outputs()
        last = max([1, *[piece.level for piece in results]])
        trees = [piece.tree for piece in results]
        if table.aggregate:
            word = _WORDS.get(table.aggregate, self.dialect.total)
            trees = [exp.Anonymous(this=word, expressions=[tree]) for tree in trees]
        elif self.columns:
            trees = [exp.Case(ifs=[exp.If(this=self._column(self.given), true=tree)]) for tree in trees]
        items = [self._column(name) for name in table.keep]
        items += [self._named(tree, label) for tree, label in zip(trees, labels, strict=True)]
        steps = self._steps(last, results)
        condition = f"\nWHERE {self._text(self._column(self.given))}" if table.aggregate and self.columns else ""
        return f"WITH {steps}\n{self._select(items)}\nFROM {self._step(last)}{condition}"

    def _steps(self, last: int, results: Sequence[_Piece]) -> str:
        """Return the steps 1 to last as common table expressions, each with the columns that later ones need."""
        until = dict.fromkeys([*self.table.keep, *[self.given] * bool(self.columns)], last)
        for piece in [*[piece for _, piece in self.made], *[piece._replace(level=last) for piece in results]]:
            for column in piece.tree.find_all(self.exp.Column):
                until[column.name] = max(until.get(column.name, 0), piece.level)
        born: dict[int, list[tuple[str, Expr]]] = {1: self._inputs()}
        for name, piece in self.made:
            born.setdefault(piece.level + 1, []).append((name, piece.tree))
        text: list[str] = []
        there: list[str] = []
        for level in range(1, last + 1):
            there = [name for name in there if until.get(name, 0) >= level]
            new = [(name, tree) for name, tree in born.get(level, []) if until.get(name, 0) >= level]
            items = [*map(self._column, there), *[self._named(tree, name) for name, tree in new]]
            source = self._step(level - 1) if level > 1 else self._text(self._table())
            fence = "\nOFFSET 0" if self.dialect.fence else ""
            # a table of no columns is none
            body = self._select(items or [self._named(self.exp.Literal.number(1), self.given)])
            text.append(f"{self._step(level)} AS (\n{body}\nFROM {source}{fence}\n)")
            there += [name for name, _ in new]
        return ", ".join(text)

    def _inputs(self) -> list[tuple[str, Expr]]:
        """Return the columns of the first step: those of the table, inputs as doubles, and whether all are there."""
        exp = self.exp
        kept = [(name, self._column(name)) for name in self.table.keep if name not in self.columns]
        inputs = [(name, exp.cast(self._column(name), "DOUBLE")) for name in self.columns]
        there = [exp.Not(this=exp.Is(this=self._column(name), expression=exp.Null())) for name in self.columns]
        return [*kept, *inputs, *[(self.given, exp.and_(*there, wrap=False)) for _ in there[:1]]]

    def _outputs(self) -> list[_Piece]:
        """Return the outputs as expressions of the columns that are made: of what is used twice, or is large."""
        graph, pieces = self.graph, dict[int, _Piece]()
        live = graph.live(graph.outputs)
        uses = graph.uses(live)
        for i in graph.outputs:
            uses[i] += 1
        for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
            if not live[i]:
                continue
            if op is CONSTANT:
                pieces[i] = self._literal(graph.constants[i])
            elif op is INPUT:
                pieces[i] = _Piece(self._column(graph.names[i]), 1, atom=True)
            else:
                piece = self._operation(op, [pieces[a] for a in args])
                pieces[i] = self._local(piece) if uses[i] > 1 else piece
        return [self._typed(self._number(pieces[i])) for i in graph.outputs]

    def _operation(self, op: Primitive, found: list[_Piece]) -> _Piece:
        """Return an operation as an expression."""
        if op.name in FOLDED and len(found) > 2:
            *before, final = found
            found = [reduce(lambda a, b: self._operation(op, [a, b]), before), final]
        conditions = CONDITIONS.get(op.name, ())
        found = [self._test(p) if k in conditions else self._number(p) for k, p in enumerate(found)]
        form = self.dialect.forms[op.name]
        if op.name == "pow" and found[1].value == 2.0:
            form, found = self.dialect.forms["square"], found[:1]
        elif op.name == "div" and found[1].value:
            form = self.dialect.forms["quotient"]
        elif op.name == "div" and found[0].value and math.isfinite(found[0].value):
            form = self.dialect.forms.get("reciprocal", form)
        elif guarded := _GUARDED.fullmatch(form):  # a number needs no guard against nan
            guards = found if op.name in ("equal", "not_equal") else [found[_HOLES.index(guarded[2])]]
            form = guarded[1] if any(p.value is not None for p in guards) else form
        return self._filled(form, found)._replace(condition=op.condition)

    def _filled(self, form: str, found: list[_Piece]) -> _Piece:
        """Return a form with its holes filled, by columns where they are filled twice or all would be too large."""
        exp = self.exp
        tree = self._form(form).copy()
        holes = [column for column in tree.find_all(exp.Column) if column.name in _HOLES]
        for k, name in enumerate(_HOLES[: len(found)]):
            if sum(hole.name == name for hole in holes) > 1:
                found[k] = self._local(found[k])
        while sum(p.size for p in found) > LARGEST:
            k = max(range(len(found)), key=lambda k: found[k].size)
            found[k] = self._local(found[k])
        for hole in holes:
            hole.replace(self._operand(found[_HOLES.index(hole.name)], hole))
        level = max(p.level for p in found)
        return _Piece(tree, level, len(holes) + sum(p.size for p in found))

    def _operand(self, piece: _Piece, hole: Expr) -> Expr:
        """Return what fills a hole: in brackets where the operation around it binds closer, as a double."""
        exp, parent = self.exp, hole.parent
        tree = piece.tree.copy() if piece.atom else piece.tree
        around, within = _BINDING.get(type(parent).__name__, 0), _BINDING.get(type(tree).__name__, 9)
        if around < 4:  # an argument of a function, not an operand
            tree = self._typed(piece._replace(tree=tree)).tree
        right = hole.arg_key == "expression" or around == 7
        closer = within <= around if right or around == 4 else within < around
        return exp.Paren(this=tree) if around and (closer or (right and within == 7)) else tree

    def _form(self, form: str) -> Expr:
        """Return the tree of a form, with its numbers nan and inf filled in."""
        import sqlglot

        if form not in self.forms:
            # functions that sqlglot knows it would write in a way of its own, which may mean another one
            tree = sqlglot.parse_one(_CALLED.sub(r"ad_\1(", form), read=self.name)
            for call in tree.find_all(self.exp.Anonymous):
                call.set("this", call.name.removeprefix("ad_"))
            for column in list(tree.find_all(self.exp.Column)):
                if column.name in _NUMBERS:
                    column.replace(self._literal(float(column.name)).tree)
            self.forms[form] = tree
        return self.forms[form]

    def _literal(self, value: float) -> _Piece:
        exp = self.exp
        if not math.isfinite(value):
            text = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
            tree = exp.cast(exp.Literal.string(text), "DOUBLE")
        elif value == 0 and math.copysign(1.0, value) < 0:
            tree = exp.cast(exp.Literal.string("-0"), "DOUBLE")
        else:
            text = repr(abs(float(value)))  # an exponent makes a double of a number, which is a decimal without
            tree = exp.Literal.number(text if "e" in text else f"{text.removesuffix('.0')}e0")
            tree = exp.Neg(this=tree) if value < 0 else tree
        return _Piece(tree, value=None if math.isnan(value) else float(value), atom=True)

    def _typed(self, piece: _Piece) -> _Piece:
        """Return a number that stands alone as a double, where the dialect would take it for a decimal."""
        if self.dialect.bare or piece.value is None or not math.isfinite(piece.value):
            return piece
        return piece._replace(tree=self.exp.cast(piece.tree, "DOUBLE"))

    def _number(self, piece: _Piece) -> _Piece:
        """Return a condition as a number, anything else as it is."""
        if not piece.condition:
            return piece
        return self._filled("CASE WHEN a THEN 1e0 ELSE 0e0 END", [piece])

    def _test(self, piece: _Piece) -> _Piece:
        """Return a number as a condition: nan holds, as all that is not 0 does."""
        return piece if piece.condition else self._filled("a <> 0", [piece])

    def _local(self, piece: _Piece) -> _Piece:
        """Return a column that an expression becomes; a number stays one."""
        if piece.atom:
            return piece
        name = f"{self.prefix}{len(self.made) + 1}"
        piece = self._typed(piece)
        level = max(piece.level, 1)
        self.made.append((name, piece._replace(level=level)))
        return _Piece(self._column(name), level + 1, condition=piece.condition, atom=True)

    def _column(self, name: str) -> Expr:
        return self.exp.column(self.exp.to_identifier(name, quoted=True))

    def _named(self, tree: Expr, name: str) -> Expr:
        return (
            tree
            if tree.name == name and isinstance(tree, self.exp.Column)
            else self.exp.alias_(tree, name, quoted=True)
        )

    def _table(self) -> Expr:
        parts = _parts(self.table.name)
        names = [self.exp.to_identifier(part, quoted=True) for part in reversed(parts)]
        return self.exp.Table(**dict(zip(("this", "db", "catalog"), names, strict=False)))

    def _step(self, level: int) -> str:
        word = "stage" if re.match(r"(?i)step\d", _parts(self.table.name)[-1]) else "step"
        return f"{word}{level}"

    def _select(self, items: Sequence[Expr]) -> str:
        return "SELECT\n" + ",\n".join(f"  {self._text(item)}" for item in items)

    def _text(self, tree: Expr) -> str:
        return tree.sql(dialect=self.name, comments=False)
