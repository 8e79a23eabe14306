"""Models that ``fully_shard`` was applied to: copied as they were before, and sharded anew.

FSDP cannot be copied. Its units are, by PyTorch's own engine, made anew on the copy, with what the
caller gave them. Imported where there is such a model alone, since it brings ``torch.distributed``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from math import prod
from typing import Any

import torch
from torch import nn
from torch.distributed.fsdp import CPUOffloadPolicy, fully_shard
from torch.distributed.tensor import DTensor

from ..findings import note
from ..graph import Finding
from ..tracing.distributed_internals import (
    FsdpParameter,
    before_fsdp,
    fsdp_units,
    is_fsdp,
    own_chunk_alone,
    set_fsdp,
)
from ..tracing.modules import NamedModule, walk
from ..tracing.torch_internals import parameters_of
from ..units import bytes_text

Make = Callable[[torch.Size, torch.dtype], torch.Tensor]
"""Makes a fake tensor of a shape and a dtype."""


class Units:
    """The units of FSDP of a model, for a copy of it."""

    def __init__(self, places: Iterable[NamedModule]) -> None:
        self._modules = [module for _, module in places]
        self._units = fsdp_units(self._modules)
        self._whole: dict[int, nn.Parameter] = {}
        self._memo: dict[int, Any] = {}
        self._kept: list[Any] = []

    def memo(self, make: Make) -> dict[int, Any]:
        """For ``deepcopy``: sharded parameters become whole, modules what they were before."""
        for unit in self._units:
            for one in unit.parameters:
                whole = _whole(one, make)
                self._memo.update({id(held): whole for held in one.held})
                self._kept.append(one.held)
        for module in self._modules:
            if is_fsdp(module) and id(module) not in self._memo:
                kind, _ = before_fsdp(module)
                self._memo[id(module)] = kind.__new__(kind)
        return self._memo

    def fill(self, memo: dict[int, Any]) -> None:
        """Give the modules of the copy what the model's own hold."""
        self._memo = memo
        for module in self._modules:
            if is_fsdp(module):
                vars(memo[id(module)]).update(copy.deepcopy(before_fsdp(module)[1], memo))

    def shard(self) -> None:
        """Shard the copy as the model is."""
        mesh = next(u.arguments["mesh"] for u in self._units if "mesh" in u.arguments)
        left = self._left()
        # What is inside another unit first; a unit that is not innermost takes what is left.
        for unit in reversed(self._units):
            modules = [self._twin(module) for module in unit.modules]
            placements = {id(self._memo[id(p.held[0])]): p.placement for p in unit.parameters}
            ignored: set[Any] = {
                parameter
                for module in modules
                for _, inside in walk(module)
                for parameter in parameters_of(inside).values()
                if id(parameter) in left
            }
            arguments: dict[str, Any] = {"mesh": mesh, **unit.arguments}
            if ignored:
                arguments["ignored_params"] = ignored
            with own_chunk_alone():
                fully_shard(
                    modules[0] if len(modules) == 1 else modules,
                    shard_placement_fn=lambda parameter, known=placements: known.get(id(parameter)),
                    **arguments,
                )
        for unit in self._units:
            set_fsdp(self._twin(unit.modules[0]), unit, self._twin)

    def findings(self) -> tuple[Finding, ...]:
        """What of the units a plan does not tell apart."""
        offloaded = sum(
            prod(one.held[0].to_local().shape) * one.held[0].element_size()
            for unit in self._units
            for one in unit.parameters
            if isinstance(unit.arguments.get("offload_policy"), CPUOffloadPolicy)
            and isinstance(one.held[0], DTensor)
        )
        if not offloaded:
            return ()
        message = (
            f"{bytes_text(offloaded)} of parameters, with their gradients and optimizer states, "
            "are kept on the host (CPUOffloadPolicy), and counted as if they were on the device"
        )
        return (note("MV025", message),)

    def _twin(self, module: nn.Module) -> nn.Module:
        twin: nn.Module = self._memo[id(module)]
        return twin

    def _left(self) -> set[int]:
        """The parameters of the copy that no unit of the model shards, by ``id``."""
        sharded = {id(held) for unit in self._units for one in unit.parameters for held in one.held}
        found = (p for module in self._modules for p in parameters_of(module).values())
        plain = {id(p) for p in found if p is not None} - sharded
        return {id(self._memo[one]) for one in plain if one in self._memo}


def _whole(one: FsdpParameter, make: Make) -> nn.Parameter:
    """The parameter as it was before FSDP sharded it."""
    like = one.held[0]
    tensor = make(torch.Size(one.shape), like.dtype)
    if one.mesh is not None:
        shape = torch.Size(one.whole_shape)
        stride = torch.empty(shape, device="meta").stride()
        tensor = DTensor.from_local(
            tensor, one.mesh, one.placements, run_check=False, shape=shape, stride=stride
        )
    return nn.Parameter(tensor, like.requires_grad)
