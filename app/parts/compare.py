"""The page that shows what differs between two models."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from modelviz.jobs import JobSpec

from . import link
from .candidates import ask_which
from .changes import show_changes
from .comparison import Comparison, comparison, heading_of
from .diagram import show_diagram
from .downloads import COMPARISONS, show_downloads
from .figures import show_figures
from .inputs import edit_forward
from .look import Look, edit_look
from .outcome import Outcome, Shown
from .picker import pick
from .problems import show_error
from .specs import NOT_RUN, key_of, timed
from .state import Slot, put, value
from .text import heading, plain
from .waiting import await_outcome, may_stay

HEIGHT = 720
SLOTS: tuple[Slot, Slot] = ("a", "b")


def compare() -> None:
    """Show the page."""
    specs: dict[Slot, JobSpec | None] = {}
    waiting: dict[Slot, bool] = {}
    with st.sidebar:
        for slot in SLOTS:
            with st.expander(f"Model {slot.upper()}", expanded=True):
                spec = pick(slot)
                if spec is not None and spec.kind not in NOT_RUN:
                    spec = edit_forward(slot, spec)
                specs[slot] = spec
        with st.expander("Picture", expanded=False):
            look = edit_look(_levels("b"))
    for slot in SLOTS:
        spec = specs[slot]
        if spec is not None and look.shows_time:
            spec = timed(spec)
        # A place of its own, so that what is below it stays where it is.
        with st.container():
            outcome = None if spec is None else await_outcome(slot, spec)
        if outcome is not None:
            put(slot, "shown", outcome)
            ask_which(slot, outcome)
        waiting[slot] = spec is not None and outcome is None
    a, b = (_current(slot, specs[slot], waiting[slot]) for slot in SLOTS)
    _show(a, b, look, waiting)


def _current(slot: Slot, spec: JobSpec | None, is_waiting: bool) -> Outcome | None:
    """What to show of a model: nothing while another is made that it could be taken for."""
    shown: Outcome | None = value(slot, "shown")
    if is_waiting and spec is not None and shown is not None and not may_stay(shown, spec):
        return None
    return shown


def _levels(slot: Slot) -> int:
    outcome: Outcome | None = value(slot, "shown")
    return outcome.shown.depth if outcome is not None and outcome.shown else 1


@st.fragment
def _show(a: Outcome | None, b: Outcome | None, look: Look, waiting: Mapping[Slot, bool]) -> None:
    for slot, column, outcome, other in zip(SLOTS, st.columns(2), (a, b), (b, a), strict=True):
        with column:
            _figures(slot, outcome, other.shown if other else None, waiting[slot])
    both = comparison(a, b)
    if both is not None:
        _differences(both, look)
    if a is not None and b is not None:
        link.write(("a", a.spec), ("b", b.spec))


def _figures(slot: Slot, outcome: Outcome | None, other: Shown | None, is_waiting: bool) -> None:
    st.badge(f"Model {slot.upper()}", color="blue" if slot == "a" else "orange")
    if outcome is None:
        st.skeleton(height=120)
        return
    with st.container():
        if not is_waiting:
            show_error(slot, outcome)
    if outcome.shown is not None:
        heading(*heading_of(outcome))
        show_figures(outcome.shown, other, differ=slot == "b")


def _differences(both: Comparison, look: Look) -> None:
    with st.spinner("Comparing"):
        diff = both.diff
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.subheader("What differs", anchor=False)
        drawn = look.for_graph(diff.after)
        show_downloads("b", " to ".join(both.names), both, drawn, COMPARISONS)
    for side, name in zip((both.a, both.b), both.names, strict=True):
        if side.result.error is not None:
            st.warning(f"The forward of {plain(name)} failed: it is compared up to there.")
    if diff:
        name = f"{key_of(both.a.spec)}.{key_of(both.b.spec)}"
        show_diagram("b", name, diff.after, both.document, look, HEIGHT)
    show_changes(both)
