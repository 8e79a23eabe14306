"""Drawings for the viewer: documents in a layout, with the marks that Python draws for them.

``python -m tests.render.drawings`` writes them; the tests of the viewer (``viewer-src``) and of
this package read them, so that both draw the same: what a card says and how large it is, what
Graphviz is told, and where each mark stands in the same layout and in what colour.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from modelviz import ModelGraph, trace
from modelviz.comparing import diff
from modelviz.graph import Finding
from modelviz.render.card_marks import card_part
from modelviz.render.cards import Card
from modelviz.render.compose import row_boxes
from modelviz.render.edge_marks import edge_part, label_parts
from modelviz.render.group_marks import frame_parts, header_parts
from modelviz.render.header_places import header_places
from modelviz.render.layout import Box, Curve, Layout, lay_out
from modelviz.render.layout_source import layout_source
from modelviz.render.legend import legend_block
from modelviz.render.lines import Line
from modelviz.render.links import link_lanes
from modelviz.render.marks import Block
from modelviz.render.pagination import Sheet, in_columns
from modelviz.render.plan import Plan, plan
from modelviz.render.scene import Mark, MarkGroup, Polygon, Rect, Text
from modelviz.render.scene import Path as Curved
from modelviz.render.style import style_of
from modelviz.render.text import text_width
from modelviz.render.title import title_block
from modelviz.view import ViewOptions, view_options
from modelviz.view.author import author_of
from modelviz.view.document import Document
from modelviz.view.making import document_of
from modelviz.view.marks import finding_marks
from modelviz.view.visible import visible
from tests.comparing.models import INPUT, Adapted, Net
from tests.view import programs, vectors
from tests.view.test_view import decoder, experts, failing, flat, with_views

FOLDER = vectors.FOLDER / "drawings"
LEGEND_WIDTH, TITLE_WIDTH = 260.0, 420.0


@dataclass(frozen=True)
class Drawing:
    """What is drawn, and how; ``graph`` makes it, or ``marked`` what is marked in it."""

    graph: Callable[[], ModelGraph]
    options: ViewOptions = view_options()  # noqa: RUF009 - it is frozen
    theme: str = "light"
    direction: str = "TB"
    heat: str | None = None
    marked: Callable[[], Document] | None = None
    columns: int = 1


def _changed(**options: Any) -> Document:
    """A diff in which parts were added, removed and changed."""
    model: Any = Net()
    model.blocks[1].mlp.insert(2, nn.Dropout(0.2))
    model.blocks[2].mlp[1] = nn.ReLU()
    model.blocks[3].mlp.pop(1)
    model.head = Adapted(model.head)
    return diff(trace(Net(), INPUT), trace(model, INPUT)).draw(**options).document


def _found() -> Document:
    """Findings of several levels, of which some are hidden inside."""
    graph = decoder(12)
    findings = (
        Finding("MV501", "warning", "", path="embed"),
        Finding("MV502", "error", "", path="layers.3"),
        *(Finding("MV503", "info", "", path=f"layers.{one}.mlp.up") for one in range(1, 9)),
    )
    return document_of(graph, view_options(2), finding_marks(findings))


def _program(seed: int) -> Callable[[], ModelGraph]:
    return lambda: programs.build(vectors.random_program(random.Random(seed)))


def _modules() -> ModelGraph:
    graph = decoder()
    return ModelGraph(graph.name, "none", graph.modules)


AUTHOR = author_of(
    "Ours",
    {"layers.0": "First", "layers.*.mlp": "Feed forward", "Linear": "Map", "ids": "Words"},
    {"layers.0.mlp": "#123456", "Linear": "#ffcc00", "layers.*": "#e0f0e0", "add": "#fff"},
)
DRAWINGS: Mapping[str, Drawing] = {
    "decoder": Drawing(lambda: decoder(12), view_options(2)),
    "decoder_right": Drawing(lambda: decoder(12), view_options(2), "dark", "LR"),
    "decoder_heat": Drawing(
        lambda: decoder(5, odd_first=True), view_options(3, show="params,flops"), "paper", "TB",
        "params",
    ),
    "decoder_columns": Drawing(lambda: decoder(5, odd_first=True), view_options(3), columns=3),
    "flops_right": Drawing(lambda: decoder(6), view_options(3), "dark", "LR", "flops"),
    "flat": Drawing(lambda: flat(300)),
    "experts": Drawing(experts, view_options(show="all"), "paper"),
    "views": Drawing(with_views, view_options(show="all")),
    "failing": Drawing(failing),
    "modules": Drawing(_modules, view_options(3)),
    "changed": Drawing(decoder, marked=_changed),
    "changed_closed": Drawing(
        decoder, theme="dark", direction="LR", marked=lambda: _changed(depth=1, expand=())
    ),
    "changed_paper": Drawing(
        decoder, theme="paper", marked=lambda: _changed(depth=2, expand=(), fold=False)
    ),
    "found": Drawing(decoder, marked=_found),
    "authored": Drawing(lambda: decoder(12), replace(view_options(2), author=AUTHOR)),
    "authored_heat": Drawing(
        lambda: decoder(5, odd_first=True), replace(view_options(3), author=AUTHOR), "paper", "LR",
        "params",
    ),
    **{
        f"program_{seed:02}": Drawing(_program(seed), view_options(depth, fold=fold), theme, way)
        for seed, depth, fold, theme, way in (
            (3, 3, True, "light", "TB"), (8, 2, False, "dark", "TB"), (11, 4, True, "light", "LR"),
            (19, 3, True, "paper", "TB"), (24, None, True, "light", "TB"),
            (31, 4, True, "dark", "TB"),
        )
    },
}  # fmt: skip


def vector(drawing: Drawing, layout: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A drawing as data, in its own layout or one that was kept."""
    made = drawing.marked
    document = document_of(drawing.graph(), drawing.options) if made is None else made()
    style = style_of(
        drawing.direction, drawing.theme, drawing.heat, drawing.options.show, "bundled"
    )
    drawn = plan(visible(document), replace(style, columns=1))
    places = _cut(drawn, drawing) if layout is None else layout_of(layout)
    return {
        "document": document.to_dict(),
        "style": {
            "theme": drawing.theme,
            "direction": drawing.direction,
            "heat": "seconds" if drawing.heat == "time" else drawing.heat,
        },
        "cards": [_card(card) for card in drawn.cards.values()],
        "headers": {
            name: [_line(head.line), head.badge, head.note, _round(head.width), head.height]
            for name, head in drawn.headers.items()
        },
        "dot": layout_source(drawn),
        "layout": _layout(places),
        "marks": dict(_marks(drawn, places)),
    }


