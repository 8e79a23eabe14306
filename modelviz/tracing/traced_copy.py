"""A copy to trace, where a forward would turn the model into something else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy

from ..errors import InputError, TraceError
from ..findings import note
from ..graph import Finding
from .execution import Request, attempt, trials
from .inputs import Inputs, model_device
from .modules import any_lazy, are_lazy, held, walk
from .state.memory import unwatched
from .torch_internals import buffers_of, initialise_lazily, on_hold, parameters_of
from .twins import twin_of


class _LazyParameter(UninitializedParameter):
    """One that a forward gives its shape as it likes, in a hook or in itself: out of sight."""

    def materialize(self, *args: Any, **kwargs: Any) -> None:
        with unwatched():
            super().materialize(*args, **kwargs)


class _LazyBuffer(UninitializedBuffer):
    """The same for a buffer."""

    def materialize(self, *args: Any, **kwargs: Any) -> None:
        with unwatched():
            super().materialize(*args, **kwargs)


# Their constructors are not declared as they are.
_PARAMETER: Any = _LazyParameter
_BUFFER: Any = _LazyBuffer


def stand_in(
    model: nn.Module, all_held: Iterable[torch.Tensor], device: torch.device | None
) -> tuple[nn.Module, tuple[Finding, ...]]:
    """``model`` itself, or a copy on ``device`` or with lazy parameters to initialise; findings.

    ``all_held`` are the parameters and buffers of all its modules.
    """
    lazy = are_lazy(all_held)
    moved = device is not None and device != model_device(model)
    if not lazy and not moved:
        return model, ()
    purpose = f"on {device}" if moved else "without initialising its lazy parameters"
    traced = _copy(model, purpose, shared=not moved)
    findings: tuple[Finding, ...] = ()
    if lazy:
        findings = (
            note("MV004", "lazy parameters have the shapes that this input would give them"),
        )
    return (traced.to(device) if moved else traced), findings


def _copy(model: nn.Module, purpose: str, shared: bool) -> nn.Module:
    places = list(walk(model))
    # The copy on the same device shares the weights, which take the memory.
    memo: dict[int, Any] = {}
    for tensor in held(places):
        if isinstance(tensor, UninitializedBuffer):
            memo[id(tensor)] = _BUFFER(device=tensor.device, dtype=tensor.dtype)
        elif isinstance(tensor, UninitializedParameter):
            memo[id(tensor)] = _PARAMETER(tensor.requires_grad, tensor.device, tensor.dtype)
        elif shared and isinstance(tensor, nn.Parameter):
            memo[id(tensor)] = tensor
    try:
        return twin_of(model, memo)
    except Exception as error:
        raise InputError(
            f"cannot copy {type(model).__name__} to trace it {purpose}: {error}"
        ) from error


def initialise(request: Request) -> None:
    """Give the lazy parameters of a copy the shapes that its inputs lead to.

    A second copy runs its forward, watched as any other, and tells what its modules were given;
    with that alone the modules of the first are initialised.
    """
    traced = request.model
    if not any_lazy(request.places):
        return
    for fake in (True, False):
        scout = _copy(traced, "to find the shapes of its lazy parameters", shared=True)
        places = list(walk(scout))
        given: dict[str, tuple[Any, Any]] = {}
        for path, module in places:
            if any_lazy([(path, module)]):
                _watch(module, partial(_note_down, given, path))
        try:
            with trials():
                attempt(replace(request, model=scout, places=places, timed=False), fake)
        except TraceError as error:
            # If it raises, so will the forward that is traced next, and that one says where.
            if not isinstance(error.__cause__, Exception):
                raise
        request.guard.rewind()
        if not any_lazy(places):
            break
    with torch.no_grad():
        for (path, module), (_, scouted) in zip(request.places, places, strict=True):
            if path in given:
                _initialise(module, *given[path])
            _take_shapes(module, scouted)


def _watch(module: nn.Module, note_down: Callable[..., None]) -> None:
    # Ours does it out of sight of the trace.
    on_hold(module)
    module.register_forward_pre_hook(note_down, prepend=True, with_kwargs=True)


def _note_down(
    given: dict[str, tuple[Any, Any]], path: str, module: nn.Module, args: Any, kwargs: Any
) -> None:
    if path not in given:
        given[path] = args, kwargs
        with unwatched():
            _initialise(module, args, kwargs)


def _initialise(module: nn.Module, args: Any, kwargs: Any) -> None:
    def made(tensor: torch.Tensor) -> torch.Tensor:
        return torch.empty(tensor.shape, dtype=tensor.dtype, device=tensor.device)

    if isinstance(module, LazyModuleMixin) and module.has_uninitialized_params():
        inputs = Inputs(args, kwargs).mapped(made)
        initialise_lazily(module, inputs.args, inputs.kwargs)


def _take_shapes(module: nn.Module, scouted: nn.Module) -> None:
    """Give what the forward itself gives a shape, or a hook of the user's, the one of the scout."""
    found = {**parameters_of(scouted), **buffers_of(scouted)}
    for name, tensor in {**parameters_of(module), **buffers_of(module)}.items():
        shaped = found.get(name)
        if tensor is not None and is_lazy(tensor) and shaped is not None and not is_lazy(shaped):
            tensor.materialize(shaped.shape, device=tensor.device, dtype=shaped.dtype)
            # A hook of the user's is about to do it once more.
            vars(tensor)["materialize"] = _nothing


def _nothing(*args: Any, **kwargs: Any) -> None:
    """Does what is left to do for what has its shape already."""
