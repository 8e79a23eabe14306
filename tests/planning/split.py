"""Spreads a real model over real processes in the very way that a plan chose for it."""

from __future__ import annotations

from typing import Any

import torch

import modelviz


def as_planned(model: Any, mesh: Any, inputs: Any) -> None:
    """Tensor parallelism of the layers that a plan splits, on weights with data."""
    from modelviz.planning.pairs import find_split
    from modelviz.planning.shards import split_layers

    graph = modelviz.trace(model, input_data=list(inputs), execution="fake")
    size = mesh.size()
    found = find_split(graph)
    for group in found.groups:
        for path in group.columns if group.parts else ():
            for parameter in model.get_submodule(path).parameters():
                _by_device(parameter, 0, group.parts, size)
    for one in found.experts:
        for (name, dim), width in zip(one.dims.items(), one.features, strict=True):
            narrow = min(one.features)
            _by_device(
                model.get_submodule(one.path).get_parameter(name),
                dim,
                (narrow,) * (width // narrow),
                size,
            )
    list(split_layers(model, mesh, size, graph, lambda whole: whole(*inputs)))


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
