"""From text straight into the graph: each method is what one alias of the grammar means."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from autodiffcli.derivatives import pullback, pushforward
from autodiffcli.errors import RequestError, Span
from autodiffcli.graph import CONSTANT, UNKNOWN, Graph, growing
from autodiffcli.language.containers import Containers, Keyword
from autodiffcli.language.lalr import Callback, Grammar, UnexpectedToken
from autodiffcli.language.tables import load
from autodiffcli.limits import expansion
from autodiffcli.primitive import FUNCTIONS, PRIMITIVES, Primitive, Shape
from autodiffcli.primitives import add, div, logical_and, logical_not, logical_or, mod, mul, neg, pow, sub, where
from autodiffcli.primitives.selection import equal, greater, greater_equal, less, less_equal, not_equal
from autodiffcli.structures import Items, form_of, leaves, path_text, rebuilt

__all__ = ["RESERVED", "Parser", "grammar", "normalised", "parse", "read"]

RESERVED = {"pi": math.pi, "π": math.pi, "e": math.e, "tau": math.tau, "τ": math.tau, "inf": math.inf, "nan": math.nan}
"""Names that are constants."""

_DERIVATIVES = {"D": None, "grad": 1, "jacobian": 1, "hessian": 2}
"""The derivatives that an expression may hold: how often each differentiates, None where its arguments say."""

_SPELLINGS = {"π": "pi", "τ": "tau"}
_COMPARISONS = {
    "<": less,
    "<=": less_equal,
    "≤": less_equal,
    ">": greater,
    ">=": greater_equal,
    "≥": greater_equal,
    "==": equal,
    "!=": not_equal,
    "≠": not_equal,
}
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
MAX_INLINED = 50
"""Functions of structures that call each other, deep."""

MAX_EXPONENT_LENGTH = 10
"""Characters of the exponent of a number that is taken exactly."""


class _Function(NamedTuple):
    """A defined function: the nodes of its body that depend on its parameters, in order."""

    parameters: list[int]
    body: list[int]
    result: int
    names: list[str]
    text: Span  # of its body
    generic: bool  # read again at each call: what its parameters are decides what it means


@lru_cache(maxsize=1)
def grammar() -> Grammar:
    """Return the grammar of the language, its tables loaded once."""
    return Grammar(load())


def parse(
    text: str,
    *,
    share: bool = True,
    exact: bool = False,
    shapes: Mapping[str, Shape] | None = None,
    structures: Mapping[str, Any] | None = None,
) -> Graph:
    """Parse a program into its computation graph, whose `outputs` holds the node that is its value.

    share: equal nodes are one node. exact: numbers keep their text (see `Graph`), to prove digits with.
    shapes: the shapes of inputs that are arrays; the others are numbers. structures: dicts, tuples and lists that stand
    for inputs of that form, their leaves numbers or arrays; each leaf is an input, named d["cat"] or t[0]. A program
    whose value is a structure has an output for each leaf of it.

    Raises RequestError with the place for everything that is not the language, and for shapes that do not fit.

    >>> g = parse("a = x1*x2; a + sin(a)")
    >>> list(g.inputs), [op.name for op in g.ops]
    (['x1', 'x2'], ['input', 'input', 'mul', 'sin', 'add'])
    >>> list(parse("d.cat^2", structures={"d": {"cat": 1.0, "dog": (2.0, 3.0)}}).inputs)
    ['d["cat"]', 'd["dog"][0]', 'd["dog"][1]']
    """
    if not isinstance(text, str):
        raise RequestError(f"an expression is a text, or a graph that parse returned, not {text!r:.40}")
    with growing():
        return Parser(text, share, exact, {} if shapes is None else shapes, structures or {}).program()


def read(parser: Parser, start: str, callbacks: dict[str, Callback], within: Span | None = None) -> Any:
    """Run the grammar over a parser's source, or a part of it; syntax errors come back explained."""
    try:
        return grammar().parse(start, parser.joined, callbacks, within)
    except UnexpectedToken as unexpected:
        from autodiffcli.language.mistakes import explain

        raise explain(parser.source, unexpected, grammar(), point=start == "point") from None


