"""A view of the modules alone, for a graph without a forward: a tree without edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..analysis.figures import NOTHING, Figures
from ..analysis.fold import Run, fold_modules
from ..graph import ModelGraph
from .labels import MAX_DETAIL, contents_text, cut, name_range, shape_text
from .model import Group, Link, Node, View, with_multiples
from .nodes import module_node, relative
from .options import PAGE, ViewOptions
from .patterns import matching_paths


def module_view(graph: ModelGraph, options: ViewOptions) -> View:
    """The modules of a graph to a depth, folded, in the order in which they are registered."""
    builder = _Modules(graph, options)
    if options.depth is not None:
        return builder.view(options.depth)
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
    def children(self) -> Mapping[str, Sequence[str]]:
        result: dict[str, list[str]] = {}
        for module in self.graph.modules:
            if module.parent is not None:
                result.setdefault(module.parent, []).append(module.path)
        return result

    @cached_property
    def runs(self) -> Mapping[str, Sequence[Run]]:
        if self.options.fold:
            return fold_modules(self.graph)
        return {
            parent: [Run((path,), 1, 1) for path in paths]
            for parent, paths in self.children.items()
        }

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

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """Parameters of each module and all inside it, each tensor once in the model."""
        result = dict.fromkeys((module.path for module in self.graph.modules), 0)
        for path, parameter in self.graph.unique_parameters():
            owner: str | None = path.rpartition(".")[0]
            while owner is not None:
                result[owner] += parameter.numel
                owner = owner.rpartition(".")[0] if owner else None
        return result

    def view(self, depth: int, limit: int | None = None) -> View:
        """The view at a depth, its top level cut to ``limit`` items."""
        items = self._inside(("",), 1, depth) if depth else ()
        if not items:
            items = (self._node(("",), 1, "", ""),)
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

    def _inside(self, stands: tuple[str, ...], level: int, depth: int) -> tuple[Node | Group, ...]:
        """What is in a module. ``stands`` are all its copies in all folds, the shown one first."""
        items: list[Node | Group] = [*self._weights(stands)]
        for run in self.runs.get(stands[0], ()):
            items += self._run(run, stands, level, depth)
        return tuple(items)

    def _weights(self, stands: tuple[str, ...]) -> list[Node]:
        """A node for the parameters that a module holds itself."""
        own = self.graph.module(stands[0]).parameters
        if not own:
            return []
        sizes = [self._own_size(path) for path in stands]
        return [
            Node(
                f"w{stands[0]}",
                "weight",
                cut(", ".join(p.name for p in own), 36),
                detail=cut(", ".join(shape_text(p.shape) for p in own), 36),
                shapes=tuple(p.shape for p in own),
                figures=Figures(sum(sizes)),
            )
        ]

    def _own_size(self, path: str) -> int:
        module = self.graph.module(path)
        if module.shared_with is not None:
            return 0
        return sum(p.numel for p in module.parameters if p.shared_with is None)

    def _run(self, run: Run, stands: tuple[str, ...], level: int, depth: int) -> list[Node | Group]:
        names = [relative(path, stands[0]) for path in run.paths]
        copies = [run.paths[start : start + run.unit] for start in range(0, len(names), run.unit)]
        if len({tuple(self._asked(path) for path in copy) for copy in copies}) > 1:
            return [self._item((name,), 1, stands, level, depth) for name in names]
        units = [tuple(names[offset :: run.unit]) for offset in range(run.unit)]
        if run.unit == 1:
            return [self._item(units[0], run.count, stands, level, depth)]
        items = [self._item(unit, 1, stands, level, depth) for unit in units]
        figures = sum((item.figures for item in items), NOTHING)
        return [
            Group(
                f"u{run.paths[0]}",
                "",
                tuple(items),
                name_range([names[0], names[-1]]),
                copies=run.count,
                figures=figures,
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

    def _item(
        self,
        names: tuple[str, ...],
        copies: int,
        stands: tuple[str, ...],
        level: int,
        depth: int,
    ) -> Node | Group:
        """A child by its name in the module around it, and those that it stands for."""
        inside = tuple(f"{path}.{name}" if path else name for path in stands for name in names)
        module = self.graph.module(inside[0])
        is_open = module.path not in self.closed and (level < depth or module.path in self.opened)
        last = names[-1] if copies > 1 else names[0]
        if not is_open or not self.children.get(module.path):
            return self._node(inside, copies, names[0], last)
        children = self._inside(inside, level + 1, depth)
        return Group(
            f"m{module.path}",
            module.class_name,
            children,
            name_range([names[0], last]),
            module.config,
            module.path,
            copies=copies,
            figures=sum((child.figures for child in children), NOTHING),
        )

    def _node(self, stands: tuple[str, ...], copies: int, name: str, last: str) -> Node:
        figures = Figures(sum(self.sizes[path] for path in stands))
        return module_node(self.graph.module(stands[0]), name_range([name, last]), copies, figures)


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
