"""The rows of the table with their figures: one per call, container and uncalled module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..analysis.experts import Experts, find_experts
from ..analysis.memory import Memory, call_peaks, forward_memory
from ..analysis.rollup import ModuleFigures, Rollup, parameter_key, roll_up
from ..graph import Call, ModelGraph, Module, Shape
from .tree import Node, State, build_tree


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a call, a container on the way to one, or a module that is never called.

    ``id`` is its place among all rows, ``parent`` that of the row above (its own for the root),
    and ``stop`` that after its last descendant. ``number``
    counts the rows of the same ``depth``. ``repeated`` says that an earlier row was about the same
    module. A parameter counts at the first row whose module owns it: ``new_params`` here,
    ``all_new_params`` here and below; over all rows, ``new_params`` add up to the model's.
    ``unused`` are the module's own parameters that no op read, and ``read_below`` says that some
    parameter here or below was read.

    ``flops``, ``bytes_read``, ``bytes_written`` and ``ops`` are those of the call with everything
    in it, and of all calls below for a container. ``memory`` is the most that activations held
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
    figures: ModuleFigures
    new_params: int
    new_trainable: int
    all_new_params: int
    all_new_trainable: int
    unused: tuple[str, ...]
    read_below: bool
    flops: int
    own_flops: int
    bytes_read: int
    bytes_written: int
    ops: int
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
    def leaf(self) -> bool:
        """Whether no row is below this one."""
        return self.stop == self.id + 1


@dataclass(frozen=True)
class Rows:
    """All rows of a graph, parents before children, in the order of execution."""

    graph: ModelGraph
    all: tuple[Row, ...]
    figures: Rollup
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
    figures = roll_up(graph)
    memory = forward_memory(graph)
    peaks = call_peaks(graph, memory)
    nodes, depths, stops = _flatten(build_tree(graph))
    new = _new_parameters(nodes)
    read = _read_parameters(graph)
    unused = [_unused(node, read) for node in nodes]
    parents = _parents(depths)
    sums = _sum_up(nodes, parents, new, unused, figures)
    failed = None if graph.failure is None else graph.failure.call

    rows = []
    numbers: dict[int, int] = defaultdict(int)
    seen: set[str] = set()
    for place, (node, depth, total) in enumerate(zip(nodes, depths, sums, strict=True)):
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
                figures=figures.modules[module.path],
                new_params=new[place][0],
                new_trainable=new[place][1],
                all_new_params=total.params,
                all_new_trainable=total.trainable,
                unused=unused[place],
                read_below=total.used > 0,
                flops=total.flops,
                own_flops=0 if call is None else figures.calls[call.id].own_flops,
                bytes_read=total.read,
                bytes_written=total.written,
                ops=total.ops,
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
    return Rows(graph, tuple(rows), figures, memory)


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


def _new_parameters(nodes: Sequence[Node]) -> list[tuple[int, int]]:
    """For each node: elements of its module's own parameters that no node before it had.

    All of them, and those that are trainable.
    """
    seen: set[str] = set()
    result = []
    for node in nodes:
        count = trainable = 0
        for parameter in node.module.parameters:
            key = parameter_key(node.module, parameter)
            if key not in seen:
                seen.add(key)
                size = parameter.numel
                count += size
                trainable += size if parameter.trainable else 0
        result.append((count, trainable))
    return result


def _read_parameters(graph: ModelGraph) -> frozenset[str] | None:
    """Keys of the parameters that some op read; None where that cannot be known."""
    if graph.execution == "none" or graph.failure is not None:
        return None
    used = {tensor for op in graph.ops for tensor in op.inputs} | set(graph.outputs)
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


@dataclass(slots=True)
class _Total:
    params: int = 0
    trainable: int = 0
    flops: int = 0
    read: int = 0
    written: int = 0
    ops: int = 0
    used: int = 0


def _sum_up(
    nodes: Sequence[Node],
    parents: Sequence[int],
    new: Sequence[tuple[int, int]],
    unused: Sequence[Sequence[str]],
    figures: Rollup,
) -> list[_Total]:
    """For each node: new parameters here and below, and what ran in its call or the calls below."""
    totals = []
    for node, (count, trainable), idle in zip(nodes, new, unused, strict=True):
        total = _Total(count, trainable, used=len(node.module.parameters) - len(idle))
        if node.call is not None:
            call = figures.calls[node.call.id]
            total.flops, total.ops = call.flops, call.ops
            total.read, total.written = call.bytes_read, call.bytes_written
        totals.append(total)
    # A parent stands before its children, so from the back every child is complete in time.
    for place in range(len(nodes) - 1, 0, -1):
        child, parent = totals[place], totals[parents[place]]
        parent.params += child.params
        parent.trainable += child.trainable
        parent.used += child.used
        if nodes[parents[place]].call is None:
            parent.flops += child.flops
            parent.read += child.read
            parent.written += child.written
            parent.ops += child.ops
    return totals


def _parents(depths: Sequence[int]) -> list[int]:
    """The place of each node's parent; the root's is 0."""
    way: list[int] = []
    parents = []
    for place, depth in enumerate(depths):
        del way[depth:]
        parents.append(way[-1] if way else 0)
        way.append(place)
    return parents
