"""Derivatives as formulas that people read."""

from __future__ import annotations

from collections.abc import Sequence

from autodiffcli.api.expressions import chosen, graph_of, of_one_output, whole
from autodiffcli.backends.protocol import refuse_endless
from autodiffcli.chain import push
from autodiffcli.derivatives import extend, pushforward
from autodiffcli.errors import RequestError
from autodiffcli.graph import Graph, Node, growing
from autodiffcli.language.write import PLAIN, Style, write
from autodiffcli.limits import DERIVATION, READABLE
from autodiffcli.passes.simplify import simplify
from autodiffcli.primitive import Operand, Operators, Primitive

__all__ = ["derivative", "derivative_at", "directions", "formula", "gradient_formulas"]

HIGHEST = 100
"""Order of a derivative that a formula may be asked for."""


def derivative(expression: str | Graph, wrt: str | Sequence[str] | None = None, order: int | None = None) -> Graph:
    """Return the derivative of an expression as a graph of its own, simplified for people to read.

    wrt:   a name; or several, for the mixed derivative by one after the other. May be left out for a single input.
    order: how often to differentiate by that one name; 1, if not given.

    Simplified formulas may be undefined at single points where the derivative is not: see `simplify`.
    Raises RequestError (syntax, names, an order that does not fit the names, a refused derivative).

    >>> formula(derivative("x^2*sin(x)", "x"))
    'x^2*cos(x) + 2*x*sin(x)'
    >>> formula(derivative("x^3*y^2", ["x", "y"]))
    '6*x^2*y'
    """
    graph = graph_of(expression)
    if graph.shapes:
        return _by_arrays(graph, directions(graph, wrt, order))
    passed = 0
    for done, name in enumerate(directions(graph, wrt, order)):
        passed = _passed(graph, passed, done, DERIVATION if done else READABLE)
        graph = simplify(_written_out(graph, [name]), readable=True)
    return graph


def gradient_formulas(graph: Graph, wrt: Sequence[str]) -> Graph:
    """Return a graph whose outputs are the value and the formula of each partial derivative, for people to read.

    Raises RequestError for several outputs, and where the formulas would take too long.
    """
    graph = of_one_output(graph, "a gradient has one output")
    refuse_endless("symbolic", graph, len(wrt))
    if graph.shapes:
        return simplify(extend(graph, wrt).graph, readable=True)
    _passed(graph, 0, 0, READABLE)
    return simplify(_written_out(graph, wrt, value=True), readable=True)


def derivative_at(graph: Graph, names: Sequence[str]) -> Graph:
    """Return the derivative by one name after the other as a graph to be evaluated: no point is lost to its looks."""
    if graph.shapes:
        return _by_arrays(graph, names)
    passed = 0
    for done, name in enumerate(names):
        passed = _passed(graph, passed, done, 10 * DERIVATION)  # nothing is made to be read, which takes the time
        longer = graph.copy()
        longer.outputs = pushforward(longer, graph.outputs, {graph.inputs[name]: 1.0})
        graph = simplify(longer)
    return graph


def _by_arrays(graph: Graph, names: Sequence[str]) -> Graph:
    """Return the first derivative by an input of an expression that has arrays, by one sweep back."""
    if len(names) > 1:
        raise RequestError(
            "formulas with arrays are those of first derivatives",
            source=graph.source,
            hint="hessian and hvp give the second at a point",
        )
    longer = extend(graph, names).graph
    longer.outputs = longer.outputs[1:]
    return simplify(longer, readable=True)


def formula(expression: str | Graph, style: Style = PLAIN) -> str:
    """Return the text of an expression's output: by default in the language, where it reads back as the same function.

    Raises RequestError for its syntax, and where it has more than a million characters.

    >>> formula("y = x+1; 2*y")
    '2*(x + 1)'
    """
    graph = graph_of(expression)
    return write(graph, graph.outputs[0], style)


def directions(graph: Graph, wrt: str | Sequence[str] | None, order: int | None) -> list[str]:
    """Return the name to differentiate by at each step. Raises RequestError where names and order do not fit."""
    graph = of_one_output(graph, "a derivative has one output")
    names = [wrt] if isinstance(wrt, str) else list(wrt or graph.inputs)
    if not names:
        raise RequestError("the expression has no inputs to differentiate by", hint="its derivative is 0")
    if wrt is None and len(names) > 1:
        raise RequestError(
            f"the expression has {len(names):,} inputs: say by which to differentiate", hint=f"--wrt {names[0]}"
        )
    names = [chosen(graph, [name])[0] for name in names]
    if order is None:
        return names
    order = whole(order)
    if len(names) == 1 and 1 <= order <= HIGHEST:
        return names * order
    if len(names) == 1:
        hint = "adcalc taylor goes on to any order, at a point" if order > HIGHEST else "--order 1 is the derivative"
        raise RequestError(f"the order must be from 1 to {HIGHEST}, not {order}", hint=hint)
    if order != len(names):
        raise RequestError(
            f"the mixed derivative by {', '.join(names)} has order {len(names)}, not {order}",
            hint=f"name an input as often as it is differentiated by: --wrt {names[0]},{','.join(names)}",
        )
    return names


def _passed(graph: Graph, passed: int, done: int, most: int) -> int:
    """Return how many operations are passed over with those of a graph. Raises RequestError beyond a limit."""
    passed += len(graph)
    most = max(most, len(graph.source))
    if passed > most and (done or graph.source):  # a graph that no text made is as long as somebody wanted it
        raise RequestError(
            f"the formula of order {done + 1} passes over {passed:,} operations, and {most:,} are the limit",
            hint="ask for a lower order; adcalc taylor and adcalc grad give numbers at a point",
        )
    return passed


def _written_out(graph: Graph, wrt: Sequence[str], value: bool = False) -> Graph:
    """Return the derivatives as the rules write them, nothing folded: ln(3) and 1/3 stay what they are."""
    longer = graph.copy()
    output = graph.outputs[0]
    longer.outputs = [output] if value else []
    for name in wrt:
        nodes = [_Written(longer, i) for i in range(output + 1)]
        i = graph.inputs[name]
        seeds = {i: _Written(longer, longer.constant(1.0))} if i <= output else {}
        with growing():
            tangent = push(longer, nodes, seeds)[output]
        longer.outputs.append(longer.constant(0.0) if tangent is None else tangent.id)
    return longer


class _Written(Node):
    """A node whose operators fold nothing."""

    __slots__ = ()

    def __mul__(self, other: Operand) -> Node:
        """Return the product without the short cut that a node takes."""
        return _Written.apply_primitive(Operators.table["*"], (self, other))

    @staticmethod
    def apply_primitive(op: Primitive, xs: Sequence[Operand]) -> Node:
        """Append op to the graph of its operands as it is."""
        graph = next(x.graph for x in xs if isinstance(x, Node))
        args = tuple([x.id if isinstance(x, Node) else graph.constant(float(x)) for x in xs])
        return _Written(graph, graph.apply(op, args))
