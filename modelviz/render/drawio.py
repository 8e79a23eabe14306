"""A picture as a diagram of draw.io (diagrams.net): boxes and arrows that can be moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from xml.sax.saxutils import quoteattr

from ..view.document import Link
from ..view.model import Group, Node, ViewEdge
from .drawio_lines import Way, around, ways
from .edge_labels import edge_lines
from .group_marks import group_colour, levels_of
from .layout import Box
from .lines import Line
from .paint import node_colours
from .plan import Plan
from .scene import Point, Rect, Scene, Text
from .sizes import SMALL, TINY, TITLE
from .svg import legal

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
    writer = _Writer(drawing, scene, boxes, factor)
    title = _attribute(drawing.view.title)
    return "\n".join(
        (
            f'<mxfile host="modelviz"><diagram name={title} id="modelviz">',
            '<mxGraphModel grid="0" page="0" arrows="1" math="0"><root>',
            '<mxCell id="0"/><mxCell id="1" parent="0"/>',
            *writer.vertices(),
            *writer.edges(),
            *_words(scene),
            "</root></mxGraphModel></diagram></mxfile>\n",
        )
    )


_Frames = tuple[tuple[_Frame, ...], ...]
"""The frames around something, outer first; of each group, that in each column."""


def _piece(name: str, number: int) -> str:
    return f"{name}-{number}" if number else name


def _frame_of(frames: _Frames, *boxes: Box) -> _Frame:
    """The innermost frame that all boxes are in."""
    for pieces in reversed(frames[1:]):
        for piece in pieces:
            if all(piece.has(box.centre) for box in boxes):
                return piece
    return _PAGE


class _Writer:
    """Writes the cells of a picture."""

    def __init__(
        self, drawing: Plan, scene: Scene, boxes: Mapping[str, Sequence[Box]], factor: float
    ) -> None:
        self._plan, self._scene, self._boxes, self._factor = drawing, scene, boxes, factor
        self._theme = drawing.style.theme
        self._names = {name: f"mv{index}" for index, name in enumerate(boxes)}
        self._frames = dict(self._framed(drawing.view.items, ((_PAGE,),)))

    def _framed(
        self, items: Sequence[Node | Group], around: _Frames
    ) -> Iterator[tuple[str, _Frames]]:
        """The frames around each node and group."""
        for item in items:
            yield item.id, around
            if isinstance(item, Group):
                places = enumerate(self._boxes.get(item.id, ()))
                name = self._names.get(item.id, "")
                own = tuple(_Frame(_piece(name, number), box) for number, box in places)
                yield from self._framed(item.children, (*around, own) if own else around)

    def vertices(self) -> Iterator[str]:
        """The cells of groups and nodes, outer before inner."""
        levels = levels_of(self._plan.view.items)
        for item in self._plan.view.walk():
            for number, box in enumerate(self._boxes.get(item.id, ())):
                name, frame = self._names[item.id], _frame_of(self._frames[item.id], box)
                if isinstance(item, Group):
                    told = self._group(item, levels[item.id], box, number)
                    yield _vertex(_piece(name, number), *told, box, frame)
                elif not number:
                    yield _vertex(name, *self._node(item), box, frame)

    def _group(self, item: Group, level: int, box: Box, number: int) -> tuple[str, str]:
        """The text and the look of a group in the column of that number in which it is."""
        theme, factor = self._theme, self._factor
        head = self._plan.headers[item.id]
        look = (
            "rounded=1;absoluteArcSize=1;arcSize=14;html=1;verticalAlign=top;align=left;"
            "container=1;collapsible=0;recursiveResize=0;"
            f"spacingLeft=6;fillColor={group_colour(item, level, theme)};"
            f"strokeColor={theme.group_line};fontColor={theme.text};fontSize={TITLE * factor:g};"
        )
        if number:
            whole = (head.width + _CONTINUED) * factor < box.width
            return (_html((head.line,)) if whole else "") + "  (continued)", look
        room = head.width * factor + 12 < box.width
        ends = "".join(f"  {text}" for text in (head.badge, head.note if room else "") if text)
        return _html((head.line,)) + escape(ends), look

    def _node(self, item: Node) -> tuple[str, str]:
        """The text and the look of a node."""
        card = self._plan.cards[self._plan.place[item.id]]
        row = next(row for row in card.rows if row.node.id == item.id)
        colours = node_colours(item, self._plan.style, self._plan.scale)
        form = _FORMS.get(card.shape, "rounded=1;absoluteArcSize=1;arcSize=10;")
        text = _html(row.lines) + (f"  <b>{escape(row.badge)}</b>" if row.badge else "")
        return text, (
            f"{form}whiteSpace=wrap;html=1;fillColor={colours.fill};"
            f"strokeColor={colours.line};fontColor={colours.text};"
            f"fontSize={SMALL * self._factor:g};"
        )

    def edges(self) -> Iterator[str]:
        """The lines of edges and links."""
        view, place, names = self._plan.view, self._plan.place, self._names
        look = (
            f"html=1;rounded=1;endArrow=blockThin;endFill=1;strokeColor={self._theme.edge};"
            f"fontColor={self._theme.muted};fontSize={TINY * self._factor:g};"
            "labelBackgroundColor=default;"
        )
        left = dict(ways(self._scene))
        for index, edge in enumerate(view.edges):
            if edge.next_copy or edge.source not in names or edge.target not in names:
                continue
            # One line is enough for all that runs between two cards, and between layers that touch
            # each other there is no room for any.
            way = left.pop(f"{place[edge.source]}-{place[edge.target]}", None)
            lines = edge_lines(edge) if way is not None and way.label is not None else ()
            text = "<br>".join(map(escape, lines))
            yield self._edge(f"e{index}", text, look + ("" if way else "opacity=0;"), edge, way)
        for index, link in enumerate(view.links):
            dotted = look + "dashed=1;dashPattern=1 3;endArrow=none;"
            ends = self._boxes[link.source][0], self._boxes[link.target][0]
            beside = around(self._scene, (link.source, link.target), ends)
            yield self._edge(f"l{index}", escape(link.reason), dotted, link, beside)

    def _edge(self, name: str, text: str, look: str, ends: ViewEdge | Link, way: Way | None) -> str:
        """A line, in the innermost frame that holds both of its ends."""
        source, target = self._boxes[ends.source][0], self._boxes[ends.target][0]
        frames = self._frames[ends.source], self._frames[ends.target]
        frame = _frame_of(tuple(one for one in frames[0] if one in frames[1]), source, target)
        geometry = '<mxGeometry relative="1" as="geometry"/>'
        if way is not None:
            look += way.anchors(source, target)
            geometry = way.geometry((frame.box.left, frame.box.top))
        cells = self._names[ends.source], self._names[ends.target]
        return (
            f'<mxCell id="{name}" value={_attribute(text)} style="{look}" edge="1" '
            f'parent="{frame.cell}" source="{cells[0]}" target="{cells[1]}">'
            f"{geometry}</mxCell>"
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


def _vertex(name: str, text: str, look: str, box: Box, frame: _Frame) -> str:
    left, top = box.left - frame.box.left, box.top - frame.box.top
    place = f'x="{left:.2f}" y="{top:.2f}" width="{box.width:.2f}" height="{box.height:.2f}"'
    return (
        f'<mxCell id="{name}" value={_attribute(text)} style="{look}" vertex="1" '
        f'parent="{frame.cell}"><mxGeometry {place} as="geometry"/></mxCell>'
    )


def _html(lines: Sequence[Line]) -> str:
    return "<br>".join(
        "".join(f"<b>{escape(run.text)}</b>" if run.bold else escape(run.text) for run in line)
        for line in lines
    )


def _attribute(text: str) -> str:
    return quoteattr(legal(text))
