"""The rows of the table with their figures: one per call, container and uncalled module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..analysis.experts import Experts, find_experts
from ..analysis.figures import NOTHING, Figures, ModuleFigures, held_by, module_figures, ran_by
from ..analysis.memory import Memory, call_peaks, forward_memory
from ..analysis.paths import parameter_key
from ..analysis.sight import Sight, sight_of
from ..graph import Call, ModelGraph, Module, Shape
from .tree import Node, State, build_tree


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a call, a container on the way to one, or a module that is never called.

    ``id`` is its place among all rows, ``parent`` that of the row above (its own for the root),
    and ``stop`` that after its last descendant. ``number``
    counts the rows of the same ``depth``. ``repeated`` says that an earlier row was about the same
    module. ``own`` are the figures that the row adds to the model's: the parameters that no earlier
    row owned, and the ops that the call ran itself; ``figures`` have all rows below in them, too,
    and over all rows, ``own`` add up to the model's. ``held`` says what the module holds wherever
    else it is held. ``unused`` are the module's own parameters that no op read, and ``read_below``
    says that some parameter here or below was read. ``memory`` is the most that activations held
    while the call ran. All sizes are in bytes.
    """

    id: int
    parent: int
    stop: int
    depth: int
    number: int
    path: str
    module: Module
    state: State
    call: Call | None
    foreign: bool
    repeated: bool
    failed: bool
    own: Figures
    figures: Figures
    held: ModuleFigures
    unused: tuple[str, ...]
    read_below: bool
    input_bytes: int
    output_bytes: int
    memory: int
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    dtypes: tuple[str, ...]
    devices: tuple[str, ...]

    @property
    def name(self) -> str:
        """The attribute name in the module above, or the full path where that does not hold it."""
        return self.path if self.foreign else self.path.rpartition(".")[2]

    @property
    def flops(self) -> int:
        """FLOPs of the row and of all below."""
        return self.figures.flops

    @property
    def own_flops(self) -> int:
        """FLOPs of the ops that the call ran itself."""
        return self.own.flops

    @property
    def leaf(self) -> bool:
        """Whether no row is below this one."""
        return self.stop == self.id + 1


@dataclass(frozen=True)
class Rows:
    """All rows of a graph, parents before children, in the order of execution."""

    graph: ModelGraph
    all: tuple[Row, ...]
    memory: Memory

    @cached_property
    def experts(self) -> Experts:
        """Mixtures of experts in the model."""
        return find_experts(self.graph)

    @cached_property
    def expert_modules(self) -> frozenset[str]:
        """Paths of the modules that are experts of a mixture."""
        return frozenset(path for group in self.experts.groups for path in group.modules)

    @cached_property
    def sight(self) -> Sight:
        """What the graph is sure of."""
        return sight_of(self.graph)

    @cached_property
    def has_forward(self) -> bool:
        """Whether a forward was traced, if only in part."""
        return self.graph.execution != "none"

    def children(self, row: Row) -> Iterator[Row]:
        """The rows one level below, in order."""
        position = row.id + 1
        while position < row.stop:
            child = self.all[position]
            yield child
            position = child.stop


def build_rows(graph: ModelGraph) -> Rows:
    """The rows of the graph with their figures, in time linear in the graph."""
    memory = forward_memory(graph)
    peaks = call_peaks(graph, memory)
    nodes, depths, stops = _flatten(build_tree(graph))
    held = module_figures(graph)
    own = _own_figures(graph, nodes)
    read = _read_parameters(graph)
    unused = [_unused(node, read) for node in nodes]
    parents = _parents(depths)
    figures, used = _sum_up(nodes, parents, own, unused)
    failed = None if graph.failure is None else graph.failure.call

    rows = []
    numbers: dict[int, int] = defaultdict(int)
    seen: set[str] = set()
    for place, (node, depth) in enumerate(zip(nodes, depths, strict=True)):
        module, call = node.module, node.call
        inputs = () if call is None else tuple(graph.tensors[t] for t in call.inputs)
        outputs = () if call is None else tuple(graph.tensors[t] for t in call.outputs)
        numbers[depth] += 1
        rows.append(
            Row(
                id=place,
                parent=parents[place],
                stop=stops[place],
                depth=depth,
                number=numbers[depth],
                path=node.path,
                module=module,
                state=node.state,
                call=call,
                foreign=node.foreign,
                repeated=module.path in seen,
                failed=call is not None and call.id == failed,
                own=own[place],
                figures=figures[place],
                held=held[module.path],
                unused=unused[place],
                read_below=used[place] > 0,
                input_bytes=sum(tensor.bytes for tensor in inputs),
                output_bytes=sum(tensor.bytes for tensor in outputs),
                memory=0 if call is None else peaks[call.id],
                inputs=tuple(tensor.shape for tensor in inputs),
                outputs=tuple(tensor.shape for tensor in outputs),
                dtypes=tuple(dict.fromkeys(tensor.dtype for tensor in outputs)),
                devices=tuple(dict.fromkeys(tensor.device for tensor in outputs)),
            )
        )
        seen.add(module.path)
    return Rows(graph, tuple(rows), memory)


