"""Inputs that a captured model has on record: exported, traced by fx or by TorchScript."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from ..tracing.names import dtype_name
from .arguments import needed
from .proposal import InputProposal


def recorded(model: nn.Module) -> list[InputProposal]:
    """The inputs that the model was captured with; empty where it has not kept all of them."""
    facts, names = list(_facts(model)), _names(model)
    if not facts or len(facts) != len(names) or None in facts or _nested(model, len(facts)):
        return []
    return [
        InputProposal(name, shape, dtype, "the model was captured with it")
        for name, (shape, dtype) in zip(names, filter(None, facts), strict=True)
    ]


def _nested(model: nn.Module, count: int) -> bool:
    """Whether an exported model takes tensors inside containers."""
    spec = vars(model).get("_in_spec")
    if spec is None:
        return False
    args, kwargs = spec.unflatten(range(count))
    return any(type(value) is not int for value in (*args, *kwargs.values()))


def _names(model: nn.Module) -> list[str]:
    if isinstance(model, torch.jit.ScriptModule) and hasattr(model, "forward"):
        method: Any = model.forward
        return [argument.name for argument in method.schema.arguments[1:]]
    return list(needed(model))


def _facts(model: nn.Module) -> Iterator[tuple[tuple[int, ...], str] | None]:
    """The shape and dtype of each input; None where they are not known."""
    if isinstance(model, torch.fx.GraphModule):
        for node in model.graph.nodes:
            if node.op == "placeholder":
                yield _of(node.meta.get("val", node.meta.get("tensor_meta")))
    elif isinstance(model, torch.jit.ScriptModule) and hasattr(model, "forward"):
        for value in list(model.graph.inputs())[1:]:  # the first is the module itself
            kind: Any = value.type()
            known = kind.kind() == "TensorType" and kind.sizes() is not None
            yield (tuple(kind.sizes()), dtype_name(kind.dtype())) if known else None


def _of(meta: Any) -> tuple[tuple[int, ...], str] | None:
    shape, dtype = getattr(meta, "shape", None), getattr(meta, "dtype", None)
    if shape is None or dtype is None:
        return None
    # A size that may vary has the number that it was captured with as its hint.
    sizes = [size if isinstance(size, int) else size.node.hint for size in shape]
    return None if None in sizes else (tuple(map(int, sizes)), dtype_name(dtype))
