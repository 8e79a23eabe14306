"""Tensor parallelism of experts whose weights are stacked: (experts, features, hidden).

PyTorch has styles for linear layers and embeddings. Of stacked weights each device keeps some of
the features between the two products, and computes with what it has: its input is the same
everywhere, its output a part of a sum, as with ``ColwiseParallel`` before ``RowwiseParallel``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..graph import ModelGraph, Module

if TYPE_CHECKING:
    import torch
    from torch import nn
    from torch.distributed.device_mesh import DeviceMesh


@dataclass(frozen=True, slots=True)
class Experts:
    """A module with stacked weights, and the dimension of each that is split.

    ``features`` are the sizes of these dimensions.
    """

    path: str
    dims: Mapping[str, int]
    features: tuple[int, ...]


def find_experts(graph: ModelGraph) -> Iterator[Experts]:
    """The modules of a graph whose stacked weights can be split."""
    for module in graph.modules:
        if module.shared_with is None and len(module.parameters) > 1:
            found = _stacked(graph, module)
            if found is not None:
                yield found


def _stacked(graph: ModelGraph, module: Module) -> Experts | None:
    shapes = {p.name: p.shape for p in module.parameters}
    calls = graph.calls_of(module.path)
    if not calls or not calls[0].inputs or any(len(shape) != 3 for shape in shapes.values()):
        return None
    hidden = graph.tensors[calls[0].inputs[0]].shape[-1:]
    dims = {}
    for name, (_, *sizes) in shapes.items():
        # Where both dimensions are as large as what goes in, either may be between the products.
        places = [place for place, size in enumerate(sizes, 1) if (size,) != hidden]
        if len(places) != 1:
            return None
        dims[name] = places[0]
    features = tuple(shapes[name][dim] for name, dim in dims.items())
    stacks = {shape[0] for shape in shapes.values()}
    alike = len(stacks) == 1 and max(features) in (min(features), 2 * min(features))
    return Experts(module.path, dims, features) if alike and len(set(dims.values())) == 2 else None


def split_experts(module: nn.Module, devices: DeviceMesh, dims: Mapping[str, int]) -> None:
    """Split the stacked weights of ``module`` along ``dims`` over ``devices``."""
    from torch import nn
    from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor

    names = tuple(dims)
    for name, dim in dims.items():
        whole = module.get_parameter(name)
        part = distribute_tensor(whole, devices, [Shard(dim)])
        module.register_parameter(name, nn.Parameter(part, whole.requires_grad))

    def same(tensor: torch.Tensor) -> torch.Tensor:
        """The tensor, whose gradient is the sum over devices."""
        if not tensor.is_floating_point():
            return tensor
        everywhere = DTensor.from_local(tensor, devices, [Replicate()], run_check=False)
        return everywhere.to_local(grad_placements=[Partial()])

    def before(module: nn.Module, args: Any, kwargs: Any) -> Any:
        for name in names:
            # Found before the parameter is, and gone when the forward is over.
            part: Any = module.get_parameter(name)
            vars(module)[name] = part.to_local()
        return mapped(args, same), mapped(kwargs, same)

    def after(module: nn.Module, args: Any, output: Any) -> Any:
        for name in names:
            vars(module).pop(name)

        def summed(tensor: torch.Tensor) -> torch.Tensor:
            part = DTensor.from_local(tensor, devices, [Partial()], run_check=False)
            return part.redistribute(placements=[Replicate()]).to_local()

        return mapped(output, summed)

    module.register_forward_pre_hook(before, with_kwargs=True)
    module.register_forward_hook(after)


def mapped(value: Any, change: Any) -> Any:
    """A value with each tensor in it changed, in tuples, lists and dicts."""
    if isinstance(value, (tuple, list)):
        return type(value)(mapped(part, change) for part in value)
    if isinstance(value, dict):
        return {key: mapped(part, change) for key, part in value.items()}
    return change(value) if hasattr(value, "is_floating_point") else value
