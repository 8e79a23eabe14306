"""The configuration of a layer as settings, by name or by place."""

from __future__ import annotations

import re

from ..graph import Module

_NAMED = re.compile(r"^([A-Za-z_]\w*)\s*=\s*(.+)$", re.DOTALL)

_PLACES = (
    (re.compile(r"Conv(Transpose)?[123]d$"), ("in_channels", "out_channels")),
    (re.compile(r"Embedding(Bag)?$"), ("num_embeddings", "embedding_dim")),
    (re.compile(r"(Sync)?(Batch|Instance)Norm"), ("num_features",)),
    (re.compile(r"(Layer|RMS)Norm$"), ("normalized_shape",)),
    (re.compile(r"GroupNorm$"), ("num_groups", "num_channels")),
    (re.compile(r"(RNN|LSTM|GRU)(Cell)?$"), ("input_size", "hidden_size")),
)
"""What PyTorch's layers write without a name, by the names of their classes."""


def settings(config: str) -> dict[str, str]:
    """``3, 8, bias=False`` as ``{"0": "3", "1": "8", "bias": "False"}``."""
    found: dict[str, str] = {}
    for place, part in enumerate(split_settings(config)):
        named = _NAMED.match(part)
        if named:
            found[named[1]] = named[2]
        elif part:
            found[str(place)] = part
    return found


def named_settings(module: Module) -> dict[str, str]:
    """The settings of a module; those of PyTorch's layers that have no name have that of __init__.

    ``Conv2d(3, 8, ...)`` has ``in_channels`` and ``out_channels``.
    """
    found = settings(module.config)
    if not module.qualified_class.startswith("torch.nn.modules."):
        return found
    names = next((names for kinds, names in _PLACES if kinds.match(module.class_name)), ())
    return {
        names[int(name)] if name.isdigit() and int(name) < len(names) else name: value
        for name, value in found.items()
    }


def split_settings(config: str) -> list[str]:
    """The parts between commas that are in no brackets."""
    parts, depth, start = [], 0, 0
    for position, sign in enumerate(config):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth = max(0, depth - 1)
        elif sign == "," and depth == 0:
            parts.append(config[start:position].strip())
            start = position + 1
    parts.append(config[start:].strip())
    return parts
