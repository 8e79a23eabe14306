"""Fake tensors of one mode, made in a fifth of the time that PyTorch's constructor takes."""

from __future__ import annotations

from typing import Any

import torch

from .fake_internals import bare_fake
from .torch_internals import FakeTensor, FakeTensorMode


class FakeMaker:
    """Makes fake tensors of ``mode``, without gradients, whose addresses are refused.

    The first on each device is made by PyTorch's constructor. What that leaves in it, whatever a
    release of torch makes that be, all others on the device are given.
    """

    def __init__(self, mode: FakeTensorMode) -> None:
        self._mode = mode
        self._known: dict[torch.device, tuple[torch.device, dict[str, Any]]] = {}

    def __call__(self, meta: torch.Tensor, device: torch.device) -> FakeTensor:
        """A fake tensor on ``device`` with the shape and the memory of ``meta``."""
        known = self._known.get(device)
        if known is None:
            fake = FakeTensor(self._mode, meta, device)
            self._known[device] = fake.fake_device, dict(vars(fake))
            return fake
        device, attributes = known
        fake = bare_fake(meta, device)
        vars(fake).update(attributes)
        return fake
