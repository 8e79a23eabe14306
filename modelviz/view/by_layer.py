"""Layers with the light steps around them, in one part each, where a flat model is too large.

A reader of a nested U-Net looks for its fifteen blocks; that each comes after an upsampling and a
concatenation is told on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.items import Step, item_start, item_stop
from ..graph import Call, ModelGraph
from .tree import Part, together


def by_layer(graph: ModelGraph, parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts of one call, each layer with the steps that belong to it alone.

    Those are light ones that are done to its result and keep the shape, and what leads to nothing
    but it: light steps, and a layer that only makes larger what is joined there.
    """
    found: list[list[Part]] = []
    waiting: list[Part] = []
    for part in parts:
        single = _is_single(part)
        if single and not _is_layer(graph, part.items[0]):
            if found and not waiting and _follows(graph, found[-1], part):
                found[-1].append(part)
            else:
                waiting.append(part)
            continue
        grows = found and _grows(graph, found[-1]) and not _grows(graph, [part])
        if single and grows and _is_closed(graph, [*found[-1], *waiting, part]):
            waiting = [*found.pop(), *waiting]
        own = (at for at in range(len(waiting)) if _is_closed(graph, [*waiting[at:], part]))
        first = next(own, len(waiting)) if single else len(waiting)
        found += [*([one] for one in waiting[:first]), [*waiting[first:], part]]
        waiting = []
    found += [[one] for one in waiting]
    return tuple(together(some) if len(some) > 1 else some[0] for some in found)


def layer_of(graph: ModelGraph, part: Part) -> Call | None:
    """The layer that is in a part with the steps around it; None of any other part."""
    layers = [item for item in part.items if _is_layer(graph, item)]
    given = graph.borders(part.start, part.stop)[1]
    last = graph.borders(item_start(part.items[-1]), part.stop)[1]
    if not part.bundle or not layers or not {*given} <= {*last}:
        return None
    *others, only = layers
    if not isinstance(only, Call) or not all(_makes_larger(graph, item) for item in others):
        return None
    return only


def _is_layer(graph: ModelGraph, item: Step) -> bool:
    """Whether an item does more than light work: products of matrices, or a look into a table."""
    return any(
        op.flops or any(_is_table(graph, tensor) for tensor in op.inputs)
        for op in graph.ops[item_start(item) : item_stop(item)]
    )


def _is_table(graph: ModelGraph, tensor: int) -> bool:
    """Whether a tensor is a matrix of parameters, as an embedding has."""
    held = graph.tensors[tensor]
    return held.kind == "parameter" and len(held.shape) == 2


def _is_single(part: Part) -> bool:
    """Whether a part is one item that does not repeat."""
    return len(part.items) == 1 and part.count == 1


def _is_closed(graph: ModelGraph, parts: Sequence[Part]) -> bool:
    """Whether only what the last of these gives is read outside of them."""
    _, given = graph.borders(parts[0].start, parts[-1].stop)
    return {*given} <= {*graph.borders(parts[-1].start, parts[-1].stop)[1]}


def _grows(graph: ModelGraph, parts: Sequence[Part]) -> bool:
    """Whether all that is a layer among these makes larger what it reads, and nothing else."""
    items = [item for part in parts for item in part.items if _is_layer(graph, item)]
    return (
        bool(items)
        and all(map(_is_single, parts))
        and all(_makes_larger(graph, item) for item in items)
    )


def _makes_larger(graph: ModelGraph, item: Step) -> bool:
    """Whether a layer without others in it gives more places than it reads."""
    if not isinstance(item, Call) or item.children:
        return False
    read, given = graph.borders(item.start, item.stop)
    if len(read) != 1 or len(given) != 1:
        return False
    before, after = (graph.tensors[tensor].shape[2:] for tensor in (read[0], given[0]))
    if len(before) != len(after) or before == after:
        return False
    return all(a >= b for a, b in zip(after, before, strict=True))


def _follows(graph: ModelGraph, layer: Sequence[Part], part: Part) -> bool:
    """Whether a light step changes nothing but the values of what a layer alone gives."""
    if not any(_is_layer(graph, one.items[0]) for one in layer) or not _is_single(layer[-1]):
        return False
    given = graph.borders(layer[-1].start, layer[-1].stop)[1]
    read, gives = graph.borders(part.start, part.stop)
    if len(given) != 1 or read != given or len(gives) != 1 or not _is_closed(graph, [*layer, part]):
        return False
    before, after = (graph.tensors[tensor].named_shape for tensor in (given[0], gives[0]))
    return before == after
