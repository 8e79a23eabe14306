"""The page that shows one model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from . import link
from .candidates import ask_which
from .charts import show_charts
from .diagram import show_diagram
from .downloads import OF_A_MODEL, show_downloads
from .figures import show_figures
from .findings import show_findings
from .inputs import edit_forward
from .look import Look, edit_look
from .outcome import Outcome, Shown
from .picker import pick
from .problems import show_error, show_notes
from .server import is_settled
from .specs import FIRST, NOT_RUN, key_of, timed
from .state import TABS, Slot, passing, put, value
from .table import show_table
from .text import heading
from .waiting import await_outcome, is_stopped, may_stay

if TYPE_CHECKING:
    from streamlit.elements.lib.mutable_tab_container import TabContainer

SLOT: Slot = "a"
SETTLE_PACE = 0.5
"""Seconds between two looks whether tables and charts may follow the first picture."""
WELCOME = "See what a PyTorch model is: its layers, shapes, parameters and compute."


def explore() -> None:
    """Show the page."""
    with st.sidebar:
        st.markdown(WELCOME)
        spec = pick(SLOT)
        if spec is not None and spec.kind not in NOT_RUN:
            with st.expander("Inputs and forward", expanded=True):
                spec = edit_forward(SLOT, spec)
        before: Outcome | None = value(SLOT, "shown")
        levels = before.shown.depth if before is not None and before.shown else 1
        with st.expander("Picture"):
            look = edit_look(levels)
    if spec is not None and look.shows_time:
        spec = timed(spec)
    if spec is None and before is None:
        # Nothing chosen yet, in a link to an upload say: something to look at all the same.
        spec = FIRST
    # A place of its own, so that what is below it stays where it is.
    with st.container():
        outcome = None if spec is None else await_outcome(SLOT, spec)
    if outcome is not None:
        put(SLOT, "shown", outcome)
    current: Outcome | None = value(SLOT, "shown")
    if spec is not None and outcome is None and current is not None and not may_stay(current, spec):
        current = None
    if current is None:
        if not is_stopped(SLOT, spec):
            st.skeleton(height=600)
        return
    with st.container():
        ask_which(SLOT, current)
    _show(current, look, is_current=current is outcome or spec is None)


@st.fragment
def _show(outcome: Outcome, look: Look, is_current: bool) -> None:
    shown = outcome.shown
    with st.container():
        if is_current:
            show_error(SLOT, outcome)
    if shown is None:
        return
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        heading(shown.graph.name)
        name = shown.graph.name
        show_downloads(SLOT, name, shown, look.for_graph(shown.graph), OF_A_MODEL)
    show_figures(shown)
    tabs = dict(zip(TABS, _tabs(), strict=True))
    with tabs["Diagram"]:
        show_diagram(SLOT, key_of(outcome.spec), shown.graph, shown.document, look)
    settled = is_settled()
    for name in TABS[1:]:
        if settled or st.session_state["tab"] == name:
            with tabs[name]:
                _show_beside(name, outcome, shown)
    link.write((SLOT, outcome.spec))
    if not settled:
        _wait_to_settle()


@st.fragment(run_every=SETTLE_PACE)
def _wait_to_settle() -> None:
    """Let the first picture of a server come alone: tables and charts bring much code of their own.

    They follow at once, unless somebody opens their tab before.
    """
    if is_settled():
        st.rerun()


def _show_beside(tab: str, outcome: Outcome, shown: Shown) -> None:
    """What a tab other than that of the picture holds."""
    match tab:
        case "Table":
            show_table(SLOT, outcome, shown)
        case "Charts":
            show_charts(SLOT, shown)
        case "Findings":
            show_findings(SLOT, shown.report)
        case "Notes":
            show_notes(outcome)
            if left_out := link.missing(outcome.spec):
                st.caption(left_out)


def _tabs() -> Sequence[TabContainer]:
    """The tabs, the one last chosen on top, also after a visit to another page."""
    widget = passing(SLOT, "tabs")
    st.session_state[widget] = st.session_state["tab"]

    def hear() -> None:
        st.session_state["tab"] = st.session_state[widget]

    return st.tabs(TABS, key=widget, on_change=hear)
