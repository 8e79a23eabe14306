"""Spreads a real model over real processes in the very way that a plan chose for it."""

from __future__ import annotations

from typing import Any

import torch

import modelviz


def as_planned(model: Any, mesh: Any, inputs: Any) -> list[str]:
    """Tensor parallelism of the layers that a plan splits, on weights with data; its notes."""
    from modelviz.planning.multihead import multi_heads
    from modelviz.planning.pairs import find_split
    from modelviz.planning.splitting import split_layers

    graph = modelviz.trace(model, input_data=list(inputs), execution="fake")
    size = mesh.size()
    found = find_split(graph)
    for group in found.groups:
        for path, parts in zip(group.columns, group.parts, strict=False):
            for parameter in model.get_submodule(path).parameters() if parts else ():
                last = path in group.transposed and parameter.dim() == 2
                _by_device(parameter, int(last), parts, size)
    for _, module in multi_heads(model):
        for parameter in (module.in_proj_weight, module.in_proj_bias):
            if parameter is not None:
                _by_device(parameter, 0, (module.embed_dim,) * 3, size)
    for one in found.experts:
        for (name, dim), width in zip(one.dims.items(), one.features, strict=True):
            narrow = min(one.features)
            _by_device(
                model.get_submodule(one.path).get_parameter(name),
                dim,
                (narrow,) * (width // narrow),
                size,
            )
    told = split_layers(model, mesh, size, graph, lambda whole: whole(*inputs))
    return [finding.message for finding in told]


as_planned.axis = "tp"  # type: ignore[attr-defined]


def _by_device(parameter: Any, dim: int, parts: tuple[int, ...], size: int) -> None:
    """Order a dimension by device, each with its queries, keys and values, or gates."""
    starts = [sum(parts[:index]) for index in range(len(parts))]
    order = [
        start + rank * part // size + index
        for rank in range(size)
        for start, part in zip(starts, parts, strict=True)
        for index in range(part // size)
    ]
    with torch.no_grad():
        parameter.copy_(parameter.index_select(dim, torch.tensor(order)))
