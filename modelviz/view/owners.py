"""Which visible node stands for each op.

An op inside a closed part belongs to that part. An op that a reader did not ask to see has no node:
data passes through it unseen, from what feeds it to what reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..analysis.items import Step, flat, item_start, item_stop
from ..graph import Call, ModelGraph
from .tree import Part, walk

Fold = tuple[tuple[str, int], ...]
"""The folded parts that an op is in, outer first, each with the number of the copy."""


@dataclass(frozen=True, slots=True)
class Owners:
    """For each op of the graph: its node, its counterpart in the first copies, its folds.

    ``homes`` are the nodes that what the op costs is counted for: for an op that is not shown, a
    neighbour, in the same part if there is one. ``canonical`` is the counterpart of each op in the
    first copy of every fold that it is in, and ``canonical_calls`` the same for calls.
    """

    homes: tuple[str | None, ...]
    canonical: tuple[int, ...]
    canonical_calls: tuple[int, ...]
    folds: tuple[Fold, ...]


def own(graph: ModelGraph, parts: Sequence[Part], hides: Callable[[Part], bool]) -> Owners:
    """The owner of every op, when the parts for which ``hides`` holds are not shown."""
    copies = _Copies(graph)
    for part in reversed(list(walk(parts))):
        if part.count > 1:
            copies.pair(part)
    nodes: list[str | None] = [None] * len(graph.ops)
    for part in walk(parts):
        if part.children is None and not hides(part):
            nodes[part.start : part.stop] = [part.id] * (part.stop - part.start)
    homes = _homes(graph, parts, [nodes[first] for first in copies.ops])
    return Owners(
        tuple(homes[first] for first in copies.ops),
        tuple(copies.ops),
        tuple(copies.calls),
        tuple(copies.folds),
    )


def _homes(
    graph: ModelGraph, parts: Sequence[Part], nodes: Sequence[str | None]
) -> list[str | None]:
    """The node that each op is counted for, inside the same part wherever anything is shown there.

    A part then costs the same, whether it is open or closed.
    """
    homes = list(nodes)
    for part in reversed(list(walk(parts))):
        if part.children is not None:
            _settle(graph, homes, part.start, part.stop)
    _settle(graph, homes, 0, len(homes))
    return homes


def _settle(graph: ModelGraph, homes: list[str | None], start: int, stop: int) -> None:
    """Give the ops in a stretch a home in it: that of the last op that feeds it, else of a reader.

    What neither feeds nor is fed by anything shown there is counted for the node before it.
    """
    waiting = [op for op in range(start, stop) if homes[op] is None]
    if not waiting or len(waiting) == stop - start:
        return
    for op in waiting:
        feeding = [graph.tensors[tensor].producer for tensor in graph.ops[op].inputs]
        found = [p for p in feeding if p is not None and p >= start and homes[p] is not None]
        homes[op] = homes[max(found)] if found else None
    for op in range(stop - 1, start - 1, -1):
        for tensor in graph.ops[op].inputs:
            producer = graph.tensors[tensor].producer
            if producer is not None and producer >= start and homes[producer] is None:
                homes[producer] = homes[op]
    last = next(home for home in homes[start:stop] if home is not None)
    for op in range(start, stop):
        last = homes[op] or last
        homes[op] = last


class _Copies:
    """Pairs what is in a copy of a folded part with what is in the first copy."""

    def __init__(self, graph: ModelGraph) -> None:
        self.ops = list(range(len(graph.ops)))
        self.calls = list(range(len(graph.calls)))
        self.folds: list[Fold] = [()] * len(graph.ops)
        self._sizes = _subtree_sizes(graph)

    def pair(self, part: Part) -> None:
        """Pair the copies of a part whose inner folds are paired already."""
        first = part.copies[0]
        start, stop = item_start(first[0]), item_stop(first[-1])
        inner = self.folds[start:stop]
        for number, copy in enumerate(part.copies):
            at = item_start(copy[0])
            self.folds[at : at + stop - start] = [((part.id, number), *fold) for fold in inner]
            self.ops[at : at + stop - start] = self.ops[start:stop]
            for mine, theirs in zip(_calls(copy), _calls(first), strict=True):
                size = self._sizes[theirs.id]
                self.calls[mine.id : mine.id + size] = self.calls[theirs.id : theirs.id + size]


def _calls(items: Sequence[Step]) -> list[Call]:
    return [item for item in flat(items) if isinstance(item, Call)]


def _subtree_sizes(graph: ModelGraph) -> list[int]:
    """For each call: itself and all calls inside it, which are numbered right after it."""
    sizes = [1] * len(graph.calls)
    for call in reversed(graph.calls):
        if call.parent is not None:
            sizes[call.parent] += sizes[call.id]
    return sizes
