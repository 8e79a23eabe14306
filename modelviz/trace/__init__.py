"""Model and inputs to ModelGraph."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..errors import InputError
from ..graph import ModelGraph
from .execution import Choice, Request, execute
from .formulas import register_flops
from .inputs import Inputs, make_inputs, model_device
from .modules import describe, walk

__all__ = ["register_flops", "trace"]

# The forward runs with switches of torch changed that all threads share.
_one_at_a_time = threading.RLock()


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
    **kwargs: Any,
) -> ModelGraph:
    """The graph of one forward of ``model``, which is left exactly as it was.

    ``input_size`` is a shape or a sequence of shapes, batch included unless ``batch_dim`` says
    where to insert a batch of 1; ``dtypes`` gives their dtypes. ``input_data`` is a tensor, a
    sequence of positional arguments or a dict of keyword arguments; ``kwargs`` go to the forward
    as well. With none of these no forward runs, and the graph holds the modules only; for a
    forward without arguments give ``input_data=()``.

    ``mode`` is ``"train"`` or ``"eval"`` to trace as if the model were in that mode, ``method``
    another method to call than ``forward``. ``execution`` is ``"fake"`` (shapes only, no data),
    ``"real"``, or ``"auto"``: fake, and real where that cannot work. ``device`` runs a copy of
    the model there.

    A ModelGraph comes back as it is. Raises InputError for arguments that cannot be used, and
    TraceError, which carries the graph so far, when the forward fails or is interrupted.
    """
    if isinstance(model, ModelGraph):
        return model
    if not isinstance(model, nn.Module):
        raise InputError(
            f"expected a torch.nn.Module or a ModelGraph, got {type(model).__name__}: "
            f"give the model itself"
        )
    if not callable(getattr(model, method, None)):
        raise InputError(f"{type(model).__name__} has no method {method!r} to trace")
    with _one_at_a_time:
        model, notes = _traceable(model, None if device is None else torch.device(device))
        target = model_device(model) if device is None else torch.device(device)

        def inputs(empty: bool) -> Inputs | None:
            return make_inputs(
                model,
                input_size,
                input_data,
                batch_dim=batch_dim,
                dtypes=dtypes,
                device=target if device is not None or target.type == "meta" else None,
                kwargs=kwargs,
                empty=empty,
            )

        name = type(model).__name__
        flags = [(module, module.training) for module in model.modules()]
        try:
            _set_mode(model, mode)
            if input_size is None and input_data is None and not kwargs:
                return ModelGraph(name, "none", describe(walk(model)), notes=notes)
            return execute(Request(model, name, method, inputs, notes), execution)
        finally:
            for module, training in flags:
                module.training = training


def _set_mode(model: nn.Module, mode: str | None) -> None:
    if mode not in (None, "train", "eval"):
        raise InputError(f"mode={mode!r}: expected 'train', 'eval' or None")
    if mode is not None:
        model.train(mode == "train")


def _traceable(
    model: nn.Module, device: torch.device | None
) -> tuple[nn.Module, tuple[str, ...]]:
    """The model behind compiled wrappers, or a copy where a forward would change what it is."""
    original = getattr(model, "_orig_mod", None)
    if isinstance(original, nn.Module):
        model = original
    lazy = [p for p in (*model.parameters(), *model.buffers()) if is_lazy(p)]
    moved = device is not None and device != model_device(model)
    if not lazy and not moved:
        return model, ()
    # Weights are shared with the copy, except those that the forward itself creates.
    shared = {id(p): p for p in (*model.parameters(), *model.buffers()) if not is_lazy(p)}
    try:
        twin = copy.deepcopy(model, {} if moved else dict(shared))
    except Exception as error:
        raise InputError(
            f"cannot copy {type(model).__name__} to trace it "
            f"{'on ' + str(device) if moved else 'without initialising its lazy parameters'}: {error}"
        ) from error
    if moved:
        return twin.to(device), ()
    return twin, (f"{len(lazy)} lazy parameters: shapes are those this input would give them",)
