"""A diff as one picture: the second model, its changes marked, and what is gone beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..analysis.paths import with_ancestors
from ..view.kinds import class_kind
from ..view.labels import short_config
from ..view.model import Group, Node, Status, View
from .changes import Change
from .wording import SIGNS

if TYPE_CHECKING:
    from ..diagram import Diagram
    from .diff import Diff

Item = Node | Group


def draw(diff: Diff, **options: Any) -> Diagram:
    """The picture of a diff; ``options`` are those of ``modelviz.draw``.

    What was changed is opened up to, everything else stays closed.
    """
    from ..diagram import draw as draw_graph

    marks = _marks(diff)
    chosen = {"depth": 1, "expand": tuple(_above(diff)), **options}
    diagram = draw_graph(diff.after, **chosen)
    view = diagram.view
    items = tuple(_marked(item, marks) for item in view.items)
    for change in reversed(diff.changes):
        if change.kind == "removed":
            items = _with_removed(items, _removed(diff, change), _parent(diff, change))
    return replace(diagram, view=_renamed(replace(view, items=items), diff.title))


def _marks(diff: Diff) -> dict[str, Change]:
    """The change that marks each path of the second model."""
    marks: dict[str, Change] = {}
    for change in diff.changes:
        if change.after is not None:
            for path in (change.after, *change.also):
                marks.setdefault(path, change)
    return marks


def _above(diff: Diff) -> list[str]:
    """What has to be open for every change to be seen."""
    found: dict[str, None] = {}
    for change in diff.changes:
        paths = (change.after, *change.also)
        if change.kind == "removed":
            paths = (f"{_parent(diff, change)}.", *change.also)
        for path in paths:
            if path is not None:
                outer = path.rpartition(".")[0]
                found.update(dict.fromkeys(p for p in with_ancestors(outer) if p))
    return list(found)


def _marked(item: Item, marks: Mapping[str, Change]) -> Item:
    if isinstance(item, Group):
        children = tuple(_marked(child, marks) for child in item.children)
        item = replace(item, children=children)
    change = marks.get(item.path) if item.path else None
    if change is None or item.status == "failed":
        return item
    status: Status = "added" if change.kind == "added" else "changed"
    title = f"{SIGNS[change.kind]} {item.title}"
    if isinstance(item, Group):
        return replace(item, title=title, status=status)
    detail = str(change.details[0]) if change.details else change.kind
    return replace(item, title=title, detail=detail[:60], status=status)


def _parent(diff: Diff, change: Change) -> str:
    """Where in the second model the parent of what is gone stands now."""
    parent = (change.before or "").rpartition(".")[0]
    places = {c.before: c.after for c in diff.changes if c.before and c.after}
    known = {module.path for module in diff.after.modules}
    for path in with_ancestors(parent):
        if path in places:
            return places[path] or ""
        if path in known:
            return path
    return ""


def _removed(diff: Diff, change: Change) -> Node:
    module = diff.before.module(change.before or "")
    return Node(
        f"removed:{module.path}",
        class_kind(module.class_name) or "block",
        f"{SIGNS['removed']} {module.class_name}",
        name=module.name,
        detail=short_config(module.config),
        config=module.config,
        path=module.path,
        status="removed",
    )


def _with_removed(items: tuple[Item, ...], node: Node, parent: str) -> tuple[Item, ...]:
    """The items with a node in the group of its parent, or beside all where that is closed."""
    put, done = _put(items, node, parent)
    return put if done else (node, *items)


def _put(items: tuple[Item, ...], node: Node, parent: str) -> tuple[tuple[Item, ...], bool]:
    for place, item in enumerate(items):
        if not isinstance(item, Group):
            continue
        if item.path == parent:
            inside: Item = replace(item, children=(*item.children, node))
        else:
            children, done = _put(item.children, node, parent)
            if not done:
                continue
            inside = replace(item, children=children)
        return (*items[:place], inside, *items[place + 1 :]), True
    return items, False


def _renamed(view: View, title: str) -> View:
    return replace(view, name=f"{title} (+ added, − removed, ~ changed)")
