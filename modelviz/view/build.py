"""A view of a graph: the tree, who stands for what, and the edges between them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..analysis.structure import Structure, structure
from ..graph import Call, ModelGraph
from .ends import input_nodes, output_nodes
from .flow import flow, longest_path
from .kinds import class_kind
from .labels import cut, shape_text
from .model import Figures, Group, Kind, Link, Node, View, ViewEdge, with_multiples
from .modules import module_view
from .nodes import part_group, part_node, relative
from .options import EASY, PAGE, PATH, ViewOptions
from .owners import Owners, between_copies, own
from .patterns import matching_paths
from .quiet import depending_ops, does_nothing, is_quiet
from .tree import Grower, Part, bundled, walk
from .weights import Holders, Unused, Weights, direct_weights, hold

_DEFAULT = ViewOptions()
BUNDLES = 24
"""Parts that a flat model too large for a page is summarised into."""

_LAYERS: frozenset[Kind] = frozenset(
    {
        "convolution", "linear", "normalisation", "activation", "embedding", "pooling", "reshape",
        "dropout",
    }
)  # fmt: skip


def build_view(graph: ModelGraph, options: ViewOptions = _DEFAULT) -> View:
    """What the options ask to see of a graph. Raises InputError for a path that matches nothing."""
    if not graph.calls:
        return module_view(graph, options)
    builder = _Builder(_with_stops(graph), options)
    return builder.page() if options.depth is None else builder.view(options.depth)


@dataclass(frozen=True)
class _Builder:
    graph: ModelGraph
    options: ViewOptions

    # -- what does not depend on the depth ---------------------------------------------------

    @cached_property
    def structure(self) -> Structure:
        return structure(self.graph)

    @cached_property
    def depends(self) -> Sequence[bool]:
        return depending_ops(self.graph)

    @cached_property
    def asked(self) -> frozenset[str]:
        """The module paths that a reader asked to see open."""
        return matching_paths(self.graph, self.options.expand)

    @cached_property
    def opened(self) -> frozenset[str]:
        """The modules that must be open whatever the depth: those asked for and all around them."""
        failing = [] if self.failing is None else [self.failing]
        return (
            frozenset(
                path[:end] for path in (*self.asked, *failing) for end in _ancestor_ends(path)
            )
            | self.asked
        )

    @cached_property
    def failing(self) -> str | None:
        """The module whose forward failed."""
        failure = self.graph.failure
        return (
            None
            if failure is None or failure.call is None
            else (self.graph.calls[failure.call].module)
        )

    @cached_property
    def closed(self) -> frozenset[str]:
        """The module paths that a reader asked to see closed."""
        return matching_paths(self.graph, self.options.collapse)

    @cached_property
    def marks(self) -> Mapping[str, Hashable]:
        """What was asked about each module and its inside, relative to it."""
        found: dict[str, list[tuple[str, str]]] = {}
        for sign, paths in (("+", self.asked), ("-", self.closed)):
            for path in sorted(paths):
                for end in (*_ancestor_ends(path), len(path)):
                    found.setdefault(path[:end], []).append((sign, path[end:]))
        return {path: tuple(asked) for path, asked in found.items()}

    # -- the depth -----------------------------------------------------------------------------

    def page(self) -> View:
        """The deepest view that fits a page."""
        best, depth = 1, 1
        deepest = max(module.depth for module in self.graph.modules) + 2
        while depth < deepest and self._size(depth + 1) <= PAGE:
            depth += 1
            if self._size(depth) > self._size(best):
                best = depth
        for candidate in range(best if self._size(best) <= PAGE else 0, 0, -1):
            view = self.view(candidate)
            easy = view.size <= EASY and longest_path(view) <= PATH
            if easy or (candidate == 1 and view.size <= PAGE):
                return view
        return self.view(1, limit=BUNDLES)

    def _size(self, depth: int) -> int:
        return sum(not self._hides(part) for part in walk(self._parts(depth)))

    def _parts(self, depth: int) -> tuple[Part, ...]:
        grower = Grower(
            self.graph,
            lambda call, level: self._is_open(call, level, depth),
            self.marks.get,
            self.options.fold,
            self.structure,
        )
        return grower.grow(grower.roots(), 1) if depth else grower.whole()

    def _is_open(self, call: Call, level: int, depth: int) -> bool:
        if call.module in self.closed:
            return False
        if call.module in self.opened:
            return bool(call.children) or len(call.ops) > 1
        return level < depth and self._has_inside(call)

    def _has_inside(self, call: Call) -> bool:
        """Whether opening a module tells more than its name does."""
        if call.children:
            return True
        module = self.graph.module(call.module)
        if module.qualified_class.startswith("torch.nn.modules."):
            return False
        if class_kind(module.class_name) in _LAYERS:
            return False
        return sum(not is_quiet(self.graph.ops[op]) for op in call.ops) > 1

    def _hides(self, part: Part) -> bool:
        """Whether a closed part is left to its neighbours."""
        show = self.options.show
        if part.op is not None:
            op = part.op
            if op.failed or op.flops:
                return False
            if "ops" not in show:
                return True
            if "constants" not in show and self._has_inputs and not self.depends[op.id]:
                return True
            return "views" not in show and is_quiet(op)
        call = part.call
        if call is None or part.children is not None or "views" in show or call.failed:
            return False
        return does_nothing(self.graph, call) and not self._holds_weights(call.module)

    @cached_property
    def _has_inputs(self) -> bool:
        return bool(self.graph.inputs)

    @cached_property
    def _weighty(self) -> frozenset[str]:
        """The modules with a parameter anywhere inside."""
        return frozenset(
            module.path[:end]
            for module in self.graph.modules
            if module.parameters
            for end in (*_ancestor_ends(module.path), len(module.path))
        )

    def _holds_weights(self, path: str) -> bool:
        return path in self._weighty

    # -- one view ------------------------------------------------------------------------------

    def view(self, depth: int, limit: int | None = None) -> View:
        """The view at a depth, its top level cut to ``limit`` parts."""
        graph = self.graph
        parts = self._parts(depth)
        if limit is not None:
            closed = [replace(part, children=None) for part in parts]
            parts = bundled(graph, [part for part in closed if not self._hides(part)], limit)
        inputs, input_places = input_nodes(graph)
        outputs, output_places = output_nodes(graph)
        owners = own(graph, parts, self._hides)
        closed_calls = dict(_closed_calls(graph, parts))
        weights = Weights()
        if "weights" in self.options.show:
            weights = direct_weights(
                graph, owners, _open_calls(graph, parts), frozenset(_bundled_ops(parts))
            )
        holders = hold(graph, owners, closed_calls, weights)
        edges = flow(graph, owners, input_places, output_places, weights.slots)
        items = _Items(self, owners, weights, holders, edges).items(parts)
        nodes = {item.id for item in _leaves(items)} | {end.id for end in (*inputs, *outputs)}
        return View(
            graph.name,
            with_multiples((*inputs, *items, *outputs)),
            edges,
            tuple(
                link
                for link in (*self._repeat_links(parts), *holders.links)
                if link.source in nodes and link.target in nodes
            ),
            Figures(
                graph.total_params,
                graph.total_flops,
                sum(storage.bytes for storage in graph.storages if storage.born is not None),
            ),
            depth,
            _failure_text(graph),
        )

    def _repeat_links(self, parts: Sequence[Part]) -> Iterator[Link]:
        """Links between the visible calls of a module that has weights to share."""
        last: dict[str, str] = {}
        for part in walk(parts):
            if part.children is None and part.call is not None:
                path = part.call.module
                if path in last and self._holds_weights(path):
                    yield Link(last[path], part.id, "same module")
                last[path] = part.id


class _Items:
    """Turns the parts of a tree into nodes and groups."""

    def __init__(
        self,
        builder: _Builder,
        owners: Owners,
        weights: Weights,
        holders: Holders,
        edges: Sequence[ViewEdge],
    ) -> None:
        self._builder = builder
        self._graph = builder.graph
        self._weights = weights
        self._holders = holders
        self._figures = _op_figures(builder.graph, owners)
        for node, params in holders.figures.items():
            self._figures[node] = self._figures.get(node, Figures()) + Figures(params)
        self._chained = _chained_folds(builder.graph, owners)
        self._by_call: dict[int, list[Node]] = {}
        for node_id, call in weights.groups.items():
            weight = weights.nodes[node_id]
            figures = self._figures.get(node_id, Figures())
            self._by_call.setdefault(call, []).append(replace(weight, figures=figures))

    def items(self, parts: Sequence[Part]) -> tuple[Node | Group, ...]:
        """The nodes and groups of the top level."""
        graph = self._graph
        roots = [call for call in graph.calls if call.parent is None]
        inner = self._list(parts, "")
        if len(roots) == 1 and not any(part.call is roots[0] for part in parts):
            inner = self._with_own(roots[0], inner)
        return inner

    def _list(self, parts: Sequence[Part], inside: str) -> tuple[Node | Group, ...]:
        items = [self._item(part, inside) for part in parts]
        return tuple(item for item in items if item is not None)

    def _item(self, part: Part, inside: str) -> Node | Group | None:
        chained = part.id in self._chained
        if part.children is None:
            if self._builder._hides(part):
                return None
            figures = self._figures.get(part.id, Figures())
            call = part.call
            expandable = call is not None and self._builder._has_inside(call)
            return part_node(self._graph, part, inside, figures, expandable, chained)
        call = part.call
        children = self._list(part.children, inside if call is None else call.module)
        if call is not None:
            children = self._with_own(call, children)
        if not children:
            return None
        return part_group(self._graph, part, inside, children, chained)

    def _with_own(self, call: Call, children: tuple[Node | Group, ...]) -> tuple[Node | Group, ...]:
        """The children of an open call with its weights before them, and what is unused after."""
        own = tuple(self._by_call.get(call.id, ()))
        unused = self._holders.unused.get(call.id)
        if not unused:
            return (*own, *children)
        return (*own, *children, _unused_node(self._graph, call, unused))


def _unused_node(graph: ModelGraph, call: Call, unused: Sequence[Unused]) -> Node:
    """The node for parameters that nothing in the view holds or reads."""
    names = list(dict.fromkeys(_unused_name(graph, one.path, one.inside) for one in unused))
    failed = graph.failure is not None
    return Node(
        f"x{call.id}",
        "unused",
        "not reached" if failed else "never used",
        detail=cut(", ".join(names), 40),
        path=call.module,
        contents=tuple(one.path for one in unused),
        figures=Figures(sum(one.size for one in unused)),
    )


def _unused_name(graph: ModelGraph, path: str, inside: str) -> str:
    """The outermost module around a parameter that is never called, or the parameter itself."""
    steps = relative(path, inside).split(".")
    prefix = f"{inside}." if inside else ""
    for end in range(1, len(steps)):
        name = ".".join(steps[:end])
        module = graph.module(prefix + name)
        if not graph.calls_of(module.path) and not _called_inside(graph, module.path):
            return name
    return ".".join(steps)


def _called_inside(graph: ModelGraph, path: str) -> bool:
    return any(call.module.startswith(f"{path}.") for call in graph.calls)


def _op_figures(graph: ModelGraph, owners: Owners) -> dict[str, Figures]:
    """FLOPs and allocated bytes by node."""
    flops: dict[str, int] = {}
    memory: dict[str, int] = {}
    for op in graph.ops:
        node = owners.homes[op.id]
        if node is not None and op.flops:
            flops[node] = flops.get(node, 0) + op.flops
    for storage in graph.storages:
        if storage.born is not None:
            node = owners.homes[storage.born]
            if node is not None:
                memory[node] = memory.get(node, 0) + storage.bytes
    return {
        node: Figures(0, flops.get(node, 0), memory.get(node, 0)) for node in {**flops, **memory}
    }


def _chained_folds(graph: ModelGraph, owners: Owners) -> frozenset[str]:
    """The ids of the folded parts whose copies feed one another."""
    found: set[str] = set()
    for op in graph.ops:
        mine = owners.folds[op.id]
        if mine:
            for tensor in op.inputs:
                producer = graph.tensors[tensor].producer
                if producer is not None:
                    theirs = owners.folds[producer]
                    if between_copies(theirs, mine):
                        found.add(next(a[0] for a, b in zip(mine, theirs, strict=False) if a != b))
    return frozenset(found)


def _closed_calls(graph: ModelGraph, parts: Sequence[Part]) -> Iterator[tuple[int, str]]:
    """Each call of the first copies that a closed part stands for, with the part."""
    for part in walk(parts):
        if part.children is None:
            for item in part.items:
                if isinstance(item, Call):
                    for call in _subtree(graph, item):
                        yield call, part.id


def _subtree(graph: ModelGraph, call: Call) -> Iterator[int]:
    waiting = [call.id]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(graph.calls[current].children)


def _open_calls(graph: ModelGraph, parts: Sequence[Part]) -> frozenset[int]:
    """The calls of the first copies that are open, the root's among them."""
    opened = {part.call.id for part in walk(parts) if part.children is not None and part.call}
    closed = {part.call.id for part in walk(parts) if part.children is None and part.call}
    roots = {call.id for call in graph.calls if call.parent is None}
    return frozenset(opened | (roots - closed))


