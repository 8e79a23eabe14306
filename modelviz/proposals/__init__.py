"""Inputs that a model seems to take: from what it says of itself, or from its first layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .proposal import InputProposal, InputSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["InputProposal", "InputSpec", "propose_inputs"]


def propose_inputs(model: nn.Module) -> list[InputProposal]:
    """Inputs with which the forward of ``model`` runs, one for each argument that it needs.

    They are tried on fake tensors, which computes nothing and changes nothing. When none that is
    tried works, the likeliest come back; when nothing can be guessed, an empty list.
    """
    from .search import search
    from .trial import forward_trial

    return list(search(model, forward_trial(model)).inputs)
