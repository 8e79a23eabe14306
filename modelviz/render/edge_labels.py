"""The size of every edge's label before it has a place: the shapes that the edge carries."""

from __future__ import annotations

from dataclasses import dataclass

from ..graph import NamedShape
from ..units import shape_text
from ..view.model import View, ViewEdge
from .lines import LEADING
from .sizes import TINY
from .style import Style
from .text import text_width

MANY = 3
"""Fewest shapes that differ in one size for that size to be left open."""


@dataclass(frozen=True, slots=True)
class EdgeLabel:
    """The lines on an edge. They may as well stand on the edges that lead to ``others``."""

    lines: tuple[str, ...]
    width: float
    height: float
    others: tuple[str, ...] = ()


def edge_labels(view: View, style: Style) -> dict[tuple[str, str], EdgeLabel]:
    """The labels of the edges, by their ends: each tensor once where a node gives it to several."""
    if "shapes" not in style.show:
        return {}
    targets: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for edge in view.edges:
        if edge.next_copy or not edge.tensors:
            continue
        targets.setdefault((edge.source, edge_lines(edge)), []).append(edge.target)
    labels: dict[tuple[str, str], EdgeLabel] = {}
    for (source, lines), (first, *others) in targets.items():
        widths = [text_width(line, TINY, False, style.theme.family) for line in lines]
        labels[source, first] = EdgeLabel(
            lines, max(widths) + 6, LEADING * TINY * len(lines) + 2, tuple(others)
        )
    return labels


def edge_lines(edge: ViewEdge) -> tuple[str, ...]:
    """What an edge carries, in at most two lines."""
    texts = list(dict.fromkeys(f"{shape} {dtype}".rstrip() for shape, dtype in _joined(edge)))
    if len(texts) > 2:
        texts = [texts[0], f"+ {len(texts) - 1} more"]
    return tuple(texts)


def _joined(edge: ViewEdge) -> list[tuple[str, str]]:
    """The shapes and dtypes that an edge carries, with ``?`` for a size that is never the same.

    Experts get 33, 26 or 40 tokens: many shapes that differ in one size say one thing.
    """
    alike: dict[tuple[int, str], list[NamedShape]] = {}
    for tensor in edge.tensors:
        alike.setdefault((len(tensor.shape), tensor.dtype), []).append(tensor.shape)
    result = []
    for (_, dtype), shapes in alike.items():
        sizes = [set(column) for column in zip(*shapes, strict=True)]
        open_ = [index for index, column in enumerate(sizes) if len(column) > 1]
        if len(shapes) >= MANY and len(open_) == 1:
            first = shape_text(shapes[0]).split("×")
            first[open_[0]] = "?"
            result.append(("×".join(first), dtype))
        else:
            result += [(shape_text(shape), dtype) for shape in shapes]
    return result
