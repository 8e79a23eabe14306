"""A forward with proposed inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch

from ..parsing import parse_dtype
from .arguments import positions
from .proposal import InputProposal, InputSpec

if TYPE_CHECKING:
    from torch import nn

    from ..graph import ModelGraph


Input = InputSpec | InputProposal
Trial = Callable[[Sequence[Input]], "ModelGraph"]


def fake_trial(model: nn.Module, mode: str | None = None) -> Trial:
    """A forward on fake tensors."""

    def trial(inputs: Sequence[Input]) -> ModelGraph:
        from ..tracing import trace

        return trace(model, **call_arguments(model, inputs), mode=mode, execution="fake")

    return trial


def call_arguments(model: nn.Module, inputs: Sequence[Input]) -> dict[str, Any]:
    """Arguments for ``modelviz.trace`` that stand for the inputs. Raises InputError.

    What comes first in the forward is given by position, as shapes, which needs no memory.
    """
    first = positions(model, [given.name for given in inputs])
    sizes = [given.shape for given in inputs[:first]]
    named = {str(given.name): _tensor(model, given) for given in inputs[first:]}
    if not sizes:
        return named or {"input_data": ()}
    dtypes = [parse_dtype(given.dtype) for given in inputs[:first]]
    return {"input_size": sizes, "dtypes": dtypes, **named}


def _tensor(model: nn.Module, given: Input) -> torch.Tensor:
    from ..tracing.inputs import model_device

    device = model_device(model)
    return torch.zeros(given.shape, dtype=parse_dtype(given.dtype), device=device)
