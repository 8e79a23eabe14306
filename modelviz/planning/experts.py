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
from ..tracing.structure import replaced

if TYPE_CHECKING:
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
    from .local import compute_with, entering, own, split_parameters, summed

    split_parameters(module, devices, dims)
    compute_with(module, [(module, name) for name in dims], own)

    def before(module: nn.Module, args: Any, kwargs: Any) -> Any:
        given = replaced((args, kwargs), lambda tensor: entering(tensor, devices))
        return given[0], given[1]

    def after(module: nn.Module, args: Any, output: Any) -> Any:
        return replaced(output, lambda tensor: summed(tensor, devices))

    module.register_forward_pre_hook(before, with_kwargs=True)
    module.register_forward_hook(after)
