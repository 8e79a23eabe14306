"""Parts of recurrent layers on which no output depends: their gradients are zero, exactly."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..tracing.modules import NamedModule, held_once
from ..tracing.structure import tensors
from ..tracing.torch_internals import parameters_of

_PARAMETER = re.compile(r"(weight|bias)_(ih|hh|hr)_l(\d+)(_reverse)?")


@dataclass(frozen=True, slots=True)
class Silent:
    """A direction of a layer: ``whole``, or all its steps but the first."""

    path: str
    name: str
    whole: bool


def silent_parts(places: list[NamedModule], result: Any) -> tuple[Silent, ...]:
    """The directions of recurrent layers that change nothing of ``result``.

    ``result`` is of a run with gradients. No function in such layers has a gradient of exactly
    zero by chance, as ReLU has. Where no parameter of a layer has one, something else ends it.
    """
    layers = [(path, module) for path, module in places if isinstance(module, nn.RNNBase)]
    outputs = [t for t in tensors(result) if t.requires_grad and t.is_floating_point()]
    if not layers or not outputs:
        return ()
    generator = torch.Generator().manual_seed(1)
    weights = [torch.randn(t.shape, generator=generator).to(t) for t in outputs]
    found: list[Silent] = []
    for path, module in layers:
        held = {n: p for n, p in held_once(module, parameters_of).items() if p.requires_grad}
        if not held or (isinstance(module, nn.RNN) and module.nonlinearity == "relu"):
            continue
        try:
            gradients = torch.autograd.grad(
                outputs, list(held.values()), weights, retain_graph=True, allow_unused=True
            )
        except RuntimeError:  # a kernel without a backward in this mode, or a value written over
            return ()
        moved = {
            name: gradient is not None and bool(gradient.count_nonzero())
            for name, gradient in zip(held, gradients, strict=True)
        }
        if any(moved.values()):
            found += _silent(path, moved)
    return tuple(found)


def _silent(path: str, moved: dict[str, bool]) -> list[Silent]:
    directions: dict[tuple[str, bool], dict[str, bool]] = defaultdict(dict)
    for name, moves in moved.items():
        part = _PARAMETER.fullmatch(name)
        if part is not None:
            directions[part[3], bool(part[4])][f"{part[1]}_{part[2]}"] = moves
    layers = {layer for layer, _ in directions}
    found = []
    for (layer, backward), parts in directions.items():
        words = [f"layer {layer}"] if len(layers) > 1 else []
        if any(other for _, other in directions):
            words.append("the backward direction" if backward else "the forward direction")
        name = f"{' of '.join(reversed(words)) or 'the recurrence'} of {path or 'the model'}"
        if not any(parts.values()):
            found.append(Silent(path, name, True))
        elif not parts.get("weight_hh", True):
            found.append(Silent(path, name, False))
    return found
