"""What the tensors are that exist before a forward: parameters, buffers, inputs, constants."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import torch

from ..dotted import join
from .modules import NamedModule
from .recorder import Role
from .torch_internals import buffers_of, parameters_of

# What most attributes of modules are: none of these holds a tensor.
_PLAIN_TYPES = frozenset({type(None), bool, int, float, str, dict, set, OrderedDict})


def roles_of(
    places: Iterable[NamedModule], inputs: Iterable[tuple[str, torch.Tensor]]
) -> dict[int, Role]:
    """Kind and name of each such tensor, by ``id``: all of them outlive the forward."""
    attributes: dict[int, Role] = {}
    owned: dict[int, Role] = {}
    for path, module in places:
        for name, value in vars(module).items():
            if type(value) in _PLAIN_TYPES:
                continue
            parts = [("", value)] if isinstance(value, torch.Tensor) else _listed(value)
            for place, part in parts:
                if isinstance(part, torch.Tensor):
                    attributes.setdefault(id(part), ("constant", join(path, name + place)))
        for name, parameter in parameters_of(module).items():
            if parameter is not None:
                owned.setdefault(id(parameter), ("parameter", join(path, name)))
        for name, buffer in buffers_of(module).items():
            if buffer is not None:
                owned.setdefault(id(buffer), ("buffer", join(path, name)))
    roles = {**attributes, **owned}
    for name, tensor in inputs:
        roles[id(tensor)] = ("input", name)
    return roles


def _listed(value: object) -> list[tuple[str, object]]:
    return [(f".{i}", v) for i, v in enumerate(value)] if isinstance(value, (list, tuple)) else []
