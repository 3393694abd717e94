"""Automatic differentiation of expressions: the library behind `adcalc`.

>>> import autodiffcli
>>> autodiffcli.gradient("ln(x1)+x1*x2-sin(x2)", {"x1": 2, "x2": 5}).gradient
{'x1': 5.5, 'x2': 1.7163378145367738}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autodiffcli.api.checks import check, sweep
    from autodiffcli.api.costs import cost, growth
    from autodiffcli.api.differentials import hessian, hvp, jacobian, jvp, taylor, vjp
    from autodiffcli.api.digits import proven
    from autodiffcli.api.fits import fit
    from autodiffcli.api.formulas import derivative, formula
    from autodiffcli.api.gradients import compile, evaluate, gradient, parse, trace
    from autodiffcli.api.pictures import draw
    from autodiffcli.api.sources import query, source
    from autodiffcli.api.uncertainties import propagate
    from autodiffcli.errors import AdcalcError, MathError, RequestError
    from autodiffcli.primitive import PRIMITIVES

__all__ = [
    "PRIMITIVES",
    "AdcalcError",
    "MathError",
    "RequestError",
    "check",
    "compile",
    "cost",
    "derivative",
    "draw",
    "evaluate",
    "fit",
    "formula",
    "gradient",
    "growth",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "parse",
    "propagate",
    "proven",
    "query",
    "source",
    "sweep",
    "taylor",
    "trace",
    "vjp",
]

__version__ = "0.1.0"

_HOMES = {
    "errors": ("AdcalcError", "MathError", "RequestError"),
    "primitive": ("PRIMITIVES",),
    "api.gradients": ("compile", "evaluate", "gradient", "parse", "trace"),
    "api.differentials": ("hessian", "hvp", "jacobian", "jvp", "taylor", "vjp"),
    "api.formulas": ("derivative", "formula"),
    "api.checks": ("check", "sweep"),
    "api.fits": ("fit",),
    "api.costs": ("cost", "growth"),
    "api.pictures": ("draw",),
    "api.sources": ("query", "source"),
    "api.uncertainties": ("propagate",),
    "api.digits": ("proven",),
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: the command line needs few of them, and starts the sooner."""
    from importlib import import_module

    home = next((module for module, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module 'autodiffcli' has no attribute '{name}'")
    import_module("autodiffcli.primitives")  # fills the table
    return getattr(import_module(f"autodiffcli.{home}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