def _flatten(root: Node) -> tuple[list[Node], list[int], list[int]]:
    """The nodes, parents first; how deep each is; and the place after its last descendant."""
    nodes: list[Node] = []
    depths: list[int] = []
    stops: list[int] = []
    waiting: list[tuple[Node, int]] = [(root, 0)]
    open_places: list[int] = []
    while waiting:
        node, depth = waiting.pop()
        while len(open_places) > depth:
            stops[open_places.pop()] = len(nodes)
        open_places.append(len(nodes))
        nodes.append(node)
        depths.append(depth)
        stops.append(0)
        waiting.extend((child, depth + 1) for child in reversed(node.children))
    for place in open_places:
        stops[place] = len(nodes)
    return nodes, depths, stops


def _own_figures(graph: ModelGraph, nodes: Sequence[Node]) -> list[Figures]:
    """For each node: what its module owns that no node before it had, and what its call ran."""
    ran = ran_by(graph, [op.call for op in graph.ops])
    seen: set[str] = set()
    result = []
    for node in nodes:
        figures = NOTHING if node.call is None else ran.get(node.call.id, NOTHING)
        for key, held in held_by(node.module).items():
            if key not in seen:
                seen.add(key)
                figures += held
        result.append(figures)
    return result


def _read_parameters(graph: ModelGraph) -> frozenset[str] | None:
    """Keys of the parameters that some op read; None where that cannot be known."""
    if graph.execution == "none" or graph.failure is not None:
        return None
    used = {tensor for op in graph.ops for tensor in op.inputs}
    used |= {*graph.outputs, *sight_of(graph).escaped}
    names = (graph.tensors[tensor] for tensor in used)
    return frozenset(t.name for t in names if t.kind == "parameter" and t.name is not None)


def _unused(node: Node, read: Collection[str] | None) -> tuple[str, ...]:
    """Names of the module's own parameters that no op read.

    What a call without any op did with its parameters is not known.
    """
    if read is None or (node.call is not None and node.call.start == node.call.stop):
        return ()
    return tuple(
        parameter.name
        for parameter in node.module.parameters
        if not (parameter.packed or parameter.lazy)
        and parameter_key(node.module, parameter) not in read
    )


# -- sums ---------------------------------------------------------------------------------------


def _sum_up(
    nodes: Sequence[Node],
    parents: Sequence[int],
    own: Sequence[Figures],
    unused: Sequence[Sequence[str]],
) -> tuple[list[Figures], list[int]]:
    """For each node: the figures of it and all below, and how many parameters there are used."""
    figures = list(own)
    used = [
        len(node.module.parameters) - len(idle) for node, idle in zip(nodes, unused, strict=True)
    ]
    # A parent stands before its children, so from the back every child is complete in time.
    for place in range(len(nodes) - 1, 0, -1):
        figures[parents[place]] += figures[place]
        used[parents[place]] += used[place]
    return figures, used


def _parents(depths: Sequence[int]) -> list[int]:
    """The place of each node's parent; the root's is 0."""
    way: list[int] = []
    parents = []
    for place, depth in enumerate(depths):
        del way[depth:]
        parents.append(way[-1] if way else 0)
        way.append(place)
    return parents
