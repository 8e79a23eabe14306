"""The texts that appear over a node or a group: everything that has no place in the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..units import bytes_text, measure_text, seconds_text
from ..view.document import Overlay
from ..view.model import Group, Node


def about_node(node: Node, overlays: Sequence[Overlay] = ()) -> str:
    """The tooltip of a node: everything that has no place in its card, and an author's figures."""
    lines = [f"{node.title} {node.name}".rstrip()]
    if node.path and node.path != node.name:
        lines.append(node.path)
    if node.config:
        lines.append(node.config)
    lines += node.contents[:12]
    lines += _figures(node, overlays)
    if node.source:
        lines.append(node.source)
    return "\n".join(lines)


def about_group(group: Group, overlays: Sequence[Overlay] = ()) -> str:
    """The tooltip of a group: everything that has no place in its header."""
    lines = [f"{group.title} {group.name}".strip()]
    if group.path:
        lines.append(group.path)
    if group.copies > 1:
        lines.append(f"{group.copies} copies")
    lines += _figures(group, overlays)
    return "\n".join(line for line in lines if line)


def _figures(item: Node | Group, overlays: Sequence[Overlay]) -> Iterator[str]:
    """Its figures, and those that were put on the graph: ``loss rise: 0.0312``."""
    for total, each, text in (
        (item.figures.params, item.each.params, "{:,} parameters"),
        (item.figures.flops, item.each.flops, "{:,} FLOPs"),
    ):
        if total:
            copies = f", {each:,} in each of {item.multiple} copies" if each != total else ""
            yield text.format(total) + copies
    if item.figures.memory:
        yield f"{bytes_text(item.figures.memory)} allocated"
    if item.figures.seconds:
        yield f"{seconds_text(item.figures.seconds)} measured"
    for overlay in overlays:
        number = overlay.of(item.id, item.path)
        if number is not None:
            yield f"{overlay.name}: {measure_text(number, overlay.unit)}"
