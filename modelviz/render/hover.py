"""The texts that appear over a node or a group: everything that has no place in the picture."""

from __future__ import annotations

from ..units import bytes_text, seconds_text
from ..view.model import Group, Node


def about_node(node: Node) -> str:
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


def about_group(group: Group) -> str:
    """The tooltip of a group: everything that has no place in its header."""
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
    if item.figures.seconds:
        lines.append(f"{seconds_text(item.figures.seconds)} measured")
    return lines
