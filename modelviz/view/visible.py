"""What is shown of a document while some of its items are open.

``viewer-src/src/model/visible.ts`` is the same in the browser, where copies are unfolded, too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any

from ..collecting import collection_paused
from ..depth import room
from .document import Authored, Document, Item, item_key
from .edges import Copies, Owners, edges
from .links import former_edges, links
from .model import Drawn, Group, Node, View
from .signs import signed

_NAMES = tuple(one.name for one in fields(Item) if one.name != "children")
_values = attrgetter(*_NAMES)


@collection_paused()
def visible(document: Document, opened: Collection[str] | None = None) -> View:
    """What is shown while the items whose ids are ``opened`` are; None for those open at first."""
    shown = frozenset(document.open if opened is None else opened)
    looking = _Looking(document, shown)
    with room(document.levels):
        found = looking.items(document.items, (_Stand(0, ()),), 1)
        items = signed(document, found, shown)
    return View(
        document.name,
        items,
        (*edges(document, looking.owners), *former_edges(document, items)),
        links(document, items),
        document.figures,
        document.depth,
        document.failure,
        document.traced,
        document.counted,
        document.author or Authored(),
        document.overlays,
    )


@dataclass(frozen=True, slots=True)
class _Stand:
    """One copy of everything folded around an item: how far its ops are from the first's."""

    ops: int
    copies: Copies


@dataclass
class _Looking:
    """Walks through a document, and notes which item stands for each op."""

    document: Document
    opened: frozenset[str]
    owners: Owners = field(init=False)
    _folds: int = 0

    def __post_init__(self) -> None:
        ops = self.document.flow.ops
        self.owners = Owners([], [-1] * ops, [()] * ops, {})

    def items(
        self, items: Sequence[Item], stands: Sequence[_Stand], around: int
    ) -> list[Node | Group]:
        """What is visible of items, in ``around`` copies of what is around them."""
        shown = (self._item(item, stands, around) for item in items)
        return [item for item in shown if item is not None]

    def _item(self, item: Item, stands: Sequence[_Stand], around: int) -> Node | Group | None:
        multiple = around * item.copies
        inside = stands if item.copies == 1 else self._each_copy(item, stands)
        if item.children is not None and item.id in self.opened:
            children = tuple(self.items(item.children, inside, multiple))
            return self._said(_group(item, children, multiple)) if children else None
        self._close(item, inside)
        if item.hidden:
            return None
        return self._said(closed(item, multiple))

    def _said(self, item: Drawn) -> Drawn:
        """The item with what the author says of it."""
        author = self.document.author
        if author is None:
            return item
        key = item_key(item.id, item.path)
        label, colour = author.labels.get(key, ""), author.colours.get(key, "")
        return replace(item, label=label, colour=colour) if label or colour else item

    def _close(self, item: Item, stands: Sequence[_Stand]) -> None:
        """Make a closed item stand for its ops."""
        owners, place = self.owners, len(self.owners.leaves)
        owners.leaves.append(item)
        if item.span is None:
            owners.places[item.id] = place
            return
        start, stop = item.span
        for stand in stands:
            ops = slice(start + stand.ops, stop + stand.ops)
            owners.leaf_of[ops] = [place] * (stop - start)
            if stand.copies:
                owners.copies_of[ops] = [stand.copies] * (stop - start)

    def _each_copy(self, item: Item, stands: Sequence[_Stand]) -> list[_Stand]:
        """The stands of what is in a folded item: all of its copies in each of its own."""
        fold = self._folds
        self._folds += 1
        offsets = (0, *(ops for ops, _ in item.offsets))
        return [
            _Stand(stand.ops + offset, (*stand.copies, (fold, copy)))
            for stand in stands
            for copy, offset in enumerate(offsets)
        ]


def closed(item: Item, multiple: int = 1) -> Node:
    """The node of a closed item, which has so many copies in all."""
    each = item.figures.per_copy(multiple)
    return Node(**_told(item), each=each, multiple=multiple, expandable=shows_inside(item))


def _group(item: Item, children: tuple[Node | Group, ...], multiple: int) -> Group:
    failed = any(child.status == "failed" for child in children)
    bare = replace(item, status="failed" if failed else "", title="" if item.unit else item.title)
    each = item.figures.per_copy(multiple)
    return Group(**_told(bare), children=children, each=each, multiple=multiple)


def _told(item: Item) -> dict[str, Any]:
    """What an item says of itself, without what is inside."""
    return dict(zip(_NAMES, _values(item), strict=True))


def shows_inside(item: Item) -> bool:
    """Whether anything is to be seen in an item when it is open."""
    return any(not child.hidden or shows_inside(child) for child in item.children or ())
