"""The marks of cards: a box for each, with the rows of its nodes."""

from __future__ import annotations

from collections.abc import Iterator

from .cards import PAD_X, PAD_Y, STACK, STRIPE, Card, CardRow
from .hover import about_node
from .layout import Box
from .lines import Line, badge_width, heat_text, line_height
from .marks import badge_marks, straight, text_mark
from .paint import LIT, Colours, is_lit, node_colours
from .plan import Plan
from .scene import Mark, MarkGroup, Path, Rect
from .sizes import TINY
from .style import Style
from .theme import mix

RADIUS = 5.0


def card_part(drawing: Plan, card: Card, box: Box) -> MarkGroup:
    """The marks of a card in its place, and the text that explains it."""
    first = card.rows[0].node
    colours = node_colours(first, drawing.style, drawing.scale)
    about = "\n\n".join(about_node(row.node, drawing.view.overlays) for row in card.rows)
    if card.shape == "circle":
        marks = _circle(card, box, colours, drawing.style)
    else:
        marks = _rectangle(drawing, card, box, colours)
    return MarkGroup(card.id, f"node {first.kind}", tuple(marks), about)


def _circle(card: Card, box: Box, colours: Colours, style: Style) -> list[Mark]:
    """The marks of an op that a symbol stands for."""
    x, y = box.centre
    run = card.rows[0].lines[0][0]
    base = y + run.size * 0.34
    return [
        Rect(box.left, box.top, box.width, box.height, box.width / 2, colours.fill, colours.line),
        text_mark(run.text, x, base, run.size, colours.text, style, anchor="middle"),
    ]


def _rectangle(drawing: Plan, card: Card, box: Box, colours: Colours) -> list[Mark]:
    """The marks of a card with rows: the cards behind it, each row, and the outline."""
    theme = drawing.style.theme
    back = card.layers * STACK
    width, height = box.width - back, box.height - back
    marks: list[Mark] = [
        Rect(
            box.left + offset * STACK,
            box.top + offset * STACK,
            width,
            height,
            RADIUS,
            mix(colours.fill, theme.background, 0.25),
            colours.line,
            theme.line,
        )
        for offset in range(card.layers, 0, -1)
    ]
    round_ = {"pill": min(height / 2, 13.0), "weight": 2.0}.get(card.shape, RADIUS)
    y = box.top
    for row in card.rows:
        marks += _row(
            drawing, card, row, Box(box.left, y, box.left + width, y + row.height), round_
        )
        y += row.height
    dashed = card.idle or card.shape == "weight"
    first = card.rows[0].node
    line = LIT if is_lit((first,)) or first.tone is not None else theme.line
    outline = (box.left, box.top, width, height, round_)
    return [*marks, Rect(*outline, None, colours.line, line, dashed=dashed)]


def _row(drawing: Plan, card: Card, row: CardRow, box: Box, radius: float) -> Iterator[Mark]:
    """The marks of a row in its place: its body, the stripe at its side, its texts."""
    tints = node_colours(row.node, drawing.style, drawing.scale)
    left, top, width = box.left, box.top, box.width
    ends = row is card.rows[0], row is card.rows[-1]
    yield Rect(left, top, width, row.height, radius, tints.fill, corners=ends)
    if card.shape == "card":
        # As round as the card, and then the card's own colour again, over its edge as well.
        wide, rest = 2 * radius, 2 * radius + 1 - STRIPE
        yield Rect(left, top, wide, row.height, radius, tints.stripe, corners=ends)
        yield Rect(left + STRIPE, top, rest, row.height, 0.0, tints.fill)
    if not ends[0]:
        rule = straight((left, top), (left + width, top))
        yield Path(rule, mix(tints.line, tints.fill, 0.4), 0.5)
    yield from _row_texts(row, card, left, top, width, tints, drawing.style)


def _row_texts(
    row: CardRow, card: Card, left: float, top: float, width: float, colours: Colours, style: Style
) -> Iterator[Mark]:
    """The texts of a row: to the left in a card, in the middle elsewhere."""
    family = style.theme.family
    y = top + PAD_Y
    for index, line in enumerate(row.lines):
        height = line_height(line)
        base = y + height / 2 + max(run.size for run in line) * 0.35
        wide = sum(run.width(family) for run in line)
        x = left + PAD_X + STRIPE if card.shape == "card" else left + (width - wide) / 2
        yield from _line(line, x, base, colours, style)
        if row.badge and index == 0:
            end = left + width - PAD_X + 2 - badge_width(row.badge, family)
            yield from badge_marks(row.badge, end, base, style)
        if index == len(row.lines) - 1 and card.shape == "card":
            heat = heat_text(row.node, style)
            taken = badge_width(row.badge, family) + 6 if row.badge and index == 0 else 0.0
            mark = text_mark(
                heat,
                left + width - PAD_X + 2 - taken,
                base,
                TINY,
                colours.muted,
                style,
                anchor="end",
            )
            if heat and mark.x - mark.width >= x + wide + 8:
                yield mark
        y += height


def _line(line: Line, x: float, base: float, colours: Colours, style: Style) -> Iterator[Mark]:
    for run in line:
        colour = run.colour(style.theme, colours.text, colours.muted)
        yield text_mark(run.text, x, base, run.size, colour, style, bold=run.bold)
        x += run.width(style.theme.family)
