"""The picture that can be opened, closed and asked."""

from __future__ import annotations

from modelviz.viewer.component import viewer

from .look import Look
from .outcome import Outcome, Shown
from .selection import hear_viewer, selected
from .specs import key_of
from .state import Slot, passing, put, value

HEIGHT = 660


def show_diagram(
    slot: Slot, outcome: Outcome, shown: Shown, look: Look, height: int = HEIGHT
) -> None:
    """Show the picture, and note what the visitor opens and selects in it."""
    name = f"{key_of(outcome.spec)}.{look.depth}.{look.fold}"
    # What was open belongs to one model; a link's is taken over by the first that is shown.
    if value(slot, "view.of", name) != name:
        put(slot, "view", "")
    put(slot, "view.of", name)
    said = viewer(
        shown.document(look.depth, look.fold),
        key=passing(slot, f"viewer.{name}"),
        theme=look.theme,
        heat=look.heat,
        direction=look.direction,
        select=selected(slot),
        state=value(slot, "view", ""),
        height=height,
        titled=False,
    )
    put(slot, "view", said.state)
    hear_viewer(slot, said.selected)
