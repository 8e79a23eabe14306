"""The loss of a step: the model's own, one that is named or given, or the mean of its outputs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ..checking.losses import loss_name
from ..errors import InputError
from ..tracing.structure import tensors

_CLASSES = frozenset({"cross_entropy", "nll_loss"})
"""Losses whose target is the number of a class."""

Loss = Callable[[Any], torch.Tensor]
Make = Callable[[tuple[int, ...], torch.dtype, torch.device], torch.Tensor]
"""Makes a target of a shape, a dtype and on a device."""


def step_loss(loss: Any, target: Any, inputs: list[torch.Tensor], make: Make) -> Loss:
    """A function of the model's output that gives the loss.

    Without one: the ``loss`` that the output has, as that of transformers does where labels are
    given, or the mean of its ``logits``, or else the sum of
    the means of the floating-point outputs. A loss of two arguments gets
    ``target``, or one that ``make`` makes to fit the output. Raises InputError.
    """
    if loss is None:
        return _own_or_mean
    name = loss_name(loss)
    function = getattr(functional, str(name), None) if isinstance(loss, str) else loss
    if function is None:
        raise InputError(
            f"loss={loss!r}: torch.nn.functional has no such loss; expected a name such as "
            "'cross_entropy' or a function of the output"
        )
    if isinstance(function, type):
        function = function()
    if target is None and _arguments(function) < 2:
        return _checked(function)

    def with_target(output: Any) -> torch.Tensor:
        prediction = _prediction(output)
        wanted = target
        if wanted is None:
            if name in _CLASSES and _is_by_token(prediction, inputs):
                prediction = prediction.flatten(0, -2)
            shape, dtype = _fitting(prediction, name in _CLASSES)
            wanted = make(shape, dtype, prediction.device)
        return _scalar(function(prediction, wanted))

    return with_target


def _checked(function: Callable[[Any], Any]) -> Loss:
    def of(output: Any) -> torch.Tensor:
        return _scalar(function(output))

    return of


def _scalar(value: Any) -> torch.Tensor:
    if not isinstance(value, torch.Tensor) or value.numel() != 1:
        given = f"a tensor of shape {list(value.shape)}" if isinstance(value, torch.Tensor) else ""
        raise InputError(
            f"the loss is {given or type(value).__name__}, expected a tensor with one value: "
            "reduce it, for instance with .mean()"
        )
    return value


def _own_or_mean(output: Any) -> torch.Tensor:
    own = output.get("loss") if isinstance(output, Mapping) else getattr(output, "loss", None)
    if isinstance(own, torch.Tensor) and own.numel() == 1 and own.requires_grad:
        return own
    logits = output.get("logits") if isinstance(output, Mapping) else None
    found = tensors(output if logits is None else logits)
    # A loss is a real number: of complex numbers their real part.
    trained = [t for t in found if t.requires_grad]
    floats = [t.real if t.is_complex() else t for t in trained]
    if not floats:
        raise InputError(
            "no output has a gradient, so there is no training step: give what the forward trains "
            "with, such as targets, set requires_grad on some parameters, or plan inference with "
            "optimizer=None"
        )
    total = floats[0].mean()
    for part in floats[1:]:
        total = total + part.mean()
    return total


def _prediction(output: Any) -> torch.Tensor:
    """What a loss compares with a target: the logits, or the first floating-point output."""
    if isinstance(output, torch.Tensor):
        return output
    logits = output.get("logits") if isinstance(output, Mapping) else None
    if isinstance(logits, torch.Tensor):
        return logits
    found = next((t for t in tensors(output) if t.is_floating_point()), None)
    if found is None:
        raise InputError("the model has no floating-point output that a loss could take")
    return found


def _fitting(prediction: torch.Tensor, of_classes: bool) -> tuple[tuple[int, ...], torch.dtype]:
    """Shape and dtype of a target that fits a prediction."""
    if not of_classes:
        return tuple(prediction.shape), prediction.dtype
    shape = prediction.shape[:1] + prediction.shape[2:] if prediction.dim() > 1 else ()
    return tuple(shape), torch.int64


def _is_by_token(prediction: torch.Tensor, inputs: list[torch.Tensor]) -> bool:
    """Whether classes are in the last dimension, as language models have them for each token."""
    if prediction.dim() < 3:
        return False
    leading = prediction.shape[:-1]
    return any(t.shape == leading and not t.is_floating_point() for t in inputs)


def _arguments(function: Any) -> int:
    """How many arguments a loss must be given."""
    written = function.forward if isinstance(function, nn.Module) else function
    try:
        declared = inspect.signature(written).parameters.values()
    except (TypeError, ValueError):
        return 1
    free = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in free and one.default is one.empty for one in declared)
