"""The title of a picture: the model's name, its totals, and why its forward failed."""

from __future__ import annotations

from ..units import flops_text, params_text, seconds_text
from ..view.labels import MAX_NAME, cut
from ..view.model import View
from .marks import Block, text_mark
from .style import Style
from .text import text_width

NAME, FACTS = 15.0, 9.5
"""The sizes of the name, and of the lines below it."""


def title_block(view: View, style: Style, room: float) -> Block:
    """The title, in lines below one another, those with spaces no wider than ``room``."""
    theme = style.theme
    y = 13.0
    name = cut(view.title, MAX_NAME)
    while len(name) > 8 and text_width(name, NAME, True, theme.family) > room:
        name = cut(name, len(name) - 1)
    marks = [text_mark(name, 0.0, y, NAME, theme.text, style, bold=True)]
    facts = []
    if view.figures.params:
        facts.append(params_text(view.figures.params).replace("params", "parameters"))
    if view.figures.flops or not view.counted:
        least = "" if view.counted else "at least "
        facts.append(least + flops_text(view.figures.flops))
    if style.color_by == "time":
        facts.append(seconds_text(view.figures.seconds))
    for index, line in enumerate(_wrapped(" · ".join(facts), style, room, bold=False)):
        y += 14.0 if index else 15.0
        marks.append(text_mark(line, 0.0, y, FACTS, theme.muted, style))
    for line in _wrapped(view.failure, style, min(room, 440.0), bold=True):
        y += 14.0
        marks.append(text_mark(line, 0.0, y, FACTS, theme.error, style, bold=True))
    return Block(max(mark.width for mark in marks), y + 16.0, tuple(marks))


def _wrapped(text: str, style: Style, room: float, *, bold: bool) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, FACTS, bold, style.theme.family) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
