"""The items of a graph without a forward: its modules, in the order of their registration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..analysis.tree import Branch, model_tree
from ..graph import ModelGraph
from .explorable_items import module_dict, node_dict
from .model import Group, Node
from .modules import module_view, several_layers
from .nodes import module_node
from .options import ViewOptions


def module_items(graph: ModelGraph, options: ViewOptions) -> tuple[list[dict[str, Any]], list[str]]:
    """The items of all modules, and the ids of those that are open at first."""
    deepest = 1 + max(module.depth for module in graph.modules)
    whole = module_view(graph, replace(options, depth=deepest, collapse=()))
    folds = {
        branch.first.path: branch
        for node in model_tree(graph).nodes
        for branch in node.branches
        if branch.copies > 1
    }
    items = [_item(graph, item, folds) for item in whole.items]
    return items, [group.id for group in module_view(graph, options).groups()]


def _item(graph: ModelGraph, item: Node | Group, folds: Mapping[str, Branch]) -> dict[str, Any]:
    result = node_dict(item if isinstance(item, Node) else _closed(graph, item))
    if isinstance(item, Group):
        result["children"] = [_item(graph, child, folds) for child in item.children]
        if item.path is None:
            result["unit"] = True
    if item.copies > 1 and (fold := folds.get(item.path or item.id[1:])):
        members = fold.members or (fold,)
        copies = zip(*(member.nodes for member in members), strict=True)
        result["paths"] = [[node.path for node in copy] for copy in copies]
    if item.path is not None:
        result["module"] = module_dict(graph.module(item.path))
    return result


def _closed(graph: ModelGraph, group: Group) -> Node:
    """What a group looks like when it is closed."""
    if group.path is not None:
        module = graph.module(group.path)
        return module_node(module, group.name, group.copies, group.figures)
    return several_layers(group.id, group.children, group.name, group.copies)