def _cut(drawn: Plan, drawing: Drawing) -> Layout:
    costs = {group.id: 2.0 for group in drawn.view.groups()}
    return in_columns(lay_out(drawn), costs, {}, Sheet(count=drawing.columns))


def _card(card: Card) -> dict[str, Any]:
    return {
        "id": card.id,
        "shape": card.shape,
        "width": _round(card.width),
        "height": _round(card.height),
        "layers": card.layers,
        "rows": [
            [row.node.id, _round(row.height), row.badge, [_line(line) for line in row.lines]]
            for row in card.rows
        ],
    }


def _line(line: Line) -> list[list[Any]]:
    return [[run.text, run.size, run.bold, run.role == "muted"] for run in line]


def _layout(layout: Layout) -> dict[str, Any]:
    return {
        "width": layout.width,
        "height": layout.height,
        "boxes": {name: asdict(box) for name, box in layout.boxes.items()},
        "curves": [asdict(curve) for curve in layout.curves],
        "frames": {name: [asdict(box) for box in boxes] for name, boxes in layout.frames.items()},
    }


def layout_of(data: Mapping[str, Any]) -> Layout:
    """The layout that a vector holds."""
    boxes = {name: Box(**box) for name, box in data["boxes"].items()}
    curves = tuple(
        Curve(
            one["source"],
            one["target"],
            tuple(tuple(point) for point in one["points"]),
            None if one["tip"] is None else tuple(one["tip"]),
        )
        for one in data["curves"]
    )
    frames = {
        name: tuple(Box(**box) for box in some) for name, some in data.get("frames", {}).items()
    }
    return Layout(data["width"], data["height"], boxes, curves, frames)


