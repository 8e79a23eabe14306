"""How a change reads, wherever it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..analysis.figures import Figures
from ..units import MINUS, difference_text, exact_text
from .changes import Change

SIGNS: Mapping[str, str] = {
    "added": "+",
    "removed": MINUS,
    "changed": "~",
    "renamed": "»",
    "moved": "↷",
}
"""How a change is marked, by its kind; never by colour alone."""
_SHOWN = 6
"""Details of a change that are shown; ``to_dict`` has them all."""
_LISTED = 3
"""Paths that are named before the others are only counted."""


def where(change: Change) -> str:
    """The place of a change, and its class."""
    before, after = change.before, change.after
    if before is not None and after is not None and change.kind in ("renamed", "moved"):
        place = f"{before or 'the model'} → {after or 'the model'}"
    else:
        place = change.path or "the model"
    return f"{place} ({change.class_name})"


def lines(change: Change) -> tuple[str, ...]:
    """What is to be said of a change: its details, where else it is, what follows from it."""
    return (*map(str, change.details[:_SHOWN]), *remarks(change))


def remarks(change: Change) -> Iterator[str]:
    """What is to be said of a change beside its details."""
    hidden = len(change.details) - _SHOWN
    if hidden > 0:
        yield f"and {hidden} more detail{'s' if hidden > 1 else ''}"
    if change.kind == "moved" and change.also:
        yield f"in exchange with {_listed(change.also)}"
    elif change.also:
        yield f"the same in {_listed(change.also)}"
    if change.consequences:
        yield f"therefore other sizes in {_listed(change.consequences)}"


def _listed(paths: tuple[str, ...]) -> str:
    shown = ", ".join(path or "the model" for path in paths[:_LISTED])
    more = len(paths) - _LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def cost_text(cost: Figures) -> str:
    """What a change adds: ``+1,000 parameters, −20 FLOPs``; empty where that is nothing."""
    parts = [
        f"{difference_text(value, exact_text)} {name}"
        for value, name in ((cost.params, "parameters"), (cost.flops, "FLOPs"))
        if value
    ]
    return ", ".join(parts)
