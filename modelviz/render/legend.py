"""The legend of a picture: what its colours and dotted lines mean, or the scale of a heat map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..units import measure_text
from ..view.document import Kind
from .lines import WRITE
from .marks import Block, straight, text_mark
from .plan import Plan
from .scene import Mark, Path, Rect
from .sizes import TINY
from .text import text_width
from .theme import LEGEND

STEPS, STEP = 24, 4.5
"""The colours of the scale of a heat map, and the width of each."""
BLOCKS: tuple[Kind, ...] = ("block", "several")
"""Kinds that only a theme without colours explains."""


def legend_block(drawing: Plan, width: float, dotted: Iterable[str]) -> Block:
    """The legend, in lines of at most a width; ``dotted`` is what dotted lines stand for."""
    style, theme = drawing.style, drawing.style.theme
    entries = [("dots", reason, theme.edge) for reason in sorted(dotted)]
    scale = Block(0.0, 0.0, ())
    if style.color_by is not None:
        scale = _heat_scale(drawing)
        if not entries:
            return scale
    else:
        entries = [*(("box", text, colour) for text, colour in _colours(drawing)), *entries]
    marks = [*scale.marks]
    x, y, widest = 0.0, scale.height + 4.0 if scale.marks else 0.0, scale.width
    for form, text, colour in entries:
        step = 14 + text_width(text, TINY, False, theme.family) + 14
        if x and x + step - 14 > width:
            x, y = 0.0, y + 14
        if form == "box":
            # What is pale has an outline, as the cards have.
            line = None if theme.coloured else theme.edge
            marks.append(Rect(x, y + 1, 9, 9, 2.5, colour, line, 0.5))
        else:
            middle = y + 5.5
            marks.append(Path(straight((x - 1, middle), (x + 10, middle)), colour, 1.0, True))
        marks.append(text_mark(text, x + 13, y + 8.5, TINY, theme.muted, style))
        x += step
        widest = max(widest, x - 14)
    return Block(widest, y + 12, tuple(marks))


def _colours(drawing: Plan) -> Iterator[tuple[str, str]]:
    """What the colours mean: the kinds of layers, and what an author coloured by class."""
    theme = drawing.style.theme
    kinds = {node.kind for node in drawing.view.nodes() if not node.colour}
    if theme.coloured:
        yield from ((kind, theme.hues[kind]) for kind in LEGEND if kind in kinds)
    else:
        greys: dict[str, list[str]] = {}
        for kind in (*LEGEND, *BLOCKS):
            if kind in kinds and theme.fill(kind) != theme.background:
                greys.setdefault(theme.fill(kind), []).append(kind)
        yield from ((", ".join(names), grey) for grey, names in greys.items())
    meant = {item.title for item in drawing.view.walk()}
    for title, said, colour in drawing.view.author.classes:
        if title in meant:
            yield said, colour


def _heat_scale(drawing: Plan) -> Block:
    """The scale of a heat map, with what its ends stand for."""
    style, scale, begin = drawing.style, drawing.scale, "0"
    if style.overlay is not None:
        unit = style.overlay.unit
        end = f"{style.color_by} {measure_text(scale.high, unit)}"
        begin = measure_text(scale.low, unit) if scale.low else begin
    else:
        name = style.color_by or "params"
        most = max(drawing.view.nodes(), key=lambda node: style.heat_value(node) or 0)
        end = ("time " if name == "time" else "") + WRITE[name](scale.high)
        end += f" in all {most.multiple} copies" if most.multiple > 1 else ""
    family = style.theme.family
    left, wide = text_width(begin, TINY, False, family) + 5, text_width(end, TINY, False, family)
    marks: list[Mark] = [
        Rect(left + index * STEP, 1, STEP + 0.2, 9, 0, scale.at(index / (STEPS - 1)))
        for index in range(STEPS)
    ]
    right = left + STEPS * STEP + 5
    marks += [
        text_mark(begin, 0, 8.5, TINY, style.theme.muted, style),
        text_mark(end, right, 8.5, TINY, style.theme.muted, style),
    ]
    return Block(right + wide, 12.0, tuple(marks))
