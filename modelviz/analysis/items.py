"""What a call ran itself: its ops and the calls of other modules, in order."""

from __future__ import annotations

from ..graph import Call, ModelGraph, Op

Item = Op | Call


def call_items(graph: ModelGraph, call: Call) -> list[Item]:
    """The ops directly in the call and its child calls, in the order in which they ran."""
    items: list[tuple[int, int, Item]] = [(op, 1, graph.ops[op]) for op in call.ops]
    items += [(graph.calls[c].start, 0, graph.calls[c]) for c in call.children]
    items.sort(key=lambda item: item[:2])
    return [item for _, _, item in items]


def root_calls(graph: ModelGraph) -> list[Call]:
    """The calls that no other call made: one, unless the forward of the root is not traced."""
    return [call for call in graph.calls if call.parent is None]


def item_start(item: Item) -> int:
    """The first op of an op or a call."""
    return item.id if isinstance(item, Op) else item.start


def item_stop(item: Item) -> int:
    """The op after the last one of an op or a call."""
    return item.id + 1 if isinstance(item, Op) else item.stop
