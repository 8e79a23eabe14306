"""Where a viewer puts everything at first, where a picture has a form of its own, such as a U.

The viewer asks Graphviz for all other pictures, and for this one, too, once anything is opened or
closed in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..view.model import View
from .edge_marks import placed_labels
from .header_places import header_places
from .layout import Layout
from .plan import Plan, plan
from .shapes import shapes
from .style import Style

SIGN = 11.0
"""The room that the viewer's sign for opening and closing takes in a card: ``SIGN`` in look.ts."""
_MOST = 200
"""Most nodes and groups that are looked at: more are never read as one form."""


def first_places(view: View, style: Style) -> dict[str, Any] | None:
    """``FirstPlaces`` of ``viewer-src/src/model/document.ts``; None where Graphviz is asked."""
    if not view.traced or view.size > _MOST:
        return None
    alone = replace(style, direction="TB", color_by=None, overlay=None, narrow=0, sign=SIGN)
    drawing = plan(view, alone)
    layout = next(shapes(drawing), None)
    return None if layout is None else _told(drawing, layout)


def _told(drawing: Plan, layout: Layout) -> dict[str, Any]:
    headers = header_places(drawing.headers, layout, drawing.style.theme.family)
    labels = placed_labels(drawing, layout, headers, (0.0, layout.width))
    return {
        "width": _round(layout.width),
        "height": _round(layout.height),
        "boxes": {
            name: [_round(at) for at in (box.left, box.top, box.right, box.bottom)]
            for name, box in layout.boxes.items()
        },
        "curves": [
            [
                curve.source,
                curve.target,
                [_round(at) for point in curve.points for at in point],
                None if curve.tip is None else [_round(at) for at in curve.tip],
            ]
            for curve in layout.curves
        ],
        "upward": sorted(layout.upward),
        "labels": [[*one.ends, _round(one.box.left), _round(one.box.top)] for one in labels],
    }


def _round(length: float) -> float:
    return round(length, 2)
