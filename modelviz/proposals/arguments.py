"""The arguments that a forward needs."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from torch import nn

from ..signatures import parameters_of
from ..tracing.members import entry_of
from .layers import SEQUENCE, Option


def needed(model: nn.Module) -> list[str]:
    """The arguments without a default; the first one of all if every one has a default."""
    parameters = _parameters(model)
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    named = [p for p in parameters if p.kind in (*positional, inspect.Parameter.KEYWORD_ONLY)]
    required = [p.name for p in named if p.default is p.empty]
    if required:
        return required
    return [p.name for p in named[:1]] or [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]


def known(model: nn.Module) -> frozenset[str]:
    """The names of all arguments of the forward."""
    return frozenset(parameter.name for parameter in _parameters(model))


def by_name(name: str, dtype: str) -> list[Option]:
    """What an argument may be, going by what it is called; empty where the name says nothing."""
    why = f"{name} sounds like "
    low = name.lower()
    if "mask" in low:
        shapes = ((1, SEQUENCE), (SEQUENCE, SEQUENCE), (1, 1, SEQUENCE, SEQUENCE))
        return [Option(shape, "bool", f"{why}a mask") for shape in shapes]
    if low in ("t", "time", "step", "steps", "sigma") or "timestep" in low:
        return [Option((1,), kind, f"{why}a time step") for kind in ("int64", dtype)]
    if low == "edge_index":
        return [Option((2, SEQUENCE), "int64", f"{why}the ends of edges")]
    if low in ("ids", "tokens") or low.endswith(("_ids", "_tokens", "token_indices")):
        return [Option((1, SEQUENCE), "int64", f"{why}token ids")]
    if low.endswith(("lengths", "labels")):
        return [Option((1,), "int64", f"{why}a whole number for each sample")]
    return []


def _parameters(model: nn.Module) -> list[inspect.Parameter]:
    return parameters_of(entry_of(model))


def positions(model: nn.Module, names: Sequence[str | None]) -> int:
    """How many of the inputs, the first ones, can go by position.

    An input without a name goes by position, and so does one whose name is no argument (``pair[0]``
    is part of one), or is that of the argument at its place.
    """
    parameters = _parameters(model)
    keywords = {p.name for p in parameters if p.kind is not p.VAR_POSITIONAL}
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        keywords |= {name for name in names if name is not None and name.isidentifier()}
    places = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    for place, name in enumerate(names):
        if name in keywords and (place >= len(places) or places[place] != name):
            return place
    return len(names)
