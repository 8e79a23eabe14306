"""What the address bar holds, and the visitor who goes back in it.

Each address that a page writes is a step of the browser's history. Who goes back to one sees what
it says, as after a reload.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import streamlit as st

from .state import OF_THE_PICTURE

_PAGE, _NOW, _ALL = "address.page", "address.now", "address.all"
_OWNERS = ("a", "b", "plan", "learn")
_TYPED = ("code", "config")
"""What is typed stays when somebody goes back, unless the address has another text."""


class _Written(NamedTuple):
    """An address, the page that wrote it, and what was chosen then.

    Nothing is known of that from a way back until the page is drawn: another may come before.
    """

    page: str
    address: Mapping[str, str]
    chosen: Mapping[str, Any] | None


def write(wanted: Mapping[str, str]) -> None:
    """Put this into the address bar, and remember it."""
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
    page = st.session_state.get(_PAGE, "")
    st.session_state[_NOW] = _Written(page, dict(wanted), _chosen())
    remember(wanted)


def remember(address: Mapping[str, str]) -> None:
    """Know an address when somebody goes back to it."""
    known: list[Mapping[str, str]] = st.session_state.setdefault(_ALL, [])
    if address not in known:
        known.append(dict(address))


def went_back(page: str) -> bool:
    """Whether the browser went back or forward on this page; all choices are forgotten then.

    Only where nothing was chosen meanwhile: a choice is sent with the address of before it.
    """
    st.session_state[_PAGE] = page
    now: _Written | None = st.session_state.get(_NOW)
    given = st.query_params.to_dict()
    if now is None or now.page != page or given == now.address:
        return False
    if given not in st.session_state.get(_ALL, ()) or now.chosen not in (None, _chosen()):
        return False
    st.session_state[_NOW] = _Written(page, given, None)
    others = any(given.get(name) != now.address.get(name) for name in ("model", "model2"))
    for name in map(str, list(st.session_state)):
        # A viewer of another model is mounted anew, and has been asked for nothing.
        viewer = others and name.startswith("modelviz-viewer-")
        if viewer or (_is_choice(name) and not _is_typed(name)):
            del st.session_state[name]
    return True


def _is_choice(name: str) -> bool:
    """Whether this is what somebody chose for a picture or a model."""
    owner, _, rest = name.partition(".")
    return name in OF_THE_PICTURE or (owner in _OWNERS and rest != "viewer.said")


def _is_typed(name: str) -> bool:
    rest = name.partition(".")[2]
    return rest.partition(".")[0] in _TYPED and not rest.endswith(".linked")


def _chosen() -> dict[str, Any]:
    """What widgets hold that the address tells of: choices, numbers, texts and lists of them."""
    held = {str(name): st.session_state[name] for name in st.session_state}
    return {
        name: value
        for name, value in held.items()
        if _is_choice(name)
        and name.partition(".")[2] not in ("view", "selected")
        and (value is None or isinstance(value, (str, int, float, list)))
    }
