"""Losses by name."""

from __future__ import annotations

import functools
import re
from typing import Any

from ..errors import InputError
from ..unknown import alike

ON_LOGITS = {
    "cross_entropy": "softmax",
    "binary_cross_entropy_with_logits": "sigmoid",
    "multilabel_soft_margin_loss": "sigmoid",
    "soft_margin_loss": "sigmoid",
    "sigmoid_focal_loss": "sigmoid",
}
"""Losses that take logits, and what they apply to them themselves."""
ON_LOG_PROBABILITIES = frozenset({"nll_loss", "kl_div", "ctc_loss"})
ON_PROBABILITIES = frozenset({"binary_cross_entropy"})

_NAMES = {
    # what torch.nn.functional calls a loss, by its name in small letters without "_" and "loss"
    "crossentropy": "cross_entropy",
    "ce": "cross_entropy",
    "softmaxcrossentropy": "cross_entropy",
    "bce": "binary_cross_entropy",
    "binarycrossentropy": "binary_cross_entropy",
    "bcewithlogits": "binary_cross_entropy_with_logits",
    "binarycrossentropywithlogits": "binary_cross_entropy_with_logits",
    "nll": "nll_loss",
    "nll2d": "nll_loss",
    "kldiv": "kl_div",
    "kl": "kl_div",
    "ctc": "ctc_loss",
    "multilabelsoftmargin": "multilabel_soft_margin_loss",
    "softmargin": "soft_margin_loss",
    "sigmoidfocal": "sigmoid_focal_loss",
    "mse": "mse_loss",
    "l1": "l1_loss",
    "smoothl1": "smooth_l1_loss",
    "huber": "huber_loss",
}


def loss_name(loss: Any) -> str | None:
    """The name that ``torch.nn.functional`` gives a loss: a module, a function, a class or a name.

    A class of the user's own goes by the loss that it inherits from, a ``partial`` by its function.
    Raises InputError for what is none of these.
    """
    if loss is None:
        return None
    if isinstance(loss, str):
        name = loss.rpartition(".")[2]
        known = plain_loss_name(name)
        if known is None and not _is_function(name):
            near = alike(name, sorted({*_NAMES.values()}), 1, 0.5)
            advice = f"did you mean {near[0]!r}?" if near else "expected such as 'cross_entropy'"
            raise InputError(f"loss={loss!r}: PyTorch has no loss of this name: {advice}")
        return known or name
    if not callable(loss):
        raise InputError(
            f"loss={loss!r}: expected a loss module, a function of torch.nn.functional, "
            "or its name, such as 'cross_entropy'"
        )
    while isinstance(loss, functools.partial):
        loss = loss.func
    kind = loss if isinstance(loss, type) else type(loss)
    names = [getattr(loss, "__name__", ""), *(base.__name__ for base in kind.__mro__)]
    all_known = (plain_loss_name(name) for name in names)
    return next((name for name in all_known if name), _snake(next(filter(None, names))))


def _is_function(name: str) -> bool:
    from torch.nn import functional

    return name.endswith("loss") and hasattr(functional, name)


@functools.lru_cache(maxsize=1024)
def plain_loss_name(name: str) -> str | None:
    """The name in ``torch.nn.functional`` of a loss as classes, functions and people call it."""
    return _NAMES.get(re.sub(r"_|loss", "", name.lower()))


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
