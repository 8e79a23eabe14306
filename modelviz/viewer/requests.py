"""What a page asks of a viewer from one run of its script to the next, and what the viewer says.

Pure data: ``component.py`` keeps it in a Streamlit session.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from ..depth import room
from ..graph.whole import MAX_DEPTH


@dataclass(frozen=True, slots=True)
class ViewerState:
    """What a reader has selected and opened.

    ``selected`` is the path of a module, the id of anything else, or None; ``state`` is a short
    text that brings the same picture back, empty for the first one.
    """

    selected: str | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What a viewer is told. Streamlit does not send it again while it stays the same.

    ``text`` is ``document`` as JSON and ``digest`` its hash. ``number`` counts the requests; the
    last of them is ``request``. ``asked`` and ``seen`` are what the page asked for and what the
    viewer showed in the last run.
    """

    document: Mapping[str, Any]
    text: str
    digest: str
    request: ViewerState
    asked: ViewerState
    seen: ViewerState
    number: int = 0


def next_message(
    last: Message | None, document: Mapping[str, Any], asked: ViewerState, reported: object
) -> Message:
    """The message of this run of the script, from that of the last.

    A selection or a state that is asked for becomes a request when it is new. What the viewer
    reports comes back as such from pages that keep it, in the address for one, and from those
    that read it before they write it, a run late: that is no request, or the reader would be
    pulled back.
    """
    message = _of_document(last, document, asked)
    if last is None or message.digest != last.digest:
        return message
    now = state_in(message, reported)
    known = (message.asked, message.seen, now)
    select = asked.selected if asked.selected not in [one.selected for one in known] else None
    state = asked.state if asked.state not in [one.state for one in known] else None
    message = replace(message, asked=asked, seen=now)
    if select is None and state is None:
        return message
    request = ViewerState(select, now.state if state is None else state)
    return replace(message, request=request, number=message.number + 1)


def state_in(message: Message, reported: object) -> ViewerState:
    """What a viewer says that it shows; what it was told where it says nothing of this document."""
    shown = reported.get("shown") if isinstance(reported, Mapping) else None
    if not isinstance(shown, Mapping) or shown.get("key") != message.digest:
        return message.request
    selected, state = shown.get("selected"), shown.get("state")
    return ViewerState(
        selected if isinstance(selected, str) else None, state if isinstance(state, str) else ""
    )


def _of_document(last: Message | None, document: Mapping[str, Any], asked: ViewerState) -> Message:
    """The last message where it is about this document, or else a first one."""
    if last is not None and last.document is document:
        return last
    with room(MAX_DEPTH):
        text = json.dumps(document, separators=(",", ":"))
    digest = sha256(text.encode()).hexdigest()[:16]
    if last is not None and last.digest == digest:
        return replace(last, document=document)
    return Message(document, text, digest, request=asked, asked=asked, seen=asked)
