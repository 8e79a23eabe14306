"""The editor of code and configs: a Streamlit component, built from ``viewer-src/src/editor``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import streamlit as st

from . import server
from .state import Slot, passing, put, value

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

HEIGHT = 320
LANGUAGE: dict[str, Literal["python", "json"]] = {"code": "python", "config": "json"}
BUNDLE = Path(__file__).parents[1] / "editor" / "editor.js"


@dataclass(frozen=True, slots=True)
class Failing:
    """The line that failed, from 1, what it reads, and why it failed."""

    line: int
    text: str
    message: str


def edit_text(
    slot: Slot,
    kind: Literal["code", "config"],
    label: str,
    *,
    on_go: Callable[[], None],
    allowed: bool = True,
    failing: Failing | None = None,
) -> str:
    """The text of this kind, to be edited; Ctrl-Enter calls ``on_go``.

    What is typed reaches this server once the person leaves the editor. The tab of the browser
    keeps it from the first letter on, and hands it over after a reload.
    """
    ran = value(slot, f"submitted.{kind}", "")
    linked = bool(value(slot, f"{kind}.linked"))
    _component()(
        key=_widget(slot, kind),
        data={
            "name": f"{slot}.{kind}",
            "language": LANGUAGE[kind],
            "label": label,
            "height": HEIGHT,
            "readOnly": not allowed,
            "text": value(slot, kind, ""),
            "revision": value(slot, f"{kind}.revision", 0),
            "session": server.visitor().id,
            "linked": value(slot, f"{kind}.came"),
            "ran": ran,
            "foreign": linked,
            "failing": None if failing is None else asdict(failing),
        },
        on_typed_change=lambda: take_typed(slot, kind),
        on_go_change=on_go,
    )
    text: str = value(slot, kind, "")
    return text


def take_typed(slot: Slot, kind: str) -> None:
    """Take over what the editor last said, unless that was done before.

    Its word and the click of a button beside it come together, in whatever order.
    """
    said = st.session_state.get(_widget(slot, kind), {})
    for held in (said.get("typed"), said.get("go")):
        if held is None or held["number"] <= value(slot, f"{kind}.heard", 0):
            continue
        put(slot, f"{kind}.heard", held["number"])
        put(slot, kind, str(held["text"]))
        if held["foreign"]:
            put(slot, f"{kind}.linked", True)


def _widget(slot: Slot, kind: str) -> str:
    return passing(slot, f"editor.{kind}")


def replace_text(slot: Slot, kind: str, text: str) -> None:
    """Put another text into the editor in place of what was typed."""
    put(slot, kind, text)
    put(slot, f"{kind}.revision", value(slot, f"{kind}.revision", 0) + 1)


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("modelviz_editor", js=BUNDLE.read_text("utf-8"))


def failing_line(text: str, line: int, message: str) -> Failing | None:
    """The line of the text that is to be marked; None where there is no such line."""
    lines: list[str] = text.split("\n")
    if not 1 <= line <= len(lines):
        return None
    return Failing(line, lines[line - 1].removesuffix("\r"), message)
