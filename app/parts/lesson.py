"""A lesson on a page, and the code of it that a visitor may change."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st

from modelviz import gallery
from modelviz.jobs import JobSpec
from modelviz.jobs.make import CODE_FILE
from modelviz.lessons import Topic, excerpt, factory_of, lesson

from . import server
from .editor import Failing, edit_text, failing_line, replace_text, take_typed
from .outcome import Outcome
from .picker import HOW_TO_ALLOW
from .state import Slot, key, passing, put, value

SLOT: Slot = "learn"


def ask_to_edit(topic: Topic) -> bool:
    """Whether the visitor wants to change the code of a lesson."""
    name = key(_slot(topic), "editing")
    return st.toggle("Change the code", key=name, persist_state="session")


def edit(topic: Topic, editing: bool) -> JobSpec:
    """The job of the lesson: the example itself, or what the visitor made of it and had drawn."""
    example = JobSpec("gallery", topic.example)
    if editing:
        _editor(topic)
    spec: JobSpec | None = value(_slot(topic), "drawn")
    return example if spec is None or not server.code_allowed() else spec


def show_lesson(topic: Topic, outcome: Outcome) -> None:
    """Show code, picture and table of what came of the job of a lesson."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    held: tuple[Any, str] | None = value(SLOT, "lesson")
    made_of = (outcome, theme)
    if held is None or held[0] != made_of:
        held = made_of, _data(topic, outcome, theme)
        put(SLOT, "lesson", held)
    _component()(key=passing(SLOT, "page"), data={"lesson": held[1]})


def _data(topic: Topic, outcome: Outcome, theme: str) -> str:
    assert outcome.shown is not None
    graph, spec = outcome.shown.graph, outcome.spec
    if spec.kind == "code":
        made = lesson(graph, spec.source, CODE_FILE, theme=theme)
    else:
        script = gallery.script(topic.example)
        source = script.read_text(encoding="utf-8")
        made = lesson(graph, source, str(script), excerpt(topic.example).lines, theme=theme)
    return json.dumps(made.data)


def _editor(topic: Topic) -> None:
    allowed = server.code_allowed()
    if not allowed:
        st.info(HOW_TO_ALLOW, icon=":material/lock:")
    slot = _slot(topic)
    if value(slot, "code") is None:
        put(slot, "code", excerpt(topic.example).text)
    edit_text(
        slot,
        "code",
        "The code of this lesson",
        on_go=lambda: _draw(topic),
        allowed=allowed,
        failing=_failing(topic),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Draw it",
            key=passing(SLOT, "draw"),
            type="primary",
            disabled=not allowed,
            on_click=_draw,
            args=(topic,),
        )
        if value(slot, "drawn"):
            st.button(
                "Back to the example", key=passing(SLOT, "back"), on_click=_back, args=(topic,)
            )


def _draw(topic: Topic) -> None:
    """Have the code drawn: the visitor typed it here, and asked for it."""
    slot = _slot(topic)
    take_typed(slot, "code")
    text: str = value(slot, "code", "")
    put(slot, "submitted.code", text)
    if not server.code_allowed() or text == excerpt(topic.example).text:
        put(slot, "drawn", None)
        return
    spec = JobSpec("code", text, factory=factory_of(text))
    server.visitor().allow(spec)
    put(slot, "drawn", spec)


def _back(topic: Topic) -> None:
    put(_slot(topic), "drawn", None)
    replace_text(_slot(topic), "code", excerpt(topic.example).text)


def _failing(topic: Topic) -> Failing | None:
    """The line at which what was drawn last failed."""
    spec: JobSpec | None = value(_slot(topic), "drawn")
    outcome = None if spec is None else server.visitor().outcome(spec)
    error = None if outcome is None else outcome.result.error
    if spec is None or error is None:
        return None
    return failing_line(spec.source, error.line, error.message.partition("\n")[0])


def _slot(topic: Topic) -> Slot:
    """Whose the code of a lesson is: each keeps what was typed."""
    return f"{SLOT}.{topic.example}"


@cache
def _component() -> Any:
    folder = files("modelviz.lessons")
    return st.components.v2.component(
        "modelviz_lesson",
        html='<div class="lesson"></div>',
        css=folder.joinpath("page.css").read_text(encoding="utf-8"),
        js=folder.joinpath("page.js").read_text(encoding="utf-8"),
    )
