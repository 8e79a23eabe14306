"""The title of a picture: the model's name, its totals, and why its forward failed."""

from __future__ import annotations

from ..units import flops_text, params_text, seconds_text
from ..view.labels import MAX_NAME, cut
from ..view.model import View
from .marks import Block, text_mark
from .style import Style


def title_block(view: View, style: Style) -> Block:
    """The title, in lines below one another."""
    theme = style.theme
    y = 13.0
    name = cut(view.name, MAX_NAME)
    marks = [text_mark(name, 0.0, y, 15.0, theme.text, style, bold=True)]
    facts = []
    if view.figures.params:
        facts.append(params_text(view.figures.params).replace("params", "parameters"))
    if view.figures.flops or not view.counted:
        least = "" if view.counted else "at least "
        facts.append(least + flops_text(view.figures.flops))
    if style.color_by == "time":
        facts.append(seconds_text(view.figures.seconds))
    if facts:
        y += 15.0
        marks.append(text_mark(" · ".join(facts), 0.0, y, 9.5, theme.muted, style))
    for line in _wrapped(view.failure, 86):
        y += 14.0
        marks.append(text_mark(line, 0.0, y, 9.5, theme.error, style, bold=True))
    return Block(max(mark.width for mark in marks), y + 16.0, tuple(marks))


def _wrapped(text: str, size: int) -> list[str]:
    lines, current = [], ""
    for word in text.split():
        if current and len(current) + 1 + len(word) > size:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}".strip()
    return [*lines, current] if current else lines
