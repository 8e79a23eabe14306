"""A view of the modules alone, for a graph without a forward: a tree without edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..analysis import tree
from ..analysis.figures import NOTHING, Figures
from ..analysis.tree import Branch, Tree, below_all, model_tree
from ..graph import ModelGraph
from ..units import shape_text
from .labels import MAX_DETAIL, contents_text, cut, name_range
from .model import Group, Link, Node, View, with_multiples
from .nodes import module_node
from .options import PAGE, ViewOptions
from .patterns import matching_paths

Places = Sequence[tree.Node]


def module_view(graph: ModelGraph, options: ViewOptions) -> View:
    """The modules of a graph to a depth, folded, in the order in which they are registered."""
    builder = _Modules(graph, options)
    if options.depth is not None:
        return builder.view(options.depth)
    if options.page is not None:
        return builder.view(*options.page)
    deepest = max(module.depth for module in graph.modules)
    best = builder.view(1)
    for depth in range(2, deepest + 1):
        view = builder.view(depth)
        if view.size > PAGE:
            break
        best = view
    return best if best.size <= PAGE else builder.view(1, PAGE // 2)


@dataclass(frozen=True)
class _Modules:
    graph: ModelGraph
    options: ViewOptions

    @cached_property
    def _tree(self) -> Tree:
        return model_tree(self.graph)

    @cached_property
    def opened(self) -> frozenset[str]:
        asked = matching_paths(self.graph, self.options.expand)
        around = {
            ".".join(steps[:end])
            for path in asked
            for steps in [path.split(".")]
            for end in range(len(steps))
        }
        return asked | frozenset(around)

    @cached_property
    def closed(self) -> frozenset[str]:
        return matching_paths(self.graph, self.options.collapse)

    def view(self, depth: int, limit: int | None = None) -> View:
        """The view at a depth, its top level cut to ``limit`` items."""
        root = (self._tree.root,)
        items = self._inside(root, 1, depth) if depth else ()
        if not items:
            items = (module_node(root[0].module, "", 1, root[0].figures),)
        if limit is not None and len(items) > limit:
            items = _bundles(items, limit)
        total = Figures(self.graph.total_params)
        shown = with_multiples(items)
        return View(self.graph.name, shown, (), self._links(items), total, depth, traced=False)

    def _links(self, items: Sequence[Node | Group]) -> tuple[Link, ...]:
        """Links between the visible places of one module."""
        drawn = {
            item.path: item.id
            for item in _flat(items)
            if isinstance(item, Node) and item.path is not None
        }
        return tuple(
            Link(drawn[module.shared_with], drawn[module.path], "same module")
            for module in self.graph.modules
            if module.shared_with is not None
            and module.shared_with in drawn
            and module.path in drawn
        )

    def _inside(self, nodes: Places, level: int, depth: int) -> tuple[Node | Group, ...]:
        """What is in a module. ``nodes`` are all its copies in all folds, the shown one first."""
        items: list[Node | Group] = [*self._weights(nodes)]
        singles = {single.first.id: single for single in below_all(nodes, fold=False)}
        for branch in below_all(nodes, self.options.fold):
            members = branch.members or (branch,)
            mine = [[node for node in m.nodes if node.id in singles] for m in members]
            if any(len({self._asked(node.path) for node in copies}) > 1 for copies in mine):
                apart = sorted(node.id for copies in mine for node in copies)
                items += [self._item(singles[place].nodes, 1, level, depth) for place in apart]
            elif branch.members:
                items.append(self._unit(branch, mine[-1][-1].name, level, depth))
            else:
                items.append(self._item(branch.nodes, branch.copies, level, depth))
        return tuple(items)

    def _unit(self, branch: Branch, last: str, level: int, depth: int) -> Group:
        """The group around a unit of several modules that repeats."""
        items = tuple(self._item(member.nodes, 1, level, depth) for member in branch.members)
        return Group(
            f"u{branch.first.path}",
            "",
            items,
            name_range([branch.first.name, last]),
            copies=branch.copies,
            figures=sum((item.figures for item in items), NOTHING),
        )

    def _weights(self, nodes: Places) -> list[Node]:
        """A node for the parameters that a module holds itself."""
        own = nodes[0].module.parameters
        if not own:
            return []
        return [
            Node(
                f"w{nodes[0].path}",
                "weight",
                cut(", ".join(p.name for p in own), 36),
                detail=cut(", ".join(shape_text(p.shape) for p in own), 36),
                shapes=tuple(p.shape for p in own),
                figures=sum((node.own for node in nodes), NOTHING),
            )
        ]

    def _asked(self, path: str) -> frozenset[tuple[str, str]]:
        """What was asked about a module and its inside, relative to it."""
        return frozenset(
            (sign, other[len(path) :])
            for sign, paths in (("+", self.opened), ("-", self.closed))
            for other in paths
            if other == path or other.startswith(f"{path}.")
        )

    def _item(self, nodes: Places, copies: int, level: int, depth: int) -> Node | Group:
        """A module, which stands for so many siblings, and all that it stands for elsewhere."""
        first = nodes[0]
        name = name_range([first.name, nodes[copies - 1].name])
        figures = sum((node.figures for node in nodes), NOTHING)
        module = self.graph.module(first.path)
        is_open = module.path not in self.closed and (level < depth or module.path in self.opened)
        if not is_open or not first.children:
            return module_node(module, name, copies, figures)
        return Group(
            f"m{module.path}",
            module.class_name,
            self._inside(nodes, level + 1, depth),
            name,
            module.config,
            module.path,
            copies=copies,
            figures=figures,
        )


def _bundles(items: Sequence[Node | Group], limit: int) -> tuple[Node | Group, ...]:
    """At most ``limit`` items: consecutive ones are summarised."""
    size = -(-len(items) // limit)
    result: list[Node | Group] = []
    for start in range(0, len(items), size):
        several = items[start : start + size]
        name = name_range([several[0].name, several[-1].name])
        result.append(several_layers(f"b{several[0].id}", several, name))
    return tuple(result)


def several_layers(node_id: str, items: Sequence[Node | Group], name: str, copies: int = 1) -> Node:
    """The node that stands for several items, and for all their copies."""
    contents = contents_text(item.title for item in items)
    return Node(
        node_id,
        "several",
        f"{len(items)} layers",
        name=name,
        detail=cut(", ".join(contents), MAX_DETAIL),
        copies=copies,
        contents=contents,
        figures=sum((item.figures for item in items), NOTHING),
    )


def _flat(items: Sequence[Node | Group]) -> list[Node | Group]:
    result: list[Node | Group] = []
    for item in items:
        result.append(item)
        if isinstance(item, Group):
            result += _flat(item.children)
    return result
