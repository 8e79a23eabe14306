"""The viewer as a Streamlit component; the only module that imports Streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from . import bundle
from .options import heat_option
from .requests import ViewerState, next_message, state_in

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

__all__ = ["ViewerState", "viewer"]


def viewer(
    doc: Mapping[str, Any],
    *,
    key: str,
    theme: str = "auto",
    heat: str | None = None,
    direction: str = "TB",
    select: str | None = None,
    state: str = "",
    height: int = 720,
    titled: bool = True,
) -> ViewerState:
    """The viewer of a document of ``modelviz.view.document``, and what the reader does in it.

    ``theme`` is ``"auto"`` (as the page), ``"light"``, ``"dark"`` or ``"paper"``; ``heat`` is
    ``"params"``, ``"flops"``, ``"memory"``, ``"time"`` or None; ``height`` is in pixels;
    ``titled`` is False where the page says the model's name, totals and failure itself.
    ``select`` (a path or an id; None leaves the selection alone) and ``state`` are requests: each
    is followed when it changes, and the reader is free to go on from there.
    """
    import streamlit as st

    place = f"modelviz-viewer-{key}"
    message = next_message(
        st.session_state.get(place), doc, ViewerState(select, state), st.session_state.get(key)
    )
    st.session_state[place] = message
    result = _component()(
        key=key,
        data={
            "key": message.digest,
            "doc": message.text,
            "theme": theme,
            "heat": heat_option(heat),
            "direction": direction,
            "height": height,
            "titled": titled,
            "requests": message.number,
            "select": message.request.selected,
            "state": message.request.state,
        },
        on_shown_change=_nothing,
    )
    return state_in(message, result)


@cache
def _component() -> ComponentRenderer:
    import streamlit as st

    return st.components.v2.component("modelviz_viewer", js=bundle())


def _nothing() -> None:
    """Streamlit runs the script again by itself after a change."""
