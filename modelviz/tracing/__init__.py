"""Model and inputs to ModelGraph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from ..collecting import collecting_seldom
from ..errors import InputError
from ..graph import ModelGraph
from ..modes import known_execution, known_mode
from ..unknown import nearest, no_model, options_told_apart
from .execution import Choice, Timed
from .formulas import register_flops
from .given import trace_given
from .members import needed_by

__all__ = ["register_flops", "trace"]


@collecting_seldom()
def trace(
    model: nn.Module | ModelGraph,
    input_size: Any = None,
    input_data: Any = None,
    *,
    dtypes: Sequence[torch.dtype] | None = None,
    batch_dim: int | None = None,
    device: torch.device | str | None = None,
    mode: str | None = None,
    method: str = "forward",
    execution: Choice = "auto",
    timed: Timed = False,
    **kwargs: Any,
) -> ModelGraph:
    """The graph of one forward of ``model``, which is left exactly as it was.

    ``input_size`` is a shape or a sequence of shapes, batch included unless ``batch_dim`` says
    where to insert a batch of 1; ``dtypes`` gives their dtypes. ``input_data`` is a tensor, a
    sequence of positional arguments or a dict of keyword arguments; ``kwargs`` go to the forward
    as well. With none of these, inputs that the model seems to take are tried, and those that run
    are taken; a finding says which. For a forward without arguments give ``input_data=()``.

    ``mode`` is ``"train"`` or ``"eval"`` to trace as if the model were in that mode, ``method``
    another method to call than ``forward``. ``execution`` is ``"fake"`` (shapes only, no data),
    ``"real"``, or ``"auto"``: fake, and real where that cannot work; ``"none"`` runs no forward,
    and the graph holds the modules alone. ``device`` runs a copy of the model there. A model on
    ``meta``, or a device that this machine lacks, is traced on fake tensors as if the weights
    were on ``device``, or else on the CPU. ``timed`` measures how long each op takes, on a few
    real forwards more, as ``modelviz.profile`` does; ``"backward"``, the backward pass as well;
    ``"values"`` looks at what is in weights and activations, as ``modelviz.stats`` does.

    A ModelGraph comes back as it is. Raises InputError for arguments that cannot be used, and
    TraceError, which carries the graph so far, when the forward fails or is interrupted.
    """
    if isinstance(model, ModelGraph):
        return model
    if not isinstance(model, nn.Module):
        raise InputError(f"expected a torch.nn.Module or a ModelGraph, got {no_model(model)}")
    if not callable(getattr(model, method, None)):
        known = [n for n in dir(type(model)) if n == "forward" or not hasattr(nn.Module, n)]
        hint = nearest(method, known)
        raise InputError(f"{type(model).__name__} has no method {method!r} to trace{hint}")
    mode, execution = known_mode(mode), known_execution(execution, timed)
    without_inputs = input_size is None and input_data is None and not kwargs
    if without_inputs and execution != "none":
        from ..proposals import assumed

        if method == "forward":
            options: dict[str, Any] = {"mode": mode, "execution": execution, "timed": timed}
            return assumed.assume(model, device=device, or_evaluated=True, **options).graph
        if needed := needed_by(model, method):
            alone = trace_given(model, device=device, mode=mode, execution="none")
            told = assumed.not_proposed(method, needed)
            return replace(alone, findings=(*alone.findings, told))
        input_data = ()
    with options_told_apart(trace, kwargs):
        return trace_given(
            model,
            input_size,
            input_data,
            dtypes=dtypes,
            batch_dim=batch_dim,
            device=device,
            mode=mode,
            method=method,
            execution=execution,
            timed=timed,
            **kwargs,
        )
