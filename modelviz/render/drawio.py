"""A picture as a diagram of draw.io (diagrams.net): boxes and arrows that can be moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from .scene import Point, Rect, Scene, Text
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


@dataclass(frozen=True, slots=True)
class _Frame:
    """A cell that others are in: they move with it, and their places count from its corner."""

    cell: str
    box: Box

    def has(self, point: Point) -> bool:
        """Whether a point is inside."""
        box = self.box
        return box.left <= point[0] <= box.right and box.top <= point[1] <= box.bottom


_PAGE = _Frame("1", Box(0.0, 0.0, 0.0, 0.0))


def to_drawio(
    drawing: Plan, scene: Scene, boxes: Mapping[str, Sequence[Box]], factor: float
) -> str:
    """The mxGraph XML of a picture; ``boxes`` are the places of its nodes and groups.

    ``factor`` is how much larger than its layout the picture is. What is in a group moves with it,
    lines that stay in it included. A group that goes on in another column is a box in each of them.
    Lines run as in the picture.
    """
    names = {name: f"mv{index}" for index, name in enumerate(boxes)}
    frames = _frames(drawing.view.items, boxes, names, ((_PAGE,),))
    cells = [
        *_vertices(drawing, boxes, names, frames, factor),
        *_edges(drawing, scene, boxes, names, frames, factor),
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


_Frames = Mapping[str, tuple[tuple[_Frame, ...], ...]]


def _frames(
    items: Sequence[Node | Group],
    boxes: Mapping[str, Sequence[Box]],
    names: Mapping[str, str],
    around: tuple[tuple[_Frame, ...], ...],
) -> _Frames:
    """The frames around each node and group, outer first; of each group, that in each column."""
    result: dict[str, tuple[tuple[_Frame, ...], ...]] = {}
    for item in items:
        result[item.id] = around
        if isinstance(item, Group):
            places = enumerate(boxes.get(item.id, ()))
            own = tuple(_Frame(_piece(names[item.id], number), box) for number, box in places)
            inside = (*around, own) if own else around
            result |= _frames(item.children, boxes, names, inside)
    return result


def _piece(name: str, number: int) -> str:
    return f"{name}-{number}" if number else name


def _frame_of(frames: tuple[tuple[_Frame, ...], ...], *boxes: Box) -> _Frame:
    """The innermost frame that all boxes are in."""
    for pieces in reversed(frames[1:]):
        for piece in pieces:
            if all(piece.has(box.centre) for box in boxes):
                return piece
    return _PAGE


def _vertices(
    drawing: Plan,
    boxes: Mapping[str, Sequence[Box]],
    names: Mapping[str, str],
    frames: _Frames,
    factor: float,
) -> Iterator[str]:
    """The cells of groups and nodes, outer before inner."""
    waiting = [(item, 0) for item in reversed(drawing.view.items)]
    while waiting:
        item, level = waiting.pop()
        for number, box in enumerate(boxes.get(item.id, ())):
            name, frame = _piece(names[item.id], number), _frame_of(frames[item.id], box)
            if isinstance(item, Group):
                yield _vertex(name, *_group(drawing, item, level, box, number, factor), box, frame)
            elif not number:
                yield _vertex(name, *_node(drawing, item, factor), box, frame)
        if isinstance(item, Group):
            waiting += [(child, level + 1) for child in reversed(item.children)]


def _group(
    drawing: Plan, item: Group, level: int, box: Box, number: int, factor: float
) -> tuple[str, str]:
    """The text and the look of a group in the column of that number in which it is."""
    theme = drawing.style.theme
    head = header(item, drawing.view, drawing.style)
    look = (
        "rounded=1;absoluteArcSize=1;arcSize=14;html=1;verticalAlign=top;align=left;"
        "container=1;collapsible=0;recursiveResize=0;"
        f"spacingLeft=6;fillColor={item.colour or theme.group_fill[level % 2]};"
        f"strokeColor={theme.group_line};fontColor={theme.text};fontSize={TITLE * factor:g};"
    )
    if number:
        whole = (head.width + _CONTINUED) * factor < box.width
        return (_html((head.line,)) if whole else "") + "  (continued)", look
    room = head.width * factor + 12 < box.width
    ends = "".join(f"  {text}" for text in (head.badge, head.note if room else "") if text)
    return _html((head.line,)) + escape(ends), look


def _node(drawing: Plan, item: Node, factor: float) -> tuple[str, str]:
    """The text and the look of a node."""
    card = drawing.cards[drawing.place[item.id]]
    row = next(row for row in card.rows if row.node.id == item.id)
    colours = node_colours(item, drawing.style, drawing.scale)
    form = _FORMS.get(card.shape, "rounded=1;absoluteArcSize=1;arcSize=10;")
    text = _html(row.lines) + (f"  <b>{escape(row.badge)}</b>" if row.badge else "")
    return text, (
        f"{form}whiteSpace=wrap;html=1;fillColor={colours.fill};"
        f"strokeColor={colours.line};fontColor={colours.text};fontSize={SMALL * factor:g};"
    )


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
            yield _vertex(f"w{number}", escape(mark.text), look, place, _PAGE)
        elif isinstance(mark, Rect):
            look = f"rounded=1;fillColor={mark.fill};strokeColor={mark.stroke or 'none'};"
            place = Box(mark.x, mark.y, mark.x + mark.width, mark.y + mark.height)
            yield _vertex(f"w{number}", "", look, place, _PAGE)


def _edges(
    drawing: Plan,
    scene: Scene,
    boxes: Mapping[str, Sequence[Box]],
    names: Mapping[str, str],
    frames: _Frames,
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
        shown = look + ("" if way else "opacity=0;")
        yield _edge(f"e{index}", text, shown, edge, names, boxes, frames, way)
    for index, link in enumerate(drawing.view.links):
        dotted = look + "dashed=1;dashPattern=1 3;endArrow=none;"
        ends = boxes[link.source][0], boxes[link.target][0]
        beside = around(scene, (link.source, link.target), ends)
        yield _edge(f"l{index}", escape(link.reason), dotted, link, names, boxes, frames, beside)


def _vertex(name: str, text: str, look: str, box: Box, frame: _Frame) -> str:
    left, top = box.left - frame.box.left, box.top - frame.box.top
    place = f'x="{left:.2f}" y="{top:.2f}" width="{box.width:.2f}" height="{box.height:.2f}"'
    return (
        f'<mxCell id="{name}" value={_attribute(text)} style="{look}" vertex="1" '
        f'parent="{frame.cell}"><mxGeometry {place} as="geometry"/></mxCell>'
    )


def _edge(
    name: str,
    text: str,
    look: str,
    ends: ViewEdge | Link,
    names: Mapping[str, str],
    boxes: Mapping[str, Sequence[Box]],
    frames: _Frames,
    way: Way | None,
) -> str:
    """A line, in the innermost frame that holds both of its ends."""
    source, target = boxes[ends.source][0], boxes[ends.target][0]
    shared = tuple(frame for frame in frames[ends.source] if frame in frames[ends.target])
    frame = _frame_of(shared, source, target)
    geometry = '<mxGeometry relative="1" as="geometry"/>'
    if way is not None:
        look += way.anchors(source, target)
        geometry = way.geometry((frame.box.left, frame.box.top))
    return (
        f'<mxCell id="{name}" value={_attribute(text)} style="{look}" edge="1" '
        f'parent="{frame.cell}" source="{names[ends.source]}" target="{names[ends.target]}">'
        f"{geometry}</mxCell>"
    )


def _html(lines: Sequence[Line]) -> str:
    return "<br>".join(
        "".join(f"<b>{escape(run.text)}</b>" if run.bold else escape(run.text) for run in line)
        for line in lines
    )


def _attribute(text: str) -> str:
    return quoteattr(printable(text))
