"""The widgets for how the picture looks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from modelviz import ModelGraph

from .choice import choose

FITS = "fits"
THEMES = {"auto": "Like the page", "light": "Light", "dark": "Dark", "paper": "Paper"}
DIRECTIONS = {"TB": "Downwards", "LR": "To the right"}
HEAT = {
    "kind": "Kind of layer",
    "params": "Parameters",
    "flops": "FLOPs",
    "memory": "Memory",
    "time": "Time",
}


@dataclass(frozen=True, slots=True)
class Look:
    """How the picture looks. ``depth`` None shows what fits a page."""

    depth: int | None
    fold: bool
    direction: str
    theme: str
    heat: str | None

    @property
    def drawn_theme(self) -> str:
        """The theme of what is downloaded: that of the page, where the picture follows it."""
        if self.theme != "auto":
            return self.theme
        return "dark" if st.context.theme.type == "dark" else "light"

    @property
    def shows_time(self) -> bool:
        """Whether the picture is coloured by times, which must be measured."""
        return self.heat == "time"

    def for_graph(self, graph: ModelGraph) -> Look:
        """The same, without colours by time where the graph holds no times."""
        missing = self.shows_time and graph.total_seconds is None
        return replace(self, heat=None) if missing else self


def edit_look(levels: int) -> Look:
    """How the picture is to look, of a model with ``levels`` levels of modules."""
    # What was chosen stays an option: it may come from a link, or from a deeper model.
    chosen: str = st.session_state["depth"]
    most = max(levels, 1, 0 if chosen == FITS else int(chosen))
    depth = st.select_slider(
        "Depth",
        [FITS, *map(str, range(1, most + 1))],
        format_func=str.capitalize,
        key="depth",
        persist_state="session",
        help="Levels of modules that are open at first. Fits opens what fits a page.",
    )
    fold = st.toggle(
        "Fold repeated blocks",
        key="fold",
        persist_state="session",
        help="Equal blocks in a row are shown once, marked × and their number.",
    )
    left, right = st.columns(2, gap="small")
    with left:
        theme = choose("Theme", THEMES, "theme")
    with right:
        direction = choose("Flow", DIRECTIONS, "direction")
    heat = choose(
        "Colour by", HEAT, "heat", "Time is measured: the forward runs for real, a few times."
    )
    return Look(
        depth=None if depth == FITS else int(depth),
        fold=fold,
        direction=direction or "TB",
        theme=theme or "auto",
        heat=None if heat == "kind" else heat,
    )
