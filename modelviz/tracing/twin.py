"""A copy to trace, where a forward would turn the model into something else."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..errors import InputError
from ..findings import note
from ..graph import Finding
from .guard import quiet_process
from .inputs import Inputs, model_device
from .modules import Place, held, walk


def stand_in(
    model: nn.Module, places: Sequence[Place], device: torch.device | None
) -> tuple[nn.Module, tuple[Finding, ...]]:
    """``model`` itself, or a copy on ``device`` or with lazy parameters to initialise; findings."""
    lazy = any(map(is_lazy, held(places)))
    moved = device is not None and device != model_device(model)
    if not lazy and not moved:
        return model, ()
    # The copy on the same device shares the weights, which take the memory.
    shared = {} if moved else {id(p): p for p in model.parameters() if not is_lazy(p)}
    try:
        twin = copy.deepcopy(model, dict(shared))
    except Exception as error:
        purpose = f"on {device}" if moved else "without initialising its lazy parameters"
        raise InputError(
            f"cannot copy {type(model).__name__} to trace it {purpose}: {error}"
        ) from error
    findings: tuple[Finding, ...] = ()
    if lazy:
        findings = (
            note("MV004", "lazy parameters have the shapes that this input would give them"),
        )
    return (twin.to(device) if moved else twin), findings


def initialise(model: nn.Module, method: str, inputs: Inputs) -> None:
    """Run the forward of a copy once, so that none of its parameters is lazy any more."""
    if not any(map(is_lazy, held(walk(model)))):
        return
    # If it raises, so will the forward that is traced next, and that one says where.
    with quiet_process(), torch.no_grad(), contextlib.suppress(Exception):
        function = model if method == "forward" else getattr(model, method)
        function(*inputs.args, **inputs.kwargs)
