"""Inputs that a model seems to take: from what it says of itself, or from its first layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .proposal import InputProposal, InputSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["InputProposal", "InputSpec", "propose_inputs"]


def propose_inputs(model: nn.Module) -> list[InputProposal]:
    """Inputs with which the forward of ``model`` runs, one for each argument that it needs.

    They are tried on fake tensors, which computes nothing, and for real where the forward looks at
    values; nothing changes. When none that is tried works, the likeliest come back; when nothing
    can be guessed, an empty list.
    """
    from .proposing import found_inputs

    return list(found_inputs(model).inputs)
