"""The page that shows two models side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from . import link
from .diagram import show_diagram
from .differences import by_kind, by_layer
from .figures import show_figures
from .inputs import edit_forward
from .look import Look, edit_look
from .outcome import Outcome, Shown
from .picker import pick
from .problems import show_error
from .specs import NOT_RUN, timed
from .state import Slot, put, value
from .text import heading
from .waiting import await_outcome

if TYPE_CHECKING:
    import pandas

HEIGHT = 560
SLOTS: tuple[Slot, Slot] = ("a", "b")


def compare() -> None:
    """Show the page."""
    specs = {}
    with st.sidebar:
        for slot in SLOTS:
            with st.expander(f"Model {slot.upper()}", expanded=True):
                spec = pick(slot)
                if spec is not None and spec.kind not in NOT_RUN:
                    spec = edit_forward(slot, spec)
                specs[slot] = spec
        with st.expander("Picture", expanded=False):
            look = edit_look(max(_levels(slot) for slot in SLOTS))
    for slot in SLOTS:
        spec = specs[slot]
        if spec is not None and look.shows_time:
            spec = timed(spec)
        # A place of its own, so that what is below it stays where it is.
        with st.container():
            outcome = None if spec is None else await_outcome(slot, spec)
        if outcome is not None:
            put(slot, "shown", outcome)
    _show(value("a", "shown"), value("b", "shown"), look)


def _levels(slot: Slot) -> int:
    outcome: Outcome | None = value(slot, "shown")
    return outcome.shown.depth if outcome is not None and outcome.shown else 1


@st.fragment
def _show(a: Outcome | None, b: Outcome | None, look: Look) -> None:
    for slot, column, outcome, other in zip(SLOTS, st.columns(2), (a, b), (None, a), strict=True):
        with column:
            _figures(slot, outcome, other.shown if other else None)
    # Another row of columns, so that the pictures begin at the same height.
    for slot, column, outcome in zip(SLOTS, st.columns(2), (a, b), strict=True):
        with column:
            _picture(slot, outcome, look)
    if a is not None and b is not None:
        if a.shown is not None and b.shown is not None:
            _differences(a.shown, b.shown)
        link.write(("a", a.spec), ("b", b.spec))


def _figures(slot: Slot, outcome: Outcome | None, other: Shown | None) -> None:
    st.badge(f"Model {slot.upper()}", color="blue" if slot == "a" else "orange")
    if outcome is None:
        return
    with st.container():
        show_error(slot, outcome)
    if outcome.shown is not None:
        heading(outcome.shown.graph.name)
        show_figures(outcome.shown, other)


def _picture(slot: Slot, outcome: Outcome | None, look: Look) -> None:
    if outcome is None:
        st.skeleton(height=HEIGHT)
    elif outcome.shown is not None:
        show_diagram(slot, outcome, outcome.shown, look, HEIGHT)


def _differences(a: Shown, b: Shown) -> None:
    st.subheader("What differs", anchor=False)
    kinds, layers = st.tabs(["By kind of layer", "By layer"])
    with kinds:
        _table(by_kind(a, b))
    with layers:
        found = by_layer(a, b)
        if found.empty:
            st.success("Every layer is the same in both models.")
        else:
            _table(found)


def _table(frame: pandas.DataFrame) -> None:
    numbers = frame.select_dtypes("number").columns
    config = {name: st.column_config.NumberColumn(format="localized") for name in numbers}
    st.dataframe(frame, hide_index=True, column_config=config)
