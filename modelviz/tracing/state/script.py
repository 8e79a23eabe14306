"""The attributes of a TorchScript module, which its code changes out of Python's sight."""

from __future__ import annotations

import torch

from ..torch_internals import script_attributes, set_script_attribute


class ScriptKeeper:
    """Parameters, buffers and plain attributes of one scripted module, not of those inside."""

    __slots__ = ("before", "target")

    def __init__(self, target: torch.jit.ScriptModule) -> None:
        self.target = target
        self.before = script_attributes(target)

    def restore(self) -> None:
        """Put them back."""
        for name, now in script_attributes(self.target).items():
            value = self.before[name]
            if now is not value and (isinstance(value, torch.Tensor) or now != value):
                set_script_attribute(self.target, name, value)
