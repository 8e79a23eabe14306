"""Writes the themes of the pictures as JSON, for the viewer: `python scripts/themes.py [FILE]`.

`modelviz/render/theme.py` is where colours are chosen; nothing here adds to them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from modelviz.render.sizes import SMALL, TINY, TITLE
from modelviz.render.theme import LEGEND, THEMES, Theme, diverging, heat

_HEAT_STOPS = 9


def themes_json() -> str:
    """The JSON text: each theme by its name, the stops of the heat maps, the legend's order, sizes of text."""
    shares = [index / (_HEAT_STOPS - 1) for index in range(_HEAT_STOPS)]
    document = {
        "themes": {name: _fields(theme) for name, theme in THEMES.items()},
        "heat": [heat(share) for share in shares],
        "diverging": [diverging(share) for share in shares],
        "legend": list(LEGEND),
        "sizes": {"title": TITLE, "small": SMALL, "tiny": TINY},
    }
    return json.dumps(document, indent=1) + "\n"


def _fields(theme: Theme) -> dict[str, Any]:
    return {
        "name": theme.name,
        "family": theme.css_family,
        "background": theme.background,
        "text": theme.text,
        "muted": theme.muted,
        "edge": theme.edge,
        "groupFill": list(theme.group_fill),
        "groupLine": theme.group_line,
        "line": theme.line,
        "tint": theme.tint,
        "error": theme.error,
        "lit": theme.lit,
        "tones": dict(theme.tones),
        "coloured": theme.coloured,
        "hues": dict(theme.hues),
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(themes_json(), encoding="utf-8")
    else:
        sys.stdout.write(themes_json())
