"""The picture of a layout: groups behind, then edges, then cards; title above, legend below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..collecting import collection_paused
from .card_marks import card_part
from .cards import Card
from .edge_marks import edge_part, label_parts
from .group_marks import frame_parts, header_parts
from .header_places import header_places
from .layout import Box, Layout, lay_out
from .legend import legend_block
from .links import Lanes, link_lanes
from .marks import Block
from .pagination import Sheet, in_columns, in_rows
from .plan import Plan
from .scene import MarkGroup, Scene, moved, scaled, widened
from .shapes import shapes
from .title import title_block

MARGIN = 12.0
LEGEND_GAP = 14.0
_LEGEND_WIDTH = 260.0
"""How wide a legend is before it goes on in another line."""
_ALMOST = 0.8
"""How small a picture may be that is laid out closer, as a share of what can be read."""
_NOTHING = Block(0.0, 0.0, ())


def on_paper(drawing: Plan, scene: Scene) -> Scene:
    """The picture as large as its paper asks for."""
    paper = drawing.style.paper
    scene = scaled(scene, paper.factor(scene.width, scene.height))
    return scene if paper.width is None else widened(scene, paper.width)


def compose(drawing: Plan, layout: Layout) -> Scene:
    """The finished picture in the size of its layout.

    One that can almost be read is laid out closer, where a paper was asked for or it may be, and so
    is one that is then in fewer columns.
    """
    plain = composed(drawing, layout)
    style = drawing.style
    paper = style.paper
    size = plain.width, plain.height
    fits = paper.fits(*size)
    almost = (paper.asked or style.close) and not fits and paper.fits(*size, _ALMOST)
    wrapped = style.direction == "TB" and fits and plain.pieces > 1
    if style.columns is not None or not (almost or wrapped):
        return plain
    closer = composed(drawing, lay_out(drawing, close=True))
    better = paper.fits(closer.width, closer.height) and (almost or closer.pieces < plain.pieces)
    return closer if better else plain


@collection_paused()
def composed(drawing: Plan, layout: Layout) -> Scene:
    """The picture of one layout."""
    style, view = drawing.style, drawing.view
    downwards = style.direction == "TB"
    costs = {group.id: 2.0 if group.copies == 1 else 6.0 for group in view.groups()}
    room = style.paper.widest - 2 * MARGIN
    title = title_block(view, style, room) if "title" in style.show else _NOTHING
    over, under = title.height if title.marks else -2.0, 0.0
    # For colours of any meaning, so that they change nothing else.
    kinds = replace(drawing, style=replace(style, color_by=None, overlay=None))
    if "legend" in style.show:
        likely = legend_block(kinds, max(layout.width, room / 2), ())
        under = likely.height + LEGEND_GAP if likely.marks else 0.0
    sheet = Sheet(style.paper, 2 * MARGIN, 2 * MARGIN + over + under, style.columns)
    headers = {name: head.width + 24.0 for name, head in drawing.headers.items()}
    if downwards:
        layout = _downwards(drawing, layout, costs, headers, sheet)
    else:
        layout = in_rows(layout, costs, headers, sheet)
    lanes = link_lanes(
        view.links,
        _rows(drawing, layout),
        layout.width if downwards else layout.height,
        style.theme.edge,
        downwards,
    )
    more = lanes.before + lanes.after
    with_lanes = (more, 0.0) if downwards else (0.0, more)
    if sheet.fits(layout.width, layout.height) and not sheet.fits(
        layout.width + with_lanes[0], layout.height + with_lanes[1]
    ):
        # The names on the cards tell, too, and the room is better used.
        lanes = Lanes()
    beside, over = (lanes.before, 0.0) if downwards else (0.0, lanes.before)
    wide = layout.width + beside + (lanes.after if downwards else 0.0)
    high = layout.height + over + (0.0 if downwards else lanes.after)
    legend = plain = _NOTHING
    if "legend" in style.show:
        reach = max(wide, min(_LEGEND_WIDTH, room))
        legend = legend_block(drawing, reach, lanes.reasons)
        plain = legend_block(kinds, reach, lanes.reasons)
    # The width does not depend on what the colours mean, unless it must.
    least = min(_LEGEND_WIDTH, room) if "legend" in style.show else 0.0
    width = max(wide, least, legend.width, title.width)
    top = MARGIN + (title.height if title.marks else -2.0)
    left = MARGIN + (width - wide) / 2
    dx, dy = left + beside, top + over
    layout = layout.moved(dx, dy)
    places = header_places(drawing.headers, layout, style.theme.family)
    parts = (
        *frame_parts(drawing, layout, view.items, 0),
        *(MarkGroup(p.id, p.kind, moved(p.marks, dx, dy), p.about) for p in lanes.parts),
        *(edge_part(drawing, curve) for curve in layout.curves),
        *header_parts(drawing, layout, places),
        *label_parts(drawing, layout, places, (dx, dx + layout.width)),
        *(
            card_part(drawing, _upright(card, layout), layout.boxes[card.id])
            for card in drawing.cards.values()
        ),
    )
    head = MarkGroup("title", "title", moved(title.marks, MARGIN, MARGIN))
    foot = MarkGroup("legend", "legend", moved(legend.marks, MARGIN, top + high + LEGEND_GAP))
    return Scene(
        width + 2 * MARGIN,
        top
        + high
        + (max(legend.height, plain.height) + LEGEND_GAP if legend.marks else 0.0)
        + MARGIN,
        style.theme.background,
        style.theme.family,
        style.theme.css_family,
        view.title,
        (*((head,) if head.marks else ()), *parts, *((foot,) if foot.marks else ())),
        layout.pieces,
        layout.rails,
    )


def _downwards(
    drawing: Plan,
    layout: Layout,
    costs: Mapping[str, float],
    headers: Mapping[str, float],
    sheet: Sheet,
) -> Layout:
    """A layout as a U or a net of them where the model is one, and else in columns."""
    if sheet.count is None:
        for form in shapes(drawing, layout):
            if sheet.fits(form.width, form.height):
                return form
    return in_columns(layout, costs, sheet, headers)


def _rows(drawing: Plan, layout: Layout) -> dict[str, Box]:
    """The place of each node in its card."""
    result: dict[str, Box] = {}
    for card in drawing.cards.values():
        box = layout.boxes[card.id]
        top = box.top
        for row in card.rows[::-1] if card.id in layout.upward else card.rows:
            result[row.node.id] = Box(box.left, top, box.right, top + row.height)
            top += row.height
    return result


def _upright(card: Card, layout: Layout) -> Card:
    """A card with its layers in the order in which they are drawn, from the top."""
    return replace(card, rows=card.rows[::-1]) if card.id in layout.upward else card
