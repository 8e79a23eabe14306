"""Which visible item stands for an id, in any copy, while some items are open.

The ids of a document are those of first copies; those of further copies follow from its offsets and
paths, as ``viewer-src/src/model/instances.ts`` makes them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from .document import Document, Item

_NUMBERED = re.compile(r"((?:[bu]?f*)(?:[co])|x)(\d+)")
_NONE = (float("inf"), float("-inf"))


@dataclass(frozen=True, slots=True)
class _Place:
    """An item, with those around it that an id is seen through, outer first.

    Of a ``later`` copy they end at what is folded.
    """

    item: Item
    around: tuple[Item, ...]
    later: bool = False


class Standing:
    """Finds the items of a document by the ids of all copies."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._differ = frozenset(document.flow.differ)
        self._items = {item.id: item for item, _ in document.walk()}
        self._parents = {item.id: around for item, around in document.walk()}
        self._known: dict[str, tuple[float, float, float, float]] = {}

    def bears(self, name: str) -> bool:
        """Whether there is an item with an id that can be seen: what is passed unseen cannot."""
        place = self._find(name)
        if place is None:
            return False
        number = _NUMBERED.fullmatch(name)
        differs = place.later and name[0] == "o" and number and int(number[2]) in self._differ
        return place.item.hidden == bool(differs)

    def stand_in(self, opened: Collection[str], name: str) -> str | None:
        """The id of the visible item that stands for one with an id; None where nothing does."""
        place = self._find(name)
        if place is None:
            return None
        found: str | None = None
        for item in place.around:
            inside = item.children is not None and item.id in opened
            if item.hidden and not inside:
                return found
            found = item.id
            if not inside:
                break
        return found

    def copy_of(self, name: str) -> str | None:
        """The id of the folded item that an id is that of a further copy of; None for all else."""
        place = self._find(name)
        if place is None or not place.later or place.around[-1] is not place.item:
            return None
        return place.item.id

    def _find(self, name: str) -> _Place | None:
        direct = self._items.get(name)
        if direct is not None:
            return _Place(direct, self._chain(direct))
        return self._search(self._document.items, name)

    def _chain(self, item: Item) -> tuple[Item, ...]:
        chain = [item]
        while around := self._parents[chain[-1].id]:
            chain.append(self._items[around])
        return tuple(reversed(chain))

    def _search(self, items: tuple[Item, ...], name: str) -> _Place | None:
        """The place of an id that is that of a further copy."""
        for item in items:
            if not self._may_hold(item, name):
                continue
            found = self._search(item.children or (), name)
            if found is not None:
                return found
            for first in _in_first_copy(item, name):
                here = self._items.get(first)
                if here is not None and item in (chain := self._chain(here)):
                    return _Place(here, chain[: chain.index(item) + 1], later=True)
                inner = None if here else self._search(item.children or (), first)
                if inner is not None:
                    return _Place(inner.item, self._chain(item), later=True)
        return None

    def _may_hold(self, item: Item, name: str) -> bool:
        """Whether an id can be in an item or its copies, as far as the number in it tells."""
        number = _NUMBERED.fullmatch(name)
        if number is None:
            return True
        ops_from, ops_to, calls_from, calls_to = self._ranges(item)
        if number[1][-1] == "o":
            return ops_from <= int(number[2]) <= ops_to
        return calls_from <= int(number[2]) <= calls_to

    def _ranges(self, item: Item) -> tuple[float, float, float, float]:
        """The least and greatest op and call in the ids of an item, all inside, and all copies."""
        if item.id in self._known:
            return self._known[item.id]
        parts = [self._ranges(child) for child in item.children or ()]
        number = _NUMBERED.fullmatch(item.id)
        if number is not None:
            own = (float(number[2]),) * 2
            parts.append((*own, *_NONE) if number[1][-1] == "o" else (*_NONE, *own))
        parts += [
            (low + ops, high + ops, first + calls, last + calls)
            for ops, calls in item.offsets
            for low, high, first, last in tuple(parts)
        ]
        columns = tuple(zip(*parts, strict=True)) or (_NONE[:1], _NONE[1:]) * 2
        least, greatest, first, last = columns
        found = min(least), max(greatest), min(first), max(last)
        self._known[item.id] = found
        return found


def _in_first_copy(item: Item, name: str) -> Iterator[str]:
    """What an id would be in the first copy of a folded item, were it that of each further one."""
    if item.copies == 1 or len(item.paths) < 2:
        return
    number = _NUMBERED.fullmatch(name)
    for ops, calls in item.offsets if number else ():
        assert number is not None
        yield f"{number[1]}{int(number[2]) - (ops if number[1][-1] == 'o' else calls)}"
    for paths in item.paths[1:] if number is None else ():
        for here, first in zip(paths, item.paths[0], strict=False):
            if name[1:] == here or name[1:].startswith(f"{here}."):
                yield name[0] + first + name[1 + len(here) :]
