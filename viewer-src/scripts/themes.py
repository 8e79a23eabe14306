"""Writes what the viewer draws with as JSON: `python scripts/themes.py [FILE]`.

Colours and measures are chosen in `modelviz/render`; nothing here adds to them.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from modelviz.render.heat import Scale
from modelviz.render.paint import node_colours
from modelviz.render.style import Style
from modelviz.render.theme import LEGEND, THEMES, Theme, diverging, heat
from modelviz.view.document import Kind
from modelviz.view.model import Node

_HEAT_STOPS = 9
_INNERMOST = re.compile(r"[{\[][^{}\[\]]*[}\]]")
_MEASURES = {
    "card_marks": "RADIUS",
    "cards": "PAD_X PAD_Y STRIPE STACK MIN_WIDTH CIRCLE MAX_NAME MAX_TIE SYMBOLS",
    "compose": "MARGIN LEGEND_GAP",
    "edge_labels": "MANY",
    "edge_marks": "ASCENT",
    "first_places": "SIGN",
    "frame_sides": "BESIDE",
    "header_places": "INSET HEIGHT GAP CLEAR FEW",
    "layout_source": "INCH GROUP_MARGIN MANY_EDGES HASTE BRANCHES BACK",
    "legend": "STEPS STEP BLOCKS",
    "lines": "LEADING",
    "links": "LANE MAX_LANES",
    "page_breaks": "MAX_CROSSING CLEAR",
    "pagination": "GAIN LANE GUTTER FOOT EVENNESS CUT_COST COLUMNS ROWS",
    "paint": "LIT",
    "placing": "DEPTHS REACHES GAPS OVERHANG ELSEWHERE SPACING",
    "rounding": "RADIUS",
    "sizes": "TITLE SMALL TINY",
    "stacks": "STACKED HEAVY RESHAPING",
    "title": "NAME FACTS",
}
"""What both drawings are measured by: names in modelviz/render, by the files that explain them."""


def themes_json() -> str:
    """The JSON text: themes by name, the stops of the heat maps, the legend's order, measures."""
    shares = [index / (_HEAT_STOPS - 1) for index in range(_HEAT_STOPS)]
    document = {
        "themes": {name: _fields(theme) for name, theme in THEMES.items()},
        "heat": [heat(share) for share in shares],
        "diverging": [diverging(share) for share in shares],
        "legend": list(LEGEND),
        "measures": {
            place: {name: _measure(place, name) for name in names.split()}
            for place, names in _MEASURES.items()
        },
    }
    text = json.dumps(document, indent=1)
    # What has nothing inside of it is in one line: the colours of one kind, the sizes of one file.
    return _INNERMOST.sub(lambda found: " ".join(found[0].split()), text) + "\n"


def _fields(theme: Theme) -> dict[str, Any]:
    told = asdict(theme) | {"family": theme.css_family, "paints": _paints(theme)}
    del told["tint"]  # in the paints
    return {re.sub("_(.)", lambda found: found[1].upper(), name): told[name] for name in told}


def _paints(theme: Theme) -> dict[str, Any]:
    """The colours of nodes by kind, paler, by tone, and of what failed or is never read."""

    def paint(kind: Kind = "other", **more: Any) -> dict[str, str]:
        return asdict(node_colours(Node("", kind, "", **more), Style(theme=theme), Scale()))

    return {
        "plain": {kind: paint(kind) for kind in theme.hues},
        "pale": {kind: paint(kind, pale=True) for kind in theme.hues},
        "tones": {tone: paint(tone=tone) for tone in theme.tones},
        "failed": paint(status="failed"),
        "unread": paint(status="unread"),
    }


def _measure(place: str, name: str) -> Any:
    value = getattr(import_module(f"modelviz.render.{place}"), name)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return sorted(value) if isinstance(value, frozenset) else value


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(themes_json(), encoding="utf-8")
    else:
        sys.stdout.write(themes_json())
