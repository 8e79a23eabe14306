"""What each device of an axis computes with its own part, between what all of them have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh

    from .beside import Beside

Change = Callable[[Any], torch.Tensor]


def entering(tensor: torch.Tensor, devices: DeviceMesh) -> torch.Tensor:
    """The tensor, which is the same everywhere, and whose gradient is the sum over devices."""
    if not tensor.is_floating_point():
        return tensor
    everywhere = DTensor.from_local(tensor, devices, [Replicate()], run_check=False)
    return everywhere.to_local(grad_placements=[Partial()])


def summed(tensor: torch.Tensor, devices: DeviceMesh) -> torch.Tensor:
    """The sum of what the devices have."""
    part = DTensor.from_local(tensor, devices, [Partial()], run_check=False)
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


def compute_with(module: nn.Module, names: Iterable[tuple[nn.Module, str]], change: Change) -> None:
    """During a forward of ``module``, parameters of modules are what ``change`` makes of them."""
    hooks = _InPlaceOf(tuple(names), change)
    module.register_forward_pre_hook(hooks.before)
    module.register_forward_hook(hooks.after, always_call=True)


class _InPlaceOf:
    """Hooks that put something in the place of parameters. In a copy of a model, of the copy's."""

    def __init__(self, held: tuple[tuple[nn.Module, str], ...], change: Change) -> None:
        self._held = held
        self._change = change

    def before(self, *given: Any) -> None:
        """As the forward begins."""
        for holder, name in self._held:
            # Found before the parameter is, and gone when the forward is over.
            vars(holder)[name] = self._change(holder.get_parameter(name))

    def after(self, *given: Any) -> None:
        """When it is over."""
        for holder, name in self._held:
            vars(holder).pop(name, None)


def own(parameter: Any) -> torch.Tensor:
    """What this device has of a distributed parameter."""
    part: torch.Tensor = parameter.to_local()
    return part


def sum_gradients(
    model: nn.Module, devices: DeviceMesh, owner: nn.Module, beside: Iterable[Beside]
) -> None:
    """The gradients of what meets what is split in ``owner`` are the sums over devices."""
    held = []
    pieces: dict[str, list[Beside]] = {}
    for one in beside:
        path, _, name = one.path.rpartition(".")
        if one.size:
            pieces.setdefault(one.path, []).append(one)
        else:
            held.append((model.get_submodule(path), name))
    if held:
        compute_with(owner, held, lambda parameter: entering(parameter, devices))
    for path, some in pieces.items():
        model.get_submodule(path).register_forward_hook(_entering_pieces(some, devices))


def _entering_pieces(pieces: list[Beside], devices: DeviceMesh) -> Any:
    chosen = {(one.start, one.size) for one in pieces}

    def after(module: nn.Module, given: Any, made: torch.Tensor) -> torch.Tensor:
        width = made.shape[-1]
        if chosen == {(0, width)}:
            return entering(made, devices)
        ends = sorted({0, width, *(n for start, size in chosen for n in (start, start + size))})
        parts = made.split([b - a for a, b in pairwise(ends)], -1)
        return torch.cat(
            [
                entering(part, devices)
                if any(start <= a < start + size for start, size in chosen)
                else part
                for a, part in zip(ends, parts, strict=False)
            ],
            -1,
        )

    return after
