"""Losses by name."""

from __future__ import annotations

import re
from typing import Any

from ..errors import InputError

ON_LOGITS = {"cross_entropy": "softmax", "binary_cross_entropy_with_logits": "sigmoid"}
"""Losses that take logits, and what they apply to them themselves."""
ON_LOG_PROBABILITIES = frozenset({"nll_loss"})
ON_PROBABILITIES = frozenset({"binary_cross_entropy"})

_SPECIAL = {
    "b_c_e_loss": "binary_cross_entropy",
    "b_c_e_with_logits_loss": "binary_cross_entropy_with_logits",
    "n_l_l_loss": "nll_loss",
    "cross_entropy_loss": "cross_entropy",
    "m_s_e_loss": "mse_loss",
    "bce": "binary_cross_entropy",
    "bce_with_logits": "binary_cross_entropy_with_logits",
    "ce": "cross_entropy",
    "nll": "nll_loss",
    "mse": "mse_loss",
}


def loss_name(loss: Any) -> str | None:
    """The name that ``torch.nn.functional`` gives a loss: a module, a function, a class or a name.

    Raises InputError for what is none of these.
    """
    if loss is None:
        return None
    if isinstance(loss, str):
        name = loss
    else:
        name = getattr(loss, "__name__", None) or type(loss).__name__
        if not callable(loss):
            raise InputError(
                f"loss={loss!r}: expected a loss module, a function of torch.nn.functional, "
                "or its name, such as 'cross_entropy'"
            )
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return _SPECIAL.get(snake, snake)
