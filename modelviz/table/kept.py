"""The graph of a summary, traced anew or kept from the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import finalize

from ..graph import ModelGraph

if TYPE_CHECKING:
    from torch import nn

# By ``id``: a model may compare, and hash, in ways of its own.
_traced: dict[int, tuple[str, ModelGraph]] = {}


def graph_of(
    model: nn.Module | ModelGraph, inputs: Mapping[str, Any], cache: bool, **choices: Any
) -> ModelGraph:
    """The graph of the model, traced unless ``cache`` finds that the same was traced before."""
    if isinstance(model, ModelGraph):
        return model
    from ..tracing import trace
    from ..tracing.modules import describe, walk

    if not cache:
        return trace(model, **inputs, **choices)
    key = repr((_described(inputs), choices, describe(walk(model))))
    known = _traced.get(id(model))
    if known is not None and known[0] == key:
        return known[1]
    graph = trace(model, **inputs, **choices)
    if known is None:
        finalize(model, _traced.pop, id(model), None)
    _traced[id(model)] = (key, graph)
    return graph


def _described(value: Any) -> Any:
    """The value with each tensor replaced by what matters for shapes."""
    if isinstance(value, Mapping):
        return {name: _described(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_described(part) for part in value]
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return (tuple(value.shape), str(value.dtype), str(getattr(value, "device", "")))
    return value
