"""The picture of a layout: groups behind, then edges, then cards; title above, legend below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
from .scene import MarkGroup, Point, Scene, moved, scaled, widened
from .shapes import shapes
from .title import title_block

MARGIN = 12.0
LEGEND_GAP = 14.0
_LEGEND_WIDTH = 260.0
"""How wide a legend is before it goes on in another line."""
_ALMOST = 0.8
"""How small a picture may be that is laid out closer, as a share of what can be read, and one with
a form of its own that fits no page, as a share of how large columns would be."""
_NOTHING, _NO_TITLE = Block(0.0, 0.0, ()), Block(0.0, -2.0, ())


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
    room = style.paper.widest - 2 * MARGIN
    title = title_block(view, style, room) if "title" in style.show else _NO_TITLE
    # For colours of any meaning, so that they change nothing else.
    kinds = replace(drawing, style=replace(style, color_by=None, overlay=None))
    under = _below(_legend(kinds, max(layout.width, room / 2), ()))
    sheet = Sheet(style.paper, 2 * MARGIN, 2 * MARGIN + title.height + under, style.columns)
    layout = _cut(drawing, layout, sheet)
    lanes = _lanes(drawing, layout, sheet)
    left, right, over, after = lanes.before, lanes.after, 0.0, 0.0
    if style.direction != "TB":
        left, right, over, after = over, after, left, right
    wide, high = layout.width + left + right, layout.height + over + after
    least = min(_LEGEND_WIDTH, room)
    legend, plain = (_legend(one, max(wide, least), lanes.reasons) for one in (drawing, kinds))
    # The width does not depend on what the colours mean, unless it must.
    width = max(wide, least if "legend" in style.show else 0.0, legend.width, title.width)
    top = MARGIN + title.height
    corner = MARGIN + (width - wide) / 2 + left, top + over
    below = max(legend.height, plain.height) + LEGEND_GAP if legend.marks else 0.0
    return Scene(
        width + 2 * MARGIN,
        top + high + below + MARGIN,
        style.theme.background,
        style.theme.family,
        style.theme.css_family,
        view.title,
        (
            *_block("title", title, MARGIN),
            *_parts(drawing, layout.moved(*corner), lanes, corner),
            *_block("legend", legend, top + high + LEGEND_GAP),
        ),
        layout.pieces,
        layout.rails,
    )


def _legend(drawing: Plan, width: float, dotted: Iterable[str]) -> Block:
    return legend_block(drawing, width, dotted) if "legend" in drawing.style.show else _NOTHING


def _below(legend: Block) -> float:
    """The room that a legend takes below a picture."""
    return legend.height + LEGEND_GAP if legend.marks else 0.0


def _cut(drawing: Plan, layout: Layout, sheet: Sheet) -> Layout:
    """A layout as a U or a net of them where the model is one, and else in columns, or in rows."""
    costs, headers = drawing.cut_costs, drawing.header_rooms
    if drawing.style.direction != "TB":
        return in_rows(layout, costs, headers, sheet)
    forms = list(shapes(drawing, layout)) if sheet.count is None else []
    form = next((form for form in forms if sheet.fits(form.width, form.height)), None)
    if form is not None:
        return form
    columns = in_columns(layout, costs, headers, sheet)
    if sheet.fits(columns.width, columns.height):
        return columns
    # Too large for a page either way, a U is still easier to follow than skips around columns.
    found = max(forms, key=lambda form: sheet.scale(form.width, form.height), default=columns)
    least = _ALMOST * sheet.scale(columns.width, columns.height)
    return found if sheet.scale(found.width, found.height) >= least else columns


def _lanes(drawing: Plan, layout: Layout, sheet: Sheet) -> Lanes:
    """The links beside a layout; none where it could not be read with them."""
    down = drawing.style.direction == "TB"
    size = layout.width, layout.height
    colour = drawing.style.theme.edge
    lanes = link_lanes(drawing.view.links, row_boxes(drawing, layout), size[not down], colour, down)
    more = lanes.before + lanes.after
    wide, high = (more, 0.0) if down else (0.0, more)
    # The names on the cards tell, too, and the room is better used.
    crowded = sheet.fits(*size) and not sheet.fits(size[0] + wide, size[1] + high)
    return Lanes() if crowded else lanes


def _parts(drawing: Plan, layout: Layout, lanes: Lanes, corner: Point) -> Iterator[MarkGroup]:
    """All that is drawn of a layout in its place, from back to front."""
    places = header_places(drawing.headers, layout, drawing.style.theme.family)
    yield from frame_parts(drawing, layout, drawing.view.items, 0)
    yield from (replace(part, marks=moved(part.marks, *corner)) for part in lanes.parts)
    yield from (edge_part(drawing, curve) for curve in layout.curves)
    yield from header_parts(drawing, layout, places)
    yield from label_parts(drawing, layout, places, (corner[0], corner[0] + layout.width))
    for card in drawing.cards.values():
        yield card_part(drawing, _upright(card, layout), layout.boxes[card.id])


def _block(kind: str, block: Block, top: float) -> Iterator[MarkGroup]:
    """The title or the legend, where there is one, from a height downwards."""
    if block.marks:
        yield MarkGroup(kind, kind, moved(block.marks, MARGIN, top))


def row_boxes(drawing: Plan, layout: Layout) -> dict[str, Box]:
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
