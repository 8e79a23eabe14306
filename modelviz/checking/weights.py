"""Figures of the values of weights: plain numbers, so that a rule sees no tensor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from ..dotted import join
from ..tracing.torch_internals import buffers_of, parameters_of


@dataclass(frozen=True, slots=True)
class WeightFigures:
    """What is known of one parameter or buffer.

    ``bad`` is a non-finite value in it (``nan``, ``inf`` or ``-inf``). ``std`` is the standard
    deviation of its values around 0. ``equal_units`` says that all rows, the weights of the units
    of a layer, are the same; ``zero``, that all values are 0.
    """

    buffer: bool
    shape: tuple[int, ...]
    bad: str | None
    std: float
    equal_units: bool
    zero: bool


def weight_figures(places: Iterable[tuple[str, nn.Module]]) -> dict[str, WeightFigures]:
    """The figures of each parameter and buffer with values, by path; shared ones once."""
    found: dict[str, WeightFigures] = {}
    seen: set[int] = set()
    for path, module in places:
        for buffer, tensors in ((False, parameters_of(module)), (True, buffers_of(module))):
            for name, tensor in tensors.items():
                if tensor is None or id(tensor) in seen or not _readable(tensor):
                    continue
                seen.add(id(tensor))
                found[join(path, name)] = _figures(tensor.detach(), buffer)
    return found


def _readable(tensor: torch.Tensor) -> bool:
    return (
        type(tensor) in (torch.Tensor, nn.Parameter)
        and not tensor.is_meta
        and tensor.layout is torch.strided
        and tensor.is_floating_point()
        and tensor.element_size() > 1
        and tensor.numel() > 0
    )


def _figures(tensor: torch.Tensor, buffer: bool) -> WeightFigures:
    # One number decides for nearly every tensor: a sum is finite when all its terms are.
    total = tensor.sum(dtype=torch.float64)
    bad = None if torch.isfinite(total) else _bad(tensor)
    first = tensor[:1] if tensor.dim() > 1 else tensor
    equal = tensor.dim() > 1 and len(tensor) > 1 and bool((tensor == first).all())
    std = 0.0 if bad else float(tensor.float().square().mean().sqrt())
    return WeightFigures(buffer, tuple(tensor.shape), bad, std, equal, std == 0.0 and not bad)


def _bad(tensor: torch.Tensor) -> str | None:
    if tensor.isnan().any():
        return "nan"
    if tensor.isposinf().any():
        return "inf"
    return "-inf" if tensor.isneginf().any() else None
