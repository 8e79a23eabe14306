"""Ops and modules that say little about a model: they move no data, or hand on what they got."""

from __future__ import annotations

from ..graph import Call, ModelGraph, Module, Op

_PICKING = frozenset({"getitem", "select"})
_QUIET = frozenset(
    {
        "identity", "contiguous", "to", "type", "type_as", "detach", "detach_", "clone", "alias",
        "float", "half", "double", "bfloat16", "int", "long", "bool", "reshape", "reshape_as",
        "view", "view_as", "flatten", "unflatten", "squeeze", "unsqueeze", "expand", "expand_as",
        "permute", "transpose", "t", "T", "mT", "movedim", "moveaxis", "swapaxes", "swapdims",
        "getitem", "select", "narrow", "chunk", "split", "unbind", "tensor_split",
        "requires_grad_", "empty", "empty_like", "new_empty", "data", "real", "imag", "cpu", "cuda",
    }
)  # fmt: skip
_ONE_STEP = 12
"""More ops than this are no single layer, however few of them say something."""


def is_trivial(op: Op) -> bool:
    """Whether an op only renames, reshapes, copies or converts what it is given.

    An op that picks from one tensor what another says is not quiet.
    """
    if op.flops or (op.name in _PICKING and len(op.inputs) > 1):
        return False
    return op.view or op.name in _QUIET


def does_nothing(graph: ModelGraph, call: Call) -> bool:
    """Whether a module gave back what it was given, or ran no op at all."""
    return all(op.name == "identity" for op in graph.ops[call.start : call.stop])


def is_one_step(graph: ModelGraph, module: Module, call: Call) -> bool:
    """Whether a module is one layer to a reader: one op applies its weights, with little around.

    Modules that it calls hold no weights of their own: a normalisation with its activation.
    """
    if not module.parameters or call.failed:
        return False
    ops = graph.ops[call.start : call.stop]
    if len(ops) > _ONE_STEP:
        return False
    readers = [op for op in ops if any(graph.tensors[t].kind == "parameter" for t in op.inputs)]
    if len(readers) != 1 or readers[0].call != call.id:
        return False
    return sum(not is_trivial(op) for op in ops if op is not readers[0] and not op.in_place) <= 2
