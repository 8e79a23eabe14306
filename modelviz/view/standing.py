"""Which visible item stands for an id, in any copy, while some items are open.

The ids of a document are those of first copies; those of further copies follow from its offsets and
paths, as ``viewer-src/src/model/instances.ts`` makes them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from .document import Document, Item

_NUMBERED = re.compile(r"((?:[bu]?f*)(?:[co])|x)(\d+)")


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
        self._differ = {f"o{op}" for op in document.flow.differ}
        self._places: dict[str, _Place] = {}
        for name, place in _places(document.items, ()):
            if not place.later or name not in self._places:
                self._places[name] = place

    def bears(self, name: str) -> bool:
        """Whether there is an item with an id that can be seen: what is passed unseen cannot."""
        place = self._places.get(name)
        return place is not None and place.item.hidden == (place.later and name in self._differ)

    def stand_in(self, opened: Collection[str], name: str) -> str | None:
        """The id of the visible item that stands for one with an id; None where nothing does."""
        place = self._places.get(name)
        found: str | None = None
        for item in () if place is None else place.around:
            inside = item.children is not None and item.id in opened
            if item.hidden and not inside:
                return found
            found = item.id
            if not inside:
                break
        return found

    def copy_of(self, name: str) -> str | None:
        """The id of the folded item that an id is that of a further copy of; None for all else."""
        place = self._places.get(name)
        if place is None or not place.later or place.around[-1] is not place.item:
            return None
        return place.item.id


def _places(items: Sequence[Item], around: tuple[Item, ...]) -> Iterator[tuple[str, _Place]]:
    """The ids of items and of all that is in them, in every copy, each with its place."""
    for item in items:
        chain = (*around, item)
        first = [(item.id, _Place(item, chain)), *_places(item.children or (), chain)]
        yield from first
        for place, paths in enumerate(item.paths[1:]):
            shift = item.offsets[place] if item.offsets else (0, 0)
            renames = tuple(zip(item.paths[0], paths, strict=False))
            for name, inner in first:
                yield _in_copy(name, shift, renames), _Place(inner.item, chain, later=True)


def _in_copy(name: str, shift: tuple[int, int], renames: Sequence[tuple[str, str]]) -> str:
    """The id of a first copy in another, whose ops and calls are so far from those of the first."""
    number = _NUMBERED.fullmatch(name)
    if number is not None:
        ops, calls = shift
        return f"{number[1]}{int(number[2]) + (ops if number[1][-1] == 'o' else calls)}"
    for first, here in renames:
        if name[1:] == first or name[1:].startswith(f"{first}."):
            return name[0] + here + name[1 + len(first) :]
    return name
