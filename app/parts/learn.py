"""The page for who has just met ``nn.Module``: four ways to build a model."""

from __future__ import annotations

from html import escape

import streamlit as st

from modelviz.lessons import TOPICS, Topic

from . import address
from .lesson import SLOT, ask_to_edit, edit, show_lesson
from .outcome import Outcome
from .problems import show_error
from .state import key, put, value
from .waiting import await_outcome

TITLE = "Four ways to build a model"
PARAMETER = "lesson"


def learn() -> None:
    """Show the page."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        topic = _choose()
        editing = ask_to_edit(topic)
    st.html(f'<h1 class="mv-lead">{escape(topic.title)}</h1>')
    with st.container(key="mv-lesson", gap="xsmall"):
        st.markdown(topic.words)
        st.markdown(f":material/visibility: {topic.look}")
    spec = edit(topic, editing)
    # A place of its own, so that what is below it stays where it is.
    with st.container():
        outcome = await_outcome(SLOT, spec)
    if outcome is not None:
        put(SLOT, "shown", (topic, outcome))
    held: tuple[Topic, Outcome] | None = value(SLOT, "shown")
    if held is None or held[0] != topic:
        st.skeleton(height=500)
        return
    _show(*held)


@st.fragment
def _show(topic: Topic, outcome: Outcome) -> None:
    with st.container():
        show_error(SLOT, outcome)
    if outcome.shown is not None:
        show_lesson(topic, outcome)


def _choose() -> Topic:
    """The lesson that is chosen, here or by the address."""
    examples = [topic.example for topic in TOPICS]
    widget = key(SLOT, "topic")
    linked = st.query_params.get(PARAMETER)
    if widget not in st.session_state:
        st.session_state[widget] = linked if linked in examples else examples[0]
    titles = {topic.example: f"{n} {topic.title}" for n, topic in enumerate(TOPICS, 1)}
    chosen = st.segmented_control(
        TITLE,
        examples,
        format_func=titles.__getitem__,
        key=widget,
        persist_state="session",
        required=True,
        label_visibility="collapsed",
    )
    wanted = {} if chosen == examples[0] else {PARAMETER: str(chosen)}
    address.write(wanted)
    return TOPICS[examples.index(str(chosen))]
