"""The weights inside the packed objects that quantized modules hold instead of parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch


def is_packed(value: Any) -> bool:
    """Whether ``value`` is an object of torch's own that may hold packed weights."""
    return type(value) is torch.ScriptObject


def packing_of(tensor: torch.Tensor) -> str | None:
    """In how many bits a quantized tensor stores a value: ``8-bit``; None if it is not one."""
    if not tensor.is_quantized or not tensor.numel():
        return None
    return f"{round(8 * tensor.untyped_storage().nbytes() / tensor.numel())}-bit"


def packed_tensors(value: torch.ScriptObject) -> Iterator[tuple[str, torch.Tensor]]:
    """Each tensor packed in ``value`` with its name: ``weight``, ``bias``, ``0`` …"""
    unpack = getattr(value, "unpack", None)
    if unpack is not None:
        held = unpack()
        # An embedding has no bias, and gives its weight by itself.
        held = (held,) if isinstance(held, torch.Tensor) else held
        for name, tensor in zip(("weight", "bias"), held, strict=False):
            if isinstance(tensor, torch.Tensor):
                yield name, _as_stored(value, tensor) if name == "weight" else tensor
        return
    # Recurrent cells give their weights only as the state that pickling would write.
    get_state = getattr(value, "__getstate__", None)
    if get_state is not None:
        yield from _in_state("", get_state())


def _as_stored(value: torch.ScriptObject, weight: torch.Tensor) -> torch.Tensor:
    """The weight of ``value`` in the type that it is packed in.

    A quantized layer whose weight is no quantized tensor holds it in half precision, and gives it
    in float32.
    """
    quantized = ".quantized." in value._type().qualified_name()
    return weight.half() if quantized and weight.dtype is torch.float32 else weight


def _in_state(name: str, state: Any) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(state, torch.Tensor):
        yield name, state
    elif is_packed(state):
        # The bias stands beside it in the state.
        yield from ((f"{name}.{part}", t) for part, t in packed_tensors(state) if part == "weight")
    elif isinstance(state, (list, tuple)):
        for index, part in enumerate(state):
            yield from _in_state(f"{name}.{index}" if name else str(index), part)
