"""What the functions given to ``flex_attention`` read besides their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .torch_internals import item_as_index


def is_flex_attention(operator: Any) -> bool:
    """Whether an operator is the one behind ``flex_attention``, which is given functions."""
    return type(operator).__name__ == "FlexAttentionHOP"


def read_captured(
    query: torch.Tensor,
    key: Any,
    value: Any,
    score_mod: Callable[..., Any],
    block_mask: Any,
    *_: Any,
) -> None:
    """Call the functions once, on scalars, so that a mode around sees which tensors they use.

    Attention itself runs them on all scores at once, below every mode, or not at all.
    """
    place = [torch.zeros((), dtype=torch.int, device=query.device) for _ in range(4)]
    score = torch.zeros((), dtype=query.dtype, device=query.device)
    with item_as_index():
        score_mod(score, *place)
        block_mask[-1](*place)
