"""What is said about a run, as tables that any renderer takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, isnan, nan
from operator import itemgetter
from typing import Any

from autodiffcli.backends.protocol import Gradient, Sweep
from autodiffcli.language.write import LATEX, PLAIN, Style, number
from autodiffcli.report.table import Cell, Column, Table
from autodiffcli.structures import regrouped
from autodiffcli.tracing.arrays import traced
from autodiffcli.tracing.quantities import output_name
from autodiffcli.tracing.run import Trace
from autodiffcli.value_text import entries, is_number, shaped, text

__all__ = [
    "comparison",
    "disagreement",
    "evaluation",
    "gradient",
    "gradient_tables",
    "largest_difference",
    "tables",
    "value_tables",
]


def tables(trace: Trace) -> list[Table]:
    """Return the tables of a run: its evaluation, then what its mode did."""
    result = trace.result
    found = [evaluation(trace)]
    found += [_tangents(trace, sweep) for sweep in trace.forward]
    if trace.backward is not None:
        found.append(_adjoints(trace))
    if result.steps:
        found.append(_differences(trace))
    if result.formulas:
        found.append(_formulas(trace))
    return found


def gradient_tables(result: Gradient, style: Style, precision: int | None, trace: bool) -> list[Table]:
    """Return the gradient as a table, after the trace if that is wanted."""
    return [*(tables(traced(result, style, precision)) if trace else []), gradient(result, style, precision)]


def value_tables(result: Gradient, style: Style, precision: int | None, trace: bool) -> list[Table]:
    """Return the evaluation as a table, or the value alone."""
    if trace:
        return [evaluation(traced(result, style, precision))]
    if is_number(result.value):
        return [Table.of("value", (Column("value", "number"),), [(result.value,)])]
    if style is PLAIN:
        columns = Column("entry"), Column("value", "number")
        return [Table.of("value", columns, list(entries("value", result.value)))]
    return [Table.of("value", (Column("value", "math"),), [(text(result.value, precision, style),)])]


def evaluation(trace: Trace) -> Table:
    """Return the forward evaluation, a row for each v."""

    def row(n: int) -> Sequence[Cell]:
        r = trace.value_row(trace.nodes[n])
        return r.name, r.formula, _value(trace, r.value), r.source, r.note

    columns = (
        Column("node", "math"),
        Column("formula", "math"),
        _value_column(trace),
        Column("source"),
        Column("note"),
    )
    return Table("forward evaluation", columns, len(trace.nodes), row, equation=True)


def _value(trace: Trace, x: Any) -> Cell:
    """Return a value as a cell of `_value_column`."""
    found: Any = shaped(x, trace.precision, trace.style)
    return number(found, trace.precision, trace.style) if trace.graph.shapes and is_number(found) else found


def _value_column(trace: Trace) -> Column:
    """Return the column of values: of arrays they are written out in the trace's style."""
    return Column("value", "math" if trace.graph.shapes else "number")


def by_entry(result: Gradient) -> Gradient:
    """Return a gradient by arrays as that of each of their entries, W[0,1]; others as they are."""
    if not result.graph.shapes:
        return result

    def spread(found: dict[str, Any]) -> dict[str, Any]:
        return {name: x for leaf, value in found.items() for name, x in entries(leaf, value)}

    sides = {
        name: side for leaf, side in result.sides.items() for name, _ in entries(leaf, result.gradient.get(leaf, 0.0))
    }
    return replace(
        result,
        gradient=spread(result.gradient),
        errors=spread(result.errors),
        steps=spread(result.steps),
        sides=sides,
    )


def gradient(result: Gradient, style: Style = PLAIN, precision: int | None = None) -> Table:
    """Return the gradient, a row for each input, or in the plain style for each entry of an array."""
    if result.graph.shapes and style is not PLAIN:
        columns = [Column("input"), Column("derivative", "math")]
        rows: list[Any] = [(name, text(x, precision, style)) for name, x in result.structured().items()]
        if result.errors:
            columns.append(Column("largest error", "number"))
            by_name = regrouped(result.errors, result.graph.structures)
            rows = [(*row, max([x for _, x in entries("", by_name[row[0]])], default=0.0)) for row in rows]
        return Table.of("gradient", columns, rows)
    result = by_entry(result)
    if result.errors:
        names = "derivative", "error", "step"
        columns = [Column("input"), *(Column(name, "number") for name in names), Column("side")]
        rows = [
            (name, x, result.errors[name], result.steps[name], result.sides.get(name, "both"))
            for name, x in result.gradient.items()
        ]
        return Table.of("gradient", columns, rows)
    return Table.of("gradient", [Column("input"), Column("derivative", "number")], list(result.gradient.items()))


