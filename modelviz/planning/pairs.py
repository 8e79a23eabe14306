"""Which layers tensor parallelism splits, found by the flow of data in a graph.

Layers whose outputs are split (columns of ``x @ weight.T``) and a layer that takes what they give
split (rows) belong together: between them no device needs what another one has. That holds where
nothing but ops on single elements is between them, and where attention is, whose heads know
nothing of each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..graph import ModelGraph, Op
from ..places import place_text
from .attention import find_attention
from .beside import find_beside
from .experts import find_experts
from .flow import LayerFlow, changes_elements, innermost
from .groups import Group, Split

_RESHAPES = ("view", "reshape", "flatten", "unsqueeze", "squeeze", "unflatten")


def find_split(graph: ModelGraph) -> Split:
    """What tensor parallelism can split in the model that ``graph`` is of."""
    flow = LayerFlow(graph)
    attention, refused = find_attention(flow)
    taken = {path for group in attention for path in group.layers}
    found, alone = _wide(flow)
    wide = [group for group in found if taken.isdisjoint(group.layers)]
    groups = []
    for group in _once([*attention, *wide]):
        beside = find_beside(flow, group.columns, group.rows, group.counts)
        if isinstance(beside, str):
            refused[group.columns[0]] = beside
        else:
            groups.append(replace(group, beside=beside))
    inside = {path for group in groups for path in group.layers}
    heads = tuple(path for path in _heads(flow) if path not in inside)
    told = tuple((path, why) for path, why in refused.items() if path not in inside)
    return Split(
        tuple(groups), tuple(_embeddings(flow)), heads, tuple(find_experts(graph)), told, alone
    )


# -- layers with elementwise ops between them -----------------------------------------------------


@dataclass
class _Region:
    """Layers whose outputs meet in elementwise ops, those that take it, and what else does.

    ``open`` says what else, None where that is all. ``parts`` are the sizes into which what the one
    layer gives is taken apart, by where they begin.
    """

    columns: set[int]
    rows: set[int] = field(default_factory=set)
    parts: dict[int, int] = field(default_factory=dict)
    open: str | None = None

    def opened(self, why: str) -> None:
        """What is split is needed whole: ``why``."""
        self.open = self.open or why


def _wide(flow: LayerFlow) -> tuple[list[Group], dict[str, str]]:
    """The groups, and the layers that are in none, each with the reason."""
    done: set[int] = set()
    groups: list[Group] = []
    alone: dict[str, str] = {}
    for start in flow.linears:
        if start in done:
            continue
        region = _region(flow, start)
        done |= region.columns
        why = region.open
        if why is None and not region.rows:
            why = "no linear layer takes what it gives"
        if why is None and region.columns & region.rows:
            why = "it takes what it gives itself"
        if why is None:
            found = _group(flow, region)
            if found is not None:
                groups.append(found)
                continue
            why = "what it gives is taken apart in unequal parts"
        alone |= {flow.linears[one]: why for one in region.columns}
    return groups, alone


def _needs(op: Op) -> str:
    where = place_text(op.file, op.line)
    return f"{op.name}{f' ({where})' if where else ''} needs all that it gives at once"


def _region(flow: LayerFlow, start: int) -> _Region:
    region = _Region({start})
    waiting = flow.outputs(start)
    split: set[int] = set(waiting)
    while waiting:
        tensor = waiting.pop()
        read = tensor not in flow.graph.outputs and bool(flow.readers[tensor])
        if not read:
            region.opened("what it gives leaves the model, or nothing takes it")
        for reader in flow.readers[tensor]:
            row = flow.linear_of(reader)
            if row is not None:
                region.rows.add(row)
                continue
            beyond = _beyond(flow, flow.graph.ops[reader], tensor, split, region)
            if beyond is None:
                region.opened(_needs(flow.graph.ops[reader]))
                continue
            for found in beyond:
                if found not in split:
                    split.add(found)
                    waiting.append(found)
    return region


def _beyond(
    flow: LayerFlow, op: Op, tensor: int, split: set[int], region: _Region
) -> list[int] | None:
    """The tensors that are split as well where ``op`` takes ``tensor``; None if it needs it whole.

    What is found of layers and their parts goes into ``region``.
    """
    shape = flow.tensor(tensor).shape
    pieces = flow.pieces(op, tensor)
    if pieces:
        region.parts |= {start: size for _, start, size in pieces}
        return [found for found, _, _ in pieces]
    if op.name == "glu" and flow.tensor(op.outputs[0]).shape[-1] * 2 == shape[-1]:
        half = shape[-1] // 2
        region.parts |= {0: half, half: half}
        return list(op.outputs)
    if op.name in _RESHAPES and op.view:
        kept = flow.tensor(op.outputs[0]).shape[-1:] == shape[-1:]
        return list(op.outputs) if kept else None
    others = _others(flow, op, split)
    if others is None:
        return None
    region.columns |= others[0]
    return [*others[1], *op.outputs]


def _others(flow: LayerFlow, op: Op, split: set[int]) -> tuple[set[int], list[int]] | None:
    """The layers behind the other inputs of an elementwise op, and what lies between.

    None where the op does more than change each element by itself.
    """
    shapes = [flow.tensor(t).shape for t in op.outputs]
    if not changes_elements(op.name) or len(shapes) != 1:
        return None
    columns: set[int] = set()
    between: list[int] = []
    waiting = [t for t in op.inputs if t not in split]
    while waiting:
        tensor = flow.tensor(waiting.pop())
        if not tensor.shape or tensor.shape[-1] == 1:
            continue
        linear = flow.linear_of(tensor.producer)
        if linear is not None:
            columns.add(linear)
            between.append(tensor.id)
            continue
        before = flow.graph.producer(tensor.id)
        if before is None or not changes_elements(before.name) or tensor.shape != shapes[0]:
            return None
        between.append(tensor.id)
        waiting += [t for t in before.inputs if t not in split]
    return columns, between


def _group(flow: LayerFlow, region: _Region) -> Group | None:
    """The group of a region; None where what a layer gives is not taken apart evenly."""
    first = tuple(dict.fromkeys(flow.linears[one] for one in sorted(region.columns)))
    last = tuple(dict.fromkeys(flow.linears[one] for one in sorted(region.rows)))
    features = tuple(map(flow.features, first))
    parts = tuple(size for _, size in sorted(region.parts.items()))
    if parts and (len(first) > 1 or len(set(parts)) > 1 or sum(parts) != features[0]):
        return None
    layers = (*first, *last)
    turned = tuple(path for path in layers if flow.transposed(path))
    every = (parts,) if parts else ((),) * len(first)
    return Group("wide", innermost(layers), first, last, features, (), every, turned)


# -- tokens and logits ----------------------------------------------------------------------------


def _embeddings(flow: LayerFlow) -> Iterator[str]:
    given = set(flow.graph.inputs)
    for path, calls in flow.calls.items():
        module = flow.graph.module(path)
        if module.qualified_class != "torch.nn.modules.sparse.Embedding":
            continue
        ops = [flow.graph.ops[i] for call in calls for i in call.ops]
        if any(flow.source(tensor) in given for op in ops for tensor in op.inputs):
            yield path


def _heads(flow: LayerFlow) -> Iterator[str]:
    """The linear layers whose output no other linear layer takes, and which widens."""
    shared = {p.shared_with for module in flow.graph.modules for p in module.parameters}
    for path in flow.linears.values():
        module = flow.graph.module(path)
        if module.qualified_class != "torch.nn.modules.linear.Linear":
            continue
        weight = next(p for p in module.parameters if p.name == "weight")
        tied = weight.shared_with is not None or f"{path}.weight" in shared
        if not (tied or weight.shape[0] >= weight.shape[1]):
            continue
        if len(flow.calls[path]) == 1 and not flow.linears_after(flow.calls[path][0].outputs):
            yield path


def _once(groups: list[Group]) -> list[Group]:
    """The groups, each once, without those that want a layer that an earlier one has."""
    found: dict[tuple[str, ...], Group] = {}
    taken: set[str] = set()
    for group in groups:
        if group.layers not in found and taken.isdisjoint(group.layers):
            found[group.layers] = group
            taken |= set(group.layers)
    return list(found.values())
