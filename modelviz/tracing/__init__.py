"""Model and inputs to ModelGraph."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from ..errors import InputError
from ..graph import ModelGraph
from .depth import deeper_recursion
from .devices import pretended
from .execution import Choice, Request, execute, require_execution
from .formulas import register_flops
from .guard import Guard, quiet_process, require_mode, set_mode
from .inputs import Inputs, make_inputs, model_device
from .interrupts import interrupts_wait
from .modules import describe, uncompiled, walk
from .twin import initialise, stand_in

__all__ = ["register_flops", "trace"]


class _OneAtATime:
    """The lock of a trace: its forward runs with switches of torch changed that threads share.

    ``undo`` puts back what the trace changed that holds the lock.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.undo: ExitStack | None = None
        self.owner: int | None = None

    @contextmanager
    def held(self) -> Iterator[ExitStack]:
        """Wait until nobody else traces; gives what is closed at the end."""
        with self.lock, ExitStack() as undo:
            before = self.undo, self.owner
            self.undo, self.owner = undo, threading.get_ident()
            try:
                yield undo
            finally:
                self.undo, self.owner = before

    def forked(self) -> None:
        """In a new process: where another thread was tracing, that thread is not there any more."""
        if self.owner in (None, threading.get_ident()):
            return
        undo, self.undo, self.owner = self.undo, None, None
        self.lock = threading.RLock()
        if undo is not None:
            undo.close()


_one_at_a_time = _OneAtATime()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_one_at_a_time.forked)


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
    timed: bool = False,
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
    real forwards more.

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
    require_mode(mode)
    require_execution(execution, timed)
    without_inputs = input_size is None and input_data is None and not kwargs
    if without_inputs and execution != "none" and method == "forward":
        from ..proposals.assumed import assume

        return assume(model, mode=mode, execution=execution, device=device, timed=timed).graph
    with _one_at_a_time.held() as undo:
        undo.enter_context(interrupts_wait())
        undo.enter_context(quiet_process())
        undo.enter_context(deeper_recursion())
        place = None if device is None else torch.device(device)
        original = uncompiled(model)
        places = list(walk(original))
        elsewhere, seen_as = pretended(places, place)
        twin, findings = stand_in(original, places, place if elsewhere is None else None)
        findings += seen_as
        if twin is not original:
            places = list(walk(twin))
        target = model_device(twin) if place is None or elsewhere is not None else place
        follow = target if place is not None or target.type == "meta" else None
        guard = Guard((original, input_data, kwargs))
        undo.callback(guard.end)

        def inputs(empty: bool, with_weights: bool = False) -> Inputs:
            made = elsewhere if input_data is None else None
            on = follow if elsewhere is None or not (empty or with_weights) else made
            return make_inputs(
                twin,
                input_size,
                input_data,
                batch_dim=batch_dim,
                dtypes=dtypes,
                # Data follows a model that was moved, or that is on the meta device.
                device=on,
                kwargs=kwargs,
                empty=empty,
                fresh=guard.fresh,
            )

        name = type(twin).__name__
        request = Request(
            twin, name, places, mode, method, inputs, guard, findings, timed, elsewhere
        )
        runs = execution != "none" and not without_inputs
        if twin is not original:
            if runs:
                initialise(request)
            guard.include(twin)
        if not runs:
            guard.begin()
            set_mode(twin, mode)
            return ModelGraph(name, "none", describe(places), findings=findings)
        return execute(request, execution)