_LINES = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|[(\[{)\]}\n]')
"""What matters to where a line ends: keys and comments, which hide the rest, brackets, and line ends."""


def join_lines(text: str) -> str:
    """Blank out the line ends inside brackets, so that an expression may go on there; places stay as they were."""
    if "\n" not in text or not ("(" in text or "[" in text or "{" in text):
        return text
    depth = 0

    def joined(match: re.Match[str]) -> str:
        nonlocal depth
        found = match[0]
        if found in "([{":
            depth += 1
        elif found in ")]}":
            depth = max(0, depth - 1)
        elif depth and found[0] in "\n#":
            return " " * len(found)
        return found

    return _LINES.sub(joined, text)


def normalised(text: str) -> str:
    """Return text in Unicode's composed form, without a byte order mark, its line ends plain."""
    if not text.isascii():
        from unicodedata import normalize

        text = normalize("NFC", text.removeprefix("\ufeff"))
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _binary(op: Primitive) -> Callable[[Parser], Callback]:
    def bind(parser: Parser) -> Callback:
        apply = parser.graph.apply

        def callback(v: list[Any], start: int, end: int) -> int:
            try:
                return apply(op, (v[0], v[2]), start, end)
            except TypeError:  # a structure, which cannot be hashed: so numbers need no test
                parser.numeric([v[0], v[2]], op.symbol, (start, end))
                raise

        return callback

    return bind


