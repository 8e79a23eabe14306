"""The keys and values that a forward hands back for the next one."""

from __future__ import annotations

from collections.abc import Collection

from ..checking.flow import Flow
from ..checking.kinds import ADDS, DROPOUTS, PICKS, PRODUCTS, SCALINGS, TRANSPARENT
from ..graph import ModelGraph, Op

_FUSED = frozenset({"scaled_dot_product_attention", "flex_attention"})
_SOFTMAXES = frozenset({"softmax", "_softmax"})
_ON_THE_WAY = TRANSPARENT | PICKS | DROPOUTS | SCALINGS | {"repeat_interleave", "repeat"}
_BETWEEN = _ON_THE_WAY | ADDS | {"where", "masked_fill", "masked_fill_"}
"""Ops between scores and their softmax: a scale, a mask."""


def cached_tensors(graph: ModelGraph) -> tuple[tuple[int, str], ...]:
    """The outputs that attention reads as keys or values, each with the module that does.

    Only what attention reads through views, repetitions and casts counts: not, for instance, the
    state of a recurrent layer.
    """
    if not graph.outputs:
        return ()
    flow = Flow(graph)
    found: dict[int, str] = {}
    for op in graph.ops:
        for tensor in _read_as_keys_or_values(flow, op):
            output = _output_behind(flow, tensor, found)
            if output is not None:
                found.setdefault(output, flow.path(op))
    return tuple(sorted(found.items()))


def _read_as_keys_or_values(flow: Flow, op: Op) -> tuple[int, ...]:
    if op.name in _FUSED:
        return op.inputs[1:3]
    if op.name in _SOFTMAXES and op.inputs:
        product = flow.source(op.inputs[0], _BETWEEN)
        if product is not None and product.name in PRODUCTS:
            return product.inputs[:2]
    if op.name in PRODUCTS and op.inputs:
        weights = flow.source(op.inputs[0], _ON_THE_WAY)
        if weights is not None and weights.name in _SOFTMAXES:
            return op.inputs[1:2]
    return ()


def _output_behind(flow: Flow, tensor: int, found: Collection[int]) -> int | None:
    """The output that has this data, looking back through views and repetitions.

    An output may also be another view of what is read; then it is one that was not ``found`` yet.
    """
    outputs = flow.graph.outputs
    views: list[int] = []
    current: int | None = tensor
    while current is not None:
        if current in outputs:
            return current
        views.append(current)
        made_by = flow.producer(current)
        if made_by is None or made_by.name not in _ON_THE_WAY:
            break
        data = flow.data(made_by)
        current = data[0] if data else None
    for read in map(flow.tensor, views):
        for output in outputs:
            other = flow.tensor(output)
            if (other.storage, other.bytes) == (read.storage, read.bytes) and output not in found:
                return output
    return None
