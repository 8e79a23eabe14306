"""The document of a graph that was run: what each item costs, and what is inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..analysis.figures import NOTHING, Figures, ran_by
from ..analysis.items import Step, flat, item_start, root_calls
from ..analysis.sight import sight_of
from ..explaining.held import Derivations
from ..graph import Call, ModelGraph, Op
from .bundling import bundled_parts
from .calls import closed_calls, open_calls
from .depths import Pageable, RunPages
from .document import Document, Item, TensorLabel
from .edges import between_copies
from .failure import failure_text
from .flow import FlowWriter
from .inputs_outputs import output_nodes
from .module_infos import module_info
from .named_functions import NamedFunctions
from .options import Depth, ViewOptions
from .owners import Owners, own
from .part_items import part_item, unit_name
from .tree import STRETCH, Part, walk
from .unused import unused_node
from .weights import Holders, Weights, direct_weights, hold


def run_pages(graph: ModelGraph, options: ViewOptions) -> Pageable:
    """What of a graph that was run may be on a page."""
    return _Run(graph, options)


@dataclass(frozen=True)
class _Run(RunPages):
    @cached_property
    def owners(self) -> Owners:
        return own(self.graph, self.parts, self.visibility.hides)

    @cached_property
    def weights(self) -> Weights:
        if "weights" not in self.options.show:
            return Weights()
        return direct_weights(self.graph, self.owners, open_calls(self.graph, self.parts))

    @cached_property
    def holders(self) -> Holders:
        closed = dict(closed_calls(self.graph, self.parts))
        return hold(self.graph, self.owners, closed, self.weights)

    @cached_property
    def costs(self) -> Mapping[str, Figures]:
        return ran_by(self.graph, self.owners.homes)

    @cached_property
    def items(self) -> _Items:
        return _Items(self)

    @cached_property
    def _whole(self) -> Document:
        """The document with nothing open."""
        graph, hides = self.graph, self.visibility.hides_op
        inputs, places = self.visibility.inputs
        outputs, ends = output_nodes(graph)
        writer = FlowWriter(graph, self.owners, places, ends, self.weights.slots)
        first = self.owners.canonical
        flow = writer.flow(op.id for op in graph.ops if hides(op) != hides(graph.ops[first[op.id]]))
        return Document(
            graph.name,
            True,
            failure_text(graph),
            sight_of(graph).counts_known,
            self.options.show,
            sum(self.costs.values(), Figures(graph.total_params)),
            (*inputs, *outputs),
            (),
            0,
            writer.tensors,
            flow,
            self.holders.links,
        )

    def document(self, depth: Depth) -> Document:
        parts, opened = self.parts, self.levels(depth).opened
        if depth.limit is not None or depth.by_layer:
            parts, opened = bundled_parts(self.visibility, parts, opened, depth.limit)
        inputs = self.visibility.inputs[0]
        outputs = self._whole.items[len(inputs) :]
        items = (*inputs, *self.items.top(parts), *outputs)
        return replace(self._whole, items=items, open=tuple(opened), depth=depth.levels)


class _Items:
    """Turns the parts of a whole tree into items.

    An item has the figures of all its copies, in all copies of what is around it; what a hidden op
    costs is counted for a neighbour.
    """

    def __init__(self, run: _Run) -> None:
        self._run, self._graph = run, run.graph
        self._functions = NamedFunctions(run.graph, run.parts)
        self._chained = _chained_folds(run.graph, run.owners)
        self._derived = Derivations(run.graph)
        self._made: dict[str, tuple[Part, Item]] = {}
        self._bundled: Mapping[str, str] = {}
        self._by_call: dict[int, list[str]] = {}
        for item, call in run.weights.groups.items():
            self._by_call.setdefault(call, []).append(item)

    def top(self, parts: Sequence[Part]) -> list[Item]:
        """What the model runs, with the weights that it reads itself."""
        roots = root_calls(self._graph)
        self._bundled = dict(self._in_bundles(roots[0], [p for p in walk(parts) if p.bundle]))
        items = [self._item(part, "") for part in parts]
        if len(roots) != 1 or any(part.call is roots[0] for part in parts):
            return items
        return self._with_own(roots[0], items)

    def _in_bundles(self, root: Call, bundles: Sequence[Part]) -> Iterator[tuple[str, str]]:
        """The weights of the root that one bundle alone reads, each with the bundle."""
        if not bundles:
            return
        readers: dict[str, set[int]] = {}
        for (op, _), node in self._run.weights.slots.items():
            readers.setdefault(node, set()).add(op)
        for node in self._by_call.get(root.id, ()):
            ops = readers[node]
            for bundle in bundles:
                if bundle.start <= min(ops) and max(ops) < bundle.stop:
                    yield node, bundle.id

    def _item(self, part: Part, inside: str) -> Item:
        made = self._made.get(part.id)
        if made is not None and made[0] is part:
            return made[1]
        children: Sequence[Item] | None = None
        if part.children is not None:
            call = part.call
            around = inside if call is None else call.module
            children = [self._item(child, around) for child in part.children]
            if call is not None:
                children = self._with_own(call, children)
            elif part.bundle:
                own = [node for node, bundle in self._bundled.items() if bundle == part.id]
                children = [*map(self._weight, own), *children]
        item = self._filled(part, inside, children)
        self._made[part.id] = part, item
        return item

    def _filled(self, part: Part, inside: str, children: Sequence[Item] | None) -> Item:
        """The item of a part with what it costs and what is inside."""
        visibility, graph = self._run.visibility, self._graph
        item = part_item(graph, part, inside, part.id in self._chained, visibility.lit)
        if children is None:
            params = Figures(self._run.holders.figures.get(part.id, 0))
            figures = self._run.costs.get(part.id, NOTHING) + params
        else:
            figures = sum((child.figures for child in children), NOTHING)
        call, op, steps = part.call, part.op, part.steps
        one = call or op
        reads: Iterable[int] = () if one is None else one.inputs
        gives: Iterable[int] = () if one is None else one.outputs
        if steps is not None:
            reads, gives = graph.borders(part.start, part.stop)
        told = one is not None or steps is not None
        unit = not told and not part.together
        copies = part.copies
        return replace(
            item,
            name=unit_name(part, inside) if unit else item.name,
            figures=figures,
            hidden=visibility.hides_closed(part),
            span=(part.start, part.stop),
            offsets=tuple(_offsets(copies)),
            paths=tuple(map(_paths, copies)),
            unit=unit,
            stretch=part.together == STRETCH,
            function=None
            if steps is None
            else "layers"
            if visibility.calls_layers(steps)
            else "ops",
            functions=tuple(self._functions.of(part)),
            repeated=call is not None
            and len(graph.calls_of(call.module)) > 1
            and visibility.holds_weights(call.module),
            module=None if call is None else module_info(graph.module(call.module), self._derived),
            inputs=self._labels(reads) if told else None,
            outputs=self._labels(gives) if told else None,
            children=None if children is None else tuple(children),
        )

    def _labels(self, tensors: Iterable[int]) -> tuple[TensorLabel, ...]:
        found = (self._graph.tensors[tensor] for tensor in tensors)
        return tuple(TensorLabel(tensor.named_shape, tensor.dtype) for tensor in found)

    def _with_own(self, call: Call, children: Sequence[Item]) -> list[Item]:
        """The children of a call with its weights before them, and what is unused after."""
        nodes = (node for node in self._by_call.get(call.id, ()) if node not in self._bundled)
        own = [self._weight(node) for node in nodes]
        unused = self._run.holders.unused.get(call.id)
        return [*own, *children, *([unused_node(self._graph, call, unused)] if unused else ())]

    def _weight(self, node: str) -> Item:
        figures = Figures(self._run.holders.figures.get(node, 0))
        return replace(self._run.weights.nodes[node], figures=figures)


def _paths(copy: Sequence[Step]) -> tuple[str, ...]:
    """The modules that a copy of a folded part calls."""
    return tuple(item.module for item in flat(copy) if isinstance(item, Call))


def _offsets(copies: Sequence[Sequence[Step]]) -> Iterator[tuple[int, int]]:
    """How far the ops and the calls of each further copy are from the first's."""
    for copy in copies[1:]:
        pairs = zip(flat(copies[0]), flat(copy), strict=True)
        apart = (b.id - a.id for a, b in pairs if not isinstance(a, Op) and not isinstance(b, Op))
        yield item_start(copy[0]) - item_start(copies[0][0]), next(apart, 0)


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
