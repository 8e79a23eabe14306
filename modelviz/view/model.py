"""What a view is: the nodes, groups, edges and links that a picture shows, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ..analysis.figures import NOTHING, Figures
from .document import Authored, Item, Link, Overlay, TensorLabel, Tone


@dataclass(frozen=True, slots=True)
class Sign:
    """What a visible thing bears of the marks with one sign: its own, or of what is hidden inside.

    ``word`` is what a card has room for of the first of them. ``count`` says in how many copies it
    bears its own, and how many marks are inside.
    """

    tone: Tone
    sign: str
    word: str = ""
    inside: bool = False
    count: int = 1


@dataclass(frozen=True, slots=True)
class _Seen(Item):
    """An item as it is seen.

    ``each`` are the figures of one of the ``multiple`` copies that it has in all. ``signs`` are
    those of the marks of it and of what is inside, and ``tone`` is what colours the whole of it.
    ``label`` and ``colour`` are what an author says in place of its title and name, and of the
    colour of its kind; empty where nothing is said.
    """

    each: Figures = NOTHING
    multiple: int = 1
    signs: tuple[Sign, ...] = ()
    tone: Tone | None = None
    label: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Node(_Seen):
    """An item that is closed, without its children.

    ``expandable`` says that there is something inside to see, and ``pale`` is what a diff leaves as
    it was.
    """

    expandable: bool = False
    pale: bool = False


@dataclass(frozen=True, slots=True)
class Group(_Seen):
    """An item that is open, around the nodes and groups that are seen in it.

    These are those of the first copy. A repeated unit of several layers has no title.
    """

    children: tuple[Node | Group, ...] = ()


Drawn = TypeVar("Drawn", Node, Group)


def called(item: Drawn) -> Drawn:
    """The item as it is called in a picture."""
    return replace(item, title=item.label, name="") if item.label else item


@dataclass(frozen=True, slots=True)
class ViewEdge:
    """Data that flows from one node to another, through one or several tensors.

    ``next_copy`` says that it leaves one copy of a folded part and enters a later one. One without
    tensors leads to or from what is gone.
    """

    source: str
    target: str
    tensors: tuple[TensorLabel, ...]
    next_copy: bool = False


def walk(items: Sequence[Node | Group]) -> Iterator[Node | Group]:
    """Every node and group among and inside these, outer before inner."""
    waiting = list(reversed(items))
    while waiting:
        item = waiting.pop()
        yield item
        if isinstance(item, Group):
            waiting.extend(reversed(item.children))


def leaves(item: Node | Group) -> Iterator[str]:
    """The ids of the nodes in a node or group."""
    return (one.id for one in walk((item,)) if isinstance(one, Node))


def leaf(item: Node | Group, place: int) -> str:
    """The id of the first node in a node or group, or with -1 of the last."""
    while isinstance(item, Group):
        item = item.children[place]
    return item.id


@dataclass(frozen=True, slots=True)
class View:
    """What a picture shows of a graph; ``counted`` says that all of its FLOPs are known.

    ``author`` is what is said of the whole of it, ``overlays`` are figures that were put on it.
    """

    name: str
    items: tuple[Node | Group, ...]
    edges: tuple[ViewEdge, ...]
    links: tuple[Link, ...] = ()
    figures: Figures = NOTHING
    depth: int = 0
    failure: str = ""
    traced: bool = True
    counted: bool = True
    author: Authored = Authored()  # noqa: RUF009 - it is frozen
    overlays: tuple[Overlay, ...] = ()

    @property
    def title(self) -> str:
        """What the model is called."""
        return self.author.title or self.name

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
        return walk(self.items)

    @property
    def size(self) -> int:
        """Number of visible nodes and groups."""
        return sum(1 for _ in self.walk())
