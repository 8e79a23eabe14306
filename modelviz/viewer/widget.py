"""The viewer as a Jupyter widget: Python knows what is selected in it. Needs ``anywidget``.

A notebook keeps a widget's state, its script included, for each widget: the script here is small,
and asks the kernel for the viewer's code, which is kept nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import anywidget
import traitlets

from ..depth import room
from ..graph.whole import MAX_DEPTH
from . import bundle
from .notebook import HEIGHT


class DiagramWidget(anywidget.AnyWidget):
    """A viewer. ``selected`` is the path of the module that is selected, or the id of anything
    else, or None; ``state`` a short text for what is open and how it is coloured. Both may be set.
    """

    _esm = files(__package__).joinpath("widget.js").read_text("utf-8")
    digest = traitlets.Unicode().tag(sync=True)
    document = traitlets.Unicode().tag(sync=True)
    options = traitlets.Dict().tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int(HEIGHT).tag(sync=True)
    selected = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    state = traitlets.Unicode("").tag(sync=True)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and for who shows none the picture."""
        shown = super()._repr_mimebundle_(**kwargs)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        image = f'<img src="data:image/svg+xml,{quote(self.picture)}" alt="Diagram">'
        return {**data, "text/html": image, "image/svg+xml": self.picture}, metadata


def diagram_widget(
    document: Mapping[str, Any], options: Mapping[str, Any], svg: str
) -> DiagramWidget:
    """The widget of a document, begun with the viewer's options; ``svg`` is its picture."""
    from ..render.page import code_digest

    with room(MAX_DEPTH):
        text = json.dumps(document, separators=(",", ":"))
    widget = DiagramWidget(digest=code_digest(), document=text, options=dict(options), picture=svg)
    widget.on_msg(_answer)
    return widget


def _answer(widget: DiagramWidget, message: Any, _: Any) -> None:
    """Sends the viewer's code to a page that does not have it."""
    if isinstance(message, dict) and message.get("wanted") == widget.digest:
        widget.send({"code": widget.digest}, [bundle().encode()])
