"""Edges between visible nodes: all ways of the data from one to another, past what is unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .document import Document, Item
from .model import ViewEdge

Copies = tuple[tuple[int, int], ...]
"""Folded items that an op is in, outer first, each with the number of the copy."""
Source = int
"""A source of data: an op, or -1 minus the place of the leaf of an input or a weight."""


@dataclass(frozen=True, slots=True)
class Owners:
    """Who stands for every op: ``leaves`` are the closed items.

    ``leaf_of`` has the place among the ``leaves`` for each op, -1 where nothing stands for it, and
    ``copies_of`` its copies. ``places`` has the place of each input, output and weight by its id.
    """

    leaves: list[Item]
    leaf_of: list[int]
    copies_of: list[Copies]
    places: dict[str, int]


def edges(document: Document, owners: Owners) -> tuple[ViewEdge, ...]:
    """The edges between visible nodes, in order, those with the same ends merged."""
    return tuple(_Flowing(document, owners).edges())


class _Flowing:
    def __init__(self, document: Document, owners: Owners) -> None:
        self._document = document
        self._owners = owners
        self._seen = [not leaf.hidden for leaf in owners.leaves]
        self._seen.append(False)  # of the ops that nothing stands for, whose place is -1
        self._behind: dict[int, dict[Source, None]] = {}
        self._merged: dict[tuple[int, int, bool], dict[int, None]] = {}

    def edges(self) -> Iterator[ViewEdge]:
        flow, tensors = self._document.flow, self._document.tensors
        for op, source, tensor in _triples(flow.reads):
            self._read(op, source, tensor)
        for end, source, tensor in _triples(flow.results):
            place = self._owners.places.get(flow.ends[end])
            if place is not None:
                for found in self._sources(source):
                    self._add(found, place, None, tensor)
        leaves = self._owners.leaves
        for (node, target, next_copy), carried in self._merged.items():
            labels = tuple(tensors[tensor] for tensor in carried)
            yield ViewEdge(leaves[node].id, leaves[target].id, labels, next_copy)

    def _read(self, op: int, source: int, tensor: int) -> None:
        target = self._owners.leaf_of[op]
        if not self._seen[target]:
            self._behind.setdefault(op, {}).update(dict.fromkeys(self._sources(source)))
            return
        # Most data stays inside one closed block, where nobody sees it.
        inside = source >= 0 and self._owners.leaf_of[source] == target
        if not inside or self._crosses(source, op):
            for found in self._sources(source):
                self._add(found, target, op, tensor)

    def _sources(self, source: int) -> Sequence[Source]:
        """What is shown behind a tensor: who made it, or who fed the unseen ops that did."""
        if source < 0:
            place = self._owners.places.get(self._document.flow.outside[-1 - source])
            return () if place is None else (-1 - place,)
        if self._seen[self._owners.leaf_of[source]]:
            return (source,)
        return tuple(self._behind.get(source, ()))

    def _add(self, source: Source, target: int, op: int | None, tensor: int) -> None:
        node = -1 - source if source < 0 else self._owners.leaf_of[source]
        next_copy = source >= 0 and op is not None and self._crosses(source, op)
        if node != target or next_copy:
            self._merged.setdefault((node, target, next_copy), {})[tensor] = None

    def _crosses(self, source: int, target: int) -> bool:
        """Whether two ops are in different copies of the same folded item."""
        mine, theirs = self._owners.copies_of[source], self._owners.copies_of[target]
        return mine is not theirs and between_copies(mine, theirs)


def between_copies(
    mine: Sequence[tuple[object, int]], theirs: Sequence[tuple[object, int]]
) -> bool:
    """Whether two ops are in different copies of the same folded item."""
    return any(a[0] == b[0] and a[1] != b[1] for a, b in zip(mine, theirs, strict=False))


def _triples(numbers: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    return zip(numbers[0::3], numbers[1::3], numbers[2::3], strict=True)
