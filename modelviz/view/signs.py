"""Which visible things bear the marks of a document: changes of a diff, findings of a check.

``viewer-src/src/model/signs.ts`` is the same in the browser.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from .document import Document, PlacedMarks
from .model import Group, Node, Sign
from .standing import Standing


def signed(
    document: Document, items: Sequence[Node | Group], opened: Collection[str]
) -> tuple[Node | Group, ...]:
    """The items with the signs of what is to be told of them and of what is hidden inside."""
    marks = document.marks
    if marks is None or not marks.entries:
        return tuple(items)
    found = _found(marks, Standing(document), opened)
    return tuple(_put(item, found, marks.fills) for item in items)


def _found(
    marks: PlacedMarks, standing: Standing, opened: Collection[str]
) -> Mapping[str, tuple[Sign, ...]]:
    """The signs of each visible item, by its id, in the order of the marks."""
    found: dict[str, dict[tuple[str, bool], Sign]] = {}
    counted: set[tuple[str, str]] = set()
    for mark in marks.entries:
        places = (next(filter(standing.bears, ids), None) for ids in mark.places)
        for name in dict.fromkeys(place for place in places if place is not None):
            seen = standing.stand_in(opened, name)
            if seen is None:
                continue
            # What is marked in a copy of what is folded is marked in the fold itself.
            inside = seen != name and standing.copy_of(name) != seen
            signs = found.setdefault(seen, {})
            one = signs.get((mark.sign, inside), Sign(mark.tone, mark.sign, mark.word, inside, 0))
            if inside or (mark.sign, name) not in counted:
                one = replace(one, count=one.count + 1)
            counted.add((mark.sign, name))
            signs[mark.sign, inside] = one
    return {name: tuple(signs.values()) for name, signs in found.items()}


def _put(item: Node | Group, found: Mapping[str, tuple[Sign, ...]], fills: bool) -> Node | Group:
    signs = found.get(item.id, ())
    own = tuple(sign for sign in signs if not sign.inside)
    tone = own[0].tone if own and fills else None
    if isinstance(item, Group):
        children = tuple(_put(child, found, fills) for child in item.children)
        return replace(item, children=children, signs=own, tone=tone)
    return replace(item, signs=signs, tone=tone, pale=fills and not signs)
