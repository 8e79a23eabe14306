"""The graph of what was planned: local shapes beside global ones, and figures by module.

What is put on the graph is drawn, tabled, saved and compared as every other figure is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from ..graph import Call, Measure, ModelGraph, Module, NamedShape, Parameter
from ..graph.local import both, local_dims
from .mesh import CallShapes, Shapes, Shard, Spread

if TYPE_CHECKING:
    from .result import Plan

PEAK, WEIGHTS, SENT = "at the peak", "weights", "sent"


def planned_graph(plan: Plan, graph: ModelGraph) -> ModelGraph:
    """``graph``, that of the plan's forward, with what the plan says of modules and shapes."""
    spread = plan.spread
    if spread is not None:
        shards = {shard.path: shard for shard in spread.shards}
        graph = replace(graph, modules=tuple(_modules(graph, shards)))
        if spread.mesh is not None:
            graph = _with_local_shapes(graph, spread, shards)
    paths = {module.path for module in graph.modules}
    for name, unit, values in _figures(plan):
        known: dict[str, float] = {}
        for path, value in values:
            for above in _around(path if path in paths else ""):
                known[above] = known.get(above, 0) + value
        if known:
            graph = replace(graph, measures=(*graph.measures, _measure(name, unit, known)))
    return graph


def picture_title(plan: Plan) -> str | None:
    """``Language on one of 8 devices (dp=4, tp=2)``; None for a plan of one device."""
    mesh = None if plan.spread is None else plan.spread.mesh
    return None if mesh is None else f"{plan.name} on one of {mesh.devices:,} devices ({mesh})"


def _measure(name: str, unit: str, known: Mapping[str, float]) -> Measure:
    return Measure(name, unit, tuple(sorted(known.items())))


_Figure = tuple[str, str, list[tuple[str, float]]]
"""A name, a unit, and numbers of modules, by path."""


def _figures(plan: Plan) -> Iterator[_Figure]:
    held = [(one.path or "", one.bytes) for one in plan.holders if one.category != "inputs"]
    yield PEAK, "B", list(held)
    if plan.spread is None:
        return
    yield WEIGHTS, "B", [(one.path.rpartition(".")[0], one.bytes) for one in plan.shards]
    yield SENT, "B", [(owner(one.path), one.wire_bytes) for one in plan.collectives]
    for kind, axis in dict.fromkeys((one.kind, one.axis) for one in plan.collectives):
        those = [one for one in plan.collectives if (one.kind, one.axis) == (kind, axis)]
        yield f"{kind}, {axis}", "B", [(owner(one.path), one.wire_bytes) for one in those]
        yield f"{kind}s, {axis}", "", [(owner(one.path), one.count) for one in those]


def owner(path: str | None) -> str:
    """The module that a collective is for: that around all, where it is for several at once."""
    names = [name.split(".") for name in (path or "").split(", ")]
    common = []
    for parts in zip(*names, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return ".".join(common)


def _around(path: str) -> Iterator[str]:
    """A path and those of the modules around it."""
    while path:
        yield path
        path = path.rpartition(".")[0]
    yield ""


# -- shapes ---------------------------------------------------------------------------------------


def _modules(graph: ModelGraph, shards: Mapping[str, Shard]) -> Iterator[Module]:
    for module in graph.modules:
        start = f"{module.path}." if module.path else ""
        own = tuple(_parameter(p, shards.get(f"{start}{p.name}")) for p in module.parameters)
        yield module if own == module.parameters else replace(module, parameters=own)


def _parameter(parameter: Parameter, shard: Shard | None) -> Parameter:
    if shard is None or shard.shape != parameter.shape:
        return parameter
    dims = local_dims(shard.shape, shard.local_shape)
    return replace(parameter, dims=dims, bytes=shard.bytes)


def _with_local_shapes(
    graph: ModelGraph, spread: Spread, shards: Mapping[str, Shard]
) -> ModelGraph:
    """The graph with both sizes of what calls take and give, where they differ."""
    found: dict[int, NamedShape | None] = {}
    for tensor in graph.tensors:
        shard = shards.get(tensor.name or "") if tensor.kind == "parameter" else None
        if shard is not None and shard.shape == tensor.shape:
            dims = local_dims(shard.shape, shard.local_shape)
            found[tensor.id] = dims
    for call in graph.calls:
        seen = spread.calls.get(call.module, ())
        if call.index < len(seen):
            found.update(_dims(graph, call, seen[call.index]))
    first = next((t for t in graph.inputs if graph.tensors[t].shape), None)
    if first is not None and spread.mesh is not None and spread.mesh.batches > 1:
        batch, *rest = graph.tensors[first].shape
        found[first] = (both(batch * spread.mesh.batches, batch), *rest)
    tensors = tuple(replace(t, dims=found[t.id]) if t.id in found else t for t in graph.tensors)
    return replace(graph, tensors=tensors)


_Pair = tuple[tuple[int, ...], Shapes]
"""Tensors of a graph, and their shapes on one device."""


def _op_shapes(graph: ModelGraph, call: Call, seen: CallShapes) -> Iterator[_Pair]:
    """What the ops of a call give: as functions of the same names, in the same order, gave it.

    Between them may be what spreads a module over devices, which the graph of the whole lacks.
    """
    ops = [graph.ops[op] for op in call.ops]
    names = [name for name, _ in seen.functions]
    for run in SequenceMatcher(None, [op.name for op in ops], names, False).get_matching_blocks():
        for place in range(run.size):
            yield ops[run.a + place].outputs, seen.functions[run.b + place][1]


def _dims(
    graph: ModelGraph, call: Call, seen: CallShapes
) -> Iterator[tuple[int, NamedShape | None]]:
    """The tensors of a call with both shapes, None for those that have the same on one device."""
    pairs = [*_op_shapes(graph, call, seen), (call.inputs, seen.given), (call.outputs, seen.made)]
    for tensors, shapes in pairs:
        if len(tensors) != len(shapes):
            continue
        for tensor, local in zip(tensors, shapes, strict=True):
            yield tensor, local_dims(graph.tensors[tensor].shape, local)
