"""The marks of groups: frames behind what they hold, headers in front of the edges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..view.labels import cut
from ..view.model import Group, Node
from .cards import STACK
from .header_places import HeaderPlace, inset
from .hover import about_group
from .layout import Layout
from .marks import badge_marks, text_mark
from .plan import Plan
from .scene import Mark, MarkGroup, Rect
from .sizes import SMALL, TINY
from .style import Style
from .text import text_width
from .theme import Theme, mix


def frame_parts(
    drawing: Plan, layout: Layout, items: Sequence[Node | Group], level: int
) -> Iterator[MarkGroup]:
    """The frames of the groups among the items and inside them, outer before inner."""
    theme, overlays = drawing.style.theme, drawing.view.overlays
    for item in items:
        if isinstance(item, Group) and item.id in layout.boxes:
            line = theme.group_line if item.tone is None else theme.tones[item.tone]
            line = theme.error if item.status == "failed" else line
            fill = group_colour(item, level, theme)
            back = mix(fill, theme.background, 0.3)
            layers = range(min(item.copies - 1, 2), 0, -1)
            marks: list[Mark] = []
            for frame in layout.frames.get(item.id, (layout.boxes[item.id],)):
                box = inset(frame)
                for offset in (*(layer * STACK for layer in layers), 0.0):
                    x, y = box.left + offset, box.top + offset
                    paint = back if offset else fill
                    marks.append(Rect(x, y, box.width, box.height, 8, paint, line, theme.line))
            yield MarkGroup(item.id, "group", tuple(marks), about_group(item, overlays))
            yield from frame_parts(drawing, layout, item.children, level + 1)


def group_colour(group: Group, level: int, theme: Theme) -> str:
    """What a group is filled with, so many groups deep."""
    return group.colour or theme.group_fill[level % 2]


def header_parts(
    drawing: Plan, layout: Layout, places: Mapping[str, HeaderPlace]
) -> Iterator[MarkGroup]:
    """The headers of all groups: class, name and copies, and where a frame goes on, a note."""
    theme, style, overlays = drawing.style.theme, drawing.style, drawing.view.overlays
    levels = levels_of(drawing.view.items)
    for group in drawing.view.groups():
        if group.id not in layout.boxes:
            continue
        head = drawing.headers[group.id]
        place = places[group.id]
        base = inset(layout.boxes[group.id]).top + 14.0
        fill = group_colour(group, levels[group.id], theme)
        marks: list[Mark] = [
            Rect(box.left, box.top, box.width, box.height, 4, fill) for box in place.boxes
        ]
        for run, x in zip(head.line, place.runs, strict=True):
            colour = run.colour(theme, theme.text, theme.muted)
            marks.append(text_mark(run.text, x, base, run.size, colour, style, bold=run.bold))
        if place.badge is not None:
            marks += badge_marks(head.badge, place.badge, base, style)
        if place.note is not None:
            marks.append(text_mark(head.note, *place.note, TINY, theme.muted, style))
        for frame in layout.frames.get(group.id, ())[1:]:
            outline = inset(frame)
            said = " ".join(run.text.strip() for run in head.line)
            line = _within(f"{said} (continued)", outline.width - 18, style)
            note = text_mark(line, outline.left + 9, outline.top + 13, SMALL, theme.muted, style)
            marks += [Rect(note.x - 3, outline.top + 3, note.width + 6, 14, 4, fill), note]
        yield MarkGroup(f"{group.id}-header", "header", tuple(marks), about_group(group, overlays))


def _within(text: str, room: float, style: Style) -> str:
    """As much of a text as there is room for: what goes on, or that something does."""
    end = " (continued)"
    choices = (text, *(cut(text.removesuffix(end), size) + end for size in (32, 24, 16, 10)), "…")
    fit = (one for one in choices if text_width(one, SMALL, False, style.theme.family) <= room)
    return next(fit, "")


def backgrounds(drawing: Plan) -> dict[str, str]:
    """The colour behind each card."""
    theme, levels = drawing.style.theme, levels_of(drawing.view.items)
    result = {item.id: theme.background for item in drawing.view.items}
    for group in drawing.view.groups():
        fill = group_colour(group, levels[group.id], theme)
        result.update((child.id, fill) for child in group.children)
    return result


def levels_of(items: Sequence[Node | Group], level: int = 0) -> dict[str, int]:
    """How deep each group is inside others."""
    result: dict[str, int] = {}
    for item in items:
        if isinstance(item, Group):
            result[item.id] = level
            result |= levels_of(item.children, level + 1)
    return result