def _bundled_ops(parts: Sequence[Part]) -> Iterator[int]:
    for part in walk(parts):
        if part.children is None and len(part.items) > 1:
            yield from range(part.start, part.stop)


def _leaves(items: Sequence[Node | Group]) -> Iterator[Node]:
    for item in items:
        if isinstance(item, Node):
            yield item
        else:
            yield from _leaves(item.children)


def _ancestor_ends(path: str) -> list[int]:
    """Where the paths of the modules around a module end in its own path."""
    return [0, *(index for index, character in enumerate(path) if character == ".")] if path else []


def _with_stops(graph: ModelGraph) -> ModelGraph:
    """The graph with the ops of an unfinished forward inside the calls that were running."""
    if graph.failure is None:
        return graph
    stops = [max([call.stop, *(op + 1 for op in call.ops)]) for call in graph.calls]
    for call in reversed(graph.calls):
        if call.parent is not None:
            stops[call.parent] = max(stops[call.parent], stops[call.id])
    calls = tuple(replace(call, stop=stops[call.id]) for call in graph.calls)
    return replace(graph, calls=calls)


def _failure_text(graph: ModelGraph) -> str:
    failure = graph.failure
    if failure is None:
        return ""
    where = failure.module or graph.name
    met = " and ".join(shape_text(shape) for shape in failure.shapes)
    shapes = f", where {met} met" if len(failure.shapes) > 1 else f", given {met}" if met else ""
    return f"{failure.error} in {where}{shapes}: {cut(failure.message, 160)}"