def _marks(drawn: Plan, layout: Layout) -> Iterator[tuple[str, list[Any]]]:
    """All marks in the coordinates of the layout, by what they are of."""
    style, view = drawn.style, drawn.view
    downwards = style.direction == "TB"
    places = header_places(drawn.headers, layout, style.theme.family)
    far = layout.width if downwards else layout.height
    lanes = link_lanes(view.links, row_boxes(drawn, layout), far, style.theme.edge, downwards)
    legend = legend_block(drawn, LEGEND_WIDTH, lanes.reasons)
    parts: tuple[MarkGroup, ...] = (
        *frame_parts(drawn, layout, view.items, 0),
        *lanes.parts,
        *(edge_part(drawn, curve) for curve in layout.curves),
        *header_parts(drawn, layout, places),
        *label_parts(drawn, layout, places, (0.0, layout.width)),
        *(card_part(drawn, card, layout.boxes[card.id]) for card in drawn.cards.values()),
        _part("title", title_block(view, style, TITLE_WIDTH)),
        _part("legend", legend),
    )
    for part in parts:
        kind = part.kind.partition(" ")[0]
        yield f"{kind} {part.id}", [_mark(mark, style.theme.family) for mark in part.marks]


def _part(name: str, block: Block) -> MarkGroup:
    return MarkGroup(name, name, block.marks)


def _mark(mark: Mark, family: str) -> list[Any]:
    """A mark as a list of what it is, where it is and how it looks."""
    if isinstance(mark, Text):
        said = mark.text.lstrip()
        lead = len(mark.text) - len(said) if mark.anchor == "start" else 0
        x = mark.x + lead * text_width(" ", mark.size, mark.bold, family)
        place = [_round(x), _round(mark.y)]
        return ["text", *place, said, mark.size, mark.colour, mark.bold, mark.anchor]
    if isinstance(mark, Rect):
        place = [_round(value) for value in (mark.x, mark.y, mark.width, mark.height)]
        line = [mark.stroke, mark.line, mark.dashed] if mark.stroke else []
        return ["rect", *place, mark.radius, *mark.corners, mark.fill, *line]
    if isinstance(mark, Polygon):
        return ["polygon", [[_round(x), _round(y)] for x, y in mark.points], mark.fill]
    assert isinstance(mark, Curved)
    points = [[_round(x), _round(y)] for x, y in mark.points]
    if points[0] == points[1] and points[2] == points[3] and len(points) == 4:
        points = [points[0], points[3]]
    return ["path", points, mark.stroke, mark.line, mark.dotted]


def _round(value: float) -> float:
    return round(value, 2)


def widths(documents: str) -> dict[str, dict[str, float]]:
    """How wide the characters of some documents are, in ems, by font."""
    characters = sorted({*documents, *(chr(code) for code in range(32, 127)), *"×÷−–—…→·≥@"})
    return {
        f"{family}{' bold' if bold else ''}": {
            one: text_width(one, 1.0, bold, family) for one in characters if ord(one) >= 32
        }
        for family in ("sans", "serif")
        for bold in (False, True)
    }


def text(data: Any) -> str:
    """Data as it is written to a file."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"


def write(folder: Path) -> None:
    """Write all drawings, and the widths of what is written in them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawing in DRAWINGS.items():
        (folder / f"{name}.json").write_text(text(vector(drawing)), encoding="utf-8")
    written = "".join((folder / f"{name}.json").read_text(encoding="utf-8") for name in DRAWINGS)
    (folder / "widths").mkdir(exist_ok=True)
    (folder / "widths" / "fonts.json").write_text(text(widths(written)), encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER)
