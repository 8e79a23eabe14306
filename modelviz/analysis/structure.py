"""Content keys: two modules, or two calls, have equal keys when they have equal structure.

A key is a small integer, handed out for each distinct tuple of facts; the facts about a subtree
hold the keys of its parts, so all keys together take time linear in the graph.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..graph import Buffer, Call, ModelGraph, Module, Op, Parameter
from .unknown_sizes import unknown_sizes, without_sizes

_NUMBER = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d+)?")
_STOCHASTIC_DEPTH = re.compile(r"drop_?path|stochastic_?depth", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Structure:
    """The content keys of a graph: one per module path, one per call."""

    modules: dict[str, int]
    calls: tuple[int, ...]


def structure(graph: ModelGraph) -> Structure:
    """The content key of every module and every call.

    A call's key covers its ops, their arguments and order, its child calls, and the flow of data
    among them. A module's key covers its class, configuration, parameters and buffers, what is
    shared inside it, its children, and its calls. Activation shapes and the training flag are
    left out, and so is an argument that repeats a size that values decide, such as the number of
    tokens that an expert gets: blocks that differ in nothing else are the same block.
    """
    keys = _Keys()
    calls = _call_keys(graph, keys)
    return Structure(_module_keys(graph, calls, keys), calls)


def indexing_blind(op: Op) -> Hashable:
    """What an op between repeated modules does, whichever element it picks.

    ``mask[3]`` and ``mask[4]`` are one step of the same loop, so positions are left out.
    """
    if op.name in {"getitem", "__getitem__", "select", "setitem", "__setitem__", "unbind"}:
        return (op.name, len(op.inputs), len(op.outputs))
    return (op.name, _hashable(op.args), len(op.inputs), len(op.outputs))


@dataclass(slots=True)
class _Keys:
    """Hands out one integer per distinct content."""

    table: dict[Hashable, int] = field(default_factory=dict)

    def __call__(self, content: Hashable) -> int:
        return self.table.setdefault(content, len(self.table))


# -- calls --------------------------------------------------------------------------------------


def _call_keys(graph: ModelGraph, keys: _Keys) -> tuple[int, ...]:
    result = [-1] * len(graph.calls)
    reads: list[tuple[int, ...]] = [()] * len(graph.calls)
    loose = {module.path for module in graph.modules if _is_stochastic_depth(module)}
    unknown = unknown_sizes(graph)
    for call in _children_first(graph):
        content, reads[call.id] = _call_content(
            graph, call, result, reads, call.module in loose, unknown
        )
        result[call.id] = keys(content)
    return tuple(result)


def _children_first(graph: ModelGraph) -> Iterator[Call]:
    order: list[Call] = []
    waiting = [call for call in graph.calls if call.parent is None]
    while waiting:
        call = waiting.pop()
        order.append(call)
        waiting.extend(graph.calls[child] for child in call.children)
    return reversed(order)


def call_items(graph: ModelGraph, call: Call) -> list[Op | Call]:
    """The ops directly in the call and its child calls, in the order in which they ran."""
    items: list[tuple[int, int, Op | Call]] = [(op, 1, graph.ops[op]) for op in call.ops]
    items += [(graph.calls[c].start, 0, graph.calls[c]) for c in call.children]
    items.sort(key=lambda item: item[:2])
    return [item for _, _, item in items]


def _call_content(
    graph: ModelGraph,
    call: Call,
    keys: list[int],
    reads: list[tuple[int, ...]],
    loose: bool,
    unknown: Mapping[int, frozenset[int]],
) -> tuple[Hashable, tuple[int, ...]]:
    """What happens in one call, and the tensors from outside that are read anywhere in it.

    Tensors from outside are named by the order in which they are read, whatever was passed in
    beside them: a cache that grows from layer to layer leaves the layers equal.
    """
    items = call_items(graph, call)
    starts = [item.id if isinstance(item, Op) else item.start for item in items]
    prefix = f"{call.module}." if call.module else ""
    outside: dict[int, int] = {}

    def place(tensor_id: int) -> Hashable:
        """Where a tensor comes from, as seen from inside the call."""
        tensor = graph.tensors[tensor_id]
        producer = tensor.producer
        if producer is not None and _made_in(graph, call, tensor_id):
            index = bisect_right(starts, producer) - 1
            item = items[index]
            if isinstance(item, Call) and tensor_id in item.outputs:
                return (index, item.outputs.index(tensor_id))
            position = graph.ops[producer].outputs.index(tensor_id)
            return (index, producer - starts[index], position)
        if tensor.kind in ("parameter", "buffer") and (tensor.name or "").startswith(prefix):
            return (tensor.kind, (tensor.name or "")[len(prefix) :])
        return ("outside", outside.setdefault(tensor_id, len(outside)))

    content: list[Hashable] = []
    for item in items:
        if isinstance(item, Op):
            args = _without_floats(item.args) if loose else _known_args(item, unknown)
            sources = tuple(place(tensor) for tensor in item.inputs)
            content.append((item.name, args, sources, len(item.outputs), item.in_place))
        else:
            name = item.module[len(prefix) :] if item.module.startswith(prefix) else None
            content.append((keys[item.id], name, tuple(place(t) for t in reads[item.id])))
    made = [t for t in call.outputs if _made_in(graph, call, t)]
    results = tuple(place(tensor) for tensor in made)
    return (call.method, call.failed, tuple(content), results), tuple(outside)


def _made_in(graph: ModelGraph, call: Call, tensor_id: int) -> bool:
    producer = graph.tensors[tensor_id].producer
    return producer is not None and call.start <= producer < call.stop


def _known_args(op: Op, unknown: Mapping[int, frozenset[int]]) -> Hashable:
    """The arguments of an op, without sizes that values decided."""
    sizes = [unknown[tensor] for tensor in op.inputs if tensor in unknown] if unknown else []
    return without_sizes(op.args, frozenset().union(*sizes)) if sizes else _hashable(op.args)


def _hashable(value: Any) -> Hashable:
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value  # type: ignore[no-any-return]


def _without_floats(value: Any) -> Hashable:
    if isinstance(value, (tuple, list)):
        return tuple(_without_floats(part) for part in value)
    return None if isinstance(value, float) else _hashable(value)


# -- modules ------------------------------------------------------------------------------------


def _module_keys(graph: ModelGraph, calls: tuple[int, ...], keys: _Keys) -> dict[str, int]:
    children: dict[str, list[str]] = defaultdict(list)
    for module in graph.modules:
        if module.parent is not None:
            children[module.parent].append(module.path)
    sharing = _sharing(graph)
    result: dict[str, int] = {}
    # A module is listed before its children, so the reversed list meets children first.
    for module in sorted(graph.modules, key=lambda module: -module.depth):
        result[module.path] = keys(
            (
                _own_content(module),
                tuple(sharing.get(module.path, ())),
                tuple((_last(path), result[path]) for path in children.get(module.path, ())),
                tuple(calls[call.id] for call in graph.calls_of(module.path)),
            )
        )
    return result


def _own_content(module: Module) -> Hashable:
    parameters = tuple(
        (p.name, p.shape, p.dtype, p.trainable, p.shared_with is not None, p.packed, p.lazy)
        for p in module.parameters
    )
    buffers = tuple(
        (b.name, b.shape, b.dtype, b.persistent, b.shared_with is not None) for b in module.buffers
    )
    config = module.config
    if _is_stochastic_depth(module):
        config = _NUMBER.sub("#", config)
    return (
        module.qualified_class,
        config,
        parameters,
        buffers,
        module.kernel_size,
        module.shared_with is not None,
    )


def _is_stochastic_depth(module: Module) -> bool:
    """Whether the module drops whole paths, at a rate that by custom grows with the depth.

    The rate is a schedule of the training, not a difference between blocks.
    """
    return not module.parameters and bool(_STOCHASTIC_DEPTH.search(module.class_name))


def _sharing(graph: ModelGraph) -> dict[str, list[tuple[str, str]]]:
    """By the innermost module that holds both places: pairs of places of one shared tensor."""
    result: dict[str, list[tuple[str, str]]] = defaultdict(list)

    def note(place: str, first: str | None) -> None:
        if first is not None:
            owner = _common_parent(place, first)
            cut = len(owner) + 1 if owner else 0
            result[owner].append((place[cut:], first[cut:]))

    for module in graph.modules:
        note(module.path, module.shared_with)
        parts: list[Parameter | Buffer] = [*module.parameters, *module.buffers]
        for part in parts:
            note(f"{module.path}.{part.name}" if module.path else part.name, part.shared_with)
    return result


def _common_parent(a: str, b: str) -> str:
    common = []
    for left, right in zip(a.split(".")[:-1], b.split(".")[:-1], strict=False):
        if left != right:
            break
        common.append(left)
    return ".".join(common)


def _last(path: str) -> str:
    return path.rpartition(".")[2]
