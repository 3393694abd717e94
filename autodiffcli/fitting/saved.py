"""The state of a descent in a file: every bit of it, and what it belongs to."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autodiffcli.errors import RequestError
from autodiffcli.fitting.descent import Epoch, State
from autodiffcli.points.out import whole_file

__all__ = ["load", "save"]

_KEPT = "kept_"
_DAMAGED = (ValueError, KeyError, TypeError, EOFError, AttributeError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a file that was no state raises."""


def save(path: str, state: State, belongs: Mapping[str, object], told: Mapping[str, str]) -> None:
    """Write a state as NumPy's .npz, whole or not at all.

    belongs: JSON-ready, all that the steps to come depend on. told: for people, what of it is a digest.
    Raises RequestError where the file cannot be written.
    """
    counts = {"steps": state.steps, "done": state.done, "rows": state.rows, "loss": state.loss}
    arrays: dict[str, Any] = {f"{_KEPT}{k}": vector for k, vector in enumerate(state.kept)}
    with whole_file(path) as target:
        np.savez(
            target,
            theta=state.theta,
            gradient=state.gradient,
            history=np.array(state.history[: state.epochs], dtype=float).reshape(-1, len(Epoch._fields)),
            counts=np.array(json.dumps(counts)),
            belongs=np.array(json.dumps(belongs)),
            told=np.array(json.dumps(told)),
            **arrays,
        )


def load(path: str, belongs: Mapping[str, object], told: Mapping[str, str], start: State) -> State | None:
    """Return the state in a file, None where there is no file; `start` is the first state of the same descent.

    belongs, told: see `save`; what one of the two does not know is not compared.

    Raises RequestError where it cannot be read, and where what it belongs to differs, by the name of what does.
    """
    if not Path(path).exists():
        return None
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        counts, owner, said = (dict(json.loads(str(found[name]))) for name in ("counts", "belongs", "told"))
    except (*_DAMAGED, OSError) as error:
        raise _no_state(path, getattr(error, "strerror", None)) from None
    for name, value in belongs.items():
        if owner.get(name, value) != value:
            theirs, ours = _shown(said.get(name, owner[name])), _shown(told.get(name, value))
            differs = f"is {theirs}, not {ours}" if theirs != ours else "has changed"
            raise RequestError(
                f"{path} is the state of another fit: its {name} {differs}",
                hint="give what was given then; or name another file, to start anew",
            )
    try:
        history = [Epoch(int(steps), int(rows), *rest) for steps, rows, *rest in found["history"].tolist()]
        kept = tuple(found[f"{_KEPT}{k}"] for k in range(len(start.kept)))
        state = State(found["theta"], kept, found["gradient"], **counts, epochs=len(history), history=history)
    except _DAMAGED:
        raise _no_state(path) from None
    if any(vector.shape != start.theta.shape for vector in (state.theta, state.gradient, *kept)):
        raise _no_state(path)
    return state


def _no_state(path: str, why: str | None = None) -> RequestError:
    return RequestError(
        f"cannot go on from {path}: {why or 'it is no state of a fit'}", hint="name another file, to start anew"
    )


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
