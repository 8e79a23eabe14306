"""Weights that are stored in fewer bits than they stand for, as a plan counts them: as packed."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ..dotted import join
from ..tracing.modules import walk
from ..tracing.packed import is_packed, packed_tensors
from ..tracing.quantized import stored_weights


@dataclass(frozen=True, slots=True)
class PackedWeights:
    """The buffers that hold a weight, by path, and what quantized modules keep out of sight.

    ``hidden`` are the paths of those modules with the bytes that they keep.
    """

    buffers: frozenset[str] = frozenset()
    hidden: tuple[tuple[str, int], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.buffers or self.hidden)


def packed_weights(model: nn.Module) -> PackedWeights:
    """What of ``model`` is packed."""
    buffers: set[str] = set()
    hidden: list[tuple[str, int]] = []
    seen: set[int] = set()
    for path, module in walk(model):
        if id(module) in seen:
            continue
        seen.add(id(module))
        for weight in stored_weights(module).values():
            names = (weight.name, *weight.beside)
            buffers |= {join(path, name) for name in names}
        for value in list(vars(module).values()):
            if is_packed(value) and id(value) not in seen:
                seen.add(id(value))
                parts = [tensor for _, tensor in packed_tensors(value)]
                hidden.append((path, sum(t.untyped_storage().nbytes() for t in parts)))
    return PackedWeights(frozenset(buffers), tuple(hidden))
