"""What stands around a forward: tensors in the attributes of modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ..dotted import join
from ..tracing.modules import NamedModule
from ..tracing.structure import tensors
from ..tracing.torch_internals import DisableTorchFunction, buffers_of
from .hidden import plain_attributes


def tensors_with_history(places: list[NamedModule]) -> dict[int, tuple[str, torch.Tensor]]:
    """The tensors in attributes and buffers that autograd has a history of, by ``id``."""
    found: dict[int, tuple[str, torch.Tensor]] = {}
    with DisableTorchFunction():  # who watches the forward is not to see what is asked here
        for path, module in places:
            for name, value in (*plain_attributes(module), *buffers_of(module).items()):
                for tensor in tensors(value) if not isinstance(value, nn.Module) else ():
                    if tensor.grad_fn is not None:
                        found[id(tensor)] = (join(path, name), tensor)
    return found


def brought_along(places: list[NamedModule]) -> set[int]:
    """The ``id``s of tensors in attributes that ``model.to()`` does move, in a method of its own.

    Metrics and Gaussian processes have an ``_apply`` for theirs; or the ``to`` of the model itself
    names them.
    """
    found: set[int] = set()
    for path, module in places:
        kind = type(module)
        own: list[Any] = [kind._apply] if path else [kind._apply, kind.to]
        own = [method for method in own if not method.__module__.startswith("torch.")]
        names = {name for method in own for name in _names_in(method)}
        for name, value in plain_attributes(module):
            if not isinstance(value, nn.Module) and not names.isdisjoint((name, "setattr")):
                found.update(map(id, tensors(value)))
    return found


def _names_in(method: Any) -> tuple[str, ...]:
    return getattr(getattr(method, "__code__", None), "co_names", ())


def attribute_tensors(places: list[NamedModule], owned: set[int]) -> Mapping[int, str]:
    """The name of each tensor that a module holds as a plain attribute, by ``id``."""
    found: dict[int, str] = {}

    def look(value: Any, name: str, depth: int) -> None:
        if isinstance(value, torch.Tensor):
            if id(value) not in owned:
                found.setdefault(id(value), name)
        elif depth and isinstance(value, (list, tuple)):
            for position, part in enumerate(value):
                look(part, f"{name}[{position}]", depth - 1)
        elif depth and isinstance(value, dict):
            for key, part in value.items():
                look(part, f"{name}[{key!r}]", depth - 1)

    for path, module in places:
        for name, value in plain_attributes(module):
            look(value, join(path, name), 2)
    return found
