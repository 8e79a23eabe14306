"""Layouts cut into columns and rows, for the viewer to do the same.

``python -m tests.render.columns`` writes them; the tests of the viewer (``viewer-src``) and of this
package read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from modelviz.render.layout import Layout, lay_out
from modelviz.render.pagination import Sheet, in_columns, in_rows
from modelviz.render.paper import Paper
from modelviz.render.plan import plan
from modelviz.render.style import style_of
from modelviz.view import view_options
from modelviz.view.making import document_of
from modelviz.view.visible import visible
from tests.render.drawings import DRAWINGS, Drawing, layout_of, text
from tests.view.test_view import decoder
from tests.view.vectors import FOLDER

FILE = FOLDER / "columns" / "layouts.json"
LAYOUTS: Mapping[str, Drawing] = {
    "long": Drawing(lambda: decoder(7), view_options(3, fold=False)),
    "long_right": Drawing(lambda: decoder(7), view_options(3, fold=False), "light", "LR"),
    "folded": Drawing(lambda: decoder(12), view_options(3)),
    "authored": Drawing(lambda: decoder(5, odd_first=True), view_options(3), "paper", "LR"),
    "flat": DRAWINGS["flat"],
    "program_11": DRAWINGS["program_11"],
    "program_31": DRAWINGS["program_31"],
}
ROOMS = ((900.0, 700.0), (1400.0, 500.0), (500.0, 900.0), (300.0, 200.0))


def vectors(kept: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """Layouts before and after, in the rooms; the layouts are kept ones where there are any."""
    for name, drawing in LAYOUTS.items():
        document = document_of(drawing.graph(), drawing.options)
        style = style_of(drawing.direction, drawing.theme, None, drawing.options.show, "bundled")
        drawn = plan(visible(document), style)
        layout = lay_out(drawn) if kept is None else layout_of(kept[name])
        costs, headers = drawn.cut_costs, drawn.header_rooms
        cut = in_columns if drawing.direction == "TB" else in_rows
        after = [cut(layout, costs, headers, Sheet(Paper((room,)))) for room in ROOMS]
        yield {
            "name": name,
            "direction": drawing.direction,
            "costs": costs,
            "headers": headers,
            "layout": _plain(layout),
            "rooms": [[*room, _plain(one)] for room, one in zip(ROOMS, after, strict=True)],
        }


def _plain(layout: Layout) -> dict[str, Any]:
    made = asdict(layout)
    del made["upward"], made["pieces"], made["rails"]
    return made


def kept() -> list[dict[str, Any]]:
    """What is in the file."""
    found: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(text([*vectors()]), encoding="utf-8")
