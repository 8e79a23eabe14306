"""Sizes that values decide: how many tokens an expert gets, how many elements a mask keeps."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from ..graph import ModelGraph, Op

_FINDING = frozenset({"nonzero", "argwhere", "masked_select", "unique", "unique_consecutive"})
_PICKING = frozenset({"getitem", "__getitem__", "index"})
_PERHAPS = _FINDING | _PICKING | {"where", "repeat_interleave"}
UNKNOWN = "?"


def unknown_sizes(graph: ModelGraph) -> Mapping[int, frozenset[int]]:
    """By tensor: those of its sizes that follow from values, where there are any.

    They begin at an op that finds or picks by value, and go along with what is computed from it.
    """
    found: dict[int, frozenset[int]] = {}
    for op in graph.ops:
        sizes: frozenset[int] = frozenset()
        if _by_value(graph, op):
            shapes = [graph.tensors[out].shape for out in op.outputs]
            sizes = frozenset(shape[0] for shape in shapes if shape)
        elif found:
            sizes = sizes.union(*(found[t] for t in op.inputs if t in found))
        if sizes:
            for out in op.outputs:
                kept = sizes.intersection(graph.tensors[out].shape)
                if kept:
                    found[out] = kept
    return found


def has_unknown_sizes(graph: ModelGraph) -> bool:
    """Whether values decide a size of any tensor, which Python code may ask for."""
    perhaps = [op for op in graph.ops if op.name in _PERHAPS]
    return any([_by_value(graph, op) for op in perhaps])


def without_sizes(value: Any, sizes: frozenset[int]) -> Hashable:
    """An argument with the sizes in it left out."""
    if isinstance(value, (tuple, list)):
        return tuple(without_sizes(part, sizes) for part in value)
    if type(value) is int and value in sizes:
        return UNKNOWN
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value  # type: ignore[no-any-return]


def _by_value(graph: ModelGraph, op: Op) -> bool:
    """Whether the values of what an op reads decide how large its result is."""
    if op.name in _FINDING:
        return True
    if op.name == "where":
        # With one argument it says where something is; with three it chooses.
        return len(op.inputs) == 1 and not op.args
    if op.name == "repeat_interleave":
        return len(op.inputs) > 1
    masks = (graph.tensors[tensor].dtype for tensor in op.inputs[1:])
    return op.name in _PICKING and any(dtype in ("bool", "uint8") for dtype in masks)
