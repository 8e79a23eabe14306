"""What the tensors are that exist before a forward: parameters, buffers, inputs, constants."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import torch

from ..dotted import join
from .following import Role
from .modules import NamedModule
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
        state = vars(module)
        bare = _PLAIN_TYPES.issuperset(map(type, state.values()))
        for name, value in () if bare else state.items():
            kind = type(value)
            if kind in _PLAIN_TYPES:
                continue
            # Most are sizes, such as those of a kernel.
            if kind is tuple and _PLAIN_TYPES.issuperset(map(type, value)):
                continue
            if isinstance(value, torch.Tensor):
                attributes.setdefault(id(value), ("constant", join(path, name)))
            elif isinstance(value, (list, tuple)):
                for place, part in enumerate(value):
                    if isinstance(part, torch.Tensor):
                        place_name = join(path, f"{name}.{place}")
                        attributes.setdefault(id(part), ("constant", place_name))
        inside = f"{path}." if path else ""
        for name, parameter in parameters_of(module).items():
            if parameter is not None:
                owned.setdefault(id(parameter), ("parameter", inside + name))
        for name, buffer in buffers_of(module).items():
            if buffer is not None:
                owned.setdefault(id(buffer), ("buffer", inside + name))
    roles = {**attributes, **owned}
    for name, tensor in inputs:
        roles[id(tensor)] = ("input", name)
    return roles
