"""Parameters that are distributed over processes: what all have together, and what this one has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import nn

from ..findings import note
from ..graph import Finding
from ..units import bytes_text
from .modules import NamedModule, holds_shards
from .quantized import stored_bytes
from .torch_internals import parameters_of


def shards_told(places: Iterable[NamedModule]) -> tuple[Finding, ...]:
    """A finding on the axes that the parameters lie along, and the bytes of this process."""
    places = list(places)
    if not any(holds_shards(module) for _, module in places):
        return ()
    parameters = list({id(p): p for _, module in places for p in _own(module)}.values())
    axes = {axis: None for parameter in parameters for axis in _axes(parameter)}
    whole = sum(p.numel() * p.element_size() for p in parameters)
    here = sum(map(stored_bytes, parameters))
    message = (
        f"the parameters are distributed over {', '.join(axes)}: this rank has "
        f"{bytes_text(here)} of {bytes_text(whole)}; counts of parameters are of all ranks together"
    )
    return (note("MV025", message),)


def _own(module: nn.Module) -> Iterator[torch.Tensor]:
    yield from (p for p in parameters_of(module).values() if p is not None)


def _axes(parameter: torch.Tensor) -> Iterator[str]:
    mesh = getattr(parameter, "device_mesh", None)
    if mesh is not None:
        names = mesh.mesh_dim_names or [f"axis {i}" for i in range(mesh.ndim)]
        yield from (f"{name}={mesh.size(i)}" for i, name in enumerate(names))
