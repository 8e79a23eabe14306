"""Which of the models in a piece of code is to be shown."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from . import server
from .outcome import Outcome
from .state import Slot, passing, put


def ask_which(slot: Slot, outcome: Outcome) -> None:
    """Ask which model of the code to show, where it has several; one of them is shown already."""
    names, chosen = outcome.result.candidates, outcome.result.chosen
    if len(names) < 2:
        return
    widget = passing(slot, "candidate")
    st.session_state[widget] = chosen if chosen in names else None
    st.pills(
        f"This code has {len(names)} models. Which one is to be shown?",
        names,
        key=widget,
        on_change=_take,
        args=(slot, outcome, widget),
    )


def _take(slot: Slot, outcome: Outcome, widget: str) -> None:
    """Show the one that was chosen: the visitor has run this code, and is asked for no leave."""
    name = st.session_state[widget] or outcome.result.chosen
    put(slot, "factory", name)
    put(slot, "factory.picked", name)
    server.visitor().allow(replace(outcome.spec, factory=name))
