"""The document of a graph without a forward: its modules, in the order of their registration."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..analysis import tree
from ..analysis.figures import NOTHING, Figures
from ..analysis.tree import Branch, below_all, model_tree
from ..dotted import with_ancestors
from ..explaining.held import Derivations
from ..graph import ModelGraph
from .depths import FEWER, Pageable
from .document import DataFlow, Document, Item, Link
from .labels import MAX_DETAIL, contents_text, cut, name_range
from .module_infos import module_info
from .options import PAGE, Depth, ViewOptions
from .part_items import module_item
from .patterns import asked_inside, matching_paths
from .weights import weight_item

Places = Sequence[tree.Node]


def module_pages(graph: ModelGraph, options: ViewOptions) -> Pageable:
    """What of the modules of a graph may be on a page; of these alone, all or none are open."""
    return _Modules(graph, options)


@dataclass(frozen=True)
class _Modules(Pageable):
    graph: ModelGraph
    options: ViewOptions

    @cached_property
    def _opened(self) -> frozenset[str]:
        asked = matching_paths(self.graph, self.options.expand)
        return frozenset(around for path in asked for around in with_ancestors(path))

    @cached_property
    def _derived(self) -> Derivations:
        return Derivations(self.graph)

    @cached_property
    def _closed(self) -> frozenset[str]:
        return matching_paths(self.graph, self.options.collapse)

    @cached_property
    def _asked(self) -> Mapping[str, Hashable]:
        """What was asked about each module and its inside."""
        return asked_inside(self._opened, self._closed)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Everything, whatever is open."""
        root = (model_tree(self.graph).root,)
        items = self.inside(root)
        if self.options.depth == 0 or not items:
            return (replace(self.closed(root, 1, ""), children=items or None),)
        return items

    @cached_property
    def depth(self) -> Depth:
        if self.options.depth is not None:
            return Depth(self.options.depth)
        if self.options.page is not None:
            return self.options.page
        best = 1
        for depth in range(2, max(module.depth for module in self.graph.modules) + 1):
            if self._size(depth) > PAGE:
                break
            best = depth
        return Depth(best) if self._size(best) <= PAGE else Depth(1, PAGE // 2)

    def depths(self) -> Iterator[Depth]:
        yield self.depth
        yield from map(Depth, range(self.depth.levels - 1, 0, -1))
        yield from (Depth(1, fewer) for fewer in FEWER)

    def document(self, depth: Depth) -> Document:
        levels, limit = depth[:2]
        items = self.items if limit is None else _bundles(self.items, limit)
        return Document(
            self.graph.name,
            False,
            "",
            True,
            self.options.show,
            Figures(self.graph.total_params),
            items,
            tuple(item.id for item, is_open in self.shown(items, levels) if is_open),
            levels,
            (),
            DataFlow(),
            tuple(
                Link(f"m{module.shared_with}", f"m{module.path}", "same module")
                for module in self.graph.modules
                if module.shared_with is not None
            ),
        )

    def _size(self, depth: int) -> int:
        """How many items are seen at a depth."""
        return sum(1 for _ in self.shown(self.items, depth))

    def shown(self, items: Sequence[Item], depth: int) -> Iterator[tuple[Item, bool]]:
        """Every item that is seen at a depth, outer before inner, and whether it is open."""
        waiting = [(item, 1) for item in reversed(items)]
        while waiting:
            item, level = waiting.pop()
            is_open = bool(item.children) and self._is_open(item, level, depth)
            yield item, is_open
            if is_open:
                inner = level if item.unit else level + 1
                waiting.extend((child, inner) for child in reversed(item.children or ()))

    def _is_open(self, item: Item, level: int, depth: int) -> bool:
        if item.path is None:
            return item.unit
        wanted = level < depth or item.path in self._opened
        return bool(depth) and item.path not in self._closed and wanted

    def inside(self, nodes: Places) -> tuple[Item, ...]:
        """What is in a module. ``nodes`` are all its copies in all folds, the shown one first."""
        items: list[Item] = [*self._weights(nodes)]
        singles = {single.first.id: single for single in below_all(nodes, fold=False)}
        for branch in below_all(nodes, self.options.fold):
            members = branch.members or (branch,)
            mine = [[node for node in m.nodes if node.id in singles] for m in members]
            if any(len({self._asked.get(node.path) for node in copies}) > 1 for copies in mine):
                apart = sorted(node.id for copies in mine for node in copies)
                items += [self._item(singles[place].nodes, 1) for place in apart]
            elif branch.members:
                items.append(self._unit(branch, mine))
            else:
                items.append(self._item(branch.nodes, branch.copies))
        return tuple(items)

    def _unit(self, branch: Branch, members: Sequence[Places]) -> Item:
        """A unit of several modules that repeats; ``members`` are those of each in one fold."""
        items = tuple(self._item(member.nodes, 1) for member in branch.members)
        name = name_range([branch.first.name, members[-1][-1].name])
        titles = [item.title for item in items]
        whole = _several_layers(f"u{branch.first.path}", items, titles, name)
        paths = tuple(tuple(node.path for node in copy) for copy in zip(*members, strict=True))
        return replace(whole, copies=branch.copies, paths=paths, unit=True)

    def _item(self, nodes: Places, copies: int) -> Item:
        """A module, which stands for so many siblings, and all that it stands for elsewhere."""
        first = nodes[0]
        item = self.closed(nodes, copies, name_range([first.name, nodes[copies - 1].name]))
        if not first.children:
            return item
        return replace(item, children=self.inside(nodes))

    def closed(self, nodes: Places, copies: int, name: str) -> Item:
        """A module without what is inside."""
        module = self.graph.module(nodes[0].path)
        figures = sum((node.figures for node in nodes), NOTHING)
        item = module_item(module, name, copies, figures)
        paths = tuple((node.path,) for node in nodes[:copies]) if copies > 1 else ()
        return replace(item, paths=paths, module=module_info(module, self._derived))

    def _weights(self, nodes: Places) -> list[Item]:
        """An item for the parameters that a module holds itself."""
        own = nodes[0].module.parameters
        if not own:
            return []
        shapes = tuple(parameter.named_shape for parameter in own)
        item = weight_item(f"w{nodes[0].path}", (parameter.name for parameter in own), shapes)
        return [replace(item, figures=sum((node.own for node in nodes), NOTHING))]


def _bundles(items: Sequence[Item], limit: int) -> tuple[Item, ...]:
    """At most ``limit`` items: consecutive ones are summarised."""
    size = -(-len(items) // limit)
    if size == 1:
        return tuple(items)
    result: list[Item] = []
    for start in range(0, len(items), size):
        several = tuple(items[start : start + size])
        first, last = _end(several[0], 0), _end(several[-1], -1)
        titles = [title for item in several for title in _titles(item)]
        name = name_range([first, last])
        result.append(_several_layers(f"b{several[0].id}", several, titles, name))
    return tuple(result)


def _end(item: Item, place: int) -> str:
    """The name of the first layer that an item stands for, or of the last one."""
    if not item.paths:
        return item.name
    return item.paths[place][place].rpartition(".")[2]


def _titles(item: Item) -> list[str]:
    """The classes of all layers that an item stands for."""
    unit = [child.title for child in item.children or ()] if item.unit else [item.title]
    return unit * item.copies


def _several_layers(
    node_id: str, items: tuple[Item, ...], titles: Sequence[str], name: str
) -> Item:
    """The item that stands for several items, which are inside: layers of these classes."""
    contents = contents_text(titles)
    return Item(
        node_id,
        "several",
        f"{len(titles)} layers",
        name,
        cut(", ".join(contents), MAX_DETAIL),
        contents=contents,
        figures=sum((item.figures for item in items), NOTHING),
        children=items,
    )
