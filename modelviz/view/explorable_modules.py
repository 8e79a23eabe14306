"""The items of a graph without a forward: its modules, in the order of their registration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..analysis.fold import Run, fold_modules
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
    runs = {
        run.paths[0]: run
        for found in fold_modules(graph).values()
        for run in found
        if run.count > 1
    }
    items = [_item(graph, item, runs) for item in whole.items]
    return items, [group.id for group in module_view(graph, options).groups()]


def _item(graph: ModelGraph, item: Node | Group, runs: Mapping[str, Run]) -> dict[str, Any]:
    result = node_dict(item if isinstance(item, Node) else _closed(graph, item))
    if isinstance(item, Group):
        result["children"] = [_item(graph, child, runs) for child in item.children]
        if item.path is None:
            result["unit"] = True
    if item.copies > 1 and (run := runs.get(item.path or item.id[1:])):
        copies = range(0, len(run.paths), run.unit)
        result["paths"] = [list(run.paths[start : start + run.unit]) for start in copies]
    if item.path is not None:
        result["module"] = module_dict(graph.module(item.path))
    return result


def _closed(graph: ModelGraph, group: Group) -> Node:
    """What a group looks like when it is closed."""
    if group.path is not None:
        module = graph.module(group.path)
        return module_node(module, group.name, group.copies, group.figures)
    return several_layers(group.id, group.children, group.name, group.copies)
