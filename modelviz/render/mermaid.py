"""A view as a Mermaid flowchart, as GitHub renders it in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..view.model import Group, Node, View, called
from .edge_labels import edge_lines
from .headers import header
from .lines import after_signs, badge_text, figure_texts, heat_text, own_signs, told_detail
from .paint import heat_scale, node_colours
from .style import Style
from .text import with_controls

MAX_EDGES, MAX_CHARACTERS = 500, 50_000
"""The largest flowchart that Mermaid draws with the settings that GitHub fixes."""

_SHAPES = {
    "input": ("([", "])"),
    "output": ("([", "])"),
    "weight": ("[/", "/]"),
    "arithmetic": ("(", ")"),
}
_SPECIAL = frozenset('"#<>&`%$*\\|{}~')


def to_mermaid(view: View, style: Style) -> str:
    """The Mermaid text of a view; the same view gives the same text."""
    names = {item.id: f"n{index}" for index, item in enumerate(view.walk())}
    body = [
        *_items(view, view.items, names, style, "    "),
        *_edges(view, names, style),
        *_classes(view, names, style),
    ]
    lines = [f"flowchart {style.direction}", *body]
    edges = sum("-->" in line or "-.-" in line for line in body)
    if edges > MAX_EDGES or sum(map(len, lines)) + len(lines) > MAX_CHARACTERS:
        lines.insert(1, "    %% Too large for GitHub; a smaller depth gives less.")
    return "\n".join(lines) + "\n"


def _items(
    view: View, items: Sequence[Node | Group], names: dict[str, str], style: Style, indent: str
) -> Iterator[str]:
    for item in items:
        if isinstance(item, Group):
            head = header(item, view, style)
            texts = [*(run.text.strip() for run in head.line), head.badge, head.note]
            title = " ".join(_escaped(text) for text in texts if text)
            yield f'{indent}subgraph {names[item.id]}["{title}"]'
            yield from _items(view, item.children, names, style, indent + "    ")
            yield f"{indent}end"
        else:
            left, right = _SHAPES.get(item.kind, ("[", "]"))
            yield f'{indent}{names[item.id]}{left}"{_label(item, style)}"{right}'


def _label(node: Node, style: Style) -> str:
    told = called(node)
    titled = "".join(run.text for run in own_signs(node.signs)) + told.title
    first = f"<b>{_escaped(titled)}</b>"
    index = f"call {node.call_index + 1}" if node.call_index else ""
    badge = badge_text(node.copies, node.chained)
    inner = (run.text.strip() for run in after_signs(node))
    for text in (told.name, index, *inner, badge):
        if text:
            first += f" {_escaped(text)}"
    figures = " · ".join(filter(None, (*figure_texts(node, style), heat_text(node, style))))
    return "<br/>".join([first, *(_escaped(text) for text in (told_detail(node), figures) if text)])


def _edges(view: View, names: dict[str, str], style: Style) -> Iterator[str]:
    for edge in view.edges:
        if edge.next_copy:
            continue
        label = "<br/>".join(_escaped(line) for line in edge_lines(edge))
        said = f'|"{label}"|' if "shapes" in style.show else ""
        yield f"    {names[edge.source]} -->{said} {names[edge.target]}"
    for link in view.links:
        reason = _escaped(link.reason)
        yield f'    {names[link.source]} -.-|"{reason}"| {names[link.target]}'


def _classes(view: View, names: dict[str, str], style: Style) -> Iterator[str]:
    """The colours of the nodes, one class for all nodes of a colour."""
    scale = heat_scale(view, style)
    members: dict[tuple[str, str, str, str], list[str]] = {}
    for node in view.nodes():
        colours = node_colours(node, style, scale)
        dashes = ",stroke-dasharray:4 3" if node.status == "unread" else ""
        look = (colours.fill, colours.line, colours.text, dashes)
        members.setdefault(look, []).append(names[node.id])
    for index, ((fill, line, text, dashes), nodes) in enumerate(members.items()):
        yield f"    classDef k{index} fill:{fill},stroke:{line},color:{text}{dashes}"
        yield f"    class {','.join(nodes)} k{index}"


def _escaped(text: str) -> str:
    """Text as Mermaid shows it as it is: entities for what it would read, breaks for lines."""
    return "<br/>".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    # At its start, a line that looks like a list in Markdown is refused.
    stop = len(line) - len(line.lstrip("0123456789"))
    parts = []
    for index, character in enumerate(line):
        listed = (index == stop and character in ".)") or (index == 0 and character in "-+")
        if character in _SPECIAL or listed:
            parts.append(f"#{ord(character)};")
        else:
            parts.append(with_controls(character))
    return "".join(parts)
