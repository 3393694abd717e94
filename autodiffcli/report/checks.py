"""What a check found, and how the error of quotients depends on ε, in every format."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import TYPE_CHECKING, Any

from autodiffcli.checking.results import Check, Comparison
from autodiffcli.checking.sweep import Curve, Sweep
from autodiffcli.language.notation import json_ready, one_line
from autodiffcli.language.write import UNICODE, number, write
from autodiffcli.report.plain import lines
from autodiffcli.report.table import Cell, Column, Table
from autodiffcli.tracing.quantities import output_name

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = [
    "check_data",
    "check_plain",
    "check_tables",
    "check_view",
    "sweep_data",
    "sweep_plain",
    "sweep_table",
    "sweep_view",
]


# Checks


def check_tables(check: Check, rounded: bool = False) -> list[Table]:
    """Return δ and the gradient of each mode, the quotients, and what was found of derivatives that were given.

    rounded: errors to two digits, which is all that an estimate is good for.
    """
    inputs = Column("input"), Column("δ", "number"), *(Column(mode.name, "number") for mode in check.modes)
    rows: list[list[Cell]] = [
        [name, d, *[mode.gradient[name] for mode in check.modes]] for name, d in check.direction.items()
    ]
    sums: list[Cell] = ["δᵀ∇" + _output(check), "", *[mode.along for mode in check.modes]]
    found = [Table.of("gradients", inputs, [*rows, sums])]
    if check.comparisons:
        found.append(_quotients(check, rounded))
    if check.claims:
        names = Column("input"), Column("given"), Column("should be", "number"), Column("formula"), Column("verdict")
        claims = [
            (c.name, c.text, c.derivative, c.formula, c.remark if c.right else _wrong(c.remark)) for c in check.claims
        ]
        found.append(Table.of("derivatives that were given", names, claims))
    return found


def _wrong(remark: str) -> str:
    return f"wrong: {remark}" if remark else "wrong"


def _quotients(check: Check, rounded: bool) -> Table:
    columns = (
        Column("derivative", "text"),
        Column("by the modes", "number"),
        Column("quotient", "number"),
        Column("± error", "number"),
        Column("tolerance", "number", 90),
        Column("ε", "number", 70),
        Column("evaluations", "number", 80),
        Column("verdict"),
    )
    rows: list[list[Cell]] = []
    for one in check.comparisons:
        f = one.finding
        sizes = [float(f"{x:.2g}") if rounded else x for x in (f.error, f.tolerance, f.step)]
        rows.append([_name(check, one), one.derivative, f.quotient, *sizes, f.evaluations, f.verdict])
    return Table.of("difference quotients", columns, rows)


def check_plain(check: Check, precision: int | None = None) -> str:
    """Return every number as name=value, then the verdict: delta_x1=..., reverse_x1=..., verdict=passed."""
    pairs: list[tuple[str, float]] = [(f"delta_{name}", d) for name, d in check.direction.items()]
    for mode in check.modes:
        pairs += [(f"{mode.name}_{name}", x) for name, x in mode.gradient.items()]
        pairs.append((f"{mode.name}_along", mode.along))
    for one in check.comparisons:
        end = f"_{one.name}" if one.name else ""
        f = one.finding
        figures = {"quotient": f.quotient, "error": f.error, "tolerance": f.tolerance, "epsilon": f.step}
        pairs += [(name + end, x) for name, x in figures.items()]
    pairs.append(("evaluations", float(check.evaluations)))
    words = [f"given_{one_line(c.name)}={'right' if c.right else 'wrong'}\n" for c in check.claims]
    return lines(pairs, precision) + "".join(words) + f"verdict={check.verdict}\n"


def check_data(check: Check) -> dict[str, Any]:
    """Return all of it as JSON-ready data."""
    quotients = [
        {
            "input": one.name or None,
            "derivative": one.derivative,
            "quotient": one.finding.quotient,
            "error": one.finding.error,
            "tolerance": one.finding.tolerance,
            "epsilon": one.finding.step,
            "evaluations": one.finding.evaluations,
            "side": one.finding.side,
            "verdict": one.finding.verdict,
        }
        for one in check.comparisons
    ]
    data: dict[str, Any] = {
        "verdict": check.verdict,
        "why": check.why,
        "value": check.value,
        "grad": check.gradient,
        "seed": check.seed,
        "delta": check.direction,
        "quotients": quotients,
        "evaluations": check.evaluations,
        "modes": [{"mode": m.name, "grad": m.gradient, "along": m.along, "differs": m.differs} for m in check.modes],
        "notes": check.notes,
    }
    if check.fault is not None:
        data["fault"] = {"message": check.fault.message, "span": check.fault.span}
    if check.claims:
        data["against"] = [
            {"input": c.name, "given": c.text, "value": c.value, "derivative": c.derivative,
             "formula": c.formula or None, "right": c.right, "remark": c.remark}
            for c in check.claims
        ]  # fmt: skip
    return dict(json_ready(data))


def check_view(check: Check, precision: int) -> RenderableType:
    """Return what a terminal shows: the function, the lecture's formula with its numbers, the tables, the verdict."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    from autodiffcli.report.tables import table_view
    from autodiffcli.report.wrap import Wrapped

    graph = check.graph
    value = number(check.value, precision, UNICODE)
    head = f"{_output(check)} = {write(graph, graph.outputs[0], UNICODE, limit=240)} = {value}"
    parts: list[RenderableType] = [Wrapped(head, indent=4, bold=len(value))]
    parts += ["", Padding(Text(_formula(check), "dim"), (0, 0, 0, 1), expand=False)]
    for table in check_tables(check, rounded=True):
        title = Text(one_line(table.title), "underline")
        parts += ["", *[Padding(part, (0, 0, 0, 1), expand=False) for part in (title, table_view(table, precision))]]
    if check.notes:
        parts.append("")
    notes = check.notes[:5] + ([f"and {len(check.notes) - 5:,} notes more"] if len(check.notes) > 5 else [])
    parts += [Padding(Wrapped(f"note: {one_line(n)}", "yellow", indent=2), (0, 0, 0, 1), expand=False) for n in notes]
    colour = {"passed": "bold green", "failed": "bold red"}.get(check.verdict, "bold yellow")
    sentence = Wrapped(f"{check.verdict}: {one_line(check.why)}", colour, indent=2)
    return Group(*parts, "", Padding(sentence, (0, 0, 0, 1), expand=False))