class Parser(Containers):
    """The meaning of a program while it is read: names bound so far, and the graph that grows."""

    def __init__(
        self,
        text: str,
        share: bool = True,
        exact: bool = False,
        shapes: Mapping[str, Shape] = MappingProxyType({}),
        structures: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.source = normalised(text)
        self.joined = join_lines(self.source)
        self.shapes, self.structures = shapes, structures
        self.graph = Graph(self.source, share, exact)
        self.scope: dict[str, Any] = {}  # nodes, and structures of nodes
        self.outer: dict[str, Any] | None = None  # the program's scope while a function's body is read
        self.functions: dict[str, _Function] = {}
        self.bound: dict[str, tuple[int, int]] = {}  # where a name was bound
        self.defining: tuple[str, list[str], list[int], int, int] | None = None
        self.generic = False  # whether what the function being read means depends on what its parameters are
        self.inlined: list[str] = []  # the functions whose bodies are being read again
        self.numbers: dict[str, int] = {}
        self.output: tuple[Any, int, int] | None = None
        self.last_bound: Any = None
        self.expanded = 0

    def program(self) -> Graph:
        """Parse the source as a program."""
        read(self, "program", self.callbacks())
        if self.output is not None:
            result = self.output[0]
        elif self.last_bound is not None:
            result = self.last_bound
        else:
            defined = next(iter(self.functions), "")
            hint = f"end with one that uses {defined}" if defined else "write one, for example x^2 + 1"
            raise RequestError("there is no expression to evaluate", source=self.source, hint=hint)
        graph = self.graph
        graph.outputs = [result]
        if result.__class__ is not int:
            found = self.leaves_of(result, self.output_span() or (0, len(self.source)))
            graph.result, graph.outputs = form_of(result), [leaf.value for leaf in found]
            if any(isinstance(step, str) for leaf in found for step in leaf.path):
                taken = {name.partition("[")[0] for name in graph.inputs}
                y = next((name for name in "yfzgh" if name not in taken), "u")
                graph.labels = [path_text(y, leaf.path) for leaf in found]
            if not graph.outputs:
                raise RequestError("the value is an empty structure", source=self.source, span=self.output_span())
        return graph.leveled()

    def output_span(self) -> Span | None:
        """Return where the output stands."""
        return None if self.output is None else self.output[1:]

    def callbacks(self) -> dict[str, Callback]:
        """Return what each alias of the grammar calls."""
        table: dict[str, Callback] = dict(zip(_METHODS, attrgetter(*_METHODS)(self), strict=True))
        return table | {name: make(self) for name, make in _BINARY.items()} | dict.fromkeys(_SILENT, _nothing)

    # Statements

    def result(self, v: list[Any], start: int, end: int) -> None:
        self._statement()
        self.output = (v[0], start, end)

    def bind(self, v: list[Any], start: int, end: int) -> None:
        self._statement()
        name = v[0]
        self._claim(name, start)
        self.scope[name] = self.last_bound = v[2]

    def header(self, v: list[Any], start: int, end: int) -> None:
        self._statement()
        name, parameters = v[0], v[2]
        self._claim(name, start)
        first = len(self.graph)
        self.outer = self.scope
        self.scope = dict(self.scope)
        nodes = []
        for parameter in parameters:
            if parameter in RESERVED or parameters.count(parameter) > 1:
                what = "a constant" if parameter in RESERVED else "there twice"
                self.refuse(f"'{parameter}' cannot be a parameter of {name}: it is {what}", (start, end))
            nodes.append(self.graph.parameter(UNKNOWN))
            self.scope[parameter] = nodes[-1]
        self.defining, self.generic = (name, parameters, nodes, first, end), False

    def define(self, v: list[Any], start: int, end: int) -> None:
        assert self.defining is not None and self.outer is not None
        name, names, parameters, first, begin = self.defining
        args, result = self.graph.args, v[1]
        generic = self.generic or result.__class__ is not int
        if generic:
            result = parameters[0]
        varying, needed, made = set(parameters), {result}, range(first, len(args))  # older nodes know no parameter
        for i in made:
            if not varying.isdisjoint(args[i]):
                varying.add(i)
        for i in reversed(made):
            if i in needed:
                needed.update(args[i])
        body = [i for i in made if args[i] and i in varying and i in needed]
        self.functions[name] = _Function(parameters, body, result, names, (begin, end), generic)
        shapes = self.graph.shapes
        for i in made:
            if shapes.get(i) == UNKNOWN:  # only the body asks, and where there are no shapes nobody infers one
                del shapes[i]
        self.scope, self.outer, self.defining = self.outer, None, None

    def inline(self, name: str, args: list[Any], start: int, end: int) -> Any:
        """Return the value of a function's body, read again with its parameters bound to arguments."""
        function = self.functions[name]
        if len(self.inlined) >= MAX_INLINED:
            self.refuse(f"functions of structures call each other more than {MAX_INLINED} deep", (start, end))
        self._expand(function.text[1] - function.text[0], start, end)
        kept = self.scope, self.outer, self.output
        program = self.scope if self.outer is None else self.outer
        self.scope, self.outer, self.output = {**program, **dict(zip(function.names, args, strict=True))}, program, None
        self.inlined.append(name)
        read(self, "program", self.callbacks(), function.text)
        found: Any = self.output  # there, since the body is an expression
        value = found[0]
        self.inlined.pop()
        self.scope, self.outer, self.output = kept
        return value

    def _statement(self) -> None:
        """Refuse to go on after an expression whose value nothing would use."""
        if self.output is not None:
            self.refuse(
                "this expression is not the last one, so its value is lost",
                self.output[1:],
                "bind it to a name (a = ...) and use that, or take it out",
            )

    def _claim(self, name: str, start: int) -> None:
        """Take a name for a binding or function; refuse one that means something already."""
        span = (start, start + len(name))
        if name in RESERVED:
            self.refuse(
                f"'{name}' is a constant and cannot be bound", span, f"choose another name, for example {name}_"
            )
        if name in FUNCTIONS:
            self.refuse(
                f"'{name}' is a function and cannot be bound", span, f"choose another name, for example {name}_"
            )
        if name in self.bound:
            self.refuse(f"'{name}' is bound twice", span, "choose another name for the second")
        if name in self.graph.inputs:
            self.refuse(f"'{name}' was used as an input before it is bound here", span, "bind it above its first use")
        self.bound[name] = span

    # Operands

    def number(self, v: list[Any], start: int, end: int) -> int:
        text = v[0]
        found = self.numbers.get(text)
        if found is None:
            try:
                value = float(text)
            except ValueError:  # 1__000
                self.refuse(f"'{text}' is not a number", (start, end), "single underscores may separate digits: 1_000")
            if self.graph.exact:
                found = self.numbers[text] = self._exact_number(value, text, start, end)
                return found
            if value == math.inf:
                self.refuse(f"{text} is beyond the largest float, 1.8e308", (start, end), "write inf if that is meant")
            if value == 0 and text.lower().partition("e")[0].strip("0._"):
                self.refuse(f"{text} is below the smallest float, 4.9e-324", (start, end), "write 0 if that is meant")
            found = self.numbers[text] = self.graph.constant(value, "", start, end)
        return found

    def _exact_number(self, value: float, text: str, start: int, end: int) -> int:
        from decimal import Decimal

        text = text.replace("_", "")
        if len(text.lower().partition("e")[2]) > MAX_EXPONENT_LENGTH:
            self.refuse(f"the exponent of {text} is beyond any use", (start, end), "write 0 or inf if that is meant")
        return self.graph.constant(value, "" if Decimal(value) == Decimal(text) else text, start, end)

    def name(self, v: list[Any], start: int, end: int) -> Any:
        found = self.scope.get(v[0])
        return found if found is not None else self._new_name(v[0], start, end)

    def _new_name(self, name: str, start: int, end: int) -> Any:
        if name in RESERVED:
            node = self.graph.constant(RESERVED[name], _SPELLINGS.get(name, name), start, end)
        elif name in FUNCTIONS or name in self.functions:
            squared = self.source[end:].lstrip()[:1] in tuple("^*²³")  # sin²(x)
            hint = f"write {name}(...)" + f", and its square {name}(...)^2" * squared
            self.refuse(f"'{name}' is a function and needs its arguments", (start, end), hint)
        else:
            node = self._input(name, start, end)
            if self.outer is not None:
                self.outer[name] = node
        self.scope[name] = node
        return node

    def _input(self, name: str, start: int, end: int) -> Any:
        """Return the input of that name: a node, or of one that is a structure the structure of its leaves."""
        graph, value = self.graph, self.structures.get(name)
        if value is None:
            return graph.input(name, start, end, self.shapes.get(name, ()))
        graph.structures[name] = form_of(value)
        nodes = [
            graph.input(path_text(name, leaf.path), start, end, getattr(leaf.value, "shape", ()))
            for leaf in leaves(value)
        ]
        return rebuilt(value, iter(nodes), Items)

    def group(self, v: list[Any], start: int, end: int) -> Any:
        return v[1]

    def first(self, v: list[Any], start: int, end: int) -> list[Any]:
        return [v[0]]

    def more(self, v: list[Any], start: int, end: int) -> list[Any]:
        v[0].append(v[2])
        return v[0]  # type: ignore[no-any-return]

    # Calls

    def call_nothing(self, v: list[Any], start: int, end: int) -> Any:
        return self.call([v[0], "(", [], ")"], start, end)

    def call(self, v: list[Any], start: int, end: int) -> Any:
        name, args = v[0], v[2]
        if name in _DERIVATIVES and name not in self.functions:
            return self._derivative(name, args, start, end)
        declared = FUNCTIONS.get(name)
        if declared is None:
            return self._call_defined(name, args, start, end)
        if isinstance(declared, dict):  # log(x), log(x, b)
            op = declared.get(len(args))
        else:
            least, most = declared.arity
            if most is None and self._over_axes(args):  # max(X, axis=0)
                found = self.array_call(name, args, start, end)
                if found is not None:
                    return found
            op = declared if least <= len(args) and (most is None or len(args) <= most) else None
        if op is None:
            takes = " or ".join(map(str, declared)) if isinstance(declared, dict) else _told_arity(declared)
            plural = "" if takes.endswith("1") else "s"
            self.refuse(f"{name} takes {takes} argument{plural}, not {len(args)}", (start, end))
        if op is where:
            self._condition(args[0], (start, end), "the first argument of where")
        return self.apply(op, tuple(args), start, end)

    def _over_axes(self, args: list[Any]) -> bool:
        """Tell whether arguments ask for the entries of one array, not for several numbers."""
        if len(args) == 1 and args[0].__class__ is int:
            return bool(self.graph.shapes) and self.graph.shape(args[0]) != ()
        return any(isinstance(arg, Keyword) for arg in args)

    def apply(self, op: Primitive, args: tuple[Any, ...], start: int, end: int) -> int:
        """Return the node of an operation. Raises RequestError for arguments that are structures."""
        try:
            return self.graph.apply(op, args, start, end)
        except TypeError:  # a structure, which cannot be hashed: so numbers need no test
            self.numeric(args, op.symbol, (start, end))
            raise

    def _call_defined(self, name: str, args: list[Any], start: int, end: int) -> Any:
        function = self.functions.get(name)
        if function is None:
            found = self.array_call(name, args, start, end)
            if found is None:
                self._not_a_function(name, args, start, end)
            return found
        if len(args) != len(function.parameters):
            count = len(function.parameters)
            self.refuse(f"{name} takes {count} argument{'s' * (count != 1)}, not {len(args)}", (start, end))
        for arg in args:
            if isinstance(arg, Keyword):
                self.numeric([arg], name, (start, end))
        if function.generic or any(arg.__class__ is not int for arg in args):
            if self.defining is not None:  # what the arguments are is not known yet
                self.generic = True
                return self.graph.parameter(UNKNOWN)
            return self.inline(name, args, start, end)
        graph = self.graph
        self._expand(len(function.body), start, end)
        copies = dict(zip(function.parameters, args, strict=True))
        for i in function.body:
            operands = tuple([copies.get(a, a) for a in graph.args[i]])
            copies[i] = graph.apply(graph.ops[i], operands, *(graph.span(i) or (-1, -1)))
        return copies.get(function.result, function.result)

    def _derivative(self, name: str, args: list[Any], start: int, end: int) -> Any:
        """Return the derivative that D(f, x), D(f, x, 2), D(f, x, y), grad(f, x) or hessian(f, x) stands for."""
        self.numeric(args[:1], name, (start, end))
        if len(args) == 2 and name == "grad" and args[1].__class__ is not int and not isinstance(args[1], Keyword):
            whole = self._gradient(args[0], [leaf.value for leaf in self.leaves_of(args[1], (start, end))], start, end)
            return rebuilt(args[1], iter(whole), Items)
        self.numeric(args[1:], name, (start, end))
        graph, named = self.graph, {node for node in self.scope.values() if node.__class__ is int}
        variables: list[int] = []
        for node in args[1:]:
            order = None if graph.shape(node) else graph.constants.get(node)
            if node in named and order is None:
                variables.append(node)
            elif order is not None and order >= 1 and order % 1 == 0 and variables and node not in graph.constant_names:
                variables += [variables[-1]] * (int(min(order, 100)) - 1)
            else:
                variables.clear()
                break
        wanted = _DERIVATIVES[name]
        if not variables or (wanted is not None and len(args) != 2):
            forms = "D(f, x), D(f, x, 2) or D(f, x, y)" if wanted is None else f"{name}(f, x)"
            self.refuse(f"{name} takes an expression and the names to differentiate by", (start, end), f"write {forms}")
        times = variables * (wanted or 1)
        if any(map(graph.shape, (args[0], *variables))):
            known = UNKNOWN not in map(graph.shape, (args[0], *variables))
            if known and len(times) == 1:
                return self._gradient(args[0], variables, start, end)[0]
            if known or self._mixes(args[0], variables):
                return self._unknown_derivative(name, (args[0], *variables), start, end)
        with self._taken_for_numbers():
            result = args[0]
            for variable in times:
                before = len(graph)
                self._expand(before, start, end)  # all of them are passed over
                (result,) = pushforward(graph, [result], {variable: 1.0})
                self._expand(len(graph) - before, start, end)
        return result

    def _mixes(self, output: int, variables: list[int]) -> bool:
        """Tell whether an operation on whole arrays stands between variables and what is differentiated."""
        graph = self.graph
        marks, behind = graph.live([output]), graph.depends(variables)
        return any(marks[i] and behind[i] and op.shape is not None for i, op in enumerate(graph.ops))

    @contextmanager
    def _taken_for_numbers(self) -> Iterator[None]:
        """Take what depends on parameters for numbers meanwhile: entry by entry, derivatives of arrays are the same."""
        shapes, size = self.graph.shapes, len(self.graph)
        unknown = [i for i, shape in shapes.items() if shape == UNKNOWN]
        for i in unknown:
            del shapes[i]
        yield
        if unknown:
            made = [i for i in range(size, len(self.graph)) if self.graph.args[i]]
            shapes.update(dict.fromkeys([*unknown, *made], UNKNOWN))

    def _unknown_derivative(self, name: str, nodes: tuple[int, ...], start: int, end: int) -> int:
        """Put a derivative off until the function that it is in is called; refuse one of second order by arrays."""
        if self.defining is None or UNKNOWN not in map(self.graph.shape, nodes):
            hint = "adcalc hessian, or hvp, at a point"
            self.refuse(f"{name} of arrays is the first derivative, of a number, at most", (start, end), hint)
        self.generic = True
        return self.graph.parameter(UNKNOWN)

    def _gradient(self, output: int, variables: list[int], start: int, end: int) -> list[int]:
        """Return the derivatives of a number by numbers and arrays, by one sweep back."""
        graph = self.graph
        if graph.shape(output):
            if self.defining is not None:
                self.generic = True
                return [graph.parameter(UNKNOWN) for _ in variables]
            self.refuse("the derivative by an array is that of a number", (start, end), "sum what is differentiated")
        self._expand(len(graph), start, end)
        return pullback(graph, output, variables)

    def _expand(self, operations: int, start: int, end: int) -> None:
        """Count what calls and derivatives expand to. Raises RequestError beyond the limit for the text's length."""
        self.expanded += operations
        most = expansion(len(self.source))
        if self.expanded > most:
            self.refuse(
                f"calls and derivatives would expand this text to more than {most:,} operations",
                (start, end),
                "functions are written out where they are called; adcalc taylor gives high orders at a point",
            )

    def _not_a_function(self, name: str, args: list[int], start: int, end: int) -> NoReturn:
        span = (start, start + len(name))
        if self.defining is not None and self.defining[0] == name:
            self.refuse(
                f"{name} calls itself: functions are written out where they are called, so they cannot be recursive",
                span,
            )
        multiply = f"to multiply, write {name}*{self.source[start + len(name) : end].strip()}" if len(args) == 1 else ""
        if name in self.scope or name in RESERVED:
            self.refuse(f"'{name}' is not a function", span, multiply)
        from difflib import get_close_matches

        from autodiffcli.primitives.tensor_functions import ARRAY_FUNCTIONS

        known = [*self.functions, *FUNCTIONS, *ARRAY_FUNCTIONS]
        near = get_close_matches(name, known, 1, 0.7) or get_close_matches(name.lower(), known, 1, 0.7)
        meant = f"did you mean {near[0]}?" if near else multiply
        self.refuse(f"there is no function '{name}'", span, meant or "adcalc ops lists the functions")

    # Operators

    def neg(self, v: list[Any], start: int, end: int) -> int:
        graph, node = self.graph, v[1]
        if node.__class__ is int and graph.ops[node] is CONSTANT and node not in graph.constant_names:
            return graph.constant(-graph.constants[node], "", start, end)  # -2 is a number, not an operation
        return self.apply(neg, (node,), start, end)

    def pos(self, v: list[Any], start: int, end: int) -> Any:
        return v[1]

    def times(self, v: list[Any], start: int, end: int) -> int:
        return self.apply(mul, (v[0], v[1]), start, end)

    def root(self, v: list[Any], start: int, end: int) -> int:
        return self.apply(PRIMITIVES["sqrt"], (v[1],), start, end)

    def factorial(self, v: list[Any], start: int, end: int) -> int:
        return self.apply(PRIMITIVES["factorial"], (v[0],), start, end)

    def superscript(self, v: list[Any], start: int, end: int) -> int:
        exponent = float(v[1].translate(_SUPERSCRIPTS))
        return self.apply(pow, (v[0], self.graph.constant(exponent, "", end - len(v[1]), end)), start, end)

    # Conditions

    def comparator(self, v: list[Any], start: int, end: int) -> Any:
        return v[0]

    def chain(self, v: list[Any], start: int, end: int) -> tuple[int, int]:
        """Return the condition so far and its last operand, which the next link of 0 < x < 1 compares again."""
        linked = v[0].__class__ is tuple
        left = v[0][1] if linked else v[0]
        link = self.apply(_COMPARISONS[v[1]], (left, v[2]), start, end)
        return (self.graph.apply(logical_and, (v[0][0], link), start, end) if linked else link), v[2]

    def compared(self, v: list[Any], start: int, end: int) -> Any:
        return v[0][0]

    def choose(self, v: list[Any], start: int, end: int) -> int:
        self._condition(v[2], (start, end), "what stands between if and else")
        return self.apply(where, (v[2], v[0], v[4]), start, end)

    def either(self, v: list[Any], start: int, end: int) -> int:
        return self._logic(logical_or, "or", [v[0], v[2]], start, end)

    def both(self, v: list[Any], start: int, end: int) -> int:
        return self._logic(logical_and, "and", [v[0], v[2]], start, end)

    def no(self, v: list[Any], start: int, end: int) -> int:
        return self._logic(logical_not, "not", [v[1]], start, end)

    def _logic(self, op: Primitive, word: str, args: list[int], start: int, end: int) -> int:
        for node in args:
            self._condition(node, (start, end), f"what stands beside '{word}'")
        return self.graph.apply(op, tuple(args), start, end)

    def _condition(self, node: int, span: tuple[int, int], what: str) -> None:
        self.numeric([node], "a condition", span)
        if not self.graph.ops[node].condition:
            self.refuse(f"{what} must be a condition, and this is a number", span, "compare it, for example x > 0")


def _told_arity(op: Primitive) -> str:
    least, most = op.arity
    return str(least) if most == least else f"at least {least}"


def _nothing(v: list[Any], start: int, end: int) -> None:
    return None


_METHODS = (
    *(
        "result",
        "bind",
        "header",
        "define",
        "number",
        "name",
        "group",
        "first",
        "more",
        "call_nothing",
        "call",
    ),
    *("neg", "pos", "times", "root", "factorial", "superscript"),
    *("comparator", "chain", "compared", "choose", "either", "both", "no"),
    *("nothing", "array", "no_items", "single", "several", "no_entries", "mapping", "entry", "keyword"),
    *("key", "part", "slicing", "member", "index", "transposed", "product", "placed"),
)
_BINARY = {"add": _binary(add), "sub": _binary(sub), "mul": _binary(mul), "div": _binary(div), "mod": _binary(mod)} | {
    "pow": _binary(pow)
}
_SILENT = ("program", "body", "point", "pairs", "pair", "uncertain", "filed", "entered")
