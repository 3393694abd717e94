"""The ways to differentiate: one file each, behind one protocol, all from the same declarations."""

from __future__ import annotations

from importlib import import_module

from autodiffcli.backends.protocol import Backend, Gradient, Sweep
from autodiffcli.errors import RequestError

__all__ = ["EXACT", "MODES", "Backend", "Gradient", "Sweep", "backend"]

EXACT = ("reverse", "forward", "backprop", "symbolic")
"""Modes that are exact up to rounding."""

MODES = (*EXACT, "numeric")
"""Every mode, as `--mode` takes it; each is the module of that name, imported when asked for."""


def backend(mode: str) -> Backend:
    """Return the backend of a mode. Raises RequestError for a name that is none.

    >>> backend("forward").summary
    'one pass per input: tangents beside values'
    """
    if mode not in MODES:
        raise RequestError(f"there is no mode '{mode}'", hint=f"choose one of {', '.join(MODES)}")
    found: Backend = import_module(f"autodiffcli.backends.{mode}").BACKEND
    return found
