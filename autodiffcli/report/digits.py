"""Value and gradient with proven digits, in every format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autodiffcli.language.notation import latex_number, one_line
from autodiffcli.language.write import LATEX, PLAIN, UNICODE, Style, write
from autodiffcli.report.table import Column, Table
from autodiffcli.tracing.quantities import output_name

if TYPE_CHECKING:
    from rich.console import RenderableType

    from autodiffcli.precise.prove import Proven

__all__ = ["data", "plain", "table", "view"]


def view(result: Proven) -> RenderableType:
    """Return what a terminal shows: y = its formula = its value, and the derivatives under it."""
    from rich.console import Group
    from rich.text import Text

    from autodiffcli.report.wrap import Wrapped

    graph = result.graph
    y, value = output_name(graph.inputs), styled(result.value, UNICODE)
    formula = write(graph, graph.outputs[0], UNICODE, limit=240)
    lines: list[RenderableType] = [Wrapped(f"{y} = {formula} = {value}", indent=4, bold=len(value)), ""]
    for name, text in result.gradient.items():
        number = styled(text, UNICODE)
        lines.append(Wrapped(f" ∂{y}/∂{one_line(name)} = {number}", indent=4, bold=len(number)))
    if result.gradient:
        lines.append("")
    lines.append(Text(f" every digit is proven, by balls of {result.bits:,} bits", "dim"))
    return Group(*lines)


def plain(result: Proven) -> str:
    """Return name=number lines: the gradient, or of an evaluation the value."""
    pairs = {"value": result.value} if result.mode == "eval" else result.gradient
    return "".join(f"{one_line(name)}={text}\n" for name, text in pairs.items())


def data(result: Proven) -> dict[str, Any]:
    """Return JSON-ready data, in which the numbers are texts: those of JSON would be rounded by who reads them."""
    found: dict[str, Any] = {"value": result.value}
    if result.mode != "eval":
        found |= {"grad": result.gradient, "mode": result.mode}
    return found | {"digits": result.digits, "bits": result.bits}


def table(result: Proven, style: Style) -> Table:
    """Return the gradient, a row for each input, or the value of an evaluation."""
    kind: Any = "math" if style is LATEX else "number"
    if result.mode == "eval":
        return Table.of("value", [Column("value", kind)], [(styled(result.value, style),)])
    rows = [(name, styled(text, style)) for name, text in result.gradient.items()]
    return Table.of("gradient", [Column("input"), Column("derivative", kind)], rows)


def styled(text: str, style: Style) -> str:
    """Return a decimal text as a style writes it."""
    if style is PLAIN:
        return text
    mantissa, mark, exponent = text.partition("e")
    exponent = str(int(exponent)) if mark else ""
    return latex_number(mantissa, exponent) if style is LATEX else (mantissa + mark + exponent).replace("-", "−")
