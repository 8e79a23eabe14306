"""Which nodes are drawn as one card: layers in a row that hand one tensor on."""

from __future__ import annotations

from collections.abc import Mapping

from ..view.document import Kind
from ..view.model import Node, View, ViewEdge
from .style import Style

STACKED: frozenset[Kind] = frozenset(
    {
        "convolution",
        "linear",
        "normalisation",
        "activation",
        "dropout",
        "pooling",
        "reshape",
        "embedding",
        "other",
    }
)
HEAVY: frozenset[Kind] = frozenset({"convolution", "linear", "embedding"})
RESHAPING: frozenset[Kind] = HEAVY | {"pooling", "reshape"}


def stacks(view: View, style: Style) -> list[list[str]]:
    """The ids of all nodes, those that are drawn as one card together.

    A layer joins the one that feeds it when nothing else passes between them, and when it keeps
    the shape, or is the first to change it: the shapes around a card then say all.
    """
    nodes = {node.id: node for node in view.nodes()}
    edges = [edge for edge in view.edges if not edge.next_copy]
    out: dict[str, list[ViewEdge]] = {}
    into: dict[str, int] = {}
    for edge in edges:
        out.setdefault(edge.source, []).append(edge)
        into[edge.target] = into.get(edge.target, 0) + 1
    parents = _parents(view)
    chains: dict[str, list[str]] = {}
    heavy: dict[str, bool] = {}
    head: dict[str, str] = {}
    for node in nodes.values():
        start = head.setdefault(node.id, node.id)
        chain = chains.setdefault(start, [node.id])
        heavy.setdefault(start, node.kind in RESHAPING)
        following = out.get(node.id, [])
        if style.direction != "TB" or len(following) != 1 or not _stackable(node):
            continue
        target = nodes[following[0].target]
        if (
            into[target.id] == 1
            and target.id not in head
            and _stackable(target)
            and parents[node.id] == parents[target.id]
            and _joins(target, following[0], heavy[start])
        ):
            chain.append(target.id)
            head[target.id] = start
            heavy[start] = heavy[start] or target.kind in HEAVY
    return _gathered(view, chains) if style.narrow else list(chains.values())


def _gathered(view: View, chains: Mapping[str, list[str]]) -> list[list[str]]:
    """The chains, with all outputs in one, and with inputs in one that the same nodes read."""
    readers: dict[str, set[str]] = {}
    for edge in view.edges:
        readers.setdefault(edge.source, set()).add(edge.target)
    kinds = {item.id: item.kind for item in view.items if isinstance(item, Node)}
    found: dict[object, list[str]] = {}
    for start, chain in chains.items():
        kind = kinds.get(start)
        key = (kind, frozenset(readers.get(start, ()))) if kind in ("input", "output") else start
        found.setdefault(key, []).extend(chain)
    return list(found.values())


def _stackable(node: Node) -> bool:
    return (
        node.kind in STACKED
        and node.path is not None
        and node.copies == 1
        and not node.expandable
        and not node.status
        and node.tone is None
    )


def _joins(node: Node, edge: ViewEdge, has_heavy: bool) -> bool:
    if len(edge.tensors) != 1:
        return False
    keeps = node.kind not in HEAVY and node.shapes == (edge.tensors[0].shape,)
    return keeps or (node.kind in HEAVY and not has_heavy)


def _parents(view: View) -> Mapping[str, str]:
    result = {item.id: "" for item in view.items}
    for group in view.groups():
        result.update((child.id, group.id) for child in group.children)
    return result
