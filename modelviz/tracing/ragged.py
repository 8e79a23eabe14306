"""Nested tensors: several tensors of different sizes as one, in either of PyTorch's layouts.

A graph has whole numbers for shapes: a nested tensor has that of the padded tensor that would hold
it, and the bytes and FLOPs of what it really holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from ..graph import Shape
from .mode_internals import disable_current_modes
from .torch_internals import DisableTorchFunction


def _product_flops(a: torch.Tensor, b: torch.Tensor, *, out: torch.Tensor) -> int:
    return 2 * out.numel() * a.shape[-1]


PRODUCTS: dict[str, Callable[..., int]] = {"matmul": _product_flops}
"""Kernels that are made of others, but reach the modes as one where they are given nested tensors.

2 FLOPs for each element of the result and of the dimension that is summed over.
"""


def shape_of(tensor: torch.Tensor) -> Shape:
    """The shape of a tensor, or of the padded one that would hold a nested one."""
    if not tensor.is_nested:
        return tuple(tensor.shape)
    parts = _parts(tensor)
    if parts is None:
        return tuple(size if type(size) is int else 0 for size in tensor.shape)
    sizes = zip(*(part.shape for part in parts), strict=True)
    return (len(parts), *map(max, sizes))


def numel_of(tensor: torch.Tensor) -> int:
    """How many elements a tensor holds."""
    if not tensor.is_nested:
        return tensor.numel()
    return sum([part.numel() for part in _parts(tensor) or ()])


def flops_of_parts(
    formula: Callable[..., int | None], args: Sequence[Any], kwargs: Mapping[str, Any], out: Any
) -> int | None:
    """What a kernel costs whose arguments are nested: the sum over the parts, each by itself.

    None where the parts are not known.
    """
    values = [*args, *kwargs.values(), out]
    nested = [value for value in values if isinstance(value, torch.Tensor) and value.is_nested]
    parts = {id(value): found for value in nested if (found := _parts(value)) is not None}
    if len(parts) < len({id(value) for value in nested}):
        return None

    def part(value: Any, place: int) -> Any:
        found = parts.get(id(value))
        # A batch of one, since a kernel sees no single sample.
        return value if found is None else found[place][None]

    total = 0
    for place in range(len(parts[id(nested[0])])):
        arguments = {name: part(value, place) for name, value in kwargs.items()}
        given = [part(value, place) for value in args]
        total += int(formula(*given, out=part(out, place), **arguments) or 0)
    return total


def is_ragged(values: Sequence[torch.Tensor]) -> bool:
    """Whether any of these tensors is nested."""
    return any([tensor.is_nested for tensor in values])


def _parts(tensor: torch.Tensor) -> list[torch.Tensor] | None:
    """The tensors inside; None where their sizes are data that is not there."""
    with DisableTorchFunction(), disable_current_modes(), torch.no_grad():
        try:
            return list(tensor.detach().unbind())
        except (NotImplementedError, RuntimeError):
            return None
