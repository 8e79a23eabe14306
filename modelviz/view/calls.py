"""The calls and ops of a tree of parts: those that are open, and those that are closed in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..analysis.items import flat
from ..graph import Call, ModelGraph
from .tree import Part, walk


def open_calls(graph: ModelGraph, parts: Sequence[Part]) -> frozenset[int]:
    """The calls of the first copies that are open, the root's among them."""
    opened = {part.call.id for part in walk(parts) if part.children is not None and part.call}
    closed = {part.call.id for part in walk(parts) if part.children is None and part.call}
    roots = {call.id for call in graph.calls if call.parent is None}
    return frozenset(opened | (roots - closed))


def closed_calls(graph: ModelGraph, parts: Sequence[Part]) -> Iterator[tuple[int, str]]:
    """Each call of the first copies that a closed part stands for, with the part."""
    for part in walk(parts):
        if part.children is None:
            for item in flat(part.items):
                if isinstance(item, Call):
                    for call in (item, *calls_inside(graph, item)):
                        yield call.id, part.id


def calls_inside(graph: ModelGraph, call: Call) -> Iterator[Call]:
    """All calls inside a call."""
    waiting = list(call.children)
    while waiting:
        inner = graph.calls[waiting.pop()]
        yield inner
        waiting.extend(inner.children)
