"""Ops and modules that say little about a model: they move no data, or depend on no input."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import Call, ModelGraph, Op

_PICKING = frozenset({"getitem", "__getitem__", "select"})
_QUIET = frozenset(
    {
        "identity", "contiguous", "to", "type", "type_as", "detach", "detach_", "clone", "alias",
        "float", "half", "double", "bfloat16", "int", "long", "bool", "reshape", "reshape_as",
        "view", "view_as", "flatten", "unflatten", "squeeze", "unsqueeze", "expand", "expand_as",
        "permute", "transpose", "t", "T", "mT", "movedim", "moveaxis", "swapaxes", "swapdims",
        "getitem", "__getitem__", "select", "narrow", "chunk", "split", "unbind", "tensor_split",
        "requires_grad_", "empty", "empty_like", "new_empty", "data", "real", "imag", "cpu", "cuda",
    }
)  # fmt: skip


def is_quiet(op: Op) -> bool:
    """Whether an op only renames, reshapes, copies or converts what it is given.

    An op that picks from one tensor what another says is not quiet.
    """
    if op.flops or (op.name in _PICKING and len(op.inputs) > 1):
        return False
    return op.view or op.name in _QUIET


def does_nothing(graph: ModelGraph, call: Call) -> bool:
    """Whether a module gave back what it was given, or ran no op at all."""
    return all(op.name == "identity" for op in graph.ops[call.start : call.stop])


def depending_ops(graph: ModelGraph) -> Sequence[bool]:
    """For each op: whether it depends on an input or a parameter of the model."""
    depends = [False] * len(graph.ops)
    for op in graph.ops:
        for tensor_id in op.inputs:
            tensor = graph.tensors[tensor_id]
            if tensor.producer is None:
                depends[op.id] |= tensor.kind in ("input", "parameter")
            else:
                depends[op.id] |= depends[tensor.producer]
    return depends
