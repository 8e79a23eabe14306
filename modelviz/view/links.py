"""Links between visible nodes: modules called again, and weights held in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .document import Document, Link, LinkReason
from .model import Group, Node, ViewEdge, leaf, walk


def links(document: Document, items: Sequence[Node | Group]) -> tuple[Link, ...]:
    """The links between visible nodes; for what is not visible stands what is around it."""
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
    parents = _parents(document) if document.links else {}

    def stand_in(held: str, reason: LinkReason) -> str | None:
        found = _shown_as(held, shown, parents if reason == "shared weights" else {})
        return found if found is not None and isinstance(shown[found], Node) else None

    for link in document.links:
        if link.reason != "removed":
            add(stand_in(link.source, link.reason), stand_in(link.target, link.reason), link.reason)
    return tuple(result)


def former_edges(document: Document, items: Sequence[Node | Group]) -> tuple[ViewEdge, ...]:
    """The ways of the data to what is gone and from there; they carry nothing any more."""
    former = [link for link in document.links if link.reason == "removed"]
    if not former:
        return ()
    shown = {item.id: item for item in walk(items)}
    parents = _parents(document)
    result: dict[tuple[str, str], ViewEdge] = {}
    for link in former:
        source, target = (_shown_as(end, shown, parents) for end in (link.source, link.target))
        if source is None or target is None or source == target:
            continue
        ends = leaf(shown[source], -1), leaf(shown[target], 0)
        result[ends] = ViewEdge(*ends, ())
    return tuple(result.values())


def _shown_as(held: str, shown: Mapping[str, object], parents: Mapping[str, str]) -> str | None:
    """What is shown of an item: itself, or the innermost of what is around it."""
    found: str | None = held
    while found is not None and found not in shown:
        found = parents.get(found)
    return found


def _parents(document: Document) -> dict[str, str]:
    return {item.id: around for item, around in document.walk() if around}
