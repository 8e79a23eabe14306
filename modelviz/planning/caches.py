"""The cache of keys and values that a language model of transformers returns and takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from ..errors import InputError
from ..signatures import parameters_of
from ..tracing.inputs import Inputs

_NAMES = ("cache", "past_key_values", "cache_params")
"""What releases of transformers call it, in outputs and in arguments."""


def cache_of(output: Any) -> tuple[str, Any] | None:
    """The cache in what a model returned, with its name; None if there is none."""
    if isinstance(output, Mapping):
        for name in _NAMES:
            if output.keys() >= {name} and output[name] is not None:
                return name, output[name]
    return None


def cache_tensors(output: Any) -> list[torch.Tensor]:
    """The tensors of the cache in what a model returned."""
    found = cache_of(output)
    return [] if found is None else held_tensors(found[1])


def held_tensors(value: Any, depth: int = 8) -> list[torch.Tensor]:
    """The tensors in an object, its containers and its attributes."""
    if isinstance(value, torch.Tensor):
        return [value]
    if depth == 0 or isinstance(value, (str, bytes, type)):
        return []
    parts: Iterable[Any] = ()
    if isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, (list, tuple)):
        parts = value
    elif hasattr(value, "__dict__") and not callable(value):
        parts = vars(value).values()
    return [tensor for part in parts for tensor in held_tensors(part, depth - 1)]


def next_token(model: nn.Module, inputs: Inputs) -> tuple[Inputs, list[torch.Tensor]]:
    """The call that makes one token more than ``inputs``, and the tensors of its cache.

    The cache is what the model itself returns for them. Raises InputError where it returns none.
    """
    given = inputs.kwargs.get("input_ids", inputs.args[0] if inputs.args else None)
    if not isinstance(given, torch.Tensor) or given.dim() != 2 or given.is_floating_point():
        raise InputError(
            "decode=True plans the next token of a language model: give its tokens "
            "(batch, seq) as input_ids or as the first input"
        )
    if not any(one.name == "use_cache" for one in parameters_of(model.forward)):
        raise InputError(
            "decode=True plans the next token of a language model, and the forward of this one "
            "does not take use_cache"
        )
    with torch.no_grad():
        found = cache_of(model(given, use_cache=True))
    if found is None:
        raise InputError(
            "decode=True plans the next token of a language model, and this model returns no "
            "cache of keys and values"
        )
    name, cache = found
    token = torch.empty((given.shape[0], 1), dtype=given.dtype, device=given.device)
    return Inputs((token,), {name: cache, "use_cache": True}), held_tensors(cache)
