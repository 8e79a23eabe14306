"""The size of everything, before it has a place: cards for nodes, headers for groups, labels.

A card stands for one node, or for a few layers in a row that hand one tensor on: their rows are
stacked. All lengths are in points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..view.labels import bytes_text, flops_text, params_text, shape_text
from ..view.model import Figures, Group, Kind, Node, View, ViewEdge
from .style import Style
from .text import text_width

Role = Literal["title", "muted"]
Shape = Literal["card", "pill", "circle", "weight", "dashed"]

TITLE, SMALL, TINY = 10.5, 8.5, 8.0
LEADING = 1.22
PAD_X, PAD_Y = 9.0, 5.0
STRIPE = 4.0
STACK = 4.0
"""How far the cards behind a folded one stick out."""
MIN_WIDTH = 62.0
CIRCLE = 20.0

_SYMBOLS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "matmul": "@", "bmm": "@"}
_STACKED: frozenset[Kind] = frozenset(
    {
        "convolution",
        "linear",
        "normalisation",
        "activation",
        "dropout",
        "pooling",
        "reshape",
        "embedding",
        "other",
    }
)
_HEAVY: frozenset[Kind] = frozenset({"convolution", "linear", "embedding"})
_RESHAPING: frozenset[Kind] = _HEAVY | {"pooling", "reshape"}


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style."""

    text: str
    size: float
    bold: bool = False
    role: Role = "title"

    def width(self, family: str) -> float:
        """Its width in points."""
        return text_width(self.text, self.size, self.bold, family)


