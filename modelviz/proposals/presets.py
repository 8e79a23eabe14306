"""Inputs that a model itself names, as the libraries of models have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from ..tracing.names import dtype_name
from .arguments import needed
from .configured import configured
from .layers import float_dtype
from .proposal import InputProposal
from .recorded import recorded


def presets(model: nn.Module) -> Iterator[list[InputProposal]]:
    """Inputs to try in turn; nothing for a model that names none."""
    if captured := recorded(model):
        yield captured
    names = list(needed(model))
    example = vars(model).get("example_input_array")
    if isinstance(example, torch.Tensor) and names:
        yield [_of_tensor(names[0], example, "it is the model's example_input_array")]
    for attribute in ("pretrained_cfg", "default_cfg"):
        size = _input_size(getattr(model, attribute, None))
        if size is not None and names:
            why = f"the model's {attribute} says so"
            yield [InputProposal(names[0], (1, *size), float_dtype(model), why)]
            break
    yield from configured(model)
    if dummies := _dummies(model):
        yield dummies


def _input_size(settings: Any) -> tuple[int, ...] | None:
    """The ``input_size`` of a settings object or dict, without the batch."""
    size = settings.get("input_size") if isinstance(settings, dict) else None
    size = getattr(settings, "input_size", size)
    if isinstance(size, (list, tuple)) and size and all(isinstance(part, int) for part in size):
        return tuple(size)
    return None


def _dummies(model: nn.Module) -> list[InputProposal]:
    try:
        dummies = getattr(model, "dummy_inputs", None)
    except Exception:  # a property of the model's own, which may not fit its configuration
        return []
    if not isinstance(dummies, dict):
        return []
    return [
        _of_tensor(name, value, "it is one of the model's dummy_inputs")
        for name, value in dummies.items()
        if isinstance(value, torch.Tensor)
    ]


def _of_tensor(name: str, tensor: torch.Tensor, why: str) -> InputProposal:
    return InputProposal(name, tuple(tensor.shape), dtype_name(tensor.dtype), why)