def _formula(check: Check) -> str:
    y = _output(check)
    how = "extrapolated to ε → 0" if check.epsilon is None else f"ε = {check.epsilon:g}"
    return f"δᵀ∇{y} ≈ ({y}(θ + εδ) − {y}(θ − εδ)) / 2ε   {how}   δ by seed {check.seed}"


def _name(check: Check, one: Comparison) -> str:
    return f"∂{_output(check)}/∂{one.name}" if one.name else f"δᵀ∇{_output(check)}"


def _output(check: Check) -> str:
    return output_name(check.graph.inputs)


# Sweeps


def sweep_table(sweep: Sweep) -> Table:
    """Return the error of each scheme by ε."""
    columns = Column("ε", "number"), *(Column(f"{curve.scheme} error", "number") for curve in sweep.curves)
    rows = list(zip(sweep.steps, *[curve.errors for curve in sweep.curves], strict=True))
    return Table.of("error of δᵀ∇f by quotients", columns, rows)


def sweep_plain(sweep: Sweep, precision: int | None = None) -> str:
    """Return what the curves show, then every error: central_slope=..., central_best=..., central_1e-4=..."""
    pairs: list[tuple[str, float]] = []
    for curve in sweep.curves:
        name = curve.scheme.replace("-", "_")
        figures = {"slope": curve.slope, "best_epsilon": curve.best, "least_error": curve.least}
        pairs += [(f"{name}_{key}", x) for key, x in figures.items() if x is not None]
    for curve in sweep.curves:
        name = curve.scheme.replace("-", "_")
        pairs += [(f"{name}_{number(step, 3)}", e) for step, e in zip(sweep.steps, curve.errors, strict=True)]
    return lines(pairs, precision)


def sweep_data(sweep: Sweep) -> dict[str, Any]:
    """Return the errors by ε, and what the curves show, as JSON-ready data."""
    curves = [
        {"scheme": c.scheme, "slope": c.slope, "best": c.best, "least": c.least, "theory": c.theory, "errors": c.errors}
        for c in sweep.curves
    ]
    data = {"delta": sweep.direction, "derivative": sweep.derivative, "epsilon": sweep.steps, "curves": curves}
    return dict(json_ready({**data, "rounding": sweep.floor}))


def sweep_view(sweep: Sweep, precision: int) -> RenderableType:
    """Return what a terminal shows: the curves on logarithmic axes, and what they show in words."""
    from rich.console import Group
    from rich.padding import Padding

    from autodiffcli.report.plot import Plot, Series
    from autodiffcli.report.wrap import Wrapped

    marks = (("○", "cyan"), ("●", "yellow"))
    series = [
        Series(curve.errors, mark, style, curve.scheme)
        for curve, (mark, style) in zip(sweep.curves, marks, strict=True)
    ]
    plot = Plot(sweep.steps, series, "ε", "|quotient − δᵀ∇f|")
    words = [Padding(Wrapped(text, indent=2), (0, 0, 0, 1), expand=False) for text in sentences(sweep)]
    return Group(plot, "", *words)


def sentences(sweep: Sweep) -> Iterable[str]:
    """Return what the curves show, in words."""
    for curve in sweep.curves:
        yield _sentence(curve)
    yield f"rounding floor: f is known to about {sweep.floor:.1e}, so every quotient errs by that over ε (slope −1)"


def _sentence(curve: Curve) -> str:
    order, root = {"one-sided": ("O(ε)", "√u"), "central": ("O(ε²)", "∛u")}[curve.scheme]
    slope = f"slope {curve.slope:.2f} ({order})" if curve.slope is not None else f"no slope to fit ({order})"
    if not isfinite(curve.best):
        return f"{curve.scheme}: exact at every ε"
    return (
        f"{curve.scheme}: {slope}, least error {curve.least:.1e} at ε = {curve.best:.1e}; "
        f"theory: about {root} = {curve.theory:.1e}"
    )
