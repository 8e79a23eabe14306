"""The picture of a layout: groups behind, then edges, then cards; title above, legend below."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..view.labels import bytes_text, flops_text, params_text
from ..view.model import Group, Node, View
from .cards import (
    LEADING,
    PAD_X,
    PAD_Y,
    SMALL,
    STACK,
    STRIPE,
    TINY,
    Card,
    Header,
    Line,
    Row,
    badge_width,
    line_height,
)
from .columns import in_columns
from .curves import crossing
from .dot import Plan
from .layout import Box, Curve, Layout
from .links import link_lanes
from .paint import Colours, node_colours
from .placing import place_labels
from .scene import Mark, Part, Path, Point, Polygon, Rect, Scene, Text
from .style import Style
from .text import text_width
from .theme import LEGEND, mix

MARGIN = 16.0
LEGEND_GAP = 14.0
INSET = 3.0
_RADIUS = 5.0
_ASCENT = 0.80
"""How much of a line lies above the base line of its text."""


def compose(drawing: Plan, layout: Layout) -> Scene:
    """The finished picture."""
    style, view = drawing.style, drawing.view
    downwards = style.direction == "TB"
    if downwards:
        costs = {group.id: 2.0 if group.copies == 1 else 6.0 for group in view.groups()}
        layout = in_columns(layout, costs)
    lanes = link_lanes(
        view.links,
        _rows(drawing, layout),
        layout.width if downwards else layout.height,
        style.theme.edge,
        downwards,
    )
    wide = layout.width + (lanes.room if downwards else 0.0)
    high = layout.height + (0.0 if downwards else lanes.room)
    title = _title(view, style) if "title" in style.show else Part("title", "title", ())
    legend = _legend(drawing, max(wide, 260.0)) if "legend" in style.show else Legend(0, 0, ())
    said = [mark.width for mark in title.marks if isinstance(mark, Text)]
    width = max([wide, legend.width, *said])
    top = MARGIN + _height(title)
    left = MARGIN + (width - wide) / 2
    parts = [
        *_groups(drawing, layout, view.items, 0),
        *lanes.parts,
        *(_edge(drawing, curve) for curve in layout.curves),
        *_headers(drawing, layout),
        *_edge_labels(drawing, layout),
        *(_card(drawing, card, layout.boxes[card.id]) for card in drawing.cards.values()),
    ]
    foot = Part("legend", "legend", _moved(legend.marks, MARGIN, top + high + LEGEND_GAP))
    return Scene(
        width + 2 * MARGIN,
        top + high + (legend.height + LEGEND_GAP if legend.marks else 0.0) + MARGIN,
        style.theme.background,
        style.theme.family,
        style.theme.css_family,
        view.name,
        (
            *((title,) if title.marks else ()),
            *(Part(p.id, p.kind, _moved(p.marks, left, top), p.about) for p in parts),
            *((foot,) if foot.marks else ()),
        ),
    )


def _rows(drawing: Plan, layout: Layout) -> dict[str, Box]:
    """The place of each node in its card."""
    result: dict[str, Box] = {}
    for card in drawing.cards.values():
        box = layout.boxes[card.id]
        top = box.top
        for row in card.rows:
            right = box.right - card.layers * STACK
            result[row.node.id] = Box(box.left, top, right, top + row.height)
            top += row.height
    return result


# -- title and legend ----------------------------------------------------------------------------


def _title(view: View, style: Style) -> Part:
    theme = style.theme
    y = MARGIN + 13.0
    name = view.name.replace("\n", " ")
    marks = [_text(name, MARGIN, y, 15.0, theme.text, style, bold=True)]
    facts = []
    if view.figures.params:
        facts.append(params_text(view.figures.params).replace("params", "parameters"))
    if view.figures.flops:
        facts.append(flops_text(view.figures.flops))
    if facts:
        y += 15.0
        marks.append(_text(" · ".join(facts), MARGIN, y, 9.5, theme.muted, style))
    for line in _wrapped(view.failure, 86):
        y += 14.0
        marks.append(_text(line, MARGIN, y, 9.5, theme.error, style, bold=True))
    return Part("title", "title", tuple(marks))


def _wrapped(text: str, size: int) -> list[str]:
    lines, current = [], ""
    for word in text.split():
        if current and len(current) + 1 + len(word) > size:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}".strip()
    return [*lines, current] if current else lines


def _height(title: Part) -> float:
    """How far the title pushes the picture down."""
    return max((m.y for m in title.marks if isinstance(m, Text)), default=-2.0) - MARGIN + 16.0


@dataclass(frozen=True, slots=True)
class Legend:
    """The legend before it has a place."""

    width: float
    height: float
    marks: tuple[Mark, ...]


def _legend(drawing: Plan, width: float) -> Legend:
    """The legend, in lines of at most a width."""
    style = drawing.style
    if style.color_by is not None:
        return _heat_legend(drawing)
    theme = style.theme
    kinds = {node.kind for node in drawing.view.nodes()}
    entries: list[tuple[str, str, str]] = [
        ("box", kind, theme.hue(kind)) for kind in LEGEND if kind in kinds and theme.coloured
    ]
    reasons = {link.reason for link in drawing.view.links}
    entries += [("dots", reason, theme.edge) for reason in sorted(reasons)]
    marks: list[Mark] = []
    x, y, widest = 0.0, 0.0, 0.0
    for form, text, colour in entries:
        step = 14 + text_width(text, TINY, False, theme.family) + 14
        if x and x + step - 14 > width:
            x, y = 0.0, y + 14
        if form == "box":
            marks.append(Rect(x, y + 1, 9, 9, 2.5, colour))
        else:
            middle = y + 5.5
            marks.append(Path(_straight((x - 1, middle), (x + 10, middle)), colour, 1.0, True))
        marks.append(_text(text, x + 13, y + 8.5, TINY, theme.muted, style))
        x += step
        widest = max(widest, x - 14)
    return Legend(widest, y + 12, tuple(marks))


def _heat_legend(drawing: Plan) -> Legend:
    """The scale of a heat map, from nothing to the largest figure."""
    style = drawing.style
    write = {"params": params_text, "flops": flops_text, "memory": bytes_text}[
        style.color_by or "params"
    ]
    steps, step = 24, 5.0
    marks: list[Mark] = [
        Rect(index * step, 0, step + 0.2, 9, 0, style.theme.heat(index / (steps - 1)))
        for index in range(steps)
    ]
    most = max(drawing.view.nodes(), key=lambda n: getattr(n.figures, str(style.color_by)))
    end = write(drawing.most) + (f" in all {most.multiple} copies" if most.multiple > 1 else "")
    marks += [
        _text("0", 0, 20, TINY, style.theme.muted, style),
        _text(end, steps * step, 20, TINY, style.theme.muted, style, anchor="end"),
    ]
    return Legend(max(steps * step, text_width(end, TINY)), 22, tuple(marks))


# -- groups --------------------------------------------------------------------------------------


def _inset(box: Box) -> Box:
    """The outline of a group: a little inside its place, so that neighbours stand apart."""
    return Box(box.left + INSET, box.top + INSET, box.right - INSET, box.bottom - INSET)


def _groups(
    drawing: Plan, layout: Layout, items: Sequence[Node | Group], level: int
) -> Iterator[Part]:
    theme = drawing.style.theme
    for item in items:
        if isinstance(item, Group) and item.id in layout.boxes:
            line = theme.error if item.status == "failed" else theme.group_line
            fill = theme.group_fill[level % 2]
            back = mix(fill, theme.background, 0.3)
            layers = range(min(item.copies - 1, 2), 0, -1)
            marks: list[Mark] = []
            for frame in layout.frames.get(item.id, (layout.boxes[item.id],)):
                box = _inset(frame)
                for offset in (*(layer * STACK for layer in layers), 0.0):
                    x, y = box.left + offset, box.top + offset
                    paint = back if offset else fill
                    marks.append(Rect(x, y, box.width, box.height, 8, paint, line, theme.line))
            yield Part(item.id, "group", tuple(marks), _about_group(item))
            yield from _groups(drawing, layout, item.children, level + 1)


def _headers(drawing: Plan, layout: Layout) -> Iterator[Part]:
    theme, style = drawing.style.theme, drawing.style
    levels = _levels(drawing.view.items, 0)
    for group in drawing.view.groups():
        if group.id not in layout.boxes:
            continue
        box, head = _inset(layout.boxes[group.id]), drawing.headers[group.id]
        x, base = _header_place(box, head, layout), box.top + 14.0
        fill = theme.group_fill[levels[group.id] % 2]
        marks: list[Mark] = [Rect(x - 4, box.top + 3, head.width + 8, 15, 4, fill)]
        for run in head.line:
            colour = theme.text if run.role == "title" else theme.muted
            marks.append(_text(run.text, x, base, run.size, colour, style, bold=run.bold))
            x += run.width(theme.family)
        if head.badge:
            marks += _badge(head.badge, x + 8, base, style)
            x += 8 + badge_width(head.badge, theme.family)
        if head.note:
            marks.append(_text(head.note, x + 6, base, TINY, theme.muted, style))
        for frame in layout.frames.get(group.id, ())[1:]:
            place = _inset(frame)
            line = " ".join(run.text.strip() for run in head.line) + " (continued)"
            note = _text(line, place.left + 9, place.top + 13, SMALL, theme.muted, style)
            marks += [Rect(note.x - 3, place.top + 3, note.width + 6, 14, 4, fill), note]
        yield Part(f"{group.id}-header", "header", tuple(marks), _about_group(group))


def _header_place(box: Box, head: Header, layout: Layout) -> float:
    """Where a header begins: at the left, or beside the lines that come in from above."""
    y = box.top + 10.0
    crossed = sorted(
        crossing(curve.points, y)
        for curve in layout.curves
        if curve.points[0][1] < y < curve.points[-1][1] and _near(curve, box)
    )
    left, end = box.left + 9.0, box.right - 9.0
    for start in (left, *(x + 7 for x in crossed)):
        stop = start + head.width
        if left <= start and stop <= end and not any(start - 4 < x < stop + 4 for x in crossed):
            return start
    return left


def _near(curve: Curve, box: Box) -> bool:
    """Whether a curve may come into the width of a box."""
    xs = [x for x, _ in curve.points]
    return min(xs) < box.right and max(xs) > box.left


def _levels(items: Sequence[Node | Group], level: int) -> dict[str, int]:
    """How deep each group is inside others."""
    result: dict[str, int] = {}
    for item in items:
        if isinstance(item, Group):
            result[item.id] = level
            result |= _levels(item.children, level + 1)
    return result


def _badge(text: str, x: float, base: float, style: Style) -> list[Mark]:
    theme = style.theme
    width = badge_width(text, theme.family)
    return [
        Rect(x, base - 9.2, width, 12.4, 6.2, theme.text),
        _text(
            text, x + width / 2, base, SMALL, theme.background, style, bold=True, anchor="middle"
        ),
    ]


# -- edges ---------------------------------------------------------------------------------------


def _edge(drawing: Plan, curve: Curve) -> Part:
    theme = drawing.style.theme
    marks: list[Mark] = [Path(curve.points, theme.edge)]
    if curve.tip is not None:
        marks.append(Polygon(_arrow(curve.points[-1], curve.tip), theme.edge))
    return Part(f"{curve.source}-{curve.target}", "edge", tuple(marks))


def _edge_labels(drawing: Plan, layout: Layout) -> Iterator[Part]:
    """The shapes on the edges, each beside its line."""
    style = drawing.style
    cards = drawing.place
    labels = {(cards[a], cards[b]): label for (a, b), label in drawing.labels.items()}
    boxes = [layout.boxes[card] for card in drawing.cards]
    behind = _backgrounds(drawing)
    places = place_labels(labels, layout.curves, boxes, style.direction == "TB")
    for (source, target), box in places.items():
        label = labels[source, target]
        marks: list[Mark] = [Rect(box.left, box.top, label.width, label.height, 3, behind[source])]
        for index, line in enumerate(label.lines):
            base = box.top + 1 + LEADING * TINY * index + TINY * _ASCENT
            marks.append(_text(line, box.left + 3, base, TINY, style.theme.muted, style))
        yield Part(f"{source}-{target}-label", "label", tuple(marks))


def _backgrounds(drawing: Plan) -> dict[str, str]:
    """The colour behind each card."""
    theme, levels = drawing.style.theme, _levels(drawing.view.items, 0)
    result = {item.id: theme.background for item in drawing.view.items}
    for group in drawing.view.groups():
        fill = theme.group_fill[levels[group.id] % 2]
        result.update((child.id, fill) for child in group.children)
    return result


def _arrow(base: Point, tip: Point, width: float = 5.0) -> tuple[Point, ...]:
    dx, dy = tip[0] - base[0], tip[1] - base[1]
    length = math.hypot(dx, dy) or 1.0
    across = (-dy / length * width / 2, dx / length * width / 2)
    return (
        (base[0] + across[0], base[1] + across[1]),
        tip,
        (base[0] - across[0], base[1] - across[1]),
    )


def _straight(a: Point, b: Point) -> tuple[Point, ...]:
    return (a, a, b, b)


# -- cards ---------------------------------------------------------------------------------------


def _card(drawing: Plan, card: Card, box: Box) -> Part:
    style = drawing.style
    theme = style.theme
    first = card.rows[0]
    colours = node_colours(first.node, style, drawing.most)
    about = "\n\n".join(_about(row.node) for row in card.rows)
    kind = f"node {first.node.kind}"
    if card.shape == "circle":
        x, y = box.centre
        run = first.lines[0][0]
        marks: list[Mark] = [
            Rect(
                box.left, box.top, box.width, box.height, box.width / 2, colours.fill, colours.line
            ),
            _text(run.text, x, y + run.size * 0.34, run.size, colours.text, style, anchor="middle"),
        ]
        return Part(card.id, kind, tuple(marks), about)
    back = card.layers * STACK
    width, height = box.width - back, box.height - back
    marks = [
        Rect(
            box.left + offset * STACK,
            box.top + offset * STACK,
            width,
            height,
            _RADIUS,
            mix(colours.fill, theme.background, 0.25),
            colours.line,
            theme.line,
        )
        for offset in range(card.layers, 0, -1)
    ]
    radius = {"card": _RADIUS, "pill": min(height / 2, 13.0), "weight": 2.0, "dashed": _RADIUS}[
        card.shape
    ]
    y = box.top
    for index, row in enumerate(card.rows):
        tints = node_colours(row.node, style, drawing.most)
        ends = (index == 0, index == len(card.rows) - 1)
        marks.append(Rect(box.left, y, width, row.height, radius, tints.fill, corners=ends))
        if card.shape == "card":
            marks.append(
                Rect(
                    box.left, y, STRIPE, row.height, min(radius, STRIPE), tints.stripe, corners=ends
                )
            )
        if index:
            rule = _straight((box.left, y), (box.left + width, y))
            marks.append(Path(rule, mix(tints.line, tints.fill, 0.4), 0.5))
        marks += _row_texts(row, card, box.left, y, width, tints, style)
        y += row.height
    dashed = card.shape in ("dashed", "weight")
    line = 1.6 if first.node.status == "failed" else theme.line
    marks.append(
        Rect(box.left, box.top, width, height, radius, None, colours.line, line, dashed=dashed)
    )
    return Part(card.id, kind, tuple(marks), about)


def _row_texts(
    row: Row, card: Card, left: float, top: float, width: float, colours: Colours, style: Style
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
            yield from _badge(row.badge, end, base, style)
        y += height


def _line(line: Line, x: float, base: float, colours: Colours, style: Style) -> Iterator[Mark]:
    for run in line:
        colour = colours.text if run.role == "title" else colours.muted
        yield _text(run.text, x, base, run.size, colour, style, bold=run.bold)
        x += run.width(style.theme.family)


def _about(node: Node) -> str:
    """The tooltip of a node: everything that has no place in its card."""
    lines = [f"{node.title} {node.name}".rstrip()]
    if node.path and node.path != node.name:
        lines.append(node.path)
    if node.config:
        lines.append(node.config)
    lines += node.contents[:12]
    lines += _figures(node)
    if node.source:
        lines.append(node.source)
    return "\n".join(lines)


def _about_group(group: Group) -> str:
    lines = [f"{group.title} {group.name}".strip()]
    if group.path:
        lines.append(group.path)
    if group.copies > 1:
        lines.append(f"{group.copies} copies")
    lines += _figures(group)
    return "\n".join(line for line in lines if line)


def _figures(item: Node | Group) -> list[str]:
    texts = [
        (item.figures.params, item.each.params, "{:,} parameters"),
        (item.figures.flops, item.each.flops, "{:,} FLOPs"),
    ]
    lines = []
    for total, each, text in texts:
        if total:
            copies = f", {each:,} in each of {item.multiple} copies" if each != total else ""
            lines.append(text.format(total) + copies)
    if item.figures.memory:
        lines.append(f"{bytes_text(item.figures.memory)} allocated")
    return lines


# -- marks ---------------------------------------------------------------------------------------


def _text(
    text: str,
    x: float,
    y: float,
    size: float,
    colour: str,
    style: Style,
    bold: bool = False,
    anchor: str = "start",
) -> Text:
    width = text_width(text, size, bold, style.theme.family)
    return Text(x, y, text, size, colour, width, bold, anchor)  # type: ignore[arg-type]


def _moved(marks: Sequence[Mark], dx: float, dy: float) -> tuple[Mark, ...]:
    return tuple(_move(mark, dx, dy) for mark in marks)


def _move(mark: Mark, dx: float, dy: float) -> Mark:
    if isinstance(mark, Rect):
        return Rect(
            mark.x + dx,
            mark.y + dy,
            mark.width,
            mark.height,
            mark.radius,
            mark.fill,
            mark.stroke,
            mark.line,
            mark.dashed,
            mark.corners,
        )
    if isinstance(mark, Text):
        return Text(
            mark.x + dx,
            mark.y + dy,
            mark.text,
            mark.size,
            mark.colour,
            mark.width,
            mark.bold,
            mark.anchor,
        )
    points = tuple((x + dx, y + dy) for x, y in mark.points)
    if isinstance(mark, Path):
        return Path(points, mark.stroke, mark.line, mark.dotted)
    return Polygon(points, mark.fill)
