"""The widget for one of a few choices, each with a name for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

Choice = TypeVar("Choice", bound=str)


def choose(
    label: str, choices: Mapping[Choice, str], key: str, help: str | None = None
) -> Choice | None:
    """The choice that is made, kept for the session; its name is what the page shows."""
    return st.selectbox(
        label,
        list(choices),
        format_func=choices.__getitem__,
        key=key,
        persist_state="session",
        help=help,
    )
