"""The inputs that are proposed for a model, whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .search import Found, search
from .trial import forward_trial, real_trial

if TYPE_CHECKING:
    from torch import nn


def found_inputs(model: nn.Module, mode: str | None = None) -> Found:
    """The inputs that every entry point proposes: looked for on fake tensors.

    Where the forward looks at values, they run for real, if that is not too much for a guess.
    """
    return search(model, forward_trial(model, mode), real_trial(model, mode))
