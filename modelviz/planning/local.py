"""What each device of an axis computes with its own part, between what all of them have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh


def entering(tensor: torch.Tensor, devices: DeviceMesh) -> torch.Tensor:
    """The tensor, which is the same everywhere, and whose gradient is the sum over devices."""
    if not tensor.is_floating_point():
        return tensor
    everywhere = DTensor.from_local(tensor, devices, [Replicate()], run_check=False)
    return everywhere.to_local(grad_placements=[Partial()])


def summed(tensor: torch.Tensor, devices: DeviceMesh, reduction: str = "sum") -> torch.Tensor:
    """The sum of what the devices have, or their mean (``"avg"``)."""
    part = DTensor.from_local(tensor, devices, [Partial(reduction)], run_check=False)
    return part.redistribute(placements=[Replicate()]).to_local()


def gathered(tensor: torch.Tensor, devices: DeviceMesh, dim: int) -> torch.Tensor:
    """The parts of all devices along a dimension."""
    part = DTensor.from_local(tensor, devices, [Shard(dim)], run_check=False)
    return part.redistribute(placements=[Replicate()]).to_local()


def own_part(tensor: torch.Tensor, devices: DeviceMesh, dim: int) -> torch.Tensor:
    """The part of this device along a dimension of a tensor that all have."""
    whole = DTensor.from_local(tensor, devices, [Replicate()], run_check=False)
    return whole.redistribute(placements=[Shard(dim)]).to_local()


def split_parameters(module: nn.Module, devices: DeviceMesh, dims: Mapping[str, int]) -> None:
    """Make the parameters of ``module`` by name distributed, each along a dimension."""
    for name, dim in dims.items():
        whole = module.get_parameter(name)
        part = distribute_tensor(whole, devices, [Shard(dim)])
        module.register_parameter(name, nn.Parameter(part, whole.requires_grad))


def compute_locally(module: nn.Module, names: Iterable[tuple[nn.Module, str]]) -> None:
    """During a forward of ``module``, parameters are what this device has of them."""
    held = tuple(names)

    def before(*given: Any) -> None:
        for holder, name in held:
            # Found before the parameter is, and gone when the forward is over.
            part: Any = holder.get_parameter(name)
            vars(holder)[name] = part.to_local()

    def after(*given: Any) -> None:
        for holder, name in held:
            vars(holder).pop(name, None)

    module.register_forward_pre_hook(before)
    module.register_forward_hook(after, always_call=True)


def mapped(value: Any, change: Any) -> Any:
    """A value with each tensor in it changed, in tuples, lists and dicts."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(part, change) for part in value))
    if isinstance(value, (tuple, list)):
        return type(value)(mapped(part, change) for part in value)
    if isinstance(value, dict):
        return {key: mapped(part, change) for key, part in value.items()}
    return change(value) if isinstance(value, torch.Tensor) else value