Line = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """What one node says in its card, and the height it takes there."""

    node: Node
    lines: tuple[Line, ...]
    height: float
    badge: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A box to be placed: its size holds the cards that stick out behind a folded one."""

    id: str
    shape: Shape
    rows: tuple[Row, ...]
    width: float
    height: float
    layers: int = 0

    @property
    def nodes(self) -> tuple[str, ...]:
        """The ids of the nodes in it."""
        return tuple(row.node.id for row in self.rows)


@dataclass(frozen=True, slots=True)
class Header:
    """What stands at the top of a group."""

    line: Line
    badge: str
    note: str
    width: float
    height: float


def cards(view: View, style: Style) -> tuple[Card, ...]:
    """A card for every node of the view; each node is in exactly one."""
    nodes = {node.id: node for node in view.nodes()}
    return tuple(_card([nodes[name] for name in chain], style) for chain in stacks(view, style))


def stacks(view: View, style: Style) -> list[list[str]]:
    """The ids of all nodes, those that are drawn as one card together.

    A layer joins the one that feeds it when nothing else passes between them, and when it keeps
    the shape, or is the first to change it: the shapes around a card then say all.
    """
    nodes = {node.id: node for node in view.nodes()}
    edges = [edge for edge in view.edges if not edge.next_copy]
    out: dict[str, list[ViewEdge]] = {}
    into: dict[str, int] = {}
    for edge in edges:
        out.setdefault(edge.source, []).append(edge)
        into[edge.target] = into.get(edge.target, 0) + 1
    parents = _parents(view)
    chains: dict[str, list[str]] = {}
    heavy: dict[str, bool] = {}
    head: dict[str, str] = {}
    for node in nodes.values():
        start = head.setdefault(node.id, node.id)
        chain = chains.setdefault(start, [node.id])
        heavy.setdefault(start, node.kind in _RESHAPING)
        following = out.get(node.id, [])
        if style.direction != "TB" or len(following) != 1 or not _stackable(node):
            continue
        target = nodes[following[0].target]
        if (
            into[target.id] == 1
            and target.id not in head
            and _stackable(target)
            and parents[node.id] == parents[target.id]
            and _joins(target, following[0], heavy[start])
        ):
            chain.append(target.id)
            head[target.id] = start
            heavy[start] = heavy[start] or target.kind in _HEAVY
    return list(chains.values())


def _stackable(node: Node) -> bool:
    return (
        node.kind in _STACKED
        and node.path is not None
        and node.copies == 1
        and not node.expandable
        and not node.status
    )


def _joins(node: Node, edge: ViewEdge, has_heavy: bool) -> bool:
    if len(edge.tensors) != 1:
        return False
    keeps = node.kind not in _HEAVY and node.shapes == (edge.tensors[0].shape,)
    return keeps or (node.kind in _HEAVY and not has_heavy)


def _parents(view: View) -> Mapping[str, str]:
    result = {item.id: "" for item in view.items}
    for group in view.groups():
        result.update((child.id, group.id) for child in group.children)
    return result


# -- one card -----------------------------------------------------------------------------------


def _card(nodes: Sequence[Node], style: Style) -> Card:
    first = nodes[0]
    family = style.theme.family
    if len(nodes) == 1 and _is_symbol(first, style):
        line = (Run(_SYMBOLS[first.title], 13.0),)
        return Card(first.id, "circle", (Row(first, (line,), CIRCLE),), CIRCLE, CIRCLE)
    shape: Shape = "card"
    if first.kind in ("input", "output"):
        shape = "pill"
    elif first.kind == "weight":
        shape = "weight"
    elif first.kind == "unused":
        shape = "dashed"
    rows = tuple(_row(node, style) for node in nodes)
    left = PAD_X + (STRIPE if shape == "card" else 2.0)
    widest = max(_row_width(row, family) for row in rows)
    layers = 0 if first.copies == 1 else min(first.copies - 1, 2)
    width = max(MIN_WIDTH, left + widest + PAD_X) + layers * STACK
    height = sum(row.height for row in rows) + layers * STACK
    return Card(first.id, shape, rows, width, height, layers)


def _is_symbol(node: Node, style: Style) -> bool:
    return (
        node.path is None
        and node.title in _SYMBOLS
        and node.copies == 1
        and not node.status
        and not figure_texts(node.each, style)
    )


def _row(node: Node, style: Style) -> Row:
    lines: list[Line] = []
    titles = node.title.split("\n")
    names = node.name.split("\n") if node.name else []
    index = f"  call {node.call_index + 1}" if node.call_index else ""
    if len(titles) == len(names) == 1:
        tail = (Run(f"  {names[0]}{index}", SMALL, role="muted"),)
        lines.append((Run(titles[0], TITLE, bold=True), *tail))
    else:
        lines += [(Run(title, TITLE, bold=node.kind != "weight"),) for title in titles]
        lines += [(Run(name, SMALL, role="muted"),) for name in names]
        if index:
            lines[-1] = (*lines[-1], Run(index, SMALL, role="muted"))
    wanted = "config" in style.show or node.kind in ("input", "output", "weight", "unused")
    if node.detail and (wanted or node.kind == "several"):
        lines.append((Run(node.detail, SMALL, role="muted"),))
    figures = figure_texts(node.each, style)
    if figures:
        lines.append((Run(" · ".join(figures), TINY, role="muted"),))
    height = 2 * PAD_Y + sum(line_height(line) for line in lines)
    return Row(node, tuple(lines), height, badge_text(node.copies, node.chained))


def line_height(line: Line) -> float:
    """The height of a line of text."""
    return LEADING * max(run.size for run in line)


def _row_width(row: Row, family: str) -> float:
    widths = [sum(run.width(family) for run in line) for line in row.lines]
    if row.badge:
        widths[0] += 8 + badge_width(row.badge, family)
    return max(widths)


def badge_text(copies: int, chained: bool | None) -> str:
    """What says how often something is there: ``× 12``, or ``× 8 side by side``."""
    if copies == 1:
        return ""
    return f"× {copies} side by side" if chained is False else f"× {copies}"


def badge_width(badge: str, family: str) -> float:
    """The width of a badge around its text."""
    return text_width(badge, SMALL, True, family) + 10


def figure_texts(figures: Figures, style: Style) -> list[str]:
    """The figures that the style asks for, those that are not zero, with units."""
    wanted = style.show | ({style.color_by} if style.color_by else set())
    texts = []
    if "params" in wanted and figures.params:
        texts.append(params_text(figures.params))
    if "flops" in wanted and figures.flops:
        texts.append(flops_text(figures.flops))
    if "memory" in wanted and figures.memory:
        texts.append(bytes_text(figures.memory))
    return texts


# -- groups and edges ---------------------------------------------------------------------------


def header(group: Group, view: View, style: Style) -> Header:
    """The header of a group: class, name, copies, and what one copy hands to the next."""
    family = style.theme.family
    runs: list[Run] = []
    if group.title:
        runs.append(Run(group.title.replace("\n", " "), TITLE, bold=True))
    if group.name:
        name = group.name.replace("\n", " ")
        runs.append(Run(f"  {name}" if runs else name, SMALL, role="muted"))
    if group.call_index:
        runs.append(Run(f"  call {group.call_index + 1}", SMALL, role="muted"))
    figures = figure_texts(group.each, style)
    if figures:
        runs.append(Run("  " + " · ".join(figures), TINY, role="muted"))
    badge = badge_text(group.copies, group.chained)
    note = _handed_on(group, view) if group.copies > 1 else ""
    width = sum(run.width(family) for run in runs)
    if badge:
        width += 8 + badge_width(badge, family)
    if note:
        width += 6 + text_width(note, TINY, False, family)
    return Header(tuple(runs), badge, note, width, 15.0)


def _handed_on(group: Group, view: View) -> str:
    """What one copy of a group hands to the next."""
    inside = _leaf_ids(group)
    shapes: dict[str, None] = {}
    for edge in view.edges:
        if edge.next_copy and edge.source in inside and edge.target in inside:
            shapes.update((shape_text(tensor.shape), None) for tensor in edge.tensors)
    if not shapes:
        return ""
    first = next(iter(shapes))
    more = f" + {len(shapes) - 1} more" if len(shapes) > 1 else ""
    return f"handing on {first}{more}"


def _leaf_ids(group: Group) -> set[str]:
    result: set[str] = set()
    for child in group.children:
        result |= _leaf_ids(child) if isinstance(child, Group) else {child.id}
    return result


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
