"""What a page asks of a viewer over the runs of its script."""

from __future__ import annotations

from typing import Any

from modelviz.viewer.requests import Message, ViewerState, next_message, state_in

DOCUMENT = {"name": "a"}


def said(message: Message, selected: str | None, state: str) -> dict[str, Any]:
    return {"shown": {"key": message.digest, "selected": selected, "state": state}}


def test_the_first_message_asks_for_what_the_page_asks() -> None:
    asked = ViewerState("fc", "sel=c1")
    message = next_message(None, DOCUMENT, asked, None)
    assert message.request == asked and message.number == 0
    assert state_in(message, None) == asked


def test_the_viewer_is_believed() -> None:
    message = next_message(None, DOCUMENT, ViewerState(), None)
    assert state_in(message, said(message, "fc", "sel=c1")) == ViewerState("fc", "sel=c1")


def test_what_is_asked_again_is_no_new_request() -> None:
    asked = ViewerState("fc", "sel=c1")
    first = next_message(None, DOCUMENT, asked, None)
    later = next_message(first, DOCUMENT, asked, said(first, "head", "sel=c2"))
    assert later.number == 0
    assert state_in(later, said(first, "head", "sel=c2")).selected == "head"


def test_something_new_is_a_request() -> None:
    first = next_message(None, DOCUMENT, ViewerState(), None)
    later = next_message(first, DOCUMENT, ViewerState("fc"), None)
    assert (later.number, later.request.selected) == (1, "fc")


def test_the_same_can_be_asked_again_after_something_else() -> None:
    first = next_message(None, DOCUMENT, ViewerState(), None)
    second = next_message(first, DOCUMENT, ViewerState("fc"), None)
    report = said(second, "head", "sel=c2")
    third = next_message(second, DOCUMENT, ViewerState("head"), report)
    fourth = next_message(third, DOCUMENT, ViewerState("head"), report)
    fifth = next_message(fourth, DOCUMENT, ViewerState("fc"), report)
    assert [message.number for message in (second, third, fourth, fifth)] == [1, 1, 1, 2]


def test_a_request_for_a_selection_leaves_open_what_is_open() -> None:
    first = next_message(None, DOCUMENT, ViewerState(), None)
    report = said(first, None, "open=c3")
    later = next_message(first, DOCUMENT, ViewerState("fc", "open=c3"), report)
    assert later.request == ViewerState("fc", "open=c3")


def test_a_page_that_repeats_the_viewer_asks_for_nothing() -> None:
    message = next_message(None, DOCUMENT, ViewerState(), None)
    address = ""
    for state in ("sel=c1", "sel=c2", "open=c3&sel=c2"):
        # The address is read before it is written: what it says is a run late.
        message = next_message(
            message, DOCUMENT, ViewerState(None, address), said(message, None, state)
        )
        address = state_in(message, said(message, None, state)).state
    assert message.number == 0


def test_another_document_begins_anew() -> None:
    first = next_message(None, DOCUMENT, ViewerState("fc"), None)
    other = next_message(first, {"name": "b"}, ViewerState(), said(first, "fc", "sel=c1"))
    assert other.digest != first.digest and other.number == 0
    assert state_in(other, said(first, "fc", "sel=c1")) == ViewerState()


def test_an_equal_document_is_the_same() -> None:
    first = next_message(None, DOCUMENT, ViewerState(), None)
    again = next_message(first, dict(DOCUMENT), ViewerState(), None)
    assert again.digest == first.digest and again.number == 0


def test_a_report_that_makes_no_sense_is_left() -> None:
    message = next_message(None, DOCUMENT, ViewerState("fc"), None)
    for report in (None, 3, {"shown": 3}, {"shown": {"key": "other"}}):
        assert state_in(message, report) == ViewerState("fc")
    odd = {"shown": {"key": message.digest, "selected": 3, "state": None}}
    assert state_in(message, odd) == ViewerState()
