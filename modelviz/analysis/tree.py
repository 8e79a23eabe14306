"""The tree of a model: what contains what, called how often, with which copies and which figures.

``model_tree(graph)`` gives it. Table, pictures and viewer are made from it, and whatever compares,
checks or plans a model reads it in place of walking modules and calls itself.

A ``Node`` is one of three things, its ``state``:

- ``called``: one call of a module. A module that is called five times has five nodes, the first of
  which is not ``repeated``. Its children are what that call called, in order.
- ``container``: a module that is not called itself, a list or a dict as a rule, on the way from a
  call to what it called inside. It is opened anew where the forward leaves it and comes back.
- ``uncalled``: a module that nothing calls, after the sibling that it is defined after. Of a graph
  without a forward, all modules are.

A ``Branch`` is a stretch of siblings shown as one: a node alone; copies, which ``fold.py`` says
what they are; or a unit of several nodes (``members``) that comes several times over. The branches
below a node have all its children in them, each once.

Ops are no nodes: ``Tree.items`` gives the ops and calls of a call in order, those that a Python
function ran in a row together (``items.Steps``), and ``Tree.spans`` the copies among them, which
are those of the branches.

    tree = model_tree(graph)
    for node in tree.nodes:                 # parents before children, in the order of execution
        print(node.depth * "  ", node.path, node.module.class_name, node.figures.flops)
    for branch in tree.root.branches:       # the same, folded
        print(branch.first.path, branch.copies, branch.each.params, branch.figures.params)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..graph import ModelGraph
from .figures import ModuleFigures, module_figures
from .fold import Folder
from .growing import grow
from .items import Step, call_steps
from .keys import StructureKeys
from .nodes import Branch, Node, State, below_all
from .spans import Span

__all__ = ["Branch", "Node", "State", "Tree", "below_all", "model_tree"]


@dataclass(frozen=True)
class Tree:
    """The tree of a graph: ``nodes``, parents before children, in the order of execution."""

    graph: ModelGraph
    keys: StructureKeys
    nodes: tuple[Node, ...] = field(repr=False)

    @property
    def root(self) -> Node:
        """The node of the model itself."""
        return self.nodes[0]

    @cached_property
    def held(self) -> Mapping[str, ModuleFigures]:
        """By path: what each module holds and ran, whichever nodes are about it."""
        return module_figures(self.graph)

    @cached_property
    def by_call(self) -> Mapping[int, Node]:
        """The node of each call, by the id of the call."""
        return {node.call.id: node for node in self.nodes if node.call is not None}

    def below(self, node: Node) -> Sequence[Node]:
        """Everything below a node, parents before children."""
        return self.nodes[node.id + 1 : node.stop]

    def items(self, node: Node) -> Sequence[Step]:
        """The ops, calls and functions that a called node ran itself, in order."""
        return [] if node.call is None else call_steps(self.graph, node.call)

    def spans(self, node: Node) -> tuple[Span, ...]:
        """The items of a node, cut into copies."""
        return Folder(self.graph, self.keys).spans(self.items(node))


def model_tree(graph: ModelGraph) -> Tree:
    """The tree of a graph, in time linear in its modules, calls and ops."""
    keys = StructureKeys(graph)
    return Tree(graph, keys, grow(graph, keys))
