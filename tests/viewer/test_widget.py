"""The viewer as a widget: a small state, and code on demand."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from modelviz import InputError
from modelviz.drawing import draw
from modelviz.viewer import bundle
from tests.render.models import residual


def test_its_state_has_no_code_and_its_output_a_picture() -> None:
    diagram = draw(residual())
    widget = diagram.widget()
    state = widget.get_state()
    assert len(json.dumps(state, default=str)) < 100_000 < len(bundle())
    assert json.loads(state["document"]) == diagram.to_dict()
    data, _ = widget._repr_mimebundle_()
    assert data["image/svg+xml"] == diagram.svg
    assert data["text/html"].startswith("<img src=") and "<script" not in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_the_code_is_sent_to_who_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    widget = draw(residual()).widget()
    sent: list[tuple[Any, Any]] = []
    monkeypatch.setattr(widget, "send", lambda *message: sent.append(message))
    widget._handle_custom_msg({"wanted": "another version"}, [])
    assert sent == []
    widget._handle_custom_msg({"wanted": widget.digest}, [])
    ((message, buffers),) = sent
    assert message == {"code": widget.digest} and buffers == [bundle().encode()]


def test_without_anywidget_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "modelviz.viewer.widget", raising=False)
    with pytest.raises(InputError, match=r"torch-modelviz\[notebook\]"):
        draw(residual()).widget()
