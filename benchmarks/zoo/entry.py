"""What the zoo is made of: entries that build a model and its inputs when asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn

Scale = Literal["small", "full"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A model and the arguments of one call of its ``forward``."""

    module: nn.Module
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)

    def forward(self) -> Any:
        """What the model returns for its arguments."""
        return self.module(*self.args, **self.kwargs)

    def trace_arguments(self) -> dict[str, Any]:
        """The same arguments as ``modelviz.trace`` and ``torchinfo.summary`` take them."""
        if not self.args:
            return {"input_data": dict(self.kwargs)}
        return {"input_data": list(self.args), **self.kwargs}


Builder = Callable[[], Sample]


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the zoo.

    ``full`` is its published configuration, None when not kept here. ``unquantized`` is the float
    model that ``small`` quantizes, whose FLOPs PyTorch can count.
    """

    name: str
    family: str
    small: Builder
    full: Builder | None = None
    unquantized: Builder | None = None

    def build(self, scale: Scale = "small", seed: int = 0) -> Sample:
        """The model in eval mode and its inputs, the same for the same seed."""
        builder = self.small if scale == "small" else self.full
        if builder is None:
            raise ValueError(f"the zoo keeps {self.name!r} only at the scale 'small'")
        return _built(builder, seed)

    def build_countable(self, seed: int = 0) -> Sample:
        """The small model in the form whose parameters and FLOPs PyTorch itself can count."""
        return _built(self.unquantized or self.small, seed)


def _built(builder: Builder, seed: int) -> Sample:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sample = builder()
    sample.module.eval()
    return sample
