"""The tree of rows: calls in the order they ran, below the modules that made them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from ..analysis.paths import join, with_ancestors
from ..graph import Call, ModelGraph, Module

State = Literal["called", "container", "uncalled"]


@dataclass(slots=True, eq=False)
class Node:
    """A row in the making.

    ``path`` is the name under which the caller holds the module, ``module`` the module at its
    first path. ``foreign`` says that the caller does not hold it at all. A ``container`` is not
    called itself, but something in it is.
    """

    path: str
    module: Module
    state: State
    call: Call | None = None
    foreign: bool = False
    children: list[Node] = field(default_factory=list)


def build_tree(graph: ModelGraph) -> Node:
    """The root of the tree: one node per call, per container on the way, and per module left."""
    tree = _Tree(graph)
    tree.add_calls()
    tree.add_uncalled()
    return tree.root


class _Tree:
    def __init__(self, graph: ModelGraph) -> None:
        self.graph = graph
        self.children: dict[str, list[Module]] = defaultdict(list)
        for module in graph.modules:
            if module.parent is not None:
                self.children[module.parent].append(module)
        self.aliases = _aliases(graph)
        self.root = Node("", graph.modules[0], "uncalled")
        self.first_nodes: dict[str, Node] = {}

    # -- calls --------------------------------------------------------------------------------

    def add_calls(self) -> None:
        nodes: dict[int, Node] = {}
        for call in self.graph.calls:
            if call.parent is None and call.module == "" and self.root.call is None:
                self.root.call, self.root.state = call, "called"
                nodes[call.id] = self.root
                continue
            parent = self.root if call.parent is None else nodes[call.parent]
            nodes[call.id] = self._add_call(parent, call)
        if self.graph.calls and self.root.call is None:
            self.root.state = "container"

    def _add_call(self, parent: Node, call: Call) -> Node:
        module = self.graph.module(call.module)
        way = self._way(parent.module.path, call.module)
        if way is None:
            node = Node(call.module, module, "called", call, foreign=True)
            parent.children.append(node)
            return node
        for name in way[:-1]:
            parent = self._open_container(parent, join(parent.path, name))
        node = Node(join(parent.path, way[-1]), module, "called", call)
        parent.children.append(node)
        return node

    def _way(self, holder: str, held: str) -> list[str] | None:
        """The attribute names that lead from one module to the other; None if none do."""
        if held != holder and (not holder or held.startswith(f"{holder}.")):
            return held[len(holder) + 1 if holder else 0 :].split(".")
        return self.aliases.get((held, holder))

    def _open_container(self, parent: Node, path: str) -> Node:
        """The container at ``path``, opened anew unless the last row is in it."""
        last = parent.children[-1] if parent.children else None
        if last is not None and last.state == "container" and last.path == path:
            return last
        node = Node(path, self._first(self.graph.module(path)), "container")
        parent.children.append(node)
        return node

    def _first(self, module: Module) -> Module:
        return module if module.shared_with is None else self.graph.module(module.shared_with)

    # -- modules that are never called ----------------------------------------------------------

    def add_uncalled(self) -> None:
        """Put every module that has no row yet after the sibling that it is defined after."""
        self._note_first_nodes()
        missing: dict[str, list[Module]] = defaultdict(list)
        for module in self.graph.modules:
            parent = module.parent
            if parent is None or self.graph.module(parent).shared_with is not None:
                continue
            if parent in self.first_nodes and self._first(module).path not in self.first_nodes:
                missing[parent].append(module)
        for parent, modules in missing.items():
            self._insert(self.first_nodes[parent], parent, modules)

    def _note_first_nodes(self) -> None:
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            self.first_nodes.setdefault(node.module.path, node)
            waiting.extend(reversed(node.children))

    def _insert(self, node: Node, path: str, modules: Iterable[Module]) -> None:
        present = {child.path for child in node.children}
        new = {module.path: self._uncalled(node.path, module) for module in modules}
        after: dict[str | None, list[Node]] = defaultdict(list)
        anchor: str | None = None
        for sibling in self.children[path]:
            if sibling.path in new:
                after[anchor].append(new[sibling.path])
            elif join(node.path, sibling.name) in present:
                anchor = join(node.path, sibling.name)
        children: list[Node] = []
        for child in reversed(node.children):
            children.extend(reversed(after.pop(child.path, [])))
            children.append(child)
        children.extend(reversed(after.pop(None, [])))
        node.children = children[::-1]

    def _uncalled(self, parent: str, module: Module) -> Node:
        """The node of a module that is never called, with everything below it."""
        top = Node(join(parent, module.name), self._first(module), "uncalled")
        waiting = [(top, module.path)]
        while waiting:
            node, path = waiting.pop()
            for child in self.children.get(path, ()):
                below = Node(join(node.path, child.name), self._first(child), "uncalled")
                node.children.append(below)
                waiting.append((below, child.path))
        return top


def _aliases(graph: ModelGraph) -> dict[tuple[str, str], list[str]]:
    """From (a shared module, a module that holds it under a further name) to the way there."""
    ways: dict[tuple[str, str], list[str]] = {}
    for module in graph.modules:
        if module.shared_with is None:
            continue
        for holder in with_ancestors(module.path):
            if holder == module.path:
                continue
            way = module.path[len(holder) + 1 if holder else 0 :].split(".")
            first = graph.module(holder).shared_with or holder
            ways.setdefault((module.shared_with, first), way)
    return ways
