"""Links between visible nodes: modules called again, and weights held in common."""

from __future__ import annotations

from collections.abc import Sequence

from .document import Document, Item, Link, LinkReason
from .model import Group, Node, walk


def links(document: Document, items: Sequence[Node | Group]) -> tuple[Link, ...]:
    """The links between visible nodes; for an item that is not visible stands what is around it."""
    shown = {item.id: item for item in walk(items)}
    result: dict[Link, None] = {}

    def add(source: str | None, target: str | None, reason: LinkReason) -> None:
        if source is not None and target is not None and source != target:
            result[Link(source, target, reason)] = None

    last: dict[str, str] = {}
    for item in shown.values():
        if isinstance(item, Node) and item.path is not None and item.repeated:
            add(last.get(item.path), item.id, "same module")
            last[item.path] = item.id
    parents = _parents(document.items) if document.links else {}

    def stand_in(held: str, reason: LinkReason) -> str | None:
        found: str | None = held
        while found is not None and found not in shown:
            # Two blocks that have one module in common somewhere are not one thing.
            found = parents.get(found) if reason == "shared weights" else None
        return found if found is not None and isinstance(shown[found], Node) else None

    for link in document.links:
        add(stand_in(link.source, link.reason), stand_in(link.target, link.reason), link.reason)
    return tuple(result)


def _parents(items: Sequence[Item]) -> dict[str, str]:
    result: dict[str, str] = {}
    waiting = list(items)
    while waiting:
        item = waiting.pop()
        for child in item.children or ():
            result[child.id] = item.id
            waiting.append(child)
    return result
