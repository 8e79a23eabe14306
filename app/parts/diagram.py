"""The picture that can be opened, closed and asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from modelviz import ModelGraph
from modelviz.viewer.component import viewer

from .look import Look
from .selection import hear_viewer, select, selected
from .state import Slot, passing, put, value

HEIGHT = 660
NO_TIMES = "No times are known of this forward: the picture is coloured by the kind of layer."


def show_diagram(
    slot: Slot,
    of: str,
    graph: ModelGraph,
    document: Callable[[Look], dict[str, Any]],
    look: Look,
    height: int = HEIGHT,
) -> None:
    """Show the picture of a graph, and note what the visitor opens and selects in it.

    ``of`` is a name of what is shown, ``document`` makes what the viewer takes.
    """
    drawn = look.for_graph(graph)
    if drawn != look:
        st.caption(NO_TIMES)
    name = f"{of}.{look.depth}.{look.fold}"
    # What was open belongs to one model; a link's is taken over by the first that is shown.
    if value(slot, "view.of", name) != name:
        put(slot, "view", "")
    if value(slot, "selected.of", of) != of:
        select(slot, None)
    put(slot, "view.of", name)
    put(slot, "selected.of", of)
    said = viewer(
        document(look),
        key=passing(slot, f"viewer.{name}"),
        theme=look.theme,
        heat=drawn.heat,
        direction=look.direction,
        select=selected(slot),
        state=value(slot, "view", ""),
        height=height,
        titled=False,
    )
    put(slot, "view", said.state)
    hear_viewer(slot, said.selected)
