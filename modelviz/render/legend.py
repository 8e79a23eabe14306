"""The legend of a picture: what its colours and dotted lines mean, or the scale of a heat map."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..units import bytes_text, flops_text, measure_text, params_text, seconds_text
from .marks import Block, straight, text_mark
from .plan import Plan
from .scene import Mark, Path, Rect
from .sizes import TINY
from .text import text_width
from .theme import LEGEND


def legend_block(drawing: Plan, width: float, dotted: Iterable[str]) -> Block:
    """The legend, in lines of at most a width; ``dotted`` is what dotted lines stand for."""
    style = drawing.style
    if style.color_by is not None:
        return _heat_legend(drawing)
    theme = style.theme
    kinds = {node.kind for node in drawing.view.nodes()}
    entries: list[tuple[str, str, str]] = [
        ("box", kind, theme.hue(kind)) for kind in LEGEND if kind in kinds and theme.coloured
    ]
    entries += [("dots", reason, theme.edge) for reason in sorted(dotted)]
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
            marks.append(Path(straight((x - 1, middle), (x + 10, middle)), colour, 1.0, True))
        marks.append(text_mark(text, x + 13, y + 8.5, TINY, theme.muted, style))
        x += step
        widest = max(widest, x - 14)
    return Block(widest, y + 12, tuple(marks))


def _heat_legend(drawing: Plan) -> Block:
    """The scale of a heat map, from nothing to the largest figure."""
    style = drawing.style
    most = max(drawing.view.nodes(), key=style.heat_value)
    if style.overlay is not None:
        end = f"{style.color_by} {measure_text(drawing.most, style.overlay.unit)}"
    else:
        write: Callable[[Any], str] = {
            "params": params_text,
            "flops": flops_text,
            "memory": bytes_text,
            "time": lambda seconds: f"time {seconds_text(seconds)}",
        }[style.color_by or "params"]
        end = write(drawing.most) + (f" in all {most.multiple} copies" if most.multiple > 1 else "")
    wide = text_width(end, TINY, False, style.theme.family)
    steps = 24
    step = max(5.0, (wide + 16) / steps)
    marks: list[Mark] = [
        Rect(index * step, 0, step + 0.2, 9, 0, style.theme.heat(index / (steps - 1)))
        for index in range(steps)
    ]
    marks += [
        text_mark("0", 0, 20, TINY, style.theme.muted, style),
        text_mark(end, steps * step, 20, TINY, style.theme.muted, style, anchor="end"),
    ]
    return Block(steps * step, 22, tuple(marks))
