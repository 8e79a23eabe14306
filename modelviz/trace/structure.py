"""Tensors inside what a module takes and returns: containers, dataclasses, custom objects."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import torch
from torch._C._functorch import get_unwrapped, is_functorch_wrapped_tensor

# A custom object (a cache, a graph batch) is looked into, but never without end.
_MAX_VISITS = 512
_MAX_DEPTH = 6

_ATOMS = (
    str,
    bytes,
    int,
    float,
    complex,
    type(None),
    type,
    FunctionType,
    MethodType,
    BuiltinFunctionType,
    ModuleType,
    torch.nn.Module,
    torch.dtype,
    torch.device,
    torch.Generator,
    torch.Size,
)


def unwrapped(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor that holds the data: inside ``vmap`` and ``grad``, below the wrappers."""
    while is_functorch_wrapped_tensor(tensor):
        tensor = get_unwrapped(tensor)
    return tensor


def shallow_tensors(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in a function's result or arguments: nested tuples, lists and dicts."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from shallow_tensors(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from shallow_tensors(part)


def tensors(value: Any) -> list[torch.Tensor]:
    """The tensors anywhere in ``value``, each object once, in order."""
    return [tensor for _, tensor in named_tensors(value)]


def named_tensors(value: Any, name: str = "") -> list[tuple[str, torch.Tensor]]:
    """The tensors anywhere in ``value`` with their places, such as ``[0].logits``."""
    if isinstance(value, torch.Tensor):
        return [(name, value)]
    found: list[tuple[str, torch.Tensor]] = []
    seen: set[int] = set()
    _collect(value, name, 0, seen, found)
    return found


def _collect(
    value: Any, name: str, depth: int, seen: set[int], found: list[tuple[str, torch.Tensor]]
) -> None:
    if isinstance(value, _ATOMS) or id(value) in seen or depth > _MAX_DEPTH:
        return
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        found.append((name, value))
        return
    if len(seen) > _MAX_VISITS and not isinstance(value, (tuple, list, dict)):
        return
    for place, part in _parts(value):
        _collect(part, name + place, depth + 1, seen, found)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        for field in value._fields:
            yield f".{field}", getattr(value, field)
    elif isinstance(value, (tuple, list)):
        for index, part in enumerate(value):
            yield f"[{index}]", part
    elif isinstance(value, Mapping):
        for key in value:
            yield (f".{key}" if isinstance(key, str) else f"[{key!r}]"), value[key]
    elif dataclasses.is_dataclass(value):
        for item in dataclasses.fields(value):
            yield f".{item.name}", getattr(value, item.name, None)
    elif isinstance(value, (set, frozenset)):
        return
    else:
        attributes = getattr(value, "__dict__", None)
        if isinstance(attributes, dict):
            for key, part in list(attributes.items()):
                yield f".{key}", part


def replaced(value: Any, swap: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """``value`` with each of its tensors swapped; containers are copied only when needed.

    Looks into the containers whose parts can be replaced without a side effect (tuples, lists,
    dicts, dataclasses); anything else comes back as it is.
    """
    if isinstance(value, torch.Tensor):
        return swap(value)
    if type(value) in (tuple, list):
        parts = [replaced(part, swap) for part in value]
        changed = any(new is not old for new, old in zip(parts, value, strict=True))
        return type(value)(parts) if changed else value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = [replaced(part, swap) for part in value]
        changed = any(new is not old for new, old in zip(parts, value, strict=True))
        return type(value)(*parts) if changed else value
    if isinstance(value, dict):
        pairs = {key: replaced(part, swap) for key, part in value.items()}
        changes = {key: part for key, part in pairs.items() if part is not value[key]}
        if not changes:
            return value
        result = copy(value)
        for key, part in changes.items():
            result[key] = part
        return result
    return value
