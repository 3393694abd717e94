"""How names and numbers look: on one line, in JSON, and in LaTeX."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from autodiffcli.errors import printable

__all__ = ["counted", "greek", "json_ready", "latex_name", "latex_number", "latex_text", "one_line"]

_GREEK = re.findall(
    r"\w+",
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega",
)
_COMMANDS = {name: f"\\{name}" for name in _GREEK}
_SPECIAL = {c: f"\\{c}" for c in "{}$&#_%"} | {
    "\\": "\\textbackslash{}",
    "^": "\\textasciicircum{}",
    "~": "\\textasciitilde{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
}


def one_line(text: str) -> str:
    r"""Return text with everything written out that would leave its line or command a terminal.

    >>> print(one_line("a\nb"))
    a\nb
    """
    return printable(text).replace("\n", "\\n")


def json_ready(x: Any) -> Any:
    """Return data with its not-finite numbers as texts, which JSON has no numbers for.

    >>> json_ready({"x": [1.5, float("nan"), float("-inf")]})
    {'x': [1.5, 'nan', '-inf']}
    """
    if isinstance(x, float):
        return float(x) if math.isfinite(x) else repr(float(x))
    if isinstance(x, Mapping):
        return {key: json_ready(value) for key, value in x.items()}
    if isinstance(x, list | tuple):
        return [json_ready(value) for value in x]
    if hasattr(x, "tolist"):  # an array
        return json_ready(x.tolist())
    return x


def counted(count: int, noun: str) -> str:
    """Return how many there are of something.

    >>> counted(1, "input"), counted(1200, "input")
    ('1 input', '1,200 inputs')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def greek(character: str) -> str | None:
    """Return the name of a Greek letter, None for other characters.

    >>> greek("λ"), greek("Θ"), greek("x")
    ('lambda', 'Theta', None)
    """
    found = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(character, ""))
    if found is None:
        return None
    title = found[2].replace("LAMDA", "LAMBDA")
    return title.lower() if found[1] == "SMALL" else title.capitalize()


def latex_text(text: str) -> str:
    r"""Return text as LaTeX that shows it.

    >>> print(latex_text("a_1 & 50%"))
    a\_1 \& 50\%
    """
    return "".join(_SPECIAL.get(c, c) for c in one_line(text))


@lru_cache(maxsize=1024)
def latex_name(name: str) -> str:
    r"""Return a name in LaTeX's mathematics.

    >>> print(*map(latex_name, ("x", "x1", "alpha_2", "loss", "x_max", "θ₁")))
    x x_{1} \alpha_{2} \mathrm{loss} x_{\mathrm{max}} \theta_{1}
    """
    plain = unicodedata.normalize("NFKC", name)
    parts = re.fullmatch(r"([^\W\d_]+)_?(\d+|(?<=_)[^\W_]+)?", plain)
    if parts is None or plain.endswith("_"):
        return {"inf": "\\infty"}.get(name, f"\\mathrm{{{latex_text(name)}}}")
    stem, below = _letters(parts[1]), parts[2]
    if below is None:
        return stem
    return f"{stem}_{{{below if below.isdigit() else _letters(below)}}}"


def _letters(word: str) -> str:
    if word == "inf":
        return "\\infty"
    if len(word) == 1 and not word.isascii():
        letter = greek(word)
        if letter is not None:  # pdflatex knows the command but not the letter
            return _COMMANDS.get(letter, word)
    if word in _COMMANDS:
        return _COMMANDS[word]
    return word if len(word) == 1 else f"\\mathrm{{{latex_text(word)}}}"


def latex_number(mantissa: str, exponent: str) -> str:
    r"""Return a number in LaTeX's mathematics.

    >>> print(latex_number("1.5", "-7"), latex_number("1", "9"), latex_number("-inf", ""))
    1.5 \cdot 10^{-7} 10^{9} -\infty
    """
    if mantissa == "nan":
        return "\\mathrm{nan}"
    mantissa = mantissa.replace("inf", "\\infty")
    if not exponent:
        return mantissa
    power = f"10^{{{exponent}}}"
    return power if mantissa == "1" else f"-{power}" if mantissa == "-1" else f"{mantissa} \\cdot {power}"
