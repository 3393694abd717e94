"""adcalc graph: the computation graph, and the backward graph that extends it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from autodiffcli.api.pictures import pictured
from autodiffcli.cli.options import (
    Choice,
    Command,
    Names,
    expression,
    point_options,
    read_graph,
    read_point,
    refuse,
    share_option,
)
from autodiffcli.cli.output import Output, report
from autodiffcli.drawing.renderers import FORMATS, SUFFIXES, render
from autodiffcli.errors import RequestError

__all__ = ["command"]


@click.command("graph", cls=Command)
@expression
@point_options
@click.option("--backward", is_flag=True, help="Extend the graph by the adjoints: the gradient is a graph, too.")
@click.option("--wrt", type=Names(), metavar="NAMES", help="The adjoints of these inputs only: x,y.")
@click.option("--optimize/--no-optimize", default=False, help="Merge equal nodes, fold constants, drop what is unused.")
@share_option
@click.option("--format", "format_", type=Choice([*FORMATS]), help="By default as --out ends, else text.")
@click.option("--out", metavar="FILE", help="Write there, whole or not at all: graph.svg, graph.png, graph.dot ...")
@click.option("--rankdir", type=Choice(["LR", "TB"]), default="LR", help="From left to right, or from top to bottom.")
@click.option("--precision", type=click.IntRange(1, 17), help="Significant digits of values; by default 6 in pictures.")
@click.option("--color", type=Choice(["auto", "always", "never"]), default="auto", help="Colour on a terminal.")
def command(
    expr: str,
    at: tuple[str, ...],
    backward: bool,
    wrt: list[str] | None,
    optimize: bool,
    share: bool,
    format_: str | None,
    out: str | None,
    rankdir: str,
    **options: Any,
) -> int:
    """The computation graph of EXPR: v1, v2, ... are its inputs and then its operations.

    --backward adds every adjoint v̄ᵢ and partial adjoint v̄ᵢ→ⱼ, --at puts values on the nodes. SVG, PNG and HTML need
    the extra `graph`.
    """
    form = format_ or _by_suffix(out)
    if form in ("text", "json"):
        refuse(("rankdir",), f"in {form}", "it turns pictures: --format dot, mermaid, svg, png or html")
    if not at:
        refuse(("precision",), "without values", "put values on the nodes by --at")
    elif form == "json":
        refuse(("precision",), "in json", "JSON has every digit: leave it out")
    point = read_point(at, expr) if at else None
    graph = read_graph(expr, share, point)
    picture = pictured(graph, point, backward=backward or wrt is not None, wrt=wrt, optimize=optimize)
    output, precision = Output.chosen({**options, "format_": None}), options["precision"]
    if form == "text" and out is None and output.format == "table":
        output.draw(report("graphs").view(picture, precision or 6))
    else:
        _write(render(picture, form, rankdir, precision), out)
    return 0


def _by_suffix(out: str | None) -> str:
    """Return the format that a file's name asks for."""
    if out is None:
        return "text"
    form = SUFFIXES.get(out.rpartition(".")[2].lower()) if "." in out else None
    if form is None:
        endings = ", ".join(f".{suffix}" for suffix in SUFFIXES if suffix != "text")
        raise RequestError(
            f"the name {out} does not say the format", hint=f"end it in one of {endings}, or add --format"
        )
    return form


def _write(parts: Iterator[str] | bytes, out: str | None) -> None:
    """Write a picture to a file or to standard output, a long one part by part.

    Raises RequestError for bytes that would go to a terminal.
    """
    chunks: Iterable[bytes] = [parts] if isinstance(parts, bytes) else map(_encoded, parts)
    if out is not None:
        from autodiffcli.points.out import whole_file

        with whole_file(out) as file:
            file.writelines(chunks)
        return
    if isinstance(parts, bytes) and sys.stdout.isatty():
        raise RequestError("a terminal does not show pictures", hint="write it to a file: --out graph.svg")
    sys.stdout.buffer.writelines(chunks)
    sys.stdout.buffer.flush()


def _encoded(part: str) -> bytes:
    return part.encode("utf-8", "backslashreplace")
