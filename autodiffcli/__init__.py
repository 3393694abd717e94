"""Automatic differentiation of expressions: the library behind `adcalc`.

>>> import autodiffcli
>>> autodiffcli.gradient("ln(x1)+x1*x2-sin(x2)", {"x1": 2, "x2": 5}).gradient
{'x1': 5.5, 'x2': 1.7163378145367738}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autodiffcli.api import compile, evaluate, gradient, parse, trace
    from autodiffcli.errors import AdcalcError, MathError, RequestError
    from autodiffcli.primitive import PRIMITIVES

__all__ = [
    "PRIMITIVES",
    "AdcalcError",
    "MathError",
    "RequestError",
    "compile",
    "evaluate",
    "gradient",
    "parse",
    "trace",
]

__version__ = "0.1.0"

_HOMES = {"AdcalcError": "errors", "MathError": "errors", "RequestError": "errors", "PRIMITIVES": "primitive"}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: the command line needs few of them, and starts the sooner."""
    if name not in __all__:
        raise AttributeError(f"module 'autodiffcli' has no attribute '{name}'")
    from importlib import import_module

    import_module("autodiffcli.primitives")  # fills the table
    return getattr(import_module(f"autodiffcli.{_HOMES.get(name, 'api')}"), name)
