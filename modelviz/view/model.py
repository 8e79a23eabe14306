"""What a view is: the nodes, groups, edges and links that a picture shows, as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from ..analysis.figures import NOTHING, Figures
from ..graph import NamedShape

Kind = Literal[
    "convolution",
    "linear",
    "normalisation",
    "activation",
    "attention",
    "embedding",
    "pooling",
    "reshape",
    "arithmetic",
    "recurrent",
    "dropout",
    "block",
    "several",
    "input",
    "output",
    "weight",
    "unused",
    "other",
]
Status = Literal["", "failed", "lit", "unread", "added", "removed", "changed"]
"""``lit`` is on the way of what met where a forward failed; ``unread`` marks an input that no
output depends on; the last three are those of a diff."""
LinkReason = Literal["same module", "shared weights"]


_SHOWN = ("params", "flops", "memory", "seconds")


def shown_figures(figures: Figures) -> dict[str, Any]:
    """The figures that pictures and the viewer show, ready for JSON."""
    return {name: getattr(figures, name) for name in _SHOWN}


@dataclass(frozen=True, slots=True)
class Node:
    """One visible thing: a closed module, an op, several of them summarised, an input, a weight.

    ``title`` is a class or an op, ``name`` what the parent calls it, ``detail`` its configuration
    in short and ``config`` in full. ``copies`` above 1 marks a folded node, whose copies feed one
    another when ``chained``; None says that nothing was run to tell. ``figures`` cover all of its
    copies in all copies of the groups around it, ``multiple`` in number, and ``each`` covers one.
    ``ops`` are the ops it stands for. ``pale`` is what a diff leaves as it was.
    """

    id: str
    kind: Kind
    title: str
    name: str = ""
    detail: str = ""
    config: str = ""
    path: str | None = None
    call_index: int = 0
    copies: int = 1
    chained: bool | None = None
    ops: int = 0
    shapes: tuple[NamedShape, ...] = ()
    contents: tuple[str, ...] = ()
    figures: Figures = NOTHING
    each: Figures = NOTHING
    multiple: int = 1
    status: Status = ""
    source: str = ""
    expandable: bool = False
    pale: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A module that is open, or a repeated unit: what is in it is shown.

    The children are those of the first copy.
    """

    id: str
    title: str
    children: tuple[Node | Group, ...]
    name: str = ""
    config: str = ""
    path: str | None = None
    call_index: int = 0
    copies: int = 1
    chained: bool | None = None
    figures: Figures = NOTHING
    each: Figures = NOTHING
    multiple: int = 1
    status: Status = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class TensorLabel:
    """What an edge carries: one shape, and its dtype where it is not the usual one."""

    shape: NamedShape
    dtype: str = ""


@dataclass(frozen=True, slots=True)
class ViewEdge:
    """Data that flows from one node to another, through one or several tensors.

    ``next_copy`` says that it leaves one copy of a folded part and enters a later one.
    """

    source: str
    target: str
    tensors: tuple[TensorLabel, ...]
    next_copy: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Two nodes that are one thing: the same module called again, or weights held in common."""

    source: str
    target: str
    reason: LinkReason


@dataclass(frozen=True, slots=True)
class View:
    """What a picture shows of a graph; ``counted`` says that all of its FLOPs are known."""

    name: str
    items: tuple[Node | Group, ...]
    edges: tuple[ViewEdge, ...]
    links: tuple[Link, ...] = ()
    figures: Figures = NOTHING
    depth: int = 0
    failure: str = ""
    traced: bool = True
    counted: bool = True

    def nodes(self) -> Iterator[Node]:
        """Every visible node, in order."""
        for item in self.walk():
            if isinstance(item, Node):
                yield item

    def groups(self) -> Iterator[Group]:
        """Every visible group, outer before inner."""
        for item in self.walk():
            if isinstance(item, Group):
                yield item

    def walk(self) -> Iterator[Node | Group]:
        """Every visible node and group, outer before inner."""
        waiting = list(reversed(self.items))
        while waiting:
            item = waiting.pop()
            yield item
            if isinstance(item, Group):
                waiting.extend(reversed(item.children))

    @property
    def size(self) -> int:
        """Number of visible nodes and groups."""
        return sum(1 for _ in self.walk())

    def to_dict(self) -> dict[str, Any]:
        """The view as JSON-ready data: a tree of groups and nodes, and the edges between nodes.

        Each item has ``type`` (``node`` or ``group``) and the fields of its class; groups hold
        their ``children``. Nodes are the leaves, and edges and links name leaves only, so that
        whoever closes a group can move its edges up to it.
        """
        return {
            "name": self.name,
            "depth": self.depth,
            "traced": self.traced,
            "failure": self.failure,
            "figures": shown_figures(self.figures),
            "items": [_item(item) for item in self.items],
            "edges": [lists(asdict(edge)) for edge in self.edges],
            "links": [asdict(link) for link in self.links],
        }


def with_multiples(items: tuple[Node | Group, ...], around: int = 1) -> tuple[Node | Group, ...]:
    """The items with ``multiple`` and ``each`` filled in, inside ``around`` copies of a group."""
    return tuple(_with_multiple(item, around) for item in items)


def _with_multiple(item: Node | Group, around: int) -> Node | Group:
    multiple = around * item.copies
    each = item.figures.per_copy(multiple)
    if isinstance(item, Node):
        return replace(item, multiple=multiple, each=each)
    children = with_multiples(item.children, multiple)
    return replace(item, multiple=multiple, each=each, children=children)


def _item(item: Node | Group) -> dict[str, Any]:
    if isinstance(item, Node):
        return {"type": "node", **_fields(item)}
    return {"type": "group", **_fields(item), "children": [_item(c) for c in item.children]}


def _fields(item: Node | Group) -> dict[str, Any]:
    values = {f.name: getattr(item, f.name) for f in fields(item) if f.name != "children"}
    values |= {"figures": shown_figures(item.figures), "each": shown_figures(item.each)}
    return {name: lists(value) for name, value in values.items()}


def lists(value: Any) -> Any:
    """The value with every tuple as a list, as JSON gives it back."""
    if isinstance(value, dict):
        return {key: lists(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [lists(part) for part in value]
    return value
