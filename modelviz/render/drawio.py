"""A picture as a diagram of draw.io (diagrams.net): boxes and arrows that can be moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from xml.sax.saxutils import quoteattr

from ..view.model import Group, Link, Node, ViewEdge
from .drawio_lines import Way, around, ways
from .edge_labels import edge_lines
from .headers import header
from .layout import Box
from .lines import Line
from .paint import node_colours
from .plan import Plan
from .scene import Rect, Scene, Text
from .sizes import SMALL, TINY, TITLE
from .svg import printable

_FORMS = {
    "pill": "rounded=1;arcSize=50;",
    "circle": "ellipse;shape=ellipse;perimeter=ellipsePerimeter;",
    "dashed": "rounded=1;dashed=1;",
    "weight": "dashed=1;",
}


_CONTINUED = 75.0
"""How wide it is to say that a group goes on, with what is around it."""


def to_drawio(
    drawing: Plan, scene: Scene, boxes: Mapping[str, Sequence[Box]], factor: float
) -> str:
    """The mxGraph XML of a picture; ``boxes`` are the places of its nodes and groups.

    ``factor`` is how much larger than its layout the picture is. A group that goes on in another
    column is a box in each of them. Lines run as in the picture, behind the cards.
    """
    names = {name: f"mv{index}" for index, name in enumerate(boxes)}
    cells = [
        *_groups(drawing, drawing.view.items, boxes, names, 0, factor),
        *_edges(drawing, scene, boxes, names, factor),
        *_nodes(drawing, boxes, names, factor),
        *_words(scene),
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


def _groups(
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
            room = not places or head.width * factor + 12 < places[0].width
            ends = "".join(f"  {text}" for text in (head.badge, head.note if room else "") if text)
            look = (
                "rounded=1;absoluteArcSize=1;arcSize=14;html=1;verticalAlign=top;align=left;"
                f"spacingLeft=6;fillColor={fill};strokeColor={theme.group_line};"
                f"fontColor={theme.text};fontSize={TITLE * factor:g};"
            )
            for number, box in enumerate(places):
                text = _html((head.line,)) + escape(ends)
                if number:
                    whole = (head.width + _CONTINUED) * factor < box.width
                    text = (_html((head.line,)) if whole else "") + "  (continued)"
                name = names[item.id] + (f"-{number}" if number else "")
                yield _vertex(name, text, look, box)
            yield from _groups(drawing, item.children, boxes, names, level + 1, factor)


def _nodes(
    drawing: Plan, boxes: Mapping[str, Sequence[Box]], names: Mapping[str, str], factor: float
) -> Iterator[str]:
    for item in drawing.view.nodes():
        places = boxes.get(item.id, ())
        if places:
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


def _words(scene: Scene) -> Iterator[str]:
    """The title and the legend."""
    parts = [part for part in scene.parts if part.kind in ("title", "legend")]
    for number, mark in enumerate(mark for part in parts for mark in part.marks):
        if isinstance(mark, Text):
            bold = f"fontStyle={int(mark.bold)};fontColor={mark.colour};fontSize={mark.size:g};"
            bare = "text;html=1;fillColor=none;strokeColor=none;align=left;verticalAlign=middle;"
            look = f"{bare}spacing=0;{bold}"
            top = mark.y - 0.85 * mark.size
            place = Box(mark.x, top, mark.x + mark.width, top + 1.1 * mark.size)
            yield _vertex(f"w{number}", escape(mark.text), look, place)
        elif isinstance(mark, Rect):
            look = f"rounded=1;fillColor={mark.fill};strokeColor={mark.stroke or 'none'};"
            place = Box(mark.x, mark.y, mark.x + mark.width, mark.y + mark.height)
            yield _vertex(f"w{number}", "", look, place)


def _edges(
    drawing: Plan,
    scene: Scene,
    boxes: Mapping[str, Sequence[Box]],
    names: Mapping[str, str],
    factor: float,
) -> Iterator[str]:
    theme, place = drawing.style.theme, drawing.place
    look = (
        f"html=1;rounded=1;endArrow=blockThin;endFill=1;strokeColor={theme.edge};"
        f"fontColor={theme.muted};fontSize={TINY * factor:g};labelBackgroundColor=default;"
    )
    left = dict(ways(scene))
    for index, edge in enumerate(drawing.view.edges):
        if edge.next_copy or edge.source not in names or edge.target not in names:
            continue
        # One line is enough for all that runs between two cards, and between layers that touch
        # each other there is no room for any.
        way = left.pop(f"{place[edge.source]}-{place[edge.target]}", None)
        lines = edge_lines(edge) if way is not None and way.label is not None else ()
        text = "<br>".join(map(escape, lines))
        yield _edge(
            f"e{index}", text, look + ("" if way else "opacity=0;"), edge, names, boxes, way
        )
    for index, link in enumerate(drawing.view.links):
        dotted = look + "dashed=1;dashPattern=1 3;endArrow=none;"
        ends = boxes[link.source][0], boxes[link.target][0]
        beside = around(scene, (link.source, link.target), ends)
        yield _edge(f"l{index}", escape(link.reason), dotted, link, names, boxes, beside)


def _vertex(name: str, text: str, look: str, box: Box) -> str:
    place = (
        f'x="{box.left:.2f}" y="{box.top:.2f}" width="{box.width:.2f}" height="{box.height:.2f}"'
    )
    return (
        f'<mxCell id="{name}" value={_attribute(text)} style="{look}" vertex="1" parent="1">'
        f'<mxGeometry {place} as="geometry"/></mxCell>'
    )


def _edge(
    name: str,
    text: str,
    look: str,
    ends: ViewEdge | Link,
    names: Mapping[str, str],
    boxes: Mapping[str, Sequence[Box]],
    way: Way | None,
) -> str:
    geometry = '<mxGeometry relative="1" as="geometry"/>'
    if way is not None:
        look += way.anchors(boxes[ends.source][0], boxes[ends.target][0])
        geometry = way.geometry()
    return (
        f'<mxCell id="{name}" value={_attribute(text)} style="{look}" edge="1" parent="1" '
        f'source="{names[ends.source]}" target="{names[ends.target]}">{geometry}</mxCell>'
    )


def _html(lines: Sequence[Line]) -> str:
    return "<br>".join(
        "".join(f"<b>{escape(run.text)}</b>" if run.bold else escape(run.text) for run in line)
        for line in lines
    )


def _attribute(text: str) -> str:
    return quoteattr(printable(text))
