"""The marks of groups: frames behind what they hold, headers in front of the edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..view.model import Group, Node
from .cards import STACK
from .curves import crossing
from .dot import Plan
from .headers import Header
from .hover import about_group
from .layout import Box, Curve, Layout
from .lines import SMALL, TINY, badge_width
from .marks import badge_marks, text_mark
from .scene import Mark, Part, Rect
from .theme import mix

INSET = 3.0


def frame_parts(
    drawing: Plan, layout: Layout, items: Sequence[Node | Group], level: int
) -> Iterator[Part]:
    """The frames of the groups among the items and inside them, outer before inner."""
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
            yield Part(item.id, "group", tuple(marks), about_group(item))
            yield from frame_parts(drawing, layout, item.children, level + 1)


def header_parts(drawing: Plan, layout: Layout) -> Iterator[Part]:
    """The headers of all groups: class, name and copies, and where a frame goes on, a note."""
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
            marks.append(text_mark(run.text, x, base, run.size, colour, style, bold=run.bold))
            x += run.width(theme.family)
        if head.badge:
            marks += badge_marks(head.badge, x + 8, base, style)
            x += 8 + badge_width(head.badge, theme.family)
        if head.note:
            marks.append(text_mark(head.note, x + 6, base, TINY, theme.muted, style))
        for frame in layout.frames.get(group.id, ())[1:]:
            place = _inset(frame)
            line = " ".join(run.text.strip() for run in head.line) + " (continued)"
            note = text_mark(line, place.left + 9, place.top + 13, SMALL, theme.muted, style)
            marks += [Rect(note.x - 3, place.top + 3, note.width + 6, 14, 4, fill), note]
        yield Part(f"{group.id}-header", "header", tuple(marks), about_group(group))


def backgrounds(drawing: Plan) -> dict[str, str]:
    """The colour behind each card."""
    theme, levels = drawing.style.theme, _levels(drawing.view.items, 0)
    result = {item.id: theme.background for item in drawing.view.items}
    for group in drawing.view.groups():
        fill = theme.group_fill[levels[group.id] % 2]
        result.update((child.id, fill) for child in group.children)
    return result


def _inset(box: Box) -> Box:
    """The outline of a group: a little inside its place, so that neighbours stand apart."""
    return Box(box.left + INSET, box.top + INSET, box.right - INSET, box.bottom - INSET)


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
