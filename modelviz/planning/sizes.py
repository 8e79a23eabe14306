"""The batch and the sequence of the inputs, and the same inputs in other sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import torch

from ..errors import InputError
from ..tracing.inputs import Inputs
from ..tracing.ragged import shape_of
from ..unknown import chosen

Dimension = Literal["batch", "seq"]


def size_of(inputs: Inputs, what: Dimension) -> int | None:
    """The size of the batch or of the sequence, None where the inputs have none.

    The batch is the first dimension of the first tensor; the sequence the second of one of
    (batch, seq) integers or (batch, seq, features).
    """
    found = [tensor for _, tensor in named(inputs) if tensor.dim()]
    if not found:
        return None
    if what == "batch":
        return shape_of(found[0])[0]
    # What is ragged has no one size.
    found = [tensor for tensor in found if not tensor.is_nested]
    for tensor in found:
        if tensor.dim() == 2 and not tensor.is_floating_point():
            return int(tensor.shape[1])
    return next((int(tensor.shape[1]) for tensor in found if tensor.dim() == 3), None)


def named(inputs: Inputs) -> list[tuple[str, torch.Tensor]]:
    """The tensors among the inputs, each with a name."""
    return inputs.named_tensors(lambda *args, **kwargs: None)


def dimension(what: Any) -> Dimension:
    """The dimension that a word names. Raises InputError."""
    return chosen("dimension", what, get_args(Dimension))  # type: ignore[return-value]


def require_size(sizes: Mapping[Dimension, int | None], what: Any, wanted: Any = 1) -> int:
    """The size of the batch or the sequence. Raises InputError where there is none."""
    what = dimension(what)
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 1:
        raise InputError(f"{what}={wanted!r}: expected a whole number of at least 1")
    size = sizes[what]
    if size is None:
        raise InputError(
            f"no input has the dimension {what!r}; a sequence is the second dimension of an input "
            "(batch, seq) of integers or (batch, seq, features)"
        )
    return size


def resized(inputs: Inputs, sizes: Mapping[Dimension, int]) -> Inputs:
    """Fake inputs of other sizes: every dimension of the old size becomes of the new one."""
    old = {what: size_of(inputs, what) for what in sizes}

    def change(tensor: torch.Tensor) -> torch.Tensor:
        shape = list(tensor.shape)
        for what, new in sizes.items():
            places = [0] if what == "batch" else range(1, len(shape))
            for place in places:
                if place < len(shape) and shape[place] == old[what]:
                    shape[place] = new
                    if what == "seq" and tensor.is_floating_point() and len(shape) == 3:
                        break
        if shape == list(tensor.shape):
            return tensor
        return torch.zeros(shape, dtype=tensor.dtype, device=tensor.device)

    return inputs.remade(change)
