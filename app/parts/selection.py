"""The layer that is selected, in the picture and in the table alike."""

from __future__ import annotations

from .state import Slot, put, value


def selected(slot: Slot) -> str | None:
    """What is selected: the path of a module, or the viewer's id of something else."""
    found: str | None = value(slot, "selected")
    return found


def select(slot: Slot, path: str | None) -> None:
    """Select something, or nothing."""
    put(slot, "selected", path)


def hear_viewer(slot: Slot, said: str | None) -> None:
    """Take over what the viewer says is selected, unless it only repeats itself.

    It says again what it said before whenever the page is drawn; by then something else may
    have been selected in the table.
    """
    if said != value(slot, "viewer.said"):
        put(slot, "viewer.said", said)
        select(slot, said)