def comparison(results: Sequence[Gradient]) -> Table:
    """Return the modes side by side: a row for each derivative, then what each mode cost."""
    first = results[0]
    y = output_name(first.graph.inputs)
    rows: list[list[Cell]] = [
        [f"∂{y}/∂{name}", *(result.gradient.get(name, nan) for result in results)] for name in first.gradient
    ]
    rows.append(["passes", *(float(result.passes) for result in results)])
    rows.append(["evaluations", *(float(result.evaluations) for result in results)])
    rows.append(["operations", *(float(result.operations) for result in results)])
    columns = [Column(""), *(Column(result.mode, "number") for result in results)]
    return Table.of("every mode", columns, rows)


def largest_difference(results: Sequence[Gradient]) -> tuple[float, str]:
    """Return by how much two modes differ at most, and where: "∂y/∂x, numeric and reverse".

    Two derivatives that are both nan, or the same infinity, do not differ.
    """
    worst, where = 0.0, ""
    y = output_name(results[0].graph.inputs)
    for name in results[0].gradient:
        found = [(result.gradient.get(name, nan), result.mode) for result in results]
        numbers = [pair for pair in found if not isnan(pair[0])]
        undefined = [pair for pair in found if isnan(pair[0])]
        if not numbers:
            continue
        low = undefined[0] if undefined else min(numbers, key=itemgetter(0))
        high = max(numbers, key=itemgetter(0))
        difference = 0.0 if low[0] == high[0] else high[0] - low[0]
        if isnan(difference) or difference > worst:
            worst, where = difference, f"∂{y}/∂{name}, {low[1]} and {high[1]}"
        if isnan(worst):
            break
    return worst, where


def disagreement(results: Sequence[Gradient]) -> str:
    """Return what to say if exact modes differ by more than rounding explains, else "".

    The measure is the largest term that any of their sweeps added up: with terms of 1e9, 1e-4 is rounding.
    """
    exact = [result for result in results if not result.errors]
    terms = [_size(edge.term) for result in exact for sweep in result.sweeps for edge in sweep.edges]
    difference, where = largest_difference(exact)
    if not terms or difference <= 1e-11 * max(terms) or not all(map(isfinite, terms)):
        return ""
    return f"the exact modes disagree by {difference:.3g} ({where}): this is a defect of adcalc, please report it"


def _size(term: Any) -> float:
    """Return the size of a term, of an array that of its largest entry."""
    return abs(term) if is_number(term) else float(abs(term).max(initial=0.0))


def _tangents(trace: Trace, sweep: Sweep) -> Table:
    def row(n: int) -> Sequence[Cell]:
        r = trace.tangent_row(sweep, trace.nodes[n])
        return r.name, r.rule, r.numbers, _value(trace, r.value)

    symbols = "" if trace.style is LATEX else f": {trace.say.letter}ᵢ' = ∂{trace.say.letter}ᵢ/∂{sweep.variable}"
    title = f"forward sweep for {sweep.variable}{symbols}"
    return Table(title, _sweep_columns("tangent", trace), len(trace.nodes), row, equation=True)


def _adjoints(trace: Trace) -> Table:
    def row(n: int) -> Sequence[Cell]:
        r = trace.adjoint_row(trace.swept[n])
        return r.name, r.rule, r.numbers, _value(trace, r.value)

    symbols = "" if trace.style is LATEX else f": {trace.say.letter}̄ᵢ = ∂{trace.say.output}/∂{trace.say.letter}ᵢ"
    columns = _sweep_columns("adjoint", trace)
    return Table("reverse sweep" + symbols, columns, len(trace.swept), row, equation=True, backward=True)


def _sweep_columns(name: str, trace: Trace) -> tuple[Column, ...]:
    return Column(name, "math"), Column("rule", "math"), Column("at the point", "math"), _value_column(trace)


def _differences(trace: Trace) -> Table:
    spread = by_entry(trace.result)
    rows = [
        (trace.say.gradient(name), x, spread.errors[name], spread.steps[name], spread.sides.get(name, "both"))
        for name, x in spread.gradient.items()
        if name in spread.steps
    ]
    names = "estimate", "error", "step"
    columns = [Column("derivative", "math"), *(Column(name, "number") for name in names), Column("side")]
    return Table.of(f"difference quotients, {trace.result.scheme}", columns, rows)


def _formulas(trace: Trace) -> Table:
    names = list(trace.result.formulas)

    def row(n: int) -> Sequence[Cell]:
        r = trace.formula_row(names[n], limit=4000)
        return trace.say.gradient(names[n]), r.formula, _value(trace, r.value)

    columns = Column("derivative", "math"), Column("formula", "math"), _value_column(trace)
    return Table("derivatives as formulas", columns, len(names), row, equation=True)
