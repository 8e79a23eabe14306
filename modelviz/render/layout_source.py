"""What Graphviz must know for a layout, as DOT: sizes and lines, without texts and colours."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ..view.model import Group, Node, leaf
from .cards import Card
from .headers import Header
from .plan import Plan

GROUP_MARGIN = 13.0
INCH = 72.0
MANY_EDGES = 200
HASTE = {"nslimit": "0.1", "nslimit1": "1"}
"""How long Graphviz may improve a layout of many edges: a twentieth of the time, little worse."""

BRANCHES = 3
"""So many branches that meet are drawn alike."""
BACK = 64
"""How many cards are looked at to see whether the data of one comes from another."""

LineKind = Literal["main", "side", "order"]
ATTRIBUTES: Mapping[LineKind, Mapping[str, str]] = {
    "main": {"weight": "6"},
    "side": {},
    "order": {"style": "invis"},
}
"""What Graphviz is told of each kind of line."""


@dataclass(frozen=True, slots=True)
class DotLine:
    """A line between two names in DOT, and the ends of the view's edge that it stands for.

    A ``main`` line leads from the last card that feeds another, and should be straight, unless it
    is one of several branches beside one another. An
    ``order`` line is not drawn: it only keeps its head below its tail. A line leaves a card of
    several layers below the last of them, and enters one above the first: ``leaves_last`` and
    ``enters_first`` say that there are several.
    """

    source: str
    target: str
    kind: LineKind
    edge: tuple[str, str] | None = None
    leaves_last: bool = False
    enters_first: bool = False

    @property
    def attributes(self) -> dict[str, str]:
        """What Graphviz is told of it."""
        ports = {"tailport": "s"} if self.leaves_last else {}
        ports |= {"headport": "n"} if self.enters_first else {}
        return {**ATTRIBUTES[self.kind], **ports}


def layout_source(
    drawing: Plan,
    only: Collection[str] | None = None,
    upside_down: bool = False,
    close: bool = False,
) -> str:
    """The DOT text of a plan for a layout whose texts are drawn by somebody else.

    ``only`` are the ids of the cards that it is about, all of them without it. ``upside_down`` has
    the room for headers at the foot of groups, and a ``close`` one little room between cards.
    """
    return DotWriter(drawing, only, upside_down, close).source()


class DotWriter:
    """Writes a plan as DOT: sizes and lines. What is to be said beside these, a subclass says."""

    head = "digraph {"

    def __init__(
        self,
        drawing: Plan,
        only: Collection[str] | None = None,
        upside_down: bool = False,
        close: bool = False,
    ) -> None:
        self.plan = drawing
        self._kept = drawing.cards.keys() if only is None else only
        self._foot, self._close = "b" if upside_down else "t", close

    def source(self) -> str:
        """The DOT text."""
        return "\n".join(self._lines())

    def defaults(self) -> dict[str, dict[str, str]]:
        """What holds for the graph, and for all of its nodes and edges."""
        place = {"labelloc": self._foot, "labeljust": "l", "margin": "0"}
        return {
            "graph": spacing(self.plan, self._close) | place,
            "node": {"shape": "box", "fixedsize": "true", "label": '""'},
            "edge": {"arrowsize": "0.6", "penwidth": "0.9"},
        }

    def group(self, group: Group, level: int) -> dict[str, str]:
        """What is said of a group so many groups deep: the room for its header."""
        header = header_table(self.plan.headers[group.id], "")
        return {"label": header, "margin": f"{GROUP_MARGIN:g}"}

    def card(self, card: Card) -> dict[str, str]:
        """The size and the form of a card."""
        size = {"width": f"{card.width / INCH:.4f}", "height": f"{card.height / INCH:.4f}"}
        return size | {"shape": "circle"} if card.shape == "circle" else size

    def line(self, line: DotLine) -> dict[str, str]:
        """What is said of a line."""
        return line.attributes

    def links(self) -> Iterator[str]:
        """Lines that the layout does not ask for."""
        return iter(())

    def _lines(self) -> Iterator[str]:
        drawing = self.plan
        names = {drawing.names[name] for name in self._kept}
        yield self.head
        yield from map(listed, self.defaults().items())
        yield from self._items(drawing.view.items, 0)
        for rank, row in fixed_ranks(drawing):
            some = [name for name in row if name in names]
            if some:
                yield f"{{rank={rank} {' '.join(some)}}}"
        for line in dot_lines(drawing):
            if line.source in names and line.target in names:
                yield listed((f"{line.source}->{line.target}", self.line(line)))
        yield from self.links()
        yield "}\n"

    def _items(self, items: tuple[Node | Group, ...], level: int) -> Iterator[str]:
        drawing = self.plan
        for item in items:
            if isinstance(item, Group):
                yield f"subgraph cluster_{drawing.names[item.id]} {{"
                yield _words(self.group(item, level))
                yield from self._items(item.children, level + 1)
                yield "}"
            elif item.id in drawing.cards and item.id in self._kept:
                yield listed((drawing.names[item.id], self.card(drawing.cards[item.id])))


def listed(named: tuple[str, Mapping[str, str]]) -> str:
    """A name in DOT with its attributes behind it."""
    name, attributes = named
    return f"{name} [{_words(attributes)}]" if attributes else name


def quoted(text: str) -> str:
    r"""Text as DOT has a string: what is an escape in it, such as ``\\n``, stays one."""
    return '"' + text.replace('"', '\\"') + '"'


def _words(attributes: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in attributes.items())


def header_table(head: Header, text: str) -> str:
    """An HTML-like label that takes the room of a header."""
    return (
        '<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" FIXEDSIZE="TRUE" '
        f'WIDTH="{round(head.width + 14)}" HEIGHT="{round(head.height)}"><TR><TD>{text}</TD></TR>'
        "</TABLE>>"
    )


def fixed_ranks(drawing: Plan) -> Iterator[tuple[str, list[str]]]:
    """The names of what stands at the beginning, and at the end, where there is room.

    An output that is handed out half way would take room beside everything that comes after it,
    and an input that nothing reads would stand anywhere.
    """
    if drawing.style.direction != "TB" or not drawing.view.traced:
        return
    ends = {end for edge in drawing.view.edges for end in (edge.source, edge.target)}
    nodes = [item for item in drawing.view.items if isinstance(item, Node)]
    nodes = [node for node in nodes if node.id in drawing.cards]
    alone = [node.id for node in nodes if node.kind == "input" and node.id not in ends]
    outputs = [node.id for node in nodes if node.kind == "output"]
    if alone:
        yield "source", [drawing.names[name] for name in alone]
    if len(outputs) > 1:
        yield "sink", [drawing.names[name] for name in outputs]


def spacing(drawing: Plan, close: bool = False) -> dict[str, str]:
    """The direction of a layout, its gaps, and how much effort it is worth."""
    style, labels = drawing.style, drawing.labels.values()
    # The space between ranks holds the labels that stand in it.
    if style.direction == "LR":
        gap = max([24.0, *(label.width + (8 if close else 14) for label in labels)])
    else:
        gap = max([17.0, *(label.height + (4 if close else 10) for label in labels)])
    attributes = {
        "rankdir": style.direction,
        "nodesep": "0.17" if close else "0.26",
        "ranksep": f"{gap / INCH:.3f}",
    }
    edges = len(drawing.view.edges)
    if edges > MANY_EDGES:
        attributes |= HASTE | {"mclimit": f"{min(0.3, 100 / edges):.2f}"}
    return attributes


def dot_lines(drawing: Plan) -> Iterator[DotLine]:
    """The lines between cards, each once, and those that keep cards in order."""
    place = {node: drawing.names[card] for node, card in drawing.place.items()}
    seen: set[tuple[str, str]] = set()
    main = _main_sources(drawing, place)
    several = {drawing.names[card.id] for card in drawing.cards.values() if len(card.rows) > 1}
    for edge in drawing.view.edges:
        source, target = place[edge.source], place[edge.target]
        if edge.next_copy or source == target or (source, target) in seen:
            continue
        seen.add((source, target))
        kind: LineKind = "main" if main.get(target) == source else "side"
        yield DotLine(
            source,
            target,
            kind,
            (edge.source, edge.target),
            source in several,
            target in several,
        )
    pairs = [*_afterwards(drawing.view.items)]
    if not drawing.view.traced:
        pairs += _registered(drawing.view.items)
    elif drawing.style.direction == "TB":
        linked = {end for pair in seen for end in pair} | {place[end] for p in pairs for end in p}
        pairs += _alone(drawing.view.items, frozenset(n for n in place if place[n] not in linked))
    for above, below in pairs:
        if place[above] != place[below]:
            yield DotLine(place[above], place[below], "order")


def _main_sources(drawing: Plan, place: Mapping[str, str]) -> dict[str, str]:
    """For each card: the one that feeds it last, from which the way should be straight.

    Where branches beside one another meet, none of them is straighter than the others.
    """
    order = {name: index for index, name in enumerate(drawing.names.values())}
    sources: dict[str, dict[str, None]] = {}
    for edge in drawing.view.edges:
        source, target = place[edge.source], place[edge.target]
        if not edge.next_copy and edge.tensors and source != target:
            sources.setdefault(target, {})[source] = None
    main = {target: max(some, key=order.__getitem__) for target, some in sources.items()}
    return {
        target: last
        for target, last in main.items()
        if len(sources[target]) < BRANCHES or _comes_after(last, sources[target], sources)
    }


def _comes_after(
    card: str, others: Collection[str], sources: Mapping[str, Collection[str]]
) -> bool:
    """Whether data comes to a card from one of the others, as far as is looked back."""
    seen = {card}
    waiting = [card]
    while waiting and len(seen) < BACK:
        for source in sources.get(waiting.pop(), ()):
            if source in others:
                return True
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    return False


def _afterwards(items: tuple[Node | Group, ...]) -> Iterator[tuple[str, str]]:
    """Pairs of a node and what is never used beside it, which belongs below it."""
    shown: Node | Group | None = None
    for item in items:
        if isinstance(item, Group):
            yield from _afterwards(item.children)
        if isinstance(item, Node) and item.kind == "unused":
            if shown is not None:
                yield leaf(shown, -1), item.id
        elif not (isinstance(item, Node) and item.kind == "output"):
            shown = item


def _alone(items: tuple[Node | Group, ...], alone: Set[str]) -> Iterator[tuple[str, str]]:
    """Pairs that keep nodes without any line below one another, where they take less room."""
    yield from pairwise(item.id for item in items if item.id in alone)
    for item in items:
        if isinstance(item, Group):
            yield from _alone(item.children, alone)


def _registered(items: tuple[Node | Group, ...]) -> Iterator[tuple[str, str]]:
    """Pairs that keep what has no edges in the order in which it is registered."""
    leaves = [leaf(item, 0) for item in items]
    ends = [leaf(item, -1) for item in items]
    yield from zip(ends, leaves[1:], strict=False)
    for item in items:
        if isinstance(item, Group):
            yield from _registered(item.children)
