"""The size of every edge's label before it has a place: the shapes that the edge carries."""

from __future__ import annotations

from dataclasses import dataclass

from ..view.labels import shape_text
from ..view.model import View, ViewEdge
from .lines import LEADING, TINY
from .style import Style
from .text import text_width


@dataclass(frozen=True, slots=True)
class Label:
    """The lines on an edge."""

    lines: tuple[str, ...]
    width: float
    height: float


def edge_labels(view: View, style: Style) -> dict[tuple[str, str], Label]:
    """The labels of the edges, by their ends: each tensor once where a node gives it to several."""
    if "shapes" not in style.show:
        return {}
    said: set[tuple[str, tuple[str, ...]]] = set()
    labels: dict[tuple[str, str], Label] = {}
    for edge in view.edges:
        if edge.next_copy:
            continue
        lines = edge_lines(edge)
        if (edge.source, lines) not in said:
            said.add((edge.source, lines))
            widths = [text_width(line, TINY, False, style.theme.family) for line in lines]
            labels[edge.source, edge.target] = Label(
                lines, max(widths) + 6, LEADING * TINY * len(lines) + 2
            )
    return labels


def edge_lines(edge: ViewEdge) -> tuple[str, ...]:
    """What an edge carries, in at most two lines."""
    texts = [f"{shape_text(t.shape)} {t.dtype}".rstrip() for t in edge.tensors]
    if len(texts) > 2:
        texts = [texts[0], f"+ {len(texts) - 1} more"]
    return tuple(texts)
