"""A picture as a diagram of draw.io (diagrams.net): boxes and arrows that can be moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from xml.sax.saxutils import quoteattr

from ..view.model import Group, Link, Node, ViewEdge
from .edge_labels import edge_lines
from .headers import header
from .layout import Box
from .lines import Line
from .paint import node_colours
from .plan import Plan
from .sizes import SMALL, TINY, TITLE
from .svg import printable

_FORMS = {"pill": "rounded=1;arcSize=50;", "circle": "ellipse;", "dashed": "rounded=1;dashed=1;"}
_FORMS["weight"] = "dashed=1;"


def to_drawio(drawing: Plan, boxes: Mapping[str, Sequence[Box]], factor: float) -> str:
    """The mxGraph XML of a picture; ``boxes`` are the places of its nodes and groups.

    ``factor`` is how much larger than its layout the picture is. A group that goes on in another
    column is a box in each of them.
    """
    names = {name: f"mv{index}" for index, name in enumerate(boxes)}
    cells = [
        *_items(drawing, drawing.view.items, boxes, names, 0, factor),
        *_edges(drawing, names, factor),
    ]
    title = _attribute(drawing.view.title)
    return "\n".join(
        (
            f'<mxfile host="modelviz"><diagram name={title} id="modelviz">',
            '<mxGraphModel grid="0" page="0" arrows="1" math="0"><root>',
            '<mxCell id="0"/><mxCell id="1" parent="0"/>',
            *cells,
            "</root></mxGraphModel></diagram></mxfile>\n",
        )
    )


def _items(
    drawing: Plan,
    items: Sequence[Node | Group],
    boxes: Mapping[str, Sequence[Box]],
    names: Mapping[str, str],
    level: int,
    factor: float,
) -> Iterator[str]:
    theme = drawing.style.theme
    for item in items:
        places = boxes.get(item.id, ())
        if isinstance(item, Group):
            fill = item.colour or theme.group_fill[level % 2]
            head = header(item, drawing.view, drawing.style)
            ends = "".join(f"  {text}" for text in (head.badge, head.note) if text)
            look = (
                f"rounded=1;absoluteArcSize=1;arcSize=14;html=1;verticalAlign=top;align=left;"
                f"spacingLeft=6;fillColor={fill};strokeColor={theme.group_line};"
                f"fontColor={theme.text};fontSize={TITLE * factor:g};"
            )
            for number, box in enumerate(places):
                text = _html((head.line,)) + escape(ends if number == 0 else "  (continued)")
                name = names[item.id] + (f"-{number}" if number else "")
                yield _vertex(name, text, look, box)
            yield from _items(drawing, item.children, boxes, names, level + 1, factor)
        elif places:
            card = drawing.cards[drawing.place[item.id]]
            row = next(row for row in card.rows if row.node.id == item.id)
            colours = node_colours(item, drawing.style, drawing.scale)
            form = _FORMS.get(card.shape, "rounded=1;absoluteArcSize=1;arcSize=10;")
            text = _html(row.lines) + (f"  <b>{escape(row.badge)}</b>" if row.badge else "")
            look = (
                f"{form}whiteSpace=wrap;html=1;fillColor={colours.fill};"
                f"strokeColor={colours.line};fontColor={colours.text};fontSize={SMALL * factor:g};"
            )
            yield _vertex(names[item.id], text, look, places[0])


def _edges(drawing: Plan, names: Mapping[str, str], factor: float) -> Iterator[str]:
    theme = drawing.style.theme
    look = (
        f"html=1;curved=1;rounded=1;endArrow=blockThin;endFill=1;strokeColor={theme.edge};"
        f"fontColor={theme.muted};fontSize={TINY * factor:g};labelBackgroundColor=default;"
    )
    for index, edge in enumerate(drawing.view.edges):
        if edge.next_copy or edge.source not in names or edge.target not in names:
            continue
        shown = drawing.place[edge.source] != drawing.place[edge.target]
        lines = edge_lines(edge) if shown and "shapes" in drawing.style.show else ()
        # Between layers that touch each other there is no room for an arrow.
        hidden = "" if shown else "opacity=0;"
        yield _edge(f"e{index}", "<br>".join(map(escape, lines)), look + hidden, edge, names)
    for index, link in enumerate(drawing.view.links):
        dotted = look + "dashed=1;dashPattern=1 3;endArrow=none;"
        yield _edge(f"l{index}", escape(link.reason), dotted, link, names)


def _vertex(name: str, text: str, look: str, box: Box) -> str:
    place = (
        f'x="{box.left:.2f}" y="{box.top:.2f}" width="{box.width:.2f}" height="{box.height:.2f}"'
    )
    return (
        f'<mxCell id="{name}" value={_attribute(text)} style="{look}" vertex="1" parent="1">'
        f'<mxGeometry {place} as="geometry"/></mxCell>'
    )


def _edge(name: str, text: str, look: str, ends: ViewEdge | Link, names: Mapping[str, str]) -> str:
    return (
        f'<mxCell id="{name}" value={_attribute(text)} style="{look}" edge="1" parent="1" '
        f'source="{names[ends.source]}" target="{names[ends.target]}">'
        '<mxGeometry relative="1" as="geometry"/></mxCell>'
    )


def _html(lines: Sequence[Line]) -> str:
    return "<br>".join(
        "".join(f"<b>{escape(run.text)}</b>" if run.bold else escape(run.text) for run in line)
        for line in lines
    )


def _attribute(text: str) -> str:
    return quoteattr(printable(text))
