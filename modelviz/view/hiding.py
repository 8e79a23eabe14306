"""A document without what its author leaves out; data passes where that was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from .document import Document, Item
from .matching import is_meant


def without(document: Document, patterns: Sequence[str]) -> Document:
    """The document in which the items that any of the patterns names are never seen."""
    if not patterns:
        return document
    return replace(document, items=tuple(_items(document.items, patterns)))


def _items(items: Sequence[Item], patterns: Sequence[str]) -> Iterator[Item]:
    for item in items:
        if any(is_meant(pattern, item) for pattern in patterns):
            # What ran ops stays, unseen, for what flows through it.
            if item.span is not None:
                yield replace(item, hidden=True, children=None)
        elif item.children is None:
            yield item
        else:
            yield replace(item, children=tuple(_items(item.children, patterns)))
