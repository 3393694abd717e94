"""The comment at the head of generated code: the expression, and the order of inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import wrap

from autodiffcli.errors import printable
from autodiffcli.language.notation import counted
from autodiffcli.targets.function import Function
from autodiffcli.targets.names import comment_lines

__all__ = ["header"]


def header(
    function: Function,
    names: Mapping[str, str],
    place_in: Callable[[int], str] | None,
    place_out: Callable[[int], str],
    labels: Sequence[str] = (),
) -> list[str]:
    """Return the lines of the comment, none of which can end it.

    names: the inputs in order, with what the code calls them.
    place_in, place_out: how a caller names the k-th; inputs without a place are parameters.
    labels: what the results are, where not each is that of an output.
    """
    counts = f"{counted(len(names), 'input')}, {counted(function.graph.operations(), 'operation')}"
    lines = [f"Written by adcalc compile: {function.name}, a function of {counts}."]
    text = comment_lines(function.graph.source)
    if text:
        lines += ["The value is that of the expression", *[f"    {line}" for line in text]]
    inputs = [place_in(k) + " = " + printable(name) if place_in else names[name] for k, name in enumerate(names)]
    outputs = [f"{place_out(k)} = {printable(label)}" for k, label in enumerate(labels or function.labels)]
    renamed = [f"{new} is {printable(name)}" for name, new in names.items() if new != name]
    for title, parts in (("Inputs: ", inputs), ("Outputs: ", outputs), ("Renamed: ", renamed)):
        if parts:
            kept = ", ".join(part.replace(" ", "\0") for part in parts)  # lines break between the parts only
            wrapped = wrap(title + kept, 100, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
            lines += [line.replace("\0", " ") for line in wrapped]
    return lines
